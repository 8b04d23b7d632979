/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_KEY_TABLE_H
#define SMTPSCOPE_KEY_TABLE_H

/*
 * Marks of any number of keys, in an arena: where there is no memory for them they lie in its pool's temporary file. A key is a part of a
 * digest, with as many octets as keep two of them from being the same by chance.
 */

#include <stdint.h>

#include "arena.h"

#define KEY_OCTETS 12u

struct key {
    uint8_t octets[KEY_OCTETS];
};

/* The beginning of the SHA-256 of a text. */
struct key key_of(struct smtp_span text);

struct key_table;

struct key_table *key_table_new(struct arena_pool *pool);
void key_table_free(struct key_table *table);

/* The mark of a key; 0: it has none. */
uint32_t key_table_find(const struct key_table *table, const struct key *key);

/* Gives a key a mark, in the place of the one that it has. `mark` is not 0. */
void key_table_set(struct key_table *table, const struct key *key, uint32_t mark);

#endif
