/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is the next unit of a stream, and how long is it? The answer depends on the state that both directions led to;
 * nothing here changes it.
 */

#include "proxy.h"
#include "session_private.h"
#include "telnet.h"

static enum frame give(struct unit *unit, enum unit_kind kind, struct smtp_span octets, size_t length)
{
    unit->kind = kind;
    unit->octets = length;
    unit->text = smtp_span_first(octets, length);
    return FRAME_UNIT;
}

static enum frame give_line(struct unit *unit, enum unit_kind kind, struct smtp_span octets)
{
    return give(unit, kind, octets, unit->line.octets);
}

/* Finds a line, and cuts one that outgrows the limit. */
static bool find_line(struct smtp_span octets, bool at_end, struct unit *unit)
{
    if (smtp_line_find(smtp_span_first(octets, SMTP_LINE_LIMIT), at_end && octets.length <= SMTP_LINE_LIMIT, &unit->line)) {
        unit->unterminated = unit->line.end == SMTP_LINE_END_NONE;
        return true;
    }
    if (octets.length < SMTP_LINE_LIMIT)
        return false;
    unit->unterminated = false;
    unit->line = (struct smtp_line){ .text = smtp_span_first(octets, SMTP_LINE_LIMIT), .octets = SMTP_LINE_LIMIT };
    return true;
}

/* The rest of a line whose beginning was cut off, or does not count. */
static enum frame skip_line(struct smtp_span octets, struct unit *unit)
{
    const uint8_t *end = memchr(octets.octets, '\n', octets.length);
    size_t length = end != NULL ? (size_t)(end - octets.octets) + 1 : octets.length;
    unit->unterminated = end == NULL;
    return give(unit, UNIT_SKIPPED, octets, length);
}

/* STARTTLS was accepted, or its reply is not known. */
static bool tls_was_asked_for(const struct smtp_session *session, enum smtp_role role)
{
    const struct smtp_half *half = &session->half[role];
    const struct smtp_half *peer = &session->half[SMTP_CLIENT + SMTP_SERVER - role];
    bool unseen = session->mid_stream || half->gap || peer->gap || peer->finished || session->force;
    return session->starttls.accepted || session->starttls.doubtful || (session->starttls.requested && unseen);
}

/*
 * Whether TLS can begin here: in front of everything, behind a STARTTLS that was accepted or whose reply is not known, or where
 * the capture does not show what went before. Elsewhere only a hello is TLS.
 */
static bool tls_may_begin(const struct smtp_session *session, enum smtp_role role)
{
    const struct smtp_half *half = &session->half[role];
    const struct smtp_half *peer = &session->half[SMTP_CLIENT + SMTP_SERVER - role];
    bool first = half->offset == 0 && session->queue.sent == 0 && !session->greeting_seen;
    bool unseen = session->mid_stream || half->gap || peer->gap || peer->finished || session->force;
    bool peer_unseen = role == SMTP_SERVER && (peer->gap || peer->finished);
    return session->tls.begun || first || tls_was_asked_for(session, role) || peer_unseen || (unseen && half->resync);
}

/* Whether TLS begins with the first of `octets`. `*decided` is false if they are something else. */
static enum frame begin_tls(const struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                            struct unit *unit, bool *decided)
{
    *decided = false;
    if (session->encrypted)
        return FRAME_MORE;
    enum smtp_tls_look look = tls_may_begin(session, role) ? smtp_tls_look(octets, &unit->record) : SMTP_TLS_NO;
    if (look == SMTP_TLS_NO && role == SMTP_CLIENT)
        look = smtp_tls_look_for_hello(octets); /* a client that does not ask whether the server speaks TLS */
    *decided = look == SMTP_TLS_YES || (look == SMTP_TLS_PERHAPS && !at_end);
    if (look == SMTP_TLS_YES)
        return give(unit, UNIT_TLS_BEGIN, octets, 0);
    return FRAME_MORE;
}

/* TLS is to come, and nobody has gone on in clear: what is neither TLS nor a whole line was put in front of it. */
static bool tls_must_begin(const struct smtp_session *session)
{
    return (session->starttls.accepted || session->starttls.doubtful) && !session->starttls.clear_answered &&
           !session->encrypted;
}

