/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reading.h"

#include "dialogue.h"
#include "fragments.h"
#include "shard.h"

/* The memory that sessions in the temporary file take is looked at every so many frames. */
#define FRAMES_BETWEEN_COOLING 32u

/* Of the memory limit: the program with its libraries, buffers and tables; and the least that is shared among connections. */
#define FIXED_OCTETS ((uint64_t)28 * 1024 * 1024)
#define LEAST_OCTETS ((uint64_t)8 * 1024 * 1024)

#define TOMBSTONE_OCTETS 160u
#define TOMBSTONES_MOST (1u << 18)

struct reading {
    struct reading_options options;
    struct dialogues *dialogues;
    struct tcp_table *table;
    struct fragments *fragments;
    uint64_t results[PACKET_RESULTS]; /* frames by what they were */
};

static void session_ended(void *context, struct record *record, bool in_turn)
{
    const struct reading_options *options = &((struct reading *)context)->options;
    options->session(options->context, record, in_turn);
}

static void session_turn(void *context, uint64_t id)
{
    const struct reading_options *options = &((struct reading *)context)->options;
    if (options->turn != NULL)
        options->turn(options->context, id);
}

static void session_numbered(void *context, struct record *record)
{
    (void)context;
    record_numbered(record);
}

static uint64_t pending(void *context)
{
    return tcp_table_pending(((struct reading *)context)->table);
}

static bool pool_is_full(void *context)
{
    return arena_pool_is_full(((struct reading *)context)->options.pool);
}

static const char *capture_name(void *context, unsigned index)
{
    return capture_set_name(((struct reading *)context)->options.captures, index);
}

static unsigned capture_precision(void *context, unsigned index)
{
    return capture_set_precision(((struct reading *)context)->options.captures, index);
}

static void not_smtp(void *context, const struct tcp_connection *connection, struct place first, const char *detail)
{
    (void)connection;
    const struct reading_options *options = &((struct reading *)context)->options;
    options->not_smtp(options->context, first, detail);
}

size_t reading_memory(uint64_t memory_limit, size_t taken)
{
    uint64_t fixed = FIXED_OCTETS + taken;
    size_t left = (size_t)MAX(memory_limit - MIN(memory_limit, fixed), LEAST_OCTETS);
    return left / 4 * 3; /* the rest for what the allocator adds */
}

size_t reading_pool_memory(uint64_t memory_limit)
{
    return reading_memory(memory_limit, 0) / 16 * 5;
}

struct reading *reading_new(const struct reading_options *options)
{
    struct reading *reading = g_new0(struct reading, 1);
    reading->options = *options;
    const struct dialogues_options wanted = {
        .pool = options->pool,
        .records = options->records,
        .keys = options->keys,
        .capture_name = capture_name,
        .capture_precision = capture_precision,
        .not_smtp = options->not_smtp != NULL ? not_smtp : NULL,
        .context = reading,
        .order = { .numbered = session_numbered, .ended = session_ended, .turn = session_turn, .pending = pending, .is_full = pool_is_full, .context = reading },
        .by_start = options->by_start,
    };
    /* Of the memory that is shared, the pool has 5 parts of 16. */
    const struct tcp_limits limits = {
        .held = options->memory / 16 * 3,
        .connections = options->memory / 16 * 7,
        .tombstones = (unsigned)MIN(options->memory / 16 / TOMBSTONE_OCTETS, TOMBSTONES_MOST),
        .checksums = options->checksums,
        .crowd = TCP_CROWD,
    };
    reading->dialogues = dialogues_new(&wanted);
    reading->table = tcp_table_new(&dialogues_consumer, reading->dialogues, &limits);
    reading->fragments = fragments_new();
    return reading;
}

void reading_free(struct reading *reading)
{
    fragments_free(reading->fragments);
    tcp_table_free(reading->table);
    dialogues_free(reading->dialogues);
    g_free(reading);
}

void reading_catch_up(struct reading *reading)
{
    tcp_table_catch_up(reading->table);
}

void reading_settle(struct reading *reading)
{
    tcp_table_settle(reading->table);
}

static void take_segment(struct reading *reading, const struct packet_segment *segment, const struct capture_frame *frame)
{
    const struct reading_options *options = &reading->options;
    if (options->shards == 0 || shard_of(segment, options->shards) == options->shard)
        tcp_table_add(reading->table, segment, frame->capture, frame->number, frame->time);
    else
        tcp_table_pass(reading->table, frame->time);
}

static void take_packet(struct reading *reading, enum packet_result result, const struct packet *packet,
                        const struct capture_frame *frame)
{
    reading->results[result]++;
    if (result == PACKET_SEGMENT)
        take_segment(reading, &packet->segment, frame);
}

static void sum_up(const struct reading *reading, struct summary *summary)
{
    const struct tcp_statistics statistics = tcp_table_statistics(reading->table);
    for (int result = 0; result < PACKET_RESULTS; result++)
        summary->frames[result] += reading->results[result];
    summary->frames[PACKET_FRAGMENT] = fragments_lost(reading->fragments, true);
    summary->given_up = statistics.given_up;
    summary->not_waited_for = statistics.not_waited_for;
    summary->implausible = statistics.implausible;
    summary->late = statistics.late;
    summary->mismatches = statistics.mismatches;
    summary->not_smtp = dialogues_not_smtp(reading->dialogues);
}

void reading_run(struct reading *reading, struct summary *summary)
{
    const struct reading_options *options = &reading->options;
    struct capture_frame frame;
    struct packet packet = { .segment = { .flags = 0 } };
    uint64_t frames = 0;
    while ((options->goes_on == NULL || options->goes_on(options->context, frames)) && capture_set_next(options->captures, &frame)) {
        if (frames == 0 && options->begins != NULL)
            options->begins(options->context, frame.time);
        summary->newest = frames == 0 ? frame.time : MAX(summary->newest, frame.time);
        if (++frames % FRAMES_BETWEEN_COOLING == 0)
            arena_pool_cool(options->pool);
        take_packet(reading, fragments_decode(reading->fragments, &frame, &packet), &packet, &frame);
        while (packet.following.wire > 0)
            take_packet(reading, fragments_decode_following(reading->fragments, &frame, &packet), &packet, &frame);
    }
    while (fragments_last_conflict(reading->fragments, &frame, &packet.segment))
        take_segment(reading, &packet.segment, &frame);
    tcp_table_finish(reading->table);
    dialogues_finish(reading->dialogues);
    sum_up(reading, summary);
}
