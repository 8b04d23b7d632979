/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mail transactions, each in a few lines at the most. */

#include "face.h"
#include "language.h"
#include "message_limits.h"
#include "phrases.h"
#include "text.h"

#define RECIPIENTS_SHOWN 3
#define SUBJECT_SHOWN ((size_t)200) /* octets */
#define ATTACHMENTS_SHOWN 5
#define DIGEST_SHOWN 16 /* digits: enough to tell messages apart; JSON has all of it */

static void write_heading(struct face_run *run, const int64_t *time)
{
    (void)time;
    page_append(run->page, PAGE_DIM,
                _("  id.mail  session begins                from -> to, what became of it, subject\n"));
}

static void append_recipient(GString *out, const struct recipient *recipient)
{
    GString *address = g_string_new(NULL);
    text_append_enclosed(address, '<', recipient->address, '>');
    if (recipient->code >= 400)
        g_string_append_printf(out, _("%s refused (%u)"), address->str, recipient->code);
    else if (recipient->delivery_code >= 400)
        g_string_append_printf(out, _("%s refused after the message (%u)"), address->str, recipient->delivery_code);
    else if (recipient->code == 0)
        g_string_append_printf(out, _("%s (no reply code was seen)"), address->str);
    else
        g_string_append(out, address->str);
    g_string_free(address, TRUE);
}

static void append_recipients(GString *out, const struct transaction *transaction)
{
    unsigned count = transaction->recipients.length;
    GString *list = g_string_new(count == 0 ? _("no recipient") : "");
    unsigned shown = 0;
    for (const GList *link = transaction->recipients.head; link != NULL && shown < RECIPIENTS_SHOWN; link = link->next, shown++) {
        g_string_append(list, shown > 0 ? _(", ") : "");
        append_recipient(list, link->data);
    }
    if (count > shown)
        g_string_append_printf(out, _("%s and %u more"), list->str, count - shown);
    else
        g_string_append(out, list->str);
    g_string_free(list, TRUE);
}

static void append_envelope(GString *out, const struct transaction *transaction)
{
    if (transaction->mail_seen)
        text_append_enclosed(out, '<', transaction->mail_from, '>');
    else
        g_string_append(out, "<?>");
    g_string_append(out, " -> ");
    append_recipients(out, transaction);
    g_string_append_printf(out, ": %s", phrase_outcome(transaction));
    if (transaction->code != 0)
        g_string_append_printf(out, " (%u)", transaction->code);
}

static void append_missing(GString *out, const struct message *message)
{
    uint64_t octets = 0;
    bool known = true;
    for (const GList *link = message->missing.head; link != NULL; link = link->next) {
        arena_pool_looked(message->options->pool);
        const struct message_hole *hole = link->data;
        known = known && hole->octets != MESSAGE_UNKNOWN;
        octets += hole->octets != MESSAGE_UNKNOWN ? hole->octets : 0;
    }
    if (octets == 0) {
        g_string_append(out, _(", NOT COMPLETE: how much is missing is not known"));
        return;
    }
    GString *count = g_string_new(NULL);
    text_append_count(count, octets);
    g_string_append_printf(out,
                           known ? language_plural(", NOT COMPLETE: %s octet missing", ", NOT COMPLETE: %s octets missing", octets)
                                 : language_plural(", NOT COMPLETE: %s octet or more missing",
                                                   ", NOT COMPLETE: %s octets or more missing", octets),
                           count->str);
    g_string_free(count, TRUE);
}

/* What the wire says stands in quotation marks: nothing in it can look like what is said about it. */
static void append_quoted(GString *out, struct smtp_span text, size_t limit)
{
    text_append_enclosed(out, '"', smtp_span_first(text, limit), '"');
    phrase_cut(out, smtp_span_from(text, limit), 0); /* how much more there is */
}

static void append_message(GString *out, const struct message *message)
{
    if (message->subject != NULL) {
        g_string_append(out, _("; "));
        append_quoted(out, smtp_span_of_text(message->subject), SUBJECT_SHOWN);
    }
    GString *count = g_string_new(NULL);
    text_append_count(count, message->octets);
    g_string_append(out, _("; "));
    g_string_append_printf(out, language_plural("%s octet", "%s octets", message->octets), count->str);
    g_string_free(count, TRUE);
    if (!message->complete)
        append_missing(out, message);
    if (message->complete && message->sha256 != NULL) {
        g_string_append(out, _(", "));
        g_string_append_printf(out, "SHA-256 %.*s...", DIGEST_SHOWN, message->sha256);
    }
}

static void append_attachments(GString *out, const struct message *message)
{
    unsigned count = message->parts.attachments.length;
    if (count == 0)
        return;
    GString *list = g_string_new(NULL);
    unsigned shown = 0;
    for (const GList *link = message->parts.attachments.head; link != NULL && shown < ATTACHMENTS_SHOWN; link = link->next, shown++) {
        const struct attachment *attachment = link->data;
        g_string_append(list, shown > 0 ? _(", ") : "");
        if (attachment->filename.octets != NULL)
            phrase_file_name(list, attachment->filename, '"');
        else
            text_append_visible(list, attachment->content_type);
    }
    if (count > shown) {
        g_string_append(list, _(", "));
        g_string_append(list, "...");
    }
    g_string_append(out, _("; "));
    g_string_append_printf(out, language_plural("%u attachment: %s", "%u attachments: %s", count), count, list->str);
    g_string_free(list, TRUE);
}

static void append_limits(GString *out, const struct message *message)
{
    const struct message_limit *limit = NULL;
    const char *separator = ": ";
    if (message_limit_next(message, NULL) == NULL)
        return;
    g_string_append(out, _("; "));
    g_string_append(out, _("NOT ALL WAS LOOKED AT"));
    while ((limit = message_limit_next(message, limit)) != NULL) {
        g_string_append_printf(out, "%s%s", separator, _(limit->text));
        separator = _(", ");
    }
}

static void put_transaction(struct page *page, const struct record *record, const struct transaction *transaction, const char *directory)
{
    const struct message *message = transaction->message;
    char *id = g_strdup_printf("%" G_GUINT64_FORMAT ".%u", record->id, transaction->id);
    GString *text = g_string_new(NULL);
    page_printf(page, PAGE_BOLD, "%9s  ", id);
    text_append_time(text, record->connection.start, 6);
    g_string_append(text, "  ");
    append_envelope(text, transaction);
    if (message != NULL) {
        append_message(text, message);
        append_attachments(text, message);
        append_limits(text, message);
    }
    if (message != NULL && message->path != NULL) {
        char *path = g_build_filename(directory, message->path, NULL);
        g_string_append(text, _("; "));
        text_append_visible(text, smtp_span_of_text(path));
        g_free(path);
    }
    page_wrap(page, PAGE_PLAIN, 11, 11, text->str);
    g_string_free(text, TRUE);
    g_free(id);
}

static void write_session(struct face_run *run, const struct record *record)
{
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link)) {
        put_transaction(run->page, record, link->data, run->options->output_dir);
        relief_give(run->relief);
    }
}

const struct face_writer messages_text_face = { .heading = write_heading, .session = write_session };
