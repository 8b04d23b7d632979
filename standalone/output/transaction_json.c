/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transaction_json.h"

#include "face.h"
#include "message_limits.h"

/* What became of the message for one recipient; of LMTP and PRDR only, where each has a reply of its own. */
static void write_delivery(struct json *json, const struct recipient *recipient)
{
    if (recipient->delivery_code == 0) {
        json_null(json, "delivery");
        return;
    }
    json_begin_object(json, "delivery");
    json_number(json, "code", recipient->delivery_code);
    json_span_or_null(json, "enhanced", recipient->delivery_enhanced);
    json_span(json, "text", recipient->delivery_text);
    json_end_object(json);
}

static void write_recipients(struct json *json, const struct record *record, const struct transaction *transaction)
{
    json_begin_array(json, "rcpt_to");
    for (const GList *link = transaction->recipients.head; link != NULL; link = record_next(record, link)) {
        const struct recipient *recipient = link->data;
        json_begin_object(json, NULL);
        json_span(json, "address", recipient->address);
        json_number_or_null(json, "code", recipient->code);
        json_span_or_null(json, "enhanced", recipient->enhanced);
        json_span_or_null(json, "text", recipient->text);
        if (transaction->lmtp || transaction->delivered)
            write_delivery(json, recipient);
        json_end_object(json);
    }
    json_end_array(json);
}

static void number_or_unknown(struct json *json, const char *key, uint64_t number)
{
    if (number == MESSAGE_UNKNOWN)
        json_null(json, key);
    else
        json_number(json, key, number);
}

static void write_missing(struct json *json, const struct message *message)
{
    json_begin_array(json, "missing");
    for (const GList *link = message->missing.head; link != NULL; link = link->next) {
        const struct message_hole *hole = link->data;
        json_begin_object(json, NULL);
        number_or_unknown(json, "offset", hole->offset);
        number_or_unknown(json, "octets", hole->octets);
        json_end_object(json);
    }
    json_end_array(json);
}

/* The name of a file as a path: as the directory was named, or (in the directory's own index) alone. */
static void write_path(struct json *json, const char *key, const struct transaction_paths *paths, const char *name)
{
    char *path = name != NULL && paths->directory != NULL ? g_build_filename(paths->directory, name, NULL) : g_strdup(name);
    json_wire_text(json, key, path);
    g_free(path);
}

static void write_attachments(struct json *json, const struct message *message, const struct transaction_paths *paths)
{
    json_begin_array(json, "attachments");
    for (const GList *link = message->parts.attachments.head; link != NULL; link = link->next) {
        const struct attachment *attachment = link->data;
        json_begin_object(json, NULL);
        json_span_or_null(json, "filename", attachment->filename);
        json_span(json, "content_type", attachment->content_type);
        json_number(json, "octets", attachment->octets);
        json_text(json, "sha256", attachment->whole ? attachment->sha256 : NULL);
        if (paths != NULL && (attachment->file != NULL || attachment->path != NULL))
            write_path(json, "path", paths, attachment->path);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_limits(struct json *json, const struct message *message)
{
    const struct message_limit *limit = NULL;
    json_begin_array(json, "limits_met");
    while ((limit = message_limit_next(message, limit)) != NULL)
        json_text(json, NULL, limit->name);
    json_end_array(json);
}

static void write_message(struct json *json, const struct record *record, const struct message *message,
                          const struct transaction_paths *paths)
{
    if (message == NULL) {
        json_null(json, "message");
        return;
    }
    json_begin_object(json, "message");
    json_number(json, "octets", message->octets);
    json_text(json, "sha256", message->complete ? message->sha256 : NULL);
    json_bool(json, "complete", message->complete);
    write_missing(json, message);
    json_text(json, "transport", message->transport == SMTP_TRANSPORT_BDAT ? "BDAT" : "DATA");
    json_number_or_null(json, "frame", message->place.frame);
    json_number_or_null(json, "last_frame", message->last_frame);
    json_wire_text(json, "capture", message->place.frame != 0 ? record_capture(record, message->place.file) : NULL);
    json_wire_text(json, "subject", message->subject);
    json_wire_text(json, "from", message->from);
    json_wire_text(json, "to", message->to);
    json_wire_text(json, "date", message->date);
    json_wire_text(json, "message_id", message->message_id);
    write_attachments(json, message, paths);
    write_limits(json, message);
    json_end_object(json);
}

void transaction_json(struct json *json, const struct record *record, const struct transaction *transaction,
                      const struct transaction_paths *paths)
{
    if (transaction->mail_seen)
        json_span(json, "mail_from", transaction->mail_from);
    else
        json_null(json, "mail_from");
    json_number_or_null(json, "frame", transaction->place.frame);
    json_wire_text(json, "capture",
                   transaction->place.frame != 0 ? record_capture(record, transaction->place.file) : NULL);
    write_recipients(json, record, transaction);
    json_text(json, "outcome", smtp_outcome_name(transaction->outcome));
    json_number_or_null(json, "code", transaction->code);
    json_span_or_null(json, "enhanced", transaction->enhanced);
    json_span_or_null(json, "reply", transaction->reply);
    write_message(json, record, transaction->message, paths);
    if (paths == NULL)
        return;
    const struct message *message = transaction->message;
    const char *name = message != NULL ? message->path : NULL;
    write_path(json, "path", paths, name);
    json_text(json, "file_sha256", name != NULL ? message->sha256 : NULL);
}

void transaction_json_record(struct json *json, const struct record *record, const struct transaction *transaction,
                             const struct transaction_paths *paths)
{
    json_begin_object(json, NULL);
    json_text(json, "record", "message");
    json_number(json, "session", record->id);
    json_number(json, "transaction", transaction->id);
    transaction_json(json, record, transaction, paths);
    json_end_object(json);
    json_end_line(json);
}

static void write_session(struct face_run *run, const struct record *record)
{
    const char *directory = run->options->output_dir;
    const struct transaction_paths paths = { .directory = directory };
    struct json json = face_json(run);
    for (const GList *link = record->account.mails.list.head; link != NULL; link = link->next)
        transaction_json_record(&json, record, link->data, directory != NULL ? &paths : NULL);
}

const struct face_writer messages_json_face = { .session = write_session };
