/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * SMTP smuggling (CVE-2023-51764, -51765, -51766): an end-of-data mark that only some receivers honour, with commands
 * behind it inside the message. The content says that it was tried; the server's replies say whether it worked.
 */

#include "session_private.h"

/* Lines that are longer than what is kept of them: no sentence begins so. */
static const char *const long_ones[] = { "MAIL FROM:<", "RCPT TO:<", "AUTH PLAIN " };

static void add_to_mark(struct smtp_smuggling *smuggling, const char *text)
{
    while (*text != '\0' && smuggling->mark_length + 1u < sizeof smuggling->mark)
        smuggling->mark[smuggling->mark_length++] = *text++;
    smuggling->mark[smuggling->mark_length] = '\0';
}

static void begin_mark(struct smtp_session *session, enum smtp_content_state before)
{
    static const char *const names[] = {
        [SMTP_CONTENT_AFTER_CRLF] = "\\r\\n.", [SMTP_CONTENT_AFTER_LF] = "\\n.", [SMTP_CONTENT_AFTER_CR] = "\\r.",
        [SMTP_CONTENT_AFTER_NUL] = "\\0.",     [SMTP_CONTENT_IN_LINE] = ".",
    };
    struct smtp_smuggling *smuggling = &session->smuggling;
    smuggling->mark_length = 0;
    add_to_mark(smuggling, names[before]);
    smuggling->offset = session->half[SMTP_CLIENT].offset;
}

static bool is_line_end(uint8_t octet)
{
    return octet == '\r' || octet == '\n';
}

/* Where the dialogue's own lines end with a bare LF, or in CR CR LF, a dot between two of them is how it ends its messages. */
static bool is_own_mark(const struct smtp_session *session, enum smtp_content_state before)
{
    const struct smtp_smuggling *smuggling = &session->smuggling;
    bool crs = smuggling->own_end == SMTP_LINE_END_CRCRLF && before == SMTP_CONTENT_AFTER_CRLF && smuggling->own_mark;
    return crs || (smuggling->own_end == SMTP_LINE_END_LF && before == SMTP_CONTENT_AFTER_LF);
}

/* The client's octets wait at a doubtful mark. */
void smtp_smuggling_doubt(struct smtp_smuggling *smuggling, struct smtp_span octets)
{
    size_t length = smtp_mark_octets(octets);
    smuggling->mark_octets = (uint32_t)length;
    smuggling->own_mark = length > 3;
}

void smtp_smuggling_mark(struct smtp_session *session, enum smtp_content_state before)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    if (is_own_mark(session, before))
        return;
    begin_mark(session, before);
    smuggling->armed = true;
    smuggling->line_length = 0;
}

/* A sentence may begin with a command's name: the whole line must be one. */
static bool is_command(const struct smtp_smuggling *smuggling, bool whole)
{
    struct smtp_span line = smtp_span(smuggling->line, smuggling->line_length);
    struct smtp_command command = smtp_command_parse(line);
    bool listed = smtp_verb_has(command.verb, SMTP_TRAIT_SMUGGLES);
    for (size_t i = 0; !whole && i < sizeof long_ones / sizeof long_ones[0]; i++)
        if (smtp_span_starts_with(line, long_ones[i]))
            return true;
    bool asks = smtp_verb_shape(command.verb) == SMTP_SHAPE_SOMETHING;
    bool sentence = asks && memchr(command.argument.octets, ' ', command.argument.length) != NULL;
    return whole && listed && !sentence && smtp_command_is_certain(line);
}

static void report(struct smtp_session *session, const char *command, const struct smtp_sink *sink)
{
    const struct smtp_smuggling *smuggling = &session->smuggling;
    smtp_report(
        session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_CLIENT, smuggling->offset, sink,
        "the message holds %s, which only some receivers take for the end of data, and the command %s behind it",
        smuggling->mark, command);
}

/* The line behind the mark is there, or as much of it as is kept. */
static void look_at_line(struct smtp_session *session, bool whole, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    smuggling->armed = false;
    if (!is_command(smuggling, whole))
        return;
    struct smtp_command command = smtp_command_parse(smtp_span(smuggling->line, smuggling->line_length));
    smuggling->state = SMTP_SMUGGLING_FOUND;
    report(session, smtp_verb_name(command.verb), sink);
}

void smtp_smuggling_text(struct smtp_session *session, struct smtp_span text, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    for (size_t i = 0; i < text.length && smuggling->armed; i++) {
        uint8_t octet = text.octets[i];
        if (smuggling->line_length == 0 && (is_line_end(octet) || octet == '.')) {
            if (is_line_end(octet))
                add_to_mark(smuggling, octet == '\r' ? "\\r" : "\\n");
            continue;
        }
        if (is_line_end(octet)) {
            look_at_line(session, true, sink);
            return;
        }
        smuggling->line[smuggling->line_length++] = (char)octet;
        if (smuggling->line_length == sizeof smuggling->line)
            look_at_line(session, false, sink);
    }
}

