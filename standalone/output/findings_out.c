/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Findings: behind each session what it proves, the most severe first, and then what it proves together with the
 * sessions before it.
 */

#include <inttypes.h>

#include "across.h"
#include "face.h"
#include "language.h"

struct findings_face {
    struct face_run *run;
    void (*write)(struct face_run *run, const struct told_finding *told);
    struct across *across;
    uint64_t sessions;
    uint64_t counts[SMTP_SEVERITY_HIGH + 1];
};

static void write_text(struct face_run *run, const struct told_finding *told)
{
    finding_out_text(run->page, told, run->options->count > 1);
}

static void write_json(struct face_run *run, const struct told_finding *told)
{
    struct json json = { .out = run->page->out };
    json_begin_object(&json, NULL);
    json_text(&json, "record", "finding");
    finding_out_json(&json, told);
    json_end_object(&json);
    json_end_line(&json);
}

static void tell(struct findings_face *findings, const struct told_finding *told)
{
    findings->counts[told->severity]++;
    findings->write(findings->run, told);
}

/* ---- sessions ---- */

/* Where only some sessions are asked for, one of them must be among the proofs. */
static void tell_across(void *context, const struct told_finding *told)
{
    struct findings_face *findings = context;
    bool wanted = false;
    for (unsigned i = 0; i < told->count; i++)
        wanted = wanted || options_pick(findings->run->options, told->evidence[i].session);
    if (wanted)
        tell(findings, told);
}

static void tell_own(struct findings_face *findings, const struct record *record)
{
    findings->sessions++;
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--)
        for (const GList *link = record->account.findings.list.head; link != NULL; link = link->next) {
            struct told_finding told = finding_told(record, link->data);
            if ((int)told.severity == severity)
                tell(findings, &told);
        }
}

static void add_session(struct face_run *run, const struct record *record)
{
    struct findings_face *findings = run->own;
    if (options_pick(run->options, record->id))
        tell_own(findings, record);
    across_session(findings->across, record);
}

static void add_finding(struct face_run *run, const struct told_finding *told)
{
    tell(run->own, told);
}

/* ---- how many ---- */

static uint64_t count_all(const struct findings_face *findings)
{
    uint64_t count = 0;
    for (int severity = SMTP_SEVERITY_INFO; severity <= SMTP_SEVERITY_HIGH; severity++)
        count += findings->counts[severity];
    return count;
}

/* "1 high, 2 low" */
static char *by_severity(const struct findings_face *all)
{
    GString *list = g_string_new(NULL);
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--) {
        if (all->counts[severity] == 0)
            continue;
        g_string_append(list, list->len > 0 ? _(", ") : "");
        g_string_append_printf(list, _("%" PRIu64 " %s"), all->counts[severity],
                               finding_severity((enum smtp_severity)severity));
    }
    return g_string_free(list, FALSE);
}

static void put_summary(struct page *page, const struct findings_face *all)
{
    uint64_t count = count_all(all);
    char *findings = g_strdup_printf(language_plural("%" PRIu64 " finding", "%" PRIu64 " findings", count), count);
    char *sessions =
        g_strdup_printf(language_plural("%" PRIu64 " session", "%" PRIu64 " sessions", all->sessions), all->sessions);
    char *list = by_severity(all);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("%s in %s"), findings, sessions);
    g_string_append_printf(text, "%s%s\n", *list != '\0' ? ": " : "", list);
    page_append(page, PAGE_BOLD, text->str);
    g_string_free(text, TRUE);
    g_free(list);
    g_free(sessions);
    g_free(findings);
}

/* ---- the faces ---- */

static bool begin(struct face_run *run, void (*write)(struct face_run *run, const struct told_finding *told))
{
    struct findings_face *findings = g_new0(struct findings_face, 1);
    findings->run = run;
    findings->write = write;
    findings->across = across_new(run->options->memory_limit / ACROSS_PART, tell_across, findings);
    run->own = findings;
    return true;
}

static bool begin_text(struct face_run *run)
{
    return begin(run, write_text);
}

static bool begin_json(struct face_run *run)
{
    return begin(run, write_json);
}

static bool add_to_summary(struct face_run *run, struct summary *summary)
{
    const struct findings_face *findings = run->own;
    summary->findings = count_all(findings);
    summary->forgotten = across_forgotten(findings->across);
    return true;
}

static bool finish_text(struct face_run *run, struct summary *summary)
{
    add_to_summary(run, summary);
    if (summary->sessions > 0 || summary->findings > 0)
        put_summary(run->page, run->own);
    return true;
}

static void end(struct face_run *run)
{
    struct findings_face *findings = run->own;
    across_free(findings->across);
    g_free(findings);
}

const struct face_writer findings_text_face = {
    .open = begin_text, .session = add_session, .finding = add_finding, .finish = finish_text, .close = end
};
const struct face_writer findings_json_face = {
    .open = begin_json, .session = add_session, .finding = add_finding, .finish = add_to_summary, .close = end
};
