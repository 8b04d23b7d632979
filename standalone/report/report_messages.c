/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A mail in the report: its envelope and what became of it, what its header says, what is attached. Not its content. */

#include <inttypes.h>

#include "language.h"
#include "phrases.h"
#include "report_private.h"
#include "text.h"

static void put_octets(struct html *html, uint64_t octets)
{
    GString *count = g_string_new(NULL);
    text_append_count(count, octets);
    html_printf(html, language_plural("%s octet", "%s octets", octets), count->str);
    g_string_free(count, TRUE);
}

/* ---- recipients ---- */

static bool was_refused(const struct recipient *recipient)
{
    return recipient->code >= 400 || recipient->delivery_code >= 400;
}

static void put_answer(struct html *html, uint16_t code, struct smtp_span text)
{
    if (code == 0 && text.octets == NULL) {
        html_text(html, _("no reply was seen"));
        return;
    }
    if (code == 0) {
        html_text(html, _("no reply code"));
        html_mark(html, ": ");
        html_wire(html, text);
        return;
    }
    if (code >= 400) {
        html_mark(html, "<strong class=\"no\">");
        html_text(html, _("refused"));
        html_mark(html, "</strong> ");
    }
    html_printf(html, "%u ", code);
    html_wire(html, text);
}

static void put_recipient(struct html *html, const struct record *record, const struct transaction *transaction,
                          const struct recipient *recipient)
{
    html_mark(html, "<tr><td>");
    html_wire(html, recipient->address);
    html_mark(html, "</td><td>");
    put_answer(html, recipient->code, recipient->text);
    if (record->account.lmtp || transaction->delivered) {
        html_mark(html, "</td><td>");
        put_answer(html, recipient->delivery_code, recipient->delivery_text);
    }
    html_mark(html, "</td></tr>\n");
}

static void put_recipients_heading(struct html *html, const struct record *record, const struct transaction *transaction)
{
    html_mark(html, "<table class=\"plain\"><thead><tr><th scope=\"col\">");
    html_text(html, _("Recipient"));
    html_mark(html, "</th><th scope=\"col\">");
    html_text(html, _("Reply"));
    if (record->account.lmtp || transaction->delivered) {
        html_mark(html, "</th><th scope=\"col\">");
        html_text(html, _("Reply behind the message"));
    }
    html_mark(html, "</th></tr></thead>\n<tbody>\n");
}

/* The first ones, and of the others those that were refused. */
static void put_recipients(struct report *report, const struct record *record, const struct transaction *transaction)
{
    struct html *html = &report->html;
    unsigned number = 0;
    unsigned refused = 0;
    unsigned left_out = 0;
    if (transaction->recipients.length == 0)
        return;
    put_recipients_heading(html, record, transaction);
    for (const GList *link = transaction->recipients.head; link != NULL; link = record_next(record, link)) {
        const struct recipient *recipient = link->data;
        if (++number <= REPORT_RECIPIENTS || (was_refused(recipient) && refused++ < REPORT_RECIPIENTS))
            put_recipient(html, record, transaction, recipient);
        else
            left_out++;
    }
    html_mark(html, "</tbody></table>\n");
    if (left_out == 0)
        return;
    html_mark(html, "<p class=\"rest\">");
    html_printf(html, language_plural("%u recipient more", "%u recipients more", left_out), left_out);
    html_mark(html, "</p>\n");
}

/* ---- the message ---- */

static void put_text_fact(struct html *html, const char *name, const char *value)
{
    if (value == NULL)
        return;
    report_fact(html, name);
    html_wire(html, smtp_span_of_text(value));
    report_fact_end(html);
}

static void put_hole(struct html *html, const struct message_hole *hole)
{
    html_mark(html, "<div class=\"no\">");
    if (hole->octets != MESSAGE_UNKNOWN) {
        put_octets(html, hole->octets);
        html_mark(html, " ");
        html_text(html, _("not in the capture"));
    } else {
        html_text(html, _("octets are not in the capture, nothing says how many"));
    }
    if (hole->offset != MESSAGE_UNKNOWN)
        html_printf(html, _(", behind octet %" PRIu64), hole->offset);
    html_mark(html, "</div>");
}

#define HOLES_SHOWN 20u

static void put_completeness(struct html *html, const struct message *message)
{
    unsigned shown = 0;
    if (message->complete) {
        html_text(html, _(", complete"));
        return;
    }
    html_mark(html, "<strong class=\"no\">");
    html_text(html, _(", NOT COMPLETE"));
    html_mark(html, "</strong>");
    for (const GList *link = message->missing.head; link != NULL && shown < HOLES_SHOWN; link = link->next, shown++)
        put_hole(html, link->data);
    if (message->missing.length > shown) {
        html_mark(html, "<div class=\"no\">");
        html_printf(html, _("and %u more"), message->missing.length - shown);
        html_mark(html, "</div>");
    }
}

static void put_message_facts(struct html *html, const struct message *message)
{
    put_text_fact(html, _("From"), message->from);
    put_text_fact(html, _("To"), message->to);
    put_text_fact(html, _("Date"), message->date);
    put_text_fact(html, _("Message-ID"), message->message_id);
    report_fact(html, _("Content"));
    put_octets(html, message->octets);
    html_text(html, message->transport == SMTP_TRANSPORT_BDAT ? _(" by BDAT") : _(" by DATA"));
    put_completeness(html, message);
    report_fact_end(html);
    if (message->complete && message->sha256 != NULL) {
        report_fact(html, "SHA-256");
        html_mark(html, "<code>");
        html_text(html, message->sha256);
        html_mark(html, "</code>");
        report_fact_end(html);
    }
    if (message->header_cut || message->parts.limits != 0) {
        report_fact(html, _("Limits"));
        html_text(html, _("not all of it was looked at: its header or its parts are beyond the limits"));
        report_fact_end(html);
    }
}

