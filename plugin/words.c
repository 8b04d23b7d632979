/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include "path.h"
#include "preferences.h"
#include "reference/reference.h"

void words_append_visible(wmem_strbuf_t *out, struct smtp_span span)
{
    if (span.length == 0)
        return;
    char *text = esmtp_format_text(NULL, span.octets, span.length);
    wmem_strbuf_append(out, text);
    wmem_free(NULL, text);
}

void words_append_duration(wmem_strbuf_t *out, int64_t nanoseconds)
{
    double seconds = (double)nanoseconds / 1e9;
    if (seconds < 0)
        wmem_strbuf_append_printf(out, "%.3f s (time goes back)", seconds);
    else if (seconds < 0.0095)
        wmem_strbuf_append_printf(out, "%.2f ms", seconds * 1e3);
    else if (seconds < 0.995)
        wmem_strbuf_append_printf(out, "%.0f ms", seconds * 1e3);
    else
        wmem_strbuf_append_printf(out, "%.2f s", seconds);
}

void words_skipped(wmem_strbuf_t *out, const struct fact *fact, struct smtp_span octets)
{
    struct smtp_line line;
    bool hidden = fact->hidden && !esmtp_preferences.show_secrets;
    if (hidden && !fact->opaque)
        wmem_strbuf_append(out, "[may be a secret]");
    for (bool first = true; !fact->opaque && !hidden && smtp_line_find(octets, true, &line); first = false) {
        wmem_strbuf_append(out, first ? "" : "\\n");
        words_append_visible(out, line.text);
        octets = smtp_span_from(octets, line.octets);
    }
}

/* ---- lines of the client ---- */

void words_command(wmem_strbuf_t *out, const struct line_fact *line, struct smtp_span text)
{
    struct smtp_command command = smtp_command_parse(text);
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_commands, command.word);
    if (line_hidden(line).kind == SMTP_SECRET_STRAY)
        wmem_strbuf_append(out, "looks like an answer to a challenge, out of place");
    else if (entry != NULL)
        wmem_strbuf_append(out, entry->meaning);
    else
        wmem_strbuf_append(out, "no known command");
}

void words_response(wmem_strbuf_t *out, const struct line_fact *line)
{
    if (line->cancelled)
        wmem_strbuf_append(out, "cancels the exchange");
    else if (line->malformed)
        wmem_strbuf_append(out, "answer to the challenge; it is not what the mechanism asks for");
    else
        wmem_strbuf_append(out, "answer to the challenge");
    if (line->extra == NULL || line->extra->identity == NULL)
        return;
    wmem_strbuf_append(out, ": user ");
    words_append_visible(out, smtp_span_of_text(line->extra->identity));
}

/* ---- replies ---- */

const char *words_enhanced(const struct smtp_enhanced_status *enhanced)
{
    const struct smtp_reference_entry *status = smtp_reference_status(enhanced->subject, enhanced->detail);
    if (status != NULL)
        return status->meaning;
    return smtp_reference_subject(enhanced->subject);
}

void words_reply(wmem_strbuf_t *out, const struct reply_fact *reply)
{
    const char *of_token = reply->of_token ? smtp_reference_token_meaning(reply->code) : NULL;
    const char *code_meaning =
        of_token != NULL ? of_token
                         : smtp_reference_reply_meaning(reply->code, (enum smtp_answers)reply->answers, (enum smtp_verb)reply->verb);
    const char *class_text = smtp_reference_class(reply->code);
    if (code_meaning != NULL)
        wmem_strbuf_append(out, code_meaning);
    else if (class_text != NULL)
        wmem_strbuf_append_printf(out, "%s (no code of the standards)", class_text);
    else
        wmem_strbuf_append(out, "no reply code");
    if (of_token != NULL && reply->token_status != 0)
        wmem_strbuf_append_printf(out, "; its challenge said status %u", reply->token_status);
    const struct smtp_enhanced_status enhanced = reply_enhanced(reply);
    bool says_nothing = enhanced.detail == 0 && (enhanced.subject == 0 || enhanced.class_digit == 2);
    const char *meaning = enhanced.present && !says_nothing ? words_enhanced(&enhanced) : NULL;
    if (meaning != NULL)
        wmem_strbuf_append_printf(out, "; %u.%u.%u: %s", enhanced.class_digit, enhanced.subject, enhanced.detail, meaning);
}

void words_answers(wmem_strbuf_t *out, const struct reply_fact *reply)
{
    const char *verb = smtp_verb_name(reply->verb);
    switch ((enum smtp_answers)reply->answers) {
    case SMTP_ANSWERS_GREETING:
        wmem_strbuf_append(out, "the server's greeting");
        return;
    case SMTP_ANSWERS_NOTHING:
        wmem_strbuf_append(out, "nobody asked for this reply");
        return;
    case SMTP_ANSWERS_EMPTY_LINE:
        wmem_strbuf_append(out, "answers an empty line");
        return;
    case SMTP_ANSWERS_UNKNOWN:
        if (reply->disorder)
            wmem_strbuf_append(out, "which command it answers cannot be told: a line without a reply code came where several "
                                    "replies were due");
        else
            wmem_strbuf_append(out, "which command it answers cannot be told: part of the dialogue was not handed over by Wireshark's TCP");
        return;
    case SMTP_ANSWERS_CONTENT:
        wmem_strbuf_append(out, "answers the message");
        break;
    case SMTP_ANSWERS_RESPONSE:
        wmem_strbuf_append(out, "answers the AUTH response");
        break;
    case SMTP_ANSWERS_COMMAND:
        wmem_strbuf_append_printf(out, "answers %s", *verb != '\0' ? verb : "the command");
        break;
    }
    if (reply->request != NULL) {
        wmem_strbuf_append_printf(out, " of frame %u after ", fact_frame(reply->request));
        words_append_duration(out, fact_time(&reply->fact) - fact_time(reply->request));
    }
    if (reply->recipient > 0)
        wmem_strbuf_append_printf(out, ", for recipient %u", reply->recipient);
    if (reply->codes_differ)
        wmem_strbuf_append(out, "; its lines have different codes, the last one counts");
    if (reply->partial)
        wmem_strbuf_append(out, "; its last line was not seen");
}