/*
 * Behind STARTTLS any octet may be the first of TLS: what stands in front of it in its line is no line, but a piece of one that
 * somebody put there (CVE-2011-0411 and its kin). `*decided` is false if the line is one, as far as it is there.
 */
static enum frame frame_in_front_of_tls(const struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                                        struct unit *unit, bool *decided)
{
    *decided = false;
    if (session->encrypted ||
        !(tls_was_asked_for(session, role) || (session->tls.begun && session->starttls.requested)))
        return FRAME_MORE;
    size_t at;
    octets = smtp_span_first(octets, SMTP_LINE_LIMIT);
    const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
    size_t line = lf != NULL ? (size_t)(lf - octets.octets) + 1 : octets.length;
    enum smtp_tls_look look = smtp_tls_find_hello(octets, session->half[role].scanned, line, &at);
    unit->scanned = (uint32_t)at;
    bool perhaps = look == SMTP_TLS_PERHAPS && !at_end;
    bool alone = at_end && lf == NULL && octets.length < SMTP_LINE_LIMIT && tls_must_begin(session) &&
                 (role == SMTP_CLIENT || session->tls.begun);
    *decided = look == SMTP_TLS_YES || perhaps || alone;
    if (!*decided || perhaps)
        return FRAME_MORE;
    unit->unterminated = true;
    return give(unit, UNIT_INJECTED, octets, look == SMTP_TLS_YES ? at : line);
}

/* Whether what stands where a record should begin may be a line of clear text: `*perhaps` if its end is not there yet. */
static bool is_clear_line(enum smtp_role role, struct smtp_span octets, bool at_end, struct unit *unit, bool *perhaps)
{
    bool may_be = role == SMTP_CLIENT ? smtp_ascii_is_letter(octets.octets[0]) : smtp_looks_like_reply(octets);
    *perhaps = false;
    if (!may_be)
        return false;
    *perhaps = !find_line(octets, at_end, unit);
    if (*perhaps)
        return false;
    struct smtp_span text = unit->line.text;
    return role == SMTP_CLIENT ? smtp_command_is_certain(text) : text.length >= 3 && smtp_looks_like_reply(text);
}

/*
 * Whether the handshake cannot have got through: an alert said so, or neither side has said anything under keys, as far as both can
 * be read. What may have been said in a hole, or by a side that is not in the capture, proves nothing.
 */
static bool tls_did_not_begin(const struct smtp_session *session)
{
    const struct smtp_half *client = &session->half[SMTP_CLIENT];
    const struct smtp_half *server = &session->half[SMTP_SERVER];
    bool both_read = client->seen && server->seen && !client->gap && !server->gap;
    return session->tls.failed || (both_read && !client->tls_encrypted && !server->tls_encrypted);
}

/* No record: where the handshake did not get through, the dialogue may go on in clear. */
static enum frame frame_behind_tls(const struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                                   struct unit *unit)
{
    bool perhaps = false;
    if (!session->tls.established && tls_did_not_begin(session) && is_clear_line(role, octets, at_end, unit, &perhaps))
        return give(unit, UNIT_TLS_END, octets, 0);
    return perhaps ? FRAME_MORE : give(unit, UNIT_TLS_BODY, octets, octets.length);
}

/* Behind the header of a handshake record the hello is read, so the whole body must be there; else the header will do. */
static enum frame frame_tls(const struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                            struct unit *unit)
{
    const struct smtp_half *half = &session->half[role];
    if (half->tls_lost)
        return give(unit, UNIT_TLS_BODY, octets, octets.length);
    if (half->remaining > 0) {
        size_t length = half->remaining < octets.length ? (size_t)half->remaining : octets.length;
        return give(unit, UNIT_TLS_BODY, octets, length);
    }
    switch (smtp_tls_look(octets, &unit->record)) {
    case SMTP_TLS_PERHAPS:
        if (!at_end)
            return FRAME_MORE;
        return give(unit, UNIT_TLS_BODY, octets, octets.length);
    case SMTP_TLS_NO:
        return frame_behind_tls(session, role, octets, at_end, unit);
    case SMTP_TLS_YES:
        break;
    }
    size_t whole = unit->record.header_octets + unit->record.body_octets;
    bool want_body = !half->tls_encrypted && (unit->record.type == SMTP_TLS_HANDSHAKE || unit->record.type == SMTP_TLS_ALERT);
    if (octets.length >= whole)
        return give(unit, UNIT_TLS_RECORD, octets, whole);
    if (want_body && !at_end)
        return FRAME_MORE;
    return give(unit, UNIT_TLS_RECORD, octets, octets.length);
}

