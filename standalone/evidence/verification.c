/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What --verify found, in words and in JSON. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "face.h"
#include "language.h"
#include "text.h"
#include "verify.h"

static void write_details(struct json *json, const struct verification *verification)
{
    json_begin_array(json, "keys");
    for (unsigned i = 0; i < verification->key_count; i++)
        json_text(json, NULL, verification->keys[i]);
    json_end_array(json);
    json_begin_array(json, "notes");
    for (int note = 0; note < VERIFY_NOTES; note++)
        if (verification->notes & 1u << note)
            json_text(json, NULL, verify_note_name((enum verify_note)note));
    json_end_array(json);
}

static void write_record(struct json *json, const char *directory, const struct verification *verification)
{
    char *path = g_build_filename(directory, verification->path, NULL);
    json_begin_object(json, NULL);
    json_text(json, "record", "verification");
    json_text(json, "what", verification->what);
    json_wire_text(json, "path", path);
    json_number_or_null(json, "session", verification->session);
    json_number_or_null(json, "transaction", verification->transaction);
    json_text(json, "result", verify_result_name(verification->result));
    json_text(json, "expected", verification->expected);
    json_text(json, "found", verification->found);
    json_number_or_null(json, "line", verification->line);
    write_details(json, verification);
    json_end_object(json);
    json_end_line(json);
    g_free(path);
}

/* What of the index it is about. */
static void append_place(GString *out, const struct verification *verification)
{
    if (strcmp(verification->what, "summary") == 0)
        g_string_append(out, _(", the summary"));
    else if (strcmp(verification->what, "index") == 0 && verification->session > 0)
        g_string_append_printf(out, _(", the record of session %" PRIu64 " transaction %u"), verification->session,
                               verification->transaction);
    else if (verification->line > 0)
        g_string_append_printf(out, _(", line %" PRIu64), verification->line);
}

static void append_details(GString *out, const struct verification *verification)
{
    const char *separator = ": ";
    for (unsigned i = 0; i < verification->key_count; i++) {
        g_string_append_printf(out, "%s%s", separator, verification->keys[i]);
        separator = _(", ");
    }
    for (int note = 0; note < VERIFY_NOTES; note++)
        if (verification->notes & 1u << note) {
            g_string_append_printf(out, "%s%s", separator, _(verify_note_text((enum verify_note)note)));
            separator = _("; ");
        }
}

/* One line; nothing where a record of the index agrees, and no more is to be said. */
static void put_line(struct page *page, const struct verification *verification)
{
    bool agrees = verification->result == VERIFY_AGREES;
    bool index = strcmp(verification->what, "index") == 0 || strcmp(verification->what, "summary") == 0;
    if (agrees && index && verification->notes == 0)
        return;
    GString *result = g_string_new(NULL);
    GString *text = g_string_new("  ");
    text_append_padded(result, -10, _(verify_result_name(verification->result)));
    text_append_visible(text, smtp_span_of_text(verification->path));
    append_place(text, verification);
    append_details(text, verification);
    g_string_append_c(text, '\n');
    page_append(page, agrees ? PAGE_GOOD : PAGE_BAD, result->str);
    page_append(page, PAGE_PLAIN, text->str);
    g_string_free(text, TRUE);
    g_string_free(result, TRUE);
}

/* "3 agree": with the number, in the language of the user. */
static const char *counted(enum verify_result result, uint64_t count)
{
    switch (result) {
    case VERIFY_AGREES:
        return language_plural("%" PRIu64 " agrees", "%" PRIu64 " agree", count);
    case VERIFY_DIFFERS:
        return language_plural("%" PRIu64 " differs", "%" PRIu64 " differ", count);
    case VERIFY_MISSING:
        return _("%" PRIu64 " missing");
    case VERIFY_EXTRA:
        return _("%" PRIu64 " extra");
    default:
        return _("%" PRIu64 " unreadable");
    }
}

