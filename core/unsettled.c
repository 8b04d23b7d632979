/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Replies that settle nothing: lines without a reply code, 1yz and 3yz. RFC 5321 section 4.2 has none of them as an
 * answer, but servers send them, and clients go on. What the client does next tells: if it speaks, that was the answer
 * to the command that waits; if the server says more before it does, the line was text in front of that. Where replies
 * to several commands are due, the line may be any of them or none: then their order is lost until one reply can answer
 * one command only.
 */

#include "session_private.h"

void smtp_unsettled(struct smtp_disorder *disorder, enum smtp_unsettled what)
{
    disorder->unsettled = (uint8_t)what;
    disorder->heard = disorder->arrived;
}

/* Message content goes on whatever the server says. */
static bool sends_content(const struct smtp_half *client)
{
    switch ((enum client_mode)client->mode) {
    case CLIENT_DATA:
    case CLIENT_VARIANT_END:
    case CLIENT_CHUNK:
    case CLIENT_TLS:
    case CLIENT_OPAQUE:
        return true;
    default:
        return client->skip_line;
    }
}

bool smtp_client_goes_on(const struct smtp_session *session, uint64_t octets)
{
    const struct smtp_half *client = &session->half[SMTP_CLIENT];
    if ((session->disorder.unsettled == SMTP_SETTLED && !smtp_reply_is_bare(&session->reading)) ||
        sends_content(client))
        return false;
    return client->offset + octets > session->disorder.heard || (octets > 0 && session->half[SMTP_SERVER].finished);
}

/* Whether the client stands where only a reply says what its octets are. */
static bool client_waits(const struct smtp_session *session)
{
    uint8_t mode = session->half[SMTP_CLIENT].mode;
    return mode == CLIENT_WAIT_DATA || mode == CLIENT_WAIT_AUTH || mode == CLIENT_WAIT_STARTTLS;
}

void smtp_answered_unclearly(struct smtp_session *session, const struct entry *entry, const struct smtp_sink *sink)
{
    session->disorder.octets_decide = client_waits(session) && session->queue.length == 0;
    if (entry->kind == ENTRY_COMMAND && smtp_verb_has(entry->verb, SMTP_TRAIT_STARTS_TLS))
        smtp_starttls_answered(
            session, smtp_reply_code_decides(session->reading.reply.code) ? 0 : session->reading.reply.code, sink);
}

/* The command in front has no other answer. */
static void settle_head(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (session->queue.length == 0)
        return;
    struct entry entry = smtp_queue_pop(session);
    smtp_transaction_settle(session, &entry, sink);
    smtp_answered_unclearly(session, &entry, sink);
}

/* The client took as many replies as there were commands, or goes on where it must have had the last one. */
static void settle_group(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (session->disorder.replies < session->queue.length && !client_waits(session))
        return;
    struct entry last = { .kind = ENTRY_GAP };
    if (session->queue.length > 0)
        smtp_queue_peek(&session->queue, session->queue.length - 1u, &last);
    smtp_drop(session, session->queue.length, sink);
    smtp_find_order(&session->disorder);
    smtp_answered_unclearly(session, &last, sink);
}

void smtp_apply_goes_on(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (smtp_reply_is_bare(&session->reading))
        smtp_reply_close(session, true, session->half[SMTP_SERVER].offset, 0, sink);
    enum smtp_unsettled what = (enum smtp_unsettled)session->disorder.unsettled;
    session->disorder.unsettled = SMTP_SETTLED;
    switch (what) {
    case SMTP_SETTLED:
        break;
    case SMTP_UNSETTLED_HEAD:
        settle_head(session, sink);
        break;
    case SMTP_UNSETTLED_TAIL:
        session->queue.uncertain = session->queue.length;
        break;
    case SMTP_UNSETTLED_GROUP:
        settle_group(session, sink);
        break;
    }
}

/* Commands, responses and messages that wait, those aside whose replies may be lost in a hole. */
static unsigned certain(const struct smtp_session *session)
{
    return session->queue.length - session->queue.uncertain;
}

bool smtp_answer_is_due(const struct smtp_session *session)
{
    const struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (!session->greeting_seen && !session->mid_stream)
        return true;
    return session->queue.length > 0 && client->mode != CLIENT_DATA;
}

bool smtp_several_answers_are_due(const struct smtp_session *session)
{
    struct entry head;
    if (!session->greeting_seen && !session->mid_stream)
        return false;
    if (certain(session) > 1)
        return true;
    if (!smtp_queue_peek(&session->queue, session->queue.length - 1u, &head))
        return false;
    bool content = head.kind == ENTRY_CONTENT || (head.flags & ENTRY_LAST);
    return content && (session->lmtp || session->mail.prdr) && smtp_transaction_more_replies(session, 250);
}

void smtp_lose_order(struct smtp_disorder *disorder)
{
    disorder->order_lost = true;
    disorder->replies++;
    smtp_unsettled(disorder, SMTP_UNSETTLED_GROUP);
}

void smtp_find_order(struct smtp_disorder *disorder)
{
    disorder->order_lost = false;
    disorder->replies = 0;
}

/* ---- findings ---- */

/* What the reply answers, for a sentence. */
static const char *answered(const struct smtp_reply *reply)
{
    switch (reply->answers) {
    case SMTP_ANSWERS_GREETING:
        return "the server's greeting";
    case SMTP_ANSWERS_CONTENT:
        return "the answer to the message";
    case SMTP_ANSWERS_RESPONSE:
        return "the answer to an AUTH response";
    case SMTP_ANSWERS_COMMAND:
    case SMTP_ANSWERS_EMPTY_LINE:
        return "the answer to a command";
    case SMTP_ANSWERS_NOTHING:
    case SMTP_ANSWERS_UNKNOWN:
        break;
    }
    return "what the server says";
}

void smtp_check_form(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    uint64_t offset = session->reading.offset;
    const char *verb = reply->answers == SMTP_ANSWERS_COMMAND ? smtp_verb_name(reply->verb) : "";
    if (reply->code == 0 && reply->disorder)
        smtp_report(session, SMTP_FINDING_MALFORMED_REPLY, SMTP_SERVER, offset, sink,
                    "what the server says has no reply code; which of the commands that wait it answers, if any, "
                    "cannot be told, nor "
                    "can it be of the replies that follow");
    else if (reply->code == 0 && *verb != '\0')
        smtp_report(session, SMTP_FINDING_MALFORMED_REPLY, SMTP_SERVER, offset, sink,
                    "the answer to %s has no reply code", verb);
    else if (reply->code == 0)
        smtp_report(session, SMTP_FINDING_MALFORMED_REPLY, SMTP_SERVER, offset, sink, "%s has no reply code",
                    answered(reply));
    else if (reply->code < 200)
        smtp_report(session, SMTP_FINDING_MALFORMED_REPLY, SMTP_SERVER, offset, sink, "%u is no reply code of SMTP",
                    reply->code);
    else if (reply->without_code)
        smtp_report(session, SMTP_FINDING_MALFORMED_REPLY, SMTP_SERVER, offset, sink,
                    "a line of the reply %u has no reply code", reply->code);
    else if (reply->glued_code)
        smtp_report(session, SMTP_FINDING_MALFORMED_REPLY, SMTP_SERVER, offset, sink,
                    "nothing stands between the reply code %u and the text behind it", reply->code);
}