/* The server answers at the mark while the client has more to say: if that is a command, it was smuggled. */
void smtp_smuggling_at_mark(struct smtp_session *session)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    unsigned mark_octets = smuggling->mark_octets > 3 ? smuggling->mark_octets : 3; /* the dot and a line end, at the most */
    if (session->half[SMTP_CLIENT].pending <= mark_octets || is_own_mark(session, session->content.scan.state))
        return;
    begin_mark(session, session->content.scan.state);
    smuggling->state = SMTP_SMUGGLING_AT_MARK;
    smuggling->answer_offset = session->reading.offset;
}

void smtp_smuggling_mark_end(struct smtp_smuggling *smuggling, struct smtp_span mark)
{
    for (size_t i = 1; i < mark.length; i++)
        add_to_mark(smuggling, mark.octets[i] == '\r' ? "\\r" : "\\n");
}

void smtp_smuggling_command(struct smtp_session *session, const struct smtp_command *command,
                            const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    if (smuggling->state != SMTP_SMUGGLING_AT_MARK)
        return;
    smuggling->state = SMTP_SMUGGLING_NONE;
    enum smtp_verb verb = command->verb;
    if (verb == SMTP_VERB_UNKNOWN || verb == SMTP_VERB_QUIT || verb == SMTP_VERB_NOOP)
        return;
    report(session, smtp_verb_name(verb), sink);
    smtp_report_proof(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, smuggling->answer_offset, sink,
                      "the server answered at the mark, so it took it for the end and what follows for commands");
}

void smtp_smuggling_sent(struct smtp_smuggling *smuggling)
{
    smuggling->armed = false;
    if (smuggling->state == SMTP_SMUGGLING_FOUND)
        smuggling->state = SMTP_SMUGGLING_SENT;
}

/* No more replies than were asked for, and the dialogue goes on: the mark was taken for content, or the message refused as a whole. */
static void say_not_honoured(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    smuggling->state = SMTP_SMUGGLING_NONE;
    if (smtp_code_is_success(smuggling->code))
        smtp_report_proof(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, smuggling->answer_offset, sink,
                          "the server answered once%s, with %u: it did not take the mark for the end",
                          session->lmtp ? " for each recipient" : "", smuggling->code);
    else
        smtp_report_proof(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, smuggling->answer_offset, sink,
                          "the server refused the message with %u", smuggling->code);
}

/* The dialogue does not go on: who honoured the mark might have said no more, either. */
static void say_not_known(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    smuggling->state = SMTP_SMUGGLING_NONE;
    smtp_report_proof(
        session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, smuggling->answer_offset, sink,
        "the server answered with %u, and the dialogue ends there: whether it took the mark for the end is not seen",
        smuggling->code);
}

void smtp_smuggling_answer(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    if (smuggling->state == SMTP_SMUGGLING_NONE || smuggling->state == SMTP_SMUGGLING_AT_MARK)
        return;
    if (smuggling->state == SMTP_SMUGGLING_ANSWERED) {
        if (reply->answers == SMTP_ANSWERS_COMMAND && reply->verb == SMTP_VERB_QUIT)
            say_not_honoured(session, sink);
        if (reply->answers == SMTP_ANSWERS_COMMAND && reply->verb != SMTP_VERB_QUIT)
            smuggling->goes_on = true;
        if (reply->answers != SMTP_ANSWERS_NOTHING || reply->code == 421 || !smtp_reply_code_decides(reply->code))
            return;
        smuggling->state = SMTP_SMUGGLING_NONE;
        smtp_report_proof(
            session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, session->reading.offset, sink,
            "the server gave one more reply, %u, that nothing else asked for: it took the mark for the end and what "
            "follows for commands",
            reply->code);
        return;
    }
    if (reply->answers != SMTP_ANSWERS_CONTENT || !smtp_reply_code_decides(reply->code))
        return;
    if (smuggling->state == SMTP_SMUGGLING_FOUND) {
        smuggling->state = SMTP_SMUGGLING_NONE;
        smtp_report_proof(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, session->reading.offset, sink,
                          "the server answered before the real end came: it took the mark for the end");
        return;
    }
    smuggling->state = SMTP_SMUGGLING_ANSWERED;
    smuggling->goes_on = false;
    smuggling->code = reply->code;
    smuggling->answer_offset = session->reading.offset;
    struct smtp_event place = smtp_event_at(session, SMTP_EVENT_PROOF_PLACE, SMTP_SERVER);
    place.offset = session->reading.offset;
    place.proof_place = (struct smtp_proof_place_event){ .finding = SMTP_FINDING_SMTP_SMUGGLING };
    smtp_emit(sink, &place);
}

/* Nothing more will come, or another message begins. */
void smtp_smuggling_settle(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    bool goes_on = smuggling->goes_on || !session->ending;
    if (smuggling->state == SMTP_SMUGGLING_ANSWERED && !session->half[SMTP_SERVER].gap) {
        if (goes_on || !smtp_code_is_success(smuggling->code))
            say_not_honoured(session, sink);
        else
            say_not_known(session, sink);
    }
    smuggling->goes_on = false;
    smuggling->state = SMTP_SMUGGLING_NONE;
    smuggling->armed = false;
}
