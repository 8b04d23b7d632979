/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The output of `report`: one HTML page that needs nothing but itself. The sessions come one by one, but the page
 * begins with what is known at the end only, so its parts wait, most of them in temporary files, until all is read.
 *
 * A page is for people: of very many sessions, mails, findings and lines the first are shown, and it is said how many
 * are not.
 */

#include "report_private.h"

#include <errno.h>
#include <inttypes.h>

#include "language.h"
#include "output.h"
#include "report_assets.h"
#include "text.h"
#include "version.h"

/* Text is handed on in pieces of about this many octets. */
#define PIECE 65536u

/* ---- parts ---- */

static void note_problem(struct report *report, bool good)
{
    if (!good && report->problem == 0)
        report->problem = errno != 0 ? errno : EIO;
}

static void keep_in_strip(struct report *report, unsigned part, struct smtp_span text)
{
    if (report->strips[part] == NULL)
        report->strips[part] = strip_new();
    note_problem(report, strip_add(report->strips[part], text));
}

/* In the spool, a session is one text of pieces: this, and so many octets for that part. */
struct piece {
    uint32_t part, octets;
};

/* At once: the file is flushed for each text that is added. */
static void keep_in_spool(struct report *report, unsigned part, GString *text)
{
    const struct piece piece = { .part = part, .octets = (uint32_t)text->len };
    g_string_prepend_len(text, (const char *)&piece, sizeof piece);
    note_problem(report, spool_add(report->spool, smtp_span(text->str, text->len)));
}

/* Hands on what is written so far of the part. */
static void hand_on(struct report *report)
{
    GString *out = report->html.out;
    if (report->problem == 0 && out->len > 0 && report->early)
        keep_in_spool(report, report->part, out);
    else if (report->problem == 0 && out->len > 0)
        keep_in_strip(report, report->part, smtp_span(out->str, out->len));
    g_string_truncate(out, 0);
}

static void relieve(void *context)
{
    struct report *report = context;
    if (report->html.out->len < PIECE)
        return;
    hand_on(report);
    arena_pool_cool(report->pool);
}

void report_begin(struct report *report, unsigned part)
{
    report->part = part;
}

void report_end(struct report *report)
{
    hand_on(report);
}

/* A session on its way from the spool to the strips. */
struct move {
    struct report *report;
    struct piece piece;
    size_t known;  /* octets of `piece` that came */
    uint32_t left; /* of its text */
};

static bool take_moved(void *context, struct smtp_span text)
{
    struct move *move = context;
    while (text.length > 0 && move->report->problem == 0) {
        struct smtp_span taken = smtp_span_first(text, move->left > 0 ? move->left : sizeof move->piece - move->known);
        text = smtp_span_from(text, taken.length);
        if (move->left > 0) {
            keep_in_strip(move->report, move->piece.part, taken);
            move->left -= (uint32_t)taken.length;
            continue;
        }
        memcpy((char *)&move->piece + move->known, taken.octets, taken.length);
        move->known += taken.length;
        if (move->known < sizeof move->piece)
            continue;
        move->left = move->piece.octets;
        move->known = 0;
    }
    return move->report->problem == 0;
}

static void give_turn(struct face_run *run, uint64_t session)
{
    struct report *report = run->own;
    struct move move = { .report = report };
    if (report->problem == 0)
        note_problem(report, spool_move(report->spool, session, take_moved, &move));
    run->problem = report->problem;
}

/* ---- sessions ---- */

static void tell_across(void *context, const struct told_finding *told)
{
    struct report *report = context;
    bool wanted = false;
    for (unsigned i = 0; i < told->count; i++)
        wanted = wanted || options_pick(report->options, told->evidence[i].session);
    if (wanted)
        report_tell(report, told);
}

static struct report *new_report(const struct options *options, struct arena_pool *pool)
{
    struct report *report = g_new0(struct report, 1);
    report->options = options;
    report->pool = pool;
    report->relief = (struct relief){ .give = relieve, .context = report };
    html_begin(&report->html);
    report->spool = spool_new();
    report->across = across_new(options->memory_limit / ACROSS_PART, tell_across, report);
    report->dialogues = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    report->timeline = timeline_new();
    return report;
}

