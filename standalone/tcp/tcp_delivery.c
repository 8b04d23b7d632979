/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

/* ---- what is known of a half ---- */

uint64_t tcp_acked_octets(const struct tcp_half *half)
{
    return MIN(half->acked, half->end);
}

bool tcp_is_absent(const struct tcp_stream *stream, int half)
{
    return stream->half[half].absent && stream->half[half].segments == 0;
}

/* It is given up: if nothing at all was seen of the half, nothing will be. */
static void give_up(struct tcp_half *half, uint64_t end)
{
    half->given_up = MAX(half->given_up, end);
    half->absent = half->absent || half->segments == 0;
}

/* The position up to which the sender of a segment had the peer's octets; at most peer->expected if that is no question. */
static uint64_t needed_of(const struct tcp_half *peer, bool acknowledges, uint32_t acknowledgement)
{
    if (!acknowledges || peer->start == TCP_START_UNKNOWN)
        return 0;
    int64_t ahead = tcp_ahead(peer, acknowledgement);
    if (ahead <= 0 || ahead > TCP_PLAUSIBLE)
        return 0;
    return MIN(peer->expected + (uint64_t)ahead, tcp_acked_octets(peer));
}

bool tcp_is_caused(const struct tcp_half *peer, bool acknowledges, uint32_t acknowledgement)
{
    return needed_of(peer, acknowledges, acknowledgement) <= peer->expected;
}

/* What waits in front: a segment, or behind the last one the FIN. */
static struct tcp_held *first_waiting(const struct tcp_half *half)
{
    return half->queue.first != NULL ? half->queue.first : half->fin;
}

/* What comes next in the half's own stream, if it is there. */
static struct tcp_held *next_in_order(const struct tcp_half *half)
{
    struct tcp_held *first = first_waiting(half);
    return first != NULL && first->position == half->expected ? first : NULL;
}

/* A FIN must be acknowledged, where anybody is there to do so. */
static bool is_believed_fin(const struct tcp_stream *stream, int half)
{
    return stream->half[half].acked > stream->half[half].end || tcp_is_absent(stream, 1 - half);
}

static bool is_ready(const struct tcp_stream *stream, int half, const struct tcp_held *held)
{
    if (held == NULL || (held == stream->half[half].fin && !is_believed_fin(stream, half)))
        return false;
    return tcp_is_caused(&stream->half[1 - half], held->acknowledges, held->acknowledgement);
}

/* Of the two halves' segments the one captured first; either may be NULL. Returns the half, -1 if both are. */
static int captured_first(const struct tcp_held *const held[2])
{
    if (held[0] == NULL || held[1] == NULL)
        return held[0] != NULL ? 0 : held[1] != NULL ? 1 : -1;
    return held[0]->arrival < held[1]->arrival ? 0 : 1;
}

/* ---- delivering ---- */

static void note(struct tcp_stream *stream, struct tcp_half *half, uint64_t position, struct smtp_span octets,
                 struct place place)
{
    if (half->recent == NULL) {
        half->recent = slots_take(stream->table->recents);
        tcp_recent_start(half->recent);
    }
    tcp_recent_add(half->recent, position, half->expected - half->origin, half->acked, octets, place);
}

void tcp_deliver(struct tcp_stream *stream, int half_index, struct smtp_span octets, struct place place)
{
    struct tcp_half *half = &stream->half[half_index];
    const struct tcp_consumer *consumer = &stream->table->consumer;
    uint64_t position = half->expected;
    half->expected += octets.length;
    half->delivered = true;
    half->last = place;
    if (!consumer->data(stream->table->context, &stream->connection, half_index, position - half->origin, octets, place))
        stream->refused = true;
    else if (consumer->conflict != NULL)
        note(stream, half, position, octets, place);
}

static void drop_fin(struct tcp_stream *stream, struct tcp_half *half)
{
    if (half->fin == NULL)
        return;
    tcp_give_memory(stream, tcp_held_memory(half->fin));
    g_free(half->fin);
    half->fin = NULL;
}

void tcp_withdraw_fin(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    const struct tcp_consumer *consumer = &stream->table->consumer;
    drop_fin(stream, half);
    half->end = UINT64_MAX;
    if (!stream->connection.fin[half_index])
        return;
    stream->connection.fin[half_index] = false;
    if (consumer->resumed != NULL)
        consumer->resumed(stream->table->context, &stream->connection, half_index);
}

static void reach_fin(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    drop_fin(stream, half);
    half->delivered = true;
    stream->connection.fin[half_index] = true;
    stream->table->consumer.finished(stream->table->context, &stream->connection, half_index);
    if (tcp_stream_is_finished(stream))
        tcp_note_end(stream);
}

