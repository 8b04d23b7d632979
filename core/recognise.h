/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_RECOGNISE_H
#define SMTP_RECOGNISE_H

/*
 * Is this connection SMTP? Told by what both sides say first, and by the port only where that is silent or agrees.
 * FTP has a 220 banner too, NNTP has three-digit replies, POP3 and IMAP know AUTH and STARTTLS: none of them passes.
 */

#include "span.h"

enum smtp_recognition {
    SMTP_RECOGNISED_MORE, /* not enough was seen */
    SMTP_RECOGNISED_YES,
    SMTP_RECOGNISED_NO,
};

/* Octets of either side after which there is no more doubt: it is not SMTP if nothing said so. */
#define SMTP_RECOGNISE_LIMIT ((size_t)16384)

/* What was seen of a connection so far. "Opener" is who sent its first packet. */
struct smtp_first_octets {
    struct smtp_span opener, other; /* the first octets of each, without holes */
    bool opener_cut, other_cut;     /* what stood in front of them is lost: what is left of a line says nothing */
    uint16_t opener_port, other_port;
    bool believed;     /* somebody who knows says that it is SMTP, whatever the ports are */
    bool opener_known; /* a SYN was seen, so the opener is the client */
    bool ended;        /* no more will come */
};

/* The ports that are taken for SMTP from the first octet: 25, 465, 587, 2525 and 24 (LMTP). */
bool smtp_port_is_known(uint16_t port);

/* Sets `*opener_is_client` on YES. */
enum smtp_recognition smtp_recognise(const struct smtp_first_octets *seen, bool *opener_is_client);

/* Whether the server's port is one of SMTP's, as far as it is known who is the server: the client's own port says nothing. */
bool smtp_is_on_known_port(const struct smtp_first_octets *seen);

#endif
