/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The mail transaction, as the server's replies make it (RFC 5321 sections 3.3 and 4.1.4; RFC 2033; RFC 3030). A reply
 * that is lost (NULL) leaves the question open: then what the client went on to do is believed, and the codes stay unknown.
 */

#include "session_private.h"

/* An event of the transaction, where the reply stands that makes it. */
static struct smtp_event event_at_reply(const struct smtp_session *session, enum smtp_event_kind kind)
{
    struct smtp_event event = smtp_event_at(session, kind, SMTP_SERVER);
    event.offset = session->reading.offset;
    return event;
}

/* How many replies to the content are due: one for each recipient, and that of PRDR for the message. */
static uint32_t due(const struct smtp_session *session)
{
    return session->mail.accepted + (session->mail.prdr ? 1 : 0);
}

/*
 * Lines without a code, or holes, are among the replies to the content. With as many replies as are due they are text
 * between those; with as many as that less the lines and holes, each is a reply of its own. Else nothing is known but
 * what came in front of the first.
 */
static enum smtp_deliveries garbled_deliveries(const struct smtp_session *session,
                                               struct smtp_transaction_end_event *end)
{
    uint32_t answered = session->mail.answered;
    end->in_place = !session->ending && answered + session->mail.garbled == due(session);
    end->replies = end->in_place || answered == due(session) ? session->mail.accepted : session->mail.plain;
    return session->mail.lost == 0 ? SMTP_DELIVERIES_OF_ALL : SMTP_DELIVERIES_NONE;
}

/* Whom the replies to the content were for, and how many of them. */
static enum smtp_deliveries deliveries(const struct smtp_session *session, struct smtp_transaction_end_event *end)
{
    uint32_t accepted = session->mail.accepted;
    end->replies = session->mail.answered;
    if (end->replies == 0 || !session->mail.whole)
        return SMTP_DELIVERIES_NONE;
    if (session->mail.garbled > 0)
        return garbled_deliveries(session, end);
    if (session->mail.prdr && end->replies != accepted + 1) /* the last one is for the message, if it came */
        return SMTP_DELIVERIES_NONE;
    end->replies -= session->mail.prdr ? 1 : 0;
    if (end->replies == accepted || session->mail.lost == 0)
        return SMTP_DELIVERIES_OF_ALL;
    bool of_accepted = end->replies == accepted - session->mail.lost && !session->ending; /* else some may be to come */
    return of_accepted ? SMTP_DELIVERIES_OF_ACCEPTED : SMTP_DELIVERIES_NONE;
}

void smtp_transaction_end(struct smtp_session *session, enum smtp_outcome outcome, uint16_t code, bool replied,
                          const struct smtp_sink *sink)
{
    if (!session->mail.open)
        return;
    session->mail.open = false;
    struct smtp_event event = event_at_reply(session, SMTP_EVENT_TRANSACTION_END);
    event.transaction_end = (struct smtp_transaction_end_event){
        .transaction = session->mail.number,
        .outcome = outcome,
        .code = code,
        .replied = replied || code != 0,
    };
    event.transaction_end.deliveries = deliveries(session, &event.transaction_end);
    session->mail.answered = 0;
    session->mail.prdr = false;
    smtp_emit(sink, &event);
}

static void open_transaction(struct smtp_session *session, uint32_t mail, const struct smtp_sink *sink)
{
    session->mail.number++;
    session->mail.open = true;
    session->mail.accepted = 0;
    session->mail.answered = 0;
    session->mail.whole = mail != 0 && session->queue.gap_behind < mail;
    session->mail.lost = 0;
    session->mail.garbled = 0;
    session->mail.prdr = false;
    session->mail.chunks = false;
    session->mail.refused_code = 0;
    session->mail.verdict = 0;
    struct smtp_event event = event_at_reply(session, SMTP_EVENT_TRANSACTION_BEGIN);
    event.transaction_begin =
        (struct smtp_transaction_begin_event){ .transaction = session->mail.number, .number = mail };
    smtp_emit(sink, &event);
}

void smtp_transaction_content(const struct smtp_session *session, enum smtp_role role, uint64_t offset,
                              uint32_t message, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_TRANSACTION_CONTENT, role);
    event.offset = offset;
    event.transaction_content =
        (struct smtp_transaction_content_event){ .transaction = session->mail.number, .message = message };
    smtp_emit(sink, &event);
}

/* RSET, a greeting, a new MAIL or QUIT takes the transaction away. */
static void abandon(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (session->mail.refused_code != 0)
        smtp_transaction_end(session, SMTP_OUTCOME_REJECTED, session->mail.refused_code, true, sink);
    else
        smtp_transaction_end(session, SMTP_OUTCOME_ABORTED, 0, false, sink);
}

