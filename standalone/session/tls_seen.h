/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_SEEN_H
#define SMTPSCOPE_TLS_SEEN_H

/* What is kept of a TLS handshake in the memory of a session. */

#include "arena.h"
#include "tls_facts.h"

struct tls_seen {
    struct tls_fingerprint fingerprint; /* empty strings: no whole ClientHello was seen */
    uint16_t group;                     /* of the key exchange; 0: not seen */
    enum tls_resumed resumed;
    bool chain_seen, chain_cut;         /* the server's certificates were seen; more than was kept */
    unsigned certificates;
    struct smtp_span *certificate;      /* so many, DER, the server's own first */
};

/* A copy in `arena`. */
const struct tls_seen *tls_seen_keep(struct arena *arena, const struct tls_facts *facts);

#endif
