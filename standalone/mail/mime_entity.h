/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MIME_ENTITY_H
#define SMTPSCOPE_MIME_ENTITY_H

/*
 * What the header of a message, or of a part of one, says of the body behind it (RFC 2045, 2183, 2231): the fields come one by one, and
 * at the end of the header they are read. GMime reads the types, mime_parameter.c what stands behind them.
 */

#include <glib.h>
#include <gmime/gmime.h>
#include <stdbool.h>

#include "span.h"

enum mime_body {
    MIME_BODY_LEAF,
    MIME_BODY_MULTIPART, /* parts, with `boundary` between them */
    MIME_BODY_MESSAGE,   /* a message, with a header of its own */
};

struct mime_entity {
    /* The fields, unfolded; NULL: not seen. */
    GString *type_field, *disposition_field, *encoding_field;

    /* What they say, from mime_entity_read on. */
    enum mime_body body;
    char *type;     /* "text/plain" */
    char *boundary; /* of a multipart */
    GString *filename; /* decoded; any octets, not always UTF-8. NULL: none */
    bool digest;    /* multipart/digest: its parts are messages where they do not say otherwise */
    bool attachment; /* a file to whoever reads the mail: disposition `attachment`, or a file name, or no text */
    GMimeContentEncoding encoding;
};

/* Takes a field. The first of its name counts. */
void mime_entity_field(struct mime_entity *entity, struct smtp_span name, struct smtp_span value);

/* The header is over. `in_digest`: the entity is a part of a multipart/digest. */
void mime_entity_read(struct mime_entity *entity, bool in_digest);

/* Whether its body is encoded in a way that can be decoded as it comes: base64 or quoted-printable (RFC 2045 section 6). */
bool mime_entity_is_encoded(const struct mime_entity *entity);

/* Octets that it takes while fields come. */
size_t mime_entity_memory(const struct mime_entity *entity);

/* Frees what it holds; it is as new. */
void mime_entity_clear(struct mime_entity *entity);

#endif
