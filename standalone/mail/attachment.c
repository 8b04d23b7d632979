/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attachment.h"

#include "body_decoder.h"
#include "digest.h"

/* Of a writer, its digest, and what the allocator adds. */
#define ATTACHMENT_HEAP ((size_t)384)

struct attachment_writer {
    struct attachment *attachment;
    struct digest *digest;
    struct body_decoder *decoder; /* NULL: they are as they are */
};

static void take_decoded(void *context, struct smtp_span octets)
{
    struct attachment_writer *writer = context;
    writer->attachment->octets += octets.length;
    digest_add(writer->digest, octets);
    if (writer->attachment->file != NULL)
        outfile_add(writer->attachment->file, octets);
}

struct attachment_writer *attachment_begin(struct arena *arena, const struct mime_entity *entity, struct outdir *directory,
                                           struct arena_pool *pool)
{
    struct attachment *attachment = arena_take(arena, sizeof *attachment);
    attachment->link.data = attachment;
    attachment->content_type = arena_copy(arena, smtp_span_of_text(entity->type));
    if (entity->filename != NULL)
        attachment->filename = arena_copy(arena, smtp_span(entity->filename->str, entity->filename->len));
    if (directory != NULL)
        attachment->file = outfile_new(arena, directory, pool);
    struct attachment_writer *writer = g_new0(struct attachment_writer, 1);
    writer->attachment = attachment;
    writer->digest = digest_new();
    if (mime_entity_is_encoded(entity))
        writer->decoder = body_decoder_new(entity->encoding, take_decoded, writer);
    return writer;
}

GList *attachment_link(const struct attachment_writer *writer)
{
    return &writer->attachment->link;
}

void attachment_add(struct attachment_writer *writer, struct smtp_span octets)
{
    if (writer->decoder != NULL)
        body_decoder_add(writer->decoder, octets);
    else
        take_decoded(writer, octets);
}

size_t attachment_memory(const struct attachment_writer *writer)
{
    return ATTACHMENT_HEAP + (writer->decoder != NULL ? body_decoder_memory(writer->decoder) : 0);
}

bool attachment_end(struct attachment_writer *writer, bool whole)
{
    struct attachment *attachment = writer->attachment;
    unsigned losses = writer->decoder != NULL ? body_decoder_end(writer->decoder, whole) : 0;
    char *sha256 = digest_end(writer->digest);
    attachment->whole = whole && !(losses & BODY_LONE_DIGIT);
    g_strlcpy(attachment->sha256, sha256, sizeof attachment->sha256);
    g_free(sha256);
    if (attachment->file != NULL)
        outfile_end(attachment->file);
    g_free(writer);
    return !whole || losses == 0;
}
