/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * SMTP smuggling (CVE-2023-51764, -51765, -51766): an end-of-data mark that only some receivers honour, with commands
 * behind it inside the message. The content says that it was tried; the server's replies say whether it worked.
 */

#include <stdio.h>

#include "session_private.h"

/*
 * What only makes sense to a server which took the doubtful mark in front of it for the end of data. QUIT and NOOP do
 * nothing there, and stand behind the lone dot of many a careless script.
 */
static const char *const commands[] = { "MAIL FROM", "RCPT TO",    "EHLO ",      "HELO ",    "LHLO ",
                                        "RSET\r",    "RSET\n",     "DATA\r",     "DATA\n",   "BDAT ",
                                        "STARTTLS",  "AUTH PLAIN", "AUTH LOGIN", "XCLIENT ", "VRFY ",
                                        "EXPN ",     "SEND FROM",  "SOML FROM",  "SAML FROM" };

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

/* Where the dialogue's own lines end with a bare LF, a dot between two of them is how it ends its messages. */
static bool is_own_mark(const struct smtp_session *session, enum smtp_content_state before)
{
    return session->smuggling.lf_lines && before == SMTP_CONTENT_AFTER_LF;
}

void smtp_smuggling_mark(struct smtp_session *session, enum smtp_content_state before)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    if (is_own_mark(session, before))
        return;
    begin_mark(session, before);
    smuggling->armed = true;
    smuggling->word_length = 0;
}

static bool begins_like_command(const char *word, size_t length, bool *perhaps)
{
    *perhaps = false;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        size_t same = 0;
        while (same < length && commands[i][same] != '\0' &&
               (char)smtp_ascii_upper((uint8_t)word[same]) == commands[i][same])
            same++;
        if (commands[i][same] == '\0')
            return true;
        *perhaps = *perhaps || same == length;
    }
    return false;
}

static void report(struct smtp_session *session, const char *command, const struct smtp_sink *sink)
{
    const struct smtp_smuggling *smuggling = &session->smuggling;
    smtp_report(
        session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_CLIENT, smuggling->offset, sink,
        "the message holds %s, which only some receivers take for the end of data, and the command %s behind it",
        smuggling->mark, command);
}

void smtp_smuggling_text(struct smtp_session *session, struct smtp_span text, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    for (size_t i = 0; i < text.length && smuggling->armed; i++) {
        uint8_t octet = text.octets[i];
        if (smuggling->word_length == 0 && (is_line_end(octet) || octet == '.')) {
            if (is_line_end(octet))
                add_to_mark(smuggling, octet == '\r' ? "\\r" : "\\n");
            continue;
        }
        smuggling->word[smuggling->word_length++] = (char)octet;
        bool perhaps = false;
        if (begins_like_command(smuggling->word, smuggling->word_length, &perhaps)) {
            char command[5];
            snprintf(command, sizeof command, "%.4s", smuggling->word);
            smuggling->armed = false;
            smuggling->state = SMTP_SMUGGLING_FOUND;
            report(session, command, sink);
        } else if (!perhaps) {
            smuggling->armed = false;
        }
    }
}

/* The server answers at the mark while the client has more to say: if that is a command, it was smuggled. */
void smtp_smuggling_at_mark(struct smtp_session *session)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    const unsigned mark_octets = 3; /* the dot and a line end, at the most */
    if (session->half[SMTP_CLIENT].pending <= mark_octets || is_own_mark(session, session->content.state))
        return;
    begin_mark(session, session->content.state);
    smuggling->state = SMTP_SMUGGLING_AT_MARK;
    smuggling->answer_offset = session->reply_offset;
}

void smtp_smuggling_mark_end(struct smtp_session *session, struct smtp_span mark)
{
    for (size_t i = 1; i < mark.length; i++)
        add_to_mark(&session->smuggling, mark.octets[i] == '\r' ? "\\r" : "\\n");
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
    smtp_report_more(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, smuggling->answer_offset, sink,
                     "the server answered at the mark, so it took it for the end and what follows for commands");
}

void smtp_smuggling_sent(struct smtp_session *session)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    smuggling->armed = false;
    if (smuggling->state == SMTP_SMUGGLING_FOUND)
        smuggling->state = SMTP_SMUGGLING_SENT;
}

/* One reply, and no more: the mark was taken for content, or the message refused as a whole. */
static void say_not_honoured(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    smuggling->state = SMTP_SMUGGLING_NONE;
    smtp_report_more(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, smuggling->answer_offset, sink,
                     smtp_code_is_success(smuggling->code)
                         ? "the server answered once, with %u: it did not take the mark for the end"
                         : "the server refused the message with %u",
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
        if (reply->answers != SMTP_ANSWERS_NOTHING || reply->code == 421)
            return;
        smuggling->state = SMTP_SMUGGLING_NONE;
        smtp_report_more(
            session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, session->reply_offset, sink,
            "the server gave one more reply, %u, that nothing else asked for: it took the mark for the end and what "
            "follows for commands",
            reply->code);
        return;
    }
    if (reply->answers != SMTP_ANSWERS_CONTENT)
        return;
    if (smuggling->state == SMTP_SMUGGLING_FOUND) {
        smuggling->state = SMTP_SMUGGLING_NONE;
        smtp_report_more(session, SMTP_FINDING_SMTP_SMUGGLING, SMTP_SERVER, session->reply_offset, sink,
                         "the server answered before the real end came: it took the mark for the end");
        return;
    }
    smuggling->state = SMTP_SMUGGLING_ANSWERED;
    smuggling->code = reply->code;
    smuggling->answer_offset = session->reply_offset;
}

/* Nothing more will come, or another message begins. */
void smtp_smuggling_settle(struct smtp_session *session, const struct smtp_sink *sink)
{
    struct smtp_smuggling *smuggling = &session->smuggling;
    if (smuggling->state == SMTP_SMUGGLING_ANSWERED && !session->half[SMTP_SERVER].gap)
        say_not_honoured(session, sink);
    smuggling->state = SMTP_SMUGGLING_NONE;
    smuggling->armed = false;
}
