/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

/* How far from what is expected a number may be and still be believed. */
#define PLAUSIBLE (INT64_C(1) << 30)
/* What stands so far beyond a hole and was never acknowledged is nonsense, or forged. */
#define NEAR (UINT64_C(1) << 20)
/* After so many segments of its peer a half that shows none, not even a SYN, is taken for not captured. */
#define ONE_SIDED 4

struct stream_held {
    struct stream_held *next;
    uint64_t position;
    uint64_t arrival;
    void *owner;
    uint32_t length, skip;
    uint32_t acknowledgement;
    bool acknowledges;
    uint8_t octets[];
};

struct delivery {
    struct stream *stream;
    const struct stream_consumer *consumer;
    void *context;
};

/* How far a sequence number is in front of what the half expects. */
static int64_t ahead(const struct stream_half *half, uint32_t sequence)
{
    return (int32_t)(sequence - (half->first + (uint32_t)half->expected));
}

void stream_begin(struct stream *stream, unsigned half, uint32_t first)
{
    stream->half[half].started = true;
    stream->half[half].first = first;
}

/* ---- what waits ---- */

/* Puts octets that nobody had yet into the queue, behind `*link`. */
static void hold(struct stream *stream, struct stream_held **link, uint64_t position, const struct stream_segment *segment,
                 size_t from, size_t length)
{
    struct stream_held *held = wmem_alloc(wmem_file_scope(), sizeof *held + length);
    held->next = *link;
    held->position = position;
    held->arrival = stream->arrivals;
    held->owner = segment->owner;
    held->length = (uint32_t)length;
    held->skip = (uint32_t)from;
    held->acknowledgement = segment->acknowledgement;
    held->acknowledges = segment->acknowledges;
    if (length > 0)
        memcpy(held->octets, segment->octets.octets + from, length);
    *link = held;
    stream->held += sizeof *held + length;
}

/* Of a segment's octets from `position` on, those that neither were delivered nor wait are made to wait. */
static void hold_new(struct stream *stream, unsigned half_index, uint64_t position, const struct stream_segment *segment,
                     size_t from)
{
    struct stream_half *half = &stream->half[half_index];
    struct stream_held **link = &half->queue;
    size_t end = segment->octets.length;
    while (from < end) {
        while (*link != NULL && (*link)->position + (*link)->length <= position)
            link = &(*link)->next;
        size_t length = end - from;
        if (*link != NULL && (*link)->position <= position) { /* these octets wait already */
            uint64_t had = (*link)->position + (*link)->length - position;
            length = had < length ? (size_t)had : length;
        } else {
            if (*link != NULL && (*link)->position - position < length)
                length = (size_t)((*link)->position - position);
            hold(stream, link, position, segment, from, length);
        }
        position += length;
        from += length;
    }
}

static void drop_first(struct stream *stream, struct stream_half *half)
{
    struct stream_held *first = half->queue;
    half->queue = first->next;
    stream->held -= sizeof *first + first->length;
    if (!stream->keep)
        wmem_free(wmem_file_scope(), first);
}

/* ---- order ---- */

/* The position up to which the peer's octets are acknowledged; 0: nothing is said. A FIN is none of them. */
static uint64_t acknowledged(const struct stream_half *peer, uint32_t acknowledgement)
{
    int64_t distance = ahead(peer, acknowledgement);
    if (distance <= 0 || distance > PLAUSIBLE)
        return 0;
    uint64_t position = peer->expected + (uint64_t)distance;
    return peer->ended && position == MAX(peer->seen, peer->expected) + 1 ? position - 1 : position;
}

/* The position up to which the sender of a segment had the peer's octets. */
static uint64_t needed(const struct stream_half *peer, bool acknowledges, uint32_t acknowledgement)
{
    return acknowledges && peer->started ? MIN(acknowledged(peer, acknowledgement), peer->acked) : 0;
}

static struct stream_held *next_in_order(const struct stream_half *half)
{
    return half->queue != NULL && half->queue->position == half->expected ? half->queue : NULL;
}

