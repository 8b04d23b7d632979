/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zeek_line.h"

#include <stdlib.h>
#include <string.h>

#include "address_list.h"
#include "address_text.h"
#include "addresses_in.h"
#include "flow_id.h"
#include "mail_facts.h"
#include "message_limits.h"

static const struct {
    const char *name;
    enum zeek_type type;
} columns[] = {
    [ZEEK_TS] = { "ts", ZEEK_TIME },
    [ZEEK_UID] = { "uid", ZEEK_STRING },
    [ZEEK_ORIG_H] = { "id.orig_h", ZEEK_ADDRESS },
    [ZEEK_ORIG_P] = { "id.orig_p", ZEEK_PORT },
    [ZEEK_RESP_H] = { "id.resp_h", ZEEK_ADDRESS },
    [ZEEK_RESP_P] = { "id.resp_p", ZEEK_PORT },
    [ZEEK_TRANS_DEPTH] = { "trans_depth", ZEEK_COUNT },
    [ZEEK_HELO] = { "helo", ZEEK_STRING },
    [ZEEK_MAILFROM] = { "mailfrom", ZEEK_STRING },
    [ZEEK_RCPTTO] = { "rcptto", ZEEK_STRINGS },
    [ZEEK_DATE] = { "date", ZEEK_STRING },
    [ZEEK_FROM] = { "from", ZEEK_STRING },
    [ZEEK_TO] = { "to", ZEEK_STRINGS },
    [ZEEK_CC] = { "cc", ZEEK_STRINGS },
    [ZEEK_REPLY_TO] = { "reply_to", ZEEK_STRING },
    [ZEEK_MSG_ID] = { "msg_id", ZEEK_STRING },
    [ZEEK_IN_REPLY_TO] = { "in_reply_to", ZEEK_STRING },
    [ZEEK_SUBJECT] = { "subject", ZEEK_STRING },
    [ZEEK_X_ORIGINATING_IP] = { "x_originating_ip", ZEEK_ADDRESS },
    [ZEEK_FIRST_RECEIVED] = { "first_received", ZEEK_STRING },
    [ZEEK_SECOND_RECEIVED] = { "second_received", ZEEK_STRING },
    [ZEEK_LAST_REPLY] = { "last_reply", ZEEK_STRING },
    [ZEEK_PATH] = { "path", ZEEK_ADDRESS_VECTOR },
    [ZEEK_USER_AGENT] = { "user_agent", ZEEK_STRING },
    [ZEEK_TLS] = { "tls", ZEEK_BOOL },
    [ZEEK_FUIDS] = { "fuids", ZEEK_STRING_VECTOR },
    [ZEEK_SESSION] = { "smtpscope.session", ZEEK_COUNT },
    [ZEEK_MAIL] = { "smtpscope.transaction", ZEEK_COUNT },
    [ZEEK_OUTCOME] = { "smtpscope.outcome", ZEEK_STRING },
    [ZEEK_REFUSED] = { "smtpscope.refused", ZEEK_STRINGS },
    [ZEEK_OCTETS] = { "smtpscope.octets", ZEEK_COUNT },
    [ZEEK_COMPLETE] = { "smtpscope.complete", ZEEK_BOOL },
    [ZEEK_MISSING] = { "smtpscope.missing", ZEEK_COUNT },
    [ZEEK_LIMITS_MET] = { "smtpscope.limits_met", ZEEK_STRINGS },
    [ZEEK_GAPS] = { "smtpscope.gaps", ZEEK_COUNT },
};

const char *zeek_line_name(enum zeek_column column)
{
    return columns[column].name;
}

enum zeek_type zeek_line_type(enum zeek_column column)
{
    return columns[column].type;
}

void zeek_line_start(struct zeek_line *line)
{
    *line = (struct zeek_line){ .texts = g_string_chunk_new(1024) };
}

void zeek_line_free(struct zeek_line *line)
{
    g_string_chunk_free(line->texts);
    recipient_set_clear(&line->recipients);
    recipient_set_clear(&line->refused);
    for (unsigned i = 0; i < ZEEK_COLUMNS; i++)
        if (line->lists[i] != NULL)
            g_array_free(line->lists[i], TRUE);
}

/* ---- values ---- */

