/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Passwords that are guessed over several sessions: by one client, or for one identity by several. Who sends the same
 * wrong password again and again is more likely a program that nobody told of the new one: that takes more to count.
 */

#include "across_private.h"
#include "text.h"

static bool add_hash(uint64_t *hashes, unsigned *count, unsigned limit, uint64_t hash)
{
    for (unsigned i = 0; i < *count; i++)
        if (hashes[i] == hash)
            return false;
    if (*count == limit)
        return false;
    hashes[(*count)++] = hash;
    return true;
}

static bool has_hash(const uint64_t *hashes, unsigned count, uint64_t hash)
{
    for (unsigned i = 0; i < count; i++)
        if (hashes[i] == hash)
            return true;
    return false;
}

static void note_session(struct guesses *guesses, const struct record *record, const struct evidence *evidence)
{
    if (guesses->last_session == record->id)
        return;
    guesses->last_session = record->id;
    guesses->sessions++;
    if (guesses->evidence_count < G_N_ELEMENTS(guesses->evidence))
        guesses->evidence[guesses->evidence_count++] = *evidence;
}

static void note_client(struct guesses *guesses, const struct record *record)
{
    const struct packet_address *client = &across_endpoint(record, SMTP_CLIENT)->address;
    if (guesses->denied == 0)
        guesses->client = *client;
    guesses->many_clients = guesses->many_clients || memcmp(&guesses->client, client, sizeof *client) != 0;
}

static void note_denied(struct guesses *guesses, const struct record *record, const struct auth *auth,
                        const struct evidence *evidence)
{
    uint64_t identity = refusals_hash(auth->identity);
    uint64_t guess = identity * 31 + refusals_hash(auth->secret);
    if (auth->secret.octets == NULL)
        guess += ++guesses->denied * UINT64_C(0x9e3779b97f4a7c15); /* what was guessed is not known: each counts */
    else
        guesses->denied++;
    add_hash(guesses->guess, &guesses->guess_count, GUESSES_PROVE, guess);
    add_hash(guesses->identities, &guesses->identity_count, IDENTITIES_KEPT, identity);
    note_session(guesses, record, evidence);
}

static bool proven(const struct guesses *guesses)
{
    bool enough = guesses->guess_count >= GUESSES_PROVE || guesses->denied >= REPEATS_PROVE;
    return enough && guesses->sessions > 1;
}

static void add_evidence(struct told_finding *told, const struct guesses *guesses, const struct evidence *evidence)
{
    told->evidence[told->count++] = *evidence;
    for (unsigned i = 0; i < guesses->evidence_count; i++)
        if (guesses->evidence[i].session != evidence->session)
            told->evidence[told->count++] = guesses->evidence[i];
}

static void append_who(GString *detail, const struct record *record, const struct auth *auth, bool by_client)
{
    if (by_client) {
        g_string_append(detail, "client ");
        text_append_address(detail, &across_endpoint(record, SMTP_CLIENT)->address);
    } else {
        g_string_append(detail, "several clients, for ");
        g_string_append_len(detail, (const char *)auth->identity.octets,
                            (gssize)smtp_span_first(auth->identity, 80).length);
        g_string_append(detail, " at the server ");
        text_append_address(detail, &across_endpoint(record, SMTP_SERVER)->address);
    }
}

static void tell(struct across *across, const struct guesses *guesses, const struct record *record,
                 const struct auth *auth, const struct evidence *evidence, bool by_client)
{
    struct told_finding told = { .finding = SMTP_FINDING_AUTH_BRUTE_FORCE, .severity = SMTP_SEVERITY_HIGH };
    GString *detail = g_string_new(NULL);
    g_string_append_printf(detail, "%u logins were denied in %u sessions: ", guesses->denied, guesses->sessions);
    append_who(detail, record, auth, by_client);
    add_evidence(&told, guesses, evidence);
    across_tell(across, &told, detail);
}

static void tell_success(struct across *across, const struct guesses *guesses, const struct record *record,
                         const struct auth *auth, const struct evidence *evidence, bool by_client)
{
    struct told_finding told = { .finding = SMTP_FINDING_AUTH_BRUTE_FORCE, .severity = SMTP_SEVERITY_HIGH };
    GString *detail = g_string_new("after ");
    g_string_append_printf(detail, "%u logins that were denied one for ", guesses->denied);
    g_string_append_len(detail, (const char *)auth->identity.octets,
                        (gssize)smtp_span_first(auth->identity, 80).length);
    g_string_append(detail, " was accepted: ");
    append_who(detail, record, auth, by_client);
    add_evidence(&told, guesses, evidence);
    across_tell(across, &told, detail);
}

static void take(struct across *across, struct guesses *guesses, const struct record *record, const struct auth *auth,
                 bool by_client)
{
    struct evidence evidence = across_evidence(record, auth->result_frame, auth->result_capture);
    if (auth->result == SMTP_STEP_REJECTED && smtp_code_denies_credentials(auth->code)) {
        note_client(guesses, record);
        note_denied(guesses, record, auth, &evidence);
        if (!guesses->told && proven(guesses) && (by_client || guesses->many_clients)) {
            guesses->told = true;
            tell(across, guesses, record, auth, &evidence, by_client);
        }
        return;
    }
    bool guessed = has_hash(guesses->identities, guesses->identity_count, refusals_hash(auth->identity));
    if (auth->result != SMTP_STEP_ACCEPTED || !guesses->told || guesses->told_success || !guessed)
        return;
    guesses->told_success = true;
    tell_success(across, guesses, record, auth, &evidence, by_client);
}

void across_guesses(struct across *across, const struct record *record)
{
    const struct tcp_endpoint *client = across_endpoint(record, SMTP_CLIENT);
    const struct tcp_endpoint *server = across_endpoint(record, SMTP_SERVER);
    for (const GList *link = record->auths.head; link != NULL; link = link->next) {
        const struct auth *auth = link->data;
        if (auth->result_frame == 0)
            continue;
        take(across, lru_get(across->guessers, across_key(across, client, false, smtp_span("", 0))), record, auth,
             true);
        if (auth->identity.length > 0)
            take(across, lru_get(across->guessed, across_key(across, server, false, auth->identity)), record, auth,
                 false);
    }
}
