/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "annotate.h"

#include <inttypes.h>

#include "address_text.h"
#include "keyword.h"
#include "language.h"
#include "path.h"
#include "reference/reference.h"
#include "text.h"

void annotate_duration(GString *out, int64_t nanoseconds)
{
    double seconds = (double)nanoseconds / 1e9;
    if (seconds < 0)
        g_string_append_printf(out, _("%.3f s (time goes back)"), seconds);
    else if (seconds < 0.0095)
        g_string_append_printf(out, _("%.2f ms"), seconds * 1e3);
    else if (seconds < 0.995)
        g_string_append_printf(out, _("%.0f ms"), seconds * 1e3);
    else if (seconds < 120)
        g_string_append_printf(out, _("%.2f s"), seconds);
    else
        g_string_append_printf(out, _("%.0f min %.0f s"), (double)(int)(seconds / 60),
                               seconds - 60 * (double)(int)(seconds / 60));
}

static void separate(GString *out)
{
    if (out->len > 0)
        g_string_append(out, _("; "));
}

static void annotate_parameters(GString *out, const struct item *item)
{
    const struct smtp_command command = smtp_command_parse(item->line.before);
    struct smtp_path path = smtp_path_parse(command.argument, item->verb == SMTP_VERB_RCPT ? "TO" : "FROM");
    if (path.null) {
        separate(out);
        g_string_append(out, _("null return path, as bounces have"));
    }
    if (path.found && (path.no_brackets || path.unclosed)) {
        separate(out);
        g_string_append(out, path.unclosed ? _("the > is missing") : _("the angle brackets are missing"));
    }
    struct smtp_span rest = path.parameters;
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&rest, &parameter)) {
        const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_parameters, parameter.keyword);
        if (entry == NULL)
            continue;
        separate(out);
        g_string_append_printf(out, "%s: %s", entry->name, _(entry->meaning));
    }
}

void annotate_command(GString *out, const struct item *item)
{
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_commands, item->word);
    if (item->line.label != 0 && item->word.length == 0)
        g_string_append(out, _("looks like an answer to AUTH, which the server had ended"));
    else if (entry != NULL)
        g_string_append(out, _(entry->meaning));
    else
        g_string_append(out, _("no known command"));
    if (item->verb == SMTP_VERB_MAIL || item->verb == SMTP_VERB_RCPT)
        annotate_parameters(out, item);
    if (!item->answered)
        g_string_append(out, _("; no reply was seen"));
}

void annotate_response(GString *out, const struct item *item)
{
    if (item->cancelled)
        g_string_append(out, _("cancels the exchange"));
    else if (item->malformed)
        g_string_append(out, _("answer to the challenge; it is not what the mechanism asks for"));
    else
        g_string_append(out, _("answer to the challenge"));
    if (item->decoded.octets != NULL) {
        g_string_append(out, _(": user "));
        text_append_visible(out, item->decoded);
    }
    if (!item->answered)
        g_string_append(out, _("; no reply was seen"));
}

static void annotate_code(GString *out, const struct item *item)
{
    const struct smtp_reply *reply = &item->reply;
    const char *of_token = reply->of_token ? smtp_reference_token_meaning(reply->code) : NULL;
    const char *meaning = of_token != NULL ? of_token : smtp_reference_reply_meaning(reply->code, reply->answers, reply->verb);
    const char *class_text = smtp_reference_class(reply->code);
    if (meaning != NULL)
        g_string_append(out, _(meaning));
    else if (class_text != NULL)
        g_string_append_printf(out, _("%s (no code of the standards)"), _(class_text));
    else
        g_string_append(out, _("no reply code"));
    if (of_token != NULL && reply->token_status != 0)
        g_string_append_printf(out, _("; its challenge said status %u"), reply->token_status);
    bool says_nothing = reply->enhanced.detail == 0 && (reply->enhanced.subject == 0 || reply->enhanced.class_digit == 2);
    if (!reply->enhanced.present || says_nothing)
        return;
    const struct smtp_reference_entry *status = smtp_reference_status(reply->enhanced.subject, reply->enhanced.detail);
    separate(out);
    g_string_append_printf(out, "%u.%u.%u: ", reply->enhanced.class_digit, reply->enhanced.subject, reply->enhanced.detail);
    const char *subject = smtp_reference_subject(reply->enhanced.subject);
    g_string_append(out, status != NULL ? _(status->meaning) : subject != NULL ? _(subject) : _("unregistered"));
}

