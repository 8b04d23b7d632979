/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A session in the report: its row in the table, and what stands around its dialogue. */

#include <inttypes.h>

#include "language.h"
#include "phrases.h"
#include "refusals_text.h"
#include "report_private.h"
#include "text.h"
#include "words.h"

#define HELO_SHOWN ((size_t)120)

static void put_endpoint(struct html *html, const struct record *record, enum smtp_role role)
{
    phrase_endpoint(html_phrase(html), record, role);
    html_give(html);
}

static void put_duration(struct html *html, const struct record *record)
{
    words_duration(html_phrase(html), record->connection.end - record->connection.start);
    html_give(html);
}

static void put_starttls(struct html *html, const struct record *record)
{
    phrase_starttls(html_phrase(html), record);
    html_give(html);
}

/* What the filter goes by. */
static void put_filter_data(struct html *html, const struct record *record)
{
    html_mark(html, " data-severity=\"");
    html_number(html, (uint64_t)(report_worst(record) + 1));
    html_mark(html, "\"");
}

/* ---- the row ---- */

static void put_logins(struct html *html, const struct record *record)
{
    const char *separator = _("; ");
    GString *text = html_phrase(html);
    phrase_logins(text, record, separator);
    if (text->len > 0)
        g_string_erase(text, 0, (gssize)strlen(separator));
    html_give(html);
}

static void put_mail_count(struct html *html, const struct record *record)
{
    unsigned accepted = 0;
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link))
        accepted += ((const struct transaction *)link->data)->outcome == SMTP_OUTCOME_ACCEPTED;
    html_count(html, record->account.mails.list.length);
    if (record->account.mails.list.length > 0)
        html_printf(html, _(" (%u accepted)"), accepted);
}

static void put_finding_count(struct html *html, const struct record *record)
{
    int worst = report_worst(record);
    html_count(html, record->account.findings.list.length);
    if (worst >= 0) {
        html_mark(html, " ");
        report_severity(html, (enum smtp_severity)worst);
    }
}

static void put_number_cell(struct report *report, const struct record *record, bool dialogue)
{
    struct html *html = &report->html;
    html_mark(html, "<tr class=\"hit\"");
    put_filter_data(html, record);
    html_mark(html, "><th scope=\"row\">");
    if (dialogue)
        report_link(report, record->id);
    else
        html_number(html, record->id);
    html_mark(html, "</th><td>");
}

void report_row(struct report *report, const struct record *record, bool dialogue)
{
    struct html *html = &report->html;
    if (report->counts.rows >= REPORT_ROWS)
        return;
    report->counts.rows++;
    report_begin(report, REPORT_PART_ROWS);
    put_number_cell(report, record, dialogue);
    html_time(html, record->connection.start, record->precision);
    html_mark(html, "</td><td class=\"short\">");
    put_duration(html, record);
    html_mark(html, "</td><td>");
    put_endpoint(html, record, SMTP_CLIENT);
    if (record->account.greetings.helo_seen && record->account.greetings.helo.length > 0) {
        html_mark(html, "<div class=\"soft long\">");
        html_wire(html, smtp_span_first(record->account.greetings.helo, HELO_SHOWN));
        html_mark(html, "</div>");
    }
    html_mark(html, "</td><td>");
    put_endpoint(html, record, SMTP_SERVER);
    html_mark(html, "</td><td>");
    put_starttls(html, record);
    html_mark(html, "</td><td>");
    put_logins(html, record);
    html_mark(html, "</td><td>");
    put_mail_count(html, record);
    html_mark(html, "</td><td>");
    put_finding_count(html, record);
    html_mark(html, "</td><td>");
    phrase_ending(html_phrase(html), record);
    html_give(html);
    html_mark(html, "</td></tr>\n");
    report_end(report);
}

/* ---- around the dialogue ---- */

static void put_heading(struct report *report, const struct record *record)
{
    struct html *html = &report->html;
    int worst = report_worst(record);
    html_mark(html, "<summary><h3>");
    html_printf(html, _("%s session %" PRIu64), record->account.lmtp ? "LMTP" : "SMTP", record->id);
    html_mark(html, "</h3> <span class=\"who\">");
    put_endpoint(html, record, SMTP_CLIENT);
    html_mark(html, " → ");
    put_endpoint(html, record, SMTP_SERVER);
    html_mark(html, "</span> ");
    if (worst >= 0)
        report_severity(html, (enum smtp_severity)worst);
    html_mark(html, "<div class=\"soft\">");
    phrase_session(html_phrase(html), record);
    html_give(html);
    html_mark(html, "</div></summary>\n");
}

static void put_banner(struct html *html, const struct record *record)
{
    if (record->account.greetings.banner_seen) {
        if (record->account.greetings.banner_code != 0)
            html_printf(html, "%u ", record->account.greetings.banner_code);
        html_wire(html, record->account.greetings.banner);
    } else {
        html_text(html, _("no banner was seen"));
    }
}

