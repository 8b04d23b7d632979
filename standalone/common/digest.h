/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_DIGEST_H
#define SMTPSCOPE_DIGEST_H

/* SHA-256 of octets that come piece by piece. */

#include "span.h"

struct digest;

struct digest *digest_new(void);

void digest_add(struct digest *digest, struct smtp_span octets);

/* In hexadecimal; the digest is freed. g_free it. */
char *digest_end(struct digest *digest);

/* Where nobody wants the result any more. `digest` may be NULL. */
void digest_free(struct digest *digest);

#endif