static void put_counts(struct page *page, const uint64_t counts[static VERIFY_RESULTS])
{
    GString *list = g_string_new(NULL);
    uint64_t others = 0;
    for (int result = VERIFY_AGREES; result < VERIFY_RESULTS; result++) {
        others += result != VERIFY_AGREES ? counts[result] : 0;
        if (result != VERIFY_AGREES && counts[result] == 0)
            continue;
        g_string_append(list, list->len > 0 ? _(", ") : "");
        g_string_append_printf(list, counted((enum verify_result)result, counts[result]), counts[result]);
    }
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("files and records of the index: %s"), list->str);
    page_printf(page, others == 0 ? PAGE_GOOD : PAGE_BAD, "%s\n", text->str);
    g_string_free(text, TRUE);
    g_string_free(list, TRUE);
}

/* ---- the faces ---- */

struct verifying {
    struct face_run *run;
    struct verify *verify;
    uint64_t counts[VERIFY_RESULTS];
};

static void take_text(void *context, const struct verification *verification)
{
    struct verifying *verifying = context;
    verifying->counts[verification->result]++;
    put_line(verifying->run->page, verification);
    relief_give(verifying->run->relief);
}

static void take_json(void *context, const struct verification *verification)
{
    struct verifying *verifying = context;
    struct json json = { .out = verifying->run->page->out };
    verifying->counts[verification->result]++;
    write_record(&json, verifying->run->options->verify, verification);
    relief_give(verifying->run->relief);
}

/* Whether the file lies in the directory itself. */
static bool lies_in(const char *name, const char *directory)
{
    struct stat parent;
    struct stat there;
    char *folder = g_path_get_dirname(name);
    bool same = stat(folder, &parent) == 0 && stat(directory, &there) == 0 && parent.st_dev == there.st_dev &&
                parent.st_ino == there.st_ino;
    g_free(folder);
    return same;
}

static void say_unreadable(const char *directory)
{
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(directory));
    fprintf(stderr, _("smtpscope: %s: cannot be read: %s\n"), visible->str, g_strerror(errno));
    g_string_free(visible, TRUE);
}

static bool begin(struct face_run *run, void (*take)(void *context, const struct verification *verification))
{
    const struct options *options = run->options;
    if (options->output != NULL && lies_in(options->output, options->verify)) {
        fprintf(stderr, _("smtpscope: %s: lies in the directory that --verify looks at, where nothing is written\n"),
                options->output);
        return false;
    }
    struct verifying *verifying = g_new0(struct verifying, 1);
    verifying->run = run;
    verifying->verify = verify_open(options->verify, options->memory_limit / 2, run->pool, take, verifying);
    run->own = verifying;
    if (verifying->verify == NULL)
        say_unreadable(options->verify);
    return verifying->verify != NULL;
}

static bool begin_text(struct face_run *run)
{
    return begin(run, take_text);
}

static bool begin_json(struct face_run *run)
{
    return begin(run, take_json);
}

static void add_session(struct face_run *run, const struct record *record)
{
    verify_session(((struct verifying *)run->own)->verify, record);
}

/* Whether something is extra can be told only where all was looked at. */
static bool finish(struct face_run *run, struct summary *summary)
{
    struct verifying *verifying = run->own;
    if (run->options->sessions->len == 0 && !summary->interrupted)
        verify_finish(verifying->verify);
    if (!summary->interrupted)
        verify_summary(verifying->verify, summary);
    memcpy(summary->verified, verifying->counts, sizeof summary->verified);
    return true;
}

static bool finish_text(struct face_run *run, struct summary *summary)
{
    finish(run, summary);
    put_counts(run->page, summary->verified);
    return true;
}

static void end(struct face_run *run)
{
    struct verifying *verifying = run->own;
    if (verifying != NULL && verifying->verify != NULL)
        verify_free(verifying->verify);
    g_free(verifying);
}

const struct face_writer verification_text_face = {
    .open = begin_text, .session = add_session, .finish = finish_text, .close = end
};
const struct face_writer verification_json_face = {
    .open = begin_json, .session = add_session, .finish = finish, .close = end
};
