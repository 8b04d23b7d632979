/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "captures_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faces.h"
#include "language.h"
#include "printer.h"
#include "process.h"
#include "progress.h"
#include "reading.h"
#include "summary.h"
#include "text.h"
#include "tls_keys.h"
#include "usage.h"

/* Progress is looked at every so many frames. */
#define FRAMES_BETWEEN_LOOKS 4096u

struct program {
    const struct options *options;
    struct capture_set *captures;
    struct worker *worker;
    struct arena_pool *pool;
    struct tls_keys *keys;
    struct printer *printer;
    struct reading *reading;
    struct progress progress;
    struct summary summary;
};

static void session_ended(void *context, struct record *record, bool in_turn)
{
    printer_session(((struct program *)context)->printer, record, in_turn);
}

static void transaction_over(void *context, struct record *record, struct transaction *transaction)
{
    printer_transaction(((struct program *)context)->printer, record, transaction);
}

static void session_turn(void *context, uint64_t id)
{
    printer_turn(((struct program *)context)->printer, id);
}

static void not_smtp(void *context, struct place first, const char *detail)
{
    struct program *program = context;
    printer_not_smtp(program->printer, first.frame, capture_set_name(program->captures, first.file), detail);
}

static void begins(void *context, int64_t time)
{
    printer_begin(((struct program *)context)->printer, time);
}

static void take_tls_secrets(void *context, struct smtp_span lines)
{
    tls_keys_add(((struct program *)context)->keys, lines);
}

static bool find_secrets(void *context)
{
    const struct program *program = context;
    return program->captures != NULL && capture_set_find_secrets(program->captures);
}

/* Reads the files of --keylog and --tls-key. Returns false, and says why, where one is not what it should be. */
static bool open_keys(struct program *program)
{
    const struct options *options = program->options;
    char *problem = NULL;
    program->keys = tls_keys_new();
    tls_keys_ask(program->keys, find_secrets, program);
    for (char **name = options->key_logs; name != NULL && *name != NULL && problem == NULL; name++)
        problem = tls_keys_add_file(program->keys, *name);
    for (char **name = options->tls_keys; name != NULL && *name != NULL && problem == NULL; name++)
        problem = tls_keys_add_private(program->keys, *name);
    if (problem == NULL)
        return true;
    GString *visible = g_string_new(NULL);
    text_append_visible(visible, smtp_span_of_text(problem));
    fprintf(stderr, "smtpscope: %s\n", visible->str);
    g_string_free(visible, TRUE);
    g_free(problem);
    return false;
}

static bool goes_on(void *context, uint64_t frames)
{
    struct program *program = context;
    if (frames > 0 && frames % FRAMES_BETWEEN_LOOKS == 0)
        progress_tick(&program->progress, program->captures, printer_sessions(program->printer));
    return !process_interrupted && !printer_failed(program->printer);
}

static void captures_wait(void *context)
{
    struct program *program = context;
    if (program->reading != NULL)
        reading_catch_up(program->reading);
    printer_flush(program->printer);
}

static void captures_are_quiet(void *context)
{
    struct program *program = context;
    if (program->reading != NULL)
        reading_settle(program->reading);
    printer_flush(program->printer);
}

struct record_options captures_records(const struct options *options)
{
    const struct face *face = options->face;
    return (struct record_options){
        .items = face_wishes(face, FACE_ITEMS),
        .timing = options->timing,
        .show_secrets = options->show_secrets,
        .message = {
            .digest = face_wishes(face, FACE_DIGESTS),
            .content = face_wishes(face, FACE_CONTENT) && options->full,
            .attachments = face_wishes(face, FACE_ATTACHMENTS),
            .fields = face_wishes(face, FACE_FIELDS),
            .parts = options->attachments,
        },
    };
}

static struct record_options records(struct program *program)
{
    struct record_options records = captures_records(program->options);
    records.over = program->options->output_dir != NULL ? transaction_over : NULL;
    records.context = program;
    records.message.directory = printer_directory(program->printer);
    records.message.worker = program->worker;
    records.message.pool = program->pool;
    return records;
}

static void read_captures(struct program *program)
{
    const struct options *options = program->options;
    const struct reading_options wanted = {
        .captures = program->captures,
        .pool = program->pool,
        .records = records(program),
        .keys = program->keys,
        .memory = reading_memory(options->memory_limit, capture_set_memory(program->captures)),
        .shard = options->shard,
        .shards = options->shards,
        .checksums = options->checksums,
        .by_start = options->by_start,
        .session = session_ended,
        .turn = session_turn,
        .not_smtp = options->face->writer->finding != NULL ? not_smtp : NULL,
        .begins = begins,
        .goes_on = goes_on,
        .context = program,
    };
    program->reading = reading_new(&wanted);
    progress_start(&program->progress, options->output == NULL && isatty(STDOUT_FILENO) == 1);
    reading_run(program->reading, &program->summary);
    progress_end(&program->progress);
    worker_free(program->worker);
    reading_free(program->reading);
}

/* What was lost to a limit is said in any case. */
static void say_what_limits_cost(const struct program *program)
{
    const struct summary *summary = &program->summary;
    size_t beyond = arena_pool_statistics(program->pool).beyond;
    if (summary->given_up > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64 " connections were not followed, or closed early: more would not fit into "
                  "--memory-limit\n"),
                summary->given_up);
    if (summary->not_waited_for > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64
                  " holes were not waited for: too much was behind them for --memory-limit; what fills them may "
                  "be in the capture\n"),
                summary->not_waited_for);
    if (beyond > 0)
        fprintf(stderr,
                _("smtpscope: %s: no temporary file can be had there; %zu MiB more than --memory-limit were used (set "
                  "TMPDIR)\n"),
                g_get_tmp_dir(), (beyond >> 20) + 1);
}

