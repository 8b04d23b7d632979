/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_buffer.h"

void stream_buffer_clear(struct stream_buffer *buffer)
{
    if (buffer->octets != NULL)
        g_byte_array_free(buffer->octets, TRUE);
    if (buffer->others != NULL)
        g_array_free(buffer->others, TRUE);
    if (buffer->marks != buffer->own)
        g_free(buffer->marks);
    *buffer = (struct stream_buffer){ .octets = NULL };
}

/* ---- marks ---- */

static void widen(struct stream_buffer *buffer)
{
    if (buffer->marks == NULL) {
        buffer->marks = buffer->own;
        buffer->mark_capacity = STREAM_BUFFER_MARKS;
        return;
    }
    unsigned capacity = 2 * buffer->mark_capacity;
    struct mark *marks = g_renew(struct mark, buffer->marks == buffer->own ? NULL : buffer->marks, capacity);
    if (buffer->marks == buffer->own)
        memcpy(marks, buffer->own, sizeof buffer->own);
    buffer->marks = marks;
    buffer->mark_capacity = capacity;
}

void stream_buffer_mark(struct stream_buffer *buffer, uint64_t offset, struct place place)
{
    if (buffer->mark_count == buffer->mark_capacity)
        widen(buffer);
    buffer->marks[buffer->mark_count++] = (struct mark){ .offset = offset, .place = place };
}

/* The index of the last mark at or before `offset`; the first one if there is none. */
static unsigned find_mark(const struct stream_buffer *buffer, uint64_t offset)
{
    unsigned low = 0;
    unsigned high = buffer->mark_count;
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;
        if (buffer->marks[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void stream_buffer_forget_marks(struct stream_buffer *buffer, uint64_t offset)
{
    if (buffer->mark_count < STREAM_BUFFER_MARKS)
        return;
    unsigned needed = find_mark(buffer, offset);
    unsigned old = needed > 0 ? needed - 1 : 0;
    /* Where many are kept they are moved only once in a while. */
    if (old == 0 || (buffer->mark_count > 2 * STREAM_BUFFER_MARKS && old < buffer->mark_count / 2))
        return;
    memmove(buffer->marks, buffer->marks + old, (buffer->mark_count - old) * sizeof *buffer->marks);
    buffer->mark_count -= old;
}

struct place stream_buffer_place(const struct stream_buffer *buffer, uint64_t offset)
{
    if (buffer->mark_count == 0)
        return (struct place){ .frame = 0 };
    return buffer->marks[find_mark(buffer, offset)].place;
}

/* ---- octets ---- */

static struct run *last_run(struct stream_buffer *buffer)
{
    if (buffer->run_count < 2)
        return buffer->run_count == 1 ? &buffer->first : NULL;
    return &g_array_index(buffer->others, struct run, buffer->others->len - 1);
}

static void add_run(struct stream_buffer *buffer, struct run run)
{
    if (buffer->run_count++ == 0) {
        buffer->first = run;
        return;
    }
    if (buffer->others == NULL)
        buffer->others = g_array_new(FALSE, FALSE, sizeof(struct run));
    g_array_append_val(buffer->others, run);
}

void stream_buffer_append(struct stream_buffer *buffer, uint64_t offset, struct smtp_span octets)
{
    struct run *last = last_run(buffer);
    if (buffer->octets == NULL)
        buffer->octets = g_byte_array_new();
    if (last != NULL && last->offset + last->length == offset)
        last->length += octets.length;
    else
        add_run(buffer, (struct run){ .offset = offset, .length = octets.length });
    if (octets.length > 0)
        g_byte_array_append(buffer->octets, octets.octets, (guint)octets.length);
}

bool stream_buffer_first(const struct stream_buffer *buffer, struct run *run, struct smtp_span *octets)
{
    if (buffer->run_count == 0)
        return false;
    *run = buffer->first;
    *octets = run->length > 0 ? smtp_span(buffer->octets->data + buffer->start, run->length) : smtp_span("", 0);
    return true;
}

bool stream_buffer_hole_follows(const struct stream_buffer *buffer)
{
    return buffer->run_count > 1;
}

/* The first run is used up: the next one takes its place. */
static void drop_first_run(struct stream_buffer *buffer)
{
    if (--buffer->run_count == 0)
        return;
    buffer->first = g_array_index(buffer->others, struct run, buffer->used_others++);
    if (buffer->used_others == buffer->others->len || buffer->used_others > 64) {
        g_array_remove_range(buffer->others, 0, buffer->used_others);
        buffer->used_others = 0;
    }
}

void stream_buffer_take(struct stream_buffer *buffer, size_t count)
{
    buffer->first.offset += count;
    buffer->first.length -= count;
    buffer->start += count;
    if (buffer->first.length == 0)
        drop_first_run(buffer);
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
    size_t others = buffer->run_count > 1 ? (size_t)(buffer->run_count - 1) * sizeof(struct run) : 0;
    size_t marks = buffer->marks != buffer->own ? buffer->mark_capacity * sizeof(struct mark) : 0;
    return stream_buffer_waiting(buffer) + others + marks;
}
