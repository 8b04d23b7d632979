/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Events of the type `smtp` as Suricata's EVE output has them: one for each mail, and one for what goes on under TLS
 * behind STARTTLS. */

#include "address_list.h"
#include "address_text.h"
#include "community_id.h"
#include "face.h"
#include "flow_id.h"
#include "mail_facts.h"
#include "message_limits.h"
#include "text.h"

/* ---- the event ---- */

/* "2026-11-25T20:43:54.000000+0000" */
static void write_timestamp(struct json *json, int64_t time)
{
    GString *text = g_string_new(NULL);
    text_append_time(text, time, 6);
    g_string_truncate(text, text->len - 1);
    g_string_append(text, "+0000");
    json_text(json, "timestamp", text->str);
    g_string_free(text, TRUE);
}

static void write_endpoint(struct json *json, const struct record *record, int half, const char *ip, const char *port)
{
    const struct tcp_endpoint *endpoint = &record->connection.endpoint[half];
    GString *address = g_string_new(NULL);
    text_append_address(address, &endpoint->address);
    json_text(json, ip, address->str);
    json_number(json, port, endpoint->port);
    g_string_free(address, TRUE);
}

/* `place`: the frame that the event is told of; `id`: the transaction's number, from 0. */
static void write_event(struct json *json, const struct record *record, struct place place, uint64_t id)
{
    char *community = community_id(record->connection.endpoint);
    write_timestamp(json, place.time);
    json_number(json, "flow_id", flow_id_number(record));
    json_number(json, "pcap_cnt", place.frame);
    json_octets(json, "pcap_filename", smtp_span_of_text(record_capture(record, place.file)));
    json_text(json, "event_type", "smtp");
    write_endpoint(json, record, record->client_half, "src_ip", "src_port");
    write_endpoint(json, record, 1 - record->client_half, "dest_ip", "dest_port");
    json_text(json, "proto", "TCP");
    json_number(json, "tx_id", id);
    json_text(json, "community_id", community);
    g_free(community);
}

/* ---- the envelope ---- */

static void write_path(struct json *json, const char *key, struct smtp_span address)
{
    GString *path = g_string_new("<");
    g_string_append_len(path, (const char *)address.octets, (gssize)address.length);
    g_string_append_c(path, '>');
    json_octets(json, key, smtp_span(path->str, path->len));
    g_string_free(path, TRUE);
}

static void write_envelope(struct json *json, const struct record *record, const struct transaction *transaction)
{
    json_begin_object(json, "smtp");
    if (transaction->helo.octets != NULL)
        json_octets(json, "helo", transaction->helo);
    if (transaction->mail_seen)
        write_path(json, "mail_from", transaction->mail_from);
    if (transaction->recipients.length > 0) {
        json_begin_array(json, "rcpt_to");
        for (const GList *link = transaction->recipients.head; link != NULL; link = record_next(record, link))
            write_path(json, NULL, ((const struct recipient *)link->data)->address);
        json_end_array(json);
    }
    json_end_object(json);
}

/* ---- the message ---- */

/* Suricata's words for how far its parser came. */
static const char *status_of(const struct message *message)
{
    if (!message_header_is_whole(message))
        return message->octets > 0 ? "HEADER_STARTED" : "HEADER_READY";
    return message->complete ? "PARSE_DONE" : "BODY_STARTED";
}

enum form {
    FORM_TEXT,      /* the first field of the name */
    FORM_MAILBOXES, /* what stands in it, one by one */
    FORM_ALL,       /* all fields of the name */
};

static const struct {
    const char *key;
    enum header_name name;
    enum form form;
} fields[] = {
    { "from", HEADER_FROM, FORM_TEXT },
    { "to", HEADER_TO, FORM_MAILBOXES },
    { "cc", HEADER_CC, FORM_MAILBOXES },
    { "bcc", HEADER_BCC, FORM_MAILBOXES },
    { "reply_to", HEADER_REPLY_TO, FORM_TEXT },
    { "date", HEADER_DATE, FORM_TEXT },
    { "subject", HEADER_SUBJECT, FORM_TEXT },
    { "message_id", HEADER_MESSAGE_ID, FORM_TEXT },
    { "in_reply_to", HEADER_IN_REPLY_TO, FORM_TEXT },
    { "references", HEADER_REFERENCES, FORM_TEXT },
    { "received", HEADER_RECEIVED, FORM_ALL },
    { "x_originating_ip", HEADER_X_ORIGINATING_IP, FORM_TEXT },
    { "x_mailer", HEADER_X_MAILER, FORM_TEXT },
    { "user_agent", HEADER_USER_AGENT, FORM_TEXT },
    { "importance", HEADER_IMPORTANCE, FORM_TEXT },
    { "priority", HEADER_PRIORITY, FORM_TEXT },
    { "sensitivity", HEADER_SENSITIVITY, FORM_TEXT },
    { "organization", HEADER_ORGANIZATION, FORM_TEXT },
    { "content_md5", HEADER_CONTENT_MD5, FORM_TEXT },
};

/* A list with nothing in it is left out, as a field that is not there. */
static void write_mailboxes(struct json *json, const char *key, struct smtp_span value)
{
    struct address_list mailboxes = address_list_of(value);
    struct smtp_span mailbox;
    if (!address_list_next(&mailboxes, &mailbox))
        return;
    json_begin_array(json, key);
    do
        json_octets(json, NULL, mailbox);
    while (address_list_next(&mailboxes, &mailbox));
    json_end_array(json);
}

