/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The beginning of the report: what it is made of, what of that could not be used, and how much there is. */

#include <inttypes.h>

#include "language.h"
#include "report_private.h"
#include "text.h"
#include "version.h"

/* ---- what it is made of ---- */

static void put_digest_cell(struct html *html, const char *digest)
{
    html_mark(html, "<td>");
    if (digest != NULL) {
        html_mark(html, "<code>");
        html_text(html, digest);
        html_mark(html, "</code>");
    } else {
        html_text(html, _("not known: it was not read to its end"));
    }
    html_mark(html, "</td>");
}

static void put_numbers(struct html *html, uint64_t frames, uint64_t octets)
{
    html_mark(html, "<td class=\"number\">");
    report_narrow(html, _("Frames"));
    html_count(html, frames);
    html_mark(html, "</td><td class=\"number\">");
    report_narrow(html, _("Octets"));
    html_count(html, octets);
    html_mark(html, "</td>");
}

static void put_capture_row(struct html *html, const struct summary *summary, unsigned index)
{
    const struct capture_facts facts = capture_set_facts(summary->captures, index);
    unsigned precision = capture_set_precision(summary->captures, index);
    html_mark(html, "<tr><th scope=\"row\">");
    html_wire(html, smtp_span_of_text(capture_set_name(summary->captures, index)));
    html_mark(html, "</th>");
    put_numbers(html, facts.frames, facts.octets);
    html_mark(html, "<td>");
    if (facts.frames > 0) {
        html_time(html, facts.first, precision);
        html_mark(html, "<br>");
        html_time(html, facts.last, precision);
    }
    html_mark(html, "</td>");
    if (summary->options->hash_input)
        put_digest_cell(html, capture_set_digest(summary->captures, index));
    html_mark(html, "</tr>\n");
}

static void put_headings(struct html *html, bool digests)
{
    static const char *const names[] = { N_("Capture"), N_("Frames"), N_("Octets"), N_("First and last frame"),
                                         "SHA-256" };
    html_mark(html, "<thead><tr>");
    for (size_t i = 0; i < G_N_ELEMENTS(names) - (digests ? 0 : 1); i++) {
        if (i == 1 || i == 2)
            html_mark(html, "<th scope=\"col\" class=\"number\">");
        else
            html_mark(html, "<th scope=\"col\">");
        html_text(html, _(names[i]));
        html_mark(html, "</th>");
    }
    html_mark(html, "</tr></thead>\n");
}

static void put_totals(struct html *html, const struct summary *summary)
{
    html_mark(html, "<tfoot><tr><th scope=\"row\">");
    html_text(html, _("all"));
    html_mark(html, "</th>");
    put_numbers(html, summary->totals.frames, summary->totals.octets);
    html_mark(html, "<td></td>");
    if (summary->options->hash_input)
        html_mark(html, "<td></td>");
    html_mark(html, "</tr></tfoot>\n");
}

static void put_capture_table(struct html *html, const struct summary *summary)
{
    unsigned count = summary->options->count;
    char *title = g_strdup_printf(language_plural("%u capture", "%u captures", count), count);
    report_fold(html, count <= REPORT_OPEN, title);
    g_free(title);
    html_mark(html, "<div class=\"wide\" tabindex=\"0\" role=\"region\"");
    html_attribute(html, "aria-label", _("Captures"));
    html_mark(html, "><table class=\"list captures\">\n");
    put_headings(html, summary->options->hash_input);
    html_mark(html, "<tbody>\n");
    for (unsigned i = 0; i < count; i++)
        put_capture_row(html, summary, i);
    html_mark(html, "</tbody>\n");
    if (count > 1)
        put_totals(html, summary);
    html_mark(html, "</table></div></details>\n");
}

static void put_option(struct html *html, const char *option)
{
    html_mark(html, " <code>");
    html_text(html, option);
    html_mark(html, "</code>");
}

static void put_session_option(struct html *html, const struct options *options)
{
    GString *text = g_string_new("--session ");
    for (unsigned i = 0; i < options->sessions->len; i++) {
        const struct session_range *range = &g_array_index(options->sessions, struct session_range, i);
        g_string_append_printf(text, i > 0 ? ",%" PRIu64 : "%" PRIu64, range->first);
        if (range->last != range->first)
            g_string_append_printf(text, "-%" PRIu64, range->last);
    }
    put_option(html, text->str);
    g_string_free(text, TRUE);
}

static void put_options(struct html *html, const struct options *options)
{
    bool mebibytes = options->memory_limit % (1u << 20) == 0;
    char *memory = g_strdup_printf("--memory-limit %" PRIu64 "%s", options->memory_limit >> (mebibytes ? 20 : 0),
                                   mebibytes ? "M" : "");
    char *shard = g_strdup_printf("--shard %" PRIu64 "/%" PRIu64, options->shard, options->shards);
    if (options->sessions->len > 0)
        put_session_option(html, options);
    put_option(html, options->by_start ? "--sort start" : "--sort end");
    if (options->shards > 0)
        put_option(html, shard);
    if (options->hash_input)
        put_option(html, "--hash-input");
    if (options->show_secrets)
        put_option(html, "--show-secrets");
    if (options->checksums != TCP_CHECKSUMS_AUTO)
        put_option(html, options->checksums == TCP_CHECKSUMS_ON ? "--checksum on" : "--checksum off");
    put_option(html, memory);
    g_free(shard);
    g_free(memory);
}

