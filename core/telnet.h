/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_TELNET_H
#define SMTP_TELNET_H

/*
 * Telnet's own octets (RFC 854): a client that is a telnet program may negotiate with whoever listens, before the dialogue or in
 * the middle of it. They are no part of any line.
 */

#include "span.h"

enum smtp_telnet_look {
    SMTP_TELNET_NO,
    SMTP_TELNET_YES,     /* one sequence: IAC and a command, with the command's octets */
    SMTP_TELNET_PERHAPS, /* all octets at hand fit, but there are too few to tell */
};

/* Looks for one sequence at the front of `octets`, which takes `*length` of them on YES. A subnegotiation has 512 at the most. */
enum smtp_telnet_look smtp_telnet_look(struct smtp_span octets, size_t *length);

#endif
