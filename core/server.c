/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the server's units do to the session: replies, what they answer, and what follows from them. */

#include "session_private.h"

#define REPLY_LINE_LIMIT 512 /* RFC 5321 section 4.5.3.1.5, with the line end */
#define ENUMERATION_REFUSALS 10

/* ---- what a reply answers ---- */

/* The entry's reply is lost: what the client did since is all there is to go by. */
static void drop(struct smtp_session *session, unsigned count, const struct smtp_sink *sink)
{
    for (unsigned i = 0; i < count && session->queue_length > 0; i++) {
        struct entry entry = smtp_queue_pop(session);
        smtp_transaction_apply(session, &entry, NULL, sink);
    }
}

static bool waits_for(const struct entry *entry, unsigned code)
{
    switch (code) {
    case 354:
        return entry->kind == ENTRY_COMMAND && (entry->verb == SMTP_VERB_DATA || entry->verb == SMTP_VERB_XEXCH50);
    case 334:
        return entry->kind == ENTRY_RESPONSE || (entry->kind == ENTRY_COMMAND && smtp_verb_authenticates(entry->verb));
    default:
        return entry->kind == ENTRY_COMMAND && entry->verb == SMTP_VERB_QUIT;
    }
}

/*
 * 354, 334 and 221 answer one verb only, whatever the count says: they put a count right that went wrong. But there are servers that
 * part with 221 from a client that breaks the rules: where no QUIT waits, it is a reply like any other.
 */
static bool find_anchor(struct smtp_session *session, unsigned code, const struct smtp_sink *sink)
{
    struct entry entry;
    for (unsigned i = 0; smtp_queue_peek(session, i, &entry); i++) {
        if (!waits_for(&entry, code))
            continue;
        drop(session, i, sink);
        return true;
    }
    return false;
}

static bool is_anchor(unsigned code)
{
    return code == 354 || code == 334 || code == 221;
}

static bool takes_greeting(struct smtp_session *session, unsigned code)
{
    struct entry head;
    bool asked = smtp_queue_peek(session, 0, &head);
    bool starts_tls = asked && (smtp_verb_starts_tls(head.verb) || head.verb == SMTP_VERB_XCLIENT);
    if (session->greeting_seen)
        return false;
    session->greeting_seen = true;
    if (!(code == 220 && !starts_tls) && !(code >= 400 && !asked))
        return false;
    session->early_talk = session->early_talker && asked && !session->mid_stream;
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
    return code == 220 && (smtp_verb_greets(head->verb) || head->verb == SMTP_VERB_MAIL || head->verb == SMTP_VERB_RCPT);
}

/* A reply while the client is in the middle of message content. */
static enum smtp_answers answer_content(struct smtp_session *session, unsigned code, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (code == 421 || is_anchor(code) || session->content_answered)
        return SMTP_ANSWERS_NOTHING;
    if (session->doubt) {
        smtp_smuggling_at_mark(session);
        smtp_content_end(session, SMTP_END_VARIANT, 0, sink);
        client->mode = CLIENT_VARIANT_END;
    } else if (session->content_gap) {
        smtp_content_end(session, SMTP_END_NONE, 0, sink);
        client->mode = CLIENT_COMMAND;
        client->resync = true;
    } else {
        session->content_answered = true;
        session->content_code = (uint16_t)code;
    }
    session->phase = SMTP_PHASE_SESSION;
    return SMTP_ANSWERS_CONTENT;
}

