/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_KNOWN_H
#define SMTP_KNOWN_H

/*
 * Secrets that were sent, so that they are found when they come again, from either side: in clear or in other case,
 * cut, in base64 wherever its groups begin, in hexadecimal digits, behind percent signs. Nothing of them is kept but
 * hashes of every five octets (and of whole words that are shorter), in a table that is the shell's memory. Its size is
 * bounded; when it is full, more is taken for a secret, not less.
 */

#include "secret.h"
#include "span.h"

struct smtp_known_slot {
    uint32_t hash;
    uint32_t label; /* 0: free */
};

/* All zero at first. Plain: a copy knows the same, and shares the slots. */
struct smtp_known {
    struct smtp_known_slot *slots;
    uint32_t capacity; /* of them; 0 or a power of two */
    uint32_t used;
    bool full; /* what came last found no room */
};

/* Slots that there must be before `secret` is learned: more than `capacity`, then the shell moves the table; else the
 * same. */
uint32_t smtp_known_wants(const struct smtp_known *known, const struct smtp_secret *secret);

/* Moves the table to `slots`, which are all zero; whoever took the old ones gives them back. */
void smtp_known_move(struct smtp_known *known, struct smtp_known_slot *slots, uint32_t capacity);

/* Learns a secret, and what its encoding says. `label` is its number, from 1. What is part of `identity` is nothing to
 * hide. */
void smtp_known_learn(struct smtp_known *known, const struct smtp_secret *secret, uint32_t label,
                      struct smtp_span identity);

/* Parts of a text that must not be shown, in order, and apart from each other. */
#define SMTP_MASKS 32u
struct smtp_masks {
    unsigned count;
    struct smtp_mask {
        size_t begin, end;
        uint32_t label; /* 0: there are too many secrets to say which */
    } mask[SMTP_MASKS];
};

/*
 * Finds what is known in `text`. `near_login`: where passwords are to be expected, five octets of one are enough.
 * Elsewhere - in addresses, say - it must be all of a secret, or eight octets, or hold what few words hold.
 */
void smtp_known_find(const struct smtp_known *known, struct smtp_span text, bool near_login, struct smtp_masks *masks);

/* Whether all of `text` is known, as one secret: its label, else 0. */
uint32_t smtp_known_label(const struct smtp_known *known, struct smtp_span text);

/*
 * Writes `text` with "[secret-1]" where `masks` says so. `room` octets are enough if they are
 * SMTP_MASKED_OCTETS(text.length). Returns how many were written.
 */
#define SMTP_LABEL_OCTETS ((size_t)24)
#define SMTP_MASKED_OCTETS(length) ((length) + SMTP_MASKS * SMTP_LABEL_OCTETS)
size_t smtp_known_mask(struct smtp_span text, const struct smtp_masks *masks, uint8_t *room);

#endif
