/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waiting.h"

static void make_room(struct waiting *waiting, size_t octets)
{
    if (waiting->start > 0 && waiting->end + octets > waiting->capacity) {
        memmove(waiting->octets, waiting->octets + waiting->start, waiting->end - waiting->start);
        waiting->end -= waiting->start;
        waiting->start = 0;
    }
    if (waiting->end + octets <= waiting->capacity)
        return;
    waiting->capacity = MAX(waiting->end + octets, 2 * waiting->capacity);
    waiting->octets = wmem_realloc(wmem_file_scope(), waiting->octets, waiting->capacity);
}

static void add_run(struct waiting *waiting, uint64_t offset, size_t length)
{
    if (waiting->run_end == waiting->run_capacity) {
        waiting->run_capacity = MAX(4, 2 * waiting->run_capacity);
        waiting->runs = wmem_realloc(wmem_file_scope(), waiting->runs, waiting->run_capacity * sizeof *waiting->runs);
    }
    waiting->runs[waiting->run_end++] = (struct waiting_run){ .offset = offset, .length = length };
}

void waiting_append(struct waiting *waiting, uint64_t offset, struct smtp_span octets)
{
    struct waiting_run *last = waiting->run_end > waiting->run_start ? &waiting->runs[waiting->run_end - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset)
        last->length += octets.length;
    else
        add_run(waiting, offset, octets.length);
    if (octets.length == 0)
        return;
    make_room(waiting, octets.length);
    memcpy(waiting->octets + waiting->end, octets.octets, octets.length);
    waiting->end += octets.length;
}

bool waiting_first(const struct waiting *waiting, uint64_t *offset, struct smtp_span *octets)
{
    if (waiting->run_start == waiting->run_end)
        return false;
    const struct waiting_run *run = &waiting->runs[waiting->run_start];
    *offset = run->offset;
    *octets = run->length > 0 ? smtp_span(waiting->octets + waiting->start, run->length) : smtp_span("", 0);
    return true;
}

bool waiting_hole_follows(const struct waiting *waiting)
{
    return waiting->run_end - waiting->run_start > 1;
}

void waiting_take(struct waiting *waiting, size_t octets)
{
    struct waiting_run *run = &waiting->runs[waiting->run_start];
    run->offset += octets;
    run->length -= octets;
    waiting->start += octets;
    if (run->length == 0)
        waiting->run_start++;
    if (waiting->start == waiting->end)
        waiting->start = waiting->end = 0;
    if (waiting->run_start == waiting->run_end) /* mostly for good: there are many conversations */
        waiting_free(waiting);
}

size_t waiting_octets(const struct waiting *waiting)
{
    return waiting->end - waiting->start;
}

struct waiting waiting_copy(const struct waiting *waiting)
{
    struct waiting copy = { .octets = NULL };
    for (unsigned i = waiting->run_start; i < waiting->run_end; i++)
        add_run(&copy, waiting->runs[i].offset, waiting->runs[i].length);
    size_t octets = waiting_octets(waiting);
    if (octets > 0) {
        make_room(&copy, octets);
        memcpy(copy.octets, waiting->octets + waiting->start, octets);
        copy.end = octets;
    }
    return copy;
}

void waiting_free(struct waiting *waiting)
{
    wmem_free(wmem_file_scope(), waiting->octets);
    wmem_free(wmem_file_scope(), waiting->runs);
    *waiting = (struct waiting){ .octets = NULL };
}