/* The server takes a recipient or content although no MAIL was seen: it was, in what the capture does not hold. */
void smtp_transaction_lost_open(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (!session->mail.open)
        open_transaction(session, 0, sink);
}

/* Whether the reply says yes or no: a lost one does not, nor does one without a code, or with 3yz. */
static bool decides(const struct smtp_reply *reply)
{
    return reply != NULL && smtp_reply_code_decides(reply->code);
}

static bool accepts(const struct smtp_reply *reply)
{
    return reply != NULL && smtp_code_is_success(reply->code);
}

static void apply_mail(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    if (reply != NULL && !accepts(reply) && session->mail.open)
        return;
    if (decides(reply) && !accepts(reply)) {
        open_transaction(session, session->queue.answered, sink);
        smtp_transaction_end(session, SMTP_OUTCOME_REJECTED, reply->code, true, sink);
        return;
    }
    if (session->mail.open && reply == NULL && session->mail.refused_code == 0)
        smtp_transaction_end(session, SMTP_OUTCOME_UNKNOWN, 0, false, sink);
    abandon(session, sink);
    open_transaction(session, session->queue.answered, sink);
}

static void apply_rcpt(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    bool lost = !decides(reply);
    bool lost_mail = session->mid_stream || session->half[SMTP_CLIENT].gap;
    if (!session->mail.open && (accepts(reply) || (lost && lost_mail)))
        smtp_transaction_lost_open(session, sink);
    if (!session->mail.open)
        return;
    if (accepts(reply) || lost)
        session->mail.accepted++;
    if (lost)
        session->mail.lost++;
    struct smtp_event event = event_at_reply(session, SMTP_EVENT_TRANSACTION_RCPT);
    event.transaction_rcpt = (struct smtp_transaction_rcpt_event){
        .transaction = session->mail.number,
        .number = session->queue.answered,
        .code = reply != NULL ? reply->code : 0,
        .replied = reply != NULL,
    };
    smtp_emit(sink, &event);
}

/* ---- the end of the content ---- */

/* A line without a code, or a hole, among the replies to the content. */
static void note_garbled(struct smtp_session *session, uint32_t count)
{
    if (session->mail.garbled == 0)
        session->mail.plain = session->mail.answered;
    session->mail.garbled += count;
}

static bool has_several_replies(const struct smtp_session *session)
{
    return session->mail.open && (session->lmtp || session->mail.prdr);
}

void smtp_transaction_hole(struct smtp_session *session)
{
    struct entry head;
    bool waits =
        smtp_queue_peek(&session->queue, 0, &head) && (head.kind == ENTRY_CONTENT || (head.flags & ENTRY_LAST));
    bool goes_on = session->half[SMTP_CLIENT].mode == CLIENT_DATA; /* or its end is lost, too */
    if (!session->mail.open || !(waits || goes_on))
        return;
    session->mail.prdr = session->mail.prdr || session->offers.prdr_asked; /* 353 may be lost */
    if (has_several_replies(session))
        note_garbled(session, 1);
}

bool smtp_transaction_is_uncounted(struct smtp_session *session)
{
    if (!has_several_replies(session) || session->mail.whole || session->mail.answered == 0)
        return false;
    note_garbled(session, 1);
    return true;
}

bool smtp_transaction_more_replies(const struct smtp_session *session, unsigned code)
{
    if (code != 0 && !smtp_reply_code_decides(code))
        return session->mail.open;
    if (!has_several_replies(session) || (session->mail.prdr ? code == 421 : smtp_code_is_for_all(code)))
        return false;
    if (!session->mail.whole)
        return true;
    return session->mail.answered + 1 < due(session) || (code == 0 && session->mail.answered < due(session));
}

/* Behind this reply to the content the client may go on although more were to be expected: some recipients may not have been accepted. */
static bool may_be_the_last(const struct smtp_session *session)
{
    uint32_t came = session->mail.answered + session->mail.garbled;
    bool counted = session->mail.whole && session->mail.lost + session->mail.garbled == 0;
    return session->mail.prdr || (!counted && came + session->mail.lost >= session->mail.accepted);
}

static void end_by_verdict(struct smtp_session *session, uint16_t code, const struct smtp_sink *sink)
{
    bool accepted = smtp_code_is_success(code);
    bool more = !session->mail.whole || session->mail.answered < due(session);
    bool others = session->lmtp && session->mail.garbled > 0 && more;
    bool known = smtp_reply_code_decides(code) && (accepted || !others);
    enum smtp_outcome outcome = accepted ? SMTP_OUTCOME_ACCEPTED : SMTP_OUTCOME_REJECTED;
    smtp_transaction_end(session, known ? outcome : SMTP_OUTCOME_UNKNOWN, known ? code : 0, true, sink);
}

