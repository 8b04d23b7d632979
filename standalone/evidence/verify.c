/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "export.h"
#include "index_reader.h"
#include "index_summary.h"
#include "key_table.h"
#include "language.h"
#include "summary.h"
#include "transaction_json.h"

#define READ_AT_ONCE 65536

/* The summary's line may take this part of the memory that may be taken for it; the rest is for what is made of it. */
#define LINE_PART 16

struct verify {
    int directory;
    void (*report)(void *context, const struct verification *verification);
    void *context;
    struct key_table *index;    /* enum entry_mark, by a record's numbers */
    struct key_table *contents; /* a mark for each record with all it says */
    struct key_table *expected; /* a mark for each name of a file that should be, or may be, there */
    GArray *extra;              /* struct index_entry, while the index is read again for them; else NULL */
    uint64_t left;              /* records of the index that no mail came for yet */
    uint64_t memory;      /* octets, for the index's summary */
    bool readable;        /* the index */
    GString *summary;     /* the index's line; NULL: it has none, or one that is too long */
    uint64_t summary_line; /* 0: there was none */
};

static const struct {
    const char *name, *text;
} notes[] = {
    [VERIFY_NOTE_NO_RECORD] = { "no-record", N_("is no record of an index") },
    [VERIFY_NOTE_TOO_LARGE] = { "too-large", N_("takes more than --memory-limit leaves for it") },
    [VERIFY_NOTE_UNFINISHED] = { "unfinished", N_("the index has none: the run that wrote it did not finish") },
    [VERIFY_NOTE_DIGESTS_UNUSED] = { "digests-unused", N_("it has digests of captures that were not compared: --hash-input does that") },
    [VERIFY_NOTE_OTHER_VERSION] = { "other-version", N_("another version of smtpscope wrote it") },
    [VERIFY_NOTE_NO_LINE_END] = { "no-line-end", N_("has no line end: something behind it was cut off") },
};

const char *verify_note_name(enum verify_note note)
{
    return notes[note].name;
}

const char *verify_note_text(enum verify_note note)
{
    return notes[note].text;
}

/* ---- the index ---- */

/* What is remembered of a record of the index: there may be any number of them. */
enum entry_mark {
    ENTRY_THERE = 1,
    ENTRY_ATTACHMENTS = 2, /* they have paths */
    ENTRY_DONE = 4,        /* its mail came, or it was called extra */
};

static struct key key_of_numbers(uint64_t session, uint64_t transaction)
{
    const uint64_t numbers[] = { session, transaction };
    return key_of(smtp_span(numbers, sizeof numbers));
}

static struct key key_of_content(const struct index_entry *entry)
{
    struct {
        uint64_t session, transaction;
        char digest[sizeof entry->digest];
    } content;
    memset(&content, 0, sizeof content);
    content.session = entry->session;
    content.transaction = entry->transaction;
    memcpy(content.digest, entry->digest, sizeof content.digest);
    return key_of(smtp_span(&content, sizeof content));
}

static void report_index(struct verify *verify, uint64_t session, uint64_t transaction, enum verify_result result)
{
    const struct verification verification = { .what = "index", .path = EXPORT_INDEX, .session = session,
                                               .transaction = (uint32_t)transaction, .result = result };
    verify->report(verify->context, &verification);
}

static void report_line(struct verify *verify, const char *what, uint64_t line, enum verify_result result, unsigned all_notes)
{
    const struct verification verification = { .what = what, .path = EXPORT_INDEX, .line = line, .result = result, .notes = all_notes };
    verify->report(verify->context, &verification);
}

/* The first one counts. */
static void take_summary(struct verify *verify, const struct index_line *line)
{
    if (verify->summary_line > 0) {
        report_line(verify, "summary", line->number, VERIFY_EXTRA, 0);
        return;
    }
    verify->summary_line = line->number;
    if (line->text.octets != NULL)
        verify->summary = g_string_new_len((const char *)line->text.octets, (gssize)line->text.length);
    else
        report_line(verify, "summary", line->number, VERIFY_UNREADABLE, 1u << VERIFY_NOTE_TOO_LARGE);
}