/* Finds what the reply answers and takes it off the queue into `*entry`. */
static enum smtp_answers match(struct smtp_session *session, unsigned code, struct entry *entry, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool unseen = client->gap || session->mid_stream || session->hole_before_reply;
    enum smtp_answers nobody = unseen ? SMTP_ANSWERS_UNKNOWN : SMTP_ANSWERS_NOTHING;
    *entry = (struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA };
    if (takes_greeting(session, code))
        return SMTP_ANSWERS_GREETING;
    if (client->mode == CLIENT_DATA && session->queue_length == 0)
        return answer_content(session, code, sink);

    bool anchored = is_anchor(code) && find_anchor(session, code, sink);
    if (is_anchor(code) && code != 221 && !anchored)
        return nobody;
    struct entry head;
    if (!smtp_queue_peek(session, 0, &head))
        return code == 421 ? SMTP_ANSWERS_NOTHING : nobody;
    if (session->order_lost && !anchored)
        return SMTP_ANSWERS_UNKNOWN;
    session->order_lost = false;
    while (smtp_queue_peek(session, 0, &head) && (head.kind == ENTRY_GAP || head.kind == ENTRY_EMPTY_LINE)) {
        if (head.kind == ENTRY_EMPTY_LINE && code >= 500 && code <= 503) {
            smtp_queue_pop(session);
            return SMTP_ANSWERS_EMPTY_LINE;
        }
        if (head.kind == ENTRY_GAP && session->queue_length == 1) {
            session->gap_answered = true;
            return SMTP_ANSWERS_UNKNOWN;
        }
        /* A client that does not wait for replies may have sent commands in the hole that this reply is for. */
        if (head.kind == ENTRY_GAP && session->pipelines && !session->gap_answered && session->uncertain == 0) {
            session->order_lost = true;
            return SMTP_ANSWERS_UNKNOWN;
        }
        drop(session, 1, sink);
    }
    if (session->queue_length == 0)
        return code == 421 ? SMTP_ANSWERS_NOTHING : nobody;
    if (!anchored && session->uncertain > 0) {
        if (session->queue_length > session->uncertain)
            drop(session, session->uncertain, sink);
        else if (session->uncertain > 1)
            return SMTP_ANSWERS_UNKNOWN;
    }
    smtp_queue_peek(session, 0, &head);
    if (cannot_answer(session, &head, code))
        return SMTP_ANSWERS_NOTHING;
    *entry = head;
    /* LMTP: the content has as many replies as recipients were accepted (RFC 2033 section 4.2). */
    bool content = head.kind == ENTRY_CONTENT || (head.flags & ENTRY_LAST);
    if (session->lmtp && content && !smtp_code_is_for_all(code) && session->transaction_answered + 1 < session->transaction_accepted) {
        if (head.kind == ENTRY_COMMAND)
            session->current = session->answered + 1;
    } else {
        *entry = smtp_queue_pop(session);
    }
    if (head.kind == ENTRY_COMMAND)
        return content && session->lmtp && session->transaction_answered > 0 ? SMTP_ANSWERS_CONTENT : SMTP_ANSWERS_COMMAND;
    return head.kind == ENTRY_CONTENT ? SMTP_ANSWERS_CONTENT : SMTP_ANSWERS_RESPONSE;
}

/* ---- what follows from a reply ---- */

/* A client that knows the server from before may talk early, if that announces so (Exim's PIPE_CONNECT). */
void smtp_report_early_talk(struct smtp_session *session, const struct smtp_sink *sink)
{
    bool allowed = session->ehlo_seen && session->early_allowed;
    if (session->early_talk && !allowed)
        smtp_report_once(session, SMTP_FINDING_EARLY_TALKER, SMTP_CLIENT, session->early_offset, sink,
                         "the client spoke before the server's greeting");
    session->early_talk = false;
}

