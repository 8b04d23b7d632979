/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prefetch.h"
#include "tcp_private.h"

/*
 * Retransmissions are compared with what was delivered: octet by octet with the last RECENT_USUAL octets of a half that sends much
 * (a part of that where it sends little), and with all that the peer has not acknowledged yet, up to RECENT_MOST. Until it is
 * acknowledged a receiver may take either copy; behind that a second copy changes nothing for it. Each segment's frame is
 * remembered, of the last RECENT_MARKS at the most.
 */
#define RECENT_FIRST ((size_t)1024)
#define RECENT_USUAL ((size_t)16 * 1024)
#define RECENT_MOST ((size_t)64 * 1024)
#define RECENT_MARKS_FIRST 8u
#define RECENT_MARKS 512u

/* A segment. */
struct mark {
    uint64_t position; /* of its first octet */
    uint64_t end;
    struct place place;
};

/* Both are rings; the octet at a position stands at that position modulo the capacity. Capacities are powers of two. */
struct tcp_recent {
    uint64_t end; /* position behind the last octet */
    size_t length, capacity;
    unsigned first_mark, mark_count, mark_capacity;
    uint8_t *octets;
    struct mark *marks;
    struct mark own_marks[RECENT_MARKS_FIRST];
    uint8_t own_octets[RECENT_FIRST];
};

/* ---- its memory ---- */

size_t tcp_recent_size(void)
{
    return sizeof(struct tcp_recent);
}

void tcp_recent_start(struct tcp_recent *recent)
{
    recent->end = recent->length = 0;
    recent->first_mark = recent->mark_count = 0;
    recent->capacity = RECENT_FIRST;
    recent->mark_capacity = RECENT_MARKS_FIRST;
    recent->octets = recent->own_octets;
    recent->marks = recent->own_marks;
}

void tcp_recent_stop(struct tcp_recent *recent)
{
    if (recent->octets != recent->own_octets)
        g_free(recent->octets);
    if (recent->marks != recent->own_marks)
        g_free(recent->marks);
}

size_t tcp_recent_memory(const struct tcp_recent *recent)
{
    size_t memory = sizeof *recent;
    memory += recent->octets != recent->own_octets ? recent->capacity : 0;
    memory += recent->marks != recent->own_marks ? recent->mark_capacity * sizeof *recent->marks : 0;
    return memory;
}

void tcp_recent_forget(struct tcp_recent *recent)
{
    if (recent == NULL)
        return;
    recent->length = 0;
    recent->mark_count = 0;
}

void tcp_recent_expect(const struct tcp_recent *recent, size_t octets, int step)
{
    if (recent == NULL)
        return;
    if (step == 0) {
        prefetch(recent, offsetof(struct tcp_recent, own_marks));
        return;
    }
    size_t at = recent->end & (recent->capacity - 1);
    prefetch(&recent->marks[(recent->first_mark + recent->mark_count) % recent->mark_capacity], sizeof recent->marks[0]);
    prefetch(recent->octets + at, MIN(recent->capacity - at, octets));
}

/* ---- noting ---- */

/* The octets at `position` that stand in one piece, `length` at the most. */
static struct smtp_span piece_at(const uint8_t *ring, size_t capacity, uint64_t position, size_t length)
{
    size_t at = position & (capacity - 1);
    return smtp_span(ring + at, MIN(length, capacity - at));
}

static void put(struct tcp_recent *recent, uint64_t position, struct smtp_span octets)
{
    while (octets.length > 0) {
        size_t at = position & (recent->capacity - 1);
        size_t length = MIN(octets.length, recent->capacity - at);
        memcpy(recent->octets + at, octets.octets, length);
        octets = smtp_span_from(octets, length);
        position += length;
    }
}

static void widen(struct tcp_recent *recent, size_t capacity)
{
    uint8_t *old = recent->octets;
    size_t old_capacity = recent->capacity;
    recent->capacity = capacity;
    recent->octets = g_malloc(capacity);
    for (uint64_t position = recent->end - recent->length; position < recent->end;) {
        struct smtp_span piece = piece_at(old, old_capacity, position, (size_t)(recent->end - position));
        put(recent, position, piece);
        position += piece.length;
    }
    if (old != recent->own_octets)
        g_free(old);
}

/* How much room there should be, when `sent` octets were sent so far and those from `acked` on are not acknowledged. */
static size_t wanted_capacity(const struct tcp_recent *recent, uint64_t sent, uint64_t end, uint64_t acked)
{
    size_t capacity = recent->capacity;
    while (capacity < RECENT_USUAL && sent > 4 * capacity)
        capacity *= 4;
    while (capacity < RECENT_MOST && acked < end && end - acked > capacity)
        capacity *= 2;
    return capacity;
}

