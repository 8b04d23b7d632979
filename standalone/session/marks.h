/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MARKS_H
#define SMTPSCOPE_MARKS_H

/* In which frames the octets of a half-stream came: a mark for each, as long as something may yet be told of it. */

#include <stddef.h>

#include "place.h"

/* Where a frame begins in the stream. */
struct mark {
    uint64_t offset;
    struct place place;
};

/* Marks that need no memory of their own: as many as a dialogue needs that is not held up. */
#define MARKS_OWN 4

/* All zero: empty. It must not be moved once it is used. */
struct marks {
    unsigned count, capacity;
    struct mark *first; /* `own`, or memory of its own */
    struct mark own[MARKS_OWN];
};

/* Notes that the octets from `offset` on came in this frame. */
void marks_add(struct marks *marks, uint64_t offset, struct place place);

/* Forgets marks before `offset`, but for those that an octet at `offset`, or in front of it, needs. */
void marks_forget(struct marks *marks, uint64_t offset);

/* The frame and time of the octet at `offset`; zeros if nothing is known. */
struct place marks_place(const struct marks *marks, uint64_t offset);

/* Octets of memory that they take beside this. */
size_t marks_memory(const struct marks *marks);

void marks_clear(struct marks *marks);

#endif
