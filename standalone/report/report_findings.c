/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Findings in the report: each kind once, with what it means and what to do, and below it where it was seen. */

#include "language.h"
#include "phrases.h"
#include "reference/reference.h"
#include "report_private.h"
#include "text.h"

#define SEVERITIES (SMTP_SEVERITY_HIGH + 1)

static unsigned part_of(const struct told_finding *told)
{
    return REPORT_PART_FINDINGS + (unsigned)told->finding * SEVERITIES + (unsigned)told->severity;
}

static enum smtp_finding finding_of(unsigned part)
{
    return (enum smtp_finding)((part - REPORT_PART_FINDINGS) / SEVERITIES);
}

static enum smtp_severity severity_of(unsigned part)
{
    return (enum smtp_severity)((part - REPORT_PART_FINDINGS) % SEVERITIES);
}

/* ---- where it was seen ---- */

static void put_evidence(struct report *report, const struct evidence *evidence)
{
    struct html *html = &report->html;
    if (evidence->session != 0) {
        html_text(html, _("session"));
        html_mark(html, " ");
        report_link(report, evidence->session);
    }
    if (evidence->frame != 0) {
        html_mark(html, " ");
        html_text(html, _("frame"));
        html_mark(html, " ");
        html_number(html, evidence->frame);
    }
    if (report->options->count > 1) {
        html_mark(html, " ");
        html_wire(html, smtp_span_of_text(evidence->capture));
    }
}

static void put_row(struct report *report, const struct told_finding *told)
{
    struct html *html = &report->html;
    const struct evidence *place = &told->evidence[0];
    html_mark(html, "<tr class=\"hit\" data-severity=\"");
    html_number(html, (uint64_t)told->severity + 1);
    html_mark(html, "\"><td>");
    report_narrow(html, _("Session"));
    if (place->session != 0)
        report_link(report, place->session);
    else
        html_text(html, _("none"));
    html_mark(html, "</td><td>");
    report_narrow(html, _("Frame"));
    if (place->frame != 0)
        html_number(html, place->frame);
    else
        html_text(html, _("none"));
    html_mark(html, "</td><td>");
    html_wire(html, smtp_span_of_text(place->capture));
    html_mark(html, "</td><td>");
    text_append_visible(html_phrase(html), told->detail);
    html_give(html);
    for (unsigned i = 1; i < told->count; i++) {
        html_mark(html, "<div class=\"soft\">");
        html_text(html, _("see"));
        html_mark(html, " ");
        put_evidence(report, &told->evidence[i]);
        html_mark(html, "</div>");
    }
    html_mark(html, "</td></tr>\n");
}

void report_tell(struct report *report, const struct told_finding *told)
{
    unsigned part = part_of(told);
    report->counts.severities[told->severity]++;
    if (++report->counts.findings[part] > REPORT_FINDINGS)
        return;
    report_begin(report, part);
    put_row(report, told);
    report_end(report);
}

/* ---- what it means ---- */

static void put_sentence(struct html *html, const char *style, const char *label, const char *text)
{
    if (text == NULL)
        return;
    html_mark(html, "<p");
    html_attribute(html, "class", style);
    html_mark(html, ">");
    if (label != NULL) {
        html_mark(html, "<b>");
        html_text(html, label);
        html_mark(html, "</b> ");
    }
    html_text(html, _(text));
    html_mark(html, "</p>\n");
}

static void put_headings(struct html *html)
{
    static const char *const names[] = { N_("Session"), N_("Frame"), N_("Capture"), N_("What was observed") };
    html_mark(html, "<table class=\"plain\"><thead><tr>");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        html_mark(html, "<th scope=\"col\">");
        html_text(html, _(names[i]));
        html_mark(html, "</th>");
    }
    html_mark(html, "</tr></thead>\n<tbody>\n");
}

bool report_findings_heading(struct report *report, unsigned part)
{
    struct html *html = &report->html;
    const char *name = smtp_finding_name(finding_of(part));
    const struct smtp_reference_entry *entry = smtp_reference_finding(name);
    uint64_t count = report->counts.findings[part];
    if (count == 0)
        return false;
    char *style = g_strdup_printf("finding %s", smtp_severity_name(severity_of(part)));
    html_mark(html, "<article");
    html_attribute(html, "class", style);
    g_free(style);
    html_mark(html, ">\n<h3>");
    report_severity(html, severity_of(part));
    html_mark(html, " <code>");
    html_text(html, name);
    html_mark(html, "</code> <span class=\"count\">");
    GString *number = g_string_new(NULL);
    text_append_count(number, count);
    html_printf(html, language_plural("%s time", "%s times", count), number->str);
    g_string_free(number, TRUE);
    html_mark(html, "</span></h3>\n");
    if (entry != NULL) {
        put_sentence(html, "meaning", NULL, entry->meaning);
        put_sentence(html, "why", NULL, entry->description);
        put_sentence(html, "action", _("What to do"), entry->action);
    }
    report_fold(html, count <= REPORT_OPEN, _("Where it was seen"));
    put_headings(html);
    return true;
}

void report_findings_rest(struct report *report, unsigned part)
{
    struct html *html = &report->html;
    uint64_t count = report->counts.findings[part];
    html_mark(html, "</tbody></table>\n");
    if (count > REPORT_FINDINGS) {
        GString *number = g_string_new(NULL);
        text_append_count(number, count - REPORT_FINDINGS);
        html_mark(html, "<p class=\"rest\">");
        html_printf(html, _("%s more are not on this page: smtpscope findings lists all of them."), number->str);
        html_mark(html, "</p>\n");
        g_string_free(number, TRUE);
    }
    html_mark(html, "</details></article>\n");
}
