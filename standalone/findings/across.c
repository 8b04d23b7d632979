/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "across.h"

#include "across_private.h"
#include "address_text.h"

/* Of each kind, where there is memory for so many; else fewer, in the same proportion. */
#define SERVERS_REMEMBERED 4096u
#define CLIENTS_REMEMBERED 8192u
#define IDENTITIES_REMEMBERED 8192u

/* What each takes beside its entry, with what the allocator adds. */
#define ENTRY_OVERHEAD ((size_t)192)

/* Clients of one server that were not offered STARTTLS, before anybody was, or of whom it was said. */
#define UNOFFERED_REMEMBERED 16u

struct unoffered {
    struct packet_address client;
    enum smtp_finding finding; /* STARTTLS_NOT_OFFERED or STARTTLS_MASKED */
    struct evidence evidence;
    bool told;
};

struct server {
    bool offered;
    struct evidence offer; /* the first one */
    struct unoffered unoffered[UNOFFERED_REMEMBERED];
    unsigned count;
};

/* How many of `usual` there is memory for. */
static unsigned share_of(uint64_t memory, unsigned usual)
{
    const uint64_t all = SERVERS_REMEMBERED * (sizeof(struct server) + ENTRY_OVERHEAD)
                         + CLIENTS_REMEMBERED * (sizeof(struct guesses) + sizeof(struct enumeration) + 2 * ENTRY_OVERHEAD)
                         + IDENTITIES_REMEMBERED * (sizeof(struct guesses) + ENTRY_OVERHEAD);
    return memory >= all ? usual : (unsigned)MAX(memory * usual / all, 1);
}

struct across *across_new(uint64_t memory, void (*tell)(void *context, const struct told_finding *told), void *context)
{
    struct across *across = g_new0(struct across, 1);
    across->tell = tell;
    across->context = context;
    across->servers = lru_new(sizeof(struct server), share_of(memory, SERVERS_REMEMBERED), NULL);
    across->guessers = lru_new(sizeof(struct guesses), share_of(memory, CLIENTS_REMEMBERED), NULL);
    across->guessed = lru_new(sizeof(struct guesses), share_of(memory, IDENTITIES_REMEMBERED), NULL);
    across->enumerators = lru_new(sizeof(struct enumeration), share_of(memory, CLIENTS_REMEMBERED), NULL);
    across->text = g_string_new(NULL);
    return across;
}

void across_free(struct across *across)
{
    lru_free(across->servers);
    lru_free(across->guessers);
    lru_free(across->guessed);
    lru_free(across->enumerators);
    g_string_free(across->text, TRUE);
    g_free(across);
}

uint64_t across_forgotten(const struct across *across)
{
    return lru_forgotten(across->servers) + lru_forgotten(across->guessers) + lru_forgotten(across->guessed) +
           lru_forgotten(across->enumerators) + across->unheld;
}

/* ---- what the files of this module share ---- */

const struct tcp_endpoint *across_endpoint(const struct record *record, enum smtp_role role)
{
    return &record->connection.endpoint[role == SMTP_CLIENT ? record->client_half : 1 - record->client_half];
}

/* Of a name so many octets stand in a key; what is longer is told from others by its length and a hash. */
#define KEY_OCTETS ((size_t)64)

struct smtp_span across_key(struct across *across, const struct tcp_endpoint *endpoint, bool with_port,
                            struct smtp_span more)
{
    const uint64_t rest[2] = { more.length, more.length > KEY_OCTETS ? refusals_hash(more) : 0 };
    uint16_t port = with_port ? endpoint->port : 0;
    GString *key = across->text;
    g_string_truncate(key, 0);
    g_string_append_len(key, (const char *)endpoint->address.octets, sizeof endpoint->address.octets);
    g_string_append_c(key, (char)endpoint->address.version);
    g_string_append_len(key, (const char *)&port, sizeof port);
    g_string_append_len(key, (const char *)rest, sizeof rest);
    for (size_t i = 0; i < MIN(more.length, KEY_OCTETS); i++)
        g_string_append_c(key, (char)smtp_ascii_upper(more.octets[i]));
    return smtp_span(key->str, key->len);
}

