/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Servers, by address, when all was read: what servers.c collected. */

#include <inttypes.h>

#include "address_text.h"
#include "face.h"
#include "language.h"
#include "servers.h"
#include "text.h"

static struct smtp_span text_of(const struct word *word)
{
    return smtp_span(word->text, word->length);
}

/* ---- JSON ---- */

static void write_list(struct json *json, const char *key, const GPtrArray *words)
{
    bool exact = false;
    json_begin_array(json, key);
    for (unsigned i = 0; i < words->len; i++) {
        json_span(json, NULL, text_of(words->pdata[i]));
        exact = exact || json_needs_base64(text_of(words->pdata[i]));
    }
    json_end_array(json);
    if (!exact)
        return;
    char *sibling = g_strdup_printf("%s_base64", key);
    json_begin_array(json, sibling);
    for (unsigned i = 0; i < words->len; i++)
        json_base64(json, text_of(words->pdata[i]));
    json_end_array(json);
    g_free(sibling);
}

/* What TLS hides is not known: null, not empty. */
static void write_tls_list(struct json *json, const char *key, const struct server *server, enum server_list which)
{
    if (server->tls_seen && !server->tls_read)
        json_null(json, key);
    else
        write_list(json, key, server->lists[which]);
}

static void write_varying(struct json *json, const struct server *server)
{
    GPtrArray *varying = g_ptr_array_new();
    for (unsigned i = 0; i < server->lists[SERVER_CLEAR]->len; i++) {
        struct word *word = server->lists[SERVER_CLEAR]->pdata[i];
        if (word->sessions < server->clear_lists)
            g_ptr_array_add(varying, word);
    }
    write_list(json, "extensions_varying", varying);
    g_ptr_array_free(varying, TRUE);
}

static void write_server(struct json *json, const struct server *server)
{
    GString *address = g_string_new(NULL);
    text_append_address(address, &server->endpoint.address);
    json_begin_object(json, NULL);
    json_text(json, "record", "server");
    json_begin_object(json, "server");
    json_text(json, "ip", address->str);
    json_number(json, "port", server->endpoint.port);
    json_end_object(json);
    json_number(json, "sessions", server->sessions);
    write_list(json, "banners", server->lists[SERVER_BANNERS]);
    write_list(json, "extensions_clear", server->lists[SERVER_CLEAR]);
    write_tls_list(json, "extensions_tls", server, SERVER_TLS);
    write_list(json, "auth_clear", server->lists[SERVER_CLEAR_AUTH]);
    write_tls_list(json, "auth_tls", server, SERVER_TLS_AUTH);
    write_varying(json, server);
    json_begin_object(json, "starttls");
    json_number(json, "offered", server->offered);
    json_number(json, "accepted", server->accepted);
    json_number(json, "refused", server->refused);
    json_end_object(json);
    json_number(json, "omitted", server->omitted);
    json_end_object(json);
    json_end_line(json);
    g_string_free(address, TRUE);
}

/* ---- text ---- */

/* What is said of a server begins there. */
#define FACT_COLUMN 19

static void put_fact(struct page *page, const char *name, const char *value)
{
    GString *padded = g_string_new("  ");
    text_append_padded(padded, 2 - FACT_COLUMN, name);
    page_append(page, PAGE_DIM, padded->str);
    page_wrap(page, PAGE_PLAIN, FACT_COLUMN, FACT_COLUMN, value);
    g_string_free(padded, TRUE);
}

/* Words with commas between; `all`: sessions in which each might have been said, 0: do not say in how many it was. */
static void append_words(GString *out, const GPtrArray *words, uint64_t all)
{
    GString *visible = g_string_new(NULL);
    for (unsigned i = 0; i < words->len; i++) {
        const struct word *word = words->pdata[i];
        g_string_truncate(visible, 0);
        text_append_visible(visible, text_of(word));
        g_string_append(out, i > 0 ? ", " : "");
        if (word->sessions < all)
            g_string_append_printf(out, _("%s (%" PRIu64 " of %" PRIu64 " sessions)"), visible->str, word->sessions, all);
        else
            g_string_append(out, visible->str);
    }
    g_string_free(visible, TRUE);
}

/* The line ends of a banner of several lines are shown as " / ": they are not the server's. */
static void append_lines(GString *out, struct smtp_span rest)
{
    while (rest.length > 0) {
        const uint8_t *end = memchr(rest.octets, '\n', rest.length);
        size_t length = end != NULL ? (size_t)(end - rest.octets) : rest.length;
        text_append_visible(out, smtp_span_first(rest, length));
        g_string_append(out, end != NULL ? " / " : "");
        rest = smtp_span_from(rest, end != NULL ? length + 1 : length);
    }
}

