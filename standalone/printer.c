/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "printer.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "findings_report.h"
#include "servers.h"
#include "session_json.h"
#include "sessions_text.h"
#include "spool.h"
#include "transcript_json.h"
#include "transcript_text.h"

/* Output is handed to the system in pieces of about this many octets. */
#define OUTPUT_PIECE 65536

/* What was looked at to print so many sessions is taken out of memory again. */
#define SESSIONS_BETWEEN_COOLING 4

struct printer {
    const struct options *options;
    struct worker *worker;
    struct arena_pool *pool;
    gint failed;           /* atomic: the reader looks at it */
    guint64 sessions_seen; /* atomic enough: for progress only */

    /* The worker's. */
    FILE *out;
    struct spool *spool; /* sessions printed before their turn */
    bool early;          /* such a one is being printed */
    struct page page;
    struct relief relief;
    struct findings_report *findings; /* of the command `findings`; else NULL */
    struct servers *servers;          /* of the command `servers`; else NULL */
    bool heading_done;
    unsigned printed;
    struct summary summary;
};

static void say_failed(struct printer *printer)
{
    if (g_atomic_int_get(&printer->failed))
        return;
    fprintf(stderr, "smtpscope: %s: cannot write: %s\n",
            printer->options->output != NULL ? printer->options->output : "standard output", g_strerror(errno));
    g_atomic_int_set(&printer->failed, 1);
}

static void say_not_kept(struct printer *printer)
{
    if (g_atomic_int_get(&printer->failed))
        return;
    fprintf(stderr, "smtpscope: %s: cannot keep sessions there until their turn comes (--sort start): %s\n", g_get_tmp_dir(),
            g_strerror(errno));
    g_atomic_int_set(&printer->failed, 1);
}

static void write_out(struct printer *printer)
{
    GString *out = printer->page.out;
    if (!printer->failed && out->len > 0 && printer->early) {
        if (!spool_add(printer->spool, smtp_span(out->str, out->len)))
            say_not_kept(printer);
    } else if (!printer->failed && out->len > 0 && fwrite(out->str, 1, out->len, printer->out) != out->len) {
        say_failed(printer);
    }
    g_string_truncate(out, 0);
}

static void relieve(void *context)
{
    struct printer *printer = context;
    if (printer->page.out->len < OUTPUT_PIECE)
        return;
    write_out(printer);
    arena_pool_cool(printer->pool);
}

/* Evidence is not to be overwritten by mistake. */
static bool is_a_capture(const struct options *options)
{
    struct stat output;
    struct stat capture;
    if (options->output == NULL || stat(options->output, &output) != 0 || !S_ISREG(output.st_mode))
        return false;
    for (unsigned i = 0; i < options->count; i++)
        if (stat(options->captures[i], &capture) == 0 && capture.st_dev == output.st_dev && capture.st_ino == output.st_ino)
            return true;
    return false;
}

static bool is_picked(const void *context, uint64_t id)
{
    const struct printer *printer = context;
    const GArray *sessions = printer->options->sessions;
    for (unsigned i = 0; i < sessions->len; i++)
        if (g_array_index(sessions, uint64_t, i) == id)
            return true;
    return sessions->len == 0;
}

