/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export.h"

#include <unistd.h>

#include "safe_name.h"
#include "transaction_json.h"

/* The index is written in pieces of about so many octets. */
#define INDEX_PIECE 65536

struct export {
    struct outdir *directory;
    int index;    /* -1: it could not be created */
    GString *out; /* of the index, not written yet */
};

struct export *export_open(const char *path)
{
    struct export *export = g_new0(struct export, 1);
    export->directory = outdir_open(path);
    export->out = g_string_new(NULL);
    export->index = outdir_failed(export->directory) ? -1 : outdir_create(export->directory, EXPORT_INDEX);
    return export;
}

struct outdir *export_directory(const struct export *export)
{
    return export->directory;
}

char *export_message_name(const struct record *record, const struct transaction *transaction)
{
    return g_strdup_printf("session-%" G_GUINT64_FORMAT "-transaction-%u%s.eml", record->id, transaction->id,
                           transaction->message->complete ? "" : ".partial");
}

char *export_attachment_name(const struct record *record, const struct transaction *transaction, const struct attachment *attachment,
                             unsigned number)
{
    char *safe = safe_name(attachment->filename);
    char *name = g_strdup_printf("session-%" G_GUINT64_FORMAT "-transaction-%u-part-%u-%s%s", record->id, transaction->id, number, safe,
                                 attachment->whole ? "" : ".partial");
    g_free(safe);
    return name;
}

static void name_attachments(const struct record *record, const struct transaction *transaction)
{
    struct mime_parts *parts = &transaction->message->parts;
    unsigned number = 0;
    for (const GList *link = parts->attachments.head; link != NULL; link = link->next) {
        struct attachment *attachment = link->data;
        number++;
        if (attachment->file == NULL)
            continue;
        char *name = export_attachment_name(record, transaction, attachment, number);
        if (outfile_name(attachment->file, name))
            attachment->path = arena_copy_text(lazy_arena_get(transaction->message->common), name);
        g_free(name);
    }
}

static void name_files(const struct record *record, const struct transaction *transaction)
{
    struct message *message = transaction->message;
    if (message == NULL || message->file == NULL)
        return;
    name_attachments(record, transaction);
    char *name = export_message_name(record, transaction);
    if (outfile_name(message->file, name))
        message->path = arena_copy_text(lazy_arena_get(message->common), name);
    g_free(name);
}

static void write_index(struct export *export)
{
    if (!outdir_failed(export->directory))
        outdir_write(export->directory, export->index, EXPORT_INDEX, export->out->str, export->out->len);
    g_string_truncate(export->out, 0);
}

void export_session(struct export *export, const struct record *record)
{
    const struct transaction_paths paths = { .directory = NULL };
    struct json json = { .out = export->out };
    for (const GList *link = record->transactions.head; link != NULL && !outdir_failed(export->directory); link = link->next) {
        name_files(record, link->data);
        transaction_json_record(&json, record, link->data, &paths);
        if (export->out->len >= INDEX_PIECE)
            write_index(export);
    }
}

bool export_close(struct export *export, const struct summary *summary)
{
    struct json json = { .out = export->out };
    summary_json(&json, summary);
    write_index(export);
    if (export->index >= 0 && close(export->index) != 0)
        outdir_fail(export->directory, EXPORT_INDEX);
    export->index = -1;
    return !outdir_failed(export->directory);
}

void export_free(struct export *export)
{
    if (export->index >= 0)
        close(export->index);
    outdir_free(export->directory);
    g_string_free(export->out, TRUE);
    g_free(export);
}
