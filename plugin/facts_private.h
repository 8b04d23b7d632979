/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_FACTS_PRIVATE_H
#define ESMTP_FACTS_PRIVATE_H

/* What the files behind facts.h share. */

#include "dialogue.h"

/* ---- facts_memory.c ---- */

/* Remembers memory that is about to be changed. */
void facts_change(void *where, size_t octets);

/* Changes a member of a fact that was there before. */
#define CHANGE(member, value)                                                                                          \
    do {                                                                                                               \
        facts_change(&(member), sizeof(member));                                                                       \
        (member) = (value);                                                                                            \
    } while (0)

/* Whether changes are remembered at present. */
bool facts_are_provisional(void);

/* Makes an array larger. One that a saved copy knows too is left alone. */
void *facts_grow(void *array, size_t old_octets, size_t octets);

/* Adds octets to the message: to its last stretch, if that is the last thing in the slab. */
void facts_gather(struct message *message, struct smtp_span octets);

/* The capture file is new: what lay in its memory is gone. */
void facts_forget_memory(void);

/* ---- facts_place.c ---- */

/* A new fact, which hangs on nothing yet. */
void *facts_new(const struct dialogue *dialogue, size_t size, enum fact_kind kind, const struct smtp_event *event);

/* Hangs a fact on a piece. */
void facts_append(struct piece *piece, struct fact *fact);

/* Hangs a fact on the piece with its octet at `offset`. False if no octet of that half was ever seen. */
bool facts_place(struct dialogue *dialogue, struct fact *fact, uint64_t offset);

/* Hangs a unit on the piece with its last octet; the pieces with the others of them say so. Returns whether one piece
 * has all. */
bool facts_place_unit(struct dialogue *dialogue, struct fact *fact);

#endif