static void set_number(struct zeek_line *line, enum zeek_column column, uint64_t number)
{
    line->values[column] = (struct zeek_value){ .set = true, .number = number };
}

/* Not if there is none: `octets` is NULL. */
static void set_span(struct zeek_line *line, enum zeek_column column, struct smtp_span text)
{
    line->values[column] = (struct zeek_value){ .set = text.octets != NULL, .text = text };
}

/* Text that will be gone: it is copied. */
static struct smtp_span keep(struct zeek_line *line, struct smtp_span text)
{
    return smtp_span(g_string_chunk_insert_len(line->texts, (const char *)text.octets, (gssize)text.length), text.length);
}

static struct smtp_span keep_address(struct zeek_line *line, const struct packet_address *address)
{
    GString *text = g_string_new(NULL);
    text_append_address(text, address);
    struct smtp_span kept = keep(line, smtp_span(text->str, text->len));
    g_string_free(text, TRUE);
    return kept;
}

/* The value's list, empty at first. */
static GArray *set_list(struct zeek_line *line, enum zeek_column column)
{
    if (line->lists[column] == NULL)
        line->lists[column] = g_array_new(FALSE, FALSE, sizeof(struct smtp_span));
    if (!line->values[column].set)
        g_array_set_size(line->lists[column], 0);
    line->values[column] = (struct zeek_value){ .set = true, .list = line->lists[column] };
    return line->lists[column];
}

/* ---- sets ---- */

struct element {
    struct smtp_span text;
    guint order;
};

static gint compare_elements(gconstpointer a, gconstpointer b)
{
    const struct element *first = a;
    const struct element *second = b;
    size_t length = MIN(first->text.length, second->text.length);
    int order = length > 0 ? memcmp(first->text.octets, second->text.octets, length) : 0;
    if (order == 0 && first->text.length != second->text.length)
        order = first->text.length < second->text.length ? -1 : 1;
    return order != 0 ? order : (first->order > second->order) - (first->order < second->order);
}

static gint compare_orders(gconstpointer a, gconstpointer b)
{
    const struct element *first = a;
    const struct element *second = b;
    return (first->order > second->order) - (first->order < second->order);
}

/* Leaves each text once, where it was first. By sorting: no choice of texts makes it slow. */
static void make_set(GArray *list)
{
    if (list->len < 2)
        return;
    struct element *elements = g_new(struct element, list->len);
    guint kept = 1;
    for (guint i = 0; i < list->len; i++)
        elements[i] = (struct element){ .text = g_array_index(list, struct smtp_span, i), .order = i };
    qsort(elements, list->len, sizeof *elements, compare_elements);
    for (guint i = 1; i < list->len; i++)
        if (!smtp_span_same(elements[i].text, elements[kept - 1].text))
            elements[kept++] = elements[i];
    qsort(elements, kept, sizeof *elements, compare_orders);
    g_array_set_size(list, kept);
    for (guint i = 0; i < kept; i++)
        g_array_index(list, struct smtp_span, i) = elements[i].text;
    g_free(elements);
}

/* ---- the header ---- */

/* Where a field stands more than once Zeek takes the last one. */
static void set_field(struct zeek_line *line, enum zeek_column column, const struct message *message, enum header_name name)
{
    const struct header_field *field = header_fields_last(&message->fields, name);
    if (field != NULL)
        set_span(line, column, field->value);
}

/* The mailboxes of all fields of a name. */
static void set_mailboxes(struct zeek_line *line, enum zeek_column column, const struct message *message, enum header_name name)
{
    const struct header_field *field = header_fields_first(&message->fields, name);
    for (; field != NULL; field = header_fields_next(field)) {
        GArray *list = set_list(line, column);
        struct address_list mailboxes = address_list_of(field->value);
        struct smtp_span mailbox;
        while (address_list_next(&mailboxes, &mailbox))
            g_array_append_val(list, mailbox);
    }
    if (line->values[column].set)
        make_set(line->values[column].list);
}

/* Of several names of one thing the last field counts, whichever it is. */
static void set_user_agent(struct zeek_line *line, const struct message *message)
{
    for (const GList *link = message->fields.tail; link != NULL; link = link->prev) {
        const struct header_field *field = link->data;
        if (field->name != HEADER_X_MAILER && field->name != HEADER_USER_AGENT && field->name != HEADER_X_USER_AGENT)
            continue;
        set_span(line, ZEEK_USER_AGENT, field->value);
        return;
    }
}

