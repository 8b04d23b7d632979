/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the server announced in its EHLO reply against what the client uses: verbs, parameters, mechanisms, numbers (RFC
 * 5321 section 2.2.1: nothing may be used that was not offered), and the size that MAIL declares against the message's.
 */

#include <inttypes.h>

#include "path.h"
#include "session_private.h"

/* Which keyword a verb or parameter needs. */
struct need {
    const char *word;
    enum smtp_keyword keyword;
    const char *name;
};

static const struct need verbs[] = {
    { "STARTTLS", SMTP_KEYWORD_STARTTLS, "STARTTLS" },
    { "AUTH", SMTP_KEYWORD_AUTH, "AUTH" },
    { "BDAT", SMTP_KEYWORD_CHUNKING, "CHUNKING" },
    { "BURL", SMTP_KEYWORD_BURL, "BURL" },
    { "ETRN", SMTP_KEYWORD_ETRN, "ETRN" },
    { "ATRN", SMTP_KEYWORD_ATRN, "ATRN" },
    { "XCLIENT", SMTP_KEYWORD_XCLIENT, "XCLIENT" },
    { "XFORWARD", SMTP_KEYWORD_XFORWARD, "XFORWARD" },
    { "X-EXPS", SMTP_KEYWORD_X_EXPS, "X-EXPS" },
    { "X-ANONYMOUSTLS", SMTP_KEYWORD_X_ANONYMOUSTLS, "X-ANONYMOUSTLS" },
};

static const struct need parameters[] = {
    { "SIZE", SMTP_KEYWORD_SIZE, "SIZE" },
    { "SMTPUTF8", SMTP_KEYWORD_SMTPUTF8, "SMTPUTF8" },
    { "AUTH", SMTP_KEYWORD_AUTH, "AUTH" },
    { "RET", SMTP_KEYWORD_DSN, "DSN" },
    { "ENVID", SMTP_KEYWORD_DSN, "DSN" },
    { "NOTIFY", SMTP_KEYWORD_DSN, "DSN" },
    { "ORCPT", SMTP_KEYWORD_DSN, "DSN" },
    { "BY", SMTP_KEYWORD_DELIVERBY, "DELIVERBY" },
    { "HOLDFOR", SMTP_KEYWORD_FUTURERELEASE, "FUTURERELEASE" },
    { "HOLDUNTIL", SMTP_KEYWORD_FUTURERELEASE, "FUTURERELEASE" },
    { "MT-PRIORITY", SMTP_KEYWORD_MT_PRIORITY, "MT-PRIORITY" },
    { "REQUIRETLS", SMTP_KEYWORD_REQUIRETLS, "REQUIRETLS" },
    { "SOLICIT", SMTP_KEYWORD_NO_SOLICITING, "NO-SOLICITING" },
    { "MTRK", SMTP_KEYWORD_MTRK, "MTRK" },
    { "RRVS", SMTP_KEYWORD_RRVS, "RRVS" },
    { "CONPERM", SMTP_KEYWORD_CONPERM, "CONPERM" },
    { "CONNEG", SMTP_KEYWORD_CONNEG, "CONNEG" },
    { "SUBMITTER", SMTP_KEYWORD_SUBMITTER, "SUBMITTER" },
    { "TRANSID", SMTP_KEYWORD_CHECKPOINT, "CHECKPOINT" },
};

static bool offered(const struct smtp_session *session, enum smtp_keyword keyword)
{
    return (session->keywords & (UINT64_C(1) << keyword)) != 0;
}

/* Whether all that the server announced is known. */
static bool announcement_known(const struct smtp_session *session)
{
    return session->ehlo_seen && !session->half[SMTP_SERVER].gap;
}

static void not_offered(struct smtp_session *session, struct smtp_span what, const char *keyword,
                        const struct smtp_sink *sink)
{
    smtp_report_once(session, SMTP_FINDING_EXTENSION_NOT_OFFERED, SMTP_CLIENT, session->half[SMTP_CLIENT].offset, sink,
                     "the client used %.*s, the server did not announce %s", (int)smtp_span_first(what, 40).length,
                     (const char *)what.octets, keyword);
}

static void check(struct smtp_session *session, const struct need *needs, size_t count, struct smtp_span word,
                  const struct smtp_sink *sink)
{
    if (!announcement_known(session))
        return;
    for (size_t i = 0; i < count; i++)
        if (smtp_span_is(word, needs[i].word) && !offered(session, needs[i].keyword))
            not_offered(session, word, needs[i].name, sink);
}

/* Digits only, at most 18 of them; UINT64_MAX for anything else. */
static uint64_t number(struct smtp_span text)
{
    uint64_t value = 0;
    if (text.length == 0 || text.length > 18)
        return UINT64_MAX;
    for (size_t i = 0; i < text.length; i++) {
        if (!smtp_ascii_is_digit(text.octets[i]))
            return UINT64_MAX;
        value = value * 10 + (uint64_t)(text.octets[i] - '0');
    }
    return value;
}

/* BODY came with 8BITMIME (RFC 6152), and BINARYMIME brings it, too, with a value of its own (RFC 3030 section 3). */
static void check_body(struct smtp_session *session, struct smtp_span value, const struct smtp_sink *sink)
{
    bool eight = offered(session, SMTP_KEYWORD_8BITMIME);
    bool binary = offered(session, SMTP_KEYWORD_BINARYMIME);
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
    check(session, parameters, sizeof parameters / sizeof parameters[0], parameter->keyword, sink);
    if (smtp_span_is(parameter->keyword, "BODY") && announcement_known(session))
        check_body(session, parameter->value, sink);
}

