/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the server's units do to the session: replies, and what follows from them. */

#include "session_private.h"

#define REPLY_LINE_LIMIT 512 /* RFC 5321 section 4.5.3.1.5, with the line end */
#define ENUMERATION_REFUSALS 10

/* ---- what follows from a reply ---- */

/* A client that knows the server from before may talk early, if that announces so (Exim's PIPE_CONNECT). */
void smtp_report_early_talk(struct smtp_session *session, const struct smtp_sink *sink)
{
    bool allowed = session->offers.now.known && session->early.allowed;
    if (session->early.pending && !allowed)
        smtp_report_once(session, SMTP_FINDING_EARLY_TALKER, SMTP_CLIENT, session->early.offset, sink,
                         "the client spoke before the server's greeting");
    session->early.pending = false;
}

static void greeted(struct smtp_session *session, enum smtp_verb verb, const struct smtp_sink *sink)
{
    uint64_t offset = session->reading.offset;
    bool extended = smtp_verb_has(verb, SMTP_TRAIT_EXTENDED);
    session->greeted = true;
    if (session->phase == SMTP_PHASE_CONNECT)
        session->phase = SMTP_PHASE_SESSION;
    smtp_offers_hold(&session->offers, extended, !session->reading.reply.partial && !session->half[SMTP_SERVER].gap);
    const struct smtp_offers *now = &session->offers.now;
    smtp_report_early_talk(session, sink);
    if (!extended || session->reading.reply.partial)
        return;
    bool tls = smtp_offers_has(now, SMTP_KEYWORD_STARTTLS);
    bool missing = !tls && !session->starttls.accepted && !session->tls.begun;
    if (now->masked && missing)
        smtp_report_once(session, SMTP_FINDING_STARTTLS_MASKED, SMTP_SERVER, offset, sink,
                         "a keyword of eight letters is overwritten with X, and STARTTLS is not among the others");
    else if (missing && !session->lmtp && now->known)
        smtp_report_once(session, SMTP_FINDING_STARTTLS_NOT_OFFERED, SMTP_SERVER, offset, sink,
                         "the server's EHLO reply does not offer STARTTLS");
    unsigned readable = 1u << SMTP_MECHANISM_PLAIN | 1u << SMTP_MECHANISM_LOGIN | 1u << SMTP_MECHANISM_XOAUTH2
                        | 1u << SMTP_MECHANISM_OAUTHBEARER;
    if ((now->mechanisms & readable) && !session->starttls.accepted && !session->encrypted)
        smtp_report_once(session, SMTP_FINDING_AUTH_OFFERED_IN_CLEAR, SMTP_SERVER, offset, sink,
                         "the server offers, in clear, a mechanism that sends the secret readable");
    if (smtp_offers_differ(&session->offers.before_tls, now))
        smtp_report_once(session, SMTP_FINDING_EXTENSIONS_CHANGED_AFTER_TLS, SMTP_SERVER, offset, sink,
                         "the extensions announced after STARTTLS are not those announced before it");
}

void smtp_starttls_answered(struct smtp_session *session, uint16_t code, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (client->mode == CLIENT_WAIT_STARTTLS)
        client->mode = CLIENT_COMMAND;
    session->starttls.code = code;
    session->starttls.number = session->queue.current;
    session->starttls.reply_offset = session->reading.offset;
    session->starttls.doubtful = code != 220 && code < 400;
    if (!session->starttls.doubtful)
        smtp_starttls_decided(session, code == 220, sink);
}

