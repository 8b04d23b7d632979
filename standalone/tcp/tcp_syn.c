/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * SYNs that nothing has answered yet. They cost a slot of fixed size each, of a fixed number of slots: a flood of them takes the
 * places of its own oldest ones. A SYN is worth a connection once another packet of it is seen.
 */

#include "tcp_private.h"

#define SLOTS (UINT32_C(1) << 16)
#define NONE UINT32_MAX

/* What a search looks at: the SYNs themselves are many cache lines away. */
struct chain {
    uint32_t hash;
    uint32_t next; /* slot of the same bucket */
};

struct tcp_syns {
    struct tcp_syn *slots; /* a ring, in the order of arrival; rank 0: not in use */
    struct chain *chains;  /* of each slot */
    uint32_t *heads;       /* by hash */
    uint64_t begin, end;   /* slots in use stand between; modulo SLOTS */
    uint64_t young;        /* those in front of it are not in use, or too old to be waited for */
};

struct tcp_syns *tcp_syns_new(void)
{
    struct tcp_syns *syns = g_new0(struct tcp_syns, 1);
    syns->slots = g_new0(struct tcp_syn, SLOTS);
    syns->chains = g_new0(struct chain, SLOTS);
    syns->heads = g_new(uint32_t, SLOTS);
    memset(syns->heads, 0xff, SLOTS * sizeof *syns->heads);
    return syns;
}

void tcp_syns_free(struct tcp_syns *syns)
{
    g_free(syns->slots);
    g_free(syns->chains);
    g_free(syns->heads);
    g_free(syns);
}

static void take_out(struct tcp_syns *syns, uint32_t index)
{
    uint32_t *link = &syns->heads[syns->chains[index].hash % SLOTS];
    while (*link != index)
        link = &syns->chains[*link].next;
    *link = syns->chains[index].next;
    syns->slots[index].rank = 0;
    while (syns->begin < syns->end && syns->slots[syns->begin % SLOTS].rank == 0)
        syns->begin++;
}

void tcp_syns_add(struct tcp_syns *syns, const struct tcp_syn *syn)
{
    struct tcp_syn *known = tcp_syns_find(syns, &syn->flow);
    if (known != NULL) {
        if (known->sequence == syn->sequence && known->from_low == syn->from_low)
            return; /* sent again: the first one counts */
        tcp_syns_drop(syns, known);
    }
    if (syns->end - syns->begin == SLOTS)
        take_out(syns, (uint32_t)(syns->begin % SLOTS));
    uint32_t index = (uint32_t)(syns->end++ % SLOTS);
    uint32_t *head = &syns->heads[syn->flow.hash % SLOTS];
    syns->slots[index] = *syn;
    syns->chains[index] = (struct chain){ .hash = syn->flow.hash, .next = *head };
    *head = index;
}

struct tcp_syn *tcp_syns_find(const struct tcp_syns *syns, const struct tcp_flow *flow)
{
    for (uint32_t at = syns->heads[flow->hash % SLOTS]; at != NONE; at = syns->chains[at].next)
        if (syns->chains[at].hash == flow->hash && tcp_same_flow(&syns->slots[at].flow, flow))
            return &syns->slots[at];
    return NULL;
}

void tcp_syns_drop(struct tcp_syns *syns, struct tcp_syn *syn)
{
    take_out(syns, (uint32_t)(syn - syns->slots));
}

const struct tcp_syn *tcp_syns_oldest(struct tcp_syns *syns, int64_t not_before)
{
    syns->young = MAX(syns->young, syns->begin);
    for (; syns->young < syns->end; syns->young++) {
        const struct tcp_syn *syn = &syns->slots[syns->young % SLOTS];
        if (syn->rank != 0 && syn->place.time >= not_before)
            return syn;
    }
    return NULL;
}
