/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_HELLO_H
#define SMTPSCOPE_TLS_HELLO_H

/* What the hello messages of a handshake settle about keys (RFC 8446 section 4.1, RFC 5246 section 7.4.1). Every length
 * is hostile. */

#include "span.h"

struct tls_hello {
    struct smtp_span random;     /* 32 octets */
    struct smtp_span session;    /* identifier; may be empty */
    struct smtp_span suites;     /* of a client: what it offers, two octets each */
    struct smtp_span extensions; /* their list (RFC 8446 section 4.2); may be empty */
    uint16_t version;            /* of a server: what it chose; of a client: the highest it offers */
    uint16_t suite;              /* of a server */
    bool retry;                  /* a HelloRetryRequest */
    bool extended_master_secret; /* RFC 7627 */
    bool encrypt_then_mac;       /* RFC 7366 */
    bool early_data;             /* RFC 8446 section 4.2.10 */
};

/* Reads the body of a ClientHello or ServerHello message, behind its header of four octets. False where it is cut or
 * malformed. Spans point into it. */
bool tls_hello_read(struct smtp_span body, bool client, struct tls_hello *hello);

/* Whether EncryptedExtensions has the extension early_data: the server takes what was sent before its reply. */
bool tls_extensions_accept_early_data(struct smtp_span body);

#endif
