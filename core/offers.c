/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the server announced in its EHLO reply against what the client uses: verbs, parameters, mechanisms, numbers (RFC
 * 5321 section 2.2.1: nothing may be used that was not offered), and the size that MAIL declares against the message's.
 */

#include <inttypes.h>

#include "path.h"
#include "session_private.h"

#define NO_LIMIT UINT32_MAX

/* Which keyword a parameter needs. */
struct need {
    const char *word;
    enum smtp_keyword keyword;
};

static const struct need parameters[] = {
    { "SIZE", SMTP_KEYWORD_SIZE },
    { "SMTPUTF8", SMTP_KEYWORD_SMTPUTF8 },
    { "AUTH", SMTP_KEYWORD_AUTH },
    { "RET", SMTP_KEYWORD_DSN },
    { "ENVID", SMTP_KEYWORD_DSN },
    { "NOTIFY", SMTP_KEYWORD_DSN },
    { "ORCPT", SMTP_KEYWORD_DSN },
    { "BY", SMTP_KEYWORD_DELIVERBY },
    { "HOLDFOR", SMTP_KEYWORD_FUTURERELEASE },
    { "HOLDUNTIL", SMTP_KEYWORD_FUTURERELEASE },
    { "MT-PRIORITY", SMTP_KEYWORD_MT_PRIORITY },
    { "REQUIRETLS", SMTP_KEYWORD_REQUIRETLS },
    { "SOLICIT", SMTP_KEYWORD_NO_SOLICITING },
    { "MTRK", SMTP_KEYWORD_MTRK },
    { "RRVS", SMTP_KEYWORD_RRVS },
    { "CONPERM", SMTP_KEYWORD_CONPERM },
    { "CONNEG", SMTP_KEYWORD_CONNEG },
    { "SUBMITTER", SMTP_KEYWORD_SUBMITTER },
    { "TRANSID", SMTP_KEYWORD_CHECKPOINT },
};

/* Whether all that the server announced is known. */
static bool announcement_known(const struct smtp_session *session)
{
    return session->offers.now.known && !session->half[SMTP_SERVER].gap;
}

static void not_offered(struct smtp_session *session, struct smtp_span what, const char *keyword,
                        const struct smtp_sink *sink)
{
    smtp_report_once(session, SMTP_FINDING_EXTENSION_NOT_OFFERED, SMTP_CLIENT, session->half[SMTP_CLIENT].offset, sink,
                     "the client used %.*s, the server did not announce %s", (int)smtp_span_first(what, 40).length,
                     (const char *)what.octets, keyword);
}

static void needs_keyword(struct smtp_session *session, struct smtp_span word, enum smtp_keyword keyword,
                          const struct smtp_sink *sink)
{
    if (announcement_known(session) && !smtp_offers_has(&session->offers.now, keyword))
        not_offered(session, word, smtp_keyword_name(keyword), sink);
}

/* A number of at most 18 digits; UINT64_MAX for anything else. */
static uint64_t number(struct smtp_span text)
{
    uint64_t value = UINT64_MAX;
    return text.length <= 18 && smtp_span_number(text, &value) ? value : UINT64_MAX;
}

/* BODY came with 8BITMIME (RFC 6152), and BINARYMIME brings it, too, with a value of its own (RFC 3030 section 3). */
static void check_body(struct smtp_session *session, struct smtp_span value, const struct smtp_sink *sink)
{
    bool eight = smtp_offers_has(&session->offers.now, SMTP_KEYWORD_8BITMIME);
    bool binary = smtp_offers_has(&session->offers.now, SMTP_KEYWORD_BINARYMIME);
    if (smtp_span_is(value, "BINARYMIME")) {
        if (!binary)
            not_offered(session, value, "BINARYMIME", sink);
    } else if (!eight && !binary) {
        not_offered(session, smtp_span_of_text("BODY"), "8BITMIME", sink);
    } else if (!eight && smtp_span_is(value, "8BITMIME")) {
        not_offered(session, value, "8BITMIME", sink);
    }
}

