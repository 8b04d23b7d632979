/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mails.h"

#include "path.h"

struct transaction *mails_find(const struct mails *mails, uint32_t id)
{
    const GList *link = mails->list.tail;
    while (link != NULL && ((const struct transaction *)link->data)->id != id)
        link = link->prev;
    return link != NULL ? link->data : NULL;
}

/* Something of it was seen there. */
static void note_seen(struct transaction *transaction, struct place place)
{
    if (place.frame == 0)
        return;
    if (transaction->first.frame == 0)
        transaction->first = place;
    transaction->last = place;
}

struct transaction *mails_begin(struct mails *mails, const struct keeping *keeping, const struct smtp_event *event,
                                const struct sent *sent, struct smtp_span helo, bool lmtp)
{
    struct transaction *transaction = keeping_take(keeping, sizeof *transaction);
    transaction->id = event->transaction_begin.transaction;
    transaction->mail_seen = sent != NULL;
    transaction->outcome = SMTP_OUTCOME_UNFINISHED;
    transaction->helo = helo;
    transaction->in_tls = sent != NULL ? sent->encrypted : event->encrypted;
    transaction->lmtp = lmtp;
    if (sent != NULL) {
        transaction->mail_from = smtp_path_parse(sent->argument, "FROM").address;
        transaction->place = sent->place;
        note_seen(transaction, sent->place);
    }
    keeping_append(keeping, &mails->list, &transaction->link, transaction);
    mails->refusal.code = 0;
    g_queue_init(&mails->deliveries);
    return transaction;
}

void mails_take_recipient(struct mails *mails, const struct keeping *keeping, const struct smtp_event *event,
                          const struct sent *sent, struct replies *replies)
{
    struct transaction *transaction = mails_find(mails, event->transaction_rcpt.transaction);
    if (transaction == NULL || sent == NULL)
        return;
    struct recipient *recipient = keeping_take(keeping, sizeof *recipient);
    recipient->address = smtp_path_parse(sent->argument, "TO").address;
    recipient->code = event->transaction_rcpt.code;
    keeping_change(keeping, transaction, sizeof *transaction);
    note_seen(transaction, sent->place);
    if (event->transaction_rcpt.replied) {
        note_seen(transaction, keeping_place(keeping, event));
        recipient->enhanced = replies_enhanced(replies, keeping);
        recipient->text = replies_words(replies, keeping);
    }
    keeping_append(keeping, &transaction->recipients, &recipient->link, recipient);
}

static struct verdict verdict_of(struct replies *replies, const struct keeping *keeping)
{
    return (struct verdict){ .code = replies->last.code,
                             .text = replies_words(replies, keeping),
                             .enhanced = replies_enhanced(replies, keeping) };
}

static struct delivery *add_delivery(struct mails *mails, const struct keeping *keeping, struct replies *replies)
{
    struct delivery *delivery = keeping_take(keeping, sizeof *delivery);
    delivery->number = replies->last.delivery;
    delivery->place = replies->last.place;
    delivery->code = replies->last.code;
    delivery->enhanced = replies_enhanced(replies, keeping);
    delivery->text = replies_words(replies, keeping);
    keeping_append(keeping, &mails->deliveries, &delivery->link, delivery);
    return delivery;
}

struct delivery *mails_take_reply(struct mails *mails, const struct keeping *keeping, struct replies *replies)
{
    const struct smtp_reply *reply = &replies->last;
    if ((reply->verb == SMTP_VERB_DATA || reply->verb == SMTP_VERB_BDAT) && reply->code >= 400)
        mails->refusal = verdict_of(replies, keeping);
    if (reply->delivery == 0)
        return NULL;
    /* LMTP: of the replies to one message the one counts that decides. */
    if (reply->delivery == 1 || (reply->code / 100 == 2 && mails->decision.code / 100 != 2))
        mails->decision = verdict_of(replies, keeping);
    return add_delivery(mails, keeping, replies);
}

void mails_take_content(struct mails *mails, const struct keeping *keeping, const struct message *message,
                        struct place place)
{
    struct transaction *transaction = mails_last(mails);
    if (transaction == NULL || transaction->message != message)
        return;
    keeping_change(keeping, transaction, sizeof *transaction);
    note_seen(transaction, place);
}

static bool was_accepted(const struct recipient *recipient, enum smtp_deliveries of)
{
    return recipient->code / 100 == 2 || (of == SMTP_DELIVERIES_OF_ALL && !smtp_reply_code_decides(recipient->code));
}

/* Each reply behind the content goes to its recipient, where it is known whom it is for. */
static bool give_deliveries(struct mails *mails, const struct keeping *keeping, struct transaction *transaction,
                            const struct smtp_transaction_end_event *end)
{
    const GList *recipient = NULL, *next = transaction->recipients.head;
    uint32_t reached = 0; /* the number of `recipient` among those that were accepted */
    bool any = false;
    for (const GList *link = mails->deliveries.head; link != NULL; link = keeping_next(keeping, link)) {
        struct delivery *delivery = link->data;
        uint32_t number = end->in_place ? delivery->place : delivery->number;
        bool told = end->deliveries != SMTP_DELIVERIES_NONE && number <= end->replies;
        while (told && reached < number) {
            recipient = next;
            told = recipient != NULL;
            next = told ? keeping_next(keeping, recipient) : NULL;
            reached += told && was_accepted(recipient->data, end->deliveries);
        }
        if (!told)
            continue;
        struct recipient *receives = recipient->data;
        keeping_change(keeping, delivery, sizeof *delivery);
        keeping_change(keeping, receives, sizeof *receives);
        delivery->recipient_number = number;
        delivery->recipient = receives;
        receives->delivery_code = delivery->code;
        receives->delivery_enhanced = delivery->enhanced;
        receives->delivery_text = delivery->text;
        any = true;
    }
    return any;
}

struct transaction *mails_end(struct mails *mails, const struct keeping *keeping, const struct smtp_event *event,
                              struct replies *replies, bool lmtp)
{
    const struct smtp_transaction_end_event *end = &event->transaction_end;
    struct transaction *transaction = mails_find(mails, end->transaction);
    if (transaction == NULL)
        return NULL;
    keeping_change(keeping, transaction, sizeof *transaction);
    transaction->ended = true;
    transaction->outcome = end->outcome;
    transaction->code = end->code;
    transaction->delivered = give_deliveries(mails, keeping, transaction, end);
    if (!end->replied)
        return transaction;
    note_seen(transaction, keeping_place(keeping, event));
    bool decided = lmtp && mails->decision.code == end->code && end->code != 0;
    bool refused = !decided && mails->refusal.code == end->code && end->outcome == SMTP_OUTCOME_REJECTED;
    struct verdict verdict = decided ? mails->decision : refused ? mails->refusal : verdict_of(replies, keeping);
    transaction->reply = verdict.text;
    transaction->enhanced = verdict.enhanced;
    return transaction;
}
