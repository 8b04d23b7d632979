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
    struct entry entry = unpack(session->queue[session->queue_first]);
    session->queue_first = (uint16_t)((session->queue_first + 1) % SMTP_QUEUE_LIMIT);
    session->queue_length--;
    if (session->uncertain > 0)
        session->uncertain--;
    if (entry.kind == ENTRY_COMMAND) {
        session->answered++;
        session->current = session->answered;
        session->current_verb = entry.verb;
    }
    if (entry.flags & ENTRY_NEW_MESSAGE)
        session->answered_message++;
    return entry;
}

void smtp_queue_begin_message(struct smtp_session *session)
{
    struct entry entry = unpack(session->queue[session->queue_first]);
    session->answered_message += (entry.flags & ENTRY_NEW_MESSAGE) != 0;
    entry.flags &= (uint8_t)~ENTRY_NEW_MESSAGE;
    session->queue[session->queue_first] = pack(entry);
}

void smtp_queue_push(struct smtp_session *session, struct entry entry, const struct smtp_sink *sink)
{
    /* The framer stops the client before the ring is full, unless nobody is there to answer. Then the oldest go, and what
       answers the others cannot be told from their order any more. */
    if (session->queue_length == SMTP_QUEUE_LIMIT) {
        for (unsigned i = 0; i < SMTP_QUEUE_LIMIT / 4; i++) {
            struct entry oldest = smtp_queue_pop(session);
            smtp_transaction_apply(session, &oldest, NULL, sink);
        }
        session->order_lost = true;
    }
    session->queue[(session->queue_first + session->queue_length) % SMTP_QUEUE_LIMIT] = pack(entry);
    session->queue_length++;
    bool sent_before = session->half[SMTP_CLIENT].offset < session->before_gap;
    if (sent_before && session->uncertain + 1u == session->queue_length)
        session->uncertain++;
}

bool smtp_queue_peek(const struct smtp_session *session, unsigned index, struct entry *entry)
{
    if (index >= session->queue_length)
        return false;
    *entry = unpack(session->queue[(session->queue_first + index) % SMTP_QUEUE_LIMIT]);
    return true;
}
