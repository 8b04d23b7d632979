/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Segments with wrong checksums: the receiver drops them, and whoever inserts them shows to those who listen what the
 * receiver never sees. But where the network card of the machine that captures fills checksums in, all of that
 * machine's are wrong in the capture.
 *
 * A wrong one waits for the peer to acknowledge its octets: if nobody has brought others by then, the receiver had
 * them, and the capture was changed (as those that were made fit to be published). A half of which one segment was
 * right is checked: what of its wrong ones was not acknowledged is not used. A half of which so many were wrong and
 * none was right is not looked at any more.
 */

#include "tcp_private.h"

/* So many wrong ones and no right one are no accident. */
#define UNFILLED_FROM 3u

/* So many wrong ones that the receiver had, where one at the most was right: none is looked at any more. */
#define BORNE_OUT_FROM 2u

/* The largest segment of a half whose peer did not say, as on Ethernet: a larger one was put together by a network
 * card. */
#define MOST_USUAL 1460u

#define COUNTED 255u

/* A segment is known again among so many. */
#define SEEN_AGAIN 64u

static bool is_checked(const struct tcp_half *half)
{
    return half->right > 0;
}

/* One right one among several that the peer took all the same is chance, or the only one that nobody changed. */
static bool is_refuted(const struct tcp_half *half)
{
    return half->borne_out >= BORNE_OUT_FROM && half->right <= 1;
}

static bool can_be_judged(const struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct tcp_half *half = &stream->half[arrival->half];
    uint32_t most = half->most > 0 ? half->most : MOST_USUAL;
    return arrival->segment->has_checksum && arrival->segment->payload_octets <= most;
}

bool tcp_is_bad(const struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    enum tcp_checksums checksums = stream->table->limits.checksums;
    const struct tcp_half *half = &stream->half[arrival->half];
    if (checksums == TCP_CHECKSUMS_OFF || (checksums == TCP_CHECKSUMS_AUTO && !is_checked(half)))
        return false;
    return can_be_judged(stream, arrival) && !packet_checksum_is_right(arrival->segment);
}

static uint64_t end_of(const struct tcp_held *held)
{
    return held->position + held->length;
}

static void drop_first(struct tcp_stream *stream, struct tcp_half *half)
{
    tcp_give_memory(stream, tcp_queue_drop_first(&half->doubtful));
}

/* What a segment that is used says of its peer's octets counts, too. */
static void note_acknowledgement(struct tcp_half *peer, const struct tcp_held *held)
{
    int64_t ahead = tcp_ahead(peer, held->acknowledgement);
    if (!held->acknowledges || peer->start == TCP_START_UNKNOWN || ahead <= 0 || ahead > TCP_PLAUSIBLE)
        return;
    uint64_t acked = peer->expected + (uint64_t)ahead;
    if (acked <= peer->acked)
        return;
    peer->acked = acked;
    peer->claimant = end_of(held);
    peer->acked_at = held->arrival;
}

/* The first doubtful octets are used, from what comes next up to `to`; what is behind that stays. */
static void use_first(struct tcp_stream *stream, int half_index, uint64_t to)
{
    struct tcp_half *half = &stream->half[half_index];
    struct tcp_held *first = half->doubtful.first;
    uint64_t from = MAX(first->position, half->expected);
    to = MIN(to, end_of(first));
    const struct tcp_piece piece = {
        .position = from,
        .arrival = first->arrival,
        .octets = smtp_span(first->octets + (from - first->position), (size_t)(to - from)),
        .place = first->place,
        .acknowledgement = first->acknowledgement,
        .acknowledges = first->acknowledges,
    };
    tcp_take_memory(stream, tcp_queue_add(&half->queue, stream, half_index, &piece));
    if (!first->used)
        half->borne_out = (uint8_t)MIN(half->borne_out + 1u, COUNTED);
    first->used = true;
    note_acknowledgement(&stream->half[1 - half_index], first);
}

/* Those that others came for by now were not used. */
static void settle(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    while (half->doubtful.first != NULL && end_of(half->doubtful.first) <= half->expected) {
        if (is_checked(half) && !half->doubtful.first->used)
            tcp_note_mismatch(stream, half_index, half->doubtful.first->place);
        drop_first(stream, half);
    }
}

/* Nothing speaks for its checksums: what was doubtful is as good as the rest. */
static void believe(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    half->unfilled = true;
    settle(stream, half_index);
    while (half->doubtful.first != NULL) {
        half->seen_end = MAX(half->seen_end, end_of(half->doubtful.first));
        use_first(stream, half_index, UINT64_MAX);
        drop_first(stream, half);
    }
}

