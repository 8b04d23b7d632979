/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

static bool has(const struct packet_segment *segment, enum packet_tcp_flag flag)
{
    return (segment->flags & flag) != 0;
}

/* The sequence number of the first octet of payload: a SYN stands in front of it. */
static uint32_t payload_sequence(const struct packet_segment *segment)
{
    return segment->sequence + (has(segment, PACKET_TCP_SYN) ? 1 : 0);
}

/* ---- where a half starts ---- */

static void set_start(struct tcp_half *half, enum tcp_start start, uint32_t sequence)
{
    half->start = start;
    half->base = sequence;
}

/* Nothing was delivered yet: offset 0 is another octet than was believed. */
static void move_start(struct tcp_half *half, uint64_t position)
{
    half->origin = position;
    half->expected = position;
}

/* The number of the half's first octet: the SYN's comes before it. */
static uint32_t first_sequence(const struct tcp_half *half)
{
    return half->start == TCP_START_SYN ? half->syn + 1 : tcp_sequence(half, half->origin);
}

/* How far a SYN's first octet is from the one the half is believed to start with. */
static int64_t syn_distance(const struct tcp_half *half, const struct packet_segment *segment)
{
    return (int32_t)(segment->sequence + 1 - first_sequence(half));
}

void tcp_contradict(struct tcp_stream *stream, int half, enum tcp_contradiction what, struct place place)
{
    const struct tcp_consumer *consumer = &stream->table->consumer;
    stream->connection.contradictions++;
    if (consumer->contradicts != NULL)
        consumer->contradicts(stream->table->context, &stream->connection, half, what, place);
}

/* Whether a SYN+ACK acknowledges the peer's SYN, and so belongs to the same opening. */
static bool answers_opening(const struct tcp_half *peer, const struct packet_segment *segment)
{
    return has(segment, PACKET_TCP_ACK) && peer->start != TCP_START_UNKNOWN &&
           segment->acknowledgement == first_sequence(peer);
}

bool tcp_stream_is_reused(const struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct packet_segment *segment = arrival->segment;
    const struct tcp_half *half = &stream->half[arrival->half];
    if (!has(segment, PACKET_TCP_SYN) || has(segment, PACKET_TCP_RST) || half->start == TCP_START_UNKNOWN)
        return false;
    int64_t distance = syn_distance(half, segment);
    if (distance == 0)
        return false;
    /* A SYN that was stored late, behind the data that it precedes. */
    if (half->start != TCP_START_SYN && distance < 0 && distance > -TCP_NEAR)
        return false;
    return !answers_opening(&stream->half[1 - arrival->half], segment);
}

bool tcp_stream_is_far(const struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct tcp_half *half = &stream->half[arrival->half];
    if (half->start == TCP_START_UNKNOWN)
        return has(arrival->segment, PACKET_TCP_SYN);
    int64_t ahead = tcp_ahead(half, arrival->segment->sequence);
    return ahead > TCP_NEAR || ahead < -TCP_NEAR || has(arrival->segment, PACKET_TCP_SYN);
}

/* Nothing was delivered yet: the half is believed to start with its other SYN. What waits stands where the first one
 * says. */
static void change_syn(struct tcp_stream *stream, struct tcp_half *half)
{
    uint32_t other = half->syn;
    half->syn = half->other_syn;
    half->other_syn = other;
    half->base = half->syn + 1;
    half->origin = half->expected = half->seen_end = half->acked = half->given_up = TCP_POSITION_START;
    half->claimant = 0;
    half->confirmed = false;
    while (half->queue.first != NULL) {
        tcp_give_memory(stream, tcp_queue_drop_first(&half->queue));
        stream->connection.ignored++;
        stream->table->implausible++;
    }
    if (half->fin != NULL)
        tcp_withdraw_fin(stream, half == &stream->half[0] ? 0 : 1);
}

