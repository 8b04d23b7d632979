/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RECORD_PRIVATE_H
#define SMTPSCOPE_RECORD_PRIVATE_H

/* What the files behind record.h share. */

#include "record.h"

/* Where an octet came in. */
static inline struct place record_where(const struct record *record, enum smtp_role role, uint64_t offset)
{
    return record->locate(record->locate_context, role, offset);
}

/* Where an event begins. */
static inline struct place record_place(const struct record *record, const struct smtp_event *event)
{
    return record_where(record, event->role, event->offset);
}

/* Appends an element of the record to one of its lists. */
static inline void record_append(GQueue *list, GList *link, void *element)
{
    link->data = element;
    g_queue_push_tail_link(list, link);
}

/* record.c: a new line of the dialogue; NULL: nobody wants them. */
struct item *record_add_item(struct record *record, enum item_kind kind, const struct smtp_event *event);

/* record_content.c: the message with this number: mostly the last one. Made, where it is new. */
struct message *record_message(struct record *record, uint32_t number, enum smtp_transport transport);

/* What the events say of it. */
void record_begin_content(struct record *record, const struct smtp_event *event);
void record_take_content(struct record *record, const struct smtp_event *event);
void record_take_content_end(struct record *record, const struct smtp_event *event);
void record_take_gap(struct record *record, const struct smtp_event *event);

/* record_order.c: puts a new item in its place. Content gets its place anew when its first octet comes. */
void record_put_item(struct record *record, struct item *item);
void record_put_data(struct record *record, struct item *item);

/* What could not be placed, and octets of the same side that came as number `order` go on with; NULL: there is none. */
struct item *record_skipped_before(const struct record *record, enum smtp_role role, uint32_t order);

/* Something stands behind the lines that came of a reply so far, in front of those that are to come. */
void record_part_reply(struct record *record);

/* The reply is whole: it takes the lines that are in no part. */
void record_join_parts(struct record *record, struct item *reply);

#endif
