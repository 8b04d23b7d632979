/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The mail transaction, as the server's replies make it (RFC 5321 sections 3.3 and 4.1.4; RFC 2033; RFC 3030). A reply
 * that is lost (NULL) leaves the question open: then what the client went on to do is believed, and the codes stay unknown.
 */

#include "session_private.h"

static void emit(struct smtp_session *session, enum smtp_event_kind kind, uint32_t number, const struct smtp_reply *reply,
                 const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, kind, SMTP_SERVER);
    event.offset = session->reply_offset;
    event.transaction = session->transaction;
    event.number = number;
    event.code = reply != NULL ? reply->code : 0;
    event.message = session->answered_message;
    smtp_emit(sink, &event);
}

void smtp_transaction_end(struct smtp_session *session, enum smtp_outcome outcome, uint16_t code, const struct smtp_sink *sink)
{
    if (!session->transaction_open)
        return;
    session->transaction_open = false;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_TRANSACTION_END, SMTP_SERVER);
    event.offset = session->reply_offset;
    event.transaction = session->transaction;
    event.outcome = outcome;
    event.code = code;
    smtp_emit(sink, &event);
}

static void open_transaction(struct smtp_session *session, uint32_t mail, const struct smtp_sink *sink)
{
    session->transaction++;
    session->transaction_open = true;
    session->transaction_accepted = 0;
    session->transaction_answered = 0;
    session->transaction_chunks = false;
    session->refused_code = 0;
    session->lmtp_code = 0;
    emit(session, SMTP_EVENT_TRANSACTION_BEGIN, mail, NULL, sink);
}

/* RSET, a greeting, a new MAIL or QUIT takes the transaction away. */
static void abandon(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (session->refused_code != 0)
        smtp_transaction_end(session, SMTP_OUTCOME_REJECTED, session->refused_code, sink);
    else
        smtp_transaction_end(session, SMTP_OUTCOME_ABORTED, 0, sink);
}

/* The server takes a recipient or content although no MAIL was seen: it was, in what the capture does not hold. */
void smtp_transaction_lost_open(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (!session->transaction_open)
        open_transaction(session, 0, sink);
}

static void apply_mail(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    if (reply != NULL && !smtp_code_is_success(reply->code)) {
        if (session->transaction_open)
            return;
        open_transaction(session, session->answered, sink);
        smtp_transaction_end(session, SMTP_OUTCOME_REJECTED, reply->code, sink);
        return;
    }
    if (session->transaction_open && reply == NULL && session->refused_code == 0)
        smtp_transaction_end(session, SMTP_OUTCOME_UNKNOWN, 0, sink);
    abandon(session, sink);
    open_transaction(session, session->answered, sink);
}

static void apply_rcpt(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    bool success = reply != NULL && smtp_code_is_success(reply->code);
    bool lost_mail = session->mid_stream || session->half[SMTP_CLIENT].gap;
    if (!session->transaction_open && (success || (reply == NULL && lost_mail)))
        smtp_transaction_lost_open(session, sink);
    if (!session->transaction_open)
        return;
    if (success || reply == NULL)
        session->transaction_accepted++;
    emit(session, SMTP_EVENT_TRANSACTION_RCPT, session->answered, reply, sink);
}

static void apply_content(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    session->transaction_answered++;
    if (reply == NULL) {
        smtp_transaction_end(session, session->ending ? SMTP_OUTCOME_UNFINISHED : SMTP_OUTCOME_UNKNOWN, 0, sink);
        return;
    }
    /* LMTP: one reply for each accepted recipient; accepted if any of them was. */
    if (session->lmtp_code == 0 || smtp_code_is_success(reply->code))
        session->lmtp_code = reply->code;
    if (session->lmtp && !smtp_code_is_for_all(reply->code) && session->transaction_answered < session->transaction_accepted)
        return;
    uint16_t code = session->lmtp ? session->lmtp_code : reply->code;
    smtp_transaction_end(session, smtp_code_is_success(code) ? SMTP_OUTCOME_ACCEPTED : SMTP_OUTCOME_REJECTED, code, sink);
}

static void apply_chunk(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                        const struct smtp_sink *sink)
{
    bool lost_mail = session->mid_stream || session->half[SMTP_CLIENT].gap;
    if (lost_mail && (entry->flags & ENTRY_CHUNK) && reply != NULL && smtp_code_is_success(reply->code))
        smtp_transaction_lost_open(session, sink);
    if (!session->transaction_open)
        return;
    session->transaction_chunks = true;
    if ((entry->flags & ENTRY_CHUNK) && session->transaction_answered == 0)
        emit(session, SMTP_EVENT_TRANSACTION_CONTENT, 0, reply, sink);
    if (reply != NULL && !smtp_code_is_success(reply->code))
        session->refused_code = reply->code;
    if (!(entry->flags & ENTRY_LAST))
        return;
    /* The state behind a refused BDAT is indeterminate until RSET (RFC 3030 section 2): what ends it decides. */
    if (reply == NULL || smtp_code_is_success(reply->code) || session->lmtp)
        apply_content(session, reply, sink);
}

void smtp_transaction_apply(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                            const struct smtp_sink *sink)
{
    bool success = reply == NULL || smtp_code_is_success(reply->code);
    if (entry->kind == ENTRY_CONTENT) {
        if (entry->verb == SMTP_VERB_DATA)
            apply_content(session, reply, sink);
        return;
    }
    if (entry->kind != ENTRY_COMMAND)
        return;
    switch (entry->verb) {
    case SMTP_VERB_MAIL:
    case SMTP_VERB_SEND:
    case SMTP_VERB_SOML:
    case SMTP_VERB_SAML:
        apply_mail(session, reply, sink);
        break;
    case SMTP_VERB_RCPT:
        apply_rcpt(session, reply, sink);
        break;
    case SMTP_VERB_DATA:
        if (reply != NULL && reply->code != 354 && session->transaction_open)
            session->refused_code = reply->code;
        break;
    case SMTP_VERB_BDAT:
    case SMTP_VERB_BURL:
        apply_chunk(session, entry, reply, sink);
        break;
    case SMTP_VERB_QUIT:
        abandon(session, sink);
        break;
    case SMTP_VERB_RSET:
    case SMTP_VERB_EHLO:
    case SMTP_VERB_HELO:
    case SMTP_VERB_LHLO:
    case SMTP_VERB_XCLIENT:
    case SMTP_VERB_STARTTLS:
    case SMTP_VERB_X_ANONYMOUSTLS:
        if (success)
            abandon(session, sink);
        break;
    default:
        break;
    }
}
