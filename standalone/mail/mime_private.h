/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MIME_PRIVATE_H
#define SMTPSCOPE_MIME_PRIVATE_H

/* What mime.c, which finds the parts, and mime_inside.c, which opens those that are encoded, know of each other. */

#include "mime.h"

/* Where a message stands: alone, or inside of another one. */
struct mime_place {
    struct mime_parts *parts;
    struct lazy_arena *arena;
    struct outdir *directory;
    uint64_t *leaves; /* where they are counted */
    unsigned above;   /* levels around it */
    unsigned takers;  /* of them that every octet is given to */
};

struct mime *mime_begin(const struct mime_place *place);

/* In place of a header of its own: what comes is the body of a multipart. */
void mime_begin_multipart(struct mime *mime, const char *boundary, bool digest);

/*
 * The body of a message, or of a multipart, in base64 or quoted-printable, which neither may be (RFC 2046 sections 5.1 and 5.2.1; a
 * message/global may, RFC 6532 section 3.7), and sometimes is. It is looked into twice where that is needed: decoded, and as it stands, as
 * the encoding may not be true. Of those that stand in each other only MIME_TWICE_LIMIT are, as twice of twice of twice would take for
 * ever: behind that one way is chosen, and MIME_LIMIT_DEPTH says so.
 */
struct mime_inside;

/* `outer`: where the message stands whose part has `entity`; `depth`: its levels around the part, `takers` of which every octet is given to. */
struct mime_inside *mime_inside_new(const struct mime_place *outer, unsigned depth, unsigned takers, const struct mime_entity *entity);

void mime_inside_add(struct mime_inside *inside, struct smtp_span octets);

/* Octets that it takes, with all that is in it. */
size_t mime_inside_memory(const struct mime_inside *inside);

/* No more octets come; frees it. `whole`: none is missing. */
void mime_inside_end(struct mime_inside *inside, bool whole);

#endif