/* Of two SYNs the one counts that the peer acknowledges, or that the payload goes on with. */
static void note_second_syn(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    uint32_t sequence = arrival->segment->sequence;
    if (sequence == half->syn || (half->has_other_syn && sequence == half->other_syn))
        return;
    half->other_syn = sequence;
    half->has_other_syn = true;
    tcp_contradict(stream, arrival->half, TCP_SECOND_SYN, arrival->place);
}

static bool may_change_syn(const struct tcp_half *half)
{
    return half->has_other_syn && !half->delivered && half->start == TCP_START_SYN;
}

static bool is_near(uint32_t number, uint32_t first)
{
    int64_t ahead = (int32_t)(number - first);
    return ahead >= 0 && ahead < TCP_NEAR;
}

/* The peer says what it got. */
static void confirm_syn(struct tcp_stream *stream, struct tcp_half *half, uint32_t acknowledgement)
{
    bool fits = is_near(acknowledgement, half->syn + 1);
    if (!fits && may_change_syn(half) && is_near(acknowledgement, half->other_syn + 1)) {
        change_syn(stream, half);
        fits = true;
    }
    half->confirmed = half->confirmed || fits;
}

static void take_syn(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    uint32_t sequence = arrival->segment->sequence + 1;
    if (half->start == TCP_START_SYN) {
        note_second_syn(stream, arrival);
        return;
    }
    if (half->start == TCP_START_UNKNOWN)
        set_start(half, TCP_START_SYN, sequence);
    else if (syn_distance(half, arrival->segment) != 0) {
        if (half->delivered || half->queue.first != NULL)
            return;
        move_start(half, tcp_position(half, sequence));
    }
    half->start = TCP_START_SYN;
    half->syn = arrival->segment->sequence;
    stream->connection.syn[arrival->half] = true;
}

/* Octets below the SYN's own number may not be there; but programs that write captures forget that it has one. */
static bool forgets_syn(const struct tcp_half *half, const struct packet_segment *segment)
{
    return half->start == TCP_START_SYN && !half->delivered && segment->payload_octets > 1 &&
           !has(segment, PACKET_TCP_SYN) && segment->sequence == half->syn && half->origin == TCP_POSITION_START &&
           (half->queue.first == NULL || half->queue.first->position > half->origin);
}

/* Lets a segment set the start of its half, or move it back, where no SYN has fixed it. */
static void note_start(struct tcp_half *half, const struct packet_segment *segment)
{
    if (segment->payload_octets == 0)
        return;
    if (forgets_syn(half, segment))
        move_start(half, half->origin - 1);
    if (half->start == TCP_START_SYN)
        return;
    if (half->start == TCP_START_UNKNOWN) {
        set_start(half, TCP_START_SEGMENT, payload_sequence(segment));
        return;
    }
    int64_t ahead = tcp_ahead(half, payload_sequence(segment));
    if (!half->delivered && ahead < 0 && ahead > -TCP_NEAR)
        move_start(half, half->expected + (uint64_t)ahead);
}

/* ---- acknowledgements ---- */

/*
 * Notes what the sender of a segment says that it got from `peer`. It proves octets that are not in the capture; but a claim
 * is withdrawn when its sender, further on in its own stream, claims less. `claimant`: the position behind the segment's payload.
 */
static void note_acknowledgement(struct tcp_stream *stream, struct tcp_half *peer, const struct packet_segment *segment,
                                 uint64_t claimant, uint64_t rank)
{
    if (!has(segment, PACKET_TCP_ACK))
        return;
    peer->heard_at = rank;
    if (peer->start == TCP_START_SYN && (!peer->confirmed || peer->has_other_syn))
        confirm_syn(stream, peer, segment->acknowledgement);
    if (peer->start == TCP_START_UNKNOWN)
        set_start(peer, TCP_START_ACK, segment->acknowledgement);
    int64_t ahead = tcp_ahead(peer, segment->acknowledgement);
    if (ahead > TCP_PLAUSIBLE || ahead < -TCP_PLAUSIBLE)
        return;
    uint64_t acked = peer->expected + (uint64_t)ahead;
    bool is_more = acked > peer->acked;
    bool contradicts = peer->acked > peer->expected && acked < peer->acked && claimant > peer->claimant;
    if (!is_more && !contradicts)
        return;
    peer->acked = MAX(acked, peer->expected);
    peer->claimant = claimant;
    peer->acked_at = rank;
}