/*
 * Delivers one segment that waits, if one can be delivered. If both halves are in order and each waits for the other, their
 * acknowledgement numbers contradict one another (both are retransmissions, or one is bogus), and packet order decides.
 */
static bool deliver_next(struct tcp_stream *stream)
{
    const struct tcp_held *next[2] = { next_in_order(&stream->half[0]), next_in_order(&stream->half[1]) };
    const struct tcp_held *ready[2] = { is_ready(stream, 0, next[0]) ? next[0] : NULL,
                                        is_ready(stream, 1, next[1]) ? next[1] : NULL };
    int chosen = captured_first(ready);
    if (chosen < 0 && next[0] != NULL && next[1] != NULL)
        chosen = captured_first(next);
    if (chosen < 0)
        return false;
    struct tcp_half *half = &stream->half[chosen];
    if (next[chosen] == half->fin) {
        reach_fin(stream, chosen);
        return true;
    }
    tcp_deliver(stream, chosen, smtp_span(next[chosen]->octets, next[chosen]->length), next[chosen]->place);
    tcp_give_memory(stream, tcp_queue_drop_first(&half->queue));
    return true;
}

/* ---- gaps ---- */

static void declare_gap(struct tcp_stream *stream, int half_index, uint64_t end)
{
    struct tcp_half *half = &stream->half[half_index];
    uint64_t position = half->expected;
    half->expected = end;
    half->delivered = true;
    tcp_recent_forget(half->recent);
    tcp_holes_add(&half->holes, position, end);
    stream->table->consumer.gap(stream->table->context, &stream->connection, half_index, position - half->origin, end - position,
                                half->last);
}

/* An octet that was acknowledged last of all and never seen is rather a FIN, which takes a sequence number too. */
static bool may_be_fin(const struct tcp_half *half, uint64_t end)
{
    return end == half->expected + 1 && half->acked <= end && half->seen_end <= half->expected && first_waiting(half) == NULL;
}

/* A hole is none from where something doubtful fills it that was acknowledged. */
static uint64_t doubtful_from(const struct tcp_half *half, uint64_t end)
{
    const struct tcp_held *first = half->doubtful.first;
    return first != NULL && first->position > half->expected && first->position < tcp_acked_octets(half)
               ? MIN(end, first->position)
               : end;
}

/* Declares the half's next hole, as far as it is given up. Returns whether anything came of it. */
static bool declare_hole(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    const struct tcp_held *next = first_waiting(half);
    uint64_t end = MIN(half->given_up, next != NULL ? next->position : half->end);
    if (end <= half->expected)
        return false;
    if (half->doubtful.first != NULL && tcp_fill_doubtful(stream, half_index, end))
        return true;
    end = doubtful_from(half, end);
    if (!may_be_fin(half, end)) {
        declare_gap(stream, half_index, end);
        return true;
    }
    half->acked = half->expected;
    half->given_up = half->expected;
    return true;
}

/*
 * The half that holds up the first segment that waits: its own one where it stands behind a hole, else the peer, whose
 * octets it acknowledges. -1 if nothing waits. If `is_given_up`, the hole is no longer waited for.
 */
static int find_blocking(struct tcp_stream *stream, bool is_given_up)
{
    const struct tcp_held *waiting[2] = { first_waiting(&stream->half[0]), first_waiting(&stream->half[1]) };
    int first = captured_first(waiting);
    if (first < 0)
        return -1;
    const struct tcp_held *held = waiting[first];
    int blocking = held->position > stream->half[first].expected ? first : 1 - first;
    struct tcp_half *half = &stream->half[blocking];
    uint64_t end = blocking == first ? held->position : needed_of(half, held->acknowledges, held->acknowledgement);
    if (is_given_up)
        give_up(half, end);
    return blocking;
}

/* A quarter of what all may hold back is one's at the most. */
static bool holds_too_much(const struct tcp_stream *stream)
{
    return stream->held > MAX(TCP_HELD_LIMIT, stream->table->limits.held / 4);
}

/* Declares one gap that is due, if there is one. */
static bool declare_next(struct tcp_stream *stream)
{
    bool too_much = holds_too_much(stream);
    int blocking = find_blocking(stream, too_much);
    if (blocking >= 0 && !too_much && tcp_is_absent(stream, blocking))
        find_blocking(stream, true);
    int first = blocking < 0 ? 0 : blocking;
    bool declared = declare_hole(stream, first) || declare_hole(stream, 1 - first);
    stream->table->not_waited_for += too_much && declared && !tcp_is_absent(stream, first);
    return declared;
}

/* ---- deadlines ---- */

