/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pieces that several parts of the page have. */

#include "report_private.h"

void report_link(struct report *report, uint64_t session)
{
    struct html *html = &report->html;
    bool there = g_hash_table_contains(report->dialogues, &session);
    if (there) {
        html_mark(html, "<a href=\"#s");
        html_number(html, session);
        html_mark(html, "\">");
    }
    html_number(html, session);
    if (there)
        html_mark(html, "</a>");
}

void report_fact(struct html *html, const char *name)
{
    html_mark(html, "<div><dt>");
    html_text(html, name);
    html_mark(html, "</dt><dd>");
}

void report_fact_end(struct html *html)
{
    html_mark(html, "</dd></div>\n");
}

void report_fold(struct html *html, bool open, const char *what)
{
    html_mark(html, "<details class=\"fold\"");
    if (open)
        html_mark(html, " open");
    html_mark(html, "><summary>");
    html_text(html, what);
    html_mark(html, "</summary>\n");
}

void report_narrow(struct html *html, const char *heading)
{
    html_mark(html, "<span class=\"narrow\">");
    html_text(html, heading);
    html_mark(html, " </span>");
}

void report_severity(struct html *html, enum smtp_severity severity)
{
    html_mark(html, "<span");
    char *style = g_strdup_printf("sev %s", smtp_severity_name(severity));
    html_attribute(html, "class", style);
    g_free(style);
    html_mark(html, ">");
    html_text(html, finding_severity(severity));
    html_mark(html, "</span>");
}
