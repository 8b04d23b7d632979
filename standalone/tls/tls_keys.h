/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_KEYS_H
#define SMTPSCOPE_TLS_KEYS_H

/*
 * The secrets that the user has of TLS sessions: lines of key logs (RFC 9850, and the older "RSA" lines), from files,
 * which may grow while they are used, or from Decryption Secrets Blocks; and private keys of servers. All is wiped when
 * it is freed.
 */

#include "tls_derive.h"

enum tls_label {
    TLS_LABEL_MASTER, /* CLIENT_RANDOM, up to TLS 1.2 */
    TLS_LABEL_CLIENT_EARLY,
    TLS_LABEL_CLIENT_HANDSHAKE,
    TLS_LABEL_SERVER_HANDSHAKE,
    TLS_LABEL_CLIENT_TRAFFIC,
    TLS_LABEL_SERVER_TRAFFIC,
    TLS_LABEL_PREMASTER,      /* "RSA": found by the first octets of the encrypted premaster secret */
    TLS_LABEL_SESSION_MASTER, /* "RSA Session-ID:": found by the session identifier */
};

/* Of an encrypted premaster secret, so many octets name it in an "RSA" line. */
#define TLS_PREMASTER_NAME_OCTETS 8

struct tls_keys;

struct tls_keys *tls_keys_new(void);
void tls_keys_free(struct tls_keys *keys);

/* Takes the lines of a key log. What is no line with a key is passed over. Returns how many lines were taken. */
size_t tls_keys_add(struct tls_keys *keys, struct smtp_span text);

/*
 * Takes a file of such lines, and what is written to it later, when a secret is looked for and not there. Returns NULL,
 * or a sentence that says what is wrong (it cannot be read, or holds no line with a key), to be freed with g_free.
 */
char *tls_keys_add_file(struct tls_keys *keys, const char *path);

/* Takes an RSA private key in PEM. Returns as tls_keys_add_file. */
char *tls_keys_add_private(struct tls_keys *keys, const char *path);

/* `more` is asked, when a secret is looked for and not there, whether it has added others. NULL: nobody is. */
void tls_keys_ask(struct tls_keys *keys, bool (*more)(void *context), void *context);

/* A secret of our own making, to be found by later sessions. `name` has 255 octets at most. */
void tls_keys_keep(struct tls_keys *keys, enum tls_label label, struct smtp_span name, const struct tls_secret *secret);

/*
 * The secrets of that name (client random, or as the label says): mostly one; several where lines contradict each
 * other, and the records must tell. NULL and `*count` 0 where there is none. Valid until something is added.
 */
const struct tls_secret *tls_keys_find(struct tls_keys *keys, enum tls_label label, struct smtp_span name,
                                       size_t *count);

/* Whether there is any key at all, or one can be had by asking; whether there is a private one. */
bool tls_keys_any(const struct tls_keys *keys);
bool tls_keys_private(const struct tls_keys *keys);

/* Decrypts a premaster secret with the private keys, in turn (RFC 5246 section 7.4.7.1). Returns false where none fits.
 */
bool tls_keys_decrypt_premaster(const struct tls_keys *keys, struct smtp_span encrypted, struct tls_secret *premaster);

/*
 * The lines of all secrets that were found by tls_keys_find so far, as a key log: what a capture needs to be read
 * again. In the order of labels and names. Free with g_free; it holds secrets.
 */
char *tls_keys_used(const struct tls_keys *keys);

#endif