static void put_banners(struct page *page, const struct server *server)
{
    GPtrArray *banners = server->lists[SERVER_BANNERS];
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < banners->len; i++) {
        g_string_truncate(text, 0);
        append_lines(text, text_of(banners->pdata[i]));
        put_fact(page, i == 0 ? _("banner") : "", text->str);
    }
    g_string_free(text, TRUE);
}

static void put_extensions(struct page *page, const struct server *server)
{
    GString *text = g_string_new(NULL);
    append_words(text, server->lists[SERVER_CLEAR], server->clear_lists);
    if (server->clear_lists == 0)
        g_string_append(text, _("no EHLO reply was seen"));
    else if (text->len == 0)
        g_string_append(text, _("no extension"));
    put_fact(page, _("in clear"), text->str);
    g_string_truncate(text, 0);
    if (server->tls_read)
        append_words(text, server->lists[SERVER_TLS], 0);
    else if (server->tls_seen)
        g_string_append(text, _("not readable without the keys"));
    if (text->len > 0)
        put_fact(page, _("behind STARTTLS"), text->str);
    g_string_free(text, TRUE);
}

static void put_login(struct page *page, const struct server *server)
{
    GString *text = g_string_new(NULL);
    GString *words = g_string_new(NULL);
    append_words(words, server->lists[SERVER_CLEAR_AUTH], 0);
    if (words->len > 0)
        g_string_append_printf(text, _("%s in clear"), words->str);
    g_string_truncate(words, 0);
    append_words(words, server->lists[SERVER_TLS_AUTH], 0);
    if (words->len > 0) {
        g_string_append(text, text->len > 0 ? _("; ") : "");
        g_string_append_printf(text, _("%s behind STARTTLS"), words->str);
    }
    if (text->len > 0)
        put_fact(page, _("login"), text->str);
    g_string_free(words, TRUE);
    g_string_free(text, TRUE);
}

static void put_server(struct page *page, const struct server *server)
{
    GString *text = g_string_new(NULL);
    text_append_endpoint(text, &server->endpoint.address, server->endpoint.port);
    page_append(page, PAGE_BOLD, text->str);
    g_string_printf(text, language_plural("%" PRIu64 " session", "%" PRIu64 " sessions", server->sessions), server->sessions);
    page_printf(page, PAGE_PLAIN, "  %s\n", text->str);
    put_banners(page, server);
    put_extensions(page, server);
    put_login(page, server);
    g_string_printf(text,
                    language_plural("offered in %" PRIu64 ", accepted in %" PRIu64 ", refused in %" PRIu64 " session",
                                    "offered in %" PRIu64 ", accepted in %" PRIu64 ", refused in %" PRIu64 " sessions", server->refused),
                    server->offered, server->accepted, server->refused);
    put_fact(page, "STARTTLS", text->str);
    if (server->omitted > 0) {
        g_string_printf(text,
                        language_plural("%" PRIu64 " banner or extension more: too many different ones",
                                        "%" PRIu64 " banners or extensions more: too many different ones", server->omitted),
                        server->omitted);
        put_fact(page, _("omitted"), text->str);
    }
    g_string_free(text, TRUE);
}

/* ---- all of them ---- */

static bool begin(struct face_run *run)
{
    run->own = servers_new(run->options->memory_limit / SERVERS_PART);
    return true;
}

static void add_session(struct face_run *run, const struct record *record)
{
    servers_session(run->own, record);
}

static bool write_text(struct face_run *run, struct summary *summary)
{
    GPtrArray *sorted = servers_by_address(run->own);
    for (unsigned i = 0; i < sorted->len; i++) {
        put_server(run->page, sorted->pdata[i]);
        relief_give(run->relief);
    }
    g_ptr_array_free(sorted, TRUE);
    summary->forgotten = servers_forgotten(run->own);
    return true;
}

static bool write_json(struct face_run *run, struct summary *summary)
{
    struct json json = face_json(run);
    GPtrArray *sorted = servers_by_address(run->own);
    for (unsigned i = 0; i < sorted->len; i++)
        write_server(&json, sorted->pdata[i]);
    g_ptr_array_free(sorted, TRUE);
    summary->forgotten = servers_forgotten(run->own);
    return true;
}

static void end(struct face_run *run)
{
    servers_free(run->own);
}

const struct face_writer servers_text_face = {
    .open = begin, .session = add_session, .finish = write_text, .close = end
};
const struct face_writer servers_json_face = {
    .open = begin, .session = add_session, .finish = write_json, .close = end
};
