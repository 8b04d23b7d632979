/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Passwords that are guessed over several sessions: by one client, or for one identity by several. What was a slip does not
 * count: a user behind the same address who was accepted afterwards. Who sends the same wrong password again and again is more
 * likely a program that nobody told of the new one.
 */

#include "across_private.h"
#include "address_text.h"

#define REPEATS_PROVE 10u    /* denied logins for one identity, whatever the passwords */
#define IDENTITIES_PROVE 5u  /* with one password, or of a client that few are accepted of */

/* Octets of an identity that are shown. */
#define IDENTITY_SHOWN ((size_t)80)

enum kind { NOTHING, REPEATS, PASSWORDS, ONE_PASSWORD, IDENTITIES };

/* One login, and whose guesses it is one of. */
struct attempt {
    const struct record *record;
    const struct login *auth;
    struct evidence evidence; /* the reply */
    uint64_t who, secret;     /* as in struct smtp_guess */
    bool by_client;           /* the guesses are one client's; else one identity's */
};

/* ---- counting ---- */

static bool is_of(const struct smtp_guess *guess, uint64_t who, uint64_t secret)
{
    return guess->who != 0 && (who == 0 || guess->who == who) && (secret == 0 || guess->secret == secret);
}

static uint32_t denied_of(const struct guesses *guesses, uint64_t who)
{
    uint32_t denied = 0;
    for (unsigned i = 0; i < GUESSES_KEPT; i++)
        denied += is_of(&guesses->guess[i], who, 0) ? guesses->guess[i].denied : 0;
    return denied;
}

static uint64_t secret_in(const struct smtp_guess *guess)
{
    return guess->secret;
}

static uint64_t who_in(const struct smtp_guess *guess)
{
    return guess->who;
}

/* How many different values (0 is none) there are in the guesses of `who` (0: of all) with this secret (0: with any). */
static unsigned different(const struct guesses *guesses, uint64_t (*value)(const struct smtp_guess *), uint64_t who,
                          uint64_t secret)
{
    uint64_t seen[GUESSES_KEPT];
    unsigned count = 0;
    for (unsigned i = 0; i < GUESSES_KEPT; i++) {
        uint64_t this = value(&guesses->guess[i]);
        bool known = this == 0 || !is_of(&guesses->guess[i], who, secret);
        for (unsigned j = 0; j < count && !known; j++)
            known = seen[j] == this;
        if (!known)
            seen[count++] = this;
    }
    return count;
}

/* Whether one of these guesses was made in another session, too. */
static bool in_other_session(const struct guesses *guesses, const struct attempt *attempt, uint64_t who, uint64_t secret)
{
    for (unsigned i = 0; i < GUESSES_KEPT; i++)
        if (is_of(&guesses->guess[i], who, secret) && guesses->evidence[i].session != attempt->evidence.session)
            return true;
    return false;
}

/* Which guesses the attempt stands with: those of its identity; all, where the identity is the same in all. */
static uint64_t whose(const struct attempt *attempt)
{
    return attempt->by_client ? attempt->who : 0;
}

/* What the guesses prove now that this one was denied. */
static enum kind proven(const struct guesses *guesses, const struct attempt *attempt)
{
    uint64_t who = whose(attempt);
    if (!attempt->by_client && different(guesses, who_in, 0, 0) < 2)
        return NOTHING; /* it is told of the client */
    /* What one session proves alone is said there. */
    if (different(guesses, secret_in, who, 0) >= SMTP_GUESSES_PROVE && in_other_session(guesses, attempt, who, 0))
        return PASSWORDS;
    if (attempt->by_client && in_other_session(guesses, attempt, 0, 0)) {
        unsigned identities = different(guesses, who_in, 0, 0);
        if (attempt->secret != 0 && different(guesses, who_in, 0, attempt->secret) >= IDENTITIES_PROVE)
            return ONE_PASSWORD;
        if (identities >= IDENTITIES_PROVE && identities > guesses->accepted_count)
            return IDENTITIES;
    }
    bool alone = different(guesses, secret_in, who, 0) >= SMTP_GUESSES_PROVE;
    return denied_of(guesses, who) >= REPEATS_PROVE && !alone ? REPEATS : NOTHING;
}

