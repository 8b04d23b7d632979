/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"

#include <glib.h>
#include <openssl/evp.h>

#include "exhaustion.h"

/* One is an EVP_MD_CTX, under a name of ours. */
static EVP_MD_CTX *context_of(struct digest *digest)
{
    return (EVP_MD_CTX *)digest;
}

struct digest *digest_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        exhaustion_end(); /* SHA-256 is always there */
    return (struct digest *)context;
}

void digest_add(struct digest *digest, struct smtp_span octets)
{
    EVP_DigestUpdate(context_of(digest), octets.octets, octets.length);
}

char *digest_end(struct digest *digest)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(context_of(digest), octets, &length);
    EVP_MD_CTX_free(context_of(digest));
    char *hex = g_malloc(2 * (size_t)length + 1);
    for (size_t i = 0; i < length; i++) {
        hex[2 * i] = digits[octets[i] >> 4];
        hex[2 * i + 1] = digits[octets[i] & 15];
    }
    hex[2 * (size_t)length] = '\0';
    return hex;
}

void digest_free(struct digest *digest)
{
    EVP_MD_CTX_free(context_of(digest));
}
