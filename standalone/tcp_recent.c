/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

/*
 * Retransmissions are compared with what was delivered: octet by octet with the last RECENT_OCTETS, and with the hash of each of
 * the last RECENT_SEGMENTS segments where they repeat it whole. Keeping all of them would cost more than reassembly itself.
 */
#define RECENT_OCTETS 512
#define RECENT_CAPACITY (2 * RECENT_OCTETS) /* so that they are moved only once in a while */
#define RECENT_CAPACITY_AT_FIRST 128
#define RECENT_SEGMENTS 8

struct mark {
    uint64_t position; /* of the segment's first octet */
    uint64_t hash;     /* of its octets */
    struct tcp_place place;
    uint32_t length;
};

struct tcp_recent {
    uint64_t end; /* position behind the last octet */
    uint16_t length, capacity;
    uint8_t next_mark, mark_count;
    struct mark marks[RECENT_SEGMENTS]; /* a ring; the newest is the one before `next_mark` */
    uint8_t octets[];
};

/* ---- hashes ---- */

static uint64_t load(const uint8_t *octets)
{
    uint64_t number;
    memcpy(&number, octets, sizeof number);
    return number;
}

/* Four lanes, so that the processor need not wait for each product. Nobody who sends packets knows the seed. */
static uint64_t hash_octets(uint64_t seed, const uint8_t *octets, size_t length)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t lanes[4] = { seed, seed + factor, seed ^ factor, ~seed };
    size_t at = 0;
    for (; at + 32 <= length; at += 32)
        for (size_t lane = 0; lane < 4; lane++) {
            uint64_t mixed = (lanes[lane] ^ load(octets + at + 8 * lane)) * factor;
            lanes[lane] = mixed ^ mixed >> 29;
        }
    uint64_t hash = length;
    for (; at < length; at++)
        hash = (hash ^ octets[at]) * factor;
    for (size_t lane = 0; lane < 4; lane++) {
        hash = (hash ^ lanes[lane]) * factor;
        hash ^= hash >> 32;
    }
    return hash;
}

/* ---- noting ---- */

static struct tcp_recent *make_room(struct tcp_recent *recent, size_t length)
{
    size_t needed = (recent != NULL ? recent->length : 0) + length;
    size_t capacity = recent != NULL ? recent->capacity : RECENT_CAPACITY_AT_FIRST;
    while (capacity < needed && capacity < RECENT_CAPACITY)
        capacity *= 2;
    if (recent == NULL || capacity > recent->capacity) {
        bool fresh = recent == NULL;
        recent = g_realloc(recent, sizeof *recent + capacity);
        if (fresh)
            *recent = (struct tcp_recent){ .length = 0 };
        recent->capacity = (uint16_t)capacity;
    }
    if (needed > capacity) {
        size_t kept = MIN(recent->length, RECENT_OCTETS);
        memmove(recent->octets, recent->octets + recent->length - kept, kept);
        recent->length = (uint16_t)kept;
    }
    return recent;
}

void tcp_recent_add(struct tcp_recent **recent, uint64_t seed, uint64_t position, struct smtp_span octets, struct tcp_place place)
{
    struct smtp_span kept = octets;
    if (octets.length > RECENT_OCTETS)
        kept = smtp_span_from(octets, octets.length - RECENT_OCTETS);
    if (*recent != NULL && kept.length == RECENT_OCTETS)
        (*recent)->length = 0; /* all of what was there is too old now */
    struct tcp_recent *noted = *recent = make_room(*recent, kept.length);
    memcpy(noted->octets + noted->length, kept.octets, kept.length);
    noted->length = (uint16_t)(noted->length + kept.length);
    noted->end = position + octets.length;
    noted->marks[noted->next_mark] = (struct mark){
        .position = position,
        .hash = hash_octets(seed, octets.octets, octets.length),
        .place = place,
        .length = (uint32_t)octets.length,
    };
    noted->next_mark = (uint8_t)((noted->next_mark + 1) % RECENT_SEGMENTS);
    noted->mark_count = (uint8_t)MIN(noted->mark_count + 1, RECENT_SEGMENTS);
}

size_t tcp_recent_memory(const struct tcp_recent *recent)
{
    return recent != NULL ? sizeof *recent + recent->capacity : 0;
}

void tcp_recent_forget(struct tcp_recent *recent)
{
    if (recent == NULL)
        return;
    recent->length = 0;
    recent->mark_count = 0;
    recent->next_mark = 0;
}

/* ---- comparing ---- */

/* What `octets` repeat of the segment that `mark` tells of, with the octets that are still there or with its hash. */
static void compare_with(const struct tcp_recent *recent, uint64_t seed, const struct mark *mark, struct tcp_stream *stream, int half,
                         uint64_t position, struct smtp_span octets, struct tcp_place place)
{
    uint64_t start = recent->end - recent->length;
    uint64_t end = mark->position + mark->length;
    uint64_t from = MAX(MAX(mark->position, start), position);
    uint64_t to = MIN(end, position + octets.length);
    if (from < to)
        tcp_compare(stream, half, from, recent->octets + (from - start), octets.octets + (from - position), (size_t)(to - from),
                    mark->place, place);
    bool whole = position <= mark->position && position + octets.length >= end;
    if (mark->position >= start || !whole)
        return;
    const uint8_t *again = octets.octets + (mark->position - position);
    if (hash_octets(seed, again, mark->length) == mark->hash)
        return;
    /* That of the octets at its end differ was said; if they do not, those in front of them do. */
    size_t front = (size_t)(MIN(start, end) - mark->position);
    bool said = from < to && memcmp(recent->octets + (from - start), octets.octets + (from - position), (size_t)(to - from)) != 0;
    if (!said)
        tcp_report_difference(stream, half, mark->position, front, mark->place, place);
}

void tcp_recent_compare(const struct tcp_recent *recent, uint64_t seed, struct tcp_stream *stream, int half, uint64_t position,
                        struct smtp_span octets, struct tcp_place place)
{
    for (unsigned i = recent != NULL ? recent->mark_count : 0; i-- > 0;) {
        unsigned at = (recent->next_mark + RECENT_SEGMENTS - 1u - i) % RECENT_SEGMENTS;
        compare_with(recent, seed, &recent->marks[at], stream, half, position, octets, place);
    }
}
