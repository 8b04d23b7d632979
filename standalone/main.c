/* SPDX-License-Identifier: GPL-2.0-or-later */

/* smtpscope: reads captures, prints sessions. */

#include <errno.h>
#include <gmime/gmime.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialogue.h"
#include "options.h"
#include "session_json.h"
#include "sessions_text.h"
#include "summary.h"
#include "transcript_json.h"
#include "transcript_text.h"

/* Output is handed to the system in pieces of at least this many octets. */
#define OUTPUT_PIECE 65536

struct program {
    struct options options;
    struct capture_set *captures;
    struct summary summary;
    struct page page;
    FILE *out;
    bool out_failed;
    bool heading_done;
};

/* ---- output ---- */

static void say_output_failed(struct program *program)
{
    if (program->out_failed)
        return;
    program->out_failed = true;
    fprintf(stderr, "smtpscope: %s: cannot write: %s\n",
            program->options.output != NULL ? program->options.output : "standard output", g_strerror(errno));
}

static void flush_page(struct program *program)
{
    GString *out = program->page.out;
    if (!program->out_failed && out->len > 0 && fwrite(out->str, 1, out->len, program->out) != out->len)
        say_output_failed(program);
    /* Sessions of a live capture are wanted when they end, not when a buffer is full. */
    if (!program->out_failed && fflush(program->out) != 0)
        say_output_failed(program);
    g_string_truncate(out, 0);
}

static bool open_output(struct program *program)
{
    program->out = stdout;
    if (program->options.output == NULL)
        return true;
    program->out = fopen(program->options.output, "w");
    if (program->out != NULL)
        return true;
    say_output_failed(program);
    return false;
}

static void close_output(struct program *program)
{
    flush_page(program);
    if (program->out != stdout && fclose(program->out) != 0)
        say_output_failed(program);
}

/* ---- sessions ---- */

static bool is_picked(const struct program *program, uint64_t id)
{
    const GArray *sessions = program->options.sessions;
    for (unsigned i = 0; i < sessions->len; i++)
        if (g_array_index(sessions, uint64_t, i) == id)
            return true;
    return sessions->len == 0;
}

static void count(struct program *program, const struct record *record)
{
    program->summary.sessions++;
    program->summary.findings += record->findings->len;
    for (unsigned i = 0; i < record->transactions->len; i++)
        if (((const struct transaction *)record->transactions->pdata[i])->message != NULL)
            program->summary.messages++;
}

static void print(struct program *program, const struct record *record)
{
    const struct options *options = &program->options;
    struct json json = { .out = program->page.out };
    struct transcript_options transcript = { .show_secrets = options->show_secrets, .full = options->full };
    bool sessions = options->command == COMMAND_SESSIONS;
    if (options->json && sessions)
        session_json(&json, record, options->show_secrets);
    else if (options->json)
        transcript_json(&json, record, options->show_secrets);
    else if (!sessions)
        transcript_text(&program->page, record, &transcript);
    else {
        if (!program->heading_done)
            sessions_text_heading(&program->page);
        program->heading_done = true;
        sessions_text(&program->page, record);
    }
}

static void session_finished(void *context, struct record *record)
{
    struct program *program = context;
    if (is_picked(program, record->id)) {
        count(program, record);
        print(program, record);
        flush_page(program);
    }
    record_free(record);
}

static const char *capture_name(void *context, unsigned index)
{
    return capture_set_name(((struct program *)context)->captures, index);
}

static unsigned capture_precision(void *context, unsigned index)
{
    return capture_set_precision(((struct program *)context)->captures, index);
}

/* ---- reading ---- */

static void read_captures(struct program *program)
{
    const struct dialogues_options wanted = {
        .keep_items = program->options.command == COMMAND_TRANSCRIPT,
        .keep_content = program->options.command == COMMAND_TRANSCRIPT && program->options.full && !program->options.json,
        .capture_name = capture_name,
        .capture_precision = capture_precision,
        .finished = session_finished,
        .context = program,
        .by_start = program->options.by_start,
    };
    struct dialogues *dialogues = dialogues_new(&wanted);
    struct tcp_table *table = tcp_table_new(&dialogues_consumer, dialogues);
    struct capture_frame frame;
    while (!program->out_failed && capture_set_next(program->captures, &frame)) {
        struct packet_segment segment;
        enum packet_result result = packet_decode(frame.link_type, frame.octets, frame.original_octets, &segment);
        program->summary.frames[result]++;
        if (result == PACKET_SEGMENT)
            tcp_table_add(table, &segment, frame.capture, frame.number, frame.time);
    }
    tcp_table_finish(table);
    dialogues_finish(dialogues);
    program->summary.not_smtp = dialogues_not_smtp(dialogues);
    tcp_table_free(table);
    dialogues_free(dialogues);
}

/* What a reader of a text transcript must know of the run as a whole; JSON has its summary record. */
static void say_what_was_left_out(const struct program *program)
{
    const struct summary *summary = &program->summary;
    uint64_t undecoded = summary->frames[PACKET_CUT] + summary->frames[PACKET_MALFORMED] + summary->frames[PACKET_LINK_UNKNOWN]
                         + summary->frames[PACKET_FRAGMENT];
    if (summary->totals.captures > 0 && summary->sessions == 0)
        fprintf(stderr, "smtpscope: no SMTP session in %" PRIu64 " frames\n", summary->totals.frames);
    if (undecoded > 0)
        fprintf(stderr, "smtpscope: %" PRIu64 " frames could not be decoded (cut short, malformed, fragments, or an unknown link type)\n",
                undecoded);
    if (summary->not_smtp > 0)
        fprintf(stderr, "smtpscope: %" PRIu64 " connections on an SMTP port carry something else\n", summary->not_smtp);
}

static void finish(struct program *program)
{
    struct json json = { .out = program->page.out };
    program->summary.totals = capture_set_totals(program->captures);
    if (program->options.json)
        summary_json(&json, &program->summary);
    else
        say_what_was_left_out(program);
    close_output(program);
}

int main(int argc, char **argv)
{
    struct program program = { .out_failed = false };
    int status = EXIT_STATUS_OK;
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write like any other, and said so */
    g_mime_init();
    if (options_read(&program.options, argc, argv, &status)) {
        program.page = (struct page){
            .out = g_string_sized_new(OUTPUT_PIECE),
            .colour = program.options.colour,
            .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        };
        status = EXIT_STATUS_INPUT;
        if (open_output(&program)) {
            program.captures = capture_set_open(program.options.captures, program.options.count);
            read_captures(&program);
            finish(&program);
            status = program.out_failed ? (int)EXIT_STATUS_INPUT : capture_set_exit_status(program.captures);
            capture_set_close(program.captures);
        }
        g_string_free(program.page.out, TRUE);
    }
    options_free(&program.options);
    g_mime_shutdown();
    return status;
}