static void data_answered(struct smtp_session *session, enum smtp_verb verb, const struct smtp_reply *reply,
                          const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (client->mode == CLIENT_COMMAND && client->resync && reply->code == 354 && verb == SMTP_VERB_DATA) {
        session->content.start_unknown = true; /* the hole began behind DATA: the content's beginning is lost in it */
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
    session->content.number++;
    session->mail.message = session->content.number;
    session->content.gap = false;
    session->content.chunks_open = false;
    client->remaining = session->content.chunk_octets;
    smtp_content_begin(session, SMTP_TRANSPORT_XEXCH50, client->offset, sink);
    client->mode = session->content.chunk_octets > 0 ? CLIENT_CHUNK : CLIENT_COMMAND;
}

static void count_recipients(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    if (smtp_code_is_success(reply->code))
        session->guessing.accepted_recipients++;
    if (!smtp_reply_refuses_address(reply))
        return;
    session->guessing.refused_recipients++;
    if (session->guessing.refused_recipients >= ENUMERATION_REFUSALS &&
        session->guessing.refused_recipients > session->guessing.accepted_recipients)
        smtp_report_once(session, SMTP_FINDING_RECIPIENT_ENUMERATION, SMTP_SERVER, session->reading.offset, sink,
                         "%u addresses were refused as unknown, %u accepted", session->guessing.refused_recipients,
                         session->guessing.accepted_recipients);
}

static void command_answered(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                             const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool success = smtp_code_is_success(reply->code);
    if (!smtp_reply_code_decides(reply->code) && !smtp_code_is_anchor(reply->code)) {
        smtp_answered_unclearly(session, entry, sink);
        return;
    }
    if (smtp_verb_greets(entry->verb) && success) {
        greeted(session, entry->verb, sink);
    } else if (smtp_verb_has(entry->verb, SMTP_TRAIT_STARTS_TLS)) {
        smtp_starttls_answered(session, reply->code, sink);
    } else if (smtp_verb_has(entry->verb, SMTP_TRAIT_AUTHENTICATES)) {
        smtp_auth_answered(session, entry, reply, sink);
    } else if (smtp_verb_has(entry->verb, SMTP_TRAIT_GOES_AHEAD)) {
        data_answered(session, entry->verb, reply, sink);
    } else if (entry->verb == SMTP_VERB_BDAT) {
        if (!success && smtp_reply_code_decides(reply->code) && client->mode == CLIENT_CHUNK &&
            session->queue.current == session->queue.sent)
            session->content.chunk_refused = true;
    } else if (smtp_verb_has(entry->verb, SMTP_TRAIT_KNOWS)) {
        count_recipients(session, reply, sink);
    } else if (smtp_verb_has(entry->verb, SMTP_TRAIT_TURNS) && success) {
        session->turning = !reply->partial;
    }
}

/* The extensions of an EHLO reply are offered if its last line does not refuse (RFC 5321 section 4.2.1: that line decides). */
static void offer_starttls(struct smtp_session *session, uint32_t number, const struct smtp_sink *sink)
{
    if (session->offers.starttls_offset == 0 || session->starttls.offered ||
        !smtp_code_is_success(session->reading.reply.code))
        return;
    session->starttls.offered = true;
    smtp_boundary(session, SMTP_BOUNDARY_STARTTLS, SMTP_STEP_OFFERED, SMTP_SERVER, session->offers.starttls_offset,
                  number, sink);
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
    bool said = session->tls.hello_refused &&
                !session->tls.implicit; /* to a hello that nobody asked for, there is one for each line */
    bool hello_open = (session->tls.begun || session->tls.failed) && !session->tls.established && !said;
    return hello_open && reply->answers == SMTP_ANSWERS_NOTHING && reply->code >= 400 && session->queue.length == 0;
}

#define MASK_ASTERISKS 8 /* fewer are an ornament */

static void check_greeting(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    bool masked = session->reading.masked && session->reading.asterisks >= MASK_ASTERISKS;
    if (reply->answers == SMTP_ANSWERS_GREETING && masked && !reply->partial)
        smtp_report_once(session, SMTP_FINDING_BANNER_MASKED, SMTP_SERVER, session->reading.offset, sink,
                         "the server's greeting is overwritten with asterisks");
}

static void check_reply(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    uint64_t offset = session->reading.offset;
    smtp_check_form(session, reply, sink);
    if (reply->codes_differ)
        smtp_report(session, SMTP_FINDING_REPLY_CODE_MISMATCH, SMTP_SERVER, offset, sink,
                    "the lines of one reply have different codes; the last, %u, counts", reply->code);
    else if (reply->enhanced.present && reply->enhanced.class_digit != reply->code / 100 && may_be_enhanced(reply))
        smtp_report(session, SMTP_FINDING_REPLY_CODE_MISMATCH, SMTP_SERVER, offset, sink,
                    "the enhanced status code %u.%u.%u is of another class than the reply code %u",
                    reply->enhanced.class_digit, reply->enhanced.subject, reply->enhanced.detail, reply->code);
    bool to_hello = refuses_hello(session, reply);
    session->tls.hello_refused = session->tls.hello_refused || to_hello;
    if (reply->answers != SMTP_ANSWERS_NOTHING || reply->code == 421 || reply->code == 0 || to_hello)
        return;
    if (session->starttls.accepted && !session->encrypted && session->half[SMTP_SERVER].mode == SERVER_REPLY &&
        !session->starttls.reply_behind) {
        session->starttls.reply_behind = true;
        session->starttls.reply_behind_offset = offset;
    }
    smtp_report_once(session, SMTP_FINDING_REPLY_WITHOUT_COMMAND, SMTP_SERVER, offset, sink,
                     "a reply %u that answers no command", reply->code);
}

/* LMTP and PRDR: a reply to the content that is for one recipient. */
static void note_recipient(const struct smtp_session *session, struct smtp_reply *reply, const struct entry *entry)
{
    bool to_content =
        reply->answers == SMTP_ANSWERS_CONTENT ||
        (reply->answers == SMTP_ANSWERS_COMMAND && (entry->flags & ENTRY_LAST) && session->mail.accepted > 0);
    bool for_all = session->lmtp && smtp_code_is_for_all(reply->code);
    bool of_message = session->mail.prdr && (reply->code == 421 || session->mail.answered >= session->mail.accepted);
    bool told = session->mail.whole && session->mail.garbled == 0;
    if (!(session->lmtp || session->mail.prdr) || !to_content || for_all || !smtp_reply_code_decides(reply->code))
        return;
    reply->delivery = session->mail.answered + 1;
    reply->place = reply->delivery + session->mail.garbled;
    reply->recipient = told && !of_message ? reply->delivery : 0;
}

/* Whether the command that the reply belongs to was seen: the end of content may have been, and its DATA not. */
static bool answers_seen(const struct smtp_session *session, const struct entry *entry)
{
    enum smtp_verb verb = session->queue.current_verb;
    return entry->kind != ENTRY_CONTENT || smtp_verb_has(verb, SMTP_TRAIT_GOES_AHEAD);
}

void smtp_reply_close(struct smtp_session *session, bool partial, uint64_t end, unsigned next, const struct smtp_sink *sink)
{
    struct entry entry;
    struct smtp_reply *reply = &session->reading.reply;
    bool bare = smtp_reply_is_bare(&session->reading);
    bool stays = false;
    session->disorder.unsettled = SMTP_SETTLED;
    session->reading.open = false;
    session->reading.of_ehlo = false;
    reply->partial = partial && !bare;
    reply->text_lines = bare ? reply->lines : reply->text_lines;
    bool challenged = session->login.challenged;
    session->login.challenged = reply->code == 334;
    reply->answers = smtp_reply_match(session, reply->code, next, &entry, &stays, sink);
    reply->disorder = reply->answers == SMTP_ANSWERS_UNKNOWN && session->disorder.replies > 0;
    if (reply->disorder)
        session->disorder.replies += bare ? reply->lines - 1 : 0;
    session->reading.behind_hole = false;
    bool belongs = reply->answers == SMTP_ANSWERS_COMMAND || reply->answers == SMTP_ANSWERS_CONTENT
                   || reply->answers == SMTP_ANSWERS_RESPONSE;
    reply->verb = belongs ? entry.verb : SMTP_VERB_NONE;
    note_recipient(session, reply, &entry);

    if (belongs && session->starttls.doubtful)
        smtp_starttls_decided(session, false, sink); /* the dialogue goes on in clear */
    if (session->tls.begun && (session->tls.implicit || refuses_hello(session, reply)))
        smtp_tls_server_in_clear(session, sink);
    reply->of_token = belongs && smtp_verb_has(entry.verb, SMTP_TRAIT_AUTHENTICATES) && reply->code >= 400 &&
                      smtp_mechanism_has_token(session->login.mechanism);
    reply->token_status = reply->of_token ? session->login.token_status : 0;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_REPLY, SMTP_SERVER);
    event.octets = end - session->reading.offset;
    event.offset = session->reading.offset;
    event.reply =
        (struct smtp_reply_event){ .number = belongs && answers_seen(session, &entry) ? session->queue.current : 0,
                                   .whole = *reply };
    smtp_emit(sink, &event);
    offer_starttls(session, event.reply.number, sink);
    check_reply(session, reply, sink);
    check_greeting(session, reply, sink);
    smtp_smuggling_answer(session, reply, sink);

    struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (!belongs) {
        /* "Go ahead" to a DATA that the capture does not hold: content follows, its beginning perhaps lost. */
        if (reply->code == 354 && reply->answers == SMTP_ANSWERS_UNKNOWN && client->mode == CLIENT_COMMAND && client->resync) {
            smtp_drop(session, session->queue.length, sink);
            session->content.start_unknown = true;
            smtp_begin_data(session, sink);
        }
        smtp_auth_answer_unseen(session, reply, challenged, sink);
        return;
    }
    session->starttls.clear_answered =
        session->starttls.clear_answered || (session->starttls.accepted && !session->encrypted);
    bool content = entry.kind == ENTRY_CONTENT || (entry.flags & ENTRY_LAST);
    if (stays && !content)
        return; /* what the client does next decides */
    bool unclear = !smtp_reply_code_decides(reply->code) && !smtp_code_is_anchor(reply->code);
    if (entry.kind == ENTRY_COMMAND)
        command_answered(session, &entry, reply, sink);
    else if (entry.kind == ENTRY_RESPONSE && unclear)
        smtp_answered_unclearly(session, &entry, sink);
    else if (entry.kind == ENTRY_RESPONSE)
        smtp_auth_answered(session, &entry, reply, sink);
    if (session->content.answered && client->mode == CLIENT_DATA)
        return; /* the transaction ends when its content does */
    smtp_transaction_apply(session, &entry, reply, sink);
}

