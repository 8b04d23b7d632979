/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The content of mails: which message it is, where it stands in the dialogue, and what of it was lost or seen twice. */

#include "record_private.h"

/* The message with this number: mostly the last one. */
struct message *record_message(struct record *record, uint32_t number, enum smtp_transport transport)
{
    if (record->content != NULL && record->content->number == number)
        return record->content;
    while (record->messages.length < number) {
        struct message *message = message_new(record->arena, &record->message_arena, &record->options->message,
                                              record->messages.length + 1, transport);
        g_queue_push_tail_link(&record->messages, &message->link);
    }
    const GList *link = record->messages.tail;
    while (link != NULL && ((const struct message *)link->data)->number != number)
        link = link->prev;
    return link != NULL ? link->data : NULL;
}

/* Content begins with an octet that had not come when the server asked for it. */
static void place_content(struct record *record, struct item *item)
{
    if (item->octets > 0)
        return;
    item->place = record_where(record, item->role, item->offset);
    item->last_frame = item->place.frame;
    record_put_data(record, item);
}

/* Stretches of the client's stream that were captured with two contents; of very many the last one stands for all that
 * follow. */
#define CONFLICTS_KEPT 16u

struct conflicts {
    unsigned count;
    struct {
        uint64_t from, to;
    } stretch[CONFLICTS_KEPT];
};

static void note_conflicts(const struct record *record, struct message *message)
{
    const struct conflicts *conflicts = record->conflicts;
    uint64_t end = message->ends > 0 ? message->ends : UINT64_MAX;
    for (unsigned i = 0; conflicts != NULL && message->octets > 0 && i < conflicts->count; i++)
        if (conflicts->stretch[i].from < end && conflicts->stretch[i].to > message->begins)
            message->contradicted = true;
}

void record_conflict(struct record *record, uint64_t offset, uint64_t octets)
{
    if (record->conflicts == NULL)
        record->conflicts = arena_take(record->arena, sizeof *record->conflicts);
    struct conflicts *conflicts = record->conflicts;
    unsigned last = MIN(conflicts->count, CONFLICTS_KEPT - 1);
    uint64_t news = MIN(offset, conflicts->count < CONFLICTS_KEPT ? offset : conflicts->stretch[last].to);
    if (conflicts->count < CONFLICTS_KEPT) {
        conflicts->stretch[conflicts->count++].from = offset;
    } else {
        conflicts->stretch[last].from = MIN(conflicts->stretch[last].from, offset);
        offset = MAX(offset, conflicts->stretch[last].to - MIN(octets, conflicts->stretch[last].to));
    }
    conflicts->stretch[last].to = offset + octets;
    for (const GList *link = record->messages.tail; link != NULL; link = link->prev) {
        const struct message *message = link->data;
        if (message->ends > 0 && message->ends <= news) /* what is in front was noted, or is not touched */
            break;
        note_conflicts(record, link->data);
    }
}

void record_contradiction(struct record *record)
{
    if (record->content != NULL)
        record->content->contradicted = true;
}

void record_take_content_end(struct record *record, const struct smtp_event *event)
{
    struct message *message = record_message(record, event->content_end.message, event->content_end.transport);
    uint64_t behind = event->offset + event->octets;
    struct place end = record_where(record, event->role, behind > 0 ? behind - 1 : 0);
    record->content = NULL;
    message->ends = event->offset + event->octets;
    note_conflicts(record, message);
    message->broken = message->broken || !event->content_end.complete;
    message->end_mark = event->content_end.end_mark;
    message->ended = event->content_end.last && event->content_end.end_mark != SMTP_END_NONE;
    if (message->octets > 0)
        message->last_frame = end.frame;
    if (record->data != NULL) {
        struct item *item = record->data;
        place_content(record, item);
        item->last_frame = end.frame;
        item->complete = event->content_end.complete;
        item->last = event->content_end.last;
        item->end_mark = event->content_end.end_mark;
        record->data = NULL;
    }
    mails_take_content(&record->account.mails, &record->account.keeping, message, end);
    if (event->content_end.last)
        message_finish(message, !message->broken);
}

void record_take_gap(struct record *record, const struct smtp_event *event)
{
    struct smtp_event before = *event;
    before.offset = event->offset > 0 ? event->offset - 1 : 0;
    before.octets = 0;
    struct gap *gap = arena_take(record->arena, sizeof *gap);
    gap->from = event->role;
    gap->octets = event->octets;
    gap->after_frame = event->offset > 0 ? record_place(record, &before).frame : 0;
    record_append(&record->gaps, &gap->link, gap);
    record->gap_octets += gap->octets;
    if (event->role == SMTP_CLIENT && record->content != NULL)
        message_gap(record->content, event->gap.content, event->gap.more);
    record->gap = true;
    before.octets = 0;
    struct item *item = record_add_item(record, ITEM_GAP, &before);
    if (item == NULL)
        return;
    item->octets = event->octets;
    item->in_content = event->gap.content > 0 && event->gap.content == event->octets;
}

void record_take_content(struct record *record, const struct smtp_event *event)
{
    struct message *message = record_message(record, event->content.message, event->content.transport);
    if (message->octets == 0 && event->content.text.length > 0) {
        struct place place = record_place(record, event);
        message->place = place;
        message->begins = event->offset;
        mails_take_content(&record->account.mails, &record->account.keeping, message, place);
    }
    message_add(message, event->content.text);
    if (record->data != NULL) {
        place_content(record, record->data);
        record->data->octets += event->content.text.length;
    }
}

void record_begin_content(struct record *record, const struct smtp_event *event)
{
    struct message *message = record_message(record, event->content_begin.message, event->content_begin.transport);
    struct item *item = record_add_item(record, ITEM_DATA, event);
    if (event->content_begin.transport == SMTP_TRANSPORT_DATA && message->octets > 0)
        message_begin_again(message);
    record->content = message;
    record->data = item;
    if (!event->content_begin.complete)
        message_lost_beginning(message);
    if (item == NULL)
        return;
    item->transport = event->content_begin.transport;
    item->message = message;
}