/* Received fields grow at the top: the last one is of the first hop. */
static void set_received(struct zeek_line *line, const struct message *message)
{
    const struct header_field *first = header_fields_last(&message->fields, HEADER_RECEIVED);
    const struct header_field *second = first != NULL ? header_fields_before(first) : NULL;
    if (first != NULL)
        set_span(line, ZEEK_FIRST_RECEIVED, first->value);
    if (second != NULL)
        set_span(line, ZEEK_SECOND_RECEIVED, second->value);
}

static void extend_path(struct zeek_line *line, const struct message *message)
{
    GArray *path = set_list(line, ZEEK_PATH);
    const struct header_field *field = header_fields_first(&message->fields, HEADER_RECEIVED);
    for (; field != NULL; field = header_fields_next(field)) {
        struct packet_address address;
        if (!addresses_in_received(field->value, &address))
            continue;
        struct smtp_span text = keep_address(line, &address);
        if (!smtp_span_same(text, g_array_index(path, struct smtp_span, path->len - 1)))
            g_array_append_val(path, text);
    }
}

static void set_originating_ip(struct zeek_line *line, const struct message *message)
{
    const struct header_field *field = header_fields_last(&message->fields, HEADER_X_ORIGINATING_IP);
    struct smtp_span rest = field != NULL ? field->value : smtp_span(NULL, 0);
    struct packet_address address;
    if (addresses_in_any(&rest, &address))
        set_span(line, ZEEK_X_ORIGINATING_IP, keep_address(line, &address));
}

/* Of how many bodies an identifier is written: as many as attachments are listed. */
static void set_fuids(struct zeek_line *line, const struct record *record, const struct transaction *transaction)
{
    const struct message *message = transaction->message;
    char fuid[FLOW_ID_UID];
    uint64_t bodies = MIN(message->parts.leaves, MIME_ATTACHMENTS_LIMIT);
    if (bodies == 0 && !message->complete)
        return; /* nothing says that there is none */
    GArray *list = set_list(line, ZEEK_FUIDS);
    for (uint64_t part = 1; part <= bodies; part++) {
        flow_id_fuid(record, transaction->id, part, fuid);
        struct smtp_span text = keep(line, smtp_span_of_text(fuid));
        g_array_append_val(list, text);
    }
}

static void set_limits(struct zeek_line *line, const struct message *message)
{
    const struct message_limit *limit = NULL;
    GArray *list = set_list(line, ZEEK_LIMITS_MET);
    while ((limit = message_limit_next(message, limit)) != NULL) {
        struct smtp_span name = smtp_span_of_text(limit->name);
        g_array_append_val(list, name);
    }
}

static void set_message(struct zeek_line *line, const struct record *record, const struct transaction *transaction)
{
    const struct message *message = transaction->message;
    set_field(line, ZEEK_DATE, message, HEADER_DATE);
    set_field(line, ZEEK_FROM, message, HEADER_FROM);
    set_mailboxes(line, ZEEK_TO, message, HEADER_TO);
    set_mailboxes(line, ZEEK_CC, message, HEADER_CC);
    set_field(line, ZEEK_REPLY_TO, message, HEADER_REPLY_TO);
    set_field(line, ZEEK_MSG_ID, message, HEADER_MESSAGE_ID);
    set_field(line, ZEEK_IN_REPLY_TO, message, HEADER_IN_REPLY_TO);
    set_field(line, ZEEK_SUBJECT, message, HEADER_SUBJECT);
    set_originating_ip(line, message);
    set_received(line, message);
    extend_path(line, message);
    set_user_agent(line, message);
    set_fuids(line, record, transaction);
    set_number(line, ZEEK_OCTETS, message->octets);
    set_number(line, ZEEK_COMPLETE, message->complete);
    uint64_t missing = message_missing(message);
    if (missing != MESSAGE_UNKNOWN)
        set_number(line, ZEEK_MISSING, missing);
    set_limits(line, message);
}

/* ---- the envelope ---- */

static void set_endpoint(struct zeek_line *line, const struct record *record, int half, enum zeek_column address, enum zeek_column port)
{
    const struct tcp_endpoint *endpoint = &record->connection.endpoint[half];
    set_span(line, address, keep_address(line, &endpoint->address));
    set_number(line, port, endpoint->port);
}