/* RFC 9422 section 3: more recipients or mails than the server said it takes. */
static void check_limit(struct smtp_session *session, const char *what, const char *limit, uint64_t used,
                        uint64_t allowed, const struct smtp_sink *sink)
{
    if (used > allowed && announcement_known(session))
        smtp_report_once(session, SMTP_FINDING_EXTENSION_NOT_OFFERED, SMTP_CLIENT, session->half[SMTP_CLIENT].offset,
                         sink, "%s %" PRIu64 ", the server announced LIMITS %s=%" PRIu64, what, used, limit, allowed);
}

void smtp_offers_command(struct smtp_session *session, const struct smtp_command *command, const struct smtp_sink *sink)
{
    bool mail = smtp_verb_opens_transaction(command->verb);
    bool rcpt = command->verb == SMTP_VERB_RCPT;
    check(session, verbs, sizeof verbs / sizeof verbs[0], command->word, sink);
    if (!mail && !rcpt)
        return;
    struct smtp_path path = smtp_path_parse(command->argument, mail ? "FROM" : "TO");
    struct smtp_span rest = path.parameters;
    struct smtp_parameter parameter;
    if (mail) {
        session->declared_size = UINT64_MAX;
        session->prdr_asked = false;
        session->recipients_named = 0;
        check_limit(session, "mail number", "MAILMAX", ++session->mails_begun, session->limit_mails, sink);
    } else {
        check_limit(session, "recipient number", "RCPTMAX", ++session->recipients_named, session->limit_recipients,
                    sink);
    }
    while (smtp_parameter_next(&rest, &parameter)) {
        check_parameter(session, &parameter, sink);
        if (mail && smtp_span_is(parameter.keyword, "SIZE"))
            session->declared_size = number(parameter.value);
        session->prdr_asked = session->prdr_asked || (mail && smtp_span_is(parameter.keyword, "PRDR"));
    }
}

void smtp_offers_mechanism(struct smtp_session *session, struct smtp_span word, const struct smtp_sink *sink)
{
    if (announcement_known(session) && offered(session, SMTP_KEYWORD_AUTH) &&
        session->mechanism != SMTP_MECHANISM_OTHER && !(session->mechanisms & (1u << session->mechanism)))
        not_offered(session, word, "this mechanism", sink);
}

/* "RCPTMAX=100": a number of six digits at the most, not 0 (RFC 9422 section 4). */
static uint64_t limit(struct smtp_span value)
{
    uint64_t most = value.length <= 6 ? number(value) : UINT64_MAX;
    return most == 0 ? UINT64_MAX : most;
}

void smtp_offers_begin(struct smtp_session *session)
{
    session->new_limit_size = UINT64_MAX;
    session->new_limit_recipients = UINT64_MAX;
    session->new_limit_mails = UINT64_MAX;
}

void smtp_offers_keyword(struct smtp_session *session, const struct smtp_keyword_line *line)
{
    struct smtp_span rest = line->parameters;
    struct smtp_parameter parameter;
    if (line->keyword == SMTP_KEYWORD_SIZE) {
        uint64_t most = number(line->parameters);
        session->new_limit_size = most == 0 ? UINT64_MAX : most; /* RFC 1870 section 4: 0 is no limit */
    }
    while (line->keyword == SMTP_KEYWORD_LIMITS && smtp_parameter_next(&rest, &parameter)) {
        if (smtp_span_is(parameter.keyword, "RCPTMAX"))
            session->new_limit_recipients = limit(parameter.value);
        else if (smtp_span_is(parameter.keyword, "MAILMAX"))
            session->new_limit_mails = limit(parameter.value);
    }
}

/* The reply to a greeting is whole: what it says holds from now on. */
void smtp_offers_hold(struct smtp_session *session, bool extended)
{
    session->limit_size = extended ? session->new_limit_size : UINT64_MAX;
    session->limit_recipients = extended ? session->new_limit_recipients : UINT64_MAX;
    session->limit_mails = extended ? session->new_limit_mails : UINT64_MAX;
    session->extended = extended;
    session->mails_begun = 0;
}

/* ---- content ---- */

bool smtp_offers_watch_octets(const struct smtp_session *session)
{
    bool said = smtp_reported(session, SMTP_FINDING_EXTENSION_NOT_OFFERED);
    bool allowed = offered(session, SMTP_KEYWORD_8BITMIME) || offered(session, SMTP_KEYWORD_BINARYMIME);
    return session->extended && !said && announcement_known(session) && !allowed;
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
    uint64_t declared = session->declared_size;
    uint64_t sent = session->content_octets;
    if (sent > session->limit_size && announcement_known(session))
        smtp_report_offer(session, SMTP_FINDING_DECLARED_SIZE_MISMATCH, SMTP_CLIENT, offset, sink,
                          "the message has %" PRIu64 " octet%s, the server announced SIZE %" PRIu64, sent,
                          sent == 1 ? "" : "s", session->limit_size);
    /* The declaration is an estimate (RFC 1870 section 6): only what is far off says something. Some clients count a line end
       as one octet, as it is in their files. */
    else if (declared != UINT64_MAX && declared != 0 &&
             (sent - session->content_lines > declared + declared / 8 + 128 || sent + sent / 2 + 4096 < declared))
        smtp_report(session, SMTP_FINDING_DECLARED_SIZE_MISMATCH, SMTP_CLIENT, offset, sink,
                    "MAIL declared SIZE=%" PRIu64 ", the message has %" PRIu64 " octet%s", declared, sent,
                    sent == 1 ? "" : "s");
}
