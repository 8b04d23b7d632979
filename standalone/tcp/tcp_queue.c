/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

struct tcp_held *tcp_held_new(const struct tcp_piece *piece)
{
    struct tcp_held *held = g_malloc(sizeof *held + piece->octets.length);
    *held = (struct tcp_held){
        .position = piece->position,
        .arrival = piece->arrival,
        .place = piece->place,
        .acknowledgement = piece->acknowledgement,
        .acknowledges = piece->acknowledges,
        .length = (uint32_t)piece->octets.length,
    };
    if (piece->octets.length > 0)
        memcpy(held->octets, piece->octets.octets, piece->octets.length);
    return held;
}

/* A flood of one-octet segments is paid for as what it takes. */
size_t tcp_held_memory(const struct tcp_held *held)
{
    return sizeof *held + held->length;
}

static uint64_t end_of(const struct tcp_held *held)
{
    return held->position + held->length;
}

/* ---- the index of a long queue ---- */

/* From so many segments on places are looked up in a tree: nobody can make the search for them long. */
#define INDEXED_FROM 64u

static gint by_position(gconstpointer a, gconstpointer b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return one < other ? -1 : one > other ? 1 : 0;
}

static void index_add(struct tcp_queue *queue, struct tcp_held *held)
{
    queue->count++;
    if (queue->index != NULL) {
        g_tree_insert(queue->index, &held->position, held);
    } else if (queue->count == INDEXED_FROM) {
        queue->index = g_tree_new(by_position);
        for (struct tcp_held *each = queue->first; each != NULL; each = each->next)
            g_tree_insert(queue->index, &each->position, each);
    }
}

static void index_remove(struct tcp_queue *queue, struct tcp_held *held)
{
    if (queue->index != NULL)
        g_tree_remove(queue->index, &held->position);
    if (--queue->count > 0 || queue->index == NULL)
        return;
    g_tree_unref(queue->index);
    queue->index = NULL;
}

/* The last segment that begins at `position` or before; NULL: none does. From the tail: those behind a hole mostly come in order. */
static struct tcp_held *find_previous(const struct tcp_queue *queue, uint64_t position)
{
    struct tcp_held *held = queue->last;
    if (queue->index == NULL || held->position <= position) {
        while (held != NULL && held->position > position)
            held = held->previous;
        return held;
    }
    GTreeNode *behind = g_tree_upper_bound(queue->index, &position);
    return ((struct tcp_held *)g_tree_node_value(behind))->previous;
}

static void insert_before(struct tcp_queue *queue, struct tcp_held *next, struct tcp_held *held)
{
    struct tcp_held *previous = next != NULL ? next->previous : queue->last;
    held->previous = previous;
    held->next = next;
    if (previous != NULL)
        previous->next = held;
    else
        queue->first = held;
    if (next != NULL)
        next->previous = held;
    else
        queue->last = held;
}

/* The stretch of `piece` from `from` up to `to`. */
static struct tcp_piece part(const struct tcp_piece *piece, uint64_t from, uint64_t to)
{
    struct tcp_piece result = *piece;
    result.octets = smtp_span_first(smtp_span_from(piece->octets, (size_t)(from - piece->position)), (size_t)(to - from));
    result.position = from;
    return result;
}

void tcp_report_difference(struct tcp_stream *stream, int half, uint64_t position, uint64_t octets, struct place first,
                           struct place second)
{
    const struct tcp_consumer *consumer = &stream->table->consumer;
    if (consumer->conflict != NULL)
        consumer->conflict(stream->table->context, &stream->connection, half, position - stream->half[half].origin, octets, first, second);
}

void tcp_compare(struct tcp_stream *stream, int half, uint64_t position, const uint8_t *first, const uint8_t *second,
                 size_t length, struct place first_place, struct place second_place)
{
    const struct tcp_consumer *consumer = &stream->table->consumer;
    if (consumer->conflict == NULL || length == 0 || memcmp(first, second, length) == 0)
        return;
    size_t from = 0;
    size_t to = length;
    while (first[from] == second[from])
        from++;
    while (first[to - 1] == second[to - 1])
        to--;
    tcp_report_difference(stream, half, position + from, to - from, first_place, second_place);
}

/* Compares what `piece` and `held` have in common, from `cursor` on. Returns the position behind it. */
static uint64_t pass_over(struct tcp_stream *stream, int half, const struct tcp_piece *piece,
                          const struct tcp_held *held, uint64_t cursor, bool compare)
{
    uint64_t end = MIN(piece->position + piece->octets.length, end_of(held));
    if (end <= cursor)
        return cursor;
    if (!compare)
        return end;
    tcp_compare(stream, half, cursor, held->octets + (cursor - held->position), piece->octets.octets + (cursor - piece->position),
                (size_t)(end - cursor), held->place, piece->place);
    return end;
}

size_t tcp_queue_add(struct tcp_queue *queue, struct tcp_stream *stream, int half, const struct tcp_piece *piece)
{
    uint64_t end = piece->position + piece->octets.length;
    uint64_t cursor = piece->position;
    size_t memory = 0;
    bool compare = queue != &stream->half[half].doubtful; /* of those nobody knows what they should be */
    struct tcp_held *previous = find_previous(queue, cursor);
    struct tcp_held *next = previous != NULL ? previous->next : queue->first;
    if (previous != NULL)
        cursor = pass_over(stream, half, piece, previous, cursor, compare);
    while (cursor < end) {
        uint64_t stop = next != NULL ? MIN(end, next->position) : end;
        if (stop > cursor) {
            struct tcp_piece missing = part(piece, cursor, stop);
            struct tcp_held *held = tcp_held_new(&missing);
            insert_before(queue, next, held);
            index_add(queue, held);
            memory += tcp_held_memory(held);
            cursor = stop;
        }
        if (next == NULL)
            break;
        cursor = pass_over(stream, half, piece, next, cursor, compare);
        next = next->next;
    }
    return memory;
}

size_t tcp_queue_drop_first(struct tcp_queue *queue)
{
    struct tcp_held *first = queue->first;
    size_t memory = tcp_held_memory(first);
    index_remove(queue, first);
    queue->first = first->next;
    if (queue->first != NULL)
        queue->first->previous = NULL;
    else
        queue->last = NULL;
    g_free(first);
    return memory;
}
