/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RECIPIENT_SET_H
#define SMTPSCOPE_RECIPIENT_SET_H

/*
 * The recipients of a mail as a set: each address once, where it stands first. A mail may have any number of them; beyond a bit for each
 * this takes memory of a fixed size.
 */

#include "record.h"

struct recipient_set {
    const struct record *record;
    const struct transaction *transaction;
    GByteArray *bits; /* of each recipient, whether it is in the set; NULL: not needed yet */
    unsigned count;
};

/* Fills the set with all recipients of the mail, or those that were refused. An empty address is in none. */
void recipient_set_fill(struct recipient_set *set, const struct record *record, const struct transaction *transaction, bool refused);

/* Calls `take` with the address of each, in their order. */
void recipient_set_each(const struct recipient_set *set, void (*take)(void *context, struct smtp_span address), void *context);

void recipient_set_clear(struct recipient_set *set);

#endif
