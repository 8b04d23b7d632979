/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attachment.h"

#include <string.h>

#include "digest.h"

/* Octets are decoded in pieces of so many: each decoder keeps memory for one. */
#define DECODED_AT_ONCE ((size_t)4096)

struct attachment_writer {
    struct attachment *attachment;
    struct digest *digest;
    GMimeFilter *decoder; /* NULL: they are as they are */
};

struct attachment_writer *attachment_begin(struct arena *arena, const struct mime_entity *entity, struct outdir *directory,
                                           struct arena_pool *pool)
{
    struct attachment *attachment = arena_take(arena, sizeof *attachment);
    attachment->link.data = attachment;
    attachment->content_type = arena_copy(arena, smtp_span_of_text(entity->type));
    if (entity->filename != NULL)
        attachment->filename = arena_copy(arena, smtp_span_of_text(entity->filename));
    if (directory != NULL)
        attachment->file = outfile_new(directory, pool);
    struct attachment_writer *writer = g_new0(struct attachment_writer, 1);
    writer->attachment = attachment;
    writer->digest = digest_new();
    if (mime_entity_is_encoded(entity))
        writer->decoder = g_mime_filter_basic_new(entity->encoding, FALSE);
    return writer;
}

GList *attachment_link(const struct attachment_writer *writer)
{
    return &writer->attachment->link;
}

static void take_decoded(struct attachment_writer *writer, struct smtp_span octets)
{
    writer->attachment->octets += octets.length;
    digest_add(writer->digest, octets);
    if (writer->attachment->file != NULL)
        outfile_add(writer->attachment->file, octets);
}

static void decode(struct attachment_writer *writer, struct smtp_span octets)
{
    char encoded[DECODED_AT_ONCE];
    while (octets.length > 0) {
        struct smtp_span now = smtp_span_first(octets, MIN(octets.length, sizeof encoded));
        char *decoded;
        size_t length, before;
        memcpy(encoded, now.octets, now.length); /* a filter may write to what it reads */
        g_mime_filter_filter(writer->decoder, encoded, now.length, 0, &decoded, &length, &before);
        take_decoded(writer, smtp_span(decoded, length));
        octets = smtp_span_from(octets, now.length);
    }
}

void attachment_add(struct attachment_writer *writer, struct smtp_span octets)
{
    if (writer->decoder != NULL)
        decode(writer, octets);
    else
        take_decoded(writer, octets);
}

static void flush_decoder(struct attachment_writer *writer)
{
    char nothing[1] = "";
    char *decoded;
    size_t length, before;
    g_mime_filter_complete(writer->decoder, nothing, 0, 0, &decoded, &length, &before);
    take_decoded(writer, smtp_span(decoded, length));
    g_object_unref(writer->decoder);
}

void attachment_end(struct attachment_writer *writer, bool whole)
{
    struct attachment *attachment = writer->attachment;
    if (writer->decoder != NULL)
        flush_decoder(writer);
    char *sha256 = digest_end(writer->digest);
    attachment->whole = whole;
    g_strlcpy(attachment->sha256, sha256, sizeof attachment->sha256);
    g_free(sha256);
    if (attachment->file != NULL)
        outfile_end(attachment->file);
    g_free(writer);
}