static void greeted(struct smtp_session *session, enum smtp_verb verb, const struct smtp_sink *sink)
{
    uint64_t offset = session->reply_offset;
    bool extended = verb != SMTP_VERB_HELO;
    session->greeted = true;
    if (session->phase == SMTP_PHASE_CONNECT)
        session->phase = SMTP_PHASE_SESSION;
    session->keywords = extended ? session->new_keywords : 0;
    session->mechanisms = extended ? session->new_mechanisms : 0;
    smtp_offers_hold(session, extended);
    session->ehlo_seen = !session->reply.partial && !session->half[SMTP_SERVER].gap;
    smtp_report_early_talk(session, sink);
    if (!extended || session->reply.partial)
        return;
    bool tls = (session->keywords & (UINT64_C(1) << SMTP_KEYWORD_STARTTLS)) != 0;
    bool missing = !tls && !session->starttls_accepted && !session->tls_begun;
    if (session->masked && missing)
        smtp_report_once(session, SMTP_FINDING_STARTTLS_MASKED, SMTP_SERVER, offset, sink,
                         "a keyword of eight letters is overwritten with X, and STARTTLS is not among the others");
    else if (missing && !session->lmtp && session->ehlo_seen)
        smtp_report_once(session, SMTP_FINDING_STARTTLS_NOT_OFFERED, SMTP_SERVER, offset, sink,
                         "the server's EHLO reply does not offer STARTTLS");
    unsigned readable = 1u << SMTP_MECHANISM_PLAIN | 1u << SMTP_MECHANISM_LOGIN | 1u << SMTP_MECHANISM_XOAUTH2
                        | 1u << SMTP_MECHANISM_OAUTHBEARER;
    if ((session->mechanisms & readable) && !session->starttls_accepted && !session->encrypted)
        smtp_report_once(session, SMTP_FINDING_AUTH_OFFERED_IN_CLEAR, SMTP_SERVER, offset, sink,
                         "the server offers, in clear, a mechanism that sends the secret readable");
    uint64_t may_differ = UINT64_C(1) << SMTP_KEYWORD_STARTTLS | UINT64_C(1) << SMTP_KEYWORD_AUTH
                          | UINT64_C(1) << SMTP_KEYWORD_X_ANONYMOUSTLS | UINT64_C(1) << SMTP_KEYWORD_X_EXPS
                          | UINT64_C(1) << SMTP_KEYWORD_REQUIRETLS | UINT64_C(1) << SMTP_KEYWORD_OTHER;
    if (session->before_tls_known && session->ehlo_seen && (session->keywords_before_tls ^ session->keywords) & ~may_differ)
        smtp_report_once(session, SMTP_FINDING_EXTENSIONS_CHANGED_AFTER_TLS, SMTP_SERVER, offset, sink,
                         "the extensions announced after STARTTLS are not those announced before it");
}

static void starttls_answered(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (client->mode == CLIENT_WAIT_STARTTLS)
        client->mode = CLIENT_COMMAND;
    session->starttls_code = reply->code;
    session->starttls_number = session->current;
    session->starttls_reply_offset = session->reply_offset;
    session->starttls_doubtful = reply->code != 220 && (reply->code == 0 || smtp_code_is_success(reply->code));
    if (!session->starttls_doubtful)
        smtp_starttls_decided(session, reply->code == 220, sink);
}

/* An exchange of which the AUTH command, or its mechanism, is not known. */
static void begin_unseen_auth(struct smtp_session *session, const struct smtp_sink *sink)
{
    session->mechanism = SMTP_MECHANISM_OTHER;
    session->responses = 0;
    session->cancelled = false;
    session->user_named = false;
    smtp_login_begin(session);
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, SMTP_SERVER);
    event.offset = session->reply_offset;
    event.boundary = SMTP_BOUNDARY_AUTH;
    event.step = SMTP_STEP_STARTED;
    event.number = session->current;
    event.mechanism = session->mechanism;
    smtp_emit(sink, &event);
    session->auth_begun = true;
}

static void auth_answered(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                          const struct smtp_sink *sink)
{
    bool bare = entry->kind == ENTRY_COMMAND && (entry->flags & ENTRY_BARE_AUTH) != 0;
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool waiting = client->mode == CLIENT_WAIT_AUTH;
    enum smtp_step step = SMTP_STEP_REJECTED;
    if (reply->code == 334)
        step = SMTP_STEP_CHALLENGE;
    else if (smtp_code_is_success(reply->code))
        step = SMTP_STEP_ACCEPTED;
    else if (session->cancelled)
        step = SMTP_STEP_CANCELLED;
    if ((waiting && step == SMTP_STEP_CHALLENGE && !session->auth_begun) || (bare && step == SMTP_STEP_ACCEPTED))
        begin_unseen_auth(session, sink);
    session->auth_begun = session->auth_begun && step == SMTP_STEP_CHALLENGE;
    if (waiting)
        client->mode = step == SMTP_STEP_CHALLENGE ? CLIENT_RESPONSE : CLIENT_COMMAND;
    session->stray_responses = step == SMTP_STEP_REJECTED;
    if (step == SMTP_STEP_REJECTED)
        session->responses = 0;
    if (bare && step == SMTP_STEP_REJECTED)
        return;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, SMTP_SERVER);
    event.offset = session->reply_offset;
    event.boundary = SMTP_BOUNDARY_AUTH;
    event.step = step;
    event.number = session->current;
    event.code = reply->code;
    event.mechanism = session->mechanism;
    smtp_emit(sink, &event);
    if (step != SMTP_STEP_CHALLENGE)
        smtp_secret_auth_ended(&session->watch, step == SMTP_STEP_ACCEPTED);
    if (step == SMTP_STEP_ACCEPTED) {
        session->layer = session->mechanism == SMTP_MECHANISM_GSSAPI || session->mechanism == SMTP_MECHANISM_DIGEST_MD5;
        smtp_login_accepted(session, sink);
    }
    if (step == SMTP_STEP_REJECTED && smtp_denies_credentials(reply->code, &reply->enhanced))
        smtp_login_denied(session, sink);
}

