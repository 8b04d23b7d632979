/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding_out.h"

#include <inttypes.h>

#include "language.h"
#include "text.h"
#include "words.h"

struct told_finding finding_told(const struct record *record, const struct finding *finding)
{
    struct told_finding told = {
        .finding = finding->finding,
        .severity = smtp_finding_severity(finding->finding),
        .detail = finding->detail,
        .evidence[0] = { .session = record->id,
                         .frame = finding->place.frame,
                         .capture = record_capture(record, finding->place.file) },
        .count = 1,
    };
    for (const GList *link = finding->proofs.head; link != NULL && told.count < EVIDENCE_LIMIT; link = link->next) {
        const struct place *proof = &((const struct proof *)link->data)->place;
        told.evidence[told.count++] = (struct evidence){ .session = record->id,
                                                         .frame = proof->frame,
                                                         .capture = record_capture(record, proof->file) };
    }
    return told;
}

static void write_place(struct json *json, const struct evidence *evidence)
{
    json_number_or_null(json, "session", evidence->session);
    json_number_or_null(json, "frame", evidence->frame);
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

const char *finding_severity(enum smtp_severity severity)
{
    return _(smtp_severity_name(severity));
}

void finding_append_proofs(GString *out, const struct record *record, const struct finding *finding)
{
    GString *places = g_string_new(NULL);
    for (const GList *link = finding->proofs.head; link != NULL; link = link->next) {
        const struct place *proof = &((const struct proof *)link->data)->place;
        char *place = g_strdup_printf(_("frame %" PRIu64), proof->frame);
        g_string_append(places, places->len > 0 ? _(", ") : "");
        if (proof->file == finding->place.file) {
            g_string_append(places, place);
        } else {
            GString *capture = g_string_new(NULL);
            text_append_visible(capture, smtp_span_of_text(record_capture(record, proof->file)));
            g_string_append_printf(places, _("%s of %s"), place, capture->str);
            g_string_free(capture, TRUE);
        }
        g_free(place);
    }
    if (places->len > 0)
        g_string_append_printf(out, _(" (see %s)"), places->str);
    g_string_free(places, TRUE);
}

static char *session_and_frame(const struct evidence *evidence)
{
    if (evidence->session != 0 && evidence->frame != 0)
        return g_strdup_printf(_("session %" PRIu64 " frame %" PRIu64), evidence->session, evidence->frame);
    if (evidence->session != 0)
        return g_strdup_printf(_("session %" PRIu64), evidence->session);
    if (evidence->frame != 0)
        return g_strdup_printf(_("no session frame %" PRIu64), evidence->frame);
    return g_strdup(_("no session"));
}

static void append_place(GString *out, const struct evidence *evidence, bool captures)
{
    char *place = session_and_frame(evidence);
    GString *capture = g_string_new(NULL);
    text_append_visible(capture, smtp_span_of_text(evidence->capture));
    if (captures)
        g_string_append_printf(out, _("%s of %s"), place, capture->str);
    else
        g_string_append(out, place);
    g_string_free(capture, TRUE);
    g_free(place);
}

/* Behind what was seen: the other frames that prove it. */
static char *with_related(const char *detail, const struct told_finding *told, bool captures)
{
    if (told->count < 2)
        return g_strdup(detail);
    GString *places = g_string_new(NULL);
    for (unsigned i = 1; i < told->count; i++) {
        g_string_append(places, i > 1 ? _(", ") : "");
        append_place(places, &told->evidence[i], captures);
    }
    char *text = g_strdup_printf(_("%s (see %s)"), detail, places->str);
    g_string_free(places, TRUE);
    return text;
}

void finding_out_text(struct page *page, const struct told_finding *told, bool captures)
{
    GString *place = g_string_new(NULL);
    GString *text = g_string_new(NULL);
    text_append_padded(text, -6, finding_severity(told->severity));
    page_printf(page, finding_colour(told->severity), "%s  %-28s", text->str, smtp_finding_name(told->finding));
    append_place(place, &told->evidence[0], captures);
    g_string_assign(text, "  ");
    text_append_padded(text, -24, place->str);
    page_append(page, PAGE_DIM, text->str);
    g_string_truncate(text, 0);
    words_finding(text, told->finding, told->detail);
    char *all = with_related(text->str, told, captures);
    page_printf(page, PAGE_PLAIN, "  %s\n", all);
    g_free(all);
    g_string_free(text, TRUE);
    g_string_free(place, TRUE);
}