/* NTLM: what the server is called, as it says. */
static bool words_ntlm(wmem_strbuf_t *out, struct smtp_span text)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_ntlm_server server;
    if (!smtp_sasl_ntlm_server(text, decoded, &server))
        return false;
    const struct {
        struct smtp_span name;
        const char *what;
    } names[] = {
        { server.host, ", host " },
        { server.dns_host, ", DNS name of the host " },
        { server.domain, ", domain " },
        { server.dns_domain, ", DNS name of the domain " },
    };
    wmem_strbuf_append(out, "NTLM");
    for (size_t i = 0; i < array_length(names); i++) {
        if (names[i].name.length == 0)
            continue;
        wmem_strbuf_append(out, names[i].what);
        words_append_visible(out, names[i].name);
    }
    return true;
}

void words_challenge(wmem_strbuf_t *out, struct smtp_span text)
{
    if (words_ntlm(out, text))
        return;
    uint8_t decoded[512];
    bool bad = false;
    bool cut = false;
    struct smtp_span challenge = smtp_base64_decode(smtp_span_trim(text), decoded, sizeof decoded, &bad, &cut);
    if (bad || cut)
        return;
    for (size_t i = 0; i < challenge.length; i++)
        if (challenge.octets[i] < 0x20 || challenge.octets[i] > 0x7e)
            return; /* binary: the base64 says as much */
    words_append_visible(out, challenge);
}

/* ---- boundaries ---- */

bool words_boundary_matters(const struct boundary_fact *boundary)
{
    return boundary->step != SMTP_STEP_CHALLENGE && boundary->step != SMTP_STEP_RESPONSE;
}

void words_boundary(wmem_strbuf_t *out, const struct boundary_fact *boundary)
{
    static const char *const events[] = {
        [SMTP_STEP_OFFERED] = "is offered",
        [SMTP_STEP_REQUESTED] = "is asked for",
        [SMTP_STEP_ACCEPTED] = "ACCEPTED: the clear text ends here",
        [SMTP_STEP_REFUSED] = "REFUSED: the dialogue stays in clear",
        [SMTP_STEP_HANDSHAKE] = "handshake begins",
        [SMTP_STEP_ESTABLISHED] = "established, all that follows is encrypted",
        [SMTP_STEP_FAILED] = "handshake FAILED",
        [SMTP_STEP_STARTED] = "begins",
        [SMTP_STEP_CHALLENGE] = "goes on with a challenge",
        [SMTP_STEP_RESPONSE] = "goes on with a response",
        [SMTP_STEP_REJECTED] = "ends, REJECTED",
        [SMTP_STEP_CANCELLED] = "ends, CANCELLED",
    };
    bool auth = boundary->boundary == SMTP_BOUNDARY_AUTH;
    char *name = g_ascii_strup(smtp_boundary_name(boundary->boundary), -1);
    wmem_strbuf_append(out, g_strdelimit(name, "-", ' '));
    g_free(name);
    wmem_strbuf_append_c(out, ' ');
    wmem_strbuf_append(out, auth && boundary->step == SMTP_STEP_ACCEPTED ? "ends, ACCEPTED" : events[boundary->step]);
    if (boundary->step == SMTP_STEP_FAILED && boundary->note == NULL)
        wmem_strbuf_append(out, ", clear text follows");
    if (boundary->note != NULL) {
        wmem_strbuf_append(out, ", alert ");
        words_append_visible(out, smtp_span_of_text(boundary->note));
    }
    if (!auth)
        return;
    wmem_strbuf_append(out, ": ");
    words_append_visible(out, smtp_span_of_text(boundary->mechanism != NULL ? boundary->mechanism : "mechanism not seen"));
    if (boundary->identity != NULL && boundary->step != SMTP_STEP_STARTED) {
        wmem_strbuf_append(out, " for ");
        words_append_visible(out, smtp_span_of_text(*boundary->identity != '\0' ? boundary->identity : "an empty user name"));
    }
    wmem_strbuf_append(out, boundary->fact.encrypted ? ", encrypted" : ", in clear");
}

/* ---- content ---- */

void words_content_end(wmem_strbuf_t *out, const struct end_fact *end)
{
    const struct message *message = end->message;
    wmem_strbuf_append_printf(out, "%" PRIu64 " octet%s of message", message->octets, message->octets == 1 ? "" : "s");
    if (!end->last)
        wmem_strbuf_append(out, " so far, behind this chunk");
    if (message->broken)
        wmem_strbuf_append(out, ", NOT COMPLETE");
    if (end->mark == SMTP_END_VARIANT)
        wmem_strbuf_append(out, ", ended by a mark that only some receivers honour; this server answered it");
    else if (end->mark == SMTP_END_NONE)
        wmem_strbuf_append(out, ", its end was not seen");
}