static void data_answered(struct smtp_session *session, enum smtp_verb verb, const struct smtp_reply *reply,
                          const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (client->mode == CLIENT_COMMAND && client->resync && reply->code == 354 && verb == SMTP_VERB_DATA) {
        session->content_start_unknown = true; /* the hole began behind DATA: the content's beginning is lost in it */
        smtp_begin_data(session, sink);
        return;
    }
    if (client->mode != CLIENT_WAIT_DATA)
        return;
    if (reply->code != 354) {
        client->mode = CLIENT_COMMAND;
        return;
    }
    if (verb == SMTP_VERB_DATA) {
        smtp_begin_data(session, sink);
        return;
    }
    session->message++;
    session->answered_message = session->message;
    session->content_gap = false;
    session->bdat_open = false;
    client->remaining = session->chunk_octets;
    smtp_content_begin(session, SMTP_TRANSPORT_XEXCH50, client->offset, sink);
    client->mode = session->chunk_octets > 0 ? CLIENT_CHUNK : CLIENT_COMMAND;
}

static void count_recipients(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    if (smtp_code_is_success(reply->code))
        session->accepted_recipients++;
    if (!smtp_reply_refuses_address(reply))
        return;
    session->refused_recipients++;
    if (session->refused_recipients >= ENUMERATION_REFUSALS && session->refused_recipients > session->accepted_recipients)
        smtp_report_once(session, SMTP_FINDING_RECIPIENT_ENUMERATION, SMTP_SERVER, session->reply_offset, sink,
                         "%u addresses were refused as unknown, %u accepted", session->refused_recipients,
                         session->accepted_recipients);
}

static void command_answered(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                             const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool success = smtp_code_is_success(reply->code);
    if (smtp_verb_greets(entry->verb) && success) {
        greeted(session, entry->verb, sink);
    } else if (smtp_verb_starts_tls(entry->verb)) {
        starttls_answered(session, reply, sink);
    } else if (smtp_verb_authenticates(entry->verb)) {
        auth_answered(session, entry, reply, sink);
    } else if (entry->verb == SMTP_VERB_DATA || entry->verb == SMTP_VERB_XEXCH50) {
        data_answered(session, entry->verb, reply, sink);
    } else if (entry->verb == SMTP_VERB_BDAT) {
        if (!success && client->mode == CLIENT_CHUNK && session->current == session->commands)
            session->chunk_refused = true;
    } else if (entry->verb == SMTP_VERB_RCPT || entry->verb == SMTP_VERB_VRFY || entry->verb == SMTP_VERB_EXPN) {
        count_recipients(session, reply, sink);
    } else if ((entry->verb == SMTP_VERB_ATRN || entry->verb == SMTP_VERB_TURN) && success) {
        session->turning = !reply->partial;
    }
}

/* The extensions of an EHLO reply are offered if its last line does not refuse (RFC 5321 section 4.2.1: that line decides). */
static void offer_starttls(struct smtp_session *session, uint32_t number, const struct smtp_sink *sink)
{
    if (session->new_starttls_offset == 0 || session->starttls_offered || !smtp_code_is_success(session->reply.code))
        return;
    session->starttls_offered = true;
    smtp_boundary(session, SMTP_BOUNDARY_STARTTLS, SMTP_STEP_OFFERED, SMTP_SERVER, session->new_starttls_offset, number, sink);
}

/* ---- findings on replies ---- */

/* RFC 2034 section 4: no status code stands in the greeting, nor in 3yz replies; numbers there are something else. */
static bool may_be_enhanced(const struct smtp_reply *reply)
{
    return reply->answers != SMTP_ANSWERS_GREETING && reply->code / 100 != 3 && !smtp_verb_greets(reply->verb);
}

