/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The session's life: begun, fed, cut by gaps, ended. */

#include "session_private.h"

void smtp_session_start(struct smtp_session *session, bool mid_stream)
{
    *session = (struct smtp_session){ .mid_stream = mid_stream, .offers.declared_size = UINT64_MAX };
    smtp_offers_begin(&session->offers.incoming);
    smtp_offers_hold(&session->offers, false, false);
    session->half[SMTP_CLIENT].mode = mid_stream ? CLIENT_COMMAND : CLIENT_START;
    session->half[SMTP_CLIENT].resync = mid_stream;
    session->half[SMTP_SERVER].mode = SERVER_REPLY;
    session->half[SMTP_SERVER].resync = mid_stream;
    session->content.chunks_unknown = mid_stream;
}

/* The client speaks while a reply is half there: it may hold that reply for whole (see frame.c). */
static void note_abandoned(struct smtp_session *session)
{
    const struct smtp_half *server = &session->half[SMTP_SERVER];
    if (server->held)
        return; /* the client waited for a reply; what stands behind that reply came later */
    if (server->mode == SERVER_REPLY && (server->pending > 0 || session->reading.open) &&
        session->reading.abandoned_at <= server->offset)
        session->reading.abandoned_at = server->offset + server->pending;
}

/* The client's octets must wait; what that says is kept, because framing changes nothing. */
static void note_waiting(struct smtp_session *session, enum frame frame, struct smtp_span octets)
{
    const struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (frame == FRAME_DOUBT) {
        session->content.doubt = true;
        smtp_smuggling_doubt(&session->smuggling, octets);
        session->content.doubt_scanned = (uint32_t)octets.length;
    }
    if (frame == FRAME_PEER && client->mode == CLIENT_WAIT_STARTTLS && !session->starttls.octets_behind &&
        smtp_tls_look(octets, NULL) == SMTP_TLS_NO) {
        session->starttls.octets_behind = true;
        session->starttls.behind_offset = client->offset;
    }
    if (frame == FRAME_PEER && client->mode == CLIENT_WAIT_DATA && session->greeting_seen
        && !session->half[SMTP_SERVER].gap && session->half[SMTP_SERVER].seen)
        session->content.sent_early = true;
}

/* ATRN (RFC 2645 section 5.2.2) and TURN: who was the server is the client now, and waits for a banner. */
static void turn(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_TURNED, SMTP_SERVER);
    smtp_emit(sink, &event);
    struct smtp_half client = session->half[SMTP_CLIENT];
    session->half[SMTP_CLIENT] = session->half[SMTP_SERVER];
    session->half[SMTP_SERVER] = client;
    session->half[SMTP_CLIENT].mode = CLIENT_COMMAND;
    session->half[SMTP_SERVER].mode = SERVER_REPLY;
    session->turning = false;
    session->turned = true;
    while (session->queue.length > 0) /* what was sent behind ATRN is nobody's to answer now */
        smtp_queue_pop(session);
    session->queue.uncertain = 0;
    session->queue.before_gap = 0;
    session->disorder.unsettled = SMTP_SETTLED;
    session->mid_stream = false; /* of the dialogue that begins */
    session->greeting_seen = false;
    session->early.spoke = false;
    session->greeted = false;
    session->offers.now.known = false;
    session->phase = SMTP_PHASE_CONNECT;
}

/* Octets of the server came: what the client said by then is no answer to them, however long they must wait themselves. */
static void note_arrival(struct smtp_session *session, struct smtp_span octets)
{
    const struct smtp_half *client = &session->half[SMTP_CLIENT];
    if (octets.length > session->half[SMTP_SERVER].pending)
        session->disorder.arrived = client->offset + client->pending;
}