/* Two records with the same numbers: the second one is extra. */
static void take_message(struct verify *verify, const struct index_entry *entry)
{
    const struct key numbers = key_of_numbers(entry->session, entry->transaction);
    const struct key content = key_of_content(entry);
    if (key_table_find(verify->index, &numbers) != 0) {
        report_index(verify, entry->session, entry->transaction, VERIFY_EXTRA);
        return;
    }
    key_table_set(verify->index, &numbers, ENTRY_THERE | (entry->attachments ? ENTRY_ATTACHMENTS : 0));
    key_table_set(verify->contents, &content, ENTRY_THERE);
    verify->left++;
}

static void note_done(struct verify *verify, const struct key *numbers, uint32_t mark)
{
    if (!(mark & ENTRY_THERE) || (mark & ENTRY_DONE))
        return;
    key_table_set(verify->index, numbers, mark | ENTRY_DONE);
    verify->left--;
}

static void take_line(void *context, const struct index_line *line)
{
    struct verify *verify = context;
    if (!line->ended && line->kind != INDEX_NO_RECORD)
        report_line(verify, "index", line->number, VERIFY_DIFFERS, 1u << VERIFY_NOTE_NO_LINE_END);
    switch (line->kind) {
    case INDEX_NO_RECORD:
        report_line(verify, "index", line->number, VERIFY_DIFFERS, 1u << VERIFY_NOTE_NO_RECORD);
        break;
    case INDEX_MESSAGE:
        take_message(verify, &line->entry);
        break;
    case INDEX_SUMMARY:
        take_summary(verify, line);
        break;
    }
}

