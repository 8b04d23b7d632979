/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_STREAM_BUFFER_H
#define SMTPSCOPE_STREAM_BUFFER_H

/*
 * The octets of one half-stream that cannot be used yet, the holes among them, and the frames that octets came in.
 */

#include <glib.h>
#include <stdbool.h>

#include "span.h"
#include "tcp.h"

/* Octets of the stream that stand together. `length` 0: only the place counts (a hole in front, nothing behind yet). */
struct run {
    uint64_t offset;
    size_t length;
};

/* Where a frame begins in the stream. */
struct mark {
    uint64_t offset;
    struct place place;
};

/* Marks that need no memory of their own: as many as a dialogue needs that is not held up. */
#define STREAM_BUFFER_MARKS 4

/* All zero: empty. It must not be moved once it is used. */
struct stream_buffer {
    GByteArray *octets;  /* NULL until something must wait */
    size_t start;        /* of what waits, in `octets` */
    unsigned run_count;  /* stretches without holes: the first one, and the others in order */
    struct run first;
    GArray *others;      /* struct run; NULL until there are some */
    unsigned used_others;/* those in front of it are used up */
    unsigned mark_count, mark_capacity;
    struct mark *marks;  /* `own`, or memory of its own */
    struct mark own[STREAM_BUFFER_MARKS];
};

void stream_buffer_clear(struct stream_buffer *buffer);

/* Notes that the octets from `offset` on came in this frame. */
void stream_buffer_mark(struct stream_buffer *buffer, uint64_t offset, struct place place);

/* Forgets marks before `offset`, but for those that an octet at `offset`, or in front of it, needs. */
void stream_buffer_forget_marks(struct stream_buffer *buffer, uint64_t offset);

/* The frame and time of the octet at `offset`; zeros if nothing is known. */
struct place stream_buffer_place(const struct stream_buffer *buffer, uint64_t offset);

/* Octets at `offset` wait; a hole is where they do not follow the last ones. */
void stream_buffer_append(struct stream_buffer *buffer, uint64_t offset, struct smtp_span octets);

/* The first run, as a span into the buffer (valid until it changes). False if nothing waits. */
bool stream_buffer_first(const struct stream_buffer *buffer, struct run *run, struct smtp_span *octets);

/* Whether a hole follows the first run. */
bool stream_buffer_hole_follows(const struct stream_buffer *buffer);

/* Takes `count` octets off the first run, and the run itself once it is empty and another follows. */
void stream_buffer_take(struct stream_buffer *buffer, size_t count);

/* Octets that wait. */
size_t stream_buffer_waiting(const struct stream_buffer *buffer);

/* What they take in memory, with what tells of them. */
size_t stream_buffer_memory(const struct stream_buffer *buffer);

#endif
