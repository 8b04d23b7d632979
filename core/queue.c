/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The commands that wait for their replies (RFC 2920: replies come in the order of the commands). */

#include "session_private.h"

static uint16_t pack(struct entry entry)
{
    return (uint16_t)((unsigned)entry.kind | (unsigned)entry.flags << 3 | (unsigned)entry.verb << 9);
}

static struct entry unpack(uint16_t packed)
{
    return (struct entry){
        .kind = (enum entry_kind)(packed & 7),
        .flags = (uint8_t)((packed >> 3) & 63),
        .verb = (enum smtp_verb)(packed >> 9),
    };
}

struct entry smtp_queue_pop(struct smtp_session *session)
{
    struct entry entry = unpack(session->queue.waiting[session->queue.first]);
    session->queue.first = (uint16_t)((session->queue.first + 1) % SMTP_QUEUE_LIMIT);
    session->queue.length--;
    if (session->queue.uncertain > 0)
        session->queue.uncertain--;
    if (entry.kind == ENTRY_COMMAND) {
        session->queue.answered++;
        session->queue.current = session->queue.answered;
        session->queue.current_verb = entry.verb;
    }
    if (entry.flags & ENTRY_NEW_MESSAGE)
        session->mail.message++;
    return entry;
}

void smtp_queue_begin_message(struct smtp_session *session)
{
    struct entry entry = unpack(session->queue.waiting[session->queue.first]);
    session->mail.message += (entry.flags & ENTRY_NEW_MESSAGE) != 0;
    entry.flags &= (uint8_t)~ENTRY_NEW_MESSAGE;
    session->queue.waiting[session->queue.first] = pack(entry);
}

void smtp_queue_push(struct smtp_session *session, struct entry entry, const struct smtp_sink *sink)
{
    /* The framer stops the client before the ring is full, unless nobody is there to answer. Then the oldest go, and what
       answers the others cannot be told from their order any more. */
    if (session->queue.length == SMTP_QUEUE_LIMIT) {
        for (unsigned i = 0; i < SMTP_QUEUE_LIMIT / 4; i++) {
            struct entry oldest = smtp_queue_pop(session);
            smtp_transaction_apply(session, &oldest, NULL, sink);
        }
        session->disorder.order_lost = true;
    }
    session->queue.waiting[(session->queue.first + session->queue.length) % SMTP_QUEUE_LIMIT] = pack(entry);
    session->queue.length++;
    bool sent_before = session->half[SMTP_CLIENT].offset < session->queue.before_gap;
    if (sent_before && session->queue.uncertain + 1u == session->queue.length)
        session->queue.uncertain++;
}

bool smtp_queue_peek(const struct smtp_queue *queue, unsigned index, struct entry *entry)
{
    if (index >= queue->length)
        return false;
    *entry = unpack(queue->waiting[(queue->first + index) % SMTP_QUEUE_LIMIT]);
    return true;
}
