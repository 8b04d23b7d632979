/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SLOTS_H
#define SMTPSCOPE_SLOTS_H

/*
 * Pieces of memory of one size, for what comes and goes with every connection: what was given back last is taken first, while it is
 * still in the processor's cache. For one thread.
 */

#include <stddef.h>

struct slots;

/* `size` in octets. Memory that was taken once stays with the slots until slots_free. */
struct slots *slots_new(size_t size);

/* Every piece must have been given back. */
void slots_free(struct slots *slots);

/* A piece, aligned for anything; what is in it is anything, too. Never NULL. */
void *slots_take(struct slots *slots);

/* `piece` may be NULL. */
void slots_give(struct slots *slots, void *piece);

#endif