static void note_accepted(struct guesses *guesses, uint64_t who)
{
    for (unsigned i = 0; i < guesses->accepted_count; i++)
        if (guesses->accepted[i] == who)
            return;
    if (guesses->accepted_count < GUESSES_KEPT)
        guesses->accepted[guesses->accepted_count++] = who;
}

/* ---- telling ---- */

/* The attempt, and the first reply to each of the guesses that it stands with, one of a session. */
static void add_evidence(struct told_finding *told, const struct guesses *guesses, const struct attempt *attempt,
                         uint64_t who, uint64_t secret)
{
    told->evidence[told->count++] = attempt->evidence;
    for (uint32_t after = 0; told->count < EVIDENCE_LIMIT;) {
        unsigned next = GUESSES_KEPT; /* the oldest one that was not looked at */
        for (unsigned i = 0; i < GUESSES_KEPT; i++) {
            bool wanted = is_of(&guesses->guess[i], who, secret) && guesses->guess[i].order > after;
            if (wanted && (next == GUESSES_KEPT || guesses->guess[i].order < guesses->guess[next].order))
                next = i;
        }
        if (next == GUESSES_KEPT)
            return;
        after = guesses->guess[next].order;
        bool known = false;
        for (unsigned i = 0; i < told->count; i++)
            known = known || told->evidence[i].session == guesses->evidence[next].session;
        if (!known)
            told->evidence[told->count++] = guesses->evidence[next];
    }
}

static void append_identity(GString *detail, const struct attempt *attempt)
{
    struct smtp_span identity = smtp_span_first(attempt->auth->identity, IDENTITY_SHOWN);
    if (attempt->auth->identity.octets == NULL)
        g_string_append(detail, "an identity that was not seen");
    else
        g_string_append_len(detail, (const char *)identity.octets, (gssize)identity.length);
}

static void append_client(GString *detail, const struct attempt *attempt)
{
    g_string_append(detail, "client ");
    text_append_address(detail, &across_endpoint(attempt->record, SMTP_CLIENT)->address);
}

/* "client A: ", "several clients, at the server S: " */
static void append_where(GString *detail, const struct attempt *attempt)
{
    if (attempt->by_client) {
        append_client(detail, attempt);
    } else {
        g_string_append(detail, "several clients, at the server ");
        text_append_address(detail, &across_endpoint(attempt->record, SMTP_SERVER)->address);
    }
    g_string_append(detail, ": ");
}

static void append_kind(GString *detail, enum kind kind, const struct guesses *guesses, const struct attempt *attempt)
{
    uint64_t who = whose(attempt);
    unsigned passwords = different(guesses, secret_in, who, 0);
    switch (kind) {
    case PASSWORDS:
    case REPEATS:
        g_string_append_printf(detail, "%u logins for ", denied_of(guesses, who));
        append_identity(detail, attempt);
        g_string_append(detail, " were denied, ");
        if (passwords == 0)
            g_string_append(detail, "with no password that could be compared");
        else if (passwords == 1)
            g_string_append(detail, "all with one password, as far as it can be read");
        else
            g_string_append_printf(detail, "with %u different passwords", passwords);
        break;
    case ONE_PASSWORD:
        g_string_append_printf(detail, "the same password was denied for %u identities",
                               different(guesses, who_in, 0, attempt->secret));
        break;
    case IDENTITIES:
        g_string_append_printf(detail,
                               "%u logins for %u identities were denied, and none for them accepted afterwards; %u other%s "
                               "accepted",
                               denied_of(guesses, 0), different(guesses, who_in, 0, 0), guesses->accepted_count,
                               guesses->accepted_count == 1 ? " was" : "s were");
        break;
    case NOTHING:
        break;
    }
}

static void tell(struct across *across, const struct guesses *guesses, const struct attempt *attempt, enum kind kind)
{
    struct told_finding told = { .finding = SMTP_FINDING_AUTH_BRUTE_FORCE, .severity = guesses->told };
    GString *detail = g_string_new(NULL);
    append_where(detail, attempt);
    append_kind(detail, kind, guesses, attempt);
    add_evidence(&told, guesses, attempt, kind == ONE_PASSWORD || kind == IDENTITIES ? 0 : whose(attempt),
                 kind == ONE_PASSWORD ? attempt->secret : 0);
    across_tell(across, &told, detail);
}