size_t smtp_session_feed(struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                         const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    size_t used = 0;
    half->seen = half->seen || octets.length > 0;
    half->held = false;
    if (role == SMTP_SERVER)
        note_arrival(session, octets);
    session->turned = false;
    for (;;) {
        struct unit unit;
        struct smtp_span rest = smtp_span_from(octets, used);
        enum frame frame = smtp_frame(session, role, rest, at_end, &unit);
        half->pending = rest.length;
        half->scanned = frame != FRAME_UNIT ? unit.scanned : 0;
        if (frame != FRAME_UNIT) {
            if (role == SMTP_CLIENT && rest.length > 0)
                note_waiting(session, frame, rest);
            return used;
        }
        if (role == SMTP_CLIENT) {
            if (unit.kind == UNIT_COMMAND || unit.kind == UNIT_RESPONSE)
                note_abandoned(session);
            session->content.doubt = false; /* it was settled */
            session->content.doubt_scanned = 0;
            smtp_apply_client(session, &unit, sink);
        } else {
            smtp_apply_server(session, &unit, sink);
        }
        session->units++;
        half->offset += unit.octets;
        half->pending = rest.length - unit.octets;
        used += unit.octets;
        if (session->turning) {
            turn(session, sink);
            return used; /* what follows has another role now */
        }
        /* A reply may be what the client's octets wait for: they come before the server's next ones. */
        if (role == SMTP_SERVER && !session->reading.open && session->half[SMTP_CLIENT].pending > 0) {
            half->held = true;
            return used;
        }
    }
}

/* How many octets of the hole are of the message whose content comes in. */
static void measure_gap(const struct smtp_session *session, struct smtp_event *event)
{
    const struct smtp_half *client = &session->half[SMTP_CLIENT];
    event->gap = (struct smtp_gap_event){ .content = 0 };
    if (event->role == SMTP_SERVER)
        return;
    if (client->mode == CLIENT_DATA)
        event->gap.content = event->octets;
    if (client->mode != CLIENT_CHUNK)
        return;
    event->gap.content = event->octets < client->remaining ? event->octets : client->remaining;
    event->gap.more = event->octets > client->remaining && !session->content.chunk_last &&
                      session->content.transport == SMTP_TRANSPORT_BDAT;
}

/* A hole in the client's stream: where it begins, and what may stand behind it. */
static void gap_in_client(struct smtp_session *session, uint64_t octets, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    switch ((enum client_mode)half->mode) {
    case CLIENT_DATA:
        session->content.gap = true;
        session->content.scan.state = SMTP_CONTENT_IN_LINE; /* a dot behind the hole is no line's first */
        session->content.scan.line_octets = 0;
        return;
    case CLIENT_CHUNK: {
        session->content.gap = true;
        if (octets < half->remaining) {
            half->remaining -= octets;
            return;
        }
        bool commands_too = octets > half->remaining || session->content.transport != SMTP_TRANSPORT_BDAT;
        half->remaining = 0;
        smtp_chunk_end(session, false, half->offset, sink);
        if (commands_too)
            break;
        half->mode = CLIENT_COMMAND;
        return;
    }
    case CLIENT_TLS:
        half->tls_lost = octets > half->remaining;
        half->remaining = half->tls_lost ? 0 : half->remaining - octets;
        return;
    case CLIENT_OPAQUE:
        return;
    case CLIENT_WAIT_DATA:
    case CLIENT_WAIT_AUTH:
    case CLIENT_WAIT_STARTTLS:
    case CLIENT_RESPONSE:
    case CLIENT_START:
    case CLIENT_COMMAND:
    case CLIENT_VARIANT_END:
        break;
    }
    session->login.torn_secret =
        session->login.torn_secret || half->mode == CLIENT_WAIT_AUTH || half->mode == CLIENT_RESPONSE;
    half->skip_line = false;
    half->mode = CLIENT_COMMAND;
    half->resync = true;
    session->login.response_assumed = false;
    session->content.chunks_unknown = true;
    session->content.gap = true; /* of a message in chunks that is under way */
    struct entry last;
    bool again = session->queue.length > 0 && smtp_queue_peek(&session->queue, session->queue.length - 1u, &last) &&
                 last.kind == ENTRY_GAP;
    session->queue.gap_answered = session->queue.gap_answered && again;
    if (!again)
        smtp_queue_push(session, (struct entry){ .kind = ENTRY_GAP }, sink);
}

static void gap_in_server(struct smtp_session *session, uint64_t octets, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_SERVER];
    if (half->mode == SERVER_OPAQUE)
        return;
    if (half->mode == SERVER_TLS) {
        half->tls_lost = octets > half->remaining;
        half->remaining = half->tls_lost ? 0 : half->remaining - octets;
        return;
    }
    if (session->reading.open)
        smtp_reply_close(session, true, half->offset, 0, sink);
    smtp_transaction_hole(session);
    session->login.challenged = false;
    half->resync = true;
    half->skip_line = false;
    session->reading.abandoned_at = 0;
    session->reading.behind_hole = true;
    session->queue.uncertain = session->queue.length;
    session->queue.before_gap = session->half[SMTP_CLIENT].offset + session->half[SMTP_CLIENT].pending;
    session->disorder.unsettled = SMTP_SETTLED;
    session->greeting_seen = true;
    session->early.spoke = false;
}

