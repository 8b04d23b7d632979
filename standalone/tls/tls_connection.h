/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_CONNECTION_H
#define SMTPSCOPE_TLS_CONNECTION_H

/*
 * One TLS connection read with keys (RFC 8446, RFC 5246 and older): takes the octets of both directions in the order of
 * cause and effect, with their holes, and gives what the records carry. A record is believed only if it authenticates.
 * Behind a hole the next record is looked for, and its number is found by trying: only one fits.
 */

#include "event.h" /* enum smtp_role */
#include "tls_facts.h"
#include "tls_keys.h"

/* Why nothing was decrypted, or not all. */
enum tls_reason {
    TLS_REASON_NONE,
    TLS_REASON_NO_KEY,       /* there is none for this client random */
    TLS_REASON_SUITE,        /* the cipher suite, or the version, is not supported */
    TLS_REASON_NO_HANDSHAKE, /* the hello messages are not in the capture */
    TLS_REASON_TAG,          /* records do not authenticate with the key */
};

/* "no-key", "suite-not-supported", "handshake-not-in-capture", "tag-wrong"; NULL for TLS_REASON_NONE. Static memory. */
const char *tls_reason_name(enum tls_reason reason);

struct tls_consumer {
    /* What a record carried that stands at `offset` of its direction's stream and takes `octets` there. `plain` is
     * valid during the call only. */
    void (*plain)(void *context, enum smtp_role role, uint64_t offset, uint64_t octets, struct smtp_span plain);
    /* Records are lost, from `offset` on, over `octets` of the stream; they carried `plain` octets at the most. */
    void (*hole)(void *context, enum smtp_role role, uint64_t offset, uint64_t octets, uint64_t plain);
    /* The role said that it sends no more (close_notify). */
    void (*finished)(void *context, enum smtp_role role);
};

struct tls_connection;

/* `keys` outlives it. */
struct tls_connection *tls_connection_new(struct tls_keys *keys, const struct tls_consumer *consumer, void *context);

/* Wipes what it knows. NULL is allowed. */
void tls_connection_free(struct tls_connection *connection);

/* The next octets of `role`, which stand at `offset` of its stream. */
void tls_connection_octets(struct tls_connection *connection, enum smtp_role role, uint64_t offset,
                           struct smtp_span octets);

/* `octets` of `role` are missing at `offset`. */
void tls_connection_gap(struct tls_connection *connection, enum smtp_role role, uint64_t offset, uint64_t octets);

/* No more will come of `role`: what waits for the rest of a record is given up. */
void tls_connection_end(struct tls_connection *connection, enum smtp_role role);

/* Whether anything was decrypted. */
bool tls_connection_decrypted(const struct tls_connection *connection);

/* TLS_REASON_NONE also while nothing was encrypted yet. */
enum tls_reason tls_connection_reason(const struct tls_connection *connection);

/* What its handshake tells. Valid until the connection is freed. */
const struct tls_facts *tls_connection_facts(const struct tls_connection *connection);

/* Whether all that its octets can tell is told: nothing that either side sends can be opened with the keys at hand. */
bool tls_connection_is_shut(const struct tls_connection *connection);

/* Octets that it holds. */
size_t tls_connection_memory(const struct tls_connection *connection);

#endif
