/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

/* Octets compared at most; twice as many are kept, so that they are moved only once in a while. */
#define RECENT_OCTETS 2048
#define RECENT_CAPACITY (2 * RECENT_OCTETS)
#define RECENT_CAPACITY_AT_FIRST 256

/* Segments whose places are known. */
#define RECENT_PLACES 8

struct mark {
    uint64_t position; /* of the first octet of a segment */
    struct tcp_place place;
};

struct tcp_recent {
    uint64_t end; /* position behind the last octet */
    struct mark marks[RECENT_PLACES]; /* a ring; the newest is the one before `next_mark` */
    unsigned next_mark, mark_count;
    size_t length, capacity;
    uint8_t octets[];
};

static void make_room(struct tcp_recent **recent, size_t length)
{
    struct tcp_recent *old = *recent;
    size_t needed = (old != NULL ? old->length : 0) + length;
    size_t capacity = old != NULL ? old->capacity : RECENT_CAPACITY_AT_FIRST;
    if (old != NULL && needed <= capacity)
        return;
    while (capacity < needed && capacity < RECENT_CAPACITY)
        capacity *= 2;
    if (old == NULL || capacity > old->capacity) {
        *recent = g_realloc(old, sizeof *old + capacity);
        if (old == NULL)
            **recent = (struct tcp_recent){ .length = 0 };
        (*recent)->capacity = capacity;
    }
    if (needed > capacity) {
        size_t kept = MIN((*recent)->length, RECENT_OCTETS);
        memmove((*recent)->octets, (*recent)->octets + (*recent)->length - kept, kept);
        (*recent)->length = kept;
    }
}

void tcp_recent_add(struct tcp_recent **recent, uint64_t position, struct smtp_span octets, struct tcp_place place)
{
    uint64_t end = position + octets.length;
    struct smtp_span kept = octets;
    if (octets.length > RECENT_OCTETS)
        kept = smtp_span_from(octets, octets.length - RECENT_OCTETS);
    make_room(recent, kept.length);
    struct tcp_recent *noted = *recent;
    if (kept.length < octets.length) /* what was noted before is no longer just in front */
        tcp_recent_forget(noted);
    memcpy(noted->octets + noted->length, kept.octets, kept.length);
    noted->length += kept.length;
    noted->end = end;
    noted->marks[noted->next_mark] = (struct mark){ .position = end - kept.length, .place = place };
    noted->next_mark = (noted->next_mark + 1) % RECENT_PLACES;
    noted->mark_count = MIN(noted->mark_count + 1, RECENT_PLACES);
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

void tcp_recent_compare(const struct tcp_recent *recent, struct tcp_stream *stream, int half, uint64_t position,
                        struct smtp_span octets, struct tcp_place place)
{
    if (recent == NULL || recent->mark_count == 0)
        return;
    uint64_t start = recent->end - recent->length;
    for (unsigned i = recent->mark_count; i-- > 0;) {
        unsigned at = (recent->next_mark + RECENT_PLACES - 1 - i) % RECENT_PLACES;
        unsigned behind = (at + 1) % RECENT_PLACES;
        uint64_t from = MAX(MAX(recent->marks[at].position, start), position);
        uint64_t to = MIN(i > 0 ? recent->marks[behind].position : recent->end, position + octets.length);
        if (from < to)
            tcp_compare(stream, half, from, recent->octets + (from - start), octets.octets + (from - position),
                        (size_t)(to - from), recent->marks[at].place, place);
    }
}
