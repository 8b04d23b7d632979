/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SPOOL_H
#define SMTPSCOPE_SPOOL_H

/*
 * Texts that are ready before it is their turn: a few wait in memory, the others in a temporary file without a name.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "span.h"

/* Octets that wait in memory at the most, with what is remembered of each text; of the others that is in a file, too. */
#define SPOOL_MEMORY ((size_t)2 * 1024 * 1024)

struct spool;

struct spool *spool_new(void);
void spool_free(struct spool *spool);

/* Adds to the text that is being put in. False, with errno set: it could not be kept. */
bool spool_add(struct spool *spool, struct smtp_span text);

/* What was added since the last call is the text with this number. False, with errno set: it could not be kept. */
bool spool_end(struct spool *spool, uint64_t number);

/* Writes a text to `out`, and forgets it. False, with errno set: it could not be read, or written; or there is none (ENOENT). */
bool spool_give(struct spool *spool, uint64_t number, FILE *out);

/* The same, piece by piece to whoever takes it; false from there ends it. */
typedef bool spool_taker(void *context, struct smtp_span text);
bool spool_move(struct spool *spool, uint64_t number, spool_taker *take, void *context);

#endif
