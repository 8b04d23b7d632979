/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guesses.h"

#include "session_private.h"

/* ---- guesses ---- */

static uint64_t hash(struct smtp_span text, bool any_case)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < text.length; i++)
        sum = (sum ^ (any_case ? smtp_ascii_upper(text.octets[i]) : text.octets[i])) * UINT64_C(0x100000001b3);
    return sum != 0 ? sum : 1;
}

uint64_t smtp_guess_who(struct smtp_span name)
{
    return hash(name, true);
}

uint64_t smtp_guess_secret(enum smtp_mechanism mechanism, struct smtp_span secret)
{
    bool password = mechanism == SMTP_MECHANISM_PLAIN || mechanism == SMTP_MECHANISM_LOGIN;
    return password && secret.octets != NULL ? hash(secret, false) : 0;
}

/* The guess that this may be one more login of; else a free place, or the oldest guess's. */
static unsigned place_of(const struct smtp_guess *kept, unsigned limit, uint64_t who, uint64_t secret)
{
    unsigned place = 0;
    for (unsigned i = 0; i < limit; i++) {
        bool same = kept[i].secret == secret || kept[i].secret == 0 || secret == 0;
        if (kept[i].who == who && same)
            return i;
        if (kept[place].who != 0 && (kept[i].who == 0 || kept[i].order < kept[place].order))
            place = i;
    }
    return place;
}

static uint32_t next_order(const struct smtp_guess *kept, unsigned limit)
{
    uint32_t last = 0;
    for (unsigned i = 0; i < limit; i++)
        last = kept[i].who != 0 && kept[i].order > last ? kept[i].order : last;
    return last + 1;
}

unsigned smtp_guess_add(struct smtp_guess *kept, unsigned limit, uint64_t who, uint64_t secret)
{
    unsigned place = place_of(kept, limit, who, secret);
    struct smtp_guess *guess = &kept[place];
    if (guess->who != who || (guess->secret != secret && guess->secret != 0 && secret != 0))
        *guess = (struct smtp_guess){ .who = who, .order = next_order(kept, limit) };
    guess->denied++;
    if (guess->secret == 0)
        guess->secret = secret;
    return place;
}

void smtp_guess_forget(struct smtp_guess *kept, unsigned limit, uint64_t who)
{
    for (unsigned i = 0; i < limit; i++)
        if (kept[i].who == who)
            kept[i] = (struct smtp_guess){ .who = 0 };
}

unsigned smtp_guess_count(const struct smtp_guess *kept, unsigned limit, uint64_t who)
{
    unsigned count = 0;
    for (unsigned i = 0; i < limit; i++)
        count += kept[i].who != 0 && (who == 0 || kept[i].who == who);
    return count;
}

/* ---- replies ---- */

bool smtp_denies_credentials(unsigned code, const struct smtp_enhanced_status *enhanced)
{
    bool security = enhanced->present && enhanced->subject == 7;
    if (code >= 500 && code <= 599 && security && enhanced->detail == 8)
        return true;
    if (code != 535)
        return false;
    /* X.7.0 and X.7.1 say no more than the code, X.7.3 is Exchange's for it. */
    bool same = security && (enhanced->detail <= 1 || enhanced->detail == 3);
    return !enhanced->present || enhanced->subject == 0 || same;
}

/* ---- the logins of a session ---- */

#define KEPT (sizeof((struct smtp_guessing *)NULL)->guesses / sizeof(struct smtp_guess))

void smtp_login_begin(struct smtp_login *login)
{
    login->who = smtp_guess_who(smtp_span(NULL, 0));
    login->secret = 0;
    login->responded = false;
}

void smtp_login_response(struct smtp_login *login, const struct smtp_sasl_response *response)
{
    login->responded = true;
    if (response->has_identity)
        login->who = smtp_guess_who(response->identity);
    if (response->has_secret)
        login->secret = smtp_guess_secret(login->mechanism, response->secret);
}

/* Tokens are not guessed. */
static bool may_be_guess(const struct smtp_login *login)
{
    enum smtp_mechanism mechanism = login->mechanism;
    return login->responded && login->secret == 0 && mechanism != SMTP_MECHANISM_XOAUTH2 &&
           mechanism != SMTP_MECHANISM_OAUTHBEARER && mechanism != SMTP_MECHANISM_EXTERNAL;
}

void smtp_login_denied(struct smtp_session *session, const struct smtp_sink *sink)
{
    session->guessing.denied++;
    smtp_guess_add(session->guessing.guesses, KEPT, session->login.who, session->login.secret);
    unsigned guesses = smtp_guess_count(session->guessing.guesses, KEPT, 0);
    if (guesses >= SMTP_GUESSES_PROVE)
        smtp_report_once(session, SMTP_FINDING_AUTH_BRUTE_FORCE, SMTP_SERVER, session->reading.offset, sink,
                         "%u logins were denied in this session, for at least %u different pairs of user and password",
                         session->guessing.denied, guesses);
    session->guessing.unreadable += may_be_guess(&session->login);
    if (session->guessing.unreadable >= SMTP_DENIALS_SUSPECT)
        smtp_report_once(session, SMTP_FINDING_AUTH_BRUTE_FORCE, SMTP_SERVER, session->reading.offset, sink,
                         "%u logins were denied in this session whose passwords cannot be read",
                         session->guessing.unreadable);
}

void smtp_login_accepted(struct smtp_session *session, const struct smtp_sink *sink)
{
    bool denied_before = smtp_guess_count(session->guessing.guesses, KEPT, session->login.who) > 0;
    if (!smtp_reported(session, SMTP_FINDING_AUTH_BRUTE_FORCE)) {
        smtp_guess_forget(session->guessing.guesses, KEPT, session->login.who);
        return;
    }
    if (session->guessing.accepted)
        return;
    session->guessing.accepted = true;
    smtp_report_proof(session, SMTP_FINDING_AUTH_BRUTE_FORCE, SMTP_SERVER, session->reading.offset, sink, "%s",
                      denied_before ? "then a login of a user that was denied before was accepted"
                                    : "then a login was accepted");
}
