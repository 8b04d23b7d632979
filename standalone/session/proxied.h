/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PROXIED_H
#define SMTPSCOPE_PROXIED_H

/*
 * A connection to a proxy begins with the proxy's own handshake: SOCKS4, SOCKS5 (RFC 1928, RFC 1929) or HTTP CONNECT
 * (RFC 9110 section 9.3.6). What is behind it is the dialogue.
 */

#include "span.h"

enum proxied {
    PROXIED_NO,   /* these are not the first octets of such a handshake */
    PROXIED_MORE, /* it may be one, but is not whole yet */
    PROXIED_YES,  /* it is whole */
};

/* Octets of "host:port" at the most; what is longer is cut. */
#define PROXIED_TARGET 300u

struct proxied_handshake {
    size_t client_octets, server_octets; /* that belong to it */
    const char *protocol;                /* "SOCKS5", "SOCKS4", "HTTP CONNECT"; static memory */
    uint8_t target[PROXIED_TARGET];      /* whom the client asked for, "mail.example.com:25"; octets from the wire */
    size_t target_octets;
};

/* Looks at the first octets of both sides. Fills `*handshake` on YES. */
enum proxied proxied_look(struct smtp_span client, struct smtp_span server, struct proxied_handshake *handshake);

#endif
