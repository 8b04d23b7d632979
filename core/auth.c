/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The exchange of an AUTH command (RFC 4954): what the client and the server say in it, and what that shows to others.
 */

#include <stdio.h>

#include "session_private.h"

/* Lines in a row that may be responses out of place. */
#define STRAYS_REMEMBERED 8u

static uint64_t offset_of(const struct smtp_session *session)
{
    return session->half[SMTP_CLIENT].offset;
}

/* ---- the client ---- */

/* To others than the two. */
static bool reveals_secret(const struct smtp_session *session)
{
    return smtp_mechanism_reveals_secret(session->login.mechanism) && !session->encrypted;
}

/* Clear text behind an accepted STARTTLS is what went over the wire, unless somebody decrypted it who wrote the
 * capture. */
static void report_readable(struct smtp_session *session, const char *how, const struct smtp_sink *sink)
{
    if (session->encrypted)
        return;
    if (session->starttls.accepted)
        smtp_report(session, SMTP_FINDING_CLEARTEXT_CREDENTIALS, SMTP_CLIENT, offset_of(session), sink,
                    "%s readable to everybody on the path: no TLS followed the accepted STARTTLS, unless it was "
                    "decrypted for the capture",
                    how);
    else
        smtp_report(session, SMTP_FINDING_CLEARTEXT_CREDENTIALS, SMTP_CLIENT, offset_of(session), sink,
                    "%s readable to everybody on the path", how);
}

/* LOGIN: the user name, and whatever some put behind it. */
static struct smtp_sasl_response decode_initial(const struct smtp_session *session, struct smtp_span initial,
                                                uint8_t *decoded)
{
    struct smtp_span behind = initial;
    struct smtp_span user = smtp_span_next_word(&behind);
    behind = smtp_span_trim(behind);
    if (session->login.mechanism != SMTP_MECHANISM_LOGIN || behind.length == 0)
        return smtp_sasl_decode(session->login.mechanism, 0, initial, decoded);
    uint8_t password[SMTP_SASL_DECODED_LIMIT];
    struct smtp_sasl_response named = smtp_sasl_decode(SMTP_MECHANISM_LOGIN, 0, user, decoded);
    struct smtp_sasl_response secret = smtp_sasl_decode(SMTP_MECHANISM_LOGIN, 1, behind, password);
    size_t room = SMTP_SASL_DECODED_LIMIT - named.decoded.length;
    bool copied = secret.decoded.length > 0; /* else it points into the line */
    struct smtp_span text = smtp_span_first(secret.secret, room);
    if (copied && text.length > 0)
        memcpy(decoded + named.decoded.length, text.octets, text.length);
    named.has_secret = true;
    named.secret = copied ? smtp_span(decoded + named.decoded.length, text.length) : secret.secret;
    named.malformed = true;
    named.open = false;
    return named;
}

static void start_auth(struct smtp_session *session, const struct smtp_command *command, const struct smtp_line *line,
                       struct entry *entry, const struct smtp_sink *sink)
{
    struct smtp_span rest = command->argument;
    struct smtp_span word = smtp_span_next_word(&rest);
    struct smtp_span initial = smtp_span_trim(rest);
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    /* In front of a hole, the rest of the name may be lost in it. */
    bool torn = line->end == SMTP_LINE_END_NONE && word.octets + word.length == line->text.octets + line->text.length &&
                (!session->half[SMTP_CLIENT].finished || smtp_mechanism_of(word) == SMTP_MECHANISM_OTHER);
    session->login.mechanism = torn ? SMTP_MECHANISM_OTHER : smtp_mechanism_of(word);
    session->login.responses = 0;
    session->login.cancelled = false;
    session->login.user_named = false;
    session->login.token_status = 0;
    session->login.asked = SMTP_ASKED_NOTHING;
    smtp_login_begin(&session->login);
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, SMTP_CLIENT);
    event.boundary = (struct smtp_boundary_event){
        .boundary = SMTP_BOUNDARY_AUTH,
        .step = SMTP_STEP_STARTED,
        .text = torn || !smtp_mechanism_is_name(word) ? smtp_span(NULL, 0) : word,
        .number = session->queue.sent,
        .mechanism = session->login.mechanism,
    };
    struct smtp_sasl_response *sasl = &event.boundary.sasl;
    if (initial.length > 0) {
        *sasl = decode_initial(session, initial, decoded);
        smtp_login_response(&session->login, sasl);
        session->login.user_named = sasl->has_identity;
        session->login.responses = 1;
        if (session->login.mechanism == SMTP_MECHANISM_PLAIN || session->login.mechanism == SMTP_MECHANISM_EXTERNAL)
            entry->flags |= ENTRY_NO_CHALLENGE;
    }
    smtp_emit(sink, &event);
    if (torn)
        return;
    smtp_offers_mechanism(session, word, sink);
    if (sasl->has_secret && sasl->secret.length > 0 && reveals_secret(session)) {
        char how[80];
        snprintf(how, sizeof how, "AUTH %.*s sends the secret", (int)smtp_span_first(word, 40).length,
                 (const char *)word.octets);
        report_readable(session, how, sink);
    }
}

