/* SPDX-License-Identifier: GPL-2.0-or-later */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "prefetch.h"
#include "tcp_private.h"

/*
 * Retransmissions are compared with what was delivered: octet by octet with the last RECENT_OCTETS, and with the hash of each of
 * the last RECENT_SEGMENTS segments where they repeat it whole. Keeping all of them would cost more than reassembly itself.
 * Nobody who sends packets knows the seed.
 */
#define RECENT_OCTETS 512
#define RECENT_CAPACITY (2 * RECENT_OCTETS) /* so that they are moved only once in a while */
#define RECENT_SEGMENTS 8

struct mark {
    uint64_t position; /* of the segment's first octet */
    uint64_t hash;     /* of its octets */
    struct tcp_place place;
    uint32_t length;
};

struct tcp_recent {
    uint64_t end; /* position behind the last octet */
    uint16_t length;
    uint8_t next_mark, mark_count;
    struct mark marks[RECENT_SEGMENTS]; /* a ring; the newest is the one before `next_mark` */
    uint8_t octets[RECENT_CAPACITY];
};

/* ---- noting ---- */

size_t tcp_recent_size(void)
{
    return sizeof(struct tcp_recent);
}

void tcp_recent_start(struct tcp_recent *recent)
{
    recent->length = 0;
    recent->next_mark = recent->mark_count = 0;
}

/* The older ones of what is there go, if need be. */
static void make_room(struct tcp_recent *recent, size_t length)
{
    if (recent->length + length <= RECENT_CAPACITY)
        return;
    size_t kept = MIN(recent->length, RECENT_OCTETS);
    memmove(recent->octets, recent->octets + recent->length - kept, kept);
    recent->length = (uint16_t)kept;
}

void tcp_recent_add(struct tcp_recent *noted, uint64_t seed, uint64_t position, struct smtp_span octets, struct tcp_place place)
{
    struct smtp_span kept = octets;
    if (octets.length > RECENT_OCTETS)
        kept = smtp_span_from(octets, octets.length - RECENT_OCTETS);
    if (kept.length == RECENT_OCTETS)
        noted->length = 0; /* all of what was there is too old now */
    make_room(noted, kept.length);
    memcpy(noted->octets + noted->length, kept.octets, kept.length);
    noted->length = (uint16_t)(noted->length + kept.length);
    noted->end = position + octets.length;
    noted->marks[noted->next_mark] = (struct mark){
        .position = position,
        .hash = XXH3_64bits_withSeed(octets.octets, octets.length, seed),
        .place = place,
        .length = (uint32_t)octets.length,
    };
    noted->next_mark = (uint8_t)((noted->next_mark + 1) % RECENT_SEGMENTS);
    noted->mark_count = (uint8_t)MIN(noted->mark_count + 1, RECENT_SEGMENTS);
}

void tcp_recent_expect(const struct tcp_recent *recent, size_t octets, int step)
{
    if (recent == NULL)
        return;
    if (step == 0) {
        prefetch(recent, offsetof(struct tcp_recent, marks));
        return;
    }
    prefetch(&recent->marks[recent->next_mark], sizeof recent->marks[0]);
    prefetch(recent->octets + recent->length, MIN((size_t)RECENT_CAPACITY - recent->length, octets));
}

void tcp_recent_forget(struct tcp_recent *recent)
{
    if (recent != NULL)
        tcp_recent_start(recent);
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
    if (XXH3_64bits_withSeed(again, mark->length, seed) == mark->hash)
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