static bool is_caused(const struct stream *stream, unsigned half, const struct stream_held *held)
{
    const struct stream_half *peer = &stream->half[1 - half];
    return needed(peer, held->acknowledges, held->acknowledgement) <= peer->expected;
}

/* Of two that wait, either may be NULL, the one captured first. -1 if there is none. */
static int captured_first(struct stream_held *const held[2])
{
    if (held[0] == NULL || held[1] == NULL)
        return held[0] != NULL ? 0 : held[1] != NULL ? 1 : -1;
    return held[0]->arrival < held[1]->arrival ? 0 : 1;
}

static bool deliver_next(const struct delivery *delivery)
{
    struct stream *stream = delivery->stream;
    struct stream_held *next[2] = { next_in_order(&stream->half[0]), next_in_order(&stream->half[1]) };
    struct stream_held *ready[2];
    for (unsigned half = 0; half < 2; half++)
        ready[half] = next[half] != NULL && is_caused(stream, half, next[half]) ? next[half] : NULL;
    int chosen = captured_first(ready);
    if (chosen < 0 && next[0] != NULL && next[1] != NULL) /* each waits for the other: the numbers contradict */
        chosen = captured_first(next);
    if (chosen < 0)
        return false;
    struct stream_half *half = &stream->half[chosen];
    half->expected += next[chosen]->length;
    delivery->consumer->octets(delivery->context, (unsigned)chosen, smtp_span(next[chosen]->octets, next[chosen]->length),
                               next[chosen]->owner, next[chosen]->skip);
    drop_first(stream, half);
    return true;
}

/* ---- holes ---- */

/*
 * The half that holds up the first segment that waits: its own one where it stands behind a hole, else the peer, whose
 * octets it acknowledges. -1 if nothing waits.
 */
static int find_blocking(struct stream *stream, bool give_up)
{
    struct stream_held *waiting[2] = { stream->half[0].queue, stream->half[1].queue };
    int first = captured_first(waiting);
    if (first < 0)
        return -1;
    const struct stream_held *held = waiting[first];
    bool own = held->position > stream->half[first].expected;
    int blocking = own ? first : 1 - first;
    struct stream_half *half = &stream->half[blocking];
    if (give_up)
        half->given_up = MAX(half->given_up, own ? held->position : needed(half, held->acknowledges, held->acknowledgement));
    return blocking;
}

static bool declare_hole(const struct delivery *delivery, unsigned half_index)
{
    struct stream_half *half = &delivery->stream->half[half_index];
    uint64_t end = half->given_up;
    if (half->queue != NULL)
        end = MIN(end, half->queue->position);
    if (end <= half->expected)
        return false;
    uint64_t octets = end - half->expected;
    half->expected = end;
    delivery->consumer->gap(delivery->context, half_index, octets);
    return true;
}

static bool declare_next(const struct delivery *delivery)
{
    struct stream *stream = delivery->stream;
    for (unsigned i = 0; i < 2; i++) {
        struct stream_half *half = &stream->half[i];
        if (half->segments == 0 && half->presumed && stream->half[1 - i].segments >= ONE_SIDED)
            half->given_up = MAX(half->given_up, half->acked);
    }
    int blocking = find_blocking(stream, stream->held > STREAM_HELD_LIMIT);
    unsigned first = blocking < 0 ? 0 : (unsigned)blocking;
    return declare_hole(delivery, first) || declare_hole(delivery, 1 - first);
}

static void pump(const struct delivery *delivery)
{
    while (deliver_next(delivery) || declare_next(delivery))
        continue;
}

/* A hole that was acknowledged is waited for a while: segments are not always stored in the order they were sent. */
static void watch_hole(struct stream *stream, struct stream_half *half, int64_t time)
{
    bool waits = stream->half[0].queue != NULL || stream->half[1].queue != NULL;
    if (!waits || half->acked <= half->expected || next_in_order(half) != NULL) {
        half->overdue = false;
        return;
    }
    if (half->overdue && half->proven > half->expected)
        return;
    half->overdue = true;
    half->proven = half->acked;
    half->proven_at = time;
}