/* No more replies to the content come: what came before decides, as far as it can. */
static void end_without(struct smtp_session *session, const struct smtp_sink *sink)
{
    bool all_came = !session->half[SMTP_SERVER].gap && !(session->mail.prdr && session->mail.garbled > 0);
    bool over = !session->ending || (session->lmtp && session->disorder.unsettled == SMTP_UNSETTLED_HEAD);
    bool came = has_several_replies(session) && session->mail.answered > 0 && over;
    if (came && (session->mail.prdr ? all_came : smtp_code_is_success(session->mail.verdict) || all_came))
        end_by_verdict(session, session->mail.verdict, sink);
    else
        smtp_transaction_end(session, session->ending ? SMTP_OUTCOME_UNFINISHED : SMTP_OUTCOME_UNKNOWN, 0, false, sink);
}

static void apply_content(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    if (reply == NULL) {
        end_without(session, sink);
        return;
    }
    bool more = smtp_transaction_more_replies(session, reply->code);
    bool several = has_several_replies(session);
    if (decides(reply)) {
        session->mail.answered++;
    } else if (reply->code == 0) {
        note_garbled(session, reply->lines);
    }
    /* LMTP: one reply for each accepted recipient; accepted if any of them was. PRDR: the last one is for the message.
     */
    if (session->mail.prdr || session->mail.verdict == 0 || smtp_code_is_success(reply->code))
        session->mail.verdict = decides(reply) ? reply->code : 0;
    session->mail.prdr = session->mail.prdr || reply->code == 353;
    if (!more)
        end_by_verdict(session, several ? session->mail.verdict : reply->code, sink);
    else if ((reply->code != 0 && !decides(reply)) || may_be_the_last(session))
        smtp_unsettled(&session->disorder, SMTP_UNSETTLED_HEAD);
}

void smtp_transaction_settle(struct smtp_session *session, const struct entry *entry, const struct smtp_sink *sink)
{
    if (entry->kind != ENTRY_CONTENT && !(entry->flags & ENTRY_LAST))
        smtp_transaction_apply(session, entry, &session->reading.reply, sink);
    else if (has_several_replies(session) && session->mail.answered > 0)
        end_by_verdict(session, session->mail.verdict, sink);
    else
        smtp_transaction_end(session, SMTP_OUTCOME_UNKNOWN, 0, true, sink);
}

static void apply_chunk(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                        const struct smtp_sink *sink)
{
    bool lost_mail = session->mid_stream || session->half[SMTP_CLIENT].gap;
    if (lost_mail && (entry->flags & ENTRY_CHUNK) && reply != NULL && smtp_code_is_success(reply->code))
        smtp_transaction_lost_open(session, sink);
    if (!session->mail.open)
        return;
    session->mail.chunks = true;
    if ((entry->flags & ENTRY_CHUNK) && session->mail.answered == 0)
        smtp_transaction_content(session, SMTP_SERVER, session->reading.offset, session->mail.message, sink);
    bool refused = decides(reply) && !accepts(reply);
    if (refused)
        session->mail.refused_code = reply->code;
    if (!(entry->flags & ENTRY_LAST))
        return;
    /* The state behind a refused BDAT is indeterminate until RSET (RFC 3030 section 2): what ends it decides. */
    if (!refused || has_several_replies(session))
        apply_content(session, reply, sink);
}

void smtp_transaction_apply(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                            const struct smtp_sink *sink)
{
    bool success = !decides(reply) || accepts(reply);
    if (entry->kind == ENTRY_CONTENT) {
        if ((entry->flags & ENTRY_UNSEEN) && reply != NULL)
            smtp_transaction_lost_open(session, sink);
        if (entry->verb == SMTP_VERB_DATA)
            apply_content(session, reply, sink);
        return;
    }
    if (entry->kind != ENTRY_COMMAND)
        return;
    if (smtp_verb_names_sender(entry->verb))
        apply_mail(session, reply, sink);
    else if (smtp_verb_names_recipient(entry->verb))
        apply_rcpt(session, reply, sink);
    else if (smtp_verb_has(entry->verb, SMTP_TRAIT_CHUNK))
        apply_chunk(session, entry, reply, sink);
    else if (entry->verb == SMTP_VERB_DATA && decides(reply) && session->mail.open)
        session->mail.refused_code = reply->code;
    else if (smtp_verb_has(entry->verb, SMTP_TRAIT_ABORTS) ||
             (smtp_verb_has(entry->verb, SMTP_TRAIT_RESETS) && success))
        abandon(session, sink);
}
