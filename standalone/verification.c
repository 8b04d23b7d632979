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
        g_string_append_printf(out, ", %s", _("the summary"));
    else if (strcmp(verification->what, "index") == 0 && verification->session > 0)
        g_string_append_printf(out, ", the record of session %" G_GUINT64_FORMAT " transaction %u", verification->session,
                               verification->transaction);
    else if (verification->line > 0)
        g_string_append_printf(out, _(", line %" PRIu64), verification->line);
}

static void append_details(GString *out, const struct verification *verification)
{
    const char *separator = ": ";
    for (unsigned i = 0; i < verification->key_count; i++) {
        g_string_append_printf(out, "%s%s", separator, verification->keys[i]);
        separator = ", ";
    }
    for (int note = 0; note < VERIFY_NOTES; note++)
        if (verification->notes & 1u << note) {
            g_string_append_printf(out, "%s%s", separator, _(verify_note_text((enum verify_note)note)));
            separator = "; ";
        }
}

void verification_text(struct page *page, const struct verification *verification)
{
    bool agrees = verification->result == VERIFY_AGREES;
    bool index = strcmp(verification->what, "index") == 0 || strcmp(verification->what, "summary") == 0;
    if (agrees && index && verification->notes == 0)
        return;
    GString *text = g_string_new(NULL);
    text_append_visible(text, smtp_span_of_text(verification->path));
    append_place(text, verification);
    append_details(text, verification);
    page_printf(page, agrees ? PAGE_GOOD : PAGE_BAD, "%-10s", verify_result_name(verification->result));
    page_append(page, PAGE_PLAIN, "  ");
    page_append(page, PAGE_PLAIN, text->str);
    page_append(page, PAGE_PLAIN, "\n");
    g_string_free(text, TRUE);
}

void verification_text_end(struct page *page, const uint64_t counts[static VERIFY_RESULTS])
{
    GString *text = g_string_new("files and records of the index:");
    uint64_t others = 0;
    for (int result = VERIFY_AGREES; result < VERIFY_RESULTS; result++) {
        others += result != VERIFY_AGREES ? counts[result] : 0;
        if (result != VERIFY_AGREES && counts[result] == 0)
            continue;
        g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " %s", result != VERIFY_AGREES ? "," : "", counts[result],
                               counts[result] == 1 || result >= VERIFY_MISSING ? verify_result_name((enum verify_result)result)
                               : result == VERIFY_AGREES ? "agree" : "differ");
    }
    page_printf(page, others == 0 ? PAGE_GOOD : PAGE_BAD, "%s\n", text->str);
    g_string_free(text, TRUE);
}
