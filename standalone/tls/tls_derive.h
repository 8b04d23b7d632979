/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_DERIVE_H
#define SMTPSCOPE_TLS_DERIVE_H

/* How TLS makes keys of secrets: the PRF up to TLS 1.2 (RFC 5246 section 5, RFC 2246 section 5) and HKDF of TLS 1.3
 * (RFC 8446 section 7.1). */

#include "span.h"

#define TLS_SECRET_LIMIT 64 /* octets */
#define TLS_RANDOM_OCTETS 32
#define TLS_MASTER_OCTETS 48

struct tls_secret {
    uint8_t octets[TLS_SECRET_LIMIT];
    size_t length;
};

static inline struct smtp_span tls_secret_span(const struct tls_secret *secret)
{
    return smtp_span(secret->octets, secret->length);
}

/*
 * Fills `out` with `octets` of the PRF of `secret`, `label`, `first` and `second`. `hash` is OpenSSL's name of the
 * digest: that of the suite in TLS 1.2, "MD5-SHA1" below. Returns false where OpenSSL does not know it, or will not.
 */
bool tls_prf(const char *hash, struct smtp_span secret, const char *label, struct smtp_span first,
             struct smtp_span second, uint8_t *out, size_t octets);

/* Fills `out` with HKDF-Expand-Label(secret, label, "", octets). At most 255 octets. Returns false as tls_prf. */
bool tls_expand_label(const char *hash, struct smtp_span secret, const char *label, uint8_t *out, size_t octets);

#endif
