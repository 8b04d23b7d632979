/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_derive.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#define LABEL_LIMIT 64

bool tls_prf(const char *hash, struct smtp_span secret, const char *label, struct smtp_span first,
             struct smtp_span second, uint8_t *out, size_t octets)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)secret.octets, secret.length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)label, strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)first.octets, first.length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)second.octets, second.length),
        OSSL_PARAM_construct_end(),
    };
    bool good = context != NULL && EVP_KDF_derive(context, out, octets, parameters) > 0;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return good;
}

/* The HkdfLabel of RFC 8446 section 7.1, without a context. Returns its length in octets. */
static size_t hkdf_label(const char *label, size_t octets, uint8_t *out)
{
    static const char prefix[] = "tls13 ";
    size_t length = strlen(label);
    size_t at = 0;
    out[at++] = (uint8_t)(octets >> 8);
    out[at++] = (uint8_t)octets;
    out[at++] = (uint8_t)(strlen(prefix) + length);
    memcpy(out + at, prefix, strlen(prefix));
    at += strlen(prefix);
    memcpy(out + at, label, length);
    at += length;
    out[at++] = 0;
    return at;
}

/* HKDF-Expand (RFC 5869 section 2.3) by HMAC: fetching OpenSSL's HKDF costs more than the few blocks that TLS needs. */
bool tls_expand_label(const char *hash, struct smtp_span secret, const char *label, uint8_t *out, size_t octets)
{
    const EVP_MD *digest = EVP_get_digestbyname(hash);
    uint8_t block[EVP_MAX_MD_SIZE];
    uint8_t input[EVP_MAX_MD_SIZE + LABEL_LIMIT + 1];
    size_t previous = 0;
    const size_t all = octets;
    if (digest == NULL || strlen(label) + 16 > LABEL_LIMIT)
        return false;
    bool good = true;
    for (uint8_t number = 1; octets > 0 && good; number++) {
        memcpy(input, block, previous);
        size_t length = previous + hkdf_label(label, all, input + previous);
        input[length++] = number;
        unsigned made = 0;
        good = HMAC(digest, secret.octets, (int)secret.length, input, length, block, &made) != NULL;
        size_t taken = made < octets ? made : octets;
        if (good)
            memcpy(out, block, taken);
        out += taken;
        octets -= taken;
        previous = made;
    }
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(input, sizeof input);
    return good;
}
