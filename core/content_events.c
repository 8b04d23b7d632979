/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Message content on its way to the shell, and what is remarkable in it. */

#include "session_private.h"

void smtp_content_begin(struct smtp_session *session, enum smtp_transport transport, uint64_t offset,
                        const struct smtp_sink *sink)
{
    session->content.transport = transport;
    session->content.scan = (struct smtp_content_scan){ .state = SMTP_CONTENT_AFTER_CRLF };
    smtp_smuggling_settle(session, sink);
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT_BEGIN, SMTP_CLIENT);
    event.offset = offset;
    event.content_begin = (struct smtp_content_begin_event){
        .message = session->content.number,
        .number = session->queue.sent,
        .transport = transport,
        .complete = !session->content.start_unknown,
    };
    smtp_emit(sink, &event);
}

/* How many octets stand in front of the first bare LF. `before`: what stood in front of `text`. */
static size_t before_bare_lf(enum smtp_content_state before, struct smtp_span text)
{
    bool behind_cr = before == SMTP_CONTENT_AFTER_CR;
    size_t i = 0;
    for (; i < text.length && (text.octets[i] != '\n' || behind_cr); i++)
        behind_cr = text.octets[i] == '\r';
    return i;
}

/* How many octets stand in front of the first bare CR that has something behind it. */
static size_t before_bare_cr(struct smtp_span text)
{
    size_t i = 0;
    while (i + 1 < text.length && (text.octets[i] != '\r' || text.octets[i + 1] == '\n'))
        i++;
    return i;
}

static size_t before_nul(struct smtp_span text)
{
    const uint8_t *nul = memchr(text.octets, 0, text.length);
    return nul != NULL ? (size_t)(nul - text.octets) : 0;
}

/* A finding on single octets of content, and where the first of them stands. */
struct octet_finding {
    bool found;
    enum smtp_finding finding;
    uint64_t offset;
    const char *detail;
};

/*
 * `before`: the state in front of `text`, whose first octet shows whether a CR there is a bare one. The findings are told in the order
 * of their octets, so that it does not hang on the cuts.
 */
static void report_scan(struct smtp_session *session, enum smtp_content_state before, const struct unit *unit,
                        const struct smtp_sink *sink)
{
    uint64_t offset = session->half[SMTP_CLIENT].offset;
    const struct smtp_content_scan *scan = &unit->scan;
    bool lf = scan->bare_lf && !smtp_reported(session, SMTP_FINDING_BARE_LINE_FEED);
    bool cr = scan->bare_cr && !smtp_reported(session, SMTP_FINDING_BARE_CARRIAGE_RETURN);
    bool nul = scan->nul && !smtp_reported(session, SMTP_FINDING_NUL_OCTET);
    bool cr_in_front = before == SMTP_CONTENT_AFTER_CR && unit->text.length > 0 && unit->text.octets[0] != '\n';
    struct octet_finding findings[] = {
        { lf, SMTP_FINDING_BARE_LINE_FEED, lf ? offset + before_bare_lf(before, unit->text) : 0,
          "message content holds a line feed without a carriage return in front of it" },
        { cr, SMTP_FINDING_BARE_CARRIAGE_RETURN, cr_in_front ? offset - 1 : offset + (cr ? before_bare_cr(unit->text) : 0),
          "message content holds a carriage return without a line feed behind it" },
        { nul, SMTP_FINDING_NUL_OCTET, nul ? offset + before_nul(unit->text) : 0, "message content holds a NUL octet" },
    };
    for (size_t told = 0; (lf || cr || nul) && told < sizeof findings / sizeof findings[0]; told++) {
        struct octet_finding *next = NULL;
        for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++)
            if (findings[i].found && (next == NULL || findings[i].offset < next->offset))
                next = &findings[i];
        if (next == NULL)
            break;
        smtp_report_once(session, next->finding, SMTP_CLIENT, next->offset, sink, "%s", next->detail);
        next->found = false;
    }
    if (scan->overlong)
        smtp_report_once(session, SMTP_FINDING_OVERLONG_LINE, SMTP_CLIENT, offset, sink,
                         "a line of message content is longer than the %d octets of RFC 5321 section 4.5.3.1.6",
                         SMTP_TEXT_LINE_LIMIT);
}

void smtp_content_piece(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    bool chunk = unit->kind == UNIT_CHUNK;
    enum smtp_content_state before = session->content.scan.state;
    if (!chunk) {
        session->content.scan = unit->scan;
        report_scan(session, before, unit, sink);
    }
    if (smtp_offers_watch_octets(session))
        smtp_offers_octets(session, unit->text, sink);
    if (unit->variant)
        smtp_smuggling_mark(session, before);
    else if (session->smuggling.armed)
        smtp_smuggling_text(session, unit->text, sink);
    if (unit->kind == UNIT_STUFFED_DOT)
        return;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT, SMTP_CLIENT);
    event.octets = unit->octets;
    event.content = (struct smtp_content_event){ .message = session->content.number,
                                                 .transport = session->content.transport,
                                                 .text = unit->text };
    session->content.octets += unit->octets;
    if (session->offers.declared_size != UINT64_MAX)
        session->content.lines += smtp_content_line_ends(unit->text);
    smtp_emit(sink, &event);
}

void smtp_content_end(struct smtp_session *session, enum smtp_end_mark mark, uint64_t octets, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT_END, SMTP_CLIENT);
    event.octets = octets;
    event.content_end = (struct smtp_content_end_event){
        .message = session->content.number,
        .number = session->queue.sent,
        .transport = session->content.transport,
        .end_mark = mark,
        .last = true,
        .complete = mark != SMTP_END_NONE && !session->content.gap && !session->content.start_unknown,
    };
    smtp_emit(sink, &event);
    if (event.content_end.complete && session->content.transport != SMTP_TRANSPORT_XEXCH50)
        smtp_offers_size(session, sink);
    if (mark != SMTP_END_VARIANT)
        smtp_smuggling_sent(&session->smuggling);
    session->content.start_unknown = false;
    session->content.doubt = false;
}

void smtp_chunk_end(struct smtp_session *session, bool complete, uint64_t offset, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT_END, SMTP_CLIENT);
    event.offset = offset;
    event.content_end = (struct smtp_content_end_event){
        .message = session->content.number,
        .number = session->queue.sent,
        .transport = session->content.transport,
        .end_mark = complete ? SMTP_END_STRICT : SMTP_END_NONE,
        .last = session->content.chunk_last,
        .complete = complete && !session->content.gap,
    };
    smtp_emit(sink, &event);
    if (event.content_end.complete && event.content_end.last && session->content.transport == SMTP_TRANSPORT_BDAT)
        smtp_offers_size(session, sink);
}