static void put_facts(struct html *html, const struct record *record)
{
    html_mark(html, "<dl class=\"facts\">\n");
    report_fact(html, _("client"));
    put_endpoint(html, record, SMTP_CLIENT);
    if (record->account.greetings.helo_seen && record->account.greetings.helo.length > 0) {
        html_text(html, _("  calls itself "));
        html_wire(html, smtp_span_first(record->account.greetings.helo, HELO_SHOWN));
    }
    report_fact_end(html);
    report_fact(html, _("server"));
    put_endpoint(html, record, SMTP_SERVER);
    html_mark(html, ": ");
    put_banner(html, record);
    if (record->proxy != NULL || record->balancer.version != 0) {
        html_mark(html, "<div><bdi>");
        phrase_proxy(html_phrase(html), record);
        html_give(html);
        html_mark(html, "</bdi></div>");
    }
    report_fact_end(html);
    report_fact(html, _("begins"));
    html_time(html, record->connection.start, record->precision);
    html_text(html, _("  lasts "));
    put_duration(html, record);
    report_fact_end(html);
    report_fact(html, _("frames"));
    phrase_frames(html_phrase(html), record);
    html_give(html);
    report_fact_end(html);
    html_mark(html, "</dl>\n");
}

static void put_finding(struct html *html, const struct record *record, const struct finding *finding)
{
    html_mark(html, "<li>");
    report_severity(html, smtp_finding_severity(finding->finding));
    html_mark(html, " <code>");
    html_text(html, smtp_finding_name(finding->finding));
    html_mark(html, "</code>");
    if (finding->place.frame != 0)
        html_printf(html, _("  frame %" PRIu64), finding->place.frame);
    html_mark(html, "<div>");
    GString *text = html_phrase(html);
    words_finding(text, finding->finding, finding->detail);
    finding_append_proofs(text, record, finding);
    html_give(html);
    html_mark(html, "</div></li>\n");
}

static void put_findings(struct html *html, const struct record *record)
{
    unsigned shown = 0;
    if (record->account.findings.list.length == 0)
        return;
    html_mark(html, "<h4>");
    html_text(html, _("Findings of this session"));
    html_mark(html, "</h4>\n<ul class=\"found\">\n");
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--)
        for (const GList *link = record->account.findings.list.head; link != NULL && shown < REPORT_SESSION_FINDINGS;
             link = link->next) {
            const struct finding *finding = link->data;
            if ((int)smtp_finding_severity(finding->finding) != severity)
                continue;
            put_finding(html, record, finding);
            shown++;
        }
    html_mark(html, "</ul>\n");
    if (record->account.findings.list.length > shown) {
        html_mark(html, "<p class=\"rest\">");
        html_printf(html, _("and %u more"), record->account.findings.list.length - shown);
        html_mark(html, "</p>\n");
    }
}

static void put_refusal(struct html *html, const struct refusal *refusal)
{
    html_mark(html, "<li><bdi>");
    refusals_append_what(html_phrase(html), refusal);
    html_give(html);
    html_mark(html, "</bdi><div class=\"words\"><bdi>");
    refusals_append_words(html_phrase(html), refusal);
    html_give(html);
    html_mark(html, "</bdi></div><div class=\"soft\">");
    refusals_append_meaning(html_phrase(html), refusal);
    html_give(html);
    html_mark(html, "</div></li>\n");
}

static void put_refusals(struct html *html, const struct record *record)
{
    bool begun = false;
    for (const GList *link = record->account.refusals != NULL ? record->account.refusals->list.head : NULL;
         link != NULL; link = link->next) {
        if (!refusals_matter(record, link->data))
            continue;
        if (!begun) {
            html_mark(html, "<h4>");
            html_text(html, _("Why the server said no"));
            html_mark(html, "</h4>\n<ul class=\"found\">\n");
        }
        begun = true;
        put_refusal(html, link->data);
    }
    if (begun)
        html_mark(html, "</ul>\n");
    if (record->account.refusals != NULL && record->account.refusals->beyond > 0) {
        html_mark(html, "<p class=\"rest\">");
        html_printf(html,
                    language_plural("and %u refusal more, for another reason",
                                    "and %u refusals more, for other reasons", record->account.refusals->beyond),
                    record->account.refusals->beyond);
        html_mark(html, "</p>\n");
    }
}

void report_dialogue(struct report *report, const struct record *record, const GArray *mails)
{
    struct html *html = &report->html;
    report_begin(report, REPORT_PART_DIALOGUES);
    html_mark(html, "<details class=\"session hit\"");
    put_filter_data(html, record);
    if (report->counts.dialogues <= REPORT_OPEN)
        html_mark(html, " open");
    html_mark(html, ">");
    put_heading(report, record);
    html_mark(html, "<div class=\"inner\" id=\"s");
    html_number(html, record->id);
    html_mark(html, "\">\n");
    put_facts(html, record);
    report_ladder(report, record, mails);
    put_refusals(html, record);
    put_findings(html, record);
    html_mark(html, "</div></details>\n");
    report_end(report);
}
