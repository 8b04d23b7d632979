/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * SYNs that nothing has answered yet. They cost a slot of fixed size each, of a fixed number of slots: a flood of them takes the
 * places of its own oldest ones. A SYN is worth a connection once another packet of it is seen.
 */

#include "tcp_private.h"

#define SLOTS (UINT32_C(1) << 16)
#define NONE UINT32_MAX

struct slot {
    struct tcp_syn syn;
    uint32_t next; /* with the same hash */
    bool used;
};

struct tcp_syns {
    struct slot *slots;    /* a ring, in the order of arrival */
    uint32_t *heads;       /* by hash */
    uint64_t begin, end;   /* slots in use stand between; modulo SLOTS */
};

struct tcp_syns *tcp_syns_new(void)
{
    struct tcp_syns *syns = g_new0(struct tcp_syns, 1);
    syns->slots = g_new0(struct slot, SLOTS);
    syns->heads = g_new(uint32_t, SLOTS);
    memset(syns->heads, 0xff, SLOTS * sizeof *syns->heads);
    return syns;
}

void tcp_syns_free(struct tcp_syns *syns)
{
    g_free(syns->slots);
    g_free(syns->heads);
    g_free(syns);
}

static void take_out(struct tcp_syns *syns, uint32_t index)
{
    struct slot *slot = &syns->slots[index];
    uint32_t *link = &syns->heads[slot->syn.flow.hash % SLOTS];
    while (*link != index)
        link = &syns->slots[*link].next;
    *link = slot->next;
    slot->used = false;
    while (syns->begin < syns->end && !syns->slots[syns->begin % SLOTS].used)
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
    syns->slots[index] = (struct slot){ .syn = *syn, .next = *head, .used = true };
    *head = index;
}

struct tcp_syn *tcp_syns_find(const struct tcp_syns *syns, const struct tcp_flow *flow)
{
    for (uint32_t at = syns->heads[flow->hash % SLOTS]; at != NONE; at = syns->slots[at].next)
        if (tcp_same_flow(&syns->slots[at].syn.flow, flow))
            return &syns->slots[at].syn;
    return NULL;
}

void tcp_syns_drop(struct tcp_syns *syns, struct tcp_syn *syn)
{
    take_out(syns, (uint32_t)((struct slot *)(void *)syn - syns->slots));
}

const struct tcp_syn *tcp_syns_oldest(const struct tcp_syns *syns, int64_t not_before)
{
    for (uint64_t at = syns->begin; at < syns->end; at++) {
        const struct slot *slot = &syns->slots[at % SLOTS];
        if (slot->used && slot->syn.place.time >= not_before)
            return &slot->syn;
    }
    return NULL;
}