static void free_report(struct report *report)
{
    for (unsigned part = 0; part < REPORT_PARTS; part++)
        strip_free(report->strips[part]);
    timeline_free(report->timeline);
    g_hash_table_destroy(report->dialogues);
    across_free(report->across);
    spool_free(report->spool);
    html_end(&report->html);
    g_free(report);
}

uint64_t report_findings(const struct report *report)
{
    uint64_t count = 0;
    for (int severity = SMTP_SEVERITY_INFO; severity <= SMTP_SEVERITY_HIGH; severity++)
        count += report->counts.severities[severity];
    return count;
}

int report_worst(const struct record *record)
{
    int worst = -1;
    for (const GList *link = record->findings.head; link != NULL; link = link->next) {
        int severity = (int)smtp_finding_severity(((const struct finding *)link->data)->finding);
        worst = MAX(worst, severity);
    }
    return worst;
}

/* Whether the page has room for the session's dialogue. */
static bool takes_dialogue(struct report *report, const struct record *record)
{
    struct report_counts *counts = &report->counts;
    if (counts->dialogues - counts->dialogues_found < REPORT_DIALOGUES) {
        counts->dialogues++;
        return true;
    }
    if (report_worst(record) < (int)REPORT_FOUND_SEVERITY || counts->dialogues_found >= REPORT_DIALOGUES_FOUND)
        return false;
    counts->dialogues_found++;
    counts->dialogues++;
    return true;
}

static void count_transaction(struct report_counts *counts, const struct record *record,
                              const struct transaction *transaction)
{
    counts->mails++;
    counts->outcomes[transaction->outcome]++;
    if (transaction->message != NULL) {
        counts->contents++;
        counts->contents_whole += transaction->message->complete;
    }
    counts->recipients += transaction->recipients.length;
    for (const GList *link = transaction->recipients.head; link != NULL; link = record_next(record, link)) {
        const struct recipient *recipient = link->data;
        counts->recipients_refused += recipient->code >= 400 || recipient->delivery_code >= 400;
    }
}

static void count_session(struct report_counts *counts, const struct record *record)
{
    counts->sessions++;
    counts->whole += record->complete;
    counts->hidden += record_is_hidden(record);
    counts->starttls_refused += record->starttls.refused;
    for (const GList *link = record->gaps.head; link != NULL; link = record_next(record, link)) {
        counts->gaps++;
        counts->missing += ((const struct gap *)link->data)->octets;
    }
    for (const GList *link = record->auths.head; link != NULL; link = record_next(record, link)) {
        counts->logins++;
        counts->logins_accepted += ((const struct auth *)link->data)->result == SMTP_STEP_ACCEPTED;
    }
    for (const GList *link = record->transactions.head; link != NULL; link = record_next(record, link))
        count_transaction(counts, record, link->data);
}

static void write_session(struct report *report, const struct record *record)
{
    GArray *mails = g_array_new(FALSE, FALSE, sizeof(struct report_mail));
    bool dialogue = takes_dialogue(report, record);
    count_session(&report->counts, record);
    if (dialogue)
        g_hash_table_add(report->dialogues, g_memdup2(&record->id, sizeof record->id));
    timeline_add(report->timeline, record, report_worst(record), dialogue);
    report_row(report, record, dialogue);
    report_mails(report, record, mails);
    if (dialogue)
        report_dialogue(report, record, mails);
    for (const GList *link = record->findings.head; link != NULL; link = link->next) {
        const struct told_finding told = finding_told(record, link->data);
        report_tell(report, &told);
    }
    g_array_free(mails, TRUE);
}

static void add_session(struct face_run *run, const struct record *record)
{
    struct report *report = run->own;
    report->early = run->early;
    if (options_pick(report->options, record->id))
        write_session(report, record);
    across_session(report->across, record);
    if (report->early && report->problem == 0)
        note_problem(report, spool_end(report->spool, record->id));
    report->early = false;
    run->problem = report->problem;
}