/* A header of the PROXY protocol in front of everything. `*decided` is false if there is none. */
static enum frame frame_proxy(struct smtp_span octets, bool at_end, struct unit *unit, bool *decided)
{
    size_t length = 0;
    enum smtp_proxy_look look = smtp_proxy_look(octets, at_end, &length);
    *decided = look != SMTP_PROXY_NO;
    return look == SMTP_PROXY_YES ? give(unit, UNIT_PROXY, octets, length) : FRAME_MORE;
}

/* Telnet's own octets in front of a line: one sequence at a time. `*decided` is false if there are none. */
static enum frame frame_telnet(struct smtp_span octets, bool at_end, struct unit *unit, bool *decided)
{
    size_t length = 0;
    enum smtp_telnet_look look = smtp_telnet_look(octets, &length);
    *decided = look == SMTP_TELNET_YES || (look == SMTP_TELNET_PERHAPS && !at_end);
    return look == SMTP_TELNET_YES ? give(unit, UNIT_SKIPPED, octets, length) : FRAME_MORE;
}

static enum frame frame_command(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit)
{
    const struct smtp_half *half = &session->half[SMTP_CLIENT];
    if (half->skip_line)
        return skip_line(octets, unit);

    bool decided = false;
    enum frame telnet = frame_telnet(octets, at_end, unit, &decided);
    if (decided)
        return telnet;
    enum frame tls = begin_tls(session, SMTP_CLIENT, octets, at_end, unit, &decided);
    if (!decided)
        tls = frame_in_front_of_tls(session, SMTP_CLIENT, octets, at_end, unit, &decided);
    if (decided)
        return tls;
    /* A security layer's first buffer begins with its length in four octets: no command begins with a NUL. */
    if (session->login.layer && octets.octets[0] == 0)
        return give(unit, UNIT_OPAQUE_BEGIN, octets, 0);
    bool answers_may_come = !session->half[SMTP_SERVER].finished && session->queue.uncertain < session->queue.length;
    if (session->queue.length >= SMTP_QUEUE_LIMIT - 2 && !session->force && answers_may_come)
        return FRAME_PEER;
    if (!find_line(octets, at_end, unit))
        return FRAME_MORE;
    if (half->resync && !smtp_command_is_certain(unit->line.text))
        return give_line(unit, UNIT_SKIPPED, octets);
    return give_line(unit, UNIT_COMMAND, octets);
}

/*
 * The client waits for a reply, and TLS is to come instead: a command that was put in front of it gets none. All octets in front of
 * TLS belong to that. `*decided` is false if no TLS begins.
 */
static enum frame frame_unanswered(const struct smtp_session *session, struct smtp_span octets, struct unit *unit, bool *decided)
{
    size_t at = 0;
    *decided = false;
    if (session->half[SMTP_CLIENT].mode == CLIENT_WAIT_STARTTLS || !tls_must_begin(session))
        return FRAME_PEER;
    *decided = smtp_tls_find_hello(octets, session->half[SMTP_CLIENT].scanned, octets.length, &at) == SMTP_TLS_YES;
    unit->scanned = (uint32_t)at;
    return *decided ? give(unit, at > 0 ? UNIT_INJECTED : UNIT_ASSUME_COMMAND, octets, at) : FRAME_PEER;
}

/* The reply that says what the client's octets are is lost: the octets themselves must say it. */
static enum frame decide_by_octets(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit,
                                   enum unit_kind otherwise)
{
    bool lost = session->force || session->half[SMTP_SERVER].finished || session->queue.uncertain > 0;
    bool decided = false;
    enum frame unanswered = frame_unanswered(session, octets, unit, &decided);
    if (decided)
        return unanswered;
    if (!lost && !session->disorder.octets_decide)
        return FRAME_PEER;
    if (smtp_tls_look(octets, NULL) == SMTP_TLS_YES)
        return give(unit, UNIT_ASSUME_COMMAND, octets, 0);
    if (!find_line(octets, at_end, unit))
        return FRAME_MORE;
    bool command = smtp_command_is_certain(unit->line.text);
    return give(unit, command ? UNIT_ASSUME_COMMAND : otherwise, octets, 0);
}