/* ---- reply lines ---- */

/* Of a greeting that is overwritten, some characters are left: those of "220" and spaces. */
static void note_asterisks(struct smtp_session *session, struct smtp_span text)
{
    for (size_t i = 0; i < text.length && session->reading.masked; i++) {
        uint8_t octet = text.octets[i];
        session->reading.asterisks += octet == '*';
        session->reading.masked = octet == '*' || octet == '2' || octet == '0' || octet == ' ';
    }
}

static bool allows_early_talk(struct smtp_span word)
{
    return smtp_span_is(word, "PIPE_CONNECT") || smtp_span_is(word, "PIPECONNECT") || smtp_span_is(word, "X_PIPE_CONNECT");
}

static void note_keyword(struct smtp_session *session, const struct smtp_keyword_line *line)
{
    session->early.allowed = session->early.allowed || allows_early_talk(line->word);
    smtp_offers_keyword(&session->offers.incoming, line);
    if (line->keyword == SMTP_KEYWORD_STARTTLS && session->offers.starttls_offset == 0)
        session->offers.starttls_offset = session->half[SMTP_SERVER].offset;
}

/* The first line with a code, perhaps behind lines without one. */
static void note_code(struct smtp_session *session, unsigned code)
{
    struct entry head;
    session->reading.reply.code = (uint16_t)code;
    session->reading.reply.text_lines = session->reading.reply.lines;
    unsigned skip = session->queue.length > session->queue.uncertain ? session->queue.uncertain : 0;
    bool asked = smtp_queue_peek(&session->queue, skip, &head);
    session->reading.of_ehlo =
        asked && code == 250 && head.kind == ENTRY_COMMAND && smtp_verb_has(head.verb, SMTP_TRAIT_EXTENDED);
}

