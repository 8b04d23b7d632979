/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refusals_text.h"

#include <inttypes.h>

#include "language.h"
#include "reference/reference.h"
#include "text.h"
#include "words.h"

/* Of a server's words, so many octets are shown, and of an address. */
#define WORDS_SHOWN ((size_t)400)
#define ADDRESS_SHOWN ((size_t)120)

/* Reasons in the line of a session. */
#define SHORT_SHOWN 4u

static const char *const what[] = {
    [REFUSAL_SESSION] = N_("session"), [REFUSAL_GREETING] = N_("greeting"), [REFUSAL_STARTTLS] = "STARTTLS",
    [REFUSAL_LOGIN] = N_("login"),     [REFUSAL_SENDER] = N_("sender"),     [REFUSAL_RECIPIENT] = N_("recipient"),
    [REFUSAL_DATA] = N_("DATA"),       [REFUSAL_MESSAGE] = N_("message"), [REFUSAL_CLOSED] = N_("connection"),
    [REFUSAL_UNSEEN] = N_("something that was not seen"),
};

static const GList *first_of(const struct record *record)
{
    return record->account.refusals != NULL ? record->account.refusals->list.head : NULL;
}

/* A greeting that was refused, and another one accepted, is how a client finds out that a server is old. */
bool refusals_matter(const struct record *record, const struct refusal *refusal)
{
    return refusal->of != REFUSAL_GREETING || !record->account.greetings.helo_seen;
}

static void append_codes(GString *out, const struct refusal *refusal)
{
    if (refusal->code != 0)
        g_string_append_printf(out, "%u", refusal->code);
    else
        g_string_append(out, _("no reply code"));
    if (refusal->enhanced.present)
        g_string_append_printf(out, " %u.%u.%u", refusal->enhanced.class_digit, refusal->enhanced.subject,
                               refusal->enhanced.detail);
}

/*
 * The line was not understood, or came at the wrong time (RFC 5321 section 4.2.2): nothing is said of what it was about, unless the
 * status code speaks of something else than the protocol (RFC 3463 section 3.6).
 */
static bool is_of_the_command(const struct refusal *refusal)
{
    const struct smtp_enhanced_status *status = &refusal->enhanced;
    bool of_something_else = status->present && status->subject != 0 && status->subject != 5;
    return refusal->code >= 500 && refusal->code <= 504 && !of_something_else;
}

/* What was refused, where codes of logins and TLS mean something else there. */
static enum smtp_verb verb_of(const struct refusal *refusal)
{
    static const enum smtp_verb verbs[] = {
        [REFUSAL_GREETING] = SMTP_VERB_EHLO,  [REFUSAL_STARTTLS] = SMTP_VERB_STARTTLS, [REFUSAL_LOGIN] = SMTP_VERB_AUTH,
        [REFUSAL_SENDER] = SMTP_VERB_MAIL,    [REFUSAL_RECIPIENT] = SMTP_VERB_RCPT,    [REFUSAL_DATA] = SMTP_VERB_DATA,
        [REFUSAL_MESSAGE] = SMTP_VERB_DATA,
    };
    return (size_t)refusal->of < G_N_ELEMENTS(verbs) ? verbs[refusal->of] : SMTP_VERB_NONE;
}

static struct smtp_reply reply_of(const struct refusal *refusal)
{
    return (struct smtp_reply){
        .code = refusal->code,
        .enhanced = refusal->enhanced,
        .answers = refusal->of == REFUSAL_SESSION   ? SMTP_ANSWERS_GREETING
                   : refusal->of == REFUSAL_MESSAGE ? SMTP_ANSWERS_CONTENT
                                                    : SMTP_ANSWERS_COMMAND,
        .verb = verb_of(refusal),
        .of_token = refusal->of_token,
        .token_status = refusal->token_status,
    };
}

/* What becomes of the mail, or of the attempt: RFC 5321 section 4.2.1. In the language of the user. */
static const char *consequence(const struct refusal *refusal)
{
    bool again = refusal->code >= 400 && refusal->code < 500;
    const struct smtp_enhanced_status *status = &refusal->enhanced;
    bool first = smtp_reference_asks_for_login_or_tls(refusal->code, status->present ? status->subject : 0, status->present ? status->detail : 0);
    if (first && refusal->of == REFUSAL_LOGIN && refusal->code != 535 && refusal->code != 534)
        return _("The same login may be accepted behind STARTTLS.");
    if (first && refusal->of != REFUSAL_LOGIN && refusal->of != REFUSAL_STARTTLS)
        return _("That says nothing of the mail: it may be accepted behind STARTTLS, or a login.");
    if (is_of_the_command(refusal))
        return _("The server did not take the command as it came; that says nothing of the mail.");
    switch (refusal->of) {
    case REFUSAL_LOGIN:
        return again ? _("The same login may work later.") : _("The same login will be refused again.");
    case REFUSAL_STARTTLS:
        return again ? _("TLS may be had later.") : _("There was no TLS to be had for this request.");
    case REFUSAL_SESSION:
    case REFUSAL_GREETING:
    case REFUSAL_CLOSED:
        return again ? _("For now: the client keeps its mail and tries again later.")
                     : _("For good: mail goes to another server, or back to its senders.");
    case REFUSAL_SENDER:
    case REFUSAL_RECIPIENT:
    case REFUSAL_DATA:
    case REFUSAL_MESSAGE:
        break;
    case REFUSAL_UNSEEN:
        return again ? _("For now: the same may be accepted later.") : _("For good: the same will be refused again.");
    }
    return again ? _("For now: the client keeps the mail and tries again later.")
                 : _("For good: the mail goes back to its sender, unless something is changed.");
}