static void add_finding(struct face_run *run, const struct told_finding *told)
{
    struct report *report = run->own;
    report_tell(report, told);
    run->problem = report->problem;
}

/* ---- pieces that several parts have ---- */

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

/* ---- the page ---- */

struct section {
    const char *id, *title;
};

static const struct section sections[] = {
    { "about", N_("What this report is made of") },
    { "overview", N_("Overview") },
    { "timeline", N_("Time line") },
    { "findings", N_("Findings") },
    { "sessions", N_("Sessions") },
    { "dialogues", N_("Dialogues") },
    { "mails", N_("Mails") },
};

enum section_name {
    SECTION_ABOUT,
    SECTION_OVERVIEW,
    SECTION_TIMELINE,
    SECTION_FINDINGS,
    SECTION_SESSIONS,
    SECTION_DIALOGUES,
    SECTION_MAILS,
};

static void begin_section(struct html *html, enum section_name name)
{
    html_mark(html, "<section");
    html_attribute(html, "id", sections[name].id);
    html_mark(html, ">\n<h2>");
    html_text(html, _(sections[name].title));
    html_mark(html, "</h2>\n");
}

static void end_section(struct html *html)
{
    html_mark(html, "</section>\n\n");
}

/* Nothing is loaded, and no style or script runs but those of the program. */
static void write_policy(struct html *html)
{
    html_mark(html, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
    html_source_hash(html, report_style);
    html_mark(html, "; script-src ");
    html_source_hash(html, report_script);
    html_mark(html, "; base-uri 'none'; form-action 'none'\">\n");
}

static void write_head(struct html *html, const char *title)
{
    html_mark(html, "<!doctype html>\n<html");
    html_attribute(html, "lang", language_in_use());
    html_mark(html, ">\n<head>\n<meta charset=\"utf-8\">\n");
    write_policy(html);
    html_mark(html, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\"");
    html_attribute(html, "content", "smtpscope " SMTPSCOPE_VERSION);
    html_mark(html, ">\n<title>");
    html_text(html, title);
    html_mark(html, "</title>\n<style>");
    html_source(html, report_style);
    html_mark(html, "</style>\n</head>\n");
}

/* The filter: shown by the script, without which it does nothing. */
static void write_filter(struct html *html)
{
    static const char *const choices[] = { N_("any severity"), N_("low and above"), N_("medium and above"),
                                           N_("high") };
    html_mark(html, "<form id=\"filter\" role=\"search\" hidden>\n<label for=\"words\">");
    html_text(html, _("Filter"));
    html_mark(html, "</label><input type=\"search\" id=\"words\" autocomplete=\"off\" spellcheck=\"false\"");
    html_attribute(html, "placeholder", _("address, subject, reply, frame ..."));
    html_mark(html, ">\n<label for=\"severity\" class=\"vh\">");
    html_text(html, _("Severity"));
    html_mark(html, "</label><select id=\"severity\">");
    for (unsigned i = 0; i < G_N_ELEMENTS(choices); i++) {
        html_mark(html, "<option value=\"");
        html_number(html, i);
        html_mark(html, "\">");
        html_text(html, _(choices[i]));
        html_mark(html, "</option>");
    }
    html_mark(html, "</select>\n<label class=\"check\"><input type=\"checkbox\" id=\"found\"> ");
    html_text(html, _("only with findings"));
    html_mark(html, "</label>\n<button type=\"button\" id=\"open\">");
    html_text(html, _("Open all"));
    html_mark(html, "</button><button type=\"button\" id=\"close\">");
    html_text(html, _("Close all"));
    html_mark(html, "</button>\n<output id=\"shown\" aria-live=\"polite\"");
    html_attribute(html, "data-format", _("%s of %s shown"));
    html_mark(html, "></output>\n</form>\n");
}

static void write_banner(struct html *html, const char *title)
{
    html_mark(html, "<body>\n<a class=\"skip\" href=\"#about\">");
    html_text(html, _("To the content"));
    html_mark(html, "</a>\n<header>\n<div class=\"bar\">\n<h1>");
    html_text(html, title);
    html_mark(html, "</h1>\n<nav");
    html_attribute(html, "aria-label", _("Contents"));
    html_mark(html, ">");
    for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
        html_mark(html, "<a href=\"#");
        html_text(html, sections[i].id);
        html_mark(html, "\">");
        html_text(html, i == SECTION_ABOUT ? _("Made of") : _(sections[i].title));
        html_mark(html, "</a>\n");
    }
    html_mark(html, "</nav>\n");
    write_filter(html);
    html_mark(html, "</div>\n</header>\n<main>\n");
}

