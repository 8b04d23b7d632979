/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "printer.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "face.h"
#include "language.h"
#include "output.h"
#include "overwrite.h"
#include "spool.h"
#include "text.h"

/* What was looked at to print so many sessions is taken out of memory again. */
#define SESSIONS_BETWEEN_COOLING 4

struct printer {
    const struct options *options;
    struct worker *worker;
    struct arena_pool *pool;
    const struct face_writer *writer;
    struct export *export; /* NULL: no messages are written */
    gint failed;           /* atomic: the reader looks at it */
    guint64 sessions_seen; /* atomic enough: for progress only */

    /* The worker's. */
    struct output output;
    bool mute;           /* it failed: what is still done is to write mails to their directory */
    struct spool *spool; /* sessions printed before their turn */
    struct page page;
    struct relief relief;
    struct face_run run;
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
            printer->writer->not_kept != NULL
                ? _(printer->writer->not_kept)
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
    if (wanted && printer->run.early) {
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

static void free_printer(struct printer *printer)
{
    if (printer->writer->close != NULL)
        printer->writer->close(&printer->run);
    if (printer->export != NULL)
        export_free(printer->export);
    output_close(&printer->output, false);
    spool_free(printer->spool);
    if (printer->page.out != NULL)
        g_string_free(printer->page.out, TRUE);
    g_free(printer);
}

/* Opens what is to be written to, the face first: what it cannot work with costs no file. Returns false, and says why,
 * if that fails. */
static bool open_output(struct printer *printer)
{
    const struct options *options = printer->options;
    if (printer->writer->open != NULL && !printer->writer->open(&printer->run))
        return false;
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
    printer->writer = options->face->writer;
    printer->run = (struct face_run){
        .options = options,
        .pool = pool,
        .page = &printer->page,
        .relief = &printer->relief,
        .output = &printer->output,
    };
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
    printer->summary.findings += record->account.findings.list.length;
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link))
        if (((const struct transaction *)link->data)->message != NULL)
            printer->summary.messages++;
}

/* In front of all sessions, also of those that are printed before their turn. `time`: of the first frame; NULL: it does
 * not matter. */
static void print_heading(struct printer *printer, const int64_t *time)
{
    if (!printer->heading_done && printer->writer->heading != NULL)
        printer->writer->heading(&printer->run, time);
    printer->heading_done = true;
}

static void look_for_problem(struct printer *printer)
{
    if (printer->run.problem != 0)
        say_not_kept(printer, printer->run.problem);
}

static void print(struct printer *printer, const struct record *record)
{
    if (printer->export != NULL) { /* first: the paths are printed, too */
        export_session(printer->export, record);
        if (outdir_failed(export_directory(printer->export)))
            say_directory_failed(printer);
    }
    printer->writer->session(&printer->run, record);
    look_for_problem(printer);
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
    bool picked = options_pick(printer->options, record->id);
    print_heading(printer, NULL);
    if (!job.in_turn)
        write_out(printer); /* what is before it is not its text */
    printer->run.early = !job.in_turn;
    if ((picked || face_wishes(printer->options->face, FACE_ALL_SESSIONS)) && !printer->failed) {
        record_conclude(record);
        if (picked)
            count(printer, record);
        print(printer, record);
        if (printer->page.out->len >= RELIEF_OCTETS || printer->run.early)
            write_out(printer);
    }
    if (printer->run.early && !printer->failed && !spool_end(printer->spool, record->id))
        say_not_kept(printer, errno);
    printer->run.early = false;
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
    if (options_pick(printer->options, over.record->id))
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
    if (printer->writer->turn != NULL && !printer->failed)
        printer->writer->turn(&printer->run, job_of(octets).id);
    look_for_problem(printer);
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
    print_heading(printer, &time);
}

void printer_begin(struct printer *printer, int64_t time)
{
    if (face_wishes(printer->options->face, FACE_FIRST_FRAME))
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
    if (wanted)
        printer->writer->finding(&printer->run, &found->told);
    look_for_problem(printer);
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

/* What is known at the end only. */
static void finish(struct printer *printer, struct summary *summary)
{
    const struct face *face = printer->options->face;
    if (face_wishes(face, FACE_FIRST_FRAME))
        print_heading(printer, NULL);
    if (printer->writer->finish != NULL && !printer->failed && !printer->writer->finish(&printer->run, summary))
        say_failed(printer);
    if (face_wishes(face, FACE_SUMMARY)) {
        struct json json = face_json(&printer->run);
        summary_json(&json, summary);
    }
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