/* A regular file of the directory, no link; -1 with errno set. */
static int open_file(const struct verify *verify, const char *name)
{
    struct stat status;
    int descriptor = openat(verify->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0 && (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(descriptor);
        descriptor = -1;
        errno = EINVAL;
    }
    return descriptor;
}

static void read_index(struct verify *verify)
{
    int descriptor = open_file(verify, EXPORT_INDEX);
    if (descriptor < 0) {
        report_index(verify, 0, 0, errno == ENOENT ? VERIFY_MISSING : VERIFY_UNREADABLE);
        return;
    }
    verify->readable = index_read(descriptor, verify->memory / LINE_PART, take_line, verify);
    if (!verify->readable)
        report_index(verify, 0, 0, VERIFY_UNREADABLE);
    close(descriptor);
}

/* A record on its way to the digest: it may be larger than what there is memory for. */
struct passing {
    GString *out;
    struct index_record *record;
    struct arena_pool *pool;
};

static void pass_on(void *context)
{
    struct passing *passing = context;
    if (passing->out->len < RELIEF_OCTETS)
        return;
    index_record_add(passing->record, smtp_span(passing->out->str, passing->out->len));
    g_string_truncate(passing->out, 0);
    arena_pool_cool(passing->pool);
}

/* The record of a transaction, as it would be written to the index now. */
static bool agrees_with_index(const struct verify *verify, const struct record *record, const struct transaction *transaction)
{
    const struct transaction_paths paths = { .directory = NULL };
    struct passing passing = { .out = g_string_new(NULL), .record = index_record_begin(), .pool = record->options->message.pool };
    const struct relief relief = { .give = pass_on, .context = &passing };
    struct json json = { .out = passing.out, .relief = &relief };
    struct index_entry now;
    transaction_json_record(&json, record, transaction, &paths);
    index_record_add(passing.record, smtp_span(passing.out->str, passing.out->len - 1)); /* not the line end */
    bool good = index_record_end(passing.record, &now) == INDEX_MESSAGE;
    const struct key content = key_of_content(&now);
    g_string_free(passing.out, TRUE);
    return good && key_table_find(verify->contents, &content) != 0;
}

/* ---- files ---- */

/* Its digest; NULL, with errno set, where it cannot be read. */
static char *digest_of_file(const struct verify *verify, const char *name)
{
    uint8_t octets[READ_AT_ONCE];
    ssize_t got = 0;
    int descriptor = open_file(verify, name);
    if (descriptor < 0)
        return NULL;
    struct digest *digest = digest_new();
    while ((got = read(descriptor, octets, sizeof octets)) > 0 || (got < 0 && errno == EINTR))
        digest_add(digest, smtp_span(octets, got > 0 ? (size_t)got : 0));
    int reason = errno;
    close(descriptor);
    char *hex = digest_end(digest);
    if (got < 0) {
        g_free(hex);
        errno = reason;
        return NULL;
    }
    return hex;
}

/* `needed`: that it is not there is worth a word. Takes the name. */
static void check_file(struct verify *verify, struct verification *verification, char *name, bool needed)
{
    char *found = digest_of_file(verify, name);
    bool missing = found == NULL && errno == ENOENT;
    verification->path = name;
    verification->found = found;
    if (found == NULL)
        verification->result = missing ? VERIFY_MISSING : VERIFY_UNREADABLE;
    else
        verification->result = strcmp(found, verification->expected) == 0 ? VERIFY_AGREES : VERIFY_DIFFERS;
    if (needed || !missing)
        verify->report(verify->context, verification);
    g_free(found);
    const struct key key = key_of(smtp_span_of_text(name));
    key_table_set(verify->expected, &key, 1);
    g_free(name);
}

/* ---- sessions ---- */

static void check_attachments(struct verify *verify, const struct record *record, const struct transaction *transaction, bool needed)
{
    unsigned number = 0;
    for (const GList *link = transaction->message->parts.attachments.head; link != NULL; link = link->next) {
        struct attachment *attachment = link->data;
        char *name = export_attachment_name(record, transaction, attachment, ++number);
        if (needed)
            attachment->path = arena_copy_text(lazy_arena_get(transaction->message->common), name);
        struct verification verification = { .what = "attachment", .session = record->id, .transaction = transaction->id,
                                             .expected = attachment->sha256 };
        check_file(verify, &verification, name, needed);
    }
}

static void check_transaction(struct verify *verify, const struct record *record, const struct transaction *transaction)
{
    const struct key numbers = key_of_numbers(record->id, transaction->id);
    uint32_t entry = key_table_find(verify->index, &numbers);
    struct message *message = transaction->message;
    if (message != NULL) {
        struct verification verification = { .what = "message", .session = record->id, .transaction = transaction->id,
                                             .expected = message->sha256 };
        char *name = export_message_name(record, transaction);
        message->path = arena_copy_text(lazy_arena_get(message->common), name);
        check_file(verify, &verification, name, true);
        check_attachments(verify, record, transaction, (entry & ENTRY_ATTACHMENTS) != 0);
    }
    if (entry == 0)
        report_index(verify, record->id, transaction->id, VERIFY_MISSING);
    else
        report_index(verify, record->id, transaction->id, agrees_with_index(verify, record, transaction) ? VERIFY_AGREES : VERIFY_DIFFERS);
    note_done(verify, &numbers, entry);
}

void verify_session(struct verify *verify, const struct record *record)
{
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link))
        check_transaction(verify, record, link->data);
}

/* ---- the directory ---- */

struct verify *verify_open(const char *path, uint64_t memory, struct arena_pool *pool, void (*report)(void *context, const struct verification *verification), void *context)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return NULL;
    struct verify *verify = g_new0(struct verify, 1);
    verify->directory = directory;
    verify->report = report;
    verify->context = context;
    verify->memory = memory;
    verify->index = key_table_new(pool);
    verify->contents = key_table_new(pool);
    verify->expected = key_table_new(pool);
    read_index(verify);
    return verify;
}

static int by_numbers(const void *one, const void *other)
{
    const struct index_entry *a = one;
    const struct index_entry *b = other;
    if (a->session != b->session)
        return a->session < b->session ? -1 : 1;
    return a->transaction < b->transaction ? -1 : a->transaction > b->transaction;
}

/* A line of the index again: is it a record that no mail came for? */
static void take_extra(void *context, const struct index_line *line)
{
    struct verify *verify = context;
    const struct key numbers = key_of_numbers(line->entry.session, line->entry.transaction);
    uint32_t mark = line->kind == INDEX_MESSAGE ? key_table_find(verify->index, &numbers) : 0;
    if ((mark & ENTRY_DONE) || mark == 0)
        return;
    note_done(verify, &numbers, mark);
    g_array_append_val(verify->extra, line->entry);
}

