/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_cipher.h"

#include <glib.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#define TLS_1_0 0x0301
#define TLS_1_3 0x0304
#define NONCE_OCTETS 12
#define BLOCK_LIMIT 16
#define SEQUENCE_OCTETS 8
#define MAC_LIMIT 64

struct tls_cipher {
    const struct tls_protection *protection;
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *context;
    EVP_MAC_CTX *mac; /* HMAC with its key; NULL: none */
    uint16_t version;
    bool encrypt_then_mac;
    bool chained; /* TLS 1.0: `iv` is the end of the record before */
    uint8_t key[64];
    uint8_t iv[BLOCK_LIMIT];
};

static bool is_ccm(const struct tls_cipher *cipher)
{
    return EVP_CIPHER_get_mode(cipher->cipher) == EVP_CIPH_CCM_MODE;
}

static struct tls_cipher *new_cipher(const struct tls_protection *protection, uint16_t version)
{
    struct tls_cipher *cipher = g_new0(struct tls_cipher, 1);
    cipher->protection = protection;
    cipher->version = version;
    cipher->context = EVP_CIPHER_CTX_new();
    if (protection->cipher != NULL)
        cipher->cipher = EVP_CIPHER_fetch(NULL, protection->cipher, NULL);
    if (cipher->context != NULL && (protection->cipher == NULL || cipher->cipher != NULL))
        return cipher;
    tls_cipher_free(cipher);
    return NULL;
}

static EVP_MAC_CTX *hmac_of(const char *digest, struct smtp_span key)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *context = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
                                      OSSL_PARAM_construct_end() };
    if (context != NULL && EVP_MAC_init(context, key.octets, key.length, parameters) > 0)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

/* Sets the key once, so that each record sets its nonce only. CCM wants all of it for each record. */
static struct tls_cipher *with_key(struct tls_cipher *cipher)
{
    if (cipher->cipher == NULL || is_ccm(cipher))
        return cipher;
    bool aead = cipher->protection->kind == TLS_CIPHER_AEAD;
    bool good = EVP_DecryptInit_ex2(cipher->context, cipher->cipher, NULL, NULL, NULL) > 0;
    good = good && (!aead || EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_OCTETS, NULL) > 0);
    good = good && EVP_DecryptInit_ex2(cipher->context, NULL, cipher->key, NULL, NULL) > 0;
    good = good && EVP_CIPHER_CTX_set_padding(cipher->context, 0) > 0;
    if (good)
        return cipher;
    tls_cipher_free(cipher);
    return NULL;
}

struct tls_cipher *tls_cipher_new(const struct tls_protection *protection, uint16_t version, bool encrypt_then_mac,
                                  const struct tls_keys_of_half *keys)
{
    struct tls_cipher *cipher = new_cipher(protection, version);
    if (cipher == NULL)
        return NULL;
    cipher->encrypt_then_mac = encrypt_then_mac && protection->kind == TLS_CIPHER_CBC;
    cipher->chained = version == TLS_1_0;
    memcpy(cipher->key, keys->key.octets, keys->key.length);
    memcpy(cipher->iv, keys->iv.octets, keys->iv.length);
    if (protection->mac != NULL)
        cipher->mac = hmac_of(protection->mac, keys->mac);
    if (protection->mac == NULL || cipher->mac != NULL)
        return with_key(cipher);
    tls_cipher_free(cipher);
    return NULL;
}

struct tls_cipher *tls_cipher_of_secret(const struct tls_protection *protection, struct smtp_span secret)
{
    if (protection->kind != TLS_CIPHER_AEAD)
        return NULL;
    struct tls_cipher *cipher = new_cipher(protection, TLS_1_3);
    if (cipher == NULL)
        return NULL;
    if (tls_expand_label(protection->hash, secret, "key", cipher->key, protection->key) &&
        tls_expand_label(protection->hash, secret, "iv", cipher->iv, NONCE_OCTETS))
        return with_key(cipher);
    tls_cipher_free(cipher);
    return NULL;
}

void tls_cipher_free(struct tls_cipher *cipher)
{
    if (cipher == NULL)
        return;
    EVP_CIPHER_CTX_free(cipher->context);
    EVP_CIPHER_free(cipher->cipher);
    EVP_MAC_CTX_free(cipher->mac);
    OPENSSL_cleanse(cipher, sizeof *cipher);
    g_free(cipher);
}

