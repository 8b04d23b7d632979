/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_PRIVATE_H
#define SMTPSCOPE_TLS_PRIVATE_H

/* What the two files of a TLS connection share: tls_connection.c has its records, tls_negotiation.c its handshakes. */

#include <glib.h>

#include "tls_cipher.h"
#include "tls_connection.h"
#include "tls_hello.h"

#define TLS_1_0 0x0301
#define TLS_1_2 0x0303
#define TLS_1_3 0x0304

/* What protects a direction now, in the order in which it does. */
enum tls_epoch {
    TLS_EPOCH_CLEAR,
    TLS_EPOCH_EARLY,     /* TLS 1.3, of clients: before the server's reply */
    TLS_EPOCH_HANDSHAKE, /* TLS 1.3 */
    TLS_EPOCH_TRAFFIC,
};

/* One direction. */
struct tls_half {
    GByteArray *waiting; /* octets that are no whole record yet; NULL: none */
    uint64_t offset;     /* of the first of them, or of the next octet, in the stream */
    uint64_t body_left;  /* octets of a record's body that are passed over: its beginning is lost, or a part */

    enum tls_epoch epoch;
    struct tls_cipher *cipher; /* NULL: in clear, or `blind` */
    struct tls_secret secret;  /* TLS 1.3: the traffic secret of `cipher` */
    uint64_t sequence;         /* of the next record */
    bool blind;                /* protected, and no key: records are passed over */
    bool proven;               /* a record of this epoch was opened */
    bool changed;              /* ChangeCipherSpec was seen while the version was not known */
    bool finished;
    unsigned failures; /* records in a row that did not open */
    enum tls_reason reason;

    bool searching;     /* behind a hole: where does a record begin, and which is it? */
    bool holed;         /* there was a hole, and nothing was opened since: numbers may be off */
    uint64_t lost_from; /* where the hole begins, in the stream; with the record that it cut */

    GByteArray *messages; /* of the handshake, as far as they are not whole; NULL: none */
    size_t message_left;  /* octets of a message that is too long to be kept */
    bool deaf; /* a part of the handshake's messages is lost: what follows in this epoch cannot be told apart */
};

/* What was sent before the server took it, or not (RFC 8446 section 2.3). */
struct tls_early {
    uint64_t offset, octets;
    size_t length; /* of what it carried */
};

struct tls_connection {
    struct tls_keys *keys;
    const struct tls_consumer *consumer;
    void *context;
    struct tls_half half[2]; /* by enum smtp_role */

    bool client_hello, server_hello; /* seen, of the handshake that is under way */
    bool retried;                    /* the server's last hello was a HelloRetryRequest: it is TLS 1.3 */
    uint8_t client_random[TLS_RANDOM_OCTETS], server_random[TLS_RANDOM_OCTETS];
    uint8_t session[32]; /* the server's identifier */
    uint8_t session_octets;
    uint16_t version, suite; /* what the server chose */
    uint16_t offered[64];    /* suites of the client, the first of them */
    unsigned offers;
    const struct tls_protection *protection; /* of `suite`; NULL: not supported */
    bool extended_master_secret, encrypt_then_mac;
    GByteArray *transcript;      /* of the handshake up to ClientKeyExchange; NULL where it is not needed */
    struct tls_secret premaster; /* of a ClientKeyExchange that a private key opens; length 0: none */
    uint8_t session_hash[64];
    size_t session_hash_octets;

    bool early_accepted, early_settled;
    GByteArray *early;     /* what was sent early; NULL: nothing */
    GArray *early_records; /* struct tls_early */

    bool decrypted;
    uint64_t budget; /* octets that may be decrypted in vain */
    uint8_t *plain;  /* of the record that is opened, TLS_RECORD_LIMIT octets; NULL: none was yet */
    struct tls_facts facts;
};

/*
 * tls_negotiation.c: takes octets of handshake messages of `role`, which stood in clear or were opened. They may change
 * what protects either direction from the next record on.
 */
void tls_take_messages(struct tls_connection *connection, enum smtp_role role, struct smtp_span octets);

/* ChangeCipherSpec of `role`, in clear. */
void tls_change_cipher(struct tls_connection *connection, enum smtp_role role);

/* A cipher that may come next in this direction, by number, from 0; it is the caller's. NULL: there is no further one.
 */
struct tls_candidate {
    struct tls_cipher *cipher;
    enum tls_epoch epoch;
    struct tls_secret secret;
};
bool tls_candidate(struct tls_connection *connection, enum smtp_role role, unsigned number,
                   struct tls_candidate *candidate);

/* From the next record on `role` is protected by `candidate`, whose cipher is the half's now. */
void tls_protect(struct tls_connection *connection, enum smtp_role role, const struct tls_candidate *candidate,
                 uint64_t sequence);

/* Nothing opens what `role` sends from here on. */
void tls_give_up(struct tls_connection *connection, enum smtp_role role, enum tls_reason reason);

/* Whether the handshake that is under way, or the last one, chose TLS 1.3. */
static inline bool tls_is_1_3(const struct tls_connection *connection)
{
    return connection->server_hello && connection->version == TLS_1_3;
}

#endif
