/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mail_facts.h"

#include <string.h>

/* Mails that are looked at between two coolings. */
#define MAILS_BETWEEN_COOLING 8u

void mail_facts_append_line(GString *out, uint16_t code, struct smtp_span text)
{
    const uint8_t *end = text.length > 0 ? memrchr(text.octets, '\n', text.length) : NULL;
    if (end != NULL)
        text = smtp_span_from(text, (size_t)(end - text.octets) + 1);
    text = smtp_span_trim(text);
    if (code != 0)
        g_string_append_printf(out, "%u ", code);
    g_string_append_len(out, (const char *)text.octets, (gssize)text.length);
}

bool mail_facts_refused(const struct recipient *recipient)
{
    return recipient->code >= 400 || recipient->delivery_code >= 400;
}

bool mail_facts_append_reply(GString *out, const struct transaction *transaction)
{
    if (transaction->code != 0 || transaction->reply.octets != NULL) {
        mail_facts_append_line(out, transaction->code, transaction->reply);
        return true;
    }
    for (const GList *link = transaction->recipients.tail; link != NULL; link = link->prev) {
        const struct recipient *recipient = link->data;
        if (recipient->code < 400)
            continue;
        mail_facts_append_line(out, recipient->code, recipient->text);
        return true;
    }
    return false;
}

bool mail_facts_transferred(const struct transaction *transaction)
{
    return transaction->message != NULL && transaction->message->ended && transaction->code != 0;
}

bool mail_facts_hidden(const struct record *record)
{
    const GList *last = record->account.mails.list.tail;
    bool hidden = record->account.tls.starttls.accepted && record->account.tls.protection != PROTECTION_NONE;
    return hidden && (last == NULL || !((const struct transaction *)last->data)->in_tls);
}

void mail_facts_cool(const struct record *record, unsigned looked_at)
{
    if (looked_at % MAILS_BETWEEN_COOLING == 0)
        arena_pool_cool(record->options->message.pool);
}

struct place mail_facts_first(const struct record *record, const struct transaction *transaction)
{
    const struct tcp_connection *session = &record->connection;
    if (transaction->first.frame != 0)
        return transaction->first;
    return (struct place){ .frame = session->first_frame, .file = session->capture, .time = session->start };
}

struct place mail_facts_last(const struct record *record, const struct transaction *transaction)
{
    const struct tcp_connection *session = &record->connection;
    if (transaction->last.frame != 0)
        return transaction->last;
    return (struct place){ .frame = session->last_frame, .file = session->last_capture, .time = session->end };
}