void report_captures(struct report *report, const struct summary *summary)
{
    struct html *html = &report->html;
    put_capture_table(html, summary);
    html_mark(html, "<dl class=\"facts\">\n");
    report_fact(html, _("Program"));
    html_text(html, "smtpscope " SMTPSCOPE_VERSION);
    report_fact_end(html);
    report_fact(html, _("Options"));
    put_options(html, report->options);
    report_fact_end(html);
    if (!report->options->hash_input) {
        report_fact(html, "SHA-256");
        html_text(html, _("of the captures: not asked for (--hash-input)"));
        report_fact_end(html);
    }
    if (summary->frames[PACKET_NOT_TCP] > 0) {
        GString *count = g_string_new(NULL);
        text_append_count(count, summary->frames[PACKET_NOT_TCP]);
        report_fact(html, _("Not TCP"));
        html_printf(
            html,
            language_plural("%s frame, not looked at", "%s frames, not looked at", summary->frames[PACKET_NOT_TCP]),
            count->str);
        report_fact_end(html);
        g_string_free(count, TRUE);
    }
    html_mark(html, "</dl>\n");
}

/* ---- what is not in it ---- */

static void begin_loss(struct html *html, bool *begun)
{
    if (!*begun) {
        html_mark(html, "<div class=\"alarm\">\n<h3>");
        html_text(html, _("What could not be seen"));
        html_mark(html, "</h3>\n<ul>\n");
    }
    *begun = true;
    html_mark(html, "<li>");
}

G_GNUC_PRINTF(4, 0) static void put_loss(struct html *html, bool *begun, uint64_t count, const char *format)
{
    if (count == 0)
        return;
    GString *number = g_string_new(NULL);
    text_append_count(number, count);
    begin_loss(html, begun);
    html_printf(html, format, number->str);
    html_mark(html, "</li>\n");
    g_string_free(number, TRUE);
}

static void put_capture_problems(struct html *html, const struct summary *summary, bool *begun)
{
    for (unsigned i = 0; i < summary->options->count; i++) {
        const struct capture_facts facts = capture_set_facts(summary->captures, i);
        if (facts.problem == NULL)
            continue;
        begin_loss(html, begun);
        html_wire(html, smtp_span_of_text(capture_set_name(summary->captures, i)));
        html_mark(html, ": ");
        html_wire(html, smtp_span_of_text(facts.problem));
        html_mark(html, "</li>\n");
    }
}

static void put_gaps(struct html *html, const struct report_counts *counts, bool *begun)
{
    if (counts->gaps == 0)
        return;
    GString *octets = g_string_new(NULL);
    text_append_count(octets, counts->missing);
    begin_loss(html, begun);
    html_printf(html,
                language_plural("%" PRIu64 " hole in the sessions: %s octets are not in the capture",
                                "%" PRIu64 " holes in the sessions: %s octets are not in the capture", counts->gaps),
                counts->gaps, octets->str);
    html_mark(html, "</li>\n");
    g_string_free(octets, TRUE);
}

/* Frames with something else than TCP are no loss. */
static void put_frames(struct html *html, const struct summary *summary, bool *begun)
{
    static const struct {
        enum packet_result result;
        const char *reason;
    } reasons[] = {
        { PACKET_FRAGMENT, N_("frames with fragments whose packet was never whole: ") },
        { PACKET_ENCRYPTED, N_("frames of encrypted 802.11: ") },
        { PACKET_CUT, N_("frames cut short by the capture's snap length: ") },
        { PACKET_MALFORMED, N_("malformed frames: ") },
        { PACKET_LINK_UNKNOWN, N_("frames of an unknown link type: ") },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        uint64_t count = summary->frames[reasons[i].result];
        if (count == 0)
            continue;
        begin_loss(html, begun);
        html_text(html, _(reasons[i].reason));
        html_count(html, count);
        html_mark(html, "</li>\n");
    }
}

