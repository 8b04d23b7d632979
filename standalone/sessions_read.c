/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions_read.h"

#include "capture.h"
#include "dialogue.h"
#include "fragments.h"
#include "worker.h"

#define POOL_OCTETS ((size_t)128 * 1024 * 1024)
#define HELD_OCTETS ((size_t)64 * 1024 * 1024)
#define CONNECTION_OCTETS ((size_t)64 * 1024 * 1024)
#define TOMBSTONES (1u << 16)

struct reader {
    struct capture_set *captures;
    struct worker *worker;
    struct arena_pool *pool;
    struct tcp_table *table;
    void (*session)(void *context, const struct record *record);
    void *context;
    struct summary *summary;
};

static const char *capture_name(void *context, unsigned index)
{
    return capture_set_name(((struct reader *)context)->captures, index);
}

static unsigned capture_precision(void *context, unsigned index)
{
    return capture_set_precision(((struct reader *)context)->captures, index);
}

static uint64_t pending(void *context)
{
    return tcp_table_pending(((struct reader *)context)->table);
}

/* Job: the record is whole. `octets` is the address of the reader. */
static void hand_on(void *target, struct smtp_span octets)
{
    struct record *record = target;
    struct reader *reader;
    memcpy(&reader, octets.octets, sizeof reader);
    record_conclude(record);
    reader->session(reader->context, record);
    reader->summary->sessions++;
    reader->summary->findings += record->findings.length;
    record_free(record);
}

/* Which session's turn it is does not matter here. */
static void session_ended(void *context, struct record *record, bool in_turn)
{
    (void)in_turn;
    struct reader *reader = context;
    worker_post(reader->worker, hand_on, record, smtp_span(&reader, sizeof reader));
}

static void take_packet(struct reader *reader, enum packet_result result, const struct packet *packet,
                        const struct capture_frame *frame)
{
    reader->summary->frames[result]++;
    if (result == PACKET_SEGMENT)
        tcp_table_add(reader->table, &packet->segment, frame->capture, frame->number, frame->time);
}

static void read_all(struct reader *reader)
{
    const struct dialogues_options wanted = {
        .pool = reader->pool,
        .records = { .items = true, .message = { .worker = reader->worker, .pool = reader->pool } },
        .capture_name = capture_name,
        .capture_precision = capture_precision,
        .context = reader,
        .order = { .ended = session_ended, .pending = pending, .context = reader },
    };
    const struct tcp_limits limits = {
        .held = HELD_OCTETS, .connections = CONNECTION_OCTETS, .tombstones = TOMBSTONES, .crowd = TCP_CROWD
    };
    struct dialogues *dialogues = dialogues_new(&wanted);
    struct fragments *fragments = fragments_new();
    struct capture_frame frame;
    struct packet packet = { .segment = { .flags = 0 } };
    reader->table = tcp_table_new(&dialogues_consumer, dialogues, &limits);
    while (capture_set_next(reader->captures, &frame)) {
        arena_pool_cool(reader->pool);
        take_packet(reader, fragments_decode(fragments, &frame, &packet), &packet, &frame);
        while (packet.following.wire > 0)
            take_packet(reader, fragments_decode_following(fragments, &frame, &packet), &packet, &frame);
    }
    while (fragments_last_conflict(fragments, &frame, &packet.segment))
        tcp_table_add(reader->table, &packet.segment, frame.capture, frame.number, frame.time);
    fragments_free(fragments);
    tcp_table_finish(reader->table);
    dialogues_finish(dialogues);
    worker_free(reader->worker);
    tcp_table_free(reader->table);
    dialogues_free(dialogues);
}

int sessions_read(char *const *names, unsigned count, void (*session)(void *context, const struct record *record),
                  void *context, struct summary *summary)
{
    struct reader reader = {
        .worker = worker_new(),
        .pool = arena_pool_new(POOL_OCTETS),
        .session = session,
        .context = context,
        .summary = summary,
    };
    reader.captures = capture_set_open(names, count, NULL);
    read_all(&reader);
    summary->totals = capture_set_totals(reader.captures);
    int status = capture_set_exit_status(reader.captures);
    capture_set_close(reader.captures);
    arena_pool_free(reader.pool);
    return status;
}