void refusals_append_meaning(GString *out, const struct refusal *refusal)
{
    const struct smtp_reply reply = reply_of(refusal);
    GString *codes = g_string_new(NULL);
    words_code(codes, &reply);
    g_string_append_printf(out, _("%s. %s"), codes->str, consequence(refusal));
    g_string_free(codes, TRUE);
}

/* The server's words as they came; the line ends of a long reply become spaces. */
void refusals_append_words(GString *out, const struct refusal *refusal)
{
    struct smtp_span rest = smtp_span_first(refusal->text, WORDS_SHOWN);
    const char *separator = "";
    if (refusal->code != 0) {
        g_string_append_printf(out, "%u", refusal->code);
        separator = " ";
    }
    while (rest.length > 0) {
        const uint8_t *end = memchr(rest.octets, '\n', rest.length);
        size_t length = end != NULL ? (size_t)(end - rest.octets) : rest.length;
        g_string_append(out, separator);
        separator = " ";
        text_append_visible(out, smtp_span_first(rest, length));
        rest = smtp_span_from(rest, end != NULL ? length + 1 : length);
    }
    if (refusal->text.length > WORDS_SHOWN)
        g_string_append(out, " [...]");
}

void refusals_append_what(GString *out, const struct refusal *refusal)
{
    GString *refused = g_string_new(_(what[refusal->of]));
    if (refusal->address.length > 0) {
        g_string_append_c(refused, ' ');
        text_append_visible(refused, smtp_span_first(refusal->address, ADDRESS_SHOWN));
    }
    if (refusal->count > 1)
        g_string_append_printf(out, _("%s, frame %" PRIu64 ", and %u more for the same reason"), refused->str,
                               refusal->place.frame, refusal->count - 1);
    else
        g_string_append_printf(out, _("%s, frame %" PRIu64), refused->str, refusal->place.frame);
    g_string_free(refused, TRUE);
}

static void put_refusal(struct page *page, const struct refusal *refusal)
{
    GString *text = g_string_new(NULL);
    refusals_append_what(text, refusal);
    g_string_append(page->out, "  ");
    page_wrap(page, PAGE_PLAIN, 2, 4, text->str);
    g_string_truncate(text, 0);
    refusals_append_words(text, refusal);
    g_string_append(page->out, "          ");
    page_wrap(page, PAGE_SERVER, 10, 10, text->str);
    g_string_printf(text, "%s ", page_bullet(page));
    refusals_append_meaning(text, refusal);
    g_string_append(page->out, "          ");
    page_wrap(page, PAGE_DIM, 10, 12, text->str);
    g_string_free(text, TRUE);
}

void refusals_text(struct page *page, const struct record *record)
{
    bool begun = false;
    for (const GList *link = first_of(record); link != NULL; link = link->next) {
        if (!refusals_matter(record, link->data))
            continue;
        if (!begun)
            page_rule(page, PAGE_DIM, page_light(page), 2, _("why the server said no"));
        begun = true;
        put_refusal(page, link->data);
    }
    if (record->account.refusals != NULL && record->account.refusals->beyond > 0)
        page_printf(page, PAGE_DIM,
                    language_plural("  and %u refusal more, for another reason\n",
                                    "  and %u refusals more, for other reasons\n", record->account.refusals->beyond),
                    record->account.refusals->beyond);
}

void refusals_text_short(GString *out, const struct record *record)
{
    unsigned shown = 0;
    for (const GList *link = first_of(record); link != NULL && shown < SHORT_SHOWN; link = link->next) {
        const struct refusal *refusal = link->data;
        if (!refusals_matter(record, refusal))
            continue;
        g_string_append(out, shown++ == 0 ? _("; refused: ") : _(", "));
        g_string_append_printf(out, "%s ", _(what[refusal->of]));
        append_codes(out, refusal);
        const struct smtp_reply reply = reply_of(refusal);
        const char *meaning = words_status_matters(&reply.enhanced) ? words_status_meaning(&reply.enhanced) : NULL;
        if (meaning == NULL)
            meaning = words_code_meaning(&reply);
        if (meaning != NULL)
            g_string_append_printf(out, " (%s)", meaning);
    }
}