static enum frame frame_chunk(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit)
{
    uint64_t remaining = session->half[SMTP_CLIENT].remaining;
    /* A server may refuse before the octets come, and a client may then not send them (RFC 3030 leaves both unsaid). */
    if (session->content.chunk_refused && remaining == session->content.chunk_octets) {
        if (!find_line(octets, at_end, unit))
            return FRAME_MORE;
        if (smtp_command_is_certain(unit->line.text))
            return give(unit, UNIT_ABANDON_CHUNK, octets, 0);
    }
    size_t length = remaining < octets.length ? (size_t)remaining : octets.length;
    if (tls_must_begin(session)) { /* a chunk that was put in front of it ends there */
        size_t at;
        enum smtp_tls_look look = smtp_tls_find_hello(octets, 0, length, &at);
        if (look == SMTP_TLS_YES && at == 0)
            return give(unit, UNIT_ABANDON_CHUNK, octets, 0);
        if (look == SMTP_TLS_PERHAPS && at == 0 && !at_end)
            return FRAME_MORE;
        length = at > 0 ? at : length;
    }
    return give(unit, UNIT_CHUNK, octets, length);
}

static enum frame frame_client(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit)
{
    const struct smtp_half *half = &session->half[SMTP_CLIENT];
    if (smtp_client_goes_on(session, octets.length))
        return give(unit, UNIT_GOES_ON, octets, 0);
    switch ((enum client_mode)half->mode) {
    case CLIENT_START: {
        bool decided = false;
        enum frame proxy = frame_proxy(octets, at_end, unit, &decided);
        return decided ? proxy : frame_command(session, octets, at_end, unit);
    }
    case CLIENT_COMMAND:
        return frame_command(session, octets, at_end, unit);
    case CLIENT_WAIT_DATA:
        return decide_by_octets(session, octets, at_end, unit, UNIT_ASSUME_CONTENT);
    case CLIENT_WAIT_AUTH:
        return decide_by_octets(session, octets, at_end, unit, UNIT_ASSUME_RESPONSE);
    case CLIENT_WAIT_STARTTLS:
        return decide_by_octets(session, octets, at_end, unit, UNIT_ASSUME_COMMAND);
    case CLIENT_DATA:
        return smtp_frame_content(session, octets, at_end, unit);
    case CLIENT_VARIANT_END: {
        size_t length = smtp_mark_octets(octets);
        return give(unit, UNIT_VARIANT_END, octets, length < octets.length ? length : octets.length);
    }
    case CLIENT_CHUNK:
        return frame_chunk(session, octets, at_end, unit);
    case CLIENT_RESPONSE:
        if (half->skip_line)
            return skip_line(octets, unit);
        if (!find_line(octets, at_end, unit))
            return FRAME_MORE;
        if (session->login.response_assumed && smtp_command_is_certain(unit->line.text))
            return give(unit, UNIT_ASSUME_COMMAND, octets, 0);
        return give_line(unit, UNIT_RESPONSE, octets);
    case CLIENT_TLS:
        return frame_tls(session, SMTP_CLIENT, octets, at_end, unit);
    case CLIENT_OPAQUE:
        break;
    }
    return give(unit, UNIT_OPAQUE, octets, octets.length);
}

bool smtp_looks_like_reply(struct smtp_span octets)
{
    for (size_t i = 0; i < 3 && i < octets.length; i++)
        if (!smtp_ascii_is_digit(octets.octets[i]))
            return false;
    if (octets.length > 0 && (octets.octets[0] < '2' || octets.octets[0] > '5'))
        return false;
    return octets.length < 4 || octets.octets[3] == ' ' || octets.octets[3] == '-' || octets.octets[3] == '\r'
           || octets.octets[3] == '\n';
}

/* Some servers forget the line end of their banner: then the next reply is glued to it, where the client spoke between. */
static size_t glued_at(const struct smtp_session *session, struct smtp_span line)
{
    uint64_t offset = session->half[SMTP_SERVER].offset;
    if (session->reading.abandoned_at <= offset || session->reading.abandoned_at - offset >= line.length)
        return 0;
    size_t at = (size_t)(session->reading.abandoned_at - offset);
    struct smtp_span rest = smtp_span_from(line, at);
    return rest.length >= 4 && smtp_looks_like_reply(rest) ? at : 0;
}

