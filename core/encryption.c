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
    return session->tls_implicit ? SMTP_BOUNDARY_IMPLICIT_TLS : SMTP_BOUNDARY_STARTTLS;
}

static void begin(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    half->mode = role == SMTP_CLIENT ? (uint8_t)CLIENT_TLS : (uint8_t)SERVER_TLS;
    half->remaining = 0;
    half->resync = false;
    session->starttls_unclear = false;
    if (session->tls_begun)
        return;
    session->tls_begun = true;
    session->tls_implicit = !session->starttls_requested && session->commands == 0;
    smtp_boundary(session, boundary(session), SMTP_STEP_HANDSHAKE, role, half->offset, 0, sink);
    if (session->reply_behind_220)
        smtp_report(session, SMTP_FINDING_STARTTLS_REPLY_INJECTION, SMTP_SERVER, session->reply_behind_offset, sink,
                    "reply octets in clear follow the 220 to STARTTLS; a careless client believes them inside TLS");
}

static void establish(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink)
{
    bool done = session->half[SMTP_CLIENT].tls_finished && session->half[SMTP_SERVER].tls_finished;
    if (!done || session->tls_established || session->tls_failed)
        return;
    session->tls_established = true;
    smtp_boundary(session, boundary(session), SMTP_STEP_ESTABLISHED, role, session->half[role].offset, 0, sink);
}

static void fail(struct smtp_session *session, enum smtp_role role, struct smtp_span alert, const struct smtp_sink *sink)
{
    if (session->tls_established || session->tls_failed)
        return;
    session->tls_failed = true;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, role);
    event.boundary = boundary(session);
    event.step = SMTP_STEP_FAILED;
    event.text = alert;
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
    session->tls_begun = false;
    session->starttls_accepted = false;
    session->starttls_refused = true;
    session->before_tls_known = false;
}

static void read_hello(struct smtp_session *session, enum smtp_role role, struct smtp_span body, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_TLS_HELLO, role);
    if (!smtp_tls_hello_parse(body, &event.hello))
        return;
    if (!event.hello.client)
        session->tls_version = event.hello.version;
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
        half->tls_encrypted = session->tls_version < 0x0304; /* in TLS 1.3 it means nothing */
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
    if (!session->tls_established && !session->tls_failed) {
        session->tls_established = true;
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
