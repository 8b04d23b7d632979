/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ATTACHMENT_H
#define SMTPSCOPE_ATTACHMENT_H

/* One attachment of a message: decoded, counted, hashed, and written to a file where that is wanted, as its octets come. */

#include <glib.h>

#include "arena.h"
#include "mime_entity.h"
#include "outfile.h"

/* All in the arena of its message, but for the file. */
struct attachment {
    GList link;
    struct smtp_span filename; /* octets NULL: none */
    struct smtp_span content_type;
    uint64_t octets;           /* decoded */
    char sha256[65];           /* of them */
    bool whole;                /* none is missing: all were captured, and the encoding ends with an octet */
    struct outfile *file;      /* NULL: none */
    const char *path;          /* the file's name in the directory; NULL: it has none yet */
};

/* What takes the octets. */
struct attachment_writer;

/* `directory`: where its file is to be; NULL: nowhere. */
struct attachment_writer *attachment_begin(struct arena *arena, const struct mime_entity *entity, struct outdir *directory,
                                           struct arena_pool *pool);

/* The attachment's link, for a list. */
GList *attachment_link(const struct attachment_writer *writer);

/* Octets as they stand in the message. */
void attachment_add(struct attachment_writer *writer, struct smtp_span octets);

/* Octets that it takes, those in arenas aside. */
size_t attachment_memory(const struct attachment_writer *writer);

/*
 * No more come; `whole`: none is missing. The writer is freed. Returns false if what is there to its end could not all be decoded
 * (body_decoder.h).
 */
bool attachment_end(struct attachment_writer *writer, bool whole);

#endif
