/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The holes of a half that were declared: what comes for one of them later was in the capture after all, and is
 * counted. Of very many holes the oldest become one, with all that was between them.
 */

#include "tcp_private.h"

#define HOLES 16u

struct tcp_holes {
    unsigned count;
    struct {
        uint64_t from, to;
    } hole[HOLES]; /* in order */
};

void tcp_holes_add(struct tcp_holes **holes, uint64_t from, uint64_t to)
{
    if (*holes == NULL)
        *holes = g_new0(struct tcp_holes, 1);
    struct tcp_holes *all = *holes;
    if (all->count == HOLES) {
        all->hole[1].from = all->hole[0].from;
        memmove(&all->hole[0], &all->hole[1], (HOLES - 1) * sizeof all->hole[0]);
        all->count--;
    }
    all->hole[all->count].from = from;
    all->hole[all->count++].to = to;
}

bool tcp_holes_touch(const struct tcp_holes *holes, uint64_t from, uint64_t to)
{
    for (unsigned i = 0; holes != NULL && i < holes->count; i++)
        if (from < holes->hole[i].to && to > holes->hole[i].from)
            return true;
    return false;
}
