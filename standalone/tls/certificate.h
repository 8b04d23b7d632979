/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CERTIFICATE_H
#define SMTPSCOPE_CERTIFICATE_H

/* What a certificate says (RFC 5280). Nobody's signature is checked: a capture holds no store of those who are trusted. */

#include <glib.h>

#include "span.h"

#define CERTIFICATE_DIGEST_SIZE 65 /* of SHA-256 in hexadecimal digits, with NUL */

/* Names that are kept of one certificate. */
#define CERTIFICATE_NAMES 256u

struct certificate {
    char *subject, *issuer;       /* UTF-8, as RFC 4514 writes them, without its escapes of non-ASCII */
    char *serial;                 /* hexadecimal digits */
    GPtrArray *names;             /* char *, of subjectAltName: DNS names, and IP addresses; without any, the common name */
    bool names_cut;               /* there are more */
    bool has_validity;
    int64_t not_before, not_after; /* seconds since 1970 */
    char *key;                    /* "RSA 2048", "EC P-256", "ED25519" */
    char sha256[CERTIFICATE_DIGEST_SIZE];     /* of the certificate */
    char key_sha256[CERTIFICATE_DIGEST_SIZE]; /* of its SubjectPublicKeyInfo */
    bool self_signed;             /* subject and issuer are one, and its own key signed it */
};

/* NULL: it is no certificate. To be freed with certificate_free. */
struct certificate *certificate_read(struct smtp_span der);

/* NULL is allowed. */
void certificate_free(struct certificate *certificate);

/* Whether it is for the host `name` (RFC 6125 section 6.4: a `*` stands for the first label as a whole). */
bool certificate_is_for(const struct certificate *certificate, struct smtp_span name);

#endif
