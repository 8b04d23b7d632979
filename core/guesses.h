/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_GUESSES_H
#define SMTP_GUESSES_H

/*
 * Passwords that are tried out: how many different guesses the logins that a server denied were, at the least. A client that sends
 * one wrong password with one mechanism after another, or again and again, guesses once. Users and passwords are told apart by
 * hashes: nobody's safety hangs on them.
 */

#include "reply.h"
#include "sasl.h"
#include "span.h"

/* So many different ones are no slip of the finger. */
#define SMTP_GUESSES_PROVE 3u

/* So many in one session, whose passwords cannot be read, are no program that nobody told the new one. */
#define SMTP_DENIALS_SUSPECT 5u

struct smtp_guess {
    uint64_t who;    /* 0: nobody, the place is free */
    uint64_t secret; /* 0: not readable; it may be the same as another one of the same user */
    uint32_t denied; /* logins */
    uint32_t order;  /* the later the guess was new, the greater */
};

/* For smtp_guess.who; never 0. ASCII letters in any case are the same. */
uint64_t smtp_guess_who(struct smtp_span name);

/* For smtp_guess.secret: 0 where there is no password to read. A token is none: nobody guesses those, and each one is new. */
uint64_t smtp_guess_secret(enum smtp_mechanism mechanism, struct smtp_span secret);

/*
 * A login was denied. Returns where it is counted among the `limit` guesses of `kept`: where it is new, `denied` is 1 there, and if
 * no place was free the oldest one had to go.
 */
unsigned smtp_guess_add(struct smtp_guess *kept, unsigned limit, uint64_t who, uint64_t secret);

/* This user's guesses were slips: one was accepted. */
void smtp_guess_forget(struct smtp_guess *kept, unsigned limit, uint64_t who);

/* How many guesses there are, of this user or (0) of all. */
unsigned smtp_guess_count(const struct smtp_guess *kept, unsigned limit, uint64_t who);

/*
 * Whether a reply to AUTH denies user or password (RFC 4954 section 6): 535, or any 5yz with the status X.7.8; and not if its status
 * names another reason: a mechanism too weak, no encryption, a password that must be changed, a policy.
 */
bool smtp_denies_credentials(unsigned code, const struct smtp_enhanced_status *enhanced);

#endif
