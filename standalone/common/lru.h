/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_LRU_H
#define SMTPSCOPE_LRU_H

/* What is remembered of so many parties and no more: whoever was not heard of for longest is forgotten first, and
 * counted. */

#include <glib.h>
#include <stdint.h>

#include "span.h"

struct lru;

/* Entries of `size` octets, at most `limit` of them. `forget` (may be NULL) is called on one before it goes. */
struct lru *lru_new(size_t size, unsigned limit, void (*forget)(void *entry));
void lru_free(struct lru *lru);

/* The entry with this key, from now on the one heard of last; a new one is all zero. Valid until the next call. */
void *lru_get(struct lru *lru, struct smtp_span key);

/* Entries that were forgotten to make room. */
uint64_t lru_forgotten(const struct lru *lru);

/* Forgets the oldest one; false if there is none. */
bool lru_forget_oldest(struct lru *lru);

/* All entries, the one heard of last in front: lru_first gives the first link, lru_entry what hangs on it. */
const GList *lru_first(const struct lru *lru);
void *lru_entry(const GList *link);

#endif
