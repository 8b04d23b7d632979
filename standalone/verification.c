/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verification.h"

#include <string.h>

#include "text.h"

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
    json_end_object(json);
    json_end_line(json);
    g_free(path);
}

void verification_text(struct page *page, const struct verification *verification)
{
    bool agrees = verification->result == VERIFY_AGREES;
    bool index = strcmp(verification->what, "index") == 0;
    if (agrees && index)
        return;
    GString *text = g_string_new(NULL);
    text_append_visible(text, smtp_span_of_text(verification->path));
    if (index && verification->session > 0)
        g_string_append_printf(text, ", the record of session %" G_GUINT64_FORMAT " transaction %u", verification->session,
                               verification->transaction);
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
