/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_WAITING_H
#define ESMTP_WAITING_H

/* Octets of a half-stream that the core cannot take yet, and the holes among them. Memory has the life of the capture file. */

#include "wireshark_compat.h"

#include "span.h"

/* Octets that stand together. `length` 0: a hole in front of it, nothing behind yet. */
struct waiting_run {
    uint64_t offset;
    size_t length;
};

/* All zero: nothing waits. */
struct waiting {
    uint8_t *octets;
    size_t start, end, capacity;
    struct waiting_run *runs;
    unsigned run_start, run_end, run_capacity;
};

/* Octets at `offset` wait; a hole is where they do not follow the last ones. */
void waiting_append(struct waiting *waiting, uint64_t offset, struct smtp_span octets);

/* The octets of the first run (valid until something changes). False if nothing waits. */
bool waiting_first(const struct waiting *waiting, uint64_t *offset, struct smtp_span *octets);

/* Whether a hole follows the first run. */
bool waiting_hole_follows(const struct waiting *waiting);

/* Takes octets off the first run, and the run itself once it is empty. */
void waiting_take(struct waiting *waiting, size_t octets);

size_t waiting_octets(const struct waiting *waiting);

/* A copy with memory of its own. */
struct waiting waiting_copy(const struct waiting *waiting);

void waiting_free(struct waiting *waiting);

#endif