static void write_all(struct json *json, const char *key, const struct header_field *field)
{
    json_begin_array(json, key);
    for (; field != NULL; field = header_fields_next(field))
        json_octets(json, NULL, field->value);
    json_end_array(json);
}

/* File names; an attachment without one is not in the list. */
static void write_attachments(struct json *json, const struct message *message)
{
    bool begun = false;
    for (const GList *link = message->parts.attachments.head; link != NULL; link = link->next) {
        const struct attachment *attachment = link->data;
        if (attachment->filename.octets == NULL)
            continue;
        if (!begun)
            json_begin_array(json, "attachment");
        begun = true;
        json_octets(json, NULL, attachment->filename);
    }
    if (begun)
        json_end_array(json);
}

static void write_message(struct json *json, const struct message *message)
{
    json_begin_object(json, "email");
    json_text(json, "status", status_of(message));
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        const struct header_field *field = header_fields_first(&message->fields, fields[i].name);
        if (field == NULL)
            continue;
        if (fields[i].form == FORM_MAILBOXES)
            write_mailboxes(json, fields[i].key, field->value);
        else if (fields[i].form == FORM_ALL)
            write_all(json, fields[i].key, field);
        else
            json_octets(json, fields[i].key, field->value);
    }
    write_attachments(json, message);
    json_end_object(json);
}

/* ---- what EVE has no word for ---- */

static void write_refused(struct json *json, const struct record *record, const struct transaction *transaction)
{
    bool begun = false;
    for (const GList *link = transaction->recipients.head; link != NULL; link = record_next(record, link)) {
        const struct recipient *recipient = link->data;
        if (!mail_facts_refused(recipient))
            continue;
        if (!begun)
            json_begin_array(json, "refused");
        begun = true;
        write_path(json, NULL, recipient->address);
    }
    if (begun)
        json_end_array(json);
}

static void write_outcome(struct json *json, const struct record *record, const struct transaction *transaction)
{
    const char *outcome = smtp_outcome_name(transaction->outcome);
    GString *reply = g_string_new(NULL);
    json_number(json, "transaction", transaction->id);
    if (outcome != NULL)
        json_text(json, "outcome", outcome);
    if (mail_facts_append_reply(reply, transaction))
        json_octets(json, "last_reply", smtp_span(reply->str, reply->len));
    write_refused(json, record, transaction);
    g_string_free(reply, TRUE);
}

/* Mostly none. */
static void write_limits(struct json *json, const struct message *message)
{
    const struct message_limit *limit = message_limit_next(message, NULL);
    if (limit == NULL)
        return;
    json_begin_array(json, "limits_met");
    for (; limit != NULL; limit = message_limit_next(message, limit))
        json_text(json, NULL, limit->name);
    json_end_array(json);
}

static void write_size(struct json *json, const struct message *message)
{
    json_number(json, "octets", message->octets);
    json_bool(json, "complete", message->complete);
    uint64_t missing = message_missing(message);
    if (missing != MESSAGE_UNKNOWN)
        json_number(json, "missing", missing);
    write_limits(json, message);
}

/* `transaction`: NULL where the event is of none. */
static void write_ours(struct json *json, const struct record *record, const struct transaction *transaction)
{
    json_begin_object(json, "smtpscope");
    json_number(json, "session", record->id);
    if (transaction != NULL)
        write_outcome(json, record, transaction);
    if (transaction != NULL || record->account.tls.protection != PROTECTION_NOT_SEEN)
        json_bool(json, "tls",
                  transaction != NULL ? transaction->in_tls : record->account.tls.protection == PROTECTION_TLS);
    if (transaction != NULL && transaction->message != NULL)
        write_size(json, transaction->message);
    json_number(json, "gaps", record->gap_octets);
    json_end_object(json);
}

/* ---- events ---- */

static void write_mail(struct json *json, const struct record *record, const struct transaction *transaction)
{
    json_begin_object(json, NULL);
    write_event(json, record, mail_facts_last(record, transaction), transaction->id - 1);
    write_envelope(json, record, transaction);
    if (transaction->message != NULL)
        write_message(json, transaction->message);
    write_ours(json, record, transaction);
    json_end_object(json);
    json_end_line(json);
}

/* What goes on under TLS: all that can be said is who began it. */
static void write_hidden(struct json *json, const struct record *record)
{
    json_begin_object(json, NULL);
    write_event(json, record, record->account.tls.starttls.place, record->account.mails.list.length);
    json_begin_object(json, "smtp");
    if (record->account.tls.starttls.helo.octets != NULL)
        json_octets(json, "helo", record->account.tls.starttls.helo);
    json_end_object(json);
    write_ours(json, record, NULL);
    json_end_object(json);
    json_end_line(json);
}

static void write_session(struct face_run *run, const struct record *record)
{
    struct json json = face_json(run);
    unsigned looked_at = 0;
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link)) {
        write_mail(&json, record, link->data);
        mail_facts_cool(record, ++looked_at);
    }
    if (mail_facts_hidden(record))
        write_hidden(&json, record);
}

const struct face_writer eve_face = { .session = write_session };
