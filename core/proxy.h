/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_PROXY_H
#define SMTP_PROXY_H

/*
 * The header of the PROXY protocol (haproxy.org's proxy-protocol.txt), with which a load balancer says who its client is: text
 * (version 1) or binary (version 2). Every length is hostile.
 */

#include "span.h"

enum smtp_proxy_look {
    SMTP_PROXY_NO,
    SMTP_PROXY_YES,     /* a header, well formed or not */
    SMTP_PROXY_PERHAPS, /* all octets at hand fit, but it is not whole */
};

/*
 * Looks for a header at the front of a connection; it takes `*length` of the octets on YES. `at_end`: no more will come, so what
 * there is of one that is cut is the header.
 */
enum smtp_proxy_look smtp_proxy_look(struct smtp_span octets, bool at_end, size_t *length);

enum smtp_proxy_family {
    SMTP_PROXY_NO_ADDRESS, /* the balancer's own connection, a local socket, or not said */
    SMTP_PROXY_IPV4,
    SMTP_PROXY_IPV6,
};

/* "255.255.255.255", or an IPv6 address as RFC 5952 writes it. */
#define SMTP_PROXY_ADDRESS_TEXT 40

struct smtp_proxy_endpoint {
    uint8_t address[16]; /* 4 of them for IPv4; in network order */
    uint16_t port;
};

struct smtp_proxy_header {
    unsigned version; /* 1 or 2 */
    bool malformed;   /* cut, or not as the protocol has it: then nothing else is said but what could be read */
    bool local;       /* the balancer speaks for itself, as to see whether the server is there */
    enum smtp_proxy_family family;
    struct smtp_proxy_endpoint source, target; /* the client, and whom it connected to */
    struct smtp_span authority;   /* host name that the client asked for; empty: not said. Spans point into the header. */
    struct smtp_span tls_version; /* "TLSv1.3": the client's connection to the balancer is encrypted; empty: it is not, or not said */
};

/* Reads a header that smtp_proxy_look found. */
struct smtp_proxy_header smtp_proxy_parse(struct smtp_span octets);

/* Writes an address of a family that has some. */
void smtp_proxy_address(enum smtp_proxy_family family, const struct smtp_proxy_endpoint *endpoint, char text[SMTP_PROXY_ADDRESS_TEXT]);

#endif
