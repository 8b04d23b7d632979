/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "phrases.h"

#include <inttypes.h>
#include <string.h>

#include "address_text.h"
#include "language.h"
#include "text.h"

/* ---- lines ---- */

void phrase_cut(GString *out, struct smtp_span text, size_t limit)
{
    text_append_visible(out, smtp_span_first(text, limit));
    if (text.length <= limit)
        return;
    GString *more = g_string_new(NULL);
    text_append_count(more, text.length - limit);
    g_string_append_printf(out, _(" [and %s octets more]"), more->str);
    g_string_free(more, TRUE);
}

static void append_marked(GString *out, struct smtp_span name, char mark)
{
    if (mark != '\0')
        text_append_enclosed(out, mark, name, mark);
    else
        text_append_visible(out, name);
}

void phrase_file_name(GString *out, struct smtp_span name, char mark)
{
    if (name.length <= PHRASE_LINE_SHOWN) {
        append_marked(out, name, mark);
        return;
    }
    size_t front = PHRASE_LINE_SHOWN - PHRASE_ENDING_SHOWN;
    GString *between = g_string_new(NULL);
    text_append_count(between, name.length - PHRASE_LINE_SHOWN);
    append_marked(out, smtp_span_first(name, front), mark);
    g_string_append_printf(out, _(" [%s octets] "), between->str);
    append_marked(out, smtp_span_from(name, name.length - PHRASE_ENDING_SHOWN), mark);
    g_string_free(between, TRUE);
}

void phrase_guarded(GString *out, const struct guarded *line, size_t limit, bool show_secrets)
{
    phrase_cut(out, line->before, limit);
    if (line->label == 0)
        return;
    if (show_secrets)
        phrase_cut(out, line->secret, limit);
    else
        g_string_append_printf(out, "[secret-%u]", line->label);
}

void phrase_line_end(GString *out, enum smtp_line_end end)
{
    if (end == SMTP_LINE_END_LF)
        g_string_append(out, _(" [bare LF]"));
    else if (end == SMTP_LINE_END_CR)
        g_string_append(out, _(" [bare CR]"));
    else if (end == SMTP_LINE_END_CRCRLF)
        g_string_append(out, _(" [ends in CR CR LF]"));
    else if (end == SMTP_LINE_END_NONE)
        g_string_append(out, _(" [line end not seen]"));
}

/* ---- what stands beside them ---- */

const char *phrase_outcome(const struct transaction *transaction)
{
    const char *outcome = smtp_outcome_name(transaction->outcome);
    if (outcome != NULL)
        return _(outcome);
    return transaction->reply.octets != NULL ? _("the reply says neither yes nor no") : _("outcome not seen");
}

void phrase_skipped_octets(GString *out, const struct item *item, bool show_secrets)
{
    unsigned label = 0;
    for (const GList *link = item->skipped.head; link != NULL; link = link->next) {
        const struct guarded *text = &((const struct skipped_piece *)link->data)->text;
        bool again = text->label != 0 && text->label == label && text->before.length == 0;
        g_string_append_len(out, (const char *)text->before.octets, (gssize)text->before.length);
        if (text->label != 0 && show_secrets)
            g_string_append_len(out, (const char *)text->secret.octets, (gssize)text->secret.length);
        else if (text->label != 0 && !again)
            g_string_append_printf(out, "[secret-%u]\n", text->label);
        label = text->label;
    }
}

/* ---- content ---- */

/* Why the keys at hand did not open the session, or not all of it. */
static const char *tls_reason(enum tls_reason reason)
{
    switch (reason) {
    case TLS_REASON_NONE:
        break;
    case TLS_REASON_NO_KEY:
        return _("; no key for this session was given");
    case TLS_REASON_SUITE:
        return _("; the cipher suite cannot be decrypted here");
    case TLS_REASON_NO_HANDSHAKE:
        return _("; the handshake is not whole in the capture, so that no key can be applied");
    case TLS_REASON_TAG:
        return _("; the key that was given does not fit");
    }
    return "";
}

void phrase_tls(GString *out, const struct record *record)
{
    const struct tls *tls = &record->account.tls;
    const char *chosen = tls->server_version != 0 ? smtp_tls_version_name(tls->server_version) : NULL;
    const char *offered = tls->client_version != 0 ? smtp_tls_version_name(tls->client_version) : NULL;
    gsize before = out->len;
    if (chosen != NULL)
        g_string_append(out, chosen);
    else if (offered != NULL)
        g_string_append_printf(out, _("the client offers up to %s, the server's choice was not seen"), offered);
    if (tls->sni.octets != NULL) {
        g_string_append(out, out->len > before ? _(", server name ") : _("server name "));
        text_append_visible(out, tls->sni);
    }
    if (tls->alpn.octets != NULL) {
        g_string_append(out, _(", "));
        g_string_append(out, "ALPN ");
        text_append_visible(out, tls->alpn);
    }
    g_string_append(out, out->len > before ? _("; ") : "");
    GString *client = g_string_new(NULL);
    GString *server = g_string_new(NULL);
    text_append_count(client, tls->octets[SMTP_CLIENT]);
    text_append_count(server, tls->octets[SMTP_SERVER]);
    g_string_append_printf(out,
                           record->tls_read.decrypted
                               ? _("the client sent %s octets, the server %s, decrypted")
                               : _("the client sent %s octets, the server %s, not readable without the keys"),
                           client->str, server->str);
    g_string_append(out, tls_reason(record->tls_read.reason));
    g_string_free(server, TRUE);
    g_string_free(client, TRUE);
}