static void put_number(uint8_t *out, uint64_t number, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        out[i] = (uint8_t)(number >> (8 * (octets - 1 - i)));
}

/* The sequence number, type, version and length that a MAC, or a tag up to TLS 1.2, covers. Returns their octets. */
static size_t put_covered(uint8_t *out, uint64_t sequence, const struct tls_record *record, size_t length)
{
    put_number(out, sequence, SEQUENCE_OCTETS);
    out[8] = record->type;
    put_number(out + 9, record->version, 2);
    put_number(out + 11, length, 2);
    return 13;
}

/* ---- AEAD ---- */

struct aead {
    uint8_t nonce[NONCE_OCTETS];
    uint8_t covered[16]; /* the additional data */
    size_t covered_octets;
    struct smtp_span sealed, tag;
};

/* What of a record is what; false if it is too short. */
static bool take_apart(const struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record,
                       struct aead *aead)
{
    const struct tls_protection *protection = cipher->protection;
    bool explicit_iv = cipher->version < TLS_1_3 && protection->sent_iv > 0;
    size_t front = explicit_iv ? protection->sent_iv : 0;
    if (record->body.length < front + protection->tag)
        return false;
    size_t sealed = record->body.length - front - protection->tag;
    aead->sealed = smtp_span_first(smtp_span_from(record->body, front), sealed);
    aead->tag = smtp_span_from(record->body, front + sealed);
    memcpy(aead->nonce, cipher->iv, NONCE_OCTETS);
    if (explicit_iv) {
        memcpy(aead->nonce + protection->fixed_iv, record->body.octets, protection->sent_iv);
    } else {
        uint8_t number[SEQUENCE_OCTETS];
        put_number(number, sequence, SEQUENCE_OCTETS);
        for (size_t i = 0; i < SEQUENCE_OCTETS; i++)
            aead->nonce[NONCE_OCTETS - SEQUENCE_OCTETS + i] ^= number[i];
    }
    if (cipher->version == TLS_1_3) {
        memcpy(aead->covered, record->header.octets, record->header.length);
        aead->covered_octets = record->header.length;
    } else {
        aead->covered_octets = put_covered(aead->covered, sequence, record, sealed);
    }
    return true;
}

static bool open_aead(struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record, uint8_t *out,
                      size_t *length)
{
    struct aead aead;
    EVP_CIPHER_CTX *context = cipher->context;
    int made = 0;
    uint8_t tag[MAC_LIMIT];
    if (!take_apart(cipher, sequence, record, &aead))
        return false;
    memcpy(tag, aead.tag.octets, aead.tag.length);
    *length = aead.sealed.length;
    if (is_ccm(cipher)) {
        return EVP_DecryptInit_ex2(context, cipher->cipher, NULL, NULL, NULL) > 0 &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_OCTETS, NULL) > 0 &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)aead.tag.length, tag) > 0 &&
               EVP_DecryptInit_ex2(context, NULL, cipher->key, aead.nonce, NULL) > 0 &&
               EVP_DecryptUpdate(context, NULL, &made, NULL, (int)aead.sealed.length) > 0 &&
               EVP_DecryptUpdate(context, NULL, &made, aead.covered, (int)aead.covered_octets) > 0 &&
               EVP_DecryptUpdate(context, out, &made, aead.sealed.octets, (int)aead.sealed.length) > 0;
    }
    return EVP_DecryptInit_ex2(context, NULL, NULL, aead.nonce, NULL) > 0 &&
           EVP_DecryptUpdate(context, NULL, &made, aead.covered, (int)aead.covered_octets) > 0 &&
           EVP_DecryptUpdate(context, out, &made, aead.sealed.octets, (int)aead.sealed.length) > 0 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)aead.tag.length, tag) > 0 &&
           EVP_DecryptFinal_ex(context, out + made, &made) > 0;
}

/* ---- CBC and NULL ---- */

static bool mac_fits(const struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record,
                     struct smtp_span covered, struct smtp_span tag)
{
    uint8_t front[16];
    uint8_t made[EVP_MAX_MD_SIZE];
    size_t octets = 0;
    size_t length = put_covered(front, sequence, record, covered.length);
    return EVP_MAC_init(cipher->mac, NULL, 0, NULL) > 0 && EVP_MAC_update(cipher->mac, front, length) > 0 &&
           EVP_MAC_update(cipher->mac, covered.octets, covered.length) > 0 &&
           EVP_MAC_final(cipher->mac, made, &octets, sizeof made) > 0 && octets == tag.length &&
           memcmp(made, tag.octets, octets) == 0;
}