/* Which response of LOGIN it is: 0 the user name, 1 the password. What was asked for decides; where that says nothing,
 * the order. */
static unsigned login_step(const struct smtp_session *session, struct smtp_span text)
{
    unsigned step = session->login.responses > 0 ? 1 : 0;
    if (session->login.asked == SMTP_ASKED_PASSWORD || (session->login.asked == SMTP_ASKED_UNKNOWN && step == 0))
        return 1;
    if (session->login.asked != SMTP_ASKED_USER || !session->login.user_named)
        return session->login.asked == SMTP_ASKED_USER ? 0 : step;
    /* Asked again for what was said: another answer than before may be the password, from a client that does not read.
     */
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_sasl_response again = smtp_sasl_decode(SMTP_MECHANISM_LOGIN, 0, text, decoded);
    return again.has_identity && smtp_guess_who(again.identity) == session->login.who ? 0 : 1;
}

static struct smtp_sasl_response decode_response(const struct smtp_session *session, struct smtp_span text,
                                                 uint8_t *decoded)
{
    unsigned ordinal =
        session->login.mechanism == SMTP_MECHANISM_LOGIN ? login_step(session, text) : session->login.responses;
    return smtp_sasl_decode(session->login.mechanism, ordinal, text, decoded);
}

/* A client that did not wait sends its response although AUTH was refused: no command, and as readable as any other. */
bool smtp_auth_is_stray(struct smtp_session *session, const struct smtp_command *command, const struct smtp_line *line,
                        const struct smtp_sink *sink)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    session->login.stray_responses = session->login.stray_responses && command->verb == SMTP_VERB_UNKNOWN;
    if (!session->login.stray_responses || !smtp_secret_is_telling(smtp_span_trim(line->text)))
        return false;
    session->login.asked = SMTP_ASKED_NOTHING;
    struct smtp_sasl_response response = decode_response(session, line->text, decoded);
    if (response.bad_base64)
        return false;
    session->login.responses++;
    if (response.has_secret && response.secret.length > 0 && reveals_secret(session))
        report_readable(session, "a response to the AUTH that was refused sends the secret", sink);
    return true;
}

/* A message that is read as commands, or that begins in the middle, has a great many lines of base64: no login has. */
void smtp_auth_count_strays(struct smtp_login *login, struct smtp_secret *secret)
{
    login->strays = secret->kind == SMTP_SECRET_STRAY ? login->strays + 1 : 0;
    secret->passing = login->strays > STRAYS_REMEMBERED;
}

/* The secret that any other line than AUTH shows. */
void smtp_auth_report_misplaced(struct smtp_session *session, const struct smtp_secret *secret,
                                const struct smtp_sink *sink)
{
    if (secret->kind == SMTP_SECRET_MISPLACED && secret->readable)
        report_readable(session, "a line that is no AUTH command sends what looks like a password", sink);
}

void smtp_auth_begin(struct smtp_session *session, const struct smtp_command *command, const struct smtp_line *line,
                     struct entry *entry, const struct smtp_sink *sink)
{
    session->half[SMTP_CLIENT].mode = CLIENT_WAIT_AUTH;
    session->login.begun = command->argument.length > 0;
    if (session->login.begun)
        start_auth(session, command, line, entry, sink);
    else
        entry->flags = ENTRY_BARE_AUTH;
}

void smtp_auth_apply_response(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_AUTH_RESPONSE, SMTP_CLIENT);
    event.octets = unit->octets;
    event.auth_response = (struct smtp_auth_response_event){
        .line = unit->line,
        .number = session->queue.current,
        .index = session->login.responses,
        .mechanism = session->login.mechanism,
        .cancelled = smtp_span_is(unit->line.text, "*"),
    };
    bool cancelled = event.auth_response.cancelled;
    struct smtp_sasl_response *sasl = &event.auth_response.sasl;
    if (!cancelled)
        *sasl = decode_response(session, unit->line.text, decoded);
    event.auth_response.secret = smtp_secret_of_response(&session->login.watch, cancelled, unit->line.text, sasl);
    smtp_login_response(&session->login, sasl);
    session->login.user_named = session->login.user_named || sasl->has_identity;
    session->login.asked = SMTP_ASKED_NOTHING;
    session->login.torn_secret = unit->line.end == SMTP_LINE_END_NONE;
    session->login.cancelled = cancelled;
    session->login.response_assumed = false;
    session->login.responses++;
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    half->mode = CLIENT_WAIT_AUTH;
    half->skip_line = !unit->unterminated && unit->line.end == SMTP_LINE_END_NONE;
    smtp_check_command_line(session, &unit->line, SMTP_AUTH_LINE_LIMIT, sink);
    smtp_emit(sink, &event);
    if (sasl->has_secret && sasl->secret.length > 0 && reveals_secret(session))
        report_readable(session, "the response sends the secret", sink);
    smtp_queue_push(session, (struct entry){ .kind = ENTRY_RESPONSE, .verb = session->queue.current_verb }, sink);
}

