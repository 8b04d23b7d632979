/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "printer.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "eve.h"
#include "export.h"
#include "findings_report.h"
#include "language.h"
#include "messages_text.h"
#include "report.h"
#include "output.h"
#include "overwrite.h"
#include "servers.h"
#include "session_json.h"
#include "sessions_text.h"
#include "spool.h"
#include "text.h"
#include "transaction_json.h"
#include "transcript_json.h"
#include "transcript_text.h"
#include "verification.h"
#include "zeek_out.h"

/* What was looked at to print so many sessions is taken out of memory again. */
#define SESSIONS_BETWEEN_COOLING 4

struct printer {
    const struct options *options;
    struct worker *worker;
    struct arena_pool *pool;
    struct export *export; /* NULL: no messages are written */
    struct verify *verify; /* NULL: there is nothing to verify */
    gint failed;           /* atomic: the reader looks at it */
    guint64 sessions_seen; /* atomic enough: for progress only */

    /* The worker's. */
    struct output output;
    bool mute;           /* it failed: what is still done is to write mails to their directory */
    struct spool *spool; /* sessions printed before their turn */
    bool early;          /* such a one is being printed */
    struct page page;
    struct relief relief;
    struct findings_report *findings; /* of the command `findings`; else NULL */
    struct servers *servers;          /* of the command `servers`; else NULL */
    struct report *report;            /* of the command `report`; else NULL */
    bool heading_done;
    unsigned printed;
    struct summary summary;
};

/* Mails that are written to a directory are evidence, whether or not there is a list of them. */
static void print_no_more(struct printer *printer)
{
    printer->mute = true;
    if (printer->export == NULL)
        g_atomic_int_set(&printer->failed, 1);
}

static void say_failed(struct printer *printer)
{
    if (printer->mute || g_atomic_int_get(&printer->failed))
        return;
    output_say_failed(printer->options->output);
    print_no_more(printer);
}

static void say_not_kept(struct printer *printer, int reason)
{
    if (printer->mute || g_atomic_int_get(&printer->failed))
        return;
    fprintf(stderr,
            printer->report != NULL ? _("smtpscope: %s: cannot keep the parts of the page there until all is read: %s\n")
                                    : _("smtpscope: %s: cannot keep sessions there until their turn comes (--sort start): %s\n"),
            g_get_tmp_dir(), g_strerror(reason));
    print_no_more(printer);
}

/* What was to be written to the directory. Whoever reads it must not take it for all there is. */
static void say_directory_failed(struct printer *printer)
{
    if (g_atomic_int_get(&printer->failed))
        return;
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(outdir_problem(export_directory(printer->export))));
    fprintf(stderr, "smtpscope: %s\n", visible->str);
    g_string_free(visible, TRUE);
    g_atomic_int_set(&printer->failed, 1);
}

static void write_out(struct printer *printer)
{
    GString *out = printer->page.out;
    bool wanted = !printer->failed && !printer->mute && out->len > 0;
    if (wanted && printer->early) {
        if (!spool_add(printer->spool, smtp_span(out->str, out->len)))
            say_not_kept(printer, errno);
    } else if (wanted && fwrite(out->str, 1, out->len, output_stream(&printer->output)) != out->len) {
        say_failed(printer);
    }
    g_string_truncate(out, 0);
}

static void relieve(void *context)
{
    struct printer *printer = context;
    if (printer->page.out->len < RELIEF_OCTETS)
        return;
    write_out(printer);
    arena_pool_cool(printer->pool);
}

/* Whether the file lies in the directory itself. */
static bool lies_in(const char *name, const char *directory)
{
    struct stat parent;
    struct stat there;
    char *folder = g_path_get_dirname(name);
    bool same = stat(folder, &parent) == 0 && stat(directory, &there) == 0 && parent.st_dev == there.st_dev && parent.st_ino == there.st_ino;
    g_free(folder);
    return same;
}

static bool is_picked(const void *context, uint64_t id)
{
    return options_pick(((const struct printer *)context)->options, id);
}