static void check_parameter(struct smtp_session *session, const struct smtp_parameter *parameter,
                            const struct smtp_sink *sink)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++)
        if (smtp_span_is(parameter->keyword, parameters[i].word))
            needs_keyword(session, parameter->keyword, parameters[i].keyword, sink);
    if (smtp_span_is(parameter->keyword, "BODY") && announcement_known(session))
        check_body(session, parameter->value, sink);
}

/* RFC 9422 section 3: more recipients or mails than the server said it takes. */
static void check_limit(struct smtp_session *session, const char *what, const char *limit, uint64_t used,
                        uint32_t allowed, const struct smtp_sink *sink)
{
    if (allowed != NO_LIMIT && used > allowed && announcement_known(session))
        smtp_report_once(session, SMTP_FINDING_EXTENSION_NOT_OFFERED, SMTP_CLIENT, session->half[SMTP_CLIENT].offset,
                         sink, "%s %" PRIu64 ", the server announced LIMITS %s=%" PRIu32, what, used, limit, allowed);
}

void smtp_offers_command(struct smtp_session *session, const struct smtp_command *command, const struct smtp_sink *sink)
{
    bool mail = smtp_verb_names_sender(command->verb);
    bool rcpt = smtp_verb_names_recipient(command->verb);
    enum smtp_keyword keyword = smtp_verb_keyword(command->verb);
    if (keyword != SMTP_KEYWORD_OTHER)
        needs_keyword(session, command->word, keyword, sink);
    if (!mail && !rcpt)
        return;
    struct smtp_path path = smtp_path_parse(command->argument, mail ? "FROM" : "TO");
    struct smtp_span rest = path.parameters;
    struct smtp_parameter parameter;
    if (mail) {
        session->offers.declared_size = UINT64_MAX;
        session->offers.prdr_asked = false;
        session->offers.recipients_named = 0;
        check_limit(session, "mail number", "MAILMAX", ++session->offers.mails_begun, session->offers.now.mails, sink);
    } else {
        check_limit(session, "recipient number", "RCPTMAX", ++session->offers.recipients_named,
                    session->offers.now.recipients, sink);
    }
    while (smtp_parameter_next(&rest, &parameter)) {
        check_parameter(session, &parameter, sink);
        if (mail && smtp_span_is(parameter.keyword, "SIZE"))
            session->offers.declared_size = number(parameter.value);
        session->offers.prdr_asked = session->offers.prdr_asked || (mail && smtp_span_is(parameter.keyword, "PRDR"));
    }
}

void smtp_offers_mechanism(struct smtp_session *session, struct smtp_span word, const struct smtp_sink *sink)
{
    if (announcement_known(session) && smtp_offers_has(&session->offers.now, SMTP_KEYWORD_AUTH) &&
        session->login.mechanism != SMTP_MECHANISM_OTHER &&
        !(session->offers.now.mechanisms & (1u << session->login.mechanism)))
        not_offered(session, word, "this mechanism", sink);
}

/* "RCPTMAX=100": a number of six digits at the most, not 0 (RFC 9422 section 4). */
static uint32_t limit(struct smtp_span value)
{
    uint64_t most = value.length <= 6 ? number(value) : UINT64_MAX;
    return most == 0 || most == UINT64_MAX ? NO_LIMIT : (uint32_t)most;
}

void smtp_offers_begin(struct smtp_offers *incoming)
{
    *incoming = (struct smtp_offers){ .size = UINT64_MAX, .recipients = NO_LIMIT, .mails = NO_LIMIT };
}

static void note_mechanisms(struct smtp_offers *incoming, struct smtp_span words)
{
    for (struct smtp_span word = smtp_span_next_word(&words); word.length > 0; word = smtp_span_next_word(&words))
        incoming->mechanisms |= (uint16_t)(1u << smtp_mechanism_of(word));
}

static void note_limits(struct smtp_offers *incoming, struct smtp_span words)
{
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&words, &parameter)) {
        if (smtp_span_is(parameter.keyword, "RCPTMAX"))
            incoming->recipients = limit(parameter.value);
        else if (smtp_span_is(parameter.keyword, "MAILMAX"))
            incoming->mails = limit(parameter.value);
    }
}