static void open_reply(struct smtp_session *session, unsigned code)
{
    session->reading.reply = (struct smtp_reply){ .code = 0 };
    session->reading.open = true;
    session->reading.of_ehlo = false;
    session->reading.offset = session->half[SMTP_SERVER].offset;
    session->reading.abandoned_at = 0;
    session->offers.starttls_offset = 0;
    session->reading.masked = !session->greeting_seen;
    session->reading.asterisks = 0;
    session->disorder.heard = session->disorder.arrived;
    smtp_offers_begin(&session->offers.incoming);
    if (code != 0)
        note_code(session, code);
}

/* Whether a line without a code is an answer, or may be: not the rest of one that is cut off in front of its code. */
static bool may_be_bare_reply(const struct smtp_session *session, const struct unit *unit)
{
    bool cut = unit->unterminated && unit->line.text.length < 4 && smtp_looks_like_reply(unit->line.text);
    return smtp_answer_is_due(session) && !cut;
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
    size_t limit = session->reading.reply.code == 334 ? SMTP_AUTH_LINE_LIMIT : REPLY_LINE_LIMIT;
    if (line->octets > limit)
        smtp_report_once(session, SMTP_FINDING_OVERLONG_LINE, SMTP_SERVER, offset, sink,
                         "a reply line of %s%zu octets, where %zu are allowed", smtp_line_is_cut(line) ? "more than " : "", line->octets, limit);
}

