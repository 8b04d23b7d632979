/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_PROXIED_H
#define TRANSCRIPT_PROXIED_H

/*
 * A connection to a proxy begins with the proxy's own handshake: SOCKS4, SOCKS5 (RFC 1928, RFC 1929) or HTTP CONNECT
 * (RFC 9110 section 9.3.6). What is behind it is the dialogue.
 */

#include "span.h"

enum smtp_proxied_answer {
    SMTP_PROXIED_NO,   /* these are not the first octets of such a handshake */
    SMTP_PROXIED_MORE, /* it may be one, but is not whole yet */
    SMTP_PROXIED_YES,  /* it is whole */
};

/* Octets of "host:port" at the most; what is longer is cut. */
#define SMTP_PROXIED_TARGET 300u

struct smtp_proxied {
    size_t client_octets, server_octets; /* that belong to it */
    const char *protocol;                /* "SOCKS5", "SOCKS4", "HTTP CONNECT"; static memory */
    uint8_t target[SMTP_PROXIED_TARGET]; /* whom the client asked for, "mail.example.com:25"; octets from the wire */
    size_t target_octets;
};

/* Looks at the first octets of both sides. Fills `*handshake` on YES. */
enum smtp_proxied_answer smtp_proxied_look(struct smtp_span client, struct smtp_span server,
                                           struct smtp_proxied *handshake);

#endif