/* NTLM: what the server is called, as it says. */
static bool annotate_ntlm(GString *out, struct smtp_span text)
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
    g_string_append(out, ": NTLM");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].name.length == 0)
            continue;
        g_string_append(out, names[i].what);
        text_append_visible(out, names[i].name);
    }
    return true;
}

static void annotate_challenge(GString *out, const struct item *item)
{
    uint8_t decoded[512];
    bool bad = false;
    bool cut = false;
    const struct record_line *last = item->lines.tail->data;
    struct smtp_span text = smtp_span_trim(record_line_words(last));
    if (annotate_ntlm(out, text))
        return;
    struct smtp_span challenge = smtp_base64_decode(text, decoded, sizeof decoded, &bad, &cut);
    if (bad || cut || challenge.length == 0)
        return;
    for (size_t i = 0; i < challenge.length; i++)
        if (challenge.octets[i] < 0x20 || challenge.octets[i] > 0x7e)
            return; /* binary: the base64 says as much */
    g_string_append(out, ": \"");
    text_append_visible(out, challenge);
    g_string_append_c(out, '"');
}

static const char *what_it_answers(const struct item *item)
{
    if (item->reply.disorder)
        return _("which command it answers cannot be told: a line without a reply code came where several replies were due");
    switch (item->reply.answers) {
    case SMTP_ANSWERS_GREETING:
        return _("the server's greeting");
    case SMTP_ANSWERS_NOTHING:
        return _("nobody asked for this reply");
    case SMTP_ANSWERS_EMPTY_LINE:
        return _("answers an empty line");
    case SMTP_ANSWERS_UNKNOWN:
        return _("which command it answers cannot be told: part of the dialogue is not in the capture");
    case SMTP_ANSWERS_CONTENT:
    case SMTP_ANSWERS_COMMAND:
    case SMTP_ANSWERS_RESPONSE:
        break;
    }
    return NULL;
}

/* What was asked, where, and how long ago. */
static void annotate_answered(GString *out, const struct item *item)
{
    const char *verb = smtp_verb_name(item->reply.verb);
    uint64_t frame = item->answered_frame != 0 ? item->answered_frame : item->command_frame;
    GString *duration = g_string_new(NULL);
    if (item->has_command)
        annotate_duration(duration, item->place.time - item->command_time);
    if (item->reply.answers == SMTP_ANSWERS_CONTENT && item->reply.verb == SMTP_VERB_BDAT)
        g_string_append_printf(out,
                               item->has_command ? _("answers the chunk that ends in frame %" PRIu64 " after %s")
                                                 : _("answers the chunk"),
                               frame, duration->str);
    else if (item->reply.answers == SMTP_ANSWERS_CONTENT)
        g_string_append_printf(out,
                               item->answered_frame != 0 ? _("answers the message that ends in frame %" PRIu64 " after %s")
                                                         : _("answers the message"),
                               frame, duration->str);
    else if (item->reply.answers == SMTP_ANSWERS_RESPONSE)
        g_string_append_printf(out,
                               item->has_command ? _("answers the AUTH response of frame %" PRIu64 " after %s")
                                                 : _("answers the AUTH response"),
                               frame, duration->str);
    else
        g_string_append_printf(out, item->has_command ? _("answers %s of frame %" PRIu64 " after %s") : _("answers %s"),
                               *verb != '\0' ? verb : _("the command"), frame, duration->str);
    g_string_free(duration, TRUE);
}

void annotate_reply(GString *out, const struct item *item)
{
    annotate_code(out, item);
    if (item->reply.code == 334)
        annotate_challenge(out, item);
    const char *answers = what_it_answers(item);
    separate(out);
    if (answers != NULL) {
        g_string_append(out, answers);
        return;
    }
    annotate_answered(out, item);
    if (item->reply.recipient > 0) {
        g_string_append_printf(out, _(", for recipient %u"), item->reply.recipient);
        if (item->recipient != NULL) {
            g_string_append_c(out, ' ');
            text_append_visible(out, item->recipient->address);
        }
    }
    if (item->reply.codes_differ)
        g_string_append(out, _("; its lines have different codes, the last one counts"));
    if (item->reply.partial)
        g_string_append(out, _("; its last line was not seen"));
}