void report_losses(struct report *report, const struct summary *summary)
{
    struct html *html = &report->html;
    const struct report_counts *counts = &report->counts;
    bool begun = false;
    put_capture_problems(html, summary, &begun);
    if (summary->interrupted) {
        begin_loss(html, &begun);
        html_text(html, _("The run was interrupted: what was read up to then is reported"));
        html_mark(html, "</li>\n");
    }
    put_gaps(html, counts, &begun);
    put_loss(html, &begun, counts->hidden,
             language_plural("%s session went on under TLS: what was said there cannot be seen",
                             "%s sessions went on under TLS: what was said there cannot be seen", counts->hidden));
    put_frames(html, summary, &begun);
    put_loss(
        html, &begun, summary->given_up,
        language_plural("%s connection was not followed, or closed early: more would not fit into --memory-limit",
                        "%s connections were not followed, or closed early: more would not fit into --memory-limit",
                        summary->given_up));
    put_loss(html, &begun, summary->not_waited_for,
             language_plural("%s hole was not waited for: too much was behind it for --memory-limit",
                             "%s holes were not waited for: too much was behind them for --memory-limit",
                             summary->not_waited_for));
    put_loss(html, &begun, summary->implausible,
             language_plural("%s segment was not used: its sequence number is far outside of its connection",
                             "%s segments were not used: their sequence numbers are far outside of their connection",
                             summary->implausible));
    put_loss(html, &begun, summary->mismatches,
             language_plural("%s segment was not used: its checksum is wrong, so the receiver dropped it",
                             "%s segments were not used: their checksums are wrong, so the receiver dropped them",
                             summary->mismatches));
    put_loss(html, &begun, summary->late,
             language_plural("%s segment came too late to be used: what it fills is called missing",
                             "%s segments came too late to be used: what they fill is called missing", summary->late));
    put_loss(html, &begun, summary->totals.lost,
             language_plural("%s packet was lost before it was stored, as the capture program says",
                             "%s packets were lost before they were stored, as the capture program says",
                             summary->totals.lost));
    put_loss(html, &begun, summary->not_smtp,
             language_plural("%s connection on an SMTP port carries something else",
                             "%s connections on an SMTP port carry something else", summary->not_smtp));
    put_loss(html, &begun, summary->forgotten,
             language_plural("%s client, server or identity was forgotten to make room for others",
                             "%s clients, servers or identities were forgotten to make room for others",
                             summary->forgotten));
    if (summary->options->shards > 0) {
        begin_loss(html, &begun);
        html_text(html, _("The connections of the other shards (--shard) are not here"));
        html_mark(html, "</li>\n");
    }
    put_loss(html, &begun, summary->sessions_seen - summary->sessions,
             language_plural("%s session was not asked for (--session), and is not here",
                             "%s sessions were not asked for (--session), and are not here",
                             summary->sessions_seen - summary->sessions));
    if (begun) {
        html_mark(html, "</ul></div>\n");
        return;
    }
    html_mark(html, "<p class=\"fine\">");
    html_text(html, _("All frames were read, and no session has a hole."));
    html_mark(html, "</p>\n");
}

/* ---- numbers ---- */

static void put_number(struct html *html, const char *name, uint64_t number, const char *more)
{
    html_mark(html, "<div><dt>");
    html_text(html, name);
    html_mark(html, "</dt><dd>");
    html_count(html, number);
    if (more != NULL) {
        html_mark(html, "<small>");
        html_text(html, more);
        html_mark(html, "</small>");
    }
    html_mark(html, "</dd></div>\n");
}

static void append_part(GString *out, uint64_t number, const char *name)
{
    if (number == 0)
        return;
    g_string_append(out, out->len > 0 ? ", " : "");
    text_append_count(out, number);
    g_string_append_printf(out, " %s", name);
}

static void put_outcomes(struct html *html, const struct report_counts *counts)
{
    static const char *const names[] = { N_("of unknown outcome"), N_("accepted"), N_("rejected"), N_("aborted"),
                                         N_("unfinished") };
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        append_part(text, counts->outcomes[i], _(names[i]));
    put_number(html, _("Mails"), counts->mails, text->str);
    g_string_free(text, TRUE);
}

static void put_findings(struct html *html, const struct report *report)
{
    GString *text = g_string_new(NULL);
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--)
        append_part(text, report->counts.severities[severity], finding_severity((enum smtp_severity)severity));
    put_number(html, _("Findings"), report_findings(report), text->str);
    g_string_free(text, TRUE);
}

/* So many, and how many of them are something. */
static void put_with_part(struct html *html, const char *name, uint64_t number, uint64_t part, const char *what)
{
    GString *text = g_string_new(NULL);
    append_part(text, part, what);
    put_number(html, name, number, text->len > 0 ? text->str : NULL);
    g_string_free(text, TRUE);
}

void report_overview(struct report *report)
{
    struct html *html = &report->html;
    const struct report_counts *counts = &report->counts;
    html_mark(html, "<dl class=\"numbers\">\n");
    put_with_part(html, _("Sessions"), counts->sessions, counts->sessions - counts->whole,
                  _("not seen from beginning to end"));
    put_findings(html, report);
    put_outcomes(html, counts);
    put_with_part(html, _("Contents of mails"), counts->contents, counts->contents - counts->contents_whole,
                  _("not complete"));
    put_with_part(html, _("Recipients"), counts->recipients, counts->recipients_refused, _("refused"));
    put_with_part(html, _("Logins that can be read"), counts->logins, counts->logins_accepted, _("accepted"));
    put_with_part(html, _("Sessions hidden by TLS"), counts->hidden, 0, "");
    put_with_part(html, _("STARTTLS refused"), counts->starttls_refused, 0, "");
    html_mark(html, "</dl>\n");
}