/* Gives out what is written so far. */
static bool flush(struct report *report, FILE *out)
{
    GString *text = report->html.out;
    bool good = fwrite(text->str, 1, text->len, out) == text->len;
    g_string_truncate(text, 0);
    return good;
}

static bool give_part(struct report *report, unsigned part, FILE *out)
{
    return flush(report, out) && (report->strips[part] == NULL || strip_give(report->strips[part], out));
}

static bool write_findings(struct report *report, FILE *out)
{
    struct html *html = &report->html;
    begin_section(html, SECTION_FINDINGS);
    if (report_findings(report) == 0) {
        html_mark(html, "<p>");
        html_text(html, _("None. That says what was looked for and not seen, not that nothing happened."));
        html_mark(html, "</p>\n");
    }
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_INFO; severity--)
        for (unsigned name = 0; name < SMTP_FINDING_COUNT; name++) {
            unsigned part = REPORT_PART_FINDINGS + name * (SMTP_SEVERITY_HIGH + 1) + (unsigned)severity;
            if (!report_findings_heading(report, part))
                continue;
            if (!give_part(report, part, out))
                return false;
            report_findings_rest(report, part);
        }
    end_section(html);
    return true;
}

static void put_headings(struct html *html, const char *const *names, size_t count)
{
    html_mark(html, "<thead><tr>");
    for (size_t i = 0; i < count; i++) {
        html_mark(html, "<th scope=\"col\">");
        html_text(html, _(names[i]));
        html_mark(html, "</th>");
    }
    html_mark(html, "</tr></thead>\n<tbody>\n");
}

/* How many are not on the page, and how to get them. */
G_GNUC_PRINTF(3, 0) static void put_rest(struct html *html, uint64_t left_out, const char *format, const char *how)
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

static bool write_sessions(struct report *report, FILE *out)
{
    static const char *const names[] = { N_("No."), N_("Begins"), N_("Lasts"), N_("Client"),   N_("Server"),
                                         N_("TLS"), N_("Login"),  N_("Mails"), N_("Findings"), N_("End") };
    struct html *html = &report->html;
    const struct report_counts *counts = &report->counts;
    begin_section(html, SECTION_SESSIONS);
    uint64_t left_out = counts->sessions - counts->rows;
    put_rest(html, left_out,
             language_plural("%s session is not in this table.", "%s sessions are not in this table.", left_out),
             _("smtpscope sessions lists all of them."));
    report_fold(html, counts->rows <= REPORT_OPEN_ROWS, _("Table of sessions"));
    html_mark(html, "<div class=\"wide\" tabindex=\"0\" role=\"region\"");
    html_attribute(html, "aria-label", _("Sessions"));
    html_mark(html, "><table class=\"list\">\n");
    put_headings(html, names, G_N_ELEMENTS(names));
    if (!give_part(report, REPORT_PART_ROWS, out))
        return false;
    html_mark(html, "</tbody></table></div></details>\n");
    end_section(html);
    return true;
}

