/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MIME_H
#define SMTPSCOPE_MIME_H

/*
 * Finds the attachments of a message while its octets come (RFC 2045, 2046). GMime's parser wants a message as a whole, and keeps a tree
 * of it; here only boundaries are looked for, whatever the size, the depth and the number of parts. What a header says and how a body
 * is decoded is GMime's to tell (mime_entity.c, body_decoder.c). A message that is encoded as a
 * whole is opened all the same (mime_private.h).
 */

#include "attachment.h"

/* Parts in parts in parts: what is deeper is not opened. */
#define MIME_DEPTH_LIMIT 50u

/* Of those in each other, messages that are attachments or encoded: every octet of the innermost costs time for each. */
#define MIME_TAKERS_LIMIT 10u

/* Bodies in each other that are read decoded and as they stand. */
#define MIME_TWICE_LIMIT 4u

/* Attachments of a message that are listed. */
#define MIME_ATTACHMENTS_LIMIT 10000u

/* Octets of a header field that are looked at; of a longer one the first, and so many of the last, as there a name ends. */
#define MIME_FIELD_LIMIT ((size_t)8192)
#define MIME_FIELD_ENDING ((size_t)1024)

/* Where a limit was met, and there may be more than was found. */
enum mime_limit {
    MIME_LIMIT_DEPTH = 1,
    MIME_LIMIT_ATTACHMENTS = 2,
    MIME_LIMIT_FIELD = 4,
    MIME_LIMIT_ENCODING = 8, /* an attachment could not be decoded to its last octet */
};

/* What was found, in an arena of the message's. Zero: nothing yet. */
struct mime_parts {
    GQueue attachments;  /* struct attachment, in the order in which they begin */
    unsigned limits;     /* enum mime_limit */
    unsigned twice;      /* bodies that are being read in two ways, one in the other */
    uint64_t leaves;     /* bodies that are no parts or messages themselves, and have octets; of a message as a whole, too */
};

/* Frees the attachments' files. */
void mime_parts_free(struct mime_parts *parts);

struct mime;

/* A message begins. All must outlive it. `directory`: attachments become files there; NULL: they do not. */
struct mime *mime_new(struct mime_parts *parts, struct lazy_arena *arena, struct outdir *directory);

void mime_add(struct mime *mime, struct smtp_span octets);

/* Octets that it takes, those in arenas aside. */
size_t mime_memory(const struct mime *mime);

/* No more octets come, or none that can be understood; frees it. `whole`: the message is there to its end. */
void mime_end(struct mime *mime, bool whole);

#endif
