/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sessions, each in a line. */

#include <inttypes.h>

#include "face.h"
#include "language.h"
#include "phrases.h"
#include "refusals_text.h"
#include "text.h"
#include "timing_out.h"

static void write_heading(struct face_run *run, const int64_t *time)
{
    (void)time;
    page_append(run->page, PAGE_DIM, _("  id  begins                       client -> server, what happened\n"));
}

static void append_transaction(GString *out, const struct transaction *transaction)
{
    unsigned count = transaction->recipients.length;
    GString *from = g_string_new(NULL);
    GString *to = g_string_new(NULL);
    text_append_enclosed(from, '<', transaction->mail_from, '>');
    if (count == 1)
        text_append_word(to, ((const struct recipient *)transaction->recipients.head->data)->address);
    else
        g_string_append_printf(to, language_plural("%u recipient", "%u recipients", count), count);
    g_string_append_printf(out, _("; mail from %s to %s: %s"), from->str, to->str, phrase_outcome(transaction));
    if (transaction->code != 0)
        g_string_append_printf(out, " (%u)", transaction->code);
    if (transaction->message != NULL && !transaction->message->complete)
        g_string_append(out, _(", not complete"));
    g_string_free(to, TRUE);
    g_string_free(from, TRUE);
}

static void write_session(struct face_run *run, const struct record *record)
{
    struct page *page = run->page;
    GString *text = g_string_new(NULL);
    page_printf(page, PAGE_BOLD, "%4" G_GUINT64_FORMAT "  ", record->id);
    text_append_time(text, record->connection.start, 6);
    g_string_append(text, "  ");
    phrase_endpoint(text, record, SMTP_CLIENT);
    g_string_append(text, " -> ");
    phrase_endpoint(text, record, SMTP_SERVER);
    if (record->proxy != NULL || record->balancer.version != 0) {
        g_string_append(text, " (");
        phrase_proxy(text, record);
        g_string_append_c(text, ')');
    }
    if (record->account.greetings.helo_seen) {
        g_string_append(text, _("; "));
        g_string_append_printf(text, "%s ", smtp_verb_name(record->account.greetings.helo_verb));
        text_append_word(text, smtp_span_first(record->account.greetings.helo, 80));
    }
    g_string_append(text, _("; "));
    phrase_starttls(text, record);
    phrase_logins(text, record, _("; "));
    unsigned shown = 0;
    for (const GList *link = record->account.mails.list.head; link != NULL && shown < 5; link = link->next, shown++)
        append_transaction(text, link->data);
    if (record->account.mails.list.length > 5)
        g_string_append_printf(
            text, language_plural("; and %u mail more", "; and %u mails more", record->account.mails.list.length - 5),
            record->account.mails.list.length - 5);
    refusals_text_short(text, record);
    if (record->account.findings.list.length > 0)
        g_string_append_printf(text,
                               language_plural("; %u finding", "; %u findings", record->account.findings.list.length),
                               record->account.findings.list.length);
    g_string_append(text, _("; "));
    phrase_ending(text, record);
    page_wrap(page, PAGE_PLAIN, 6, 6, text->str);
    if (record->timing != NULL)
        timing_text(page, record->timing);
    g_string_free(text, TRUE);
}

const struct face_writer sessions_text_face = { .heading = write_heading, .session = write_session };