static void widen_marks(struct tcp_recent *recent)
{
    unsigned capacity = 4 * recent->mark_capacity;
    struct mark *marks = g_new(struct mark, capacity);
    for (unsigned i = 0; i < recent->mark_count; i++)
        marks[i] = recent->marks[(recent->first_mark + i) % recent->mark_capacity];
    if (recent->marks != recent->own_marks)
        g_free(recent->marks);
    recent->marks = marks;
    recent->mark_capacity = capacity;
    recent->first_mark = 0;
}

static void drop_first_mark(struct tcp_recent *recent)
{
    recent->first_mark = (recent->first_mark + 1) % recent->mark_capacity;
    recent->mark_count--;
}

static void add_mark(struct tcp_recent *recent, struct mark mark)
{
    uint64_t begin = recent->end - recent->length;
    while (recent->mark_count > 0 && recent->marks[recent->first_mark].end <= begin)
        drop_first_mark(recent);
    if (recent->mark_count == recent->mark_capacity && recent->mark_capacity < RECENT_MARKS)
        widen_marks(recent);
    if (recent->mark_count == recent->mark_capacity)
        drop_first_mark(recent);
    recent->marks[(recent->first_mark + recent->mark_count++) % recent->mark_capacity] = mark;
}

void tcp_recent_add(struct tcp_recent *recent, uint64_t position, uint64_t sent, uint64_t acked,
                    struct smtp_span octets, struct place place)
{
    uint64_t end = position + octets.length;
    size_t wanted = wanted_capacity(recent, sent, end, acked);
    if (wanted > recent->capacity)
        widen(recent, wanted);
    struct smtp_span kept = octets.length > recent->capacity ? smtp_span_from(octets, octets.length - recent->capacity) : octets;
    put(recent, end - kept.length, kept);
    recent->length = MIN(recent->length + octets.length, recent->capacity);
    recent->end = end;
    add_mark(recent, (struct mark){ .position = position, .end = end, .place = place });
}

/* ---- comparing ---- */

/* The octets from `from` up to `to` again: reports the stretch from the first to the last one in which they differ. */
static void compare(const struct tcp_recent *recent, uint64_t from, uint64_t to, const uint8_t *again,
                    struct tcp_stream *stream, int half, struct place first, struct place second)
{
    uint64_t begin = to;
    uint64_t end = from;
    for (uint64_t position = from; position < to;) {
        struct smtp_span piece = piece_at(recent->octets, recent->capacity, position, (size_t)(to - position));
        const uint8_t *other = again + (position - from);
        bool differs = memcmp(piece.octets, other, piece.length) != 0;
        for (size_t i = 0; differs && i < piece.length; i++)
            if (piece.octets[i] != other[i]) {
                begin = MIN(begin, position + i);
                end = position + i + 1;
            }
        position += piece.length;
    }
    if (begin < end)
        tcp_report_difference(stream, half, begin, end - begin, first, second);
}

bool tcp_recent_differs(const struct tcp_recent *recent, uint64_t position, struct smtp_span octets)
{
    uint64_t from = recent != NULL ? MAX(position, recent->end - recent->length) : position;
    uint64_t to = recent != NULL ? MIN(position + octets.length, recent->end) : position;
    while (from < to) {
        struct smtp_span piece = piece_at(recent->octets, recent->capacity, from, (size_t)(to - from));
        if (memcmp(piece.octets, octets.octets + (from - position), piece.length) != 0)
            return true;
        from += piece.length;
    }
    return false;
}

void tcp_recent_compare(const struct tcp_recent *recent, struct tcp_stream *stream, int half, uint64_t position,
                        struct smtp_span octets, struct place place)
{
    if (recent == NULL || stream->table->consumer.conflict == NULL)
        return;
    uint64_t begin = MAX(position, recent->end - recent->length);
    uint64_t end = MIN(position + octets.length, recent->end);
    for (unsigned i = 0; i < recent->mark_count; i++) {
        const struct mark *mark = &recent->marks[(recent->first_mark + i) % recent->mark_capacity];
        uint64_t from = MAX(begin, mark->position);
        uint64_t to = MIN(end, mark->end);
        if (from < to)
            compare(recent, from, to, octets.octets + (from - position), stream, half, mark->place, place);
    }
}
