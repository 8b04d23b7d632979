/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session_order.h"

struct session_order_entry {
    uint64_t ordinal;
    int64_t start;
    GList link;      /* in `waiting` while it has no number */
    bool in_line;
    bool ended;
    struct record *record; /* NULL until it is known to be a session */
};

struct session_order {
    bool by_start;
    void (*finished)(void *context, struct record *record);
    uint64_t (*pending)(void *context);
    void *context;
    GQueue waiting;      /* entries without a number, by first packet */
    GQueue ended;        /* records that ended, in that order */
    GHashTable *by_id;   /* ended records by number, where the start decides */
    uint64_t last_id;
    uint64_t next_out;   /* number of the record that goes out next, where the start decides */
};

struct session_order *session_order_new(bool by_start, void (*finished)(void *context, struct record *record),
                                        uint64_t (*pending)(void *context), void *context)
{
    struct session_order *order = g_new0(struct session_order, 1);
    order->by_start = by_start;
    order->finished = finished;
    order->pending = pending;
    order->context = context;
    g_queue_init(&order->waiting);
    g_queue_init(&order->ended);
    order->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, NULL);
    order->next_out = 1;
    return order;
}

void session_order_free(struct session_order *order)
{
    g_hash_table_destroy(order->by_id);
    g_free(order);
}

static void give_by_end(struct session_order *order)
{
    while (!g_queue_is_empty(&order->ended)) {
        struct record *record = g_queue_peek_head(&order->ended);
        if (record->id == 0)
            return;
        g_queue_pop_head(&order->ended);
        order->finished(order->context, record);
    }
}

static void give_by_start(struct session_order *order)
{
    struct record *record;
    while ((record = g_hash_table_lookup(order->by_id, &order->next_out)) != NULL) {
        g_hash_table_remove(order->by_id, &order->next_out);
        order->next_out++;
        order->finished(order->context, record);
    }
}

static void note_ended(struct session_order *order, struct record *record)
{
    if (order->by_start)
        g_hash_table_insert(order->by_id, &record->id, record);
}

static void leave_line(struct session_order *order, struct session_order_entry *entry)
{
    if (entry->in_line)
        g_queue_unlink(&order->waiting, &entry->link);
    entry->in_line = false;
}

/* Gives numbers from the front of the line, as far as everybody there is known. */
static void sweep(struct session_order *order, int64_t now)
{
    const uint64_t patience = (uint64_t)SESSION_ORDER_PATIENCE;
    bool ended = now == INT64_MAX;
    uint64_t pending = UINT64_MAX;
    if (!ended && order->pending != NULL && !g_queue_is_empty(&order->waiting))
        pending = order->pending(order->context);
    while (!g_queue_is_empty(&order->waiting)) {
        struct session_order_entry *entry = g_queue_peek_head(&order->waiting);
        bool patient = now < entry->start || (uint64_t)now - (uint64_t)entry->start < patience;
        if ((entry->record == NULL && patient) || entry->ordinal > pending)
            break;
        leave_line(order, entry);
        if (entry->record == NULL)
            continue;
        entry->record->id = ++order->last_id;
        if (entry->ended) {
            note_ended(order, entry->record);
            g_free(entry);
        }
    }
    if (order->by_start)
        give_by_start(order);
    else
        give_by_end(order);
}

struct session_order_entry *session_order_open(struct session_order *order, uint64_t ordinal, int64_t start)
{
    struct session_order_entry *entry = g_new0(struct session_order_entry, 1);
    entry->ordinal = ordinal;
    entry->start = start;
    entry->link.data = entry;
    entry->in_line = true;
    GList *before = order->waiting.tail;
    while (before != NULL && ((const struct session_order_entry *)before->data)->ordinal > ordinal)
        before = before->prev;
    if (before == NULL)
        g_queue_push_head_link(&order->waiting, &entry->link);
    else
        g_queue_insert_after_link(&order->waiting, before, &entry->link);
    sweep(order, start);
    return entry;
}

void session_order_accept(struct session_order *order, struct session_order_entry *entry, struct record *record)
{
    entry->record = record;
    if (!entry->in_line)
        record->id = ++order->last_id;
    sweep(order, entry->start);
}

void session_order_refuse(struct session_order *order, struct session_order_entry *entry)
{
    leave_line(order, entry);
    int64_t start = entry->start;
    g_free(entry);
    sweep(order, start);
}

void session_order_end(struct session_order *order, struct session_order_entry *entry)
{
    struct record *record = entry->record;
    int64_t start = entry->start;
    if (!order->by_start)
        g_queue_push_tail(&order->ended, record);
    if (entry->in_line) {
        entry->ended = true;
    } else {
        note_ended(order, record);
        g_free(entry);
    }
    sweep(order, start);
}

void session_order_finish(struct session_order *order)
{
    sweep(order, INT64_MAX);
}