/* A line without a code where several replies are due: the next line with a code is no part of the same reply. */
static bool bare_reply_ends(const struct smtp_session *session, struct smtp_span text)
{
    return smtp_reply_is_bare(&session->reading) && smtp_reply_line_read(text).code != 0 &&
           smtp_several_answers_are_due(session);
}

/* Behind what was seen of a client, the first octets of the server are an answer, where the capture begins in the middle. */
static bool is_answer_in_the_middle(const struct smtp_session *session, struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.octets[i] < ' ' && text.octets[i] != '\t' && text.octets[i] != '\r')
            return false;
    return session->mid_stream && !session->half[SMTP_SERVER].gap && session->queue.length > 0;
}

/*
 * The client spoke in the middle of a multi-line reply, so it took that reply for finished. Does the next line go on with
 * it? Another code does not; nor does the last line of an EHLO reply that names no extension, as "250 ok".
 */
static bool reply_goes_on(const struct smtp_session *session, struct smtp_span text)
{
    struct smtp_reply_line line = smtp_reply_line_parse(text);
    if (!line.valid || line.code != session->reading.reply.code)
        return false;
    if (!line.last || !session->reading.of_ehlo)
        return true;
    return smtp_keyword_line_parse(line.text).keyword != SMTP_KEYWORD_OTHER;
}

static enum frame frame_server(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit)
{
    const struct smtp_half *half = &session->half[SMTP_SERVER];
    if (half->mode == SERVER_TLS)
        return frame_tls(session, SMTP_SERVER, octets, at_end, unit);
    if (half->mode == SERVER_OPAQUE)
        return give(unit, UNIT_OPAQUE, octets, octets.length);
    if (half->skip_line)
        return skip_line(octets, unit);
    if (smtp_client_goes_on(session, session->half[SMTP_CLIENT].pending)) /* it did, while the server's line waited */
        return give(unit, UNIT_GOES_ON, octets, 0);

    bool decided = false;
    enum frame telnet = frame_telnet(octets, at_end, unit, &decided);
    if (decided)
        return telnet;
    enum frame tls = begin_tls(session, SMTP_SERVER, octets, at_end, unit, &decided);
    if (!decided)
        tls = frame_in_front_of_tls(session, SMTP_SERVER, octets, at_end, unit, &decided);
    if (decided)
        return tls;
    if (session->login.layer && octets.octets[0] == 0)
        return give(unit, UNIT_OPAQUE_BEGIN, octets, 0);
    if (!find_line(octets, at_end, unit))
        return FRAME_MORE;
    if (session->reading.open && session->reading.abandoned_at == half->offset && session->reading.abandoned_at != 0 &&
        !reply_goes_on(session, unit->line.text))
        return give(unit, UNIT_REPLY_CLOSE, octets, 0);
    if (bare_reply_ends(session, unit->line.text))
        return give(unit, UNIT_REPLY_CLOSE, octets, 0);
    size_t glued = glued_at(session, unit->line.text);
    if (glued > 0) {
        unit->line = (struct smtp_line){ .text = smtp_span_first(octets, glued), .octets = glued };
        unit->unterminated = false;
    }
    if (half->resync && !(unit->line.text.length >= 3 && smtp_looks_like_reply(unit->line.text))
        && !is_answer_in_the_middle(session, unit->line.text))
        return give_line(unit, UNIT_SKIPPED, octets);
    return give_line(unit, UNIT_REPLY_LINE, octets);
}

enum frame smtp_frame(const struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                      struct unit *unit)
{
    *unit = (struct unit){ .kind = UNIT_SKIPPED };
    if (octets.length == 0)
        return FRAME_MORE;
    enum frame frame = role == SMTP_CLIENT ? frame_client(session, octets, at_end, unit)
                                           : frame_server(session, octets, at_end, unit);
    /* In front of a hole a CR may have lost its LF. */
    if (unit->line.end == SMTP_LINE_END_CR && !session->half[role].finished)
        unit->line.end = SMTP_LINE_END_NONE;
    return frame;
}