/* A login was accepted after guesses were told of: one of those who were denied, or with the password that was. */
static void tell_success(struct across *across, const struct guesses *guesses, const struct attempt *attempt)
{
    uint32_t denied = denied_of(guesses, attempt->who);
    bool others = denied == 0; /* the password, or the identity, was denied to others only */
    struct told_finding told = { .finding = SMTP_FINDING_AUTH_BRUTE_FORCE,
                                 .severity = others && !attempt->by_client ? SMTP_SEVERITY_MEDIUM : guesses->told };
    GString *detail = g_string_new(NULL);
    append_client(detail, attempt);
    g_string_append(detail, ": a login for ");
    append_identity(detail, attempt);
    if (attempt->by_client && others) {
        g_string_append(detail, " was accepted, with a password that was denied for others before");
    } else {
        uint32_t before = attempt->by_client ? denied : denied_of(guesses, 0);
        g_string_append_printf(detail, " was accepted, after %u that %s denied", before, before == 1 ? "was" : "were");
        if (!attempt->by_client)
            g_string_append(detail, others ? " to several other clients" : " to this and other clients");
    }
    add_evidence(&told, guesses, attempt, attempt->by_client && !others ? attempt->who : 0,
                 attempt->by_client && others ? attempt->secret : 0);
    across_tell(across, &told, detail);
}

/* ---- taking ---- */

static void take_denied(struct across *across, struct guesses *guesses, const struct attempt *attempt)
{
    unsigned place = smtp_guess_add(guesses->guess, GUESSES_KEPT, attempt->who, attempt->secret);
    if (guesses->guess[place].denied == 1)
        guesses->evidence[place] = attempt->evidence;
    enum kind kind = proven(guesses, attempt);
    enum smtp_severity severity = kind == NOTHING   ? SMTP_SEVERITY_INFO
                                  : kind == REPEATS ? SMTP_SEVERITY_MEDIUM
                                                    : SMTP_SEVERITY_HIGH;
    if (severity <= guesses->told)
        return;
    guesses->told = severity;
    tell(across, guesses, attempt, kind);
}

static void take_accepted(struct across *across, struct guesses *guesses, const struct attempt *attempt)
{
    bool before = smtp_guess_count(guesses->guess, GUESSES_KEPT, attempt->who) > 0;
    bool password = attempt->secret != 0 && different(guesses, who_in, 0, attempt->secret) > 0;
    note_accepted(guesses, attempt->who);
    if (guesses->told == SMTP_SEVERITY_INFO) {
        smtp_guess_forget(guesses->guess, GUESSES_KEPT, attempt->who);
        return;
    }
    if (guesses->told_success || (attempt->by_client && !before && !password))
        return;
    guesses->told_success = true;
    tell_success(across, guesses, attempt);
}

static void take(struct across *across, struct guesses *guesses, const struct attempt *attempt)
{
    if (attempt->auth->denied)
        take_denied(across, guesses, attempt);
    else if (attempt->auth->result == SMTP_STEP_ACCEPTED)
        take_accepted(across, guesses, attempt);
}

/* A client, as smtp_guess.who. */
static uint64_t who_is(const struct tcp_endpoint *client)
{
    GString *address = g_string_new(NULL);
    text_append_address(address, &client->address);
    uint64_t who = smtp_guess_who(smtp_span(address->str, address->len));
    g_string_free(address, TRUE);
    return who;
}

void across_guesses(struct across *across, const struct record *record)
{
    const struct tcp_endpoint *client = across_endpoint(record, SMTP_CLIENT);
    const struct tcp_endpoint *server = across_endpoint(record, SMTP_SERVER);
    struct smtp_span nothing = smtp_span("", 0);
    for (const GList *link = record->account.logins.list.head; link != NULL; link = record_next(record, link)) {
        const struct login *auth = link->data;
        if (auth->result_place.frame == 0)
            continue;
        struct attempt attempt = {
            .record = record,
            .auth = auth,
            .evidence = across_evidence(record, auth->result_place),
            .who = smtp_guess_who(auth->identity),
            .secret = smtp_guess_secret(smtp_mechanism_of(auth->mechanism), auth->secret),
            .by_client = true,
        };
        take(across, lru_get(across->guessers, across_key(across, client, false, nothing)), &attempt);
        if (auth->identity.length == 0)
            continue;
        attempt.who = who_is(client);
        attempt.by_client = false;
        take(across, lru_get(across->guessed, across_key(across, server, false, auth->identity)), &attempt);
    }
}