/* ---- payload, FIN, RST ---- */

static void note_segment(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    if (half->segments < TCP_ONE_SIDED)
        half->segments++;
    stream->connection.last_frame = arrival->place.frame;
    stream->connection.last_capture = arrival->place.file;
    stream->connection.end = arrival->place.time;
}

static struct tcp_piece piece_of(const struct tcp_arrival *arrival, uint64_t position, struct smtp_span octets)
{
    return (struct tcp_piece){
        .position = position,
        .arrival = arrival->rank,
        .octets = octets,
        .place = arrival->place,
        .acknowledgement = arrival->segment->acknowledgement,
        .acknowledges = has(arrival->segment, PACKET_TCP_ACK),
    };
}

/* A keep-alive or a repeated window probe: its octet need not be the true one. */
static bool is_probe(const struct tcp_half *half, const struct packet_segment *segment, uint64_t position)
{
    return segment->payload_octets <= 1 && position + 1 == half->expected;
}

static void ignore(struct tcp_stream *stream, uint64_t *count)
{
    stream->connection.ignored++;
    ++*count;
}

/* Octets in front of what comes next: sent again, or too late, or in front of the start. */
static void take_passed(struct tcp_stream *stream, const struct tcp_arrival *arrival, uint64_t position,
                        struct smtp_span octets)
{
    struct tcp_half *half = &stream->half[arrival->half];
    uint64_t end = position + octets.length;
    tcp_recent_compare(half->recent, stream, arrival->half, position, octets, arrival->place);
    if (position < half->origin) {
        ignore(stream, &stream->table->implausible);
        if (half->start == TCP_START_SYN)
            tcp_contradict(stream, arrival->half, TCP_DATA_BEFORE_SYN, arrival->place);
    } else if (tcp_holes_touch(half->holes, position, MIN(end, half->expected))) {
        ignore(stream, &stream->table->late);
    }
}

/* The half goes on behind its FIN: that was none. */
static void contradict_fin(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    bool believed = half->acked > half->end || stream->connection.fin[arrival->half];
    tcp_withdraw_fin(stream, arrival->half);
    if (!believed)
        return;
    if (!stream->reset)
        tcp_withdraw_end(stream);
    note_segment(stream, arrival);
    tcp_contradict(stream, arrival->half, TCP_DATA_BEHIND_FIN, arrival->place);
}

/* What an RST, or another connection's opening, was followed by. */
static void contradict_others(struct tcp_stream *stream, const struct tcp_arrival *arrival, uint64_t end)
{
    const struct tcp_half *half = &stream->half[arrival->half];
    bool is_new = end > MAX(half->seen_end, half->expected);
    bool known = end <= half->acked && arrival->half != stream->reset_half; /* to whoever sent the RST */
    struct tcp_reopening *reopening = stream->reopening;
    stream->reset_perhaps = false;
    if (stream->reset && !known) {
        stream->reset = false;
        if (!tcp_stream_is_finished(stream))
            tcp_withdraw_end(stream);
        if (is_new && arrival->half == stream->reset_half)
            tcp_contradict(stream, arrival->half, TCP_DATA_BEHIND_RST, arrival->place);
    }
    if (is_new && reopening != NULL && !reopening->told) {
        reopening->told = true;
        tcp_contradict(stream, arrival->half, TCP_OPENED_WITHIN, reopening->place);
    }
}