static void report_extra_entries(struct verify *verify)
{
    int descriptor = verify->left > 0 ? open_file(verify, EXPORT_INDEX) : -1;
    if (descriptor < 0)
        return;
    verify->extra = g_array_new(FALSE, FALSE, sizeof(struct index_entry));
    index_read(descriptor, 0, take_extra, verify);
    close(descriptor);
    g_array_sort(verify->extra, by_numbers);
    for (guint i = 0; i < verify->extra->len; i++) {
        const struct index_entry *entry = &g_array_index(verify->extra, struct index_entry, i);
        report_index(verify, entry->session, entry->transaction, VERIFY_EXTRA);
    }
    g_array_free(verify->extra, TRUE);
    verify->extra = NULL;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static void report_extra_files(struct verify *verify)
{
    int descriptor = dup(verify->directory);
    DIR *names = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    GPtrArray *extra = g_ptr_array_new_with_free_func(g_free);
    const struct dirent *entry;
    while (names != NULL && (entry = readdir(names)) != NULL) {
        const struct key name = key_of(smtp_span_of_text(entry->d_name));
        bool known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, EXPORT_INDEX) == 0
                     || key_table_find(verify->expected, &name) != 0;
        if (!known)
            g_ptr_array_add(extra, g_strdup(entry->d_name));
    }
    if (names != NULL)
        closedir(names);
    g_ptr_array_sort(extra, by_name);
    for (guint i = 0; i < extra->len; i++) {
        const struct verification verification = { .what = "other", .path = extra->pdata[i], .result = VERIFY_EXTRA };
        verify->report(verify->context, &verification);
    }
    g_ptr_array_free(extra, TRUE);
}

void verify_finish(struct verify *verify)
{
    report_extra_entries(verify);
    report_extra_files(verify);
}

static void judge_summary(const struct index_summary *compared, struct verification *verification)
{
    verification->keys = (char *const *)compared->keys->pdata;
    verification->key_count = compared->keys->len;
    verification->result = compared->keys->len > 0 ? VERIFY_DIFFERS : VERIFY_AGREES;
    if (compared->digests_unused && verification->result == VERIFY_AGREES)
        verification->notes |= 1u << VERIFY_NOTE_DIGESTS_UNUSED;
    if (compared->other_version)
        verification->notes |= 1u << VERIFY_NOTE_OTHER_VERSION;
}

static void compare_summary(struct verify *verify, const struct summary *summary)
{
    struct verification verification = { .what = "summary", .path = EXPORT_INDEX, .line = verify->summary_line };
    struct json json = { .out = g_string_new(NULL) };
    struct index_summary compared;
    summary_json(&json, summary);
    switch (index_summary_compare(smtp_span(verify->summary->str, verify->summary->len), smtp_span(json.out->str, json.out->len),
                                  verify->memory, &compared)) {
    case INDEX_SUMMARY_COMPARED:
        judge_summary(&compared, &verification);
        break;
    case INDEX_SUMMARY_NO_RECORD:
        verification.result = VERIFY_DIFFERS;
        verification.notes = 1u << VERIFY_NOTE_NO_RECORD;
        break;
    case INDEX_SUMMARY_TOO_LARGE:
        verification.result = VERIFY_UNREADABLE;
        verification.notes = 1u << VERIFY_NOTE_TOO_LARGE;
        break;
    }
    verify->report(verify->context, &verification);
    g_ptr_array_unref(compared.keys);
    g_string_free(json.out, TRUE);
}

void verify_summary(struct verify *verify, const struct summary *summary)
{
    if (verify->summary != NULL)
        compare_summary(verify, summary);
    else if (verify->readable && verify->summary_line == 0)
        report_line(verify, "summary", 0, VERIFY_MISSING, 1u << VERIFY_NOTE_UNFINISHED);
}

void verify_free(struct verify *verify)
{
    if (verify->summary != NULL)
        g_string_free(verify->summary, TRUE);
    close(verify->directory);
    key_table_free(verify->index);
    key_table_free(verify->contents);
    key_table_free(verify->expected);
    g_free(verify);
}
