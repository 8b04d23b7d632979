/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "marks.h"

#include <glib.h>
#include <string.h>

static void widen(struct marks *marks)
{
    if (marks->first == NULL) {
        marks->first = marks->own;
        marks->capacity = MARKS_OWN;
        return;
    }
    unsigned capacity = 2 * marks->capacity;
    struct mark *wider = g_renew(struct mark, marks->first == marks->own ? NULL : marks->first, capacity);
    if (marks->first == marks->own)
        memcpy(wider, marks->own, sizeof marks->own);
    marks->first = wider;
    marks->capacity = capacity;
}

void marks_add(struct marks *marks, uint64_t offset, struct place place)
{
    if (marks->count == marks->capacity)
        widen(marks);
    marks->first[marks->count++] = (struct mark){ .offset = offset, .place = place };
}

/* The index of the last mark at or before `offset`; the first one if there is none. */
static unsigned find_mark(const struct marks *marks, uint64_t offset)
{
    unsigned low = 0;
    unsigned high = marks->count;
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;
        if (marks->first[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void marks_forget(struct marks *marks, uint64_t offset)
{
    if (marks->count < MARKS_OWN)
        return;
    unsigned needed = find_mark(marks, offset);
    unsigned old = needed > 0 ? needed - 1 : 0;
    /* Where many are kept they are moved only once in a while. */
    if (old == 0 || (marks->count > 2 * MARKS_OWN && old < marks->count / 2))
        return;
    memmove(marks->first, marks->first + old, (marks->count - old) * sizeof *marks->first);
    marks->count -= old;
}

struct place marks_place(const struct marks *marks, uint64_t offset)
{
    if (marks->count == 0)
        return (struct place){ .frame = 0 };
    return marks->first[find_mark(marks, offset)].place;
}

void marks_clear(struct marks *marks)
{
    if (marks->first != marks->own)
        g_free(marks->first);
    marks->first = NULL;
    marks->count = marks->capacity = 0;
}

size_t marks_memory(const struct marks *marks)
{
    return marks->first != marks->own ? marks->capacity * sizeof(struct mark) : 0;
}