static void set_connection(struct zeek_line *line, const struct record *record, int64_t time, uint64_t depth)
{
    char uid[FLOW_ID_UID];
    memset(line->values, 0, sizeof line->values);
    g_string_chunk_clear(line->texts);
    line->values[ZEEK_TS] = (struct zeek_value){ .set = true, .time = time };
    flow_id_uid(record, uid);
    set_span(line, ZEEK_UID, keep(line, smtp_span_of_text(uid)));
    set_endpoint(line, record, record->client_half, ZEEK_ORIG_H, ZEEK_ORIG_P);
    set_endpoint(line, record, 1 - record->client_half, ZEEK_RESP_H, ZEEK_RESP_P);
    set_number(line, ZEEK_TRANS_DEPTH, depth);
    GArray *path = set_list(line, ZEEK_PATH);
    g_array_append_val(path, line->values[ZEEK_RESP_H].text);
    g_array_append_val(path, line->values[ZEEK_ORIG_H].text);
    set_number(line, ZEEK_SESSION, record->id);
    set_number(line, ZEEK_GAPS, record->gap_octets);
}

/* Whether all replies that could refuse a recipient were seen. */
static bool is_answered(const struct record *record, const struct transaction *transaction, const struct recipient *recipient)
{
    bool behind =
        (record->account.lmtp || transaction->delivered) && transaction->message != NULL && recipient->code / 100 == 2;
    return smtp_reply_code_decides(recipient->code) && (!behind || recipient->delivery_code != 0);
}

/* Those that the server refused stand in a list of their own, too; none is said to be refused only where all replies were seen. */
static void set_recipients(struct zeek_line *line, const struct record *record, const struct transaction *transaction)
{
    bool known = transaction->recipients.length > 0;
    for (const GList *link = transaction->recipients.head; link != NULL && known; link = record_next(record, link))
        known = is_answered(record, transaction, link->data);
    /* "RCPT TO:<>" is in neither: an element with nothing in it cannot be told from a set with nothing in it. */
    recipient_set_fill(&line->recipients, record, transaction, false);
    recipient_set_fill(&line->refused, record, transaction, true);
    line->values[ZEEK_RCPTTO] = (struct zeek_value){ .set = transaction->recipients.length > 0, .recipients = &line->recipients };
    line->values[ZEEK_REFUSED] = (struct zeek_value){ .set = known || line->refused.count > 0, .recipients = &line->refused };
}

void zeek_line_mail(struct zeek_line *line, const struct record *record, const struct transaction *transaction, uint64_t depth)
{
    const char *outcome = smtp_outcome_name(transaction->outcome);
    GString *reply = g_string_new(NULL);
    set_connection(line, record, mail_facts_first(record, transaction).time, depth);
    set_span(line, ZEEK_HELO, transaction->helo);
    if (transaction->mail_seen)
        set_span(line, ZEEK_MAILFROM, transaction->mail_from);
    set_recipients(line, record, transaction);
    if (mail_facts_append_reply(reply, transaction))
        set_span(line, ZEEK_LAST_REPLY, keep(line, smtp_span(reply->str, reply->len)));
    g_string_free(reply, TRUE);
    set_number(line, ZEEK_TLS, transaction->in_tls);
    set_number(line, ZEEK_MAIL, transaction->id);
    if (outcome != NULL)
        set_span(line, ZEEK_OUTCOME, smtp_span_of_text(outcome));
    if (transaction->message != NULL)
        set_message(line, record, transaction);
}

void zeek_line_starttls(struct zeek_line *line, const struct record *record, uint64_t depth)
{
    GString *reply = g_string_new(NULL);
    set_connection(line, record, record->account.tls.starttls.place.time, depth);
    set_span(line, ZEEK_HELO, record->account.tls.starttls.helo);
    mail_facts_append_line(reply, record->account.tls.starttls.code, record->account.tls.starttls.reply);
    set_span(line, ZEEK_LAST_REPLY, keep(line, smtp_span(reply->str, reply->len)));
    g_string_free(reply, TRUE);
    if (record->account.tls.protection == PROTECTION_TLS)
        set_number(line, ZEEK_TLS, true);
}