static void lose_patience(struct stream_half *half, int64_t time)
{
    if (half->overdue && time - half->proven_at >= STREAM_PATIENCE)
        half->given_up = MAX(half->given_up, half->proven);
}

/* ---- segments ---- */

/* What a segment says about its peer's octets. */
static void take_acknowledgement(struct stream_half *peer, const struct stream_segment *segment)
{
    if (!segment->acknowledges)
        return;
    if (!peer->started) {
        peer->started = true;
        peer->presumed = true;
        peer->first = segment->acknowledgement;
        return;
    }
    peer->ended = peer->ended || segment->peer_ended;
    peer->acked = MAX(peer->acked, acknowledged(peer, segment->acknowledgement));
}

static void start_half(struct stream_half *half, uint32_t sequence)
{
    bool earlier = half->presumed && half->expected == 0 && half->queue == NULL && ahead(half, sequence) < 0;
    if (half->started && !earlier)
        return;
    if (earlier && half->acked > 0)
        half->acked += (uint64_t)-ahead(half, sequence);
    half->first = sequence;
    half->started = true;
    half->presumed = false;
}

void stream_take(struct stream *stream, unsigned half_index, const struct stream_segment *segment,
                 const struct stream_consumer *consumer, void *context)
{
    struct stream_half *half = &stream->half[half_index];
    struct stream_half *peer = &stream->half[1 - half_index];
    struct delivery delivery = { .stream = stream, .consumer = consumer, .context = context };
    stream->arrivals++;
    start_half(half, segment->sequence);
    half->segments++;
    take_acknowledgement(peer, segment);
    lose_patience(half, segment->time);
    lose_patience(peer, segment->time);

    int64_t distance = ahead(half, segment->sequence);
    if (distance > PLAUSIBLE || distance < -PLAUSIBLE)
        return;
    int64_t position = (int64_t)half->expected + distance;
    size_t from = distance < 0 ? (size_t)-distance : 0; /* octets that were delivered before */
    uint64_t end = (uint64_t)MAX(position + (int64_t)segment->length, 0);
    half->seen = MAX(half->seen, end);
    if (segment->octets.length < segment->length) /* the snap length cut the rest off: nobody will bring it */
        half->given_up = MAX(half->given_up, end);
    bool straight = distance <= 0 && half->queue == NULL && peer->queue == NULL
                    && needed(peer, segment->acknowledges, segment->acknowledgement) <= peer->expected;
    if (straight && from < segment->octets.length) {
        struct smtp_span octets = smtp_span_from(segment->octets, from);
        half->expected += octets.length;
        consumer->octets(context, half_index, octets, segment->owner, (uint32_t)from);
    } else if (from < segment->octets.length) {
        hold_new(stream, half_index, (uint64_t)position + from, segment, from);
    }
    pump(&delivery);
    watch_hole(stream, half, segment->time);
    watch_hole(stream, peer, segment->time);
}

void stream_drain(struct stream *stream, const struct stream_consumer *consumer, void *context)
{
    struct delivery delivery = { .stream = stream, .consumer = consumer, .context = context };
    pump(&delivery);
    for (unsigned i = 0; i < 2; i++) {
        struct stream_half *half = &stream->half[i];
        while (half->queue != NULL && half->queue->position > half->expected + NEAR && half->queue->position > half->acked) {
            drop_first(stream, half);
            half->seen = half->expected;
        }
    }
    while (find_blocking(stream, true) >= 0)
        pump(&delivery);
    for (unsigned i = 0; i < 2; i++) {
        struct stream_half *half = &stream->half[i];
        uint64_t end = MAX(half->seen, half->acked);
        bool may_be_fin = end == half->expected + 1 && half->seen <= half->expected;
        if (end > half->expected + NEAR && end > half->acked)
            continue;
        if (end > half->expected && !may_be_fin) {
            half->given_up = end;
            declare_hole(&delivery, i);
        }
    }
}
