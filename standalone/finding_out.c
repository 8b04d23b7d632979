/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding_out.h"

#include "text.h"

struct told_finding finding_told(const struct record *record, const struct finding *finding)
{
    struct told_finding told = {
        .finding = finding->finding,
        .severity = smtp_finding_severity(finding->finding),
        .detail = finding->detail,
        .evidence[0] = { .session = record->id,
                         .frame = finding->frame,
                         .capture = record_capture(record, finding->capture) },
        .count = 1,
    };
    if (finding->proof_frame != 0)
        told.evidence[told.count++] = (struct evidence){ .session = record->id,
                                                         .frame = finding->proof_frame,
                                                         .capture = record_capture(record, finding->proof_capture) };
    return told;
}

static void number_or_null(struct json *json, const char *key, uint64_t number)
{
    if (number == 0)
        json_null(json, key);
    else
        json_number(json, key, number);
}

static void write_place(struct json *json, const struct evidence *evidence)
{
    number_or_null(json, "session", evidence->session);
    number_or_null(json, "frame", evidence->frame);
    json_span(json, "capture", smtp_span_of_text(evidence->capture));
}

void finding_out_json(struct json *json, const struct told_finding *told)
{
    json_text(json, "id", smtp_finding_name(told->finding));
    json_text(json, "severity", smtp_severity_name(told->severity));
    write_place(json, &told->evidence[0]);
    json_span(json, "detail", told->detail);
    json_begin_array(json, "related");
    for (unsigned i = 1; i < told->count; i++) {
        json_begin_object(json, NULL);
        write_place(json, &told->evidence[i]);
        json_end_object(json);
    }
    json_end_array(json);
}

enum page_colour finding_colour(enum smtp_severity severity)
{
    return severity == SMTP_SEVERITY_HIGH ? PAGE_BAD : severity == SMTP_SEVERITY_MEDIUM ? PAGE_WARNING : PAGE_PLAIN;
}

static void append_place(GString *out, const struct evidence *evidence, bool captures)
{
    if (evidence->session != 0)
        g_string_append_printf(out, "session %" G_GUINT64_FORMAT, evidence->session);
    else
        g_string_append(out, "no session");
    if (evidence->frame != 0)
        g_string_append_printf(out, " frame %" G_GUINT64_FORMAT, evidence->frame);
    if (!captures)
        return;
    g_string_append(out, " of ");
    text_append_visible(out, smtp_span_of_text(evidence->capture));
}

void finding_out_text(struct page *page, const struct told_finding *told, bool captures)
{
    GString *text = g_string_new(NULL);
    page_printf(page, finding_colour(told->severity), "%-6s  %-28s", smtp_severity_name(told->severity),
                smtp_finding_name(told->finding));
    append_place(text, &told->evidence[0], captures);
    page_printf(page, PAGE_DIM, "  %-24s", text->str);
    g_string_truncate(text, 0);
    g_string_append(text, "  ");
    text_append_visible(text, told->detail);
    for (unsigned i = 1; i < told->count; i++) {
        g_string_append(text, i == 1 ? " (see " : ", ");
        append_place(text, &told->evidence[i], captures);
    }
    g_string_append(text, told->count > 1 ? ")\n" : "\n");
    page_append(page, PAGE_PLAIN, text->str);
    g_string_free(text, TRUE);
}