static void free_printer(struct printer *printer)
{
    if (printer->verify != NULL)
        verify_free(printer->verify);
    if (printer->export != NULL)
        export_free(printer->export);
    if (printer->servers != NULL)
        servers_free(printer->servers);
    if (printer->findings != NULL)
        findings_report_free(printer->findings);
    if (printer->report != NULL)
        report_free(printer->report);
    output_close(&printer->output, false);
    spool_free(printer->spool);
    if (printer->page.out != NULL)
        g_string_free(printer->page.out, TRUE);
    g_free(printer);
}

static void take_verification(void *context, const struct verification *verification)
{
    struct printer *printer = context;
    printer->summary.verified[verification->result]++;
    if (printer->options->format == FORMAT_JSON)
        verification_json(&(struct json){ .out = printer->page.out }, printer->options->verify, verification);
    else
        verification_text(&printer->page, verification);
    relieve(printer);
}

static void say_unreadable(struct printer *printer, const char *directory)
{
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(directory));
    fprintf(stderr, _("smtpscope: %s: cannot be read: %s\n"), visible->str, g_strerror(errno));
    g_string_free(visible, TRUE);
    g_atomic_int_set(&printer->failed, 1);
}

/* Opens what is to be written to. Returns false, and says why, if that fails. */
static bool open_output(struct printer *printer)
{
    const struct options *options = printer->options;
    if (options->output != NULL && options->verify != NULL && lies_in(options->output, options->verify)) {
        fprintf(stderr, _("smtpscope: %s: lies in the directory that --verify looks at, where nothing is written\n"), options->output);
        return false;
    }
    if (options->output != NULL && !overwrite_allowed(options->output, options->captures, options->count))
        return false;
    if (!output_open(&printer->output, options->output)) {
        say_failed(printer);
        return false;
    }
    if (options->output_dir != NULL) {
        printer->export = export_open(options->output_dir);
        if (outdir_failed(export_directory(printer->export)))
            say_directory_failed(printer);
    }
    if (options->verify != NULL) {
        printer->verify = verify_open(options->verify, options->memory_limit / 2, printer->pool, take_verification, printer);
        if (printer->verify == NULL)
            say_unreadable(printer, options->verify);
    }
    return !printer->failed;
}

