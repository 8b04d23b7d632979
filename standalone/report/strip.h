/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_STRIP_H
#define SMTPSCOPE_STRIP_H

/*
 * Text that grows at its end and is read once, as a whole: some of it in memory, the rest in a temporary file without a
 * name.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "span.h"

/* Octets that are in memory at the most. */
#define STRIP_MEMORY ((size_t)32 * 1024)

struct strip;

struct strip *strip_new(void);
void strip_free(struct strip *strip); /* `strip` may be NULL */

/* False, with errno set: it could not be kept. */
bool strip_add(struct strip *strip, struct smtp_span text);

/* Writes all of it to `out`. False, with errno set: it could not be read, or written. */
bool strip_give(struct strip *strip, FILE *out);

#endif