static void put_attachment(struct html *html, const struct attachment *attachment)
{
    html_mark(html, "<tr><td>");
    if (attachment->filename.octets != NULL)
        html_file_name(html, attachment->filename);
    else
        html_text(html, _("no name"));
    html_mark(html, "</td><td>");
    html_wire(html, attachment->content_type);
    html_mark(html, "</td><td class=\"number\">");
    report_narrow(html, _("Octets"));
    html_count(html, attachment->octets);
    html_mark(html, "</td><td>");
    if (attachment->whole) {
        html_mark(html, "<code>");
        html_text(html, attachment->sha256);
        html_mark(html, "</code>");
    } else {
        html_mark(html, "<strong class=\"no\">");
        html_text(html, _("not all of it was captured"));
        html_mark(html, "</strong>");
    }
    html_mark(html, "</td></tr>\n");
}

static void put_attachments(struct html *html, const struct message *message)
{
    unsigned shown = 0;
    unsigned count = message->parts.attachments.length;
    if (count == 0)
        return;
    html_mark(html, "<table class=\"plain\"><thead><tr><th scope=\"col\">");
    html_text(html, _("Attachment"));
    html_mark(html, "</th><th scope=\"col\">");
    html_text(html, _("Type"));
    html_mark(html, "</th><th scope=\"col\" class=\"number\">");
    html_text(html, _("Octets"));
    html_mark(html, "</th><th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n");
    for (const GList *link = message->parts.attachments.head; link != NULL && shown < REPORT_ATTACHMENTS;
         link = link->next, shown++)
        put_attachment(html, link->data);
    html_mark(html, "</tbody></table>\n");
    if (count == shown)
        return;
    html_mark(html, "<p class=\"rest\">");
    html_printf(html, language_plural("%u attachment more", "%u attachments more", count - shown), count - shown);
    html_mark(html, "</p>\n");
}

/* ---- the mail ---- */

static void put_outcome(struct html *html, const struct transaction *transaction)
{
    html_text(html, phrase_outcome(transaction));
    if (transaction->code != 0)
        html_printf(html, ": %u ", transaction->code);
    else if (transaction->reply.octets != NULL)
        html_mark(html, ": ");
    if (transaction->reply.octets != NULL)
        html_wire(html, transaction->reply);
}

static void put_heading(struct report *report, const struct record *record, const struct transaction *transaction)
{
    struct html *html = &report->html;
    const struct message *message = transaction->message;
    html_mark(html, "<article class=\"mail hit\" data-severity=\"");
    html_number(html, (uint64_t)(report_worst(record) + 1));
    html_mark(html, "\" id=\"m");
    html_number(html, record->id);
    html_mark(html, "-");
    html_number(html, transaction->id);
    html_mark(html, "\">\n<h3>");
    html_printf(html, _("Mail %" PRIu64 ".%u"), record->id, transaction->id);
    if (message != NULL && message->subject != NULL) {
        html_mark(html, ": ");
        html_wire(html, smtp_span_of_text(message->subject));
    }
    html_mark(html, "</h3>\n");
}

static void put_envelope(struct report *report, const struct record *record, const struct transaction *transaction)
{
    struct html *html = &report->html;
    report_fact(html, _("Session"));
    report_link(report, record->id);
    if (transaction->place.frame != 0)
        html_printf(html, _(", MAIL in frame %" PRIu64), transaction->place.frame);
    report_fact_end(html);
    report_fact(html, _("Sender"));
    if (!transaction->mail_seen)
        html_text(html, _("not seen"));
    else if (transaction->mail_from.length == 0)
        html_text(html, _("<> (null return path, as bounces have)"));
    else
        html_wire(html, transaction->mail_from);
    report_fact_end(html);
    report_fact(html, _("Outcome"));
    put_outcome(html, transaction);
    report_fact_end(html);
}

static void put_mail(struct report *report, const struct record *record, const struct transaction *transaction)
{
    struct html *html = &report->html;
    const struct message *message = transaction->message;
    put_heading(report, record, transaction);
    html_mark(html, "<dl class=\"facts\">\n");
    put_envelope(report, record, transaction);
    if (message != NULL)
        put_message_facts(html, message);
    html_mark(html, "</dl>\n");
    put_recipients(report, record, transaction);
    if (message != NULL)
        put_attachments(html, message);
    html_mark(html, "</article>\n");
}

void report_mails(struct report *report, const struct record *record, GArray *mails)
{
    struct report_counts *counts = &report->counts;
    unsigned shown = 0;
    report_begin(report, REPORT_PART_MAILS);
    for (const GList *link = record->account.mails.list.head; link != NULL; link = link->next) {
        const struct transaction *transaction = link->data;
        if (shown >= REPORT_SESSION_MAILS || counts->mails_shown >= REPORT_MAILS)
            break;
        put_mail(report, record, transaction);
        shown++;
        counts->mails_shown++;
        if (transaction->message != NULL) {
            const struct report_mail mail = { .message = transaction->message->number, .transaction = transaction->id };
            g_array_append_val(mails, mail);
        }
        relief_give(&report->relief);
    }
    report_end(report);
}