struct evidence across_evidence(const struct record *record, struct place place)
{
    return (
        struct evidence){ .session = record->id, .frame = place.frame, .capture = record_capture(record, place.file) };
}

void across_tell(struct across *across, struct told_finding *told, GString *detail)
{
    told->detail = smtp_span(detail->str, detail->len);
    across->tell(across->context, told);
    g_string_free(detail, TRUE);
}

/* ---- STARTTLS ---- */

static void tell_unoffered(struct across *across, struct server *server, struct unoffered *unoffered,
                           const struct tcp_endpoint *endpoint)
{
    bool masked = unoffered->finding == SMTP_FINDING_STARTTLS_MASKED;
    GString *detail = g_string_new("the server ");
    text_append_endpoint(detail, &endpoint->address, endpoint->port);
    g_string_append(detail, " offered STARTTLS in another session, and not to client ");
    text_append_address(detail, &unoffered->client);
    if (masked)
        g_string_append(detail, ", in whose EHLO reply a keyword of eight letters is overwritten with X");
    struct told_finding told = {
        .finding = unoffered->finding,
        .severity = masked ? SMTP_SEVERITY_HIGH : SMTP_SEVERITY_MEDIUM,
        .evidence = { unoffered->evidence, server->offer },
        .count = 2,
    };
    unoffered->told = true;
    across_tell(across, &told, detail);
}

/* Where the session was not offered STARTTLS although it asked with EHLO: the finding says so. Behind ATRN or TURN it may be of the
   other side, and nothing is concluded. */
static const struct finding *missing_offer(const struct record *record)
{
    if (record->account.tls.starttls.offered || record->account.turned)
        return NULL;
    for (const GList *link = record->account.findings.list.head; link != NULL; link = link->next) {
        const struct finding *finding = link->data;
        if (finding->finding == SMTP_FINDING_STARTTLS_NOT_OFFERED || finding->finding == SMTP_FINDING_STARTTLS_MASKED)
            return finding;
    }
    return NULL;
}

static bool same_address(const struct packet_address *one, const struct packet_address *other)
{
    return one->version == other->version && memcmp(one->octets, other->octets, sizeof one->octets) == 0;
}

/* One finding a client and kind: the first session stands for those that follow. */
static void note_missing(struct across *across, struct server *server, const struct record *record,
                         const struct finding *missing)
{
    const struct packet_address *client = &across_endpoint(record, SMTP_CLIENT)->address;
    for (unsigned i = 0; i < server->count; i++)
        if (server->unoffered[i].finding == missing->finding && same_address(&server->unoffered[i].client, client))
            return;
    if (server->count == UNOFFERED_REMEMBERED) {
        across->unheld++;
        return;
    }
    server->unoffered[server->count++] = (struct unoffered){
        .client = *client,
        .finding = missing->finding,
        .evidence = across_evidence(record, missing->place),
    };
}

static void compare_offers(struct across *across, const struct record *record)
{
    const struct finding *missing = missing_offer(record);
    const struct starttls *starttls = account_server_starttls(&record->account);
    if (missing == NULL && !starttls->offered)
        return;
    const struct tcp_endpoint *endpoint = across_endpoint(record, SMTP_SERVER);
    struct server *server = lru_get(across->servers, across_key(across, endpoint, true, smtp_span("", 0)));
    if (starttls->offered && !server->offered) {
        server->offered = true;
        server->offer = across_evidence(record, starttls->offer);
    }
    if (missing != NULL)
        note_missing(across, server, record, missing);
    for (unsigned i = 0; i < server->count && server->offered; i++)
        if (!server->unoffered[i].told)
            tell_unoffered(across, server, &server->unoffered[i], endpoint);
}

void across_session(struct across *across, const struct record *record)
{
    compare_offers(across, record);
    across_guesses(across, record);
    across_enumeration(across, record);
}
