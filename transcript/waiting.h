/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_WAITING_H
#define TRANSCRIPT_WAITING_H

/* Octets of a half-stream that the core cannot take yet, and the holes among them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/* Changes the size of memory, as realloc does; `octets` 0 gives it back. Never fails. */
typedef void *smtp_resize(void *memory, size_t octets);

/* Octets that stand together. `length` 0: a hole in front of it, nothing behind yet. */
struct smtp_waiting_run {
    uint64_t offset;
    size_t length;
};

/* All zero: nothing waits. What it points to may be copied with smtp_waiting_copy only. */
struct smtp_waiting {
    uint8_t *octets;
    size_t start, end, capacity;
    struct smtp_waiting_run *runs;
    unsigned run_start, run_end, run_capacity;
};

/* Octets at `offset` wait; a hole is where they do not follow the last ones. */
void smtp_waiting_append(struct smtp_waiting *waiting, smtp_resize *resize, uint64_t offset, struct smtp_span octets);

/* The octets of the first run (valid until something changes). False if nothing waits. */
bool smtp_waiting_first(const struct smtp_waiting *waiting, uint64_t *offset, struct smtp_span *octets);

/* Whether a hole follows the first run. */
bool smtp_waiting_hole_follows(const struct smtp_waiting *waiting);

/* Takes octets off the first run, and the run itself once it is empty. */
void smtp_waiting_take(struct smtp_waiting *waiting, smtp_resize *resize, size_t octets);

/* Octets that wait. */
size_t smtp_waiting_octets(const struct smtp_waiting *waiting);

/* Those, and octets of memory for what tells of them. */
size_t smtp_waiting_needs(const struct smtp_waiting *waiting);

/* Octets of memory that it has. */
size_t smtp_waiting_memory(const struct smtp_waiting *waiting);

/* A copy with memory of its own. */
struct smtp_waiting smtp_waiting_copy(const struct smtp_waiting *waiting, smtp_resize *resize);

/* Nothing waits any more; its memory is given back. */
void smtp_waiting_free(struct smtp_waiting *waiting, smtp_resize *resize);

#endif