static void update_deadline(struct tcp_stream *stream, struct tcp_half *half)
{
    uint64_t acked = tcp_acked_octets(half);
    /* While nothing waits, a hole is no hindrance: an acknowledgement alone may be wrong. */
    bool waits = stream->half[0].queue.first != NULL || stream->half[1].queue.first != NULL;
    if (!waits || acked <= half->expected || next_in_order(half) != NULL) {
        half->deadline = INT64_MAX;
        return;
    }
    if (half->proven <= half->expected || half->deadline == INT64_MAX) {
        half->proven = acked;
        half->deadline = stream->last_time + TCP_GAP_DELAY;
    }
    half->proven = MIN(half->proven, acked);
}

void tcp_advance(struct tcp_stream *stream, int64_t time)
{
    time = CLAMP(time, -TCP_CLOCK_LIMIT, TCP_CLOCK_LIMIT);
    stream->clock = MAX(stream->clock, MIN(time, stream->last_time));
    stream->last_time = time;
    bool due = false;
    for (int half_index = 0; half_index < 2; half_index++) {
        struct tcp_half *half = &stream->half[half_index];
        if (half->deadline > stream->clock)
            continue;
        give_up(half, half->proven);
        half->deadline = INT64_MAX;
        due = true;
    }
    if (due)
        tcp_pump(stream);
}

/* ---- the whole ---- */

static bool use_doubtful(struct tcp_stream *stream)
{
    for (int half = 0; half < 2; half++)
        if (stream->half[half].doubtful.first != NULL && tcp_use_doubtful(stream, half))
            return true;
    return false;
}

void tcp_pump(struct tcp_stream *stream)
{
    while (!stream->refused && (deliver_next(stream) || use_doubtful(stream) || declare_next(stream)))
        continue;
    if (stream->refused)
        return;
    update_deadline(stream, &stream->half[0]);
    update_deadline(stream, &stream->half[1]);
}

/* So many segments in a row are no accident. */
#define FAR_BELIEVED 4

static bool begins_a_row(const struct tcp_held *held)
{
    unsigned count = 1;
    for (; held->next != NULL && held->next->position == held->position + held->length && count < FAR_BELIEVED; held = held->next)
        count++;
    return count == FAR_BELIEVED;
}

/* What stands far beyond a hole and was never acknowledged is nonsense, or forged: no gap of such a size is declared for it. */
static void drop_far(struct tcp_stream *stream, struct tcp_half *half)
{
    while (half->queue.first != NULL && half->queue.first->position > half->expected + TCP_NEAR &&
           half->queue.first->position > tcp_acked_octets(half) && !begins_a_row(half->queue.first)) {
        tcp_give_memory(stream, tcp_queue_drop_first(&half->queue));
        stream->connection.ignored++;
        stream->table->implausible++;
        half->seen_end = half->expected; /* of what is left nothing counts as seen */
    }
}

static void believe_fins(struct tcp_stream *stream)
{
    for (int half = 0; half < 2; half++)
        if (stream->half[half].fin != NULL)
            stream->half[half].acked = MAX(stream->half[half].acked, stream->half[half].end + 1);
}

void tcp_give_up(struct tcp_stream *stream)
{
    int blocking = find_blocking(stream, true);
    stream->table->not_waited_for += blocking >= 0 && !tcp_is_absent(stream, blocking);
    tcp_pump(stream);
}

void tcp_drain(struct tcp_stream *stream)
{
    tcp_begin_end(stream, 0);
    tcp_begin_end(stream, 1);
    tcp_pump(stream);
    drop_far(stream, &stream->half[0]);
    drop_far(stream, &stream->half[1]);
    believe_fins(stream);
    while (!stream->refused && find_blocking(stream, true) >= 0)
        tcp_pump(stream);
    for (int half_index = 0; half_index < 2 && !stream->refused; half_index++) {
        struct tcp_half *half = &stream->half[half_index];
        uint64_t end = MAX(MIN(half->seen_end, half->end), tcp_acked_octets(half));
        while (!stream->refused && end > half->expected && !may_be_fin(half, end)) {
            if (half->doubtful.first != NULL && tcp_fill_doubtful(stream, half_index, end))
                tcp_pump(stream);
            else
                declare_gap(stream, half_index, doubtful_from(half, end));
        }
        tcp_end_doubtful(stream, half_index);
    }
}

void tcp_discard(struct tcp_stream *stream)
{
    for (int half_index = 0; half_index < 2; half_index++) {
        struct tcp_half *half = &stream->half[half_index];
        while (half->queue.first != NULL)
            tcp_give_memory(stream, tcp_queue_drop_first(&half->queue));
        while (half->doubtful.first != NULL)
            tcp_give_memory(stream, tcp_queue_drop_first(&half->doubtful));
        drop_fin(stream, half);
        g_free(half->holes);
        if (half->recent != NULL)
            tcp_recent_stop(half->recent);
        slots_give(stream->table->recents, half->recent);
        half->holes = NULL;
        half->recent = NULL;
    }
    g_free(stream->reopening);
    stream->reopening = NULL;
}
