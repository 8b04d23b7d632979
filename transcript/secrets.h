/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_SECRETS_H
#define TRANSCRIPT_SECRETS_H

/*
 * What must not be shown of a session: secrets that are sent (the core says which octets), and what repeats them, from
 * either side. Nothing of them is kept but their labels and hashes, and what the shell shows on demand.
 */

#include "keeping.h"
#include "known.h"

/* Text whose end may be a secret. What is repeated of others is masked in `before`, unless secrets are shown. */
struct guarded {
    struct smtp_span before; /* may be shown */
    struct smtp_span secret; /* must not, unless the user wants it; octets NULL: there is none */
    unsigned label;          /* its number, 0: there is no secret */
};

/* All zero: nothing was sent. Plain: it may be copied. */
struct secrets {
    struct smtp_known known;
    unsigned last_label;
};

/* The text without the secrets that it repeats: itself, where there are none; else a copy that is kept. */
struct smtp_span secrets_shown(const struct secrets *secrets, const struct keeping *keeping, struct smtp_span text,
                               bool near_login);

/* The same, but always a copy. */
struct smtp_span secrets_kept(const struct secrets *secrets, const struct keeping *keeping, struct smtp_span text,
                              bool near_login);

/* A name as it may be shown, kept: some type their password where the user name is asked for. */
struct smtp_span secrets_identity(const struct secrets *secrets, const struct keeping *keeping,
                                  struct smtp_span identity);

/*
 * The text, with `secret` at its end, where there is one: it is learned then, with a label. `identity`: as for
 * secrets_learn. `before` is the octets themselves where nothing is masked in them, and so is `secret`.
 */
struct guarded secrets_guard(struct secrets *secrets, const struct keeping *keeping, struct smtp_span text,
                             const struct smtp_secret *secret, bool near_login, struct smtp_span identity);

/* The label of a secret; what goes on with the one before has the same. */
unsigned secrets_label(struct secrets *secrets, const struct keeping *keeping, const struct smtp_secret *secret);

/* Remembers a secret, in case it is repeated. `identity`: whose it is; octets NULL: not known. */
void secrets_learn(struct secrets *secrets, const struct keeping *keeping, const struct smtp_secret *secret,
                   unsigned label, struct smtp_span identity);

/* The session is over: nothing will be repeated any more. */
void secrets_forget(struct secrets *secrets, const struct keeping *keeping);

size_t secrets_memory(const struct secrets *secrets);

#endif