void smtp_offers_keyword(struct smtp_offers *incoming, const struct smtp_keyword_line *line)
{
    uint64_t most = UINT64_MAX;
    incoming->keywords |= UINT64_C(1) << line->keyword;
    incoming->masked = incoming->masked || line->masked;
    switch (line->keyword) {
    case SMTP_KEYWORD_SIZE:
        most = number(line->parameters);
        incoming->size = most == 0 ? UINT64_MAX : most; /* RFC 1870 section 4: 0 is no limit */
        break;
    case SMTP_KEYWORD_LIMITS:
        note_limits(incoming, line->parameters);
        break;
    case SMTP_KEYWORD_AUTH:
    case SMTP_KEYWORD_X_EXPS:
        note_mechanisms(incoming, line->parameters);
        break;
    default:
        break;
    }
}

bool smtp_offers_differ(const struct smtp_offers *before, const struct smtp_offers *now)
{
    static const uint64_t may_differ = UINT64_C(1) << SMTP_KEYWORD_STARTTLS | UINT64_C(1) << SMTP_KEYWORD_AUTH |
                                       UINT64_C(1) << SMTP_KEYWORD_X_ANONYMOUSTLS | UINT64_C(1) << SMTP_KEYWORD_X_EXPS |
                                       UINT64_C(1) << SMTP_KEYWORD_REQUIRETLS | UINT64_C(1) << SMTP_KEYWORD_OTHER;
    return before->known && now->known && ((before->keywords ^ now->keywords) & ~may_differ) != 0;
}

void smtp_offers_hold(struct smtp_announced *offers, bool extended, bool known)
{
    if (!extended)
        smtp_offers_begin(&offers->now);
    else
        offers->now = offers->incoming;
    offers->now.known = known;
    offers->extended = extended;
    offers->mails_begun = 0;
}

/* ---- content ---- */

bool smtp_offers_watch_octets(const struct smtp_session *session)
{
    bool said = smtp_reported(session, SMTP_FINDING_EXTENSION_NOT_OFFERED);
    bool allowed = smtp_offers_has(&session->offers.now, SMTP_KEYWORD_8BITMIME) ||
                   smtp_offers_has(&session->offers.now, SMTP_KEYWORD_BINARYMIME);
    return session->offers.extended && !said && announcement_known(session) && !allowed;
}

void smtp_offers_octets(struct smtp_session *session, struct smtp_span octets, const struct smtp_sink *sink)
{
    for (size_t i = 0; i < octets.length; i++)
        if (octets.octets[i] > 127) {
            smtp_report_once(session, SMTP_FINDING_EXTENSION_NOT_OFFERED, SMTP_CLIENT,
                             session->half[SMTP_CLIENT].offset + i, sink,
                             "the message holds 8-bit octets, the server did not announce 8BITMIME");
            return;
        }
}

void smtp_offers_size(struct smtp_session *session, const struct smtp_sink *sink)
{
    uint64_t offset = session->half[SMTP_CLIENT].offset;
    uint64_t declared = session->offers.declared_size;
    uint64_t sent = session->content.octets;
    if (sent > session->offers.now.size && announcement_known(session))
        smtp_report_offer(session, SMTP_FINDING_DECLARED_SIZE_MISMATCH, SMTP_CLIENT, offset, sink,
                          "the message has %" PRIu64 " octet%s, the server announced SIZE %" PRIu64, sent,
                          sent == 1 ? "" : "s", session->offers.now.size);
    /* The declaration is an estimate (RFC 1870 section 6): only what is far off says something. Some clients count a line end
       as one octet, as it is in their files. */
    else if (declared != UINT64_MAX && declared != 0 &&
             (sent - session->content.lines > declared + declared / 8 + 128 || sent + sent / 2 + 4096 < declared))
        smtp_report(session, SMTP_FINDING_DECLARED_SIZE_MISMATCH, SMTP_CLIENT, offset, sink,
                    "MAIL declared SIZE=%" PRIu64 ", the message has %" PRIu64 " octet%s", declared, sent,
                    sent == 1 ? "" : "s");
}
