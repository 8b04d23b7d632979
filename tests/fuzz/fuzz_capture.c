/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A whole capture file, compressed or not, through everything: what the program does with it, in all of its output formats. */

#include <gmime/gmime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dialogue.h"
#include "fragments.h"
#include "printer.h"

static struct printer *printer;
static struct capture_set *captures;
static struct tcp_table *table;

static void session_ended(void *context, struct record *record, bool in_turn)
{
    (void)context;
    printer_session(printer, record, in_turn);
}

static void session_turn(void *context, uint64_t id)
{
    (void)context;
    printer_turn(printer, id);
}

static uint64_t pending(void *context)
{
    (void)context;
    return tcp_table_pending(table);
}

static void not_smtp(void *context, const struct tcp_connection *connection, struct place first, const char *detail)
{
    (void)context;
    (void)connection;
    printer_not_smtp(printer, first.frame, capture_set_name(captures, first.file), detail);
}

static const char *name_of(void *context, unsigned index)
{
    (void)context;
    return capture_set_name(captures, index);
}

static unsigned precision_of(void *context, unsigned index)
{
    (void)context;
    return capture_set_precision(captures, index);
}

static void take_packet(enum packet_result result, const struct packet *packet, const struct capture_frame *frame)
{
    if (result == PACKET_SEGMENT)
        tcp_table_add(table, &packet->segment, frame->capture, frame->number, frame->time);
}

static void read_all(const struct options *options)
{
    struct worker *worker = worker_new();
    struct arena_pool *pool = arena_pool_new(1 << 20);
    printer = printer_open(options, worker, pool);
    captures = capture_set_open(options->captures, options->count, NULL);
    const struct dialogues_options wanted = {
        .pool = pool,
        .records = { .items = options->command == COMMAND_TRANSCRIPT,
                     .timing = options->timing,
                     .message = { .digest = options->format == FORMAT_JSON,
                                  .content = options->full,
                                  .attachments = options_is_log(options),
                                  .fields = options_is_log(options),
                                  .worker = worker,
                                  .pool = pool } },
        .capture_name = name_of,
        .capture_precision = precision_of,
        .not_smtp = options->command == COMMAND_FINDINGS ? not_smtp : NULL,
        .order = { .ended = session_ended, .turn = session_turn, .pending = pending },
        .by_start = options->by_start,
    };
    struct dialogues *dialogues = dialogues_new(&wanted);
    table = tcp_table_new(&dialogues_consumer, dialogues, NULL);
    struct fragments *fragments = fragments_new();
    struct capture_frame frame;
    struct packet packet = { .segment = { .flags = 0 } };
    while (capture_set_next(captures, &frame)) {
        take_packet(fragments_decode(fragments, &frame, &packet), &packet, &frame);
        while (packet.following.wire > 0)
            take_packet(fragments_decode_following(fragments, &frame, &packet), &packet, &frame);
    }
    while (fragments_last_conflict(fragments, &frame, &packet.segment))
        tcp_table_add(table, &packet.segment, frame.capture, frame.number, frame.time);
    tcp_table_finish(table);
    dialogues_finish(dialogues);
    worker_free(worker);
    fragments_free(fragments);
    tcp_table_free(table);
    dialogues_free(dialogues);
    struct summary summary = { .totals = capture_set_totals(captures), .captures = captures };
    printer_close(printer, &summary);
    capture_set_close(captures);
    arena_pool_free(pool);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    g_mime_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[32];
    int file = memfd_create("capture", 0);
    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    snprintf(name, sizeof name, "/dev/fd/%d", file);
    char *names[] = { name, NULL };
    static const enum command_name commands[] = { COMMAND_TRANSCRIPT, COMMAND_SESSIONS, COMMAND_FINDINGS, COMMAND_SERVERS };
    struct options options = {
        .command = commands[size / 2 % G_N_ELEMENTS(commands)],
        .timing = size % 3 == 0,
        .format = size % 2 == 0 ? FORMAT_JSON : FORMAT_TEXT,
        .full = size % 5 == 0,
        .by_start = size % 7 == 0,
        .sessions = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
        .output = (char[]){ "/dev/null" },
        .captures = names,
        .count = 1,
    };
    if (options.command == COMMAND_SESSIONS)
        options.format = (enum output_format)(size / 8 % (FORMAT_EVE + 1));
    read_all(&options);
    g_array_free(options.sessions, TRUE);
    close(file);
    return 0;
}
