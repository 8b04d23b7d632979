/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "language.h"
#include "safe_name.h"
#include "transaction_json.h"

/* The index is written in pieces of about so many octets. */
#define INDEX_PIECE 65536

struct export {
    struct outdir *directory;
    int index;          /* -1: it could not be created */
    GString *out;       /* of the index, not written yet */
    uint64_t on_disk;   /* octets of the index: whole records, */
    uint64_t begun;     /* and so many of one that is not whole yet */
    struct arena_pool *pool; /* of the record that is being written */
    uint64_t mails;     /* whose file has its name */
    bool told;          /* the problem says how many */
};

struct export *export_open(const char *path)
{
    struct export *export = g_new0(struct export, 1);
    export->directory = outdir_open(path);
    export->out = g_string_new(NULL);
    export->index = outdir_failed(export->directory) ? -1 : outdir_create(export->directory, EXPORT_INDEX);
    export->told = export->index < 0; /* of none */
    if (export->index < 0 && errno == EEXIST)
        outdir_add_to_problem(export->directory, _("mails were written there before: name another folder, or see what is there with --verify"));
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

/* The message first: it is the evidence, and holds its attachments. Returns false where that fails. */
static bool name_files(struct export *export, const struct record *record, const struct transaction *transaction)
{
    struct message *message = transaction->message;
    if (message == NULL || message->file == NULL)
        return true;
    char *name = export_message_name(record, transaction);
    bool named = outfile_name(message->file, name);
    if (named) {
        message->path = arena_copy_text(lazy_arena_get(message->common), name);
        export->mails++;
        name_attachments(record, transaction);
    }
    g_free(name);
    return named;
}

/*
 * Also where something else has failed: what was written has its records. What cannot be written now is tried again at the end, but for a
 * record of which a part was let go.
 */
static void write_index(struct export *export, bool whole)
{
    if (export->index < 0)
        return;
    if (export->out->len == 0 || outdir_write(export->directory, export->index, EXPORT_INDEX, export->out->str, export->out->len)) {
        export->begun += export->out->len;
        g_string_truncate(export->out, 0);
        export->on_disk += whole ? export->begun : 0;
        export->begun = whole ? 0 : export->begun;
        return;
    }
    bool half = ftruncate(export->index, (off_t)export->on_disk) != 0 || lseek(export->index, 0, SEEK_END) < 0;
    if (half || export->begun > 0) {
        close(export->index);
        export->index = -1;
    }
}

/* A record may be larger than what there is memory for: a mail may have any number of recipients. */
static void relieve(void *context)
{
    struct export *export = context;
    if (export->out->len < INDEX_PIECE)
        return;
    write_index(export, false);
    arena_pool_cool(export->pool);
}

/* Whoever reads that something failed wants to know what there is. */
static void tell_what_there_is(struct export *export)
{
    if (export->told || !outdir_failed(export->directory))
        return;
    char *words = g_strdup_printf(language_plural("%" PRIu64 " mail was written before; the index ends without a summary",
                                                  "%" PRIu64 " mails were written before; the index ends without a summary", export->mails),
                                  export->mails);
    outdir_add_to_problem(export->directory, words);
    g_free(words);
    export->told = true;
}

void export_session(struct export *export, const struct record *record)
{
    const struct transaction_paths paths = { .directory = NULL };
    const struct relief relief = { .give = relieve, .context = export };
    struct json json = { .out = export->out, .relief = &relief };
    export->pool = record->options->message.pool;
    for (const GList *link = record->transactions.head; link != NULL && !outdir_failed(export->directory); link = record_next(record, link)) {
        if (!name_files(export, record, link->data))
            break;
        transaction_json_record(&json, record, link->data, &paths);
        if (export->out->len >= INDEX_PIECE)
            write_index(export, true);
    }
    write_index(export, true);
    tell_what_there_is(export);
}

bool export_close(struct export *export, const struct summary *summary)
{
    struct json json = { .out = export->out };
    if (!outdir_failed(export->directory))
        summary_json(&json, summary);
    write_index(export, true);
    if (export->index >= 0 && close(export->index) != 0)
        outdir_fail(export->directory, EXPORT_INDEX);
    export->index = -1;
    tell_what_there_is(export);
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
