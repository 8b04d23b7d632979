/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A whole capture file, compressed or not, through everything: what the program does with it, in all of its output formats. */

#include <gmime/gmime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "captures_run.h"
#include "dialogue.h"
#include "faces.h"
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
    struct record_options records = captures_records(options);
    records.message.worker = worker;
    records.message.pool = pool;
    const struct dialogues_options wanted = {
        .pool = pool,
        .records = records,
        .capture_name = name_of,
        .capture_precision = precision_of,
        .not_smtp = options->face->writer->finding != NULL ? not_smtp : NULL,
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

/* One of those that print sessions; the directory of --verify is not there. */
static const struct face *face_of(size_t size)
{
    size_t i = size % face_count;
    while (faces[i].writer == NULL || faces[i].with != 0)
        i = (i + 1) % face_count;
    return &faces[i];
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
    const struct face *face = face_of(size);
    struct options options = {
        .command = face->command,
        .face = face,
        .timing = size % 3 == 0 && (face->takes & OPTION_TIMING) != 0,
        .full = size % 5 == 0 && (face->takes & OPTION_FULL) != 0,
        .by_start = size % 7 == 0,
        .sessions = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
        .output = (char[]){ "/dev/null" },
        .captures = names,
        .count = 1,
    };
    read_all(&options);
    g_array_free(options.sessions, TRUE);
    close(file);
    return 0;
}
