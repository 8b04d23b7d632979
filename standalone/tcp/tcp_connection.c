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

/* How far a SYN's first octet is from the one the half is believed to start with. */
static int64_t syn_distance(const struct tcp_half *half, const struct packet_segment *segment)
{
    return (int32_t)(segment->sequence + 1 - tcp_sequence(half, half->origin));
}

/* Whether a SYN+ACK acknowledges the peer's SYN, and so belongs to the same opening. */
static bool answers_opening(const struct tcp_half *peer, const struct packet_segment *segment)
{
    return has(segment, PACKET_TCP_ACK) && peer->start != TCP_START_UNKNOWN &&
           segment->acknowledgement == tcp_sequence(peer, peer->origin);
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

static void take_syn(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    uint32_t sequence = arrival->segment->sequence + 1;
    if (half->start == TCP_START_SYN)
        return;
    if (half->start == TCP_START_UNKNOWN)
        set_start(half, TCP_START_SYN, sequence);
    else if (syn_distance(half, arrival->segment) != 0) {
        if (half->delivered || half->queue.first != NULL)
            return;
        move_start(half, tcp_position(half, sequence));
    }
    half->start = TCP_START_SYN;
    stream->connection.syn[arrival->half] = true;
}

/* Lets a segment set the start of its half, or move it back, where no SYN has fixed it. */
static void note_start(struct tcp_half *half, const struct packet_segment *segment)
{
    if (segment->payload_octets == 0 || half->start == TCP_START_SYN)
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
static void note_acknowledgement(struct tcp_half *peer, const struct packet_segment *segment, uint64_t claimant)
{
    if (!has(segment, PACKET_TCP_ACK))
        return;
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
}

/* ---- payload, FIN, RST ---- */

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

static void add_memory(struct tcp_stream *stream, size_t memory)
{
    stream->held += memory;
    stream->table->held += memory;
}

/* A keep-alive or a repeated window probe: its octet need not be the true one. */
static bool is_probe(const struct tcp_half *half, const struct packet_segment *segment, uint64_t position)
{
    return segment->payload_octets <= 1 && position + 1 == half->expected;
}

static void take_payload(struct tcp_stream *stream, const struct tcp_arrival *arrival, uint64_t position)
{
    struct tcp_half *half = &stream->half[arrival->half];
    struct tcp_half *peer = &stream->half[1 - arrival->half];
    struct smtp_span octets = arrival->segment->payload;
    if (position >= half->end && half->fin != NULL && half->acked <= half->end)
        tcp_withdraw_fin(stream, arrival->half);
    if (is_probe(half, arrival->segment, position))
        return;
    if (position >= half->end) {
        stream->connection.ignored++;
        stream->table->implausible++;
        return;
    }
    stream->reset_perhaps = false;
    tcp_withdraw_reset(stream);
    half->seen_end = MAX(half->seen_end, position + arrival->segment->payload_octets);
    octets = smtp_span_first(octets, (size_t)MIN(half->end - position, octets.length));
    if (position < half->expected) {
        tcp_recent_compare(half->recent, stream, arrival->half, position, octets, arrival->place);
        octets = smtp_span_from(octets, (size_t)(half->expected - position));
        position = half->expected;
    }
    if (octets.length == 0)
        return;
    struct tcp_piece piece = piece_of(arrival, position, octets);
    bool fits = half->queue.first == NULL || position + octets.length <= half->queue.first->position;
    if (fits && position == half->expected && tcp_is_caused(peer, piece.acknowledges, piece.acknowledgement))
        tcp_deliver(stream, arrival->half, octets, arrival->place);
    else
        add_memory(stream, tcp_queue_add(&half->queue, stream, arrival->half, &piece));
}

static void take_fin(struct tcp_stream *stream, const struct tcp_arrival *arrival, uint64_t position)
{
    struct tcp_half *half = &stream->half[arrival->half];
    if (half->end != UINT64_MAX || position < half->expected || position < half->seen_end)
        return;
    struct tcp_piece piece = piece_of(arrival, position, smtp_span(NULL, 0));
    half->end = position;
    half->fin = tcp_held_new(&piece);
    add_memory(stream, tcp_held_memory(half->fin));
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
               segment->acknowledgement == tcp_sequence(peer, peer->origin);
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

static void note_segment(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    struct tcp_half *half = &stream->half[arrival->half];
    if (half->segments < TCP_ONE_SIDED)
        half->segments++;
    stream->connection.last_frame = arrival->place.frame;
    stream->connection.last_capture = arrival->place.capture;
    stream->connection.end = arrival->place.time;
}

/* The fragments that the segment was put together from contradicted each other. */
static void report_fragments(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct packet_conflict *conflict = &arrival->segment->conflict;
    const struct tcp_consumer *consumer = &stream->table->consumer;
    struct tcp_place first = { .frame = conflict->first_frame, .capture = conflict->first_capture, .time = arrival->place.time };
    struct tcp_place second = { .frame = conflict->second_frame, .capture = conflict->second_capture, .time = arrival->place.time };
    if (consumer->conflict != NULL)
        consumer->conflict(stream->table->context, &stream->connection, arrival->half, 0, conflict->octets, first, second);
}

/* As behind most segments: nothing waits, so nothing can be due. */
static bool is_at_rest(const struct tcp_stream *stream)
{
    return stream->held == 0 && stream->half[0].segments > 0 && stream->half[1].segments > 0;
}

void tcp_stream_take(struct tcp_stream *stream, const struct tcp_arrival *arrival)
{
    const struct packet_segment *segment = arrival->segment;
    struct tcp_half *half = &stream->half[arrival->half];
    if (segment->conflict.octets > 0)
        report_fragments(stream, arrival);
    if (segment->only_conflict)
        return;
    note_segment(stream, arrival);
    tcp_advance(stream, arrival->place.time);
    if (stream->refused)
        return;
    if (has(segment, PACKET_TCP_RST)) {
        if (is_certain_reset(stream, arrival))
            tcp_note_reset(stream);
        stream->reset_perhaps = stream->reset_perhaps || is_possible_reset(stream, arrival);
        return;
    }
    if (has(segment, PACKET_TCP_SYN))
        take_syn(stream, arrival);
    note_start(half, segment);
    int64_t ahead = tcp_ahead(half, payload_sequence(segment));
    bool starts = half->start != TCP_START_UNKNOWN;
    if (starts && (ahead > TCP_PLAUSIBLE || ahead < -TCP_PLAUSIBLE)) {
        stream->connection.ignored += segment->payload_octets > 0;
        stream->table->implausible += segment->payload_octets > 0;
        return;
    }
    uint64_t position = half->expected + (uint64_t)ahead;
    note_acknowledgement(&stream->half[1 - arrival->half], segment, starts ? position + segment->payload_octets : 0);
    /* What one direction alone tells of the other is a gap at once: then the payload need not wait for it. */
    if (tcp_is_absent(stream, 1 - arrival->half))
        tcp_pump(stream);
    if (!stream->refused && starts && segment->payload_octets > 0 && segment->payload_octets < TCP_PLAUSIBLE)
        take_payload(stream, arrival, position);
    if (!stream->refused && starts && has(segment, PACKET_TCP_FIN))
        take_fin(stream, arrival, position + segment->payload_octets);
    if (!is_at_rest(stream))
        tcp_pump(stream);
}

bool tcp_stream_is_over(const struct tcp_stream *stream)
{
    return stream->refused || (stream->connection.fin[0] && stream->connection.fin[1]);
}
