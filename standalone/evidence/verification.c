/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verification.h"

#include <inttypes.h>
#include <string.h>

#include "language.h"
#include "text.h"

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

void verification_json(struct json *json, const char *directory, const struct verification *verification)
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

void verification_text(struct page *page, const struct verification *verification)
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

void verification_text_end(struct page *page, const uint64_t counts[static VERIFY_RESULTS])
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
