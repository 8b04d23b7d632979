/* SPDX-License-Identifier: GPL-2.0-or-later */

/* TLS as a reader without keys sees it: where it begins, what the hellos say, whether the handshake got through. */

#include "session_private.h"

/*
 * The shortest encrypted Finished of TLS 1.3: 4 octets of header, 32 of digest, 1 of content type, 16 of tag. An encrypted
 * alert is shorter, so a client whose first encrypted record is smaller did not finish the handshake.
 */
#define FINISHED_OCTETS 53

static enum smtp_boundary boundary(const struct smtp_session *session)
{
    return session->tls.implicit ? SMTP_BOUNDARY_IMPLICIT_TLS : SMTP_BOUNDARY_STARTTLS;
}

void smtp_starttls_decided(struct smtp_session *session, bool accepted, const struct smtp_sink *sink)
{
    session->starttls.doubtful = false;
    session->starttls.waits = false;
    smtp_boundary(session, SMTP_BOUNDARY_STARTTLS, accepted ? SMTP_STEP_ACCEPTED : SMTP_STEP_REFUSED, SMTP_SERVER,
                  session->starttls.reply_offset, session->starttls.number, sink);
    if (!accepted) {
        session->starttls.refused = true;
        if (smtp_reply_code_decides(session->starttls.code))
            smtp_report(session, SMTP_FINDING_STARTTLS_REFUSED, SMTP_SERVER, session->starttls.reply_offset, sink,
                        "the server answered STARTTLS with %u", session->starttls.code);
        else
            smtp_report(session, SMTP_FINDING_STARTTLS_REFUSED, SMTP_SERVER, session->starttls.reply_offset, sink,
                        "the server's answer to STARTTLS says neither yes nor no, and the client went on in clear");
        return;
    }
    session->starttls.accepted = true;
    session->tls.failed = false; /* of an earlier one */
    session->tls.hello_refused = false;
    session->starttls.clear_behind = false;
    session->starttls.clear_answered = false;
    session->starttls.reply_behind = false;
    session->offers.before_tls = session->offers.now;
    session->offers.now.known = false;
    session->greeted = false;
    session->phase = SMTP_PHASE_CONNECT;
    session->content.chunks_open = false;
    if (session->starttls.octets_behind)
        smtp_report(session, SMTP_FINDING_STARTTLS_COMMAND_INJECTION, SMTP_CLIENT, session->starttls.behind_offset,
                    sink, "octets in clear follow STARTTLS before its reply; a careless server runs them inside TLS");
}

/* ---- what was put in front of TLS ---- */

/* The server has more to say than its 220, and the client begins TLS: that is no part of the handshake. */
static void note_open_reply(struct smtp_session *session)
{
    const struct smtp_half *server = &session->half[SMTP_SERVER];
    bool speaks = session->reading.open || (server->pending > 0 && !server->held);
    if (!session->starttls.accepted || session->starttls.reply_behind || server->mode != SERVER_REPLY || !speaks)
        return;
    session->starttls.reply_behind = true;
    session->starttls.reply_behind_offset = session->reading.open ? session->reading.offset : server->offset;
}

static void report_injections(struct smtp_session *session, const struct smtp_sink *sink)
{
    if (session->starttls.reply_behind)
        smtp_report_once(
            session, SMTP_FINDING_STARTTLS_REPLY_INJECTION, SMTP_SERVER, session->starttls.reply_behind_offset, sink,
            "reply octets in clear follow the 220 to STARTTLS; a careless client believes them inside TLS");
    if (session->starttls.clear_behind && !session->starttls.clear_answered)
        smtp_report_once(session, SMTP_FINDING_STARTTLS_COMMAND_INJECTION, SMTP_CLIENT, session->starttls.behind_offset,
                         sink,
                         "octets in clear stand between STARTTLS and TLS; a careless server runs them inside TLS");
}

void smtp_apply_injected(struct smtp_session *session, enum smtp_role role, const struct unit *unit, const struct smtp_sink *sink)
{
    uint64_t offset = session->half[role].offset;
    if (role == SMTP_CLIENT && !session->starttls.clear_behind) {
        session->starttls.clear_behind = true;
        session->starttls.behind_offset = session->starttls.octets_behind ? session->starttls.behind_offset : offset;
    }
    if (role == SMTP_SERVER && !session->starttls.reply_behind) {
        session->starttls.reply_behind = true;
        session->starttls.reply_behind_offset = session->reading.open ? session->reading.offset : offset;
    }
    smtp_apply_skipped(session, role, unit, sink);
    if (session->tls.begun)
        report_injections(session, sink);
}

/* Commands that were put in front of TLS: nobody answers them in clear, and who keeps to RFC 3207 section 4.2 forgets them. */
static void forget_commands(struct smtp_session *session)
{
    while (session->starttls.accepted && !session->starttls.clear_answered && session->queue.length > 0)
        smtp_queue_pop(session);
}

/* ---- the handshake ---- */

/* STARTTLS may be lost in a hole of the client's stream. */
static bool may_have_asked(const struct smtp_session *session)
{
    return session->starttls.offered && session->half[SMTP_CLIENT].gap;
}

