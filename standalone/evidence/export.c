/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Of those without a message there may be very many: their records may wait for others. */
static void write_transaction(struct export *export, const struct record *record, struct transaction *transaction)
{
    const struct transaction_paths paths = { .directory = NULL };
    const struct relief relief = { .give = relieve, .context = export };
    struct json json = { .out = export->out, .relief = &relief };
    export->pool = record->options->message.pool;
    if (name_files(export, record, transaction)) {
        transaction_json_record(&json, record, transaction, &paths);
        transaction->indexed = true;
    }
    if (transaction->message != NULL || export->out->len >= INDEX_PIECE)
        write_index(export, true);
}

void export_transaction(struct export *export, const struct record *record, struct transaction *transaction)
{
    if (!transaction->indexed && !outdir_failed(export->directory))
        write_transaction(export, record, transaction);
    tell_what_there_is(export);
}

void export_forget(struct transaction *transaction)
{
    struct message *message = transaction->message;
    if (message == NULL)
        return;
    if (message->file != NULL)
        outfile_free(message->file);
    message->file = NULL;
    for (GList *link = message->parts.attachments.head; link != NULL; link = link->next) {
        struct attachment *attachment = link->data;
        if (attachment->file != NULL)
            outfile_free(attachment->file);
        attachment->file = NULL;
    }
}

void export_session(struct export *export, const struct record *record)
{
    for (const GList *link = record->account.mails.list.head; link != NULL && !outdir_failed(export->directory);
         link = record_next(record, link))
        export_transaction(export, record, link->data);
    write_index(export, true);
    tell_what_there_is(export);
}

/* So that the same directory can be named again. */
static void leave_nothing(struct export *export)
{
    if (export->index < 0)
        return;
    close(export->index);
    export->index = -1;
    outdir_remove(export->directory, EXPORT_INDEX);
    outdir_remove_if_made(export->directory);
}

bool export_close(struct export *export, const struct summary *summary)
{
    if (summary->totals.captures == 0) {
        leave_nothing(export);
        return !outdir_failed(export->directory);
    }
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

/* ---- what others wrote ---- */

/* In an index each record of a mail has it, and so has no list of mails that was printed elsewhere. */
#define INDEX_MARK "\"file_sha256\":"

static bool holds(FILE *file, const char *mark)
{
    char piece[INDEX_PIECE];
    size_t kept = 0;
    size_t got = 0;
    while ((got = fread(piece + kept, 1, sizeof piece - kept, file)) > 0) {
        size_t length = kept + got;
        if (memmem(piece, length, mark, strlen(mark)) != NULL)
            return true;
        kept = MIN(length, strlen(mark) - 1);
        memmove(piece, piece + length - kept, kept);
    }
    return false;
}

/* Of no mail at all, it is its summary alone. */
static bool is_index(const char *path)
{
    static const char summary[] = "{\"record\":\"summary\",";
    char head[sizeof summary - 1];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t length = fread(head, 1, sizeof head, file);
    rewind(file);
    bool is = (length == sizeof head && memcmp(head, summary, length) == 0) || holds(file, INDEX_MARK);
    fclose(file);
    return is;
}

/* "session-1-transaction-2", and anything behind it. */
static bool names_mail(const char *name)
{
    static const char *const words[] = { "session-", "-transaction-" };
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!g_str_has_prefix(name, words[i]) || !g_ascii_isdigit(name[strlen(words[i])]))
            return false;
        name += strlen(words[i]);
        name += strspn(name, "0123456789");
    }
    return true;
}

bool export_has_written(const char *path)
{
    char *real = realpath(path, NULL);
    const char *slash = real != NULL ? strrchr(real, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : path;
    bool written = names_mail(name) || g_str_has_prefix(name, OUTDIR_TEMPORARY) || (strcmp(name, EXPORT_INDEX) == 0 && is_index(path));
    free(real);
    return written;
}