struct printer *printer_open(const struct options *options, struct worker *worker, struct arena_pool *pool)
{
    struct printer *printer = g_new0(struct printer, 1);
    printer->options = options;
    printer->worker = worker;
    printer->pool = pool;
    printer->relief = (struct relief){ .give = relieve, .context = printer };
    if (is_a_capture(options)) {
        fprintf(stderr, "smtpscope: %s: is one of the captures, and would be overwritten\n", options->output);
        g_free(printer);
        return NULL;
    }
    printer->out = options->output == NULL ? stdout : fopen(options->output, "w");
    if (printer->out == NULL) {
        say_failed(printer);
        g_free(printer);
        return NULL;
    }
    printer->spool = spool_new();
    printer->page = (struct page){
        .out = g_string_sized_new(2 * OUTPUT_PIECE),
        .colour = options->colour,
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
    if (options->command == COMMAND_SERVERS)
        printer->servers = servers_new();
    if (options->command == COMMAND_FINDINGS)
        printer->findings = findings_report_new(&printer->page, options->json, options->count > 1, is_picked, printer);
    return printer;
}

static void count(struct printer *printer, const struct record *record)
{
    printer->summary.sessions++;
    printer->summary.findings += record->findings.length;
    for (const GList *link = record->transactions.head; link != NULL; link = link->next)
        if (((const struct transaction *)link->data)->message != NULL)
            printer->summary.messages++;
}

static void print(struct printer *printer, const struct record *record)
{
    const struct options *options = printer->options;
    struct json json = { .out = printer->page.out };
    struct transcript_options transcript = {
        .show_secrets = options->show_secrets,
        .full = options->full,
        .relief = &printer->relief,
    };
    bool sessions = options->command == COMMAND_SESSIONS;
    if (options->json && sessions)
        session_json(&json, record, options->show_secrets);
    else if (options->json)
        transcript_json(&json, record, options->show_secrets, &printer->relief);
    else if (!sessions)
        transcript_text(&printer->page, record, &transcript);
    else {
        if (!printer->heading_done)
            sessions_text_heading(&printer->page);
        printer->heading_done = true;
        sessions_text(&printer->page, record);
    }
}

/* What a job is told of, beside its target. */
struct print_job {
    struct printer *printer;
    bool in_turn;
    uint64_t id;
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
    if (!job.in_turn)
        write_out(printer); /* what is before it is not its text */
    printer->early = !job.in_turn;
    if ((picked || printer->findings != NULL) && !printer->failed) {
        record_conclude(record);
        if (picked)
            count(printer, record);
        if (printer->findings != NULL)
            findings_report_session(printer->findings, record);
        else if (printer->servers != NULL)
            servers_session(printer->servers, record);
        else
            print(printer, record);
        if (printer->page.out->len >= OUTPUT_PIECE || printer->early)
            write_out(printer);
    }
    if (printer->early)
        spool_end(printer->spool, record->id);
    printer->early = false;
    record_free(record);
    if (++printer->printed % SESSIONS_BETWEEN_COOLING == 0)
        arena_pool_cool(printer->pool);
}

/* Job: the turn of a session that is printed already. */
static void print_kept(void *target, struct smtp_span octets)
{
    struct printer *printer = target;
    write_out(printer);
    if (!printer->failed && !spool_give(printer->spool, job_of(octets).id, printer->out))
        say_failed(printer);
}

/* Job: a batch of sessions was printed. */
static void flush_output(void *target, struct smtp_span octets)
{
    (void)octets;
    struct printer *printer = target;
    write_out(printer);
    if (!printer->failed && fflush(printer->out) != 0)
        say_failed(printer);
}

void printer_session(struct printer *printer, struct record *record, bool in_turn)
{
    const struct print_job job = { .printer = printer, .in_turn = in_turn, .id = record->id };
    printer->sessions_seen++;
    worker_post(printer->worker, print_session, record, smtp_span(&job, sizeof job));
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
    if (printer->options->sessions->len == 0 && !printer->failed)
        findings_report_tell(printer->findings, &found->told);
    if (printer->page.out->len >= OUTPUT_PIECE)
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
    worker_post(printer->worker, print_not_smtp, found, smtp_span(NULL, 0));
}

void printer_flush(struct printer *printer)
{
    worker_post(printer->worker, flush_output, printer, smtp_span(NULL, 0));
    worker_flush(printer->worker);
}

bool printer_failed(const struct printer *printer)
{
    return g_atomic_int_get(&printer->failed) != 0;
}

uint64_t printer_sessions(const struct printer *printer)
{
    return printer->sessions_seen;
}

bool printer_close(struct printer *printer, struct summary *summary)
{
    struct json json = { .out = printer->page.out };
    summary->sessions = printer->summary.sessions;
    summary->sessions_seen = printer->sessions_seen;
    summary->messages = printer->summary.messages;
    summary->findings = printer->summary.findings;
    if (printer->servers != NULL) {
        summary->forgotten = servers_forgotten(printer->servers);
        if (printer->options->json)
            servers_json(printer->servers, &json, &printer->relief);
        else
            servers_text(printer->servers, &printer->page, &printer->relief);
        servers_free(printer->servers);
    }
    if (printer->findings != NULL) {
        summary->findings = findings_report_count(printer->findings);
        summary->forgotten = findings_report_forgotten(printer->findings);
        if (!printer->options->json && (summary->sessions > 0 || summary->findings > 0))
            findings_report_summary(printer->findings);
        findings_report_free(printer->findings);
    }
    if (printer->options->json)
        summary_json(&json, summary);
    flush_output(printer, smtp_span(NULL, 0));
    if (printer->out != stdout && fclose(printer->out) != 0)
        say_failed(printer);
    bool good = !printer->failed;
    g_string_free(printer->page.out, TRUE);
    spool_free(printer->spool);
    g_free(printer);
    return good;
}
