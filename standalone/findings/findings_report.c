/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "findings_report.h"

#include <inttypes.h>

#include "across.h"
#include "language.h"

struct findings_report {
    struct page *page;
    bool json, captures;
    struct across *across;
    bool (*picked)(const void *context, uint64_t session);
    const void *context;
    uint64_t sessions;
    uint64_t counts[SMTP_SEVERITY_HIGH + 1];
};

static void tell_across(void *context, const struct told_finding *told);

struct findings_report *findings_report_new(struct page *page, uint64_t memory_limit, bool json, bool captures,
                                            bool (*picked)(const void *context, uint64_t session), const void *context)
{
    struct findings_report *report = g_new0(struct findings_report, 1);
    report->page = page;
    report->json = json;
    report->captures = captures;
    report->picked = picked;
    report->context = context;
    report->across = across_new(memory_limit / ACROSS_PART, tell_across, report);
    return report;
}

void findings_report_free(struct findings_report *report)
{
    across_free(report->across);
    g_free(report);
}

void findings_report_tell(struct findings_report *report, const struct told_finding *told)
{
    report->counts[told->severity]++;
    if (!report->json) {
        finding_out_text(report->page, told, report->captures);
        return;
    }
    struct json json = { .out = report->page->out };
    json_begin_object(&json, NULL);
    json_text(&json, "record", "finding");
    finding_out_json(&json, told);
    json_end_object(&json);
    json_end_line(&json);
}

/* Where only some sessions are asked for, one of them must be among the proofs. */
static void tell_across(void *context, const struct told_finding *told)
{
    struct findings_report *report = context;
    bool wanted = false;
    for (unsigned i = 0; i < told->count; i++)
        wanted = wanted || report->picked(report->context, told->evidence[i].session);
    if (wanted)
        findings_report_tell(report, told);
}

static void tell_own(struct findings_report *report, const struct record *record)
{
    report->sessions++;
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--)
        for (const GList *link = record->findings.head; link != NULL; link = link->next) {
            struct told_finding told = finding_told(record, link->data);
            if ((int)told.severity == severity)
                findings_report_tell(report, &told);
        }
}

void findings_report_session(struct findings_report *report, const struct record *record)
{
    if (report->picked(report->context, record->id))
        tell_own(report, record);
    across_session(report->across, record);
}

uint64_t findings_report_forgotten(const struct findings_report *report)
{
    return across_forgotten(report->across);
}

uint64_t findings_report_count(const struct findings_report *report)
{
    uint64_t count = 0;
    for (int severity = SMTP_SEVERITY_INFO; severity <= SMTP_SEVERITY_HIGH; severity++)
        count += report->counts[severity];
    return count;
}

/* "1 high, 2 low" */
static char *by_severity(const struct findings_report *report)
{
    GString *list = g_string_new(NULL);
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--) {
        if (report->counts[severity] == 0)
            continue;
        g_string_append(list, list->len > 0 ? _(", ") : "");
        g_string_append_printf(list, _("%" PRIu64 " %s"), report->counts[severity], finding_severity((enum smtp_severity)severity));
    }
    return g_string_free(list, FALSE);
}

void findings_report_summary(struct findings_report *report)
{
    uint64_t count = findings_report_count(report);
    char *findings = g_strdup_printf(language_plural("%" PRIu64 " finding", "%" PRIu64 " findings", count), count);
    char *sessions =
        g_strdup_printf(language_plural("%" PRIu64 " session", "%" PRIu64 " sessions", report->sessions), report->sessions);
    char *list = by_severity(report);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("%s in %s"), findings, sessions);
    g_string_append_printf(text, "%s%s\n", *list != '\0' ? ": " : "", list);
    page_append(report->page, PAGE_BOLD, text->str);
    g_string_free(text, TRUE);
    g_free(list);
    g_free(sessions);
    g_free(findings);
}
