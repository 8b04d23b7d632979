/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_FACTS_H
#define SMTPSCOPE_TLS_FACTS_H

/* What the messages of a TLS handshake tell beside the keys: in clear (all of them up to TLS 1.2), or decrypted (TLS 1.3). */

#include <glib.h>

#include "event.h" /* enum smtp_role */
#include "tls_fingerprint.h"

enum tls_resumed {
    TLS_RESUMED_UNKNOWN, /* not seen */
    TLS_RESUMED_NO,
    TLS_RESUMED_YES,
};

/* Octets of a chain of certificates that are kept, and certificates. */
#define TLS_CHAIN_LIMIT ((guint)65536)
#define TLS_CHAIN_CERTIFICATES 16u

struct tls_facts {
    struct tls_fingerprint fingerprint; /* of the first hello */
    uint16_t group;           /* of the key exchange (IANA's registry "TLS Supported Groups"); 0: not seen */
    enum tls_resumed resumed;
    bool chain_seen;          /* a Certificate message of the server */
    bool chain_cut;           /* it holds more than was kept, or its compression is not read here */
    GPtrArray *chain;         /* GBytes, DER (RFC 5280), the server's own first; NULL: none */
    /* While it is being made. */
    bool hello_seen, hello_done, server_hello, is_1_3;
    uint16_t suite;
};

/* Frees what `facts` holds, not `facts`. */
void tls_facts_clear(struct tls_facts *facts);

/* Takes the body of a handshake message, behind its header of four octets. A renegotiation changes nothing. */
void tls_facts_message(struct tls_facts *facts, enum smtp_role role, uint8_t type, struct smtp_span body);

/* A message is too long to be read. */
void tls_facts_unread(struct tls_facts *facts, enum smtp_role role, uint8_t type);

/* Takes a ChangeCipherSpec in clear. */
void tls_facts_change_cipher(struct tls_facts *facts, enum smtp_role role);

/* Octets that it holds. */
size_t tls_facts_memory(const struct tls_facts *facts);

/* "X25519", "secp256r1", "X25519MLKEM768"; NULL for a number that IANA has not given away. Static memory. */
const char *tls_group_name(uint16_t group);

#endif
