/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_PLACE_H
#define TRANSCRIPT_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* A place is where octets came in: a frame, its time, and the file that it is in. */
struct place {
    uint64_t frame; /* 0: none */
    int64_t time;   /* nanoseconds since 1970 */
    uint32_t file;  /* its index among the files that are read */
    uint32_t order; /* grows with the order in which octets of both sides of a connection came; 0: nobody counts */
};

static inline bool place_same_frame(const struct place *one, const struct place *other)
{
    return one->frame == other->frame && one->file == other->file;
}

#endif
