/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_TLS_H
#define SMTP_TLS_H

/*
 * As much of TLS (RFC 8446, RFC 5246) as a reader without keys can see: records, and what the two hello
 * messages say in clear. Every length is hostile.
 */

#include "span.h"

enum smtp_tls_record_type {
    SMTP_TLS_CHANGE_CIPHER_SPEC = 20,
    SMTP_TLS_ALERT = 21,
    SMTP_TLS_HANDSHAKE = 22,
    SMTP_TLS_APPLICATION_DATA = 23,
};

enum smtp_tls_look {
    SMTP_TLS_NO,       /* these octets are no TLS record */
    SMTP_TLS_YES,      /* a record header: type 20..23, version 3.0..3.4, length at most 2^14 + 2048; or an SSLv2 ClientHello */
    SMTP_TLS_PERHAPS,  /* all octets at hand fit, but there are too few to tell */
};

struct smtp_tls_record {
    uint8_t type;         /* enum smtp_tls_record_type; SMTP_TLS_HANDSHAKE for an SSLv2 hello */
    uint16_t version;     /* of the record layer, 0x0301 for TLS 1.0; 0x0002 for an SSLv2 hello */
    size_t header_octets; /* 5; 2 for an SSLv2 hello */
    size_t body_octets;   /* behind the header */
};

/* Looks at the octets where a record would begin. Fills `*record` (may be NULL) on YES. */
enum smtp_tls_look smtp_tls_look(struct smtp_span octets, struct smtp_tls_record *record);

/*
 * Looks for a record where TLS is not to be expected: only a ClientHello, a ServerHello or an alert will do. A hello in
 * pieces is known by the first of them.
 */
enum smtp_tls_look smtp_tls_look_for_hello(struct smtp_span octets);

/*
 * Looks for the first octet of `octets` at which that is so, `from` the one on, up to and without the one at `to`. YES: it is at
 * `*at`. PERHAPS: one at `*at` fits so far, and too few octets are there to tell. NO: `*at` is `to`.
 */
enum smtp_tls_look smtp_tls_find_hello(struct smtp_span octets, size_t from, size_t to, size_t *at);

/* What a ClientHello or ServerHello tells. Spans point into the record's body. */
struct smtp_tls_hello {
    bool client;              /* ClientHello; else ServerHello */
    uint16_t version;         /* the highest version offered, or the one chosen: 0x0303, 0x0304; supported_versions honoured, GREASE skipped */
    struct smtp_span sni;     /* host name of server_name (RFC 6066); empty if absent */
    struct smtp_span alpn;    /* first protocol of ALPN (RFC 7301); empty if absent */
    uint16_t cipher;          /* chosen cipher suite of a ServerHello; 0 for a ClientHello */
};

/*
 * Reads the hello that the handshake record `body` begins with. Returns false if it is none, or is cut: then what
 * could be read is in `*hello` and the rest is zero.
 */
bool smtp_tls_hello_parse(struct smtp_span body, struct smtp_tls_hello *hello);

/* "TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0", "SSL 3.0", "SSL 2.0"; NULL for anything else. Static memory. */
const char *smtp_tls_version_name(uint16_t version);

/*
 * The description of an alert record's body, "handshake failure (40)" as RFC 8446 section 6 names it; NULL if the body is
 * not two octets (an encrypted alert). Sets `*fatal`: close_notify and user_canceled are not,
 * nor are no_certificate, no_renegotiation and unrecognized_name at level "warning", as TLS 1.2 and lower send them;
 * everything else is, whatever its level. An unassigned description is "unknown alert". Static memory.
 */
const char *smtp_tls_alert_name(struct smtp_span body, bool *fatal);

#endif
