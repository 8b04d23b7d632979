/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a reply answers: the command in front, as a rule; what was lost, or is no reply, and what can answer one command
 * only. */

#include "session_private.h"

void smtp_drop(struct smtp_session *session, unsigned count, const struct smtp_sink *sink)
{
    for (unsigned i = 0; i < count && session->queue.length > 0; i++) {
        struct entry entry = smtp_queue_pop(session);
        smtp_transaction_apply(session, &entry, NULL, sink);
    }
}

static bool waits_for(const struct entry *entry, unsigned code)
{
    switch (code) {
    case 354:
        return entry->kind == ENTRY_COMMAND && smtp_verb_has(entry->verb, SMTP_TRAIT_GOES_AHEAD);
    case 334:
    case 235:
    case 535:
        return entry->kind == ENTRY_RESPONSE ||
               (entry->kind == ENTRY_COMMAND && smtp_verb_has(entry->verb, SMTP_TRAIT_AUTHENTICATES));
    default:
        return entry->kind == ENTRY_COMMAND && entry->verb == SMTP_VERB_QUIT;
    }
}

/*
 * 354, 334 and 221 answer one verb only, whatever the count says: they put a count right that went wrong. But there are
 * servers that part with 221 from a client that breaks the rules: where no QUIT waits, it is a reply like any other.
 * Once the order is lost, what only logins get does it, too.
 */
static bool find_anchor(struct smtp_session *session, unsigned code, const struct smtp_sink *sink)
{
    struct entry entry;
    for (unsigned i = 0; smtp_queue_peek(&session->queue, i, &entry); i++) {
        if (!waits_for(&entry, code))
            continue;
        smtp_drop(session, i, sink);
        return true;
    }
    return false;
}

static bool may_find_order(const struct smtp_session *session, unsigned code)
{
    return smtp_code_is_anchor(code) || (session->disorder.order_lost && (code == 235 || code == 535));
}

static bool takes_greeting(struct smtp_session *session, unsigned code)
{
    struct entry head;
    bool asked = smtp_queue_peek(&session->queue, 0, &head);
    bool by_command = asked && smtp_verb_has(head.verb, SMTP_TRAIT_GREETED);
    if (session->greeting_seen)
        return false;
    if (code != 0 && !smtp_reply_code_decides(code)) /* the place says that it is one, and another may come */
        return !session->mid_stream && !asked;
    session->greeting_seen = true;
    bool by_code = code == 220 && !by_command;
    bool by_place = !session->mid_stream && (code == 0 || (code >= 400 && !asked));
    if (!by_code && !by_place)
        return false;
    session->early.pending = session->early.spoke && asked && !session->mid_stream;
    return true;
}

/*
 * The only command that a line without a code can answer, which is told by the code of the server's next line: where
 * that can answer one command only, and one waits in front of it. Takes it off the queue into `*entry`.
 */
static bool stands_in_front(struct smtp_session *session, unsigned next, struct entry *entry)
{
    struct entry second;
    bool only = smtp_code_is_anchor(next) && session->queue.uncertain == 0 &&
                smtp_queue_peek(&session->queue, 1, &second) && waits_for(&second, next);
    if (!only || !smtp_queue_peek(&session->queue, 0, entry) || entry->kind == ENTRY_GAP || waits_for(entry, next))
        return false;
    *entry = smtp_queue_pop(session);
    return true;
}

/* Replies that no command of that verb can get: somebody said something unasked, and the command still waits. */
static bool cannot_answer(const struct smtp_session *session, const struct entry *head, unsigned code)
{
    if (head->kind != ENTRY_COMMAND)
        return false;
    /* Behind a message with another one smuggled into it, replies to that one are to be expected. */
    if (head->verb == SMTP_VERB_QUIT && session->smuggling.state == SMTP_SMUGGLING_ANSWERED)
        return code < 400 && code != 221;
    if (head->verb == SMTP_VERB_DATA)
        return smtp_code_is_success(code);
    return code == 220 &&
           (smtp_verb_greets(head->verb) || head->verb == SMTP_VERB_MAIL || head->verb == SMTP_VERB_RCPT);
}

/* A reply while the client is in the middle of message content. */
static enum smtp_answers answer_content(struct smtp_session *session, unsigned code, bool *stays,
                                        const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool over = session->content.doubt || session->content.gap; /* its end may be there, or lost */
    bool decides = smtp_reply_code_decides(code) || (over && code == 353 && session->mail.open); /* PRDR */
    if (!decides || code == 421 || smtp_code_is_anchor(code) || session->content.answered)
        return SMTP_ANSWERS_NOTHING;
    if (session->content.gap &&
        session->reading.behind_hole) { /* its end and its reply may be lost, and this answers something else */
        smtp_content_end(session, SMTP_END_NONE, 0, sink);
        client->mode = CLIENT_COMMAND;
        client->resync = true;
        session->phase = SMTP_PHASE_SESSION;
        smtp_transaction_apply(session, &(struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA }, NULL, sink);
        return SMTP_ANSWERS_UNKNOWN;
    }
    if (session->content.doubt) {
        smtp_smuggling_at_mark(session);
        smtp_content_end(session, SMTP_END_VARIANT, 0, sink);
        client->mode = CLIENT_VARIANT_END;
    } else if (session->content.gap) {
        smtp_content_end(session, SMTP_END_NONE, 0, sink);
        client->mode = CLIENT_COMMAND;
        client->resync = true;
    } else {
        session->content.answered = true;
        session->content.code = (uint16_t)code;
    }
    session->phase = SMTP_PHASE_SESSION;
    *stays = over && smtp_transaction_more_replies(session, code);
    if (*stays)
        smtp_queue_push(session, (struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA }, sink);
    return SMTP_ANSWERS_CONTENT;
}