static bool open_null(struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record, uint8_t *out,
                      size_t *length)
{
    if (record->body.length < cipher->protection->tag)
        return false;
    struct smtp_span content = smtp_span_first(record->body, record->body.length - cipher->protection->tag);
    if (!mac_fits(cipher, sequence, record, content, smtp_span_from(record->body, content.length)))
        return false;
    memcpy(out, content.octets, content.length);
    *length = content.length;
    return true;
}

/* Decrypts whole blocks behind their initialization vector. */
static bool decrypt_blocks(struct tls_cipher *cipher, struct smtp_span sealed, uint8_t *out)
{
    size_t block = cipher->protection->fixed_iv;
    int made = 0;
    const uint8_t *iv = cipher->iv;
    if (!cipher->chained) {
        iv = sealed.octets;
        sealed = smtp_span_from(sealed, block);
    }
    return EVP_DecryptInit_ex2(cipher->context, NULL, NULL, iv, NULL) > 0 &&
           EVP_DecryptUpdate(cipher->context, out, &made, sealed.octets, (int)sealed.length) > 0;
}

/* The padding's length stands in each of its octets, and in one more (RFC 5246 section 6.2.3.2). */
static bool take_padding(const uint8_t *octets, size_t *length)
{
    if (*length == 0 || (size_t)octets[*length - 1] + 1 > *length)
        return false;
    uint8_t padding = octets[*length - 1];
    for (size_t i = 0; i <= padding; i++)
        if (octets[*length - 1 - i] != padding)
            return false;
    *length -= (size_t)padding + 1;
    return true;
}

static bool open_cbc(struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record, uint8_t *out,
                     size_t *length)
{
    size_t block = cipher->protection->fixed_iv;
    size_t tag = cipher->protection->tag;
    struct smtp_span sealed = record->body;
    if (cipher->encrypt_then_mac) {
        if (sealed.length < tag)
            return false;
        sealed = smtp_span_first(sealed, sealed.length - tag);
        if (!mac_fits(cipher, sequence, record, sealed, smtp_span_from(record->body, sealed.length)))
            return false;
    }
    size_t iv = cipher->chained ? 0 : block;
    if (sealed.length < iv + block || sealed.length % block != 0 || !decrypt_blocks(cipher, sealed, out))
        return false;
    *length = sealed.length - iv;
    if (!take_padding(out, length))
        return false;
    if (cipher->encrypt_then_mac)
        return true;
    if (*length < tag)
        return false;
    *length -= tag;
    return mac_fits(cipher, sequence, record, smtp_span(out, *length), smtp_span(out + *length, tag));
}

bool tls_cipher_open(struct tls_cipher *cipher, uint64_t sequence, const struct tls_record *record, uint8_t *out,
                     size_t *length)
{
    if (record->body.length > TLS_RECORD_LIMIT)
        return false;
    switch (cipher->protection->kind) {
    case TLS_CIPHER_AEAD:
        return open_aead(cipher, sequence, record, out, length);
    case TLS_CIPHER_CBC:
        return open_cbc(cipher, sequence, record, out, length);
    case TLS_CIPHER_NULL:
        break;
    }
    return open_null(cipher, sequence, record, out, length);
}

void tls_cipher_chain(struct tls_cipher *cipher, struct smtp_span body)
{
    size_t block = cipher->protection->fixed_iv;
    size_t tag = cipher->encrypt_then_mac ? cipher->protection->tag : 0;
    if (cipher->chained && cipher->protection->kind == TLS_CIPHER_CBC && body.length >= block + tag)
        memcpy(cipher->iv, body.octets + body.length - tag - block, block);
}

bool tls_cipher_is_1_3(const struct tls_cipher *cipher)
{
    return cipher->version == TLS_1_3;
}

size_t tls_cipher_overhead(const struct tls_cipher *cipher)
{
    const struct tls_protection *protection = cipher->protection;
    size_t front = TLS_HEADER_OCTETS + protection->tag;
    if (cipher->version == TLS_1_3)
        return front + 1;
    if (protection->kind == TLS_CIPHER_AEAD)
        return front + protection->sent_iv;
    return front + (protection->kind == TLS_CIPHER_CBC ? (cipher->chained ? 1u : protection->fixed_iv + 1u) : 0u);
}
