/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Message content on its way to the shell, and what is remarkable in it. */

#include <inttypes.h>

#include "session_private.h"

void smtp_content_begin(struct smtp_session *session, enum smtp_transport transport, uint64_t offset,
                        const struct smtp_sink *sink)
{
    session->transport = transport;
    session->content = (struct smtp_content_scan){ .state = SMTP_CONTENT_AFTER_CRLF };
    session->smuggle_armed = false;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT_BEGIN, SMTP_CLIENT);
    event.offset = offset;
    event.message = session->message;
    event.transport = transport;
    event.number = session->commands;
    event.complete = !session->content_start_unknown;
    smtp_emit(sink, &event);
}

/* Commands that only make sense to a server which took the doubtful mark in front of them for the end of data. */
static bool begins_like_command(const char *word, size_t length, bool *perhaps)
{
    static const char *const commands[] = { "MAIL ", "RCPT ", "EHLO ", "HELO ", "RSET\r", "RSET\n", "QUIT\r",
                                            "QUIT\n", "DATA\r", "DATA\n", "BDAT ", "VRFY ", "EXPN ", "NOOP\r",
                                            "NOOP\n", "LHLO ", "AUTH " };
    *perhaps = false;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        size_t same = 0;
        while (same < length && (char)smtp_ascii_upper((uint8_t)word[same]) == commands[i][same])
            same++;
        if (same < length)
            continue;
        if (length == 5)
            return true;
        *perhaps = true;
    }
    return false;
}

/* Feeds what follows a doubtful mark to the matcher, an octet at a time, until it is decided. */
static void match_smuggled(struct smtp_session *session, struct smtp_span text, const struct smtp_sink *sink)
{
    for (size_t i = 0; i < text.length && session->smuggle_armed; i++) {
        uint8_t octet = text.octets[i];
        bool line_end_of_mark = session->smuggle == 0 && (octet == '\r' || octet == '\n' || octet == '.');
        if (line_end_of_mark)
            continue;
        session->smuggle_word[session->smuggle++] = (char)octet;
        bool perhaps = false;
        if (begins_like_command(session->smuggle_word, session->smuggle, &perhaps)) {
            session->smuggle_armed = false;
            smtp_report(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_CLIENT, session->smuggle_offset, sink,
                        "an end-of-data mark that only some receivers honour, with the command %.4s behind it inside the message",
                        session->smuggle_word);
        } else if (!perhaps) {
            session->smuggle_armed = false;
        }
    }
}

static void report_scan(struct smtp_session *session, const struct smtp_content_scan *scan, const struct smtp_sink *sink)
{
    uint64_t offset = session->half[SMTP_CLIENT].offset;
    if (scan->bare_lf)
        smtp_report_once(session, SMTP_FINDING_BARE_LINE_FEED, SMTP_CLIENT, offset, sink,
                         "message content holds a line feed without a carriage return in front of it");
    if (scan->bare_cr)
        smtp_report_once(session, SMTP_FINDING_BARE_CARRIAGE_RETURN, SMTP_CLIENT, offset, sink,
                         "message content holds a carriage return without a line feed behind it");
    if (scan->nul)
        smtp_report_once(session, SMTP_FINDING_NUL_OCTET, SMTP_CLIENT, offset, sink, "message content holds a NUL octet");
    if (scan->overlong)
        smtp_report_once(session, SMTP_FINDING_OVERLONG_LINE, SMTP_CLIENT, offset, sink,
                         "a line of message content is longer than the %d octets of RFC 5321 section 4.5.3.1.6",
                         SMTP_TEXT_LINE_LIMIT);
}

void smtp_content_piece(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    bool chunk = unit->kind == UNIT_CHUNK;
    if (!chunk) {
        session->content = unit->scan;
        report_scan(session, &unit->scan, sink);
    }
    if (unit->variant) {
        session->smuggle_armed = true;
        session->smuggle = 0;
        session->smuggle_offset = session->half[SMTP_CLIENT].offset;
    } else if (session->smuggle_armed) {
        match_smuggled(session, unit->text, sink);
    }
    if (unit->kind == UNIT_STUFFED_DOT)
        return;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT, SMTP_CLIENT);
    event.octets = unit->octets;
    event.text = unit->text;
    event.message = session->message;
    event.transport = session->transport;
    session->content_octets += unit->octets;
    smtp_emit(sink, &event);
}

static void report_size(struct smtp_session *session, const struct smtp_sink *sink)
{
    /* The declaration is an estimate (RFC 1870 section 6): only what is far off says something. */
    uint64_t declared = session->declared_size;
    uint64_t sent = session->content_octets;
    if (declared == UINT64_MAX || declared == 0)
        return;
    if (sent > declared + declared / 4 + 1024 || sent + sent / 2 + 4096 < declared)
        smtp_report(session, SMTP_FINDING_DECLARED_SIZE_MISMATCH, SMTP_CLIENT, session->half[SMTP_CLIENT].offset, sink,
                    "MAIL declared SIZE=%" PRIu64 ", the message has %" PRIu64 " octets", declared, sent);
}

void smtp_content_end(struct smtp_session *session, enum smtp_end_mark mark, uint64_t octets, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT_END, SMTP_CLIENT);
    event.octets = octets;
    event.message = session->message;
    event.transport = session->transport;
    event.number = session->commands;
    event.end_mark = mark;
    event.last = true;
    event.complete = mark != SMTP_END_NONE && !session->content_gap && !session->content_start_unknown;
    smtp_emit(sink, &event);
    if (event.complete && session->transport != SMTP_TRANSPORT_XEXCH50)
        report_size(session, sink);
    session->content_start_unknown = false;
    session->smuggle_armed = false;
    session->doubt = false;
}

void smtp_chunk_end(struct smtp_session *session, bool complete, uint64_t offset, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_CONTENT_END, SMTP_CLIENT);
    event.offset = offset;
    event.message = session->message;
    event.transport = session->transport;
    event.number = session->commands;
    event.end_mark = complete ? SMTP_END_STRICT : SMTP_END_NONE;
    event.last = session->chunk_last;
    event.complete = complete && !session->content_gap;
    smtp_emit(sink, &event);
    if (event.complete && event.last && session->transport == SMTP_TRANSPORT_BDAT)
        report_size(session, sink);
}
