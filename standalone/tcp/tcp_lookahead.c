/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * With thousands of connections open, what is known of one is in main memory when its next segment comes, behind a chain of pointers
 * each of which must be waited for. Here segments wait in a short line, and what each will need is asked for step by step,
 * so that it is there when its turn comes. Between steps connections may come and go: nothing is remembered but the flow.
 */

#include "prefetch.h"
#include "tcp_private.h"

/* Segments in line, a power of two; so many segments lie between two steps. */
#define LINE 32u
#define STRIDE 6u

/* Of asking for what payload needs, behind the one for the connection. */
#define STEPS 3

/* Octets of payload; a longer one (segmentation offload) is not worth the copy. */
#define PAYLOAD_LIMIT 2048u

struct tcp_lookahead {
    unsigned first, count;
    struct tcp_coming coming[LINE];
    uint8_t payload[LINE][PAYLOAD_LIMIT];
};

struct tcp_lookahead *tcp_lookahead_new(void)
{
    return g_new0(struct tcp_lookahead, 1);
}

void tcp_lookahead_free(struct tcp_lookahead *lookahead)
{
    g_free(lookahead);
}

/* The connection that a segment belongs to as things are now; NULL if there is none. */
static const struct tcp_stream *stream_of(const struct tcp_table *table, const struct tcp_found *found)
{
    const struct tcp_entry *entry = tcp_index_peek(table->index, &found->flow);
    return entry != NULL && !entry->is_tombstone ? (const struct tcp_stream *)entry : NULL;
}

static void expect_entry(const struct tcp_table *table, const struct tcp_coming *coming)
{
    const struct tcp_entry *entry = tcp_index_peek(table->index, &coming->found.flow);
    if (entry != NULL)
        prefetch(entry, sizeof(struct tcp_stream));
}

/* What payload will need: nothing else does much with what is behind the connection. */
static void expect_payload(const struct tcp_table *table, const struct tcp_coming *coming, int step)
{
    const struct tcp_stream *stream = stream_of(table, &coming->found);
    if (stream == NULL || coming->segment.payload.length == 0)
        return;
    int half = tcp_same_endpoint(&stream->connection.endpoint[0], &coming->found.from) ? 0 : 1;
    if (step < 2)
        tcp_recent_expect(stream->half[half].recent, coming->segment.payload.length, step);
    if (table->consumer.expect != NULL && stream->connection.user != NULL)
        table->consumer.expect(table->context, &stream->connection, half, step);
}

/* The segment that came `back` before the last one; NULL: there is none. */
static const struct tcp_coming *coming_before(const struct tcp_lookahead *lookahead, unsigned back)
{
    if (back >= lookahead->count)
        return NULL;
    const struct tcp_coming *coming = &lookahead->coming[(lookahead->first + lookahead->count - 1 - back) % LINE];
    return coming->is_time ? NULL : coming;
}

void tcp_lookahead_add_time(struct tcp_lookahead *lookahead, int64_t time)
{
    unsigned at = (lookahead->first + lookahead->count++) % LINE;
    lookahead->coming[at] = (struct tcp_coming){ .is_time = true, .place = { .time = time } };
}

bool tcp_lookahead_add(struct tcp_lookahead *lookahead, const struct tcp_table *table,
                       const struct packet_segment *segment, const struct tcp_found *found, struct place place)
{
    if (segment->payload.length > PAYLOAD_LIMIT)
        return false;
    unsigned at = (lookahead->first + lookahead->count++) % LINE;
    struct tcp_coming *coming = &lookahead->coming[at];
    *coming = (struct tcp_coming){ .segment = *segment, .found = *found, .place = place };
    if (segment->payload.length > 0)
        memcpy(lookahead->payload[at], segment->payload.octets, segment->payload.length);
    coming->segment.payload.octets = lookahead->payload[at];

    tcp_index_expect(table->index, &found->flow);
    const struct tcp_coming *earlier = coming_before(lookahead, STRIDE);
    if (earlier != NULL)
        expect_entry(table, earlier);
    for (int step = 0; step < STEPS; step++) {
        earlier = coming_before(lookahead, (2 + (unsigned)step) * STRIDE);
        if (earlier != NULL)
            expect_payload(table, earlier, step);
    }
    return true;
}

bool tcp_lookahead_is_full(const struct tcp_lookahead *lookahead)
{
    return lookahead->count == LINE;
}

struct tcp_coming *tcp_lookahead_next(struct tcp_lookahead *lookahead)
{
    return lookahead->count > 0 ? &lookahead->coming[lookahead->first] : NULL;
}

void tcp_lookahead_drop(struct tcp_lookahead *lookahead)
{
    lookahead->first = (lookahead->first + 1) % LINE;
    lookahead->count--;
}