/* What a reader of text, or of a log, must know of the run as a whole; JSON has its summary record. */
static void say_what_was_left_out(const struct summary *summary)
{
    uint64_t undecoded = summary->frames[PACKET_CUT] + summary->frames[PACKET_MALFORMED] +
                         summary->frames[PACKET_LINK_UNKNOWN] + summary->frames[PACKET_FRAGMENT] +
                         summary->frames[PACKET_ENCRYPTED];
    if (summary->sessions == 0 && summary->sessions_seen > 0)
        fprintf(stderr,
                language_plural("smtpscope: the only session is not one that --session asks for\n",
                                "smtpscope: none of the %" PRIu64 " sessions is one that --session asks for\n",
                                summary->sessions_seen),
                summary->sessions_seen);
    else if (summary->totals.captures > 0 && summary->sessions == 0)
        fprintf(stderr, _("smtpscope: no SMTP session in %" PRIu64 " frames\n"), summary->totals.frames);
    if (face_wishes(summary->options->face, FACE_OF_MAILS) && summary->hidden > 0)
        fprintf(stderr,
                language_plural("smtpscope: %" PRIu64 " session went on under TLS: mails in it cannot be seen\n",
                                "smtpscope: %" PRIu64 " sessions went on under TLS: mails in them cannot be seen\n",
                                summary->hidden),
                summary->hidden);
    if (undecoded > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64 " frames could not be decoded (cut short, malformed, fragments without the "
                                        "rest, encrypted, or an unknown link type)\n"),
                undecoded);
    if (summary->implausible > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64
                  " segments were not used: their sequence numbers are far outside of their connection\n"),
                summary->implausible);
    if (summary->mismatches > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64
                  " segments were not used: their checksums are wrong, so the receiver dropped them\n"),
                summary->mismatches);
    if (summary->late > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64 " segments came too late to be used: what they fill is called missing\n"),
                summary->late);
    if (summary->totals.lost > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64 " packets were lost before they were stored, as the capture program says\n"),
                summary->totals.lost);
    if (summary->forgotten > 0)
        fprintf(stderr,
                _("smtpscope: %" PRIu64
                  " clients, servers or identities were forgotten to make room for others: what they did "
                  "before was not counted\n"),
                summary->forgotten);
    if (summary->not_smtp > 0)
        fprintf(stderr,
                language_plural("smtpscope: %" PRIu64 " connection on an SMTP port carries something else\n",
                                "smtpscope: %" PRIu64 " connections on an SMTP port carry something else\n",
                                summary->not_smtp),
                summary->not_smtp);
}

/* What came of the run, when all is printed. */
static int status_of(const struct program *program, bool written)
{
    int status = written ? capture_set_exit_status(program->captures) : (int)EXIT_STATUS_INPUT;
    if (status == EXIT_STATUS_OK && program->summary.given_up > 0)
        status = EXIT_STATUS_DAMAGED;
    if (status != (int)EXIT_STATUS_INPUT && summary_differs(&program->summary))
        status = EXIT_STATUS_DIFFERS;
    if (process_interrupted) {
        process_say_interrupted(program->summary.totals.frames);
        status = (int)EXIT_STATUS_SIGNAL + process_interrupted;
    }
    return status;
}

/* Returns the exit status. */
static int read_and_print(struct program *program)
{
    const struct options *options = program->options;
    const struct capture_hooks hooks = { .waits = captures_wait,
                                         .quiet = captures_are_quiet,
                                         .tls_secrets = take_tls_secrets,
                                         .context = program,
                                         .interrupted = &process_interrupted,
                                         .memory_limit = options->memory_limit,
                                         .digests = options->hash_input };
    program->captures = capture_set_open(options->captures, options->count, &hooks);
    read_captures(program);
    program->summary.totals = capture_set_totals(program->captures);
    program->summary.totals.truncated = program->summary.totals.truncated || process_interrupted;
    program->summary.interrupted = process_interrupted != 0;
    program->summary.captures = program->captures;
    bool written = printer_close(program->printer, &program->summary);
    if (written)
        say_what_limits_cost(program);
    if (written && !face_wishes(options->face, FACE_SUMMARY))
        say_what_was_left_out(&program->summary);
    int status = status_of(program, written);
    capture_set_close(program->captures);
    return status;
}

int captures_run(const struct options *options)
{
    struct program program = { .options = options, .worker = worker_new() };
    int status = EXIT_STATUS_INPUT;
    program.pool = arena_pool_new(reading_pool_memory(options->memory_limit));
    if (open_keys(&program))
        program.printer = printer_open(options, program.worker, program.pool);
    if (program.printer != NULL)
        status = read_and_print(&program);
    else
        worker_free(program.worker);
    arena_pool_free(program.pool);
    tls_keys_free(program.keys);
    return status;
}

bool captures_operands(const struct options *options, int *status)
{
    unsigned standard_input = 0;
    const struct command *command = command_find(options->command);
    if (face_wishes(options->face, FACE_FILE) && options->output == NULL && isatty(STDOUT_FILENO))
        return usage_wrong(status, _("%s: name a file for it, as in %s -o report.html mail.pcap"), _(command->only),
                           command->name);
    for (unsigned i = 0; i < options->count; i++)
        standard_input += strcmp(options->captures[i], "-") == 0;
    if (standard_input > 1)
        return usage_wrong(status, "%s", _("- (standard input) can be named once only"));
    return options->count > 0 || usage_wrong(status, "%s", _("no capture was named"));
}