/* A server that cannot begin TLS may say so in clear, to the client's hello: once. */
static bool refuses_hello(const struct smtp_session *session, const struct smtp_reply *reply)
{
    bool said = session->hello_refused && !session->tls_implicit; /* to a hello that nobody asked for, there is one for each line */
    bool hello_open = (session->tls_begun || session->tls_failed) && !session->tls_established && !said;
    return hello_open && reply->answers == SMTP_ANSWERS_NOTHING && reply->code >= 400 && session->queue_length == 0;
}

#define MASK_ASTERISKS 8 /* fewer are an ornament */

static void check_greeting(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    bool masked = session->reply_masked && session->reply_asterisks >= MASK_ASTERISKS;
    if (reply->answers == SMTP_ANSWERS_GREETING && masked && !reply->partial)
        smtp_report_once(session, SMTP_FINDING_BANNER_MASKED, SMTP_SERVER, session->reply_offset, sink,
                         "the server's greeting is overwritten with asterisks");
}

static void check_reply(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    uint64_t offset = session->reply_offset;
    if (reply->codes_differ)
        smtp_report(session, SMTP_FINDING_REPLY_CODE_MISMATCH, SMTP_SERVER, offset, sink,
                    "the lines of one reply have different codes; the last, %u, counts", reply->code);
    else if (reply->enhanced.present && reply->enhanced.class_digit != reply->code / 100 && may_be_enhanced(reply))
        smtp_report(session, SMTP_FINDING_REPLY_CODE_MISMATCH, SMTP_SERVER, offset, sink,
                    "the enhanced status code %u.%u.%u is of another class than the reply code %u",
                    reply->enhanced.class_digit, reply->enhanced.subject, reply->enhanced.detail, reply->code);
    bool to_hello = refuses_hello(session, reply);
    session->hello_refused = session->hello_refused || to_hello;
    if (reply->answers != SMTP_ANSWERS_NOTHING || reply->code == 421 || to_hello)
        return;
    if (session->starttls_accepted && !session->encrypted && session->half[SMTP_SERVER].mode == SERVER_REPLY && !session->reply_behind_220) {
        session->reply_behind_220 = true;
        session->reply_behind_offset = offset;
    }
    smtp_report_once(session, SMTP_FINDING_REPLY_WITHOUT_COMMAND, SMTP_SERVER, offset, sink,
                     "a reply %u that answers no command", reply->code);
}

void smtp_reply_close(struct smtp_session *session, bool partial, uint64_t end, const struct smtp_sink *sink)
{
    struct entry entry;
    struct smtp_reply *reply = &session->reply;
    session->reply_open = false;
    session->reply_ehlo = false;
    reply->partial = partial;
    reply->answers = match(session, reply->code, &entry, sink);
    session->hole_before_reply = false;
    bool belongs = reply->answers == SMTP_ANSWERS_COMMAND || reply->answers == SMTP_ANSWERS_CONTENT
                   || reply->answers == SMTP_ANSWERS_RESPONSE;
    reply->verb = belongs ? entry.verb : SMTP_VERB_NONE;
    bool for_all = smtp_code_is_for_all(reply->code);
    if (session->lmtp && reply->answers == SMTP_ANSWERS_CONTENT && !for_all)
        reply->recipient = session->transaction_answered + 1;
    else if (session->lmtp && reply->answers == SMTP_ANSWERS_COMMAND && (entry.flags & ENTRY_LAST)
             && session->transaction_accepted > 0 && !for_all)
        reply->recipient = session->transaction_answered + 1;

    if (belongs && session->starttls_doubtful)
        smtp_starttls_decided(session, false, sink); /* the dialogue goes on in clear */
    if (session->tls_begun && (session->tls_implicit || refuses_hello(session, reply)))
        smtp_tls_server_in_clear(session, sink);
    reply->of_token = belongs && smtp_verb_authenticates(entry.verb) && reply->code >= 400 &&
                      smtp_mechanism_has_token(session->mechanism);
    reply->token_status = reply->of_token ? session->token_status : 0;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_REPLY, SMTP_SERVER);
    event.octets = end - session->reply_offset;
    event.offset = session->reply_offset;
    event.number = belongs ? session->current : 0;
    event.reply = *reply;
    smtp_emit(sink, &event);
    offer_starttls(session, event.number, sink);
    check_reply(session, reply, sink);
    check_greeting(session, reply, sink);
    smtp_smuggling_answer(session, reply, sink);

    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (!belongs) {
        /* "Go ahead" to a DATA that the capture does not hold: content follows, its beginning perhaps lost. */
        if (reply->code == 354 && reply->answers == SMTP_ANSWERS_UNKNOWN && client->mode == CLIENT_COMMAND && client->resync) {
            drop(session, session->queue_length, sink);
            session->content_start_unknown = true;
            smtp_begin_data(session, sink);
        }
        /* A challenge, although no AUTH waits for one: part of the exchange was lost, or taken for something else. */
        if (reply->code == 334 && client->mode == CLIENT_COMMAND) {
            session->current = 0;
            session->current_verb = SMTP_VERB_AUTH;
            begin_unseen_auth(session, sink);
            client->mode = CLIENT_RESPONSE;
            session->response_assumed = true;
        }
        return;
    }
    session->clear_answered = session->clear_answered || (session->starttls_accepted && !session->encrypted);
    if (entry.kind == ENTRY_COMMAND)
        command_answered(session, &entry, reply, sink);
    else if (entry.kind == ENTRY_RESPONSE)
        auth_answered(session, &entry, reply, sink);
    if (session->content_answered && client->mode == CLIENT_DATA)
        return; /* the transaction ends when its content does */
    smtp_transaction_apply(session, &entry, reply, sink);
}

