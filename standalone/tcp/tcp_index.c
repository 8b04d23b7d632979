/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table's index: entries by flow. Every packet asks it once, and what it finds is mostly not in the processor's cache; so it
 * is one array, probed from a flow's place on, and shrinks never.
 */

#include "prefetch.h"
#include "tcp_private.h"

#define SLOTS_AT_FIRST 1024u

struct slot {
    guint hash;
    struct tcp_entry *entry; /* NULL: empty */
};

struct tcp_index {
    struct slot *slots;
    guint mask; /* their number, a power of two, less one */
    guint count;
};

struct tcp_index *tcp_index_new(void)
{
    struct tcp_index *index = g_new0(struct tcp_index, 1);
    index->slots = g_new0(struct slot, SLOTS_AT_FIRST);
    index->mask = SLOTS_AT_FIRST - 1;
    return index;
}

void tcp_index_free(struct tcp_index *index)
{
    g_free(index->slots);
    g_free(index);
}

struct tcp_entry *tcp_index_find(const struct tcp_index *index, const struct tcp_flow *flow)
{
    for (guint at = flow->hash & index->mask; index->slots[at].entry != NULL; at = (at + 1) & index->mask) {
        if (index->slots[at].hash != flow->hash)
            continue;
        struct tcp_entry *entry = index->slots[at].entry;
        if (tcp_same_flow(&entry->flow, flow))
            return entry;
    }
    return NULL;
}

void tcp_index_expect(const struct tcp_index *index, const struct tcp_flow *flow)
{
    prefetch(&index->slots[flow->hash & index->mask], sizeof(struct slot));
}

struct tcp_entry *tcp_index_peek(const struct tcp_index *index, const struct tcp_flow *flow)
{
    guint at = flow->hash & index->mask;
    while (index->slots[at].entry != NULL && index->slots[at].hash != flow->hash)
        at = (at + 1) & index->mask;
    return index->slots[at].entry;
}

static void place(struct tcp_index *index, struct slot slot)
{
    guint at = slot.hash & index->mask;
    while (index->slots[at].entry != NULL)
        at = (at + 1) & index->mask;
    index->slots[at] = slot;
}

static void grow(struct tcp_index *index)
{
    struct slot *old = index->slots;
    guint count = index->mask + 1;
    index->slots = g_new0(struct slot, (gsize)count * 2);
    index->mask = count * 2 - 1;
    for (guint i = 0; i < count; i++)
        if (old[i].entry != NULL)
            place(index, old[i]);
    g_free(old);
}

void tcp_index_add(struct tcp_index *index, struct tcp_entry *entry)
{
    if (++index->count > index->mask / 2)
        grow(index);
    place(index, (struct slot){ .hash = entry->flow.hash, .entry = entry });
}

void tcp_index_remove(struct tcp_index *index, const struct tcp_entry *entry)
{
    guint at = entry->flow.hash & index->mask;
    while (index->slots[at].entry != entry)
        at = (at + 1) & index->mask;
    index->count--;
    /* What was pushed beyond the slot that becomes free moves up, so that a search does not end too soon. */
    for (guint next = (at + 1) & index->mask; index->slots[next].entry != NULL; next = (next + 1) & index->mask) {
        guint home = index->slots[next].hash & index->mask;
        bool stays = ((next - home) & index->mask) < ((next - at) & index->mask);
        if (stays)
            continue;
        index->slots[at] = index->slots[next];
        at = next;
    }
    index->slots[at].entry = NULL;
}
