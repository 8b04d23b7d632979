/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "annotate.h"

#include <inttypes.h>

#include "address_text.h"
#include "language.h"
#include "text.h"
#include "words.h"

/* Logins shown of a session: so many runs of equal ones, but accepted ones up to twice that. */
#define LOGINS_SHOWN 4u

static bool is_same_login(const struct login *one, const struct login *other)
{
    return one->result == other->result && smtp_span_same(one->mechanism, other->mechanism);
}

void annotate_logins(GString *out, const struct record *record, const char *separator)
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
        g_string_append_printf(out, language_plural("%sand %u login more", "%sand %u logins more", left_out), separator, left_out);
}

void annotate_endpoint(GString *out, const struct record *record, enum smtp_role role)
{
    int half = role == SMTP_CLIENT ? record->client_half : 1 - record->client_half;
    text_append_endpoint(out, &record->connection.endpoint[half].address, record->connection.endpoint[half].port);
}

void annotate_starttls(GString *out, const struct record *record)
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

void annotate_ending(GString *out, const struct record *record)
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
    g_string_append_printf(out, language_plural(", %s octet is missing", ", %s octets are missing", (unsigned long)missing),
                           count->str);
    g_string_free(count, TRUE);
}
