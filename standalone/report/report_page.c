/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The page as a whole, from its template (report.html): [[a text]] is one for people, to be translated; {{a slot}} is
 * what only the program knows. All else stands on the page as it is.
 */

#include "report_private.h"

#include <inttypes.h>
#include <string.h>

#include "language.h"
#include "report_assets.h"
#include "text.h"
#include "version.h"

struct filling {
    struct report *report;
    const struct summary *summary;
    FILE *out;
    bool good; /* all could be written so far */
};

static void give_part(struct filling *filling, unsigned part)
{
    filling->good = filling->good && report_give_part(filling->report, part, filling->out);
}

/* ---- the head of the page ---- */

static void fill_language(struct filling *filling)
{
    html_text(&filling->report->html, language_in_use());
}

static void fill_generator(struct filling *filling)
{
    html_text(&filling->report->html, "smtpscope " SMTPSCOPE_VERSION);
}

/* Nothing is loaded, and no style or script runs but those of the program. */
static void fill_style_hash(struct filling *filling)
{
    html_source_hash(&filling->report->html, report_style);
}

static void fill_script_hash(struct filling *filling)
{
    html_source_hash(&filling->report->html, report_script);
}

static void fill_style(struct filling *filling)
{
    html_source(&filling->report->html, smtp_span_of_text(report_style));
}

static void fill_script(struct filling *filling)
{
    html_source(&filling->report->html, smtp_span_of_text(report_script));
}

/* ---- what was read ---- */

static void fill_alarm(struct filling *filling)
{
    struct html *html = &filling->report->html;
    if (!filling->report->options->show_secrets)
        return;
    html_mark(html, "<p class=\"alarm\" role=\"alert\"><strong>");
    html_text(html, _("This page contains passwords and other secrets, readable (--show-secrets)."));
    html_mark(html, "</strong></p>\n");
}

static void fill_captures(struct filling *filling)
{
    report_captures(filling->report, filling->summary);
    report_losses(filling->report, filling->summary);
}

static void fill_overview(struct filling *filling)
{
    report_overview(filling->report);
}

static void fill_timeline(struct filling *filling)
{
    timeline_write(filling->report->timeline, &filling->report->html);
}

/* ---- findings ---- */

static void fill_finding(struct filling *filling, unsigned part)
{
    if (!report_findings_heading(filling->report, part))
        return;
    give_part(filling, part);
    report_findings_rest(filling->report, part);
}

static void fill_findings(struct filling *filling)
{
    struct html *html = &filling->report->html;
    if (report_findings(filling->report) == 0) {
        html_mark(html, "<p>");
        html_text(html, _("None. That says what was looked for and not seen, not that nothing happened."));
        html_mark(html, "</p>\n");
    }
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--)
        for (unsigned name = 0; name < SMTP_FINDING_COUNT; name++)
            fill_finding(filling, REPORT_PART_FINDINGS + name * (SMTP_SEVERITY_HIGH + 1) + (unsigned)severity);
}

/* ---- sessions, dialogues, mails ---- */

/* How many are not on the page, and how to get them. */
G_GNUC_PRINTF(3, 0)
static void put_rest(struct html *html, uint64_t left_out, const char *format, const char *how)
{
    if (left_out == 0)
        return;
    GString *count = g_string_new(NULL);
    text_append_count(count, left_out);
    html_mark(html, "<p class=\"rest\">");
    html_printf(html, format, count->str);
    html_mark(html, " ");
    html_text(html, how);
    html_mark(html, "</p>\n");
    g_string_free(count, TRUE);
}

static void fill_sessions_left_out(struct filling *filling)
{
    const struct report_counts *counts = &filling->report->counts;
    uint64_t left_out = counts->sessions - counts->rows;
    put_rest(&filling->report->html, left_out,
             language_plural("%s session is not in this table.", "%s sessions are not in this table.", left_out),
             _("smtpscope sessions lists all of them."));
}

static void fill_open(struct filling *filling)
{
    if (filling->report->counts.rows <= REPORT_OPEN_ROWS)
        html_mark(&filling->report->html, " open");
}