static bool write_dialogues(struct report *report, FILE *out)
{
    struct html *html = &report->html;
    const struct report_counts *counts = &report->counts;
    begin_section(html, SECTION_DIALOGUES);
    html_mark(html, "<p class=\"note\">");
    html_text(
        html,
        _("The client's line is on the left, the server's on the right. Seconds count from the session's first packet, "
          "frames are those that Wireshark shows. Control characters, and those that would reorder or hide text, are "
          "written as \\x and two digits; [secret-1] stands for a password or token, equal numbers for equal ones."));
    html_mark(html, "</p>\n");
    uint64_t left_out = counts->sessions - counts->dialogues;
    put_rest(html, left_out,
             language_plural("The dialogue of %s session is not on this page.",
                             "The dialogues of %s sessions are not on this page.", left_out),
             _("Here are those that ended first, and of the others some with a finding of medium or high severity; "
               "--session 17 or "
               "--session 100-200 picks others."));
    if (!give_part(report, REPORT_PART_DIALOGUES, out))
        return false;
    end_section(html);
    return true;
}

static bool write_mails(struct report *report, FILE *out)
{
    struct html *html = &report->html;
    const struct report_counts *counts = &report->counts;
    begin_section(html, SECTION_MAILS);
    if (counts->mails == 0) {
        html_mark(html, "<p>");
        html_text(html, _("No mail was seen."));
        html_mark(html, "</p>\n");
    } else {
        html_mark(html, "<p class=\"note\">");
        html_text(html, _("What is in the mails is not on this page: smtpscope messages --output-dir FOLDER writes "
                          "them to files, and "
                          "--attachments what is attached to them."));
        html_mark(html, "</p>\n");
    }
    uint64_t left_out = counts->mails - counts->mails_shown;
    put_rest(html, left_out,
             language_plural("%s mail is not on this page.", "%s mails are not on this page.", left_out),
             _("smtpscope messages lists all of them."));
    if (!give_part(report, REPORT_PART_MAILS, out))
        return false;
    end_section(html);
    return true;
}

static void write_beginning(struct report *report, const struct summary *summary)
{
    struct html *html = &report->html;
    const char *title = _("SMTP in packet captures: report");
    write_head(html, title);
    write_banner(html, title);
    if (report->options->show_secrets) {
        html_mark(html, "<p class=\"alarm\" role=\"alert\"><strong>");
        html_text(html, _("This page contains passwords and other secrets, readable (--show-secrets)."));
        html_mark(html, "</strong></p>\n");
    }
    begin_section(html, SECTION_ABOUT);
    report_captures(report, summary);
    report_losses(report, summary);
    end_section(html);
    begin_section(html, SECTION_OVERVIEW);
    report_overview(report);
    end_section(html);
    begin_section(html, SECTION_TIMELINE);
    timeline_write(report->timeline, html);
    end_section(html);
}

static void write_end(struct html *html)
{
    html_mark(html, "</main>\n<footer>");
    html_printf(html,
                _("Made by smtpscope %s from the captures named above, and from nothing else. What is not in a capture "
                  "is not on this page."),
                SMTPSCOPE_VERSION);
    html_mark(html, "</footer>\n<script>");
    html_source(html, report_script);
    html_mark(html, "</script>\n</body>\n</html>\n");
}

static bool write_page(struct report *report, const struct summary *summary, FILE *out)
{
    write_beginning(report, summary);
    if (!write_findings(report, out) || !write_sessions(report, out) || !write_dialogues(report, out) ||
        !write_mails(report, out))
        return false;
    write_end(&report->html);
    return flush(report, out);
}

/* ---- the face ---- */

static bool begin(struct face_run *run)
{
    run->own = new_report(run->options, run->pool);
    return true;
}

static bool finish(struct face_run *run, struct summary *summary)
{
    struct report *report = run->own;
    summary->findings = report_findings(report);
    summary->forgotten = across_forgotten(report->across);
    return write_page(report, summary, output_stream(run->output));
}

static void end(struct face_run *run)
{
    free_report(run->own);
}

const struct face_writer report_face = {
    .open = begin,
    .session = add_session,
    .turn = give_turn,
    .finding = add_finding,
    .finish = finish,
    .close = end,
    .not_kept = N_("smtpscope: %s: cannot keep the parts of the page there until all is read: %s\n"),
};