static void take_payload(struct tcp_stream *stream, const struct tcp_arrival *arrival, uint64_t position, bool doubtful)
{
    struct tcp_half *half = &stream->half[arrival->half];
    struct tcp_half *peer = &stream->half[1 - arrival->half];
    struct smtp_span octets = arrival->segment->payload;
    uint64_t end = position + arrival->segment->payload_octets;
    if (is_probe(half, arrival->segment, position))
        return;
    if (end > half->end && position < half->end + TCP_NEAR)
        contradict_fin(stream, arrival);
    if (position >= half->end) {
        ignore(stream, &stream->table->implausible);
        return;
    }
    contradict_others(stream, arrival, end);
    half->seen_end = MAX(half->seen_end, position + arrival->segment->payload_octets);
    octets = smtp_span_first(octets, (size_t)MIN(half->end - position, octets.length));
    if (position < half->expected) {
        take_passed(stream, arrival, position, octets);
        octets = smtp_span_from(octets, (size_t)(half->expected - position));
        position = half->expected;
    }
    if (octets.length == 0)
        return;
    struct tcp_piece piece = piece_of(arrival, position, octets);
    if (doubtful) {
        tcp_keep_doubtful(stream, arrival->half, &piece);
        return;
    }
    bool fits = half->queue.first == NULL || position + octets.length <= half->queue.first->position;
    if (fits && position == half->expected && tcp_is_caused(peer, piece.acknowledges, piece.acknowledgement))
        tcp_deliver(stream, arrival->half, octets, arrival->place);
    else
        tcp_take_memory(stream, tcp_queue_add(&half->queue, stream, arrival->half, &piece));
}

static void take_fin(struct tcp_stream *stream, const struct tcp_arrival *arrival, uint64_t position)
{
    struct tcp_half *half = &stream->half[arrival->half];
    if (half->end != UINT64_MAX || position < half->expected || position < half->seen_end)
        return;
    struct tcp_piece piece = piece_of(arrival, position, smtp_span(NULL, 0));
    half->end = position;
    half->fin = tcp_held_new(&piece);
    tcp_take_memory(stream, tcp_held_memory(half->fin));
}

/*
 * RFC 5961: a receiver believes an RST whose sequence number is the very next one. That is behind the last octet, or the FIN; or
 * what the peer acknowledged, where nobody is there any more who could know better. An RST that answers a SYN has no number
 * of its own, but acknowledges the SYN.
 */
static bool is_certain_reset(const struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct packet_segment *segment = arrival->segment;
    const struct tcp_half *half = &stream->half[arrival->half];
    const struct tcp_half *peer = &stream->half[1 - arrival->half];
    if (half->start == TCP_START_UNKNOWN)
        return has(segment, PACKET_TCP_ACK) && peer->start != TCP_START_UNKNOWN &&
               segment->acknowledgement == first_sequence(peer);
    uint64_t position = tcp_position(half, segment->sequence);
    uint64_t last = MAX(half->seen_end, half->expected);
    return position == half->expected || position == last || position == last + 1 || position == half->acked;
}

/* Near enough to be meant: the end, if nothing follows. */
static bool is_possible_reset(const struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct tcp_half *half = &stream->half[arrival->half];
    int64_t ahead = half->start != TCP_START_UNKNOWN ? tcp_ahead(half, arrival->segment->sequence) : TCP_NEAR;
    return ahead > -TCP_NEAR && ahead < (int64_t)(MAX(half->seen_end, half->expected) - half->expected) + TCP_NEAR;
}

/* ---- the whole ---- */

/* The fragments that the segment was put together from contradicted each other. */
static void report_fragments(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct packet_conflict *conflict = &arrival->segment->conflict;
    const struct tcp_consumer *consumer = &stream->table->consumer;
    struct place first = { .frame = conflict->first_frame,
                           .file = conflict->first_capture,
                           .time = arrival->place.time };
    struct place second = { .frame = conflict->second_frame,
                            .file = conflict->second_capture,
                            .time = arrival->place.time };
    if (consumer->conflict != NULL)
        consumer->conflict(stream->table->context, &stream->connection, arrival->half, 0, conflict->octets, first, second);
}

