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
    struct session_order_hooks hooks;
    GQueue waiting;      /* entries without a number, by first packet */
    GQueue ended;        /* records that ended, in that order, where that decides */
    GByteArray *early;   /* a bit for each number from `early_first` on: the record ended before its turn, where the start decides */
    uint64_t early_first;
    unsigned numberless; /* records that ended and wait for their numbers */
    uint64_t last_id;
    uint64_t next_out;   /* number of the record whose turn is next, where the start decides */
};

struct session_order *session_order_new(bool by_start, const struct session_order_hooks *hooks)
{
    struct session_order *order = g_new0(struct session_order, 1);
    order->by_start = by_start;
    order->hooks = *hooks;
    g_queue_init(&order->waiting);
    g_queue_init(&order->ended);
    order->early = g_byte_array_new();
    order->next_out = 1;
    return order;
}

void session_order_free(struct session_order *order)
{
    g_byte_array_free(order->early, TRUE);
    g_free(order);
}

static void give_by_end(struct session_order *order)
{
    while (!g_queue_is_empty(&order->ended)) {
        struct record *record = g_queue_peek_head(&order->ended);
        if (record->id == 0)
            return;
        g_queue_pop_head(&order->ended);
        order->hooks.ended(order->hooks.context, record, true);
    }
}

/* Octets of the bits that are left behind before they are let go. */
#define EARLY_BEHIND 4096u

static void note_early(struct session_order *order, uint64_t id)
{
    uint64_t bit = id - order->early_first;
    while (order->early->len <= bit / 8)
        g_byte_array_append(order->early, (const guint8[1]){ 0 }, 1);
    order->early->data[bit / 8] |= (guint8)(1u << bit % 8);
}

static bool is_early(const struct session_order *order, uint64_t id)
{
    uint64_t bit = id - order->early_first;
    return bit / 8 < order->early->len && (order->early->data[bit / 8] >> bit % 8 & 1);
}

/* The numbers in front of `next_out` are not asked for any more. */
static void forget_early(struct session_order *order)
{
    uint64_t behind = MIN((order->next_out - order->early_first) / 8, order->early->len);
    if (behind < EARLY_BEHIND || behind < order->early->len / 2)
        return;
    g_byte_array_remove_range(order->early, 0, (guint)behind);
    order->early_first += 8 * behind;
}

static void give_by_start(struct session_order *order)
{
    while (is_early(order, order->next_out))
        order->hooks.turn(order->hooks.context, order->next_out++);
    forget_early(order);
}

/* A record has ended and has its number. */
static void note_ended(struct session_order *order, struct record *record)
{
    if (!order->by_start)
        return;
    uint64_t id = record->id;
    bool in_turn = id == order->next_out;
    order->hooks.ended(order->hooks.context, record, in_turn);
    if (in_turn)
        order->next_out++;
    else
        note_early(order, id);
    give_by_start(order);
}

static void leave_line(struct session_order *order, struct session_order_entry *entry)
{
    if (entry->in_line)
        g_queue_unlink(&order->waiting, &entry->link);
    entry->in_line = false;
}

/* Records that may wait for their numbers even if there is no memory. */
#define WAITING_LEAST 256

/* Whether the one at the front of the line is waited for: nobody knows yet what it is, or whether one in front of it may come. */
static bool is_waited_for(const struct session_order *order, const struct session_order_entry *entry, int64_t now, uint64_t pending)
{
    bool patient = now < entry->start || (uint64_t)now - (uint64_t)entry->start < (uint64_t)SESSION_ORDER_PATIENCE;
    if ((entry->record != NULL || !patient) && entry->ordinal <= pending)
        return false;
    bool crowded = order->numberless > WAITING_LEAST && order->hooks.is_full != NULL;
    return !crowded || !order->hooks.is_full(order->hooks.context);
}

static void give_number(struct session_order *order, struct record *record)
{
    record->id = ++order->last_id;
    if (order->hooks.numbered != NULL)
        order->hooks.numbered(order->hooks.context, record);
}

/* Gives numbers from the front of the line, as far as everybody there is known. */
static void sweep(struct session_order *order, int64_t now)
{
    bool ended = now == INT64_MAX;
    uint64_t pending = UINT64_MAX;
    if (!ended && order->hooks.pending != NULL && !g_queue_is_empty(&order->waiting))
        pending = order->hooks.pending(order->hooks.context);
    while (!g_queue_is_empty(&order->waiting)) {
        struct session_order_entry *entry = g_queue_peek_head(&order->waiting);
        if (is_waited_for(order, entry, now, pending))
            break;
        leave_line(order, entry);
        if (entry->record == NULL)
            continue;
        give_number(order, entry->record);
        if (entry->ended) {
            order->numberless--;
            note_ended(order, entry->record);
            g_free(entry);
        }
    }
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
        give_number(order, record);
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
    record_settle(record);
    if (entry->in_line) {
        entry->ended = true;
        order->numberless++;
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
