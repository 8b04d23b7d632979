/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "servers.h"

#include "keyword.h"

/* Where there is memory for it. */
#define SERVERS_REMEMBERED 16384u
#define OCTETS_REMEMBERED ((uint64_t)16 << 20) /* of all words together */

/* What a server takes without any word, with what the allocator adds. */
#define SERVER_OVERHEAD ((uint64_t)1024)

/* Of one server: different words of each kind, and octets of each. */
#define WORDS_KEPT 96u
#define BANNERS_KEPT 16u
#define WORD_OCTETS ((size_t)512)

#define WORD_OVERHEAD ((size_t)64)

struct servers {
    struct lru *seen;
    size_t octets;
    uint64_t limit; /* of them */
};

static void free_word(gpointer pointer)
{
    struct word *word = pointer;
    g_free(word->text);
    g_free(word);
}

static size_t memory_of(const GPtrArray *words)
{
    size_t octets = 0;
    for (unsigned i = 0; i < words->len; i++)
        octets += ((const struct word *)words->pdata[i])->length + WORD_OVERHEAD;
    return octets;
}

static void forget(void *entry)
{
    struct server *server = entry;
    for (unsigned i = 0; i < SERVER_LISTS && server->lists[i] != NULL; i++) {
        server->owner->octets -= memory_of(server->lists[i]);
        g_ptr_array_free(server->lists[i], TRUE);
    }
}

struct servers *servers_new(uint64_t memory)
{
    struct servers *servers = g_new0(struct servers, 1);
    servers->limit = MIN(memory / 2, OCTETS_REMEMBERED);
    servers->seen = lru_new(sizeof(struct server), (unsigned)CLAMP(memory / 2 / SERVER_OVERHEAD, 1, SERVERS_REMEMBERED), forget);
    return servers;
}

void servers_free(struct servers *servers)
{
    lru_free(servers->seen);
    g_free(servers);
}

uint64_t servers_forgotten(const struct servers *servers)
{
    return lru_forgotten(servers->seen);
}

static bool same_word(enum server_list which, struct smtp_span one, struct smtp_span other)
{
    switch (which) {
    case SERVER_CLEAR:
    case SERVER_TLS:
        return smtp_keyword_line_same(one, other);
    case SERVER_CLEAR_AUTH:
    case SERVER_TLS_AUTH:
        return smtp_span_same_letters(one, other);
    default:
        return smtp_span_same(one, other);
    }
}

/* A word of a list, once a session. */
static void add_word(struct server *server, enum server_list which, struct smtp_span text)
{
    GPtrArray *list = server->lists[which];
    text = smtp_span_first(text, WORD_OCTETS);
    for (unsigned i = 0; i < list->len; i++) {
        struct word *word = list->pdata[i];
        if (!same_word(which, smtp_span(word->text, word->length), text))
            continue;
        word->sessions += word->last_session != server->last_session;
        word->last_session = server->last_session;
        return;
    }
    if (list->len >= (which == SERVER_BANNERS ? BANNERS_KEPT : WORDS_KEPT)) {
        server->omitted++;
        return;
    }
    struct word *word = g_new0(struct word, 1);
    word->text = g_memdup2(text.octets, text.length + (text.length == 0));
    word->length = text.length;
    word->sessions = 1;
    word->last_session = server->last_session;
    g_ptr_array_add(list, word);
    server->owner->octets += text.length + WORD_OVERHEAD;
}

static void add_extensions(struct server *server, const struct record *record, const GQueue *lines, enum server_list extensions,
                           enum server_list mechanisms)
{
    for (const GList *link = lines->head; link != NULL; link = record_next(record, link)) {
        struct smtp_span text = ((const struct text_line *)link->data)->text;
        struct smtp_keyword_line line = smtp_keyword_line_parse(text);
        if (smtp_span_is(text, "OK")) /* a polite last line */
            continue;
        add_word(server, extensions, text);
        struct smtp_span rest = line.keyword == SMTP_KEYWORD_AUTH ? line.parameters : smtp_span("", 0);
        for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
            add_word(server, mechanisms, word);
    }
}

static struct server *server_of(struct servers *servers, const struct tcp_endpoint *endpoint)
{
    uint8_t key[sizeof endpoint->address.octets + 3];
    memcpy(key, endpoint->address.octets, sizeof endpoint->address.octets);
    key[sizeof key - 3] = endpoint->address.version;
    key[sizeof key - 2] = (uint8_t)(endpoint->port >> 8);
    key[sizeof key - 1] = (uint8_t)endpoint->port;
    struct server *server = lru_get(servers->seen, smtp_span(key, sizeof key));
    if (server->owner != NULL)
        return server;
    server->owner = servers;
    server->endpoint = *endpoint;
    for (unsigned i = 0; i < SERVER_LISTS; i++)
        server->lists[i] = g_ptr_array_new_with_free_func(free_word);
    return server;
}

void servers_session(struct servers *servers, const struct record *record)
{
    struct server *server = server_of(servers, &record->connection.endpoint[1 - record->client_half]);
    server->sessions++;
    server->last_session = record->id;
    if (record->account.greetings.banner_seen)
        add_word(server, SERVER_BANNERS, record->account.greetings.banner);
    server->clear_lists += record->account.greetings.clear.seen;
    server->tls_seen = server->tls_seen || record->account.tls.protection == PROTECTION_TLS;
    server->tls_read = server->tls_read || record->account.greetings.tls.seen;
    add_extensions(server, record, &record->account.greetings.clear.earlier, SERVER_CLEAR, SERVER_CLEAR_AUTH);
    add_extensions(server, record, &record->account.greetings.clear.list, SERVER_CLEAR, SERVER_CLEAR_AUTH);
    add_extensions(server, record, &record->account.greetings.tls.earlier, SERVER_TLS, SERVER_TLS_AUTH);
    add_extensions(server, record, &record->account.greetings.tls.list, SERVER_TLS, SERVER_TLS_AUTH);
    server->omitted += record->account.greetings.extensions_beyond;
    const struct starttls *starttls = account_server_starttls(&record->account);
    server->offered += starttls->offered;
    server->accepted += starttls->accepted;
    server->refused += starttls->refused;
    while (servers->octets > servers->limit && lru_forget_oldest(servers->seen))
        continue;
}

static gint by_address(gconstpointer one, gconstpointer other)
{
    const struct tcp_endpoint *a = &(*(const struct server *const *)one)->endpoint;
    const struct tcp_endpoint *b = &(*(const struct server *const *)other)->endpoint;
    if (a->address.version != b->address.version)
        return a->address.version < b->address.version ? -1 : 1;
    int order = memcmp(a->address.octets, b->address.octets, sizeof a->address.octets);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

GPtrArray *servers_by_address(const struct servers *servers)
{
    GPtrArray *sorted = g_ptr_array_new();
    for (const GList *link = lru_first(servers->seen); link != NULL; link = link->next)
        g_ptr_array_add(sorted, lru_entry(link));
    g_ptr_array_sort(sorted, by_address);
    return sorted;
}