void smtp_session_gap(struct smtp_session *session, enum smtp_role role, uint64_t octets, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_GAP, role);
    event.octets = octets;
    measure_gap(session, &event);
    smtp_emit(sink, &event);
    smtp_report(session, SMTP_FINDING_CAPTURE_GAP, role, half->offset, sink,
                "%llu octet%s of the %s's stream %s not in the capture", (unsigned long long)octets, octets == 1 ? "" : "s",
                role == SMTP_CLIENT ? "client" : "server", octets == 1 ? "is" : "are");
    half->gap = true;
    half->seen = true;
    session->units++;
    bool envelope_may_be_lost = role == SMTP_CLIENT && half->mode != CLIENT_DATA;
    session->mail.whole = session->mail.whole && !envelope_may_be_lost;
    if (envelope_may_be_lost)
        session->queue.gap_behind = session->queue.sent;
    if (role == SMTP_CLIENT)
        gap_in_client(session, octets, sink);
    else
        gap_in_server(session, octets, sink);
    half->offset += octets;
    half->pending = 0;
}

void smtp_session_finished(struct smtp_session *session, enum smtp_role role)
{
    session->half[role].finished = true;
}

void smtp_session_force(struct smtp_session *session)
{
    session->force = true;
}

static uint64_t older(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t smtp_session_oldest(const struct smtp_session *session, enum smtp_role role)
{
    uint64_t oldest = session->half[role].offset;
    bool tls_to_come = session->starttls.accepted && !session->starttls.clear_answered && !session->encrypted;
    if (role == SMTP_SERVER) {
        if (session->reading.open)
            oldest = session->reading.offset;
        if (tls_to_come && session->starttls.reply_behind && session->half[role].mode == SERVER_REPLY)
            oldest = older(oldest, session->starttls.reply_behind_offset);
        return session->starttls.doubtful ? older(oldest, session->starttls.reply_offset) : oldest;
    }
    if (session->smuggling.armed)
        oldest = older(oldest, session->smuggling.offset);
    if (session->early.spoke && (!session->greeting_seen || session->early.pending))
        oldest = older(oldest, session->early.offset);
    if ((tls_to_come && session->starttls.clear_behind && !session->tls.begun) ||
        (session->starttls.doubtful && session->starttls.octets_behind))
        oldest = older(oldest, session->starttls.behind_offset);
    return oldest;
}

bool smtp_session_is_idle(const struct smtp_session *session)
{
    uint8_t mode = session->half[SMTP_CLIENT].mode;
    return !session->reading.open && mode != CLIENT_DATA && mode != CLIENT_CHUNK && session->queue.length == 0 &&
           !session->starttls.doubtful && !session->mail.open && session->smuggling.state == SMTP_SMUGGLING_NONE &&
           !session->early.pending;
}

void smtp_session_end(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_half *client = &session->half[SMTP_CLIENT];
    session->ending = true;
    if (session->starttls.doubtful && smtp_reply_code_decides(session->starttls.code))
        smtp_starttls_decided(session, false, sink);
    smtp_smuggling_settle(session, sink);
    smtp_report_early_talk(session, sink);
    if (session->reading.open)
        smtp_reply_close(session, true, session->half[SMTP_SERVER].offset, 0, sink);
    if (client->mode == CLIENT_DATA) {
        smtp_content_end(session, SMTP_END_NONE, 0, sink);
        if (session->content.answered) {
            struct smtp_reply reply = { .code = session->content.code };
            smtp_transaction_apply(session, &(struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA }, &reply, sink);
        }
    } else if (client->mode == CLIENT_CHUNK) {
        smtp_chunk_end(session, false, client->offset, sink);
    }
    while (session->queue.length > 0) {
        /* What may have been answered, in a hole or by replies of which it cannot be told, is unknown, not unfinished.
         */
        session->ending = session->queue.uncertain == 0 && !session->disorder.order_lost;
        struct entry entry = smtp_queue_pop(session);
        smtp_transaction_apply(session, &entry, NULL, sink);
    }
    bool refused = session->mail.refused_code != 0;
    smtp_transaction_end(session, refused ? SMTP_OUTCOME_REJECTED : SMTP_OUTCOME_UNFINISHED,
                         refused ? session->mail.refused_code : 0, false, sink);
}