/* ---- reply lines ---- */

/* Of a greeting that is overwritten, some characters are left: those of "220" and spaces. */
static void note_asterisks(struct smtp_session *session, struct smtp_span text)
{
    for (size_t i = 0; i < text.length && session->reply_masked; i++) {
        uint8_t octet = text.octets[i];
        session->reply_asterisks += octet == '*';
        session->reply_masked = octet == '*' || octet == '2' || octet == '0' || octet == ' ';
    }
}

static bool allows_early_talk(struct smtp_span word)
{
    return smtp_span_is(word, "PIPE_CONNECT") || smtp_span_is(word, "PIPECONNECT") || smtp_span_is(word, "X_PIPE_CONNECT");
}

static void note_keyword(struct smtp_session *session, const struct smtp_keyword_line *line)
{
    session->early_allowed = session->early_allowed || allows_early_talk(line->word);
    session->new_keywords |= UINT64_C(1) << line->keyword;
    session->masked = session->masked || line->masked;
    smtp_offers_keyword(session, line);
    if (line->keyword == SMTP_KEYWORD_STARTTLS && session->new_starttls_offset == 0)
        session->new_starttls_offset = session->half[SMTP_SERVER].offset;
    if (line->keyword != SMTP_KEYWORD_AUTH && line->keyword != SMTP_KEYWORD_X_EXPS)
        return;
    struct smtp_span rest = line->parameters;
    for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
        session->new_mechanisms |= 1u << smtp_mechanism_of(word);
}

static void open_reply(struct smtp_session *session, unsigned code)
{
    struct entry head;
    session->reply = (struct smtp_reply){ .code = (uint16_t)code };
    session->reply_open = true;
    session->reply_offset = session->half[SMTP_SERVER].offset;
    session->cut = 0;
    session->new_keywords = 0;
    session->new_mechanisms = 0;
    session->new_starttls_offset = 0;
    session->reply_masked = !session->greeting_seen;
    session->reply_asterisks = 0;
    session->masked = false;
    smtp_offers_begin(session);
    unsigned skip = session->queue_length > session->uncertain ? session->uncertain : 0;
    bool asked = smtp_queue_peek(session, skip, &head);
    session->reply_ehlo = asked && code == 250 && head.kind == ENTRY_COMMAND
                          && (head.verb == SMTP_VERB_EHLO || head.verb == SMTP_VERB_LHLO);
}

static void check_reply_line(struct smtp_session *session, const struct smtp_line *line, const struct smtp_sink *sink)
{
    uint64_t offset = session->half[SMTP_SERVER].offset;
    if (line->end == SMTP_LINE_END_LF)
        smtp_report_once(session, SMTP_FINDING_BARE_LINE_FEED, SMTP_SERVER, offset, sink,
                         "a reply line ends in a line feed without a carriage return");
    if (line->bare_cr)
        smtp_report_once(session, SMTP_FINDING_BARE_CARRIAGE_RETURN, SMTP_SERVER, offset, sink,
                         "a reply line holds a carriage return without a line feed behind it");
    if (line->nul)
        smtp_report_once(session, SMTP_FINDING_NUL_OCTET, SMTP_SERVER, offset, sink, "a reply line holds a NUL octet");
    size_t limit = session->reply.code == 334 ? SMTP_AUTH_LINE_LIMIT : REPLY_LINE_LIMIT;
    if (line->octets > limit)
        smtp_report_once(session, SMTP_FINDING_OVERLONG_LINE, SMTP_SERVER, offset, sink,
                         "a reply line of %s%zu octets, where %zu are allowed", smtp_line_is_cut(line) ? "more than " : "", line->octets, limit);
}

