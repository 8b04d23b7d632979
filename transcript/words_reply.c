/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The words for replies. */

#include <inttypes.h>

#include "keyword.h"
#include "language.h"
#include "reference/reference.h"
#include "sasl.h"
#include "text.h"
#include "words.h"

/* ---- codes ---- */

static const char *token_meaning(const struct smtp_reply *reply)
{
    return reply->of_token ? smtp_reference_token_meaning(reply->code) : NULL;
}

const char *words_code_meaning(const struct smtp_reply *reply)
{
    const char *meaning = token_meaning(reply);
    if (meaning == NULL)
        meaning = smtp_reference_reply_meaning(reply->code, reply->answers, reply->verb);
    return meaning != NULL ? _(meaning) : NULL;
}

/* X.0.0 and 2.X.0 say nothing that the code does not. */
bool words_status_matters(const struct smtp_enhanced_status *status)
{
    return status->present && (status->detail != 0 || (status->subject != 0 && status->class_digit != 2));
}

const char *words_status_meaning(const struct smtp_enhanced_status *status)
{
    const struct smtp_reference_entry *entry = smtp_reference_status(status->subject, status->detail);
    const char *meaning = entry != NULL ? entry->meaning : smtp_reference_subject(status->subject);
    return meaning != NULL ? _(meaning) : NULL;
}

void words_code(GString *out, const struct smtp_reply *reply)
{
    const char *meaning = words_code_meaning(reply);
    const char *class_text = smtp_reference_class(reply->code);
    const struct smtp_enhanced_status *status = &reply->enhanced;
    if (meaning != NULL)
        g_string_append(out, meaning);
    else if (class_text != NULL)
        g_string_append_printf(out, _("%s (no code of the standards)"), _(class_text));
    else
        g_string_append(out, _("no reply code"));
    if (token_meaning(reply) != NULL && reply->token_status != 0)
        g_string_append_printf(out, _("; its challenge said status %u"), reply->token_status);
    if (!words_status_matters(status))
        return;
    meaning = words_status_meaning(status);
    g_string_append(out, _("; "));
    g_string_append_printf(out, "%u.%u.%u: %s", status->class_digit, status->subject, status->detail,
                           meaning != NULL ? meaning : _("unregistered"));
}

/* ---- what is answered ---- */

/* NULL: a command, a response, or content. */
static const char *answers_nothing_asked(const struct smtp_reply *reply, enum words_lost lost)
{
    if (reply->disorder)
        return _(
            "which command it answers cannot be told: a line without a reply code came where several replies were due");
    switch (reply->answers) {
    case SMTP_ANSWERS_GREETING:
        return _("the server's greeting");
    case SMTP_ANSWERS_NOTHING:
        return _("nobody asked for this reply");
    case SMTP_ANSWERS_EMPTY_LINE:
        return _("answers an empty line");
    case SMTP_ANSWERS_UNKNOWN:
        return lost == WORDS_NOT_CAPTURED
                   ? _("which command it answers cannot be told: part of the dialogue is not in the capture")
                   : _("which command it answers cannot be told: part of the dialogue was not handed over by "
                       "Wireshark's TCP");
    case SMTP_ANSWERS_CONTENT:
    case SMTP_ANSWERS_COMMAND:
    case SMTP_ANSWERS_RESPONSE:
        break;
    }
    return NULL;
}

static void append_request(GString *out, const struct smtp_reply *reply, const struct words_answered *answered)
{
    const char *verb = smtp_verb_name(reply->verb);
    uint64_t frame = answered->frame;
    GString *duration = g_string_new(NULL);
    if (frame != 0)
        words_duration(duration, answered->delay);
    if (reply->answers == SMTP_ANSWERS_CONTENT && reply->verb == SMTP_VERB_BDAT)
        g_string_append_printf(
            out, frame != 0 ? _("answers the chunk that ends in frame %" PRIu64 " after %s") : _("answers the chunk"),
            frame, duration->str);
    else if (reply->answers == SMTP_ANSWERS_CONTENT)
        g_string_append_printf(out,
                               frame != 0 ? _("answers the message that ends in frame %" PRIu64 " after %s")
                                          : _("answers the message"),
                               frame, duration->str);
    else if (reply->answers == SMTP_ANSWERS_RESPONSE)
        g_string_append_printf(out,
                               frame != 0 ? _("answers the AUTH response of frame %" PRIu64 " after %s")
                                          : _("answers the AUTH response"),
                               frame, duration->str);
    else
        g_string_append_printf(out, frame != 0 ? _("answers %s of frame %" PRIu64 " after %s") : _("answers %s"),
                               *verb != '\0' ? verb : _("the command"), frame, duration->str);
    g_string_free(duration, TRUE);
}

void words_answers(GString *out, const struct smtp_reply *reply, const struct words_answered *answered,
                   enum words_lost lost)
{
    const char *nothing_asked = answers_nothing_asked(reply, lost);
    if (nothing_asked != NULL) {
        g_string_append(out, nothing_asked);
        return;
    }
    append_request(out, reply, answered);
    if (reply->recipient > 0)
        g_string_append_printf(out, _(", for recipient %u"), reply->recipient);
    if (reply->recipient > 0 && answered->recipient.octets != NULL) {
        g_string_append_c(out, ' ');
        text_append_visible(out, answered->recipient);
    }
    if (reply->codes_differ)
        g_string_append(out, _("; its lines have different codes, the last one counts"));
    if (reply->partial)
        g_string_append(out, _("; its last line was not seen"));
}

/* ---- lines ---- */

/* What the server is called, as it says in NTLM. */
static bool append_ntlm(GString *out, struct smtp_span text)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_ntlm_server server;
    if (!smtp_sasl_ntlm_server(text, decoded, &server))
        return false;
    const struct {
        struct smtp_span name;
        const char *what;
    } names[] = {
        { server.host, _(", host ") },
        { server.dns_host, _(", DNS name of the host ") },
        { server.domain, _(", domain ") },
        { server.dns_domain, _(", DNS name of the domain ") },
    };
    g_string_append(out, "NTLM");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].name.length == 0)
            continue;
        g_string_append(out, names[i].what);
        text_append_visible(out, names[i].name);
    }
    return true;
}

bool words_challenge(GString *out, struct smtp_span text, bool quoted)
{
    uint8_t decoded[512];
    bool bad = false;
    bool cut = false;
    text = smtp_span_trim(text);
    if (append_ntlm(out, text))
        return true;
    struct smtp_span challenge = smtp_base64_decode(text, decoded, sizeof decoded, &bad, &cut);
    if (bad || cut || challenge.length == 0)
        return false;
    for (size_t i = 0; i < challenge.length; i++)
        if (challenge.octets[i] < 0x20 || challenge.octets[i] > 0x7e)
            return false; /* binary: the base64 says as much */
    g_string_append(out, quoted ? "\"" : "");
    text_append_visible(out, challenge);
    g_string_append(out, quoted ? "\"" : "");
    return true;
}

void words_keyword(GString *out, struct smtp_span text)
{
    struct smtp_keyword_line line = smtp_keyword_line_parse(text);
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_keywords, line.word);
    if (line.masked)
        g_string_append(out, _("a keyword overwritten in transit: it may have been STARTTLS"));
    else if (entry != NULL)
        g_string_append(out, _(entry->meaning));
}