static void fill_rows(struct filling *filling)
{
    give_part(filling, REPORT_PART_ROWS);
}

static void fill_dialogues_left_out(struct filling *filling)
{
    const struct report_counts *counts = &filling->report->counts;
    uint64_t left_out = counts->sessions - counts->dialogues;
    put_rest(&filling->report->html, left_out,
             language_plural("The dialogue of %s session is not on this page.",
                             "The dialogues of %s sessions are not on this page.", left_out),
             _("Here are those that ended first, and of the others some with a finding of medium or high severity; "
               "--session 17 or --session 100-200 picks others."));
}

static void fill_dialogues(struct filling *filling)
{
    give_part(filling, REPORT_PART_DIALOGUES);
}

static void fill_note_on_mails(struct filling *filling)
{
    struct html *html = &filling->report->html;
    if (filling->report->counts.mails == 0) {
        html_mark(html, "<p>");
        html_text(html, _("No mail was seen."));
    } else {
        html_mark(html, "<p class=\"note\">");
        html_text(html, _("What is in the mails is not on this page: smtpscope messages --output-dir FOLDER writes "
                          "them to files, and --attachments what is attached to them."));
    }
    html_mark(html, "</p>\n");
}

static void fill_mails_left_out(struct filling *filling)
{
    const struct report_counts *counts = &filling->report->counts;
    uint64_t left_out = counts->mails - counts->mails_shown;
    put_rest(&filling->report->html, left_out,
             language_plural("%s mail is not on this page.", "%s mails are not on this page.", left_out),
             _("smtpscope messages lists all of them."));
}

static void fill_mails(struct filling *filling)
{
    give_part(filling, REPORT_PART_MAILS);
}

static void fill_made_by(struct filling *filling)
{
    html_printf(&filling->report->html,
                _("Made by smtpscope %s from the captures named above, and from nothing else. What is not in a capture "
                  "is not on this page."),
                SMTPSCOPE_VERSION);
}

/* ---- the template ---- */

static const struct slot {
    const char *name;
    void (*fill)(struct filling *filling);
} slots[] = {
    { "language", fill_language },
    { "hash of the style", fill_style_hash },
    { "hash of the script", fill_script_hash },
    { "generator", fill_generator },
    { "style", fill_style },
    { "alarm", fill_alarm },
    { "captures", fill_captures },
    { "overview", fill_overview },
    { "timeline", fill_timeline },
    { "findings", fill_findings },
    { "sessions left out", fill_sessions_left_out },
    { "open", fill_open },
    { "rows", fill_rows },
    { "dialogues left out", fill_dialogues_left_out },
    { "dialogues", fill_dialogues },
    { "note on mails", fill_note_on_mails },
    { "mails left out", fill_mails_left_out },
    { "mails", fill_mails },
    { "made by", fill_made_by },
    { "script", fill_script },
};

static void fill_slot(struct filling *filling, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(slots); i++)
        if (strcmp(slots[i].name, name) == 0)
            slots[i].fill(filling);
}

/* What stands in front of the next text or slot, then that. Returns where it ends. */
static const char *fill_next(struct filling *filling, const char *template)
{
    struct html *html = &filling->report->html;
    const char *begin = template;
    while (*begin != '\0' && !g_str_has_prefix(begin, "[[") && !g_str_has_prefix(begin, "{{"))
        begin++;
    html_source(html, smtp_span(template, (size_t)(begin - template)));
    const char *end = *begin != '\0' ? strstr(begin, *begin == '[' ? "]]" : "}}") : NULL;
    if (end == NULL)
        return begin + strlen(begin);
    char *name = g_strndup(begin + 2, (gsize)(end - begin - 2));
    if (*begin == '[')
        html_text(html, _(name));
    else
        fill_slot(filling, name);
    g_free(name);
    return end + 2;
}

bool report_page(struct report *report, const struct summary *summary, FILE *out)
{
    struct filling filling = { .report = report, .summary = summary, .out = out, .good = true };
    for (const char *rest = report_template; *rest != '\0' && filling.good;)
        rest = fill_next(&filling, rest);
    return filling.good && report_give(report, out);
}