enum tcp_verdict tcp_judge(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    enum tcp_checksums checksums = stream->table->limits.checksums;
    if (half->unfilled || checksums == TCP_CHECKSUMS_OFF || !can_be_judged(stream, arrival))
        return TCP_VERDICT_GOOD;
    if (packet_checksum_is_right(arrival->segment)) {
        half->right = (uint8_t)MIN(half->right + !arrival->segment->is_unfilled, COUNTED);
        return TCP_VERDICT_GOOD;
    }
    if (checksums == TCP_CHECKSUMS_ON)
        return TCP_VERDICT_BAD;
    half->wrong = (uint8_t)MIN(half->wrong + 1u, COUNTED);
    if (is_checked(half) && is_refuted(half)) {
        believe(stream, arrival->half);
        return TCP_VERDICT_GOOD;
    }
    if (is_checked(half))
        return arrival->segment->payload_octets > 0 ? TCP_VERDICT_DOUBTFUL : TCP_VERDICT_BAD;
    if (half->wrong < UNFILLED_FROM)
        return TCP_VERDICT_DOUBTFUL;
    believe(stream, arrival->half);
    return TCP_VERDICT_GOOD;
}

void tcp_note_mismatch(struct tcp_stream *stream, int half, struct place place)
{
    const struct tcp_consumer *consumer = &stream->table->consumer;
    stream->table->mismatches++;
    if (consumer->mismatch != NULL)
        consumer->mismatch(stream->table->context, &stream->connection, half, place);
}

/* Whether the same segment waits already; of very many only the last ones are looked at. */
static bool waits_already(const struct tcp_half *half, const struct tcp_piece *piece)
{
    const struct tcp_held *held = half->doubtful.last;
    for (unsigned looks = 0; held != NULL && looks < SEEN_AGAIN; held = held->previous, looks++)
        if (held->position == piece->position && held->length == piece->octets.length)
            return memcmp(held->octets, piece->octets.octets, held->length) == 0;
    return false;
}

void tcp_keep_doubtful(struct tcp_stream *stream, int half_index, const struct tcp_piece *piece)
{
    struct tcp_half *half = &stream->half[half_index];
    struct tcp_piece rest = *piece;
    if (rest.position < half->expected) {
        rest.octets = smtp_span_from(rest.octets, (size_t)(half->expected - rest.position));
        rest.position = half->expected;
    }
    bool again = rest.octets.length == 0 ? !tcp_recent_differs(half->recent, piece->position, piece->octets) : waits_already(half, piece);
    size_t memory = rest.octets.length > 0 ? tcp_queue_add(&half->doubtful, stream, half_index, &rest) : 0;
    tcp_take_memory(stream, memory);
    if (memory == 0 && !again && is_checked(half))
        tcp_note_mismatch(stream, half_index, piece->place);
}

bool tcp_use_doubtful(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    settle(stream, half_index);
    const struct tcp_held *first = half->doubtful.first;
    uint64_t acked = tcp_acked_octets(half);
    if (first == NULL || first->position > half->expected || acked <= half->expected)
        return false;
    /* Where the peer's direction stands in front, its acknowledgement says nothing of what is still to come. */
    if (is_checked(half) && first->arrival > half->acked_at)
        return false;
    const struct tcp_held *next = half->queue.first;
    if (next != NULL && next->position <= half->expected)
        return false;
    use_first(stream, half_index, next != NULL ? MIN(acked, next->position) : acked);
    return true;
}

bool tcp_fill_doubtful(struct tcp_stream *stream, int half_index, uint64_t end)
{
    struct tcp_half *half = &stream->half[half_index];
    settle(stream, half_index);
    const struct tcp_held *first = half->doubtful.first;
    uint64_t acked = tcp_acked_octets(half);
    if (first == NULL || first->position > half->expected || acked <= half->expected)
        return false;
    use_first(stream, half_index, MIN(end, acked));
    return true;
}

void tcp_begin_end(struct tcp_stream *stream, int half)
{
    if (!is_checked(&stream->half[half]))
        believe(stream, half);
}

/* The capture ends before the peer could say whether it got the segment that comes next. */
static bool is_last_word(const struct tcp_stream *stream, const struct tcp_half *half)
{
    const struct tcp_held *first = half->doubtful.first;
    return first != NULL && first->position == half->expected && first->arrival > half->heard_at && half->end == UINT64_MAX && !stream->reset;
}

void tcp_end_doubtful(struct tcp_stream *stream, int half_index)
{
    struct tcp_half *half = &stream->half[half_index];
    while (!stream->refused && is_last_word(stream, half)) {
        use_first(stream, half_index, UINT64_MAX);
        drop_first(stream, half);
        tcp_pump(stream);
    }
    for (; half->doubtful.first != NULL; drop_first(stream, half))
        if (!half->doubtful.first->used)
            tcp_note_mismatch(stream, half_index, half->doubtful.first->place);
}
