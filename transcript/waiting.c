/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waiting.h"

#include <string.h>

static void make_room(struct smtp_waiting *waiting, smtp_resize *resize, size_t octets)
{
    /* Moved where more than half is used up, so that each octet is moved once on the average. */
    if (waiting->start > waiting->capacity / 2 && waiting->end + octets > waiting->capacity) {
        memmove(waiting->octets, waiting->octets + waiting->start, waiting->end - waiting->start);
        waiting->end -= waiting->start;
        waiting->start = 0;
    }
    if (waiting->end + octets <= waiting->capacity)
        return;
    size_t twice = 2 * waiting->capacity;
    waiting->capacity = waiting->end + octets > twice ? waiting->end + octets : twice;
    waiting->octets = resize(waiting->octets, waiting->capacity);
}

static void add_run(struct smtp_waiting *waiting, smtp_resize *resize, uint64_t offset, size_t length)
{
    if (waiting->run_end == waiting->run_capacity && waiting->run_start > waiting->run_capacity / 2) {
        waiting->run_end -= waiting->run_start;
        memmove(waiting->runs, waiting->runs + waiting->run_start, waiting->run_end * sizeof *waiting->runs);
        waiting->run_start = 0;
    }
    if (waiting->run_end == waiting->run_capacity) {
        waiting->run_capacity = waiting->run_capacity > 0 ? 2 * waiting->run_capacity : 2;
        waiting->runs = resize(waiting->runs, waiting->run_capacity * sizeof *waiting->runs);
    }
    waiting->runs[waiting->run_end++] = (struct smtp_waiting_run){ .offset = offset, .length = length };
}

void smtp_waiting_append(struct smtp_waiting *waiting, smtp_resize *resize, uint64_t offset, struct smtp_span octets)
{
    bool any = waiting->run_end > waiting->run_start;
    struct smtp_waiting_run *last = any ? &waiting->runs[waiting->run_end - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset)
        last->length += octets.length;
    else
        add_run(waiting, resize, offset, octets.length);
    if (octets.length == 0)
        return;
    make_room(waiting, resize, octets.length);
    memcpy(waiting->octets + waiting->end, octets.octets, octets.length);
    waiting->end += octets.length;
}

bool smtp_waiting_first(const struct smtp_waiting *waiting, uint64_t *offset, struct smtp_span *octets)
{
    if (waiting->run_start == waiting->run_end)
        return false;
    const struct smtp_waiting_run *run = &waiting->runs[waiting->run_start];
    *offset = run->offset;
    *octets = run->length > 0 ? smtp_span(waiting->octets + waiting->start, run->length) : smtp_span("", 0);
    return true;
}

bool smtp_waiting_hole_follows(const struct smtp_waiting *waiting)
{
    return waiting->run_end - waiting->run_start > 1;
}

void smtp_waiting_take(struct smtp_waiting *waiting, smtp_resize *resize, size_t octets)
{
    struct smtp_waiting_run *run = &waiting->runs[waiting->run_start];
    run->offset += octets;
    run->length -= octets;
    waiting->start += octets;
    if (run->length == 0)
        waiting->run_start++;
    if (waiting->start == waiting->end)
        waiting->start = waiting->end = 0;
    if (waiting->run_start == waiting->run_end) /* mostly for good: there are many connections */
        smtp_waiting_free(waiting, resize);
}

size_t smtp_waiting_octets(const struct smtp_waiting *waiting)
{
    return waiting->end - waiting->start;
}

size_t smtp_waiting_needs(const struct smtp_waiting *waiting)
{
    return smtp_waiting_octets(waiting) + (waiting->run_end - waiting->run_start) * sizeof *waiting->runs;
}

size_t smtp_waiting_memory(const struct smtp_waiting *waiting)
{
    return waiting->capacity + waiting->run_capacity * sizeof *waiting->runs;
}

struct smtp_waiting smtp_waiting_copy(const struct smtp_waiting *waiting, smtp_resize *resize)
{
    struct smtp_waiting copy = { .octets = NULL };
    for (unsigned i = waiting->run_start; i < waiting->run_end; i++)
        add_run(&copy, resize, waiting->runs[i].offset, waiting->runs[i].length);
    size_t octets = smtp_waiting_octets(waiting);
    if (octets > 0) {
        make_room(&copy, resize, octets);
        memcpy(copy.octets, waiting->octets + waiting->start, octets);
        copy.end = octets;
    }
    return copy;
}

void smtp_waiting_free(struct smtp_waiting *waiting, smtp_resize *resize)
{
    if (waiting->octets != NULL)
        resize(waiting->octets, 0);
    if (waiting->runs != NULL)
        resize(waiting->runs, 0);
    *waiting = (struct smtp_waiting){ .octets = NULL };
}
