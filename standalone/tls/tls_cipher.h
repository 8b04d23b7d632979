/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_CIPHER_H
#define SMTPSCOPE_TLS_CIPHER_H

/* Takes the protection off the records of one direction: OpenSSL's EVP does all cryptography. */

#include "tls_derive.h"
#include "tls_suite.h"

/* RFC 8446 section 5.2: octets of a record behind its header at most, with what protection adds; older versions have
 * more. */
#define TLS_RECORD_LIMIT ((size_t)16384 + 2048)
#define TLS_HEADER_OCTETS 5

/* A record as it was sent. */
struct tls_record {
    uint8_t type;     /* enum smtp_tls_record_type */
    uint16_t version; /* in its header */
    struct smtp_span header, body;
};

struct tls_cipher;

/* What TLS up to 1.2 takes from the key block for one direction (RFC 5246 section 6.3). */
struct tls_keys_of_half {
    struct smtp_span mac, key, iv;
};

/* The cipher of one direction up to TLS 1.2. `version` 0x0301 to 0x0303. NULL where OpenSSL does not know it. Free with
 * tls_cipher_free. */
struct tls_cipher *tls_cipher_new(const struct tls_protection *protection, uint16_t version, bool encrypt_then_mac,
                                  const struct tls_keys_of_half *keys);

/* The cipher of one direction of TLS 1.3, by its traffic secret (RFC 8446 section 7.3). NULL where it cannot be. */
struct tls_cipher *tls_cipher_of_secret(const struct tls_protection *protection, struct smtp_span secret);

/* Wipes the keys. NULL is allowed. */
void tls_cipher_free(struct tls_cipher *cipher);

/*
 * Opens a record that has the number `sequence`. Fills `out`, which has room for TLS_RECORD_LIMIT octets; `*length` is
 * what it holds, of TLS 1.3 with type and padding. Returns false where it does not authenticate.
 */
bool tls_cipher_open(struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record, uint8_t *out,
                     size_t *length);

/* Behind a hole, or behind a record that was passed over: what the next one is chained to is the end of this one
 * (TLS 1.0); empty: not known. */
void tls_cipher_chain(struct tls_cipher *cipher, struct smtp_span body);

/* Whether it is one of TLS 1.3, where only records of application data are protected. */
bool tls_cipher_is_1_3(const struct tls_cipher *cipher);

/* Octets that protection adds to a record's content at least, its header included. */
size_t tls_cipher_overhead(const struct tls_cipher *cipher);

#endif