/* What the next response is asked for. A prompt of several lines is for the password if one of them says so. */
static void note_challenge(struct smtp_session *session, struct smtp_span text)
{
    if (smtp_mechanism_has_token(session->login.mechanism))
        session->login.token_status = (uint16_t)smtp_sasl_token_status(text);
    enum smtp_asked asked = smtp_sasl_asked(text);
    if (session->reading.reply.lines <= 1 ||
        (session->login.asked != SMTP_ASKED_PASSWORD && asked != SMTP_ASKED_NOTHING))
        session->login.asked = asked;
}

/* Whether a reply may quote a password: it answers a login, or a line that no server knows, or nobody knows what. */
static bool is_near_login(const struct smtp_session *session, unsigned code)
{
    struct entry head;
    if (code == 334 || code == 235 || code == 535 || !smtp_queue_peek(&session->queue, 0, &head))
        return session->greeting_seen || session->mid_stream;
    return (head.kind != ENTRY_COMMAND && head.kind != ENTRY_CONTENT) ||
           smtp_verb_has(head.verb, SMTP_TRAIT_AUTHENTICATES) || smtp_verb_has(head.verb, SMTP_TRAIT_QUOTED) ||
           session->queue.uncertain > 0;
}

static void apply_reply_line(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_half *half = &session->half[SMTP_SERVER];
    struct smtp_reply_line line = smtp_reply_line_read(unit->line.text);
    half->resync = false;
    half->skip_line = !unit->unterminated && unit->line.end == SMTP_LINE_END_NONE && unit->octets == SMTP_LINE_LIMIT;
    if (line.code == 0 && !session->reading.open && !may_be_bare_reply(session, unit)) {
        if (session->content.gap)
            smtp_transaction_hole(session); /* it may answer a content whose end is lost */
        smtp_apply_skipped(session, SMTP_SERVER, unit, sink);
        return;
    }
    if (!session->reading.open)
        open_reply(session, line.code);
    else if (session->reading.reply.code == 0 && line.code != 0)
        note_code(session, line.code);

    struct smtp_reply *reply = &session->reading.reply;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_REPLY_LINE, SMTP_SERVER);
    event.octets = unit->octets;
    event.reply_line = (struct smtp_reply_line_event){
        .index = reply->lines,
        .line = unit->line,
        .parsed = line,
        .is_keyword = session->reading.of_ehlo && reply->lines > reply->text_lines,
        .near_login = is_near_login(session, line.code),
    };
    reply->lines++;
    if (event.reply_line.near_login && !event.reply_line.is_keyword)
        event.reply_line.secret = smtp_secret_of_reply(line.code, line.text, decoded);
    if (line.code == 334)
        note_challenge(session, line.text);
    if (event.reply_line.is_keyword)
        event.reply_line.keyword = smtp_keyword_line_parse(line.text);
    reply->without_code = reply->without_code || line.code == 0;
    reply->glued_code = reply->glued_code || line.no_separator;
    if (line.code != 0) {
        reply->codes_differ = reply->codes_differ || line.code != reply->code;
        reply->code = line.code;
    }
    if (line.enhanced.present && !session->reading.of_ehlo) {
        reply->enhanced = line.enhanced;
        reply->enhanced.text = smtp_span(NULL, 0);
    }
    if (session->reading.masked)
        note_asterisks(session, line.text);
    smtp_emit(sink, &event);
    check_reply_line(session, &unit->line, sink);
    if (event.reply_line.is_keyword)
        note_keyword(session, &event.reply_line.keyword);
    if (line.code == 0 || !line.last)
        return;
    smtp_reply_close(session, false, half->offset + unit->octets, 0, sink);
}

void smtp_apply_server(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_SERVER];
    switch (unit->kind) {
    case UNIT_REPLY_LINE:
        apply_reply_line(session, unit, sink);
        break;
    case UNIT_GOES_ON:
        smtp_apply_goes_on(session, sink);
        break;
    case UNIT_REPLY_CLOSE:
        smtp_reply_close(session, true, half->offset, smtp_reply_line_read(unit->line.text).code, sink);
        break;
    case UNIT_INJECTED:
        smtp_apply_injected(session, SMTP_SERVER, unit, sink);
        break;
    case UNIT_SKIPPED:
        smtp_apply_skipped(session, SMTP_SERVER, unit, sink);
        if (half->resync && session->mail.garbled == 0)
            smtp_transaction_hole(session); /* it may be the end of a reply, or one of its own */
        if (half->resync && session->queue.length > 0)
            smtp_unsettled(&session->disorder, SMTP_UNSETTLED_TAIL);
        break;
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
