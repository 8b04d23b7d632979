/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_HEADER_FILTER_H
#define SMTPSCOPE_HEADER_FILTER_H

/*
 * Keeps the fields of a message's header that are wanted, while its octets come, however they are cut. What stands between them and in
 * front of them, however much that is, is passed over.
 */

#include <glib.h>
#include <stdbool.h>

#include "span.h"

/* Octets that are kept, at the most. */
#define HEADER_FILTER_LIMIT ((size_t)65536)

/* So many of them are there for each name of which no field was seen yet: no field can take the room of all others. */
#define HEADER_FILTER_RESERVED ((size_t)1024)

/* The fields that are wanted. */
struct header_names {
    const char *const *names;
    unsigned count;  /* 32 at the most */
    bool first_only; /* and not a second one of its name */
};

struct header_filter {
    const struct header_names *wanted;
    GString *kept;     /* header lines, each with its end */
    uint32_t seen;     /* bits of the names of which a field came */
    size_t field;      /* where the field that comes in begins in `kept` */
    size_t room;       /* where it must end */
    uint64_t line;     /* octets of the line so far */
    uint8_t mode, last;
    bool cut;          /* not all of what is wanted was kept */
};

/* `wanted` must outlive it. */
struct header_filter *header_filter_new(const struct header_names *wanted);
void header_filter_free(struct header_filter *filter);

/* Returns whether the header ended: nothing more must be added. */
bool header_filter_add(struct header_filter *filter, struct smtp_span octets);

/* A hole: what of a line came in front of it is dropped. */
void header_filter_gap(struct header_filter *filter);

#endif
