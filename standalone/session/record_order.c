/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The order of the page is the order in which octets came, and not that in which it became clear what they are: a client's may wait
 * for a reply to say so, and the lines of a reply may have a client's among them.
 */

#include "record_private.h"

static const struct item *item_of(const GList *link)
{
    return link->data;
}

/* In front of the first item behind `link` (NULL: of the list) that came later. */
static void put_behind(struct record *record, const GList *link, struct item *item)
{
    GList *before = link != NULL ? link->next : record->items.head;
    while (before != NULL && item_of(before)->place.order <= item->place.order)
        before = before->next;
    g_queue_insert_before_link(&record->items, before, &item->link);
}

/* A hole, and a change of roles, stand where they were noticed; content has no place until its first octet comes. */
static bool has_own_order(const struct item *item)
{
    return item->kind != ITEM_GAP && item->kind != ITEM_TURNED && item->kind != ITEM_DATA;
}

void record_put_item(struct record *record, struct item *item)
{
    const GList *tail = record->items.tail;
    item->link.data = item;
    if (item->kind == ITEM_REPLY && record->untold != NULL) /* its first line may stand in another place */
        item->place.order = record->untold->place->order;
    if (tail != NULL && has_own_order(item) && item->place.order < item_of(tail)->place.order)
        put_behind(record, record->last_item[item->role], item);
    else
        g_queue_push_tail_link(&record->items, &item->link);
    if (item->kind == ITEM_DATA)
        record->before_data = record->last_item[item->role];
    record->last_item[item->role] = &item->link;
    if (item->kind == ITEM_TURNED)
        record->last_item[SMTP_CLIENT] = &item->link;
}

void record_put_data(struct record *record, struct item *item)
{
    g_queue_unlink(&record->items, &item->link);
    put_behind(record, record->before_data, item);
}

struct item *record_skipped_before(const struct record *record, enum smtp_role role, uint32_t order)
{
    const GList *link = record->last_item[role];
    if (link == NULL || item_of(link)->kind != ITEM_SKIPPED || item_of(link)->role != role)
        return NULL;
    return link->next == NULL || item_of(link->next)->place.order > order ? link->data : NULL;
}

void record_part_reply(struct record *record)
{
    const struct record_line *first = record->untold;
    if (first == NULL)
        return;
    struct item *part = arena_take(record->arena, sizeof *part);
    part->kind = ITEM_REPLY_PART;
    part->role = SMTP_SERVER;
    part->place = *first->place;
    part->last_frame = record->untold_last_frame;
    part->lines_here = &first->link;
    part->first_line = record->told;
    part->end_line = record->lines.length;
    part->whole = record->parts;
    record->parts = part;
    record->told = part->end_line;
    record->untold = NULL;
    record_put_item(record, part);
}

void record_join_parts(struct record *record, struct item *reply)
{
    reply->lines_here = record->untold != NULL ? &record->untold->link : NULL;
    reply->first_line = record->told;
    reply->end_line = record->lines.length;
    while (record->parts != NULL) {
        struct item *part = record->parts;
        record->parts = part->whole;
        part->whole = reply;
    }
    record->told = 0;
    record->untold = NULL;
}