/* ---- the server ---- */

/* A step of the exchange that the server's reply makes, or shows. `code` 0: it has none of its own. */
static void tell_step(const struct smtp_session *session, enum smtp_step step, uint16_t code, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, SMTP_SERVER);
    event.offset = session->reading.offset;
    event.boundary = (struct smtp_boundary_event){
        .boundary = SMTP_BOUNDARY_AUTH,
        .step = step,
        .number = session->queue.current,
        .mechanism = session->login.mechanism,
        .code = code,
    };
    smtp_emit(sink, &event);
}

/* An exchange of which the AUTH command, or its mechanism, is not known. */
static void begin_unseen_auth(struct smtp_session *session, const struct smtp_sink *sink)
{
    session->login.mechanism = SMTP_MECHANISM_OTHER;
    session->login.responses = 0;
    session->login.cancelled = false;
    session->login.user_named = false;
    smtp_login_begin(&session->login);
    tell_step(session, SMTP_STEP_STARTED, 0, sink);
    session->login.begun = true;
}

void smtp_auth_answered(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
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
    else if (session->login.cancelled)
        step = SMTP_STEP_CANCELLED;
    if ((waiting && step == SMTP_STEP_CHALLENGE && !session->login.begun) || (bare && step == SMTP_STEP_ACCEPTED))
        begin_unseen_auth(session, sink);
    session->login.begun = session->login.begun && step == SMTP_STEP_CHALLENGE;
    if (waiting)
        client->mode = step == SMTP_STEP_CHALLENGE ? CLIENT_RESPONSE : CLIENT_COMMAND;
    session->login.stray_responses = step == SMTP_STEP_REJECTED;
    if (step == SMTP_STEP_REJECTED)
        session->login.responses = 0;
    if (bare && step == SMTP_STEP_REJECTED)
        return;
    tell_step(session, step, reply->code, sink);
    if (step != SMTP_STEP_CHALLENGE)
        smtp_secret_auth_ended(&session->login.watch, step == SMTP_STEP_ACCEPTED);
    if (step == SMTP_STEP_ACCEPTED) {
        session->login.layer =
            session->login.mechanism == SMTP_MECHANISM_GSSAPI || session->login.mechanism == SMTP_MECHANISM_DIGEST_MD5;
        smtp_login_accepted(session, sink);
    }
    if (step == SMTP_STEP_REJECTED && smtp_denies_credentials(reply->code, &reply->enhanced))
        smtp_login_denied(session, sink);
}

/* What only logins get, in a capture that does not hold the AUTH. RFC 4954 section 6. */
static bool is_of_unseen_login(const struct smtp_session *session, const struct smtp_reply *reply)
{
    static const uint16_t codes[] = { 235, 432, 534, 535, 538 };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (reply->code == codes[i])
            return reply->answers == SMTP_ANSWERS_UNKNOWN && session->half[SMTP_CLIENT].mode == CLIENT_COMMAND;
    return false;
}

/*
 * A challenge, or the end of a login, although no AUTH waits for one: part of the exchange was lost, or taken for
 * something else. `challenged`: the reply before it is a challenge, so it answers the response to that, which is lost.
 */
void smtp_auth_answer_unseen(struct smtp_session *session, const struct smtp_reply *reply, bool challenged,
                             const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    bool again = reply->code == 334 && client->mode == CLIENT_COMMAND;
    if (!again && !is_of_unseen_login(session, reply))
        return;
    bool goes_on = challenged && session->login.begun;
    if (!goes_on) {
        session->queue.current = 0;
        session->queue.current_verb = SMTP_VERB_AUTH;
        begin_unseen_auth(session, sink);
    }
    session->login.responses += goes_on; /* the lost one */
    if (goes_on || !again)
        smtp_auth_answered(session, &(struct entry){ .kind = ENTRY_RESPONSE, .verb = SMTP_VERB_AUTH }, reply, sink);
    if (!again)
        return;
    client->mode = CLIENT_RESPONSE;
    session->login.response_assumed = true;
}