struct printer *printer_open(const struct options *options, struct worker *worker, struct arena_pool *pool)
{
    struct printer *printer = g_new0(struct printer, 1);
    printer->options = options;
    printer->worker = worker;
    printer->pool = pool;
    printer->relief = (struct relief){ .give = relieve, .context = printer };
    printer->spool = spool_new();
    printer->page = (struct page){
        .out = g_string_sized_new(2 * RELIEF_OCTETS),
        .colour = options->colour,
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
    if (options->command == COMMAND_SERVERS)
        printer->servers = servers_new(options->memory_limit / SERVERS_PART);
    if (options->command == COMMAND_FINDINGS)
        printer->findings = findings_report_new(&printer->page, options->memory_limit, options->format == FORMAT_JSON, options->count > 1, is_picked, printer);
    if (options->command == COMMAND_REPORT)
        printer->report = report_new(options, pool);
    if (open_output(printer))
        return printer;
    free_printer(printer);
    return NULL;
}

struct outdir *printer_directory(const struct printer *printer)
{
    return printer->export != NULL ? export_directory(printer->export) : NULL;
}

static void count(struct printer *printer, const struct record *record)
{
    printer->summary.sessions++;
    printer->summary.hidden += record_is_hidden(record);
    printer->summary.findings += record->findings.length;
    for (const GList *link = record->transactions.head; link != NULL; link = record_next(record, link))
        if (((const struct transaction *)link->data)->message != NULL)
            printer->summary.messages++;
}

static void print_json(struct printer *printer, const struct record *record)
{
    const struct options *options = printer->options;
    const struct transaction_paths paths = { .directory = options->output_dir };
    struct json json = { .out = printer->page.out, .relief = &printer->relief };
    switch (options->command) {
    case COMMAND_TRANSCRIPT:
        transcript_json(&json, record, options->show_secrets);
        break;
    case COMMAND_SESSIONS:
        session_json(&json, record, options->show_secrets);
        break;
    case COMMAND_MESSAGES:
        for (const GList *link = record->transactions.head; link != NULL; link = link->next)
            transaction_json_record(&json, record, link->data, options->output_dir != NULL ? &paths : NULL);
        break;
    default:
        break;
    }
}

/* In front of all sessions, also of those that are printed before their turn. */
static void print_heading(struct printer *printer)
{
    if (printer->heading_done || printer->options->format != FORMAT_TEXT || printer->verify != NULL)
        return;
    printer->heading_done = true;
    if (printer->options->command == COMMAND_SESSIONS)
        sessions_text_heading(&printer->page);
    if (printer->options->command == COMMAND_MESSAGES)
        messages_text_heading(&printer->page);
}

static void print_text(struct printer *printer, const struct record *record)
{
    const struct options *options = printer->options;
    const struct transcript_options transcript = {
        .show_secrets = options->show_secrets,
        .full = options->full,
        .relief = &printer->relief,
    };
    switch (options->command) {
    case COMMAND_TRANSCRIPT:
        transcript_text(&printer->page, record, &transcript);
        break;
    case COMMAND_SESSIONS:
        sessions_text(&printer->page, record);
        break;
    case COMMAND_MESSAGES:
        messages_text(&printer->page, record, options->output_dir, &printer->relief);
        break;
    default:
        break;
    }
}

static void add_to_report(struct printer *printer, const struct record *record)
{
    report_session(printer->report, record, !printer->early);
    if (report_problem(printer->report) != 0)
        say_not_kept(printer, report_problem(printer->report));
}

static void print_log(struct printer *printer, const struct record *record)
{
    enum output_format format = printer->options->format;
    if (format == FORMAT_EVE)
        eve_session(&(struct json){ .out = printer->page.out, .relief = &printer->relief }, record);
    else
        zeek_out_session(printer->page.out, record, format == FORMAT_ZEEK_JSON, &printer->relief);
}

static void print(struct printer *printer, const struct record *record)
{
    if (printer->report != NULL) {
        add_to_report(printer, record);
        return;
    }
    if (printer->findings != NULL) {
        findings_report_session(printer->findings, record);
        return;
    }
    if (printer->servers != NULL) {
        servers_session(printer->servers, record);
        return;
    }
    if (printer->export != NULL) { /* first: the paths are printed, too */
        export_session(printer->export, record);
        if (outdir_failed(export_directory(printer->export)))
            say_directory_failed(printer);
    }
    if (printer->verify != NULL)
        verify_session(printer->verify, record);
    else if (printer->options->format == FORMAT_JSON)
        print_json(printer, record);
    else if (options_is_log(printer->options))
        print_log(printer, record);
    else
        print_text(printer, record);
}

/* What a job is told of, beside its target. */
struct print_job {
    struct printer *printer;
    bool in_turn;
    uint64_t id;
};

/* What such a job is told of a transaction. */
struct over {
    const struct record *record;
    struct transaction *transaction;
};

static struct print_job job_of(struct smtp_span octets)
{
    struct print_job job;
    memcpy(&job, octets.octets, sizeof job);
    return job;
}

/* Job: prints a session and frees it. */
static void print_session(void *target, struct smtp_span octets)
{
    struct record *record = target;
    struct print_job job = job_of(octets);
    struct printer *printer = job.printer;
    bool picked = is_picked(printer, record->id);
    print_heading(printer);
    if (!job.in_turn)
        write_out(printer); /* what is before it is not its text */
    printer->early = !job.in_turn;
    if ((picked || printer->findings != NULL || printer->report != NULL) && !printer->failed) {
        record_conclude(record);
        if (picked)
            count(printer, record);
        print(printer, record);
        if (printer->page.out->len >= RELIEF_OCTETS || printer->early)
            write_out(printer);
    }
    if (printer->early && !printer->failed && !spool_end(printer->spool, record->id))
        say_not_kept(printer, errno);
    printer->early = false;
    record_free(record);
    if (++printer->printed % SESSIONS_BETWEEN_COOLING == 0)
        arena_pool_cool(printer->pool);
}

static bool write_kept(void *context, struct smtp_span text)
{
    struct printer *printer = context;
    return printer->mute || fwrite(text.octets, 1, text.length, output_stream(&printer->output)) == text.length;
}

/* Job: `octets` are the addresses of a record and its transaction. */
static void export_over(void *target, struct smtp_span octets)
{
    struct printer *printer = target;
    struct over over;
    memcpy(&over, octets.octets, sizeof over);
    if (printer->failed)
        return;
    if (is_picked(printer, over.record->id))
        export_transaction(printer->export, over.record, over.transaction);
    else
        export_forget(over.transaction);
    if (outdir_failed(export_directory(printer->export)))
        say_directory_failed(printer);
}

/* Job: the turn of a session that is printed already. */
static void print_kept(void *target, struct smtp_span octets)
{
    struct printer *printer = target;
    write_out(printer);
    if (printer->report != NULL && !printer->failed)
        report_turn(printer->report, job_of(octets).id);
    if (!printer->failed && !spool_move(printer->spool, job_of(octets).id, write_kept, printer))
        say_failed(printer);
}

/* Job: a batch of sessions was printed. */
static void flush_output(void *target, struct smtp_span octets)
{
    (void)octets;
    struct printer *printer = target;
    write_out(printer);
    if (!printer->failed && !printer->mute && !output_flush(&printer->output))
        say_failed(printer);
}

/* Job: `octets` is the time of the first frame. */
static void begin(void *target, struct smtp_span octets)
{
    struct printer *printer = target;
    int64_t time;
    memcpy(&time, octets.octets, sizeof time);
    zeek_out_heading(printer->page.out, &time);
    printer->heading_done = true;
}

void printer_begin(struct printer *printer, int64_t time)
{
    if (printer->options->format == FORMAT_ZEEK)
        worker_post(printer->worker, begin, printer, smtp_span(&time, sizeof time));
}

void printer_transaction(struct printer *printer, struct record *record, struct transaction *transaction)
{
    const struct over over = { .record = record, .transaction = transaction };
    worker_post(printer->worker, export_over, printer, smtp_span(&over, sizeof over));
}

void printer_session(struct printer *printer, struct record *record, bool in_turn)
{
    const struct print_job job = { .printer = printer, .in_turn = in_turn, .id = record->id };
    printer->sessions_seen++;
    worker_post_heavy(printer->worker, print_session, record, smtp_span(&job, sizeof job), ARENA_FIRST);
}

void printer_turn(struct printer *printer, uint64_t id)
{
    const struct print_job job = { .printer = printer, .in_turn = true, .id = id };
    worker_post(printer->worker, print_kept, printer, smtp_span(&job, sizeof job));
}

/* A finding on its way to the worker. */
struct not_smtp {
    struct printer *printer;
    struct told_finding told;
    char *detail;
};

/* Job: prints it and frees it. */
static void print_not_smtp(void *target, struct smtp_span octets)
{
    (void)octets;
    struct not_smtp *found = target;
    struct printer *printer = found->printer;
    bool wanted = printer->options->sessions->len == 0 && !printer->failed;
    if (wanted && printer->report != NULL)
        report_finding(printer->report, &found->told);
    else if (wanted)
        findings_report_tell(printer->findings, &found->told);
    if (printer->page.out->len >= RELIEF_OCTETS)
        write_out(printer);
    g_free(found->detail);
    g_free(found);
}

void printer_not_smtp(struct printer *printer, uint64_t frame, const char *capture, const char *detail)
{
    struct not_smtp *found = g_new0(struct not_smtp, 1);
    found->printer = printer;
    found->detail = g_strdup(detail);
    found->told = (struct told_finding){
        .finding = SMTP_FINDING_NOT_SMTP,
        .severity = smtp_finding_severity(SMTP_FINDING_NOT_SMTP),
        .detail = smtp_span_of_text(found->detail),
        .evidence[0] = { .frame = frame, .capture = capture },
        .count = 1,
    };
    worker_post_heavy(printer->worker, print_not_smtp, found, smtp_span(NULL, 0), sizeof *found + strlen(detail));
}

void printer_flush(struct printer *printer)
{
    worker_post(printer->worker, flush_output, printer, smtp_span(NULL, 0));
    worker_flush(printer->worker);
}

bool printer_failed(const struct printer *printer)
{
    return g_atomic_int_get(&printer->failed) != 0
           || (printer->export != NULL && outdir_failed(export_directory(printer->export)));
}

uint64_t printer_sessions(const struct printer *printer)
{
    return printer->sessions_seen;
}

/* Whether something is extra can be told only where all was looked at. */
static void finish_verifying(struct printer *printer, struct summary *summary)
{
    if (printer->verify == NULL)
        return;
    if (printer->options->sessions->len == 0 && !summary->interrupted)
        verify_finish(printer->verify);
    if (!summary->interrupted)
        verify_summary(printer->verify, summary);
    memcpy(summary->verified, printer->summary.verified, sizeof summary->verified);
    if (printer->options->format == FORMAT_TEXT)
        verification_text_end(&printer->page, summary->verified);
}

/* A log without a heading could not be read, even where it is empty. */
static void finish_log(struct printer *printer, const struct summary *summary)
{
    if (printer->options->format != FORMAT_ZEEK)
        return;
    if (!printer->heading_done)
        zeek_out_heading(printer->page.out, NULL);
    zeek_out_closing(printer->page.out, summary->totals.frames > 0 ? &summary->newest : NULL);
}

/* What is known at the end only. */
static void finish(struct printer *printer, struct summary *summary)
{
    struct json json = { .out = printer->page.out, .relief = &printer->relief };
    if (printer->servers != NULL) {
        summary->forgotten = servers_forgotten(printer->servers);
        if (printer->options->format == FORMAT_JSON)
            servers_json(printer->servers, &json);
        else
            servers_text(printer->servers, &printer->page, &printer->relief);
    }
    if (printer->findings != NULL) {
        summary->findings = findings_report_count(printer->findings);
        summary->forgotten = findings_report_forgotten(printer->findings);
        if (printer->options->format == FORMAT_TEXT && (summary->sessions > 0 || summary->findings > 0))
            findings_report_summary(printer->findings);
    }
    if (printer->report != NULL) {
        summary->findings = report_findings(printer->report);
        summary->forgotten = report_forgotten(printer->report);
        if (!printer->failed && !report_write(printer->report, summary, output_stream(&printer->output)))
            say_failed(printer);
    }
    finish_verifying(printer, summary);
    finish_log(printer, summary);
    if (printer->options->format == FORMAT_JSON)
        summary_json(&json, summary);
}

bool printer_close(struct printer *printer, struct summary *summary)
{
    /* Where nothing could be read, a file stays as it was. */
    bool any = summary->totals.captures > 0 || printer->options->output == NULL;
    summary->options = printer->options;
    summary->sessions = printer->summary.sessions;
    summary->sessions_seen = printer->sessions_seen;
    summary->messages = printer->summary.messages;
    summary->hidden = printer->summary.hidden;
    summary->findings = printer->summary.findings;
    if (any)
        finish(printer, summary);
    flush_output(printer, smtp_span(NULL, 0));
    if (!output_close(&printer->output, any && !printer->failed && !printer->mute))
        say_failed(printer);
    if (printer->export != NULL && !export_close(printer->export, summary))
        say_directory_failed(printer);
    bool good = !printer->failed && !printer->mute;
    free_printer(printer);
    return good;
}