void annotate_keyword(GString *out, struct smtp_span text)
{
    struct smtp_keyword_line line = smtp_keyword_line_parse(text);
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_keywords, line.word);
    if (line.masked)
        g_string_append(out, _("a keyword overwritten in transit: it may have been STARTTLS"));
    else if (entry != NULL)
        g_string_append(out, _(entry->meaning));
}

/* ---- sessions ---- */

void annotate_mechanism(GString *out, const struct login *auth)
{
    if (auth->mechanism.octets == NULL)
        g_string_append(out, _("mechanism not seen"));
    text_append_visible(out, auth->mechanism);
}

/* Logins shown of a session: so many runs of equal ones, but accepted ones up to twice that. */
#define LOGINS_SHOWN 4u

static bool is_same_login(const struct login *one, const struct login *other)
{
    return one->result == other->result && smtp_span_same(one->mechanism, other->mechanism);
}

void annotate_logins(GString *out, const struct record *record, const char *separator)
{
    unsigned shown = 0;
    unsigned left_out = 0;
    for (const GList *link = record->account.logins.list.head; link != NULL;) {
        const struct login *auth = link->data;
        unsigned same = 0;
        for (; link != NULL && is_same_login(auth, link->data); link = record_next(record, link))
            same++;
        if (shown >= (auth->result == SMTP_STEP_ACCEPTED ? 2 * LOGINS_SHOWN : LOGINS_SHOWN)) {
            left_out += same;
            continue;
        }
        shown++;
        g_string_append_printf(out, "%sAUTH ", separator);
        annotate_mechanism(out, auth);
        g_string_append_printf(out, " %s", _(record_login_result(auth)));
        if (same > 1)
            g_string_append_printf(out, language_plural(" %u time", " %u times", same), same);
    }
    if (left_out > 0)
        g_string_append_printf(out, language_plural("%sand %u login more", "%sand %u logins more", left_out), separator, left_out);
}

void annotate_endpoint(GString *out, const struct record *record, enum smtp_role role)
{
    int half = role == SMTP_CLIENT ? record->client_half : 1 - record->client_half;
    text_append_endpoint(out, &record->connection.endpoint[half].address, record->connection.endpoint[half].port);
}

void annotate_starttls(GString *out, const struct record *record)
{
    const char *starttls = record_starttls(record);
    if (record->account.tls.implicit)
        g_string_append(out, _("implicit TLS"));
    else if (starttls == NULL)
        g_string_append(out, _("STARTTLS not seen"));
    else if (strcmp(starttls, "none") == 0)
        g_string_append(out, _("no STARTTLS"));
    else
        g_string_append_printf(out, _("STARTTLS %s"), _(starttls));
    if (record_tls_failed(record))
        g_string_append(out, _(", handshake failed"));
    else if (record_lacks_tls(record))
        g_string_append(out, _(", no TLS in the capture"));
    else if (record->account.tls.seen && !record->account.tls.implicit && !record->account.tls.starttls.accepted)
        g_string_append(out, _(", TLS follows"));
}

void annotate_ending(GString *out, const struct record *record)
{
    static const char *const ends[] = {
        [TCP_END_FIN] = N_("closed"),
        [TCP_END_RST] = N_("reset"),
        [TCP_END_REUSED] = N_("over when its ports were used again"),
        [TCP_END_IDLE] = N_("silent in the end"),
        [TCP_END_CAPTURE] = N_("open when the capture ends"),
        [TCP_END_REFUSED] = N_("not SMTP any more"),
        [TCP_END_LIMIT] = N_("given up for want of memory"),
    };
    g_string_append(out, _(ends[record->end]));
    if (record->complete) {
        g_string_append(out, _(", complete"));
        return;
    }
    bool client_syn = record->connection.syn[record->client_half];
    bool server_syn = record->connection.syn[1 - record->client_half];
    if (!client_syn && !server_syn)
        g_string_append(out, _(", its beginning is not in the capture"));
    else if (!client_syn || !server_syn)
        g_string_append(out, client_syn ? _(", the server's SYN is not in the capture")
                                        : _(", the client's SYN is not in the capture"));
    uint64_t missing = record->gap_octets;
    if (missing == 0)
        return;
    GString *count = g_string_new(NULL);
    text_append_count(count, missing);
    g_string_append_printf(out, language_plural(", %s octet is missing", ", %s octets are missing", (unsigned long)missing),
                           count->str);
    g_string_free(count, TRUE);
}