/* What the next response is asked for. A prompt of several lines is for the password if one of them says so. */
static void note_challenge(struct smtp_session *session, struct smtp_span text)
{
    if (smtp_mechanism_has_token(session->mechanism))
        session->token_status = (uint16_t)smtp_sasl_token_status(text);
    enum smtp_asked asked = smtp_sasl_asked(text);
    if (session->reply.lines <= 1 || (session->asked != SMTP_ASKED_PASSWORD && asked != SMTP_ASKED_NOTHING))
        session->asked = asked;
}

/* Whether a reply may quote a password: it answers a login, or a line that no server knows, or nobody knows what. */
static bool is_near_login(const struct smtp_session *session, unsigned code)
{
    struct entry head;
    if (code == 334 || code == 235 || code == 535 || !smtp_queue_peek(session, 0, &head))
        return session->greeting_seen;
    return (head.kind != ENTRY_COMMAND && head.kind != ENTRY_CONTENT) || smtp_verb_authenticates(head.verb) ||
           head.verb == SMTP_VERB_UNKNOWN || head.verb == SMTP_VERB_OTHER || head.verb == SMTP_VERB_NOOP ||
           head.verb == SMTP_VERB_HELP || session->uncertain > 0;
}

static void apply_reply_line(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_SERVER];
    struct smtp_reply_line line = smtp_reply_line_read(unit->line.text);
    half->resync = false;
    half->skip_line = !unit->unterminated && unit->line.end == SMTP_LINE_END_NONE && unit->octets == SMTP_LINE_LIMIT;
    if (line.code == 0 && !session->reply_open) {
        smtp_apply_skipped(session, SMTP_SERVER, unit, sink);
        return;
    }
    if (!session->reply_open)
        open_reply(session, line.code);

    struct smtp_reply *reply = &session->reply;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_REPLY_LINE, SMTP_SERVER);
    event.octets = unit->octets;
    event.index = reply->lines++;
    event.line = unit->line;
    event.reply_line = line;
    event.is_keyword = session->reply_ehlo && event.index > 0;
    event.near_login = is_near_login(session, line.code);
    if (line.code == 334)
        note_challenge(session, line.text);
    if (event.is_keyword)
        event.keyword = smtp_keyword_line_parse(line.text);
    if (line.code != 0) {
        reply->codes_differ = reply->codes_differ || line.code != reply->code;
        reply->code = line.code;
    }
    if (line.enhanced.present && !session->reply_ehlo) {
        reply->enhanced = line.enhanced;
        reply->enhanced.text = smtp_span(NULL, 0);
    }
    if (session->reply_masked)
        note_asterisks(session, line.text);
    smtp_emit(sink, &event);
    check_reply_line(session, &unit->line, sink);
    if (event.is_keyword)
        note_keyword(session, &event.keyword);
    if (line.code == 0 || !line.last)
        return;
    smtp_reply_close(session, false, half->offset + unit->octets, sink);
}

void smtp_apply_server(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_SERVER];
    switch (unit->kind) {
    case UNIT_REPLY_LINE:
        apply_reply_line(session, unit, sink);
        break;
    case UNIT_REPLY_CLOSE:
        smtp_reply_close(session, true, half->offset, sink);
        break;
    case UNIT_INJECTED:
        smtp_apply_injected(session, SMTP_SERVER, unit, sink);
        break;
    case UNIT_SKIPPED:
    case UNIT_OPAQUE:
        smtp_apply_skipped(session, SMTP_SERVER, unit, sink);
        break;
    case UNIT_OPAQUE_BEGIN:
        half->mode = SERVER_OPAQUE;
        break;
    default:
        smtp_apply_tls(session, SMTP_SERVER, unit, sink);
        break;
    }
}