/* ---- the session ---- */

void phrase_frames(GString *out, const struct record *record)
{
    const struct tcp_connection *connection = &record->connection;
    GString *first = g_string_new(NULL);
    GString *last = g_string_new(NULL);
    text_append_visible(first, smtp_span_of_text(record_capture(record, connection->capture)));
    text_append_visible(last, smtp_span_of_text(record_capture(record, connection->last_capture)));
    if (connection->capture != connection->last_capture)
        g_string_append_printf(out, _("%" PRIu64 " of %s to %" PRIu64 " of %s"), connection->first_frame, first->str,
                               connection->last_frame, last->str);
    else
        g_string_append_printf(out, _("%" PRIu64 " to %" PRIu64 " of %s"), connection->first_frame,
                               connection->last_frame, last->str);
    g_string_free(last, TRUE);
    g_string_free(first, TRUE);
}

static void append_outcomes(GString *out, const struct record *record)
{
    static const char *const names[] = { N_("of unknown outcome"), N_("accepted"), N_("rejected"), N_("aborted"),
                                         N_("unfinished") };
    unsigned counts[G_N_ELEMENTS(names)] = { 0 };
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link))
        counts[((const struct transaction *)link->data)->outcome]++;
    g_string_append_printf(out, language_plural(", %u mail", ", %u mails", record->account.mails.list.length),
                           record->account.mails.list.length);
    bool begun = false;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (counts[i] == 0)
            continue;
        if (record->account.mails.list.length > 1)
            g_string_append(out, begun ? _(", ") : " (");
        if (record->account.mails.list.length == 1)
            g_string_append_printf(out, " %s", _(names[i]));
        else
            g_string_append_printf(out, _("%u %s"), counts[i], _(names[i]));
        begun = true;
    }
    if (record->account.mails.list.length > 1)
        g_string_append_c(out, ')');
}

/* Logins shown of a session: so many runs of equal ones, but accepted ones up to twice that. */
#define LOGINS_SHOWN 4u

static bool is_same_login(const struct login *one, const struct login *other)
{
    return one->result == other->result && smtp_span_same(one->mechanism, other->mechanism);
}

void phrase_logins(GString *out, const struct record *record, const char *separator)
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
        words_mechanism(out, auth->mechanism);
        g_string_append_printf(out, " %s", _(record_login_result(auth)));
        if (same > 1)
            g_string_append_printf(out, language_plural(" %u time", " %u times", same), same);
    }
    if (left_out > 0)
        g_string_append_printf(out, language_plural("%sand %u login more", "%sand %u logins more", left_out), separator,
                               left_out);
}

void phrase_endpoint(GString *out, const struct record *record, enum smtp_role role)
{
    int half = role == SMTP_CLIENT ? record->client_half : 1 - record->client_half;
    text_append_endpoint(out, &record->connection.endpoint[half].address, record->connection.endpoint[half].port);
}

void phrase_starttls(GString *out, const struct record *record)
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

void phrase_ending(GString *out, const struct record *record)
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
    g_string_append_printf(
        out, language_plural(", %s octet is missing", ", %s octets are missing", (unsigned long)missing), count->str);
    g_string_free(count, TRUE);
}

void phrase_session(GString *out, const struct record *record)
{
    g_string_append_printf(
        out, language_plural("%" PRIu64 " command", "%" PRIu64 " commands", record->account.command_count),
        record->account.command_count);
    g_string_append(out, _(", "));
    g_string_append_printf(out,
                           language_plural("%" PRIu64 " reply", "%" PRIu64 " replies", record->account.replies.count),
                           record->account.replies.count);
    append_outcomes(out, record);
    g_string_append(out, _(", "));
    phrase_starttls(out, record);
    phrase_logins(out, record, _(", "));
    g_string_append(out, _("; "));
    phrase_ending(out, record);
}

void phrase_proxy(GString *out, const struct record *record)
{
    const struct smtp_proxy_header *balancer = &record->balancer;
    GString *who = g_string_new(NULL);
    if (record->proxy != NULL) {
        text_append_visible(who, record->proxy_target);
        g_string_append_printf(out, _("a %s proxy, asked for %s"), record->proxy, who->str);
    }
    if (record->proxy != NULL && balancer->version != 0)
        g_string_append(out, _("; "));
    g_string_truncate(who, 0);
    words_proxy_endpoint(who, balancer, &balancer->source);
    if (who->len > 0)
        g_string_append_printf(out, _("a load balancer (PROXY v%u), for its client %s"), balancer->version, who->str);
    else if (balancer->version != 0)
        g_string_append_printf(out, _("a load balancer (PROXY v%u)"), balancer->version);
    g_string_free(who, TRUE);
}
