/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lru.h"

struct slot {
    GList link;
    GBytes *key;
    max_align_t entry[];
};

struct lru {
    size_t size;
    unsigned limit;
    void (*forget)(void *entry);
    GHashTable *by_key; /* GBytes of a slot -> that slot */
    GQueue order;       /* heard of last in front */
    uint64_t forgotten;
};

struct lru *lru_new(size_t size, unsigned limit, void (*forget)(void *entry))
{
    struct lru *lru = g_new0(struct lru, 1);
    lru->size = size;
    lru->limit = limit;
    lru->forget = forget;
    lru->by_key = g_hash_table_new(g_bytes_hash, g_bytes_equal);
    return lru;
}

static void drop_last(struct lru *lru)
{
    struct slot *slot = g_queue_pop_tail_link(&lru->order)->data;
    g_hash_table_remove(lru->by_key, slot->key);
    if (lru->forget != NULL)
        lru->forget(slot->entry);
    g_bytes_unref(slot->key);
    g_free(slot);
}

void lru_free(struct lru *lru)
{
    while (lru->order.length > 0)
        drop_last(lru);
    g_hash_table_destroy(lru->by_key);
    g_free(lru);
}

bool lru_forget_oldest(struct lru *lru)
{
    if (lru->order.length == 0)
        return false;
    drop_last(lru);
    lru->forgotten++;
    return true;
}

void *lru_get(struct lru *lru, struct smtp_span key)
{
    GBytes *bytes = g_bytes_new(key.octets, key.length);
    struct slot *slot = g_hash_table_lookup(lru->by_key, bytes);
    if (slot != NULL) {
        g_bytes_unref(bytes);
        g_queue_unlink(&lru->order, &slot->link);
        g_queue_push_head_link(&lru->order, &slot->link);
        return slot->entry;
    }
    if (lru->order.length >= lru->limit)
        lru_forget_oldest(lru);
    slot = g_malloc0(sizeof *slot + lru->size);
    slot->key = bytes;
    slot->link.data = slot;
    g_hash_table_insert(lru->by_key, bytes, slot);
    g_queue_push_head_link(&lru->order, &slot->link);
    return slot->entry;
}

uint64_t lru_forgotten(const struct lru *lru)
{
    return lru->forgotten;
}

const GList *lru_first(const struct lru *lru)
{
    return lru->order.head;
}

void *lru_entry(const GList *link)
{
    return ((struct slot *)link->data)->entry;
}