static void begin(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    if (session->starttls.doubtful)
        smtp_starttls_decided(session, true, sink);
    if (role == SMTP_CLIENT)
        note_open_reply(session);
    else if (session->reading.open)
        smtp_reply_close(session, true, half->offset, 0, sink);
    half->mode = role == SMTP_CLIENT ? (uint8_t)CLIENT_TLS : (uint8_t)SERVER_TLS;
    half->remaining = 0;
    half->resync = false;
    if (!session->tls.begun) {
        session->tls.begun = true;
        session->tls.implicit = !session->starttls.accepted && !session->starttls.waits && !may_have_asked(session);
        smtp_boundary(session, boundary(session), SMTP_STEP_HANDSHAKE, role, half->offset, 0, sink);
    }
    report_injections(session, sink);
    forget_commands(session);
}

static void establish(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink)
{
    bool done = session->half[SMTP_CLIENT].tls_finished && session->half[SMTP_SERVER].tls_finished;
    if (!done || session->tls.established || session->tls.failed)
        return;
    session->tls.established = true;
    smtp_boundary(session, boundary(session), SMTP_STEP_ESTABLISHED, role, session->half[role].offset, 0, sink);
}

static void fail(struct smtp_session *session, enum smtp_role role, struct smtp_span alert, const struct smtp_sink *sink)
{
    if (session->tls.established || session->tls.failed)
        return;
    session->tls.failed = true;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, role);
    event.boundary =
        (struct smtp_boundary_event){ .boundary = boundary(session), .step = SMTP_STEP_FAILED, .text = alert };
    smtp_emit(sink, &event);
}

static void read_alert(struct smtp_session *session, enum smtp_role role, struct smtp_span body, const struct smtp_sink *sink)
{
    bool fatal = false;
    const char *name = smtp_tls_alert_name(body, &fatal);
    if (name != NULL && fatal)
        fail(session, role, smtp_span_of_text(name), sink);
}

void smtp_tls_server_in_clear(struct smtp_session *session, const struct smtp_sink *sink)
{
    fail(session, SMTP_SERVER, smtp_span(NULL, 0), sink);
}

/* The dialogue goes on in clear, as if STARTTLS had been refused. */
static void leave(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    fail(session, role, smtp_span(NULL, 0), sink);
    half->mode = role == SMTP_CLIENT ? (uint8_t)CLIENT_COMMAND : (uint8_t)SERVER_REPLY;
    half->tls_encrypted = false;
    half->tls_finished = false;
    session->tls.begun = false;
    session->starttls.accepted = false;
    session->starttls.refused = session->starttls.refused || !session->tls.implicit;
    session->offers.before_tls.known = false;
}

static void read_hello(struct smtp_session *session, enum smtp_role role, struct smtp_span body, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_TLS_HELLO, role);
    if (!smtp_tls_hello_parse(body, &event.tls_hello))
        return;
    if (!event.tls_hello.client)
        session->tls.version = event.tls_hello.version;
    smtp_emit(sink, &event);
}

static void read_record(struct smtp_session *session, enum smtp_role role, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    const struct smtp_tls_record *record = &unit->record;
    struct smtp_span body = smtp_span_from(unit->text, record->header_octets);
    half->remaining = record->header_octets + record->body_octets - unit->octets;
    switch (record->type) {
    case SMTP_TLS_HANDSHAKE:
        if (!half->tls_encrypted)
            read_hello(session, role, body, sink);
        else
            half->tls_finished = true; /* up to TLS 1.2, Finished is the handshake record behind ChangeCipherSpec */
        break;
    case SMTP_TLS_ALERT:
        if (!half->tls_encrypted)
            read_alert(session, role, body, sink);
        break;
    case SMTP_TLS_CHANGE_CIPHER_SPEC:
        half->tls_encrypted = session->tls.version < 0x0304; /* in TLS 1.3 it means nothing */
        break;
    case SMTP_TLS_APPLICATION_DATA:
        half->tls_encrypted = true;
        half->tls_finished = half->tls_finished || record->body_octets >= FINISHED_OCTETS;
        break;
    default:
        break;
    }
    establish(session, role, sink);
}

void smtp_apply_tls(struct smtp_session *session, enum smtp_role role, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    if (unit->kind == UNIT_TLS_BEGIN) {
        begin(session, role, sink);
        return;
    }
    if (unit->kind == UNIT_TLS_END) {
        leave(session, role, sink);
        return;
    }
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_TLS_OCTETS, role);
    event.octets = unit->octets;
    event.tls_octets = (struct smtp_tls_octets_event){ .text = unit->text };
    smtp_emit(sink, &event);
    if (unit->kind == UNIT_TLS_RECORD)
        read_record(session, role, unit, sink);
    else if (half->remaining >= unit->octets)
        half->remaining -= unit->octets;
    else
        half->tls_lost = true; /* not a record: the count is lost, what follows is only counted */
}

void smtp_session_decrypted(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    struct smtp_half *server = &session->half[SMTP_SERVER];
    if (session->encrypted)
        return;
    session->encrypted = true;
    begin(session, role, sink); /* where the records themselves were not fed */
    if (!session->tls.established && !session->tls.failed) {
        session->tls.established = true;
        smtp_boundary(session, boundary(session), SMTP_STEP_ESTABLISHED, role, session->half[role].offset, 0, sink);
    }
    client->mode = CLIENT_COMMAND;
    server->mode = SERVER_REPLY;
    for (int i = 0; i < 2; i++) {
        session->half[i].remaining = 0;
        session->half[i].pending = 0;
        session->half[i].held = false;
        session->half[i].skip_line = false;
        session->half[i].resync = false;
    }
    session->units++;
}
