/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_buffer.h"

struct mark {
    uint64_t offset;
    struct tcp_place place;
};

#define MARKS_KEPT 16

void stream_buffer_clear(struct stream_buffer *buffer)
{
    if (buffer->octets != NULL)
        g_byte_array_free(buffer->octets, TRUE);
    if (buffer->runs != NULL)
        g_array_free(buffer->runs, TRUE);
    if (buffer->marks != NULL)
        g_array_free(buffer->marks, TRUE);
    *buffer = (struct stream_buffer){ .octets = NULL };
}

void stream_buffer_mark(struct stream_buffer *buffer, uint64_t offset, struct tcp_place place)
{
    if (buffer->marks == NULL)
        buffer->marks = g_array_new(FALSE, FALSE, sizeof(struct mark));
    struct mark mark = { .offset = offset, .place = place };
    g_array_append_val(buffer->marks, mark);
}

/* The index of the last mark at or before `offset`; the first one if there is none. */
static unsigned find_mark(const struct stream_buffer *buffer, uint64_t offset)
{
    unsigned low = 0;
    unsigned high = buffer->marks->len;
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;
        if (g_array_index(buffer->marks, struct mark, middle).offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void stream_buffer_forget_marks(struct stream_buffer *buffer, uint64_t offset)
{
    if (buffer->marks == NULL || buffer->marks->len <= MARKS_KEPT)
        return;
    unsigned needed = find_mark(buffer, offset);
    if (needed > MARKS_KEPT / 2)
        g_array_remove_range(buffer->marks, 0, needed - MARKS_KEPT / 4);
}

struct tcp_place stream_buffer_place(const struct stream_buffer *buffer, uint64_t offset)
{
    if (buffer->marks == NULL || buffer->marks->len == 0)
        return (struct tcp_place){ .frame = 0 };
    return g_array_index(buffer->marks, struct mark, find_mark(buffer, offset)).place;
}

static bool has_run(const struct stream_buffer *buffer)
{
    return buffer->runs != NULL && buffer->runs->len > buffer->first_run;
}

void stream_buffer_append(struct stream_buffer *buffer, uint64_t offset, struct smtp_span octets)
{
    if (buffer->octets == NULL) {
        buffer->octets = g_byte_array_new();
        buffer->runs = g_array_new(FALSE, FALSE, sizeof(struct run));
    }
    struct run *last = has_run(buffer) ? &g_array_index(buffer->runs, struct run, buffer->runs->len - 1) : NULL;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += octets.length;
    } else {
        struct run run = { .offset = offset, .length = octets.length };
        g_array_append_val(buffer->runs, run);
    }
    if (octets.length > 0)
        g_byte_array_append(buffer->octets, octets.octets, (guint)octets.length);
}

bool stream_buffer_first(const struct stream_buffer *buffer, struct run *run, struct smtp_span *octets)
{
    if (!has_run(buffer))
        return false;
    *run = g_array_index(buffer->runs, struct run, buffer->first_run);
    *octets = run->length > 0 ? smtp_span(buffer->octets->data + buffer->start, run->length) : smtp_span("", 0);
    return true;
}

bool stream_buffer_hole_follows(const struct stream_buffer *buffer)
{
    return buffer->runs != NULL && buffer->runs->len > buffer->first_run + 1;
}

void stream_buffer_take(struct stream_buffer *buffer, size_t count)
{
    struct run *first = &g_array_index(buffer->runs, struct run, buffer->first_run);
    first->offset += count;
    first->length -= count;
    buffer->start += count;
    if (first->length == 0)
        buffer->first_run++;
    if (buffer->first_run == buffer->runs->len || buffer->first_run > 64) {
        g_array_remove_range(buffer->runs, 0, buffer->first_run);
        buffer->first_run = 0;
    }
    /* Half of it used up: move the rest to the front, so that each octet is moved at most once on the average. */
    if (buffer->start == buffer->octets->len) {
        g_byte_array_set_size(buffer->octets, 0);
        buffer->start = 0;
    } else if (buffer->start > 4096 && buffer->start * 2 > buffer->octets->len) {
        g_byte_array_remove_range(buffer->octets, 0, (guint)buffer->start);
        buffer->start = 0;
    }
}

size_t stream_buffer_waiting(const struct stream_buffer *buffer)
{
    return buffer->octets != NULL ? buffer->octets->len - buffer->start : 0;
}

size_t stream_buffer_memory(const struct stream_buffer *buffer)
{
    size_t runs = buffer->runs != NULL ? buffer->runs->len - buffer->first_run : 0;
    size_t marks = buffer->marks != NULL ? buffer->marks->len : 0;
    return stream_buffer_waiting(buffer) + runs * sizeof(struct run) + marks * sizeof(struct mark);
}