/* As behind most segments: nothing waits, so nothing can be due. */
static bool is_at_rest(const struct tcp_stream *stream)
{
    return stream->held == 0 && stream->half[0].segments > 0 && stream->half[1].segments > 0;
}

/* The receiver dropped the segment; its octets are kept in case that it did not. */
static void take_bad(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    const struct packet_segment *segment = arrival->segment;
    int64_t ahead = tcp_ahead(half, payload_sequence(segment));
    bool kept = segment->payload_octets > 0 && half->start != TCP_START_UNKNOWN && ahead > -TCP_NEAR &&
                ahead < TCP_NEAR && stream->table->limits.checksums == TCP_CHECKSUMS_AUTO;
    if (!kept) {
        tcp_note_mismatch(stream, arrival->half, arrival->place);
        return;
    }
    struct tcp_piece piece = piece_of(arrival, half->expected + (uint64_t)ahead, segment->payload);
    tcp_keep_doubtful(stream, arrival->half, &piece);
    tcp_pump(stream);
}

void tcp_stream_take(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct packet_segment *segment = arrival->segment;
    struct tcp_half *half = &stream->half[arrival->half];
    if (segment->conflict.octets > 0)
        report_fragments(stream, arrival);
    if (segment->only_conflict)
        return;
    bool finished = tcp_stream_is_finished(stream);
    if (!finished)
        note_segment(stream, arrival);
    tcp_advance(stream, arrival->place.time);
    if (stream->refused)
        return;
    enum tcp_verdict verdict = tcp_judge(stream, arrival);
    if (verdict == TCP_VERDICT_BAD || (verdict == TCP_VERDICT_DOUBTFUL && half->right > 0)) {
        take_bad(stream, arrival);
        return;
    }
    if (has(segment, PACKET_TCP_RST)) {
        if (finished)
            return;
        if (is_certain_reset(stream, arrival)) {
            stream->reset_half = stream->reset ? stream->reset_half : arrival->half;
            stream->reset = true;
            tcp_note_end(stream);
        }
        stream->reset_perhaps = stream->reset_perhaps || is_possible_reset(stream, arrival);
        return;
    }
    if (has(segment, PACKET_TCP_SYN)) {
        take_syn(stream, arrival);
        stream->half[1 - arrival->half].most = MAX(stream->half[1 - arrival->half].most, segment->most);
    }
    if (may_change_syn(half) && !half->confirmed && segment->payload_octets > 0 &&
        segment->sequence == half->other_syn + 1)
        change_syn(stream, half);
    note_start(half, segment);
    int64_t ahead = tcp_ahead(half, payload_sequence(segment));
    bool starts = half->start != TCP_START_UNKNOWN;
    if (starts && (ahead > TCP_PLAUSIBLE || ahead < -TCP_PLAUSIBLE)) {
        stream->connection.ignored += segment->payload_octets > 0;
        stream->table->implausible += segment->payload_octets > 0;
        return;
    }
    uint64_t position = half->expected + (uint64_t)ahead;
    note_acknowledgement(stream, &stream->half[1 - arrival->half], segment,
                         starts ? position + segment->payload_octets : 0, arrival->rank);
    /* What one direction alone tells of the other is a gap at once: then the payload need not wait for it. */
    if (tcp_is_absent(stream, 1 - arrival->half))
        tcp_pump(stream);
    if (!stream->refused && starts && segment->payload_octets > 0 && segment->payload_octets < TCP_PLAUSIBLE)
        take_payload(stream, arrival, position, verdict == TCP_VERDICT_DOUBTFUL);
    if (!stream->refused && starts && has(segment, PACKET_TCP_FIN))
        take_fin(stream, arrival, position + segment->payload_octets);
    if (!is_at_rest(stream))
        tcp_pump(stream);
}