static enum smtp_answers answers_of(const struct smtp_session *session, const struct entry *entry, bool content)
{
    if (entry->kind == ENTRY_COMMAND)
        return content && session->mail.answered > 0 ? SMTP_ANSWERS_CONTENT : SMTP_ANSWERS_COMMAND;
    return entry->kind == ENTRY_CONTENT ? SMTP_ANSWERS_CONTENT : SMTP_ANSWERS_RESPONSE;
}

/* A line without a code or a preliminary reply where several replies are due: it may belong to any command that waits,
 * or to none. */
static bool loses_order(const struct smtp_session *session, unsigned code, bool content)
{
    bool first_of_many = content && code == 353; /* PRDR */
    return !smtp_reply_code_decides(code) && !may_find_order(session, code) && !first_of_many &&
           session->queue.length > session->queue.uncertain + 1u;
}

enum smtp_answers smtp_reply_match(struct smtp_session *session, unsigned code, unsigned next, struct entry *entry,
                                   bool *stays, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool unseen = client->gap || session->mid_stream || session->reading.behind_hole;
    enum smtp_answers nobody = unseen ? SMTP_ANSWERS_UNKNOWN : SMTP_ANSWERS_NOTHING;
    *entry = (struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA };
    if (takes_greeting(session, code))
        return SMTP_ANSWERS_GREETING;
    if (client->mode == CLIENT_DATA && session->queue.length == 0)
        return answer_content(session, code, stays, sink);

    bool anchored = may_find_order(session, code) && find_anchor(session, code, sink);
    if (smtp_code_is_anchor(code) && code != 221 && !anchored)
        return nobody;
    struct entry head;
    if (!smtp_queue_peek(&session->queue, 0, &head))
        return code == 421 ? SMTP_ANSWERS_NOTHING : nobody;
    if (code == 0 && !session->disorder.order_lost && stands_in_front(session, next, entry))
        return answers_of(session, entry, false);
    if (session->disorder.order_lost && !anchored) {
        if (session->disorder.replies > 0)
            smtp_lose_order(&session->disorder);
        return SMTP_ANSWERS_UNKNOWN;
    }
    smtp_find_order(&session->disorder);
    while (smtp_queue_peek(&session->queue, 0, &head) && (head.kind == ENTRY_GAP || head.kind == ENTRY_EMPTY_LINE)) {
        if (head.kind == ENTRY_EMPTY_LINE && code >= 500 && code <= 503) {
            smtp_queue_pop(session);
            return SMTP_ANSWERS_EMPTY_LINE;
        }
        if (head.kind == ENTRY_GAP && session->queue.length == 1) {
            session->queue.gap_answered = true;
            return SMTP_ANSWERS_UNKNOWN;
        }
        /* A client that does not wait for replies may have sent commands in the hole that this reply is for. */
        if (head.kind == ENTRY_GAP && session->queue.pipelines && !session->queue.gap_answered &&
            session->queue.uncertain == 0) {
            session->disorder.order_lost = true;
            return SMTP_ANSWERS_UNKNOWN;
        }
        smtp_drop(session, 1, sink);
    }
    if (session->queue.length == 0)
        return code == 421 ? SMTP_ANSWERS_NOTHING : nobody;
    if (!anchored && session->queue.uncertain > 0) {
        if (session->queue.length > session->queue.uncertain)
            smtp_drop(session, session->queue.uncertain, sink);
        else if (session->queue.uncertain > 1)
            return SMTP_ANSWERS_UNKNOWN;
    }
    smtp_queue_peek(&session->queue, 0, &head);
    if (cannot_answer(session, &head, code))
        return SMTP_ANSWERS_NOTHING;
    *entry = head;
    bool content = head.kind == ENTRY_CONTENT || (head.flags & ENTRY_LAST);
    bool others = session->queue.length > session->queue.uncertain + 1u ||
                  session->content.gap; /* were sent behind it, or may have been */
    if (content && others && smtp_transaction_is_uncounted(session)) {
        session->disorder.order_lost = true;
        return SMTP_ANSWERS_UNKNOWN;
    }
    if (loses_order(session, code, content)) {
        smtp_lose_order(&session->disorder);
        return SMTP_ANSWERS_UNKNOWN;
    }
    bool preliminary = code != 0 && !smtp_reply_code_decides(code) && !anchored;
    *stays = preliminary || (content && smtp_transaction_more_replies(session, code));
    if (*stays && head.kind == ENTRY_COMMAND) {
        session->queue.current = session->queue.answered + 1;
        smtp_queue_begin_message(session);
    }
    if (!*stays)
        *entry = smtp_queue_pop(session);
    if (preliminary)
        smtp_unsettled(&session->disorder, SMTP_UNSETTLED_HEAD);
    return answers_of(session, entry, content);
}
