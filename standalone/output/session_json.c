/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session_json.h"

#include "address_text.h"
#include "community_id.h"
#include "face.h"
#include "finding_out.h"
#include "phrases.h"
#include "timing_out.h"
#include "tls_json.h"
#include "transaction_json.h"
#include "words.h"

void session_json_endpoint(struct json *json, const char *key, const struct record *record, enum smtp_role role)
{
    int half = role == SMTP_CLIENT ? record->client_half : 1 - record->client_half;
    const struct tcp_endpoint *endpoint = &record->connection.endpoint[half];
    GString *address = g_string_new(NULL);
    text_append_address(address, &endpoint->address);
    json_begin_object(json, key);
    json_text(json, "ip", address->str);
    json_number(json, "port", endpoint->port);
    json_end_object(json);
    g_string_free(address, TRUE);
}

static void write_community_id(struct json *json, const struct record *record)
{
    char *id = community_id(record->connection.endpoint);
    json_text(json, "community_id", id);
    g_free(id);
}

static void write_banner(struct json *json, const struct record *record)
{
    if (!record->account.greetings.banner_seen) {
        json_null(json, "banner");
        return;
    }
    json_begin_object(json, "banner");
    json_number_or_null(json, "code", record->account.greetings.banner_code);
    json_span(json, "text", record->account.greetings.banner);
    json_end_object(json);
}

static void write_helo(struct json *json, const struct record *record)
{
    if (!record->account.greetings.helo_seen) {
        json_null(json, "helo");
        return;
    }
    json_begin_object(json, "helo");
    json_text(json, "verb", smtp_verb_name(record->account.greetings.helo_verb));
    json_span(json, "name", record->account.greetings.helo);
    json_end_object(json);
}

void session_json_proxy_endpoint(struct json *json, const char *key, const struct smtp_proxy_header *header,
                                 const struct smtp_proxy_endpoint *endpoint)
{
    char address[SMTP_PROXY_ADDRESS_TEXT];
    if (header->family == SMTP_PROXY_NO_ADDRESS) {
        json_null(json, key);
        return;
    }
    smtp_proxy_address(header->family, endpoint, address);
    json_begin_object(json, key);
    json_text(json, "ip", address);
    json_number(json, "port", endpoint->port);
    json_end_object(json);
}

static void write_proxy(struct json *json, const struct record *record)
{
    const struct smtp_proxy_header *balancer = &record->balancer;
    if (record->proxy == NULL && balancer->version == 0) {
        json_null(json, "through");
        return;
    }
    GString *target = g_string_new(NULL);
    words_proxy_endpoint(target, balancer, &balancer->target);
    json_begin_object(json, "through");
    json_text(json, "proxy", record->proxy != NULL ? record->proxy : balancer->version == 1 ? "PROXY v1" : "PROXY v2");
    if (record->proxy != NULL)
        json_span(json, "target", record->proxy_target);
    else
        json_text(json, "target", target->len > 0 ? target->str : NULL);
    session_json_proxy_endpoint(json, "source", balancer, &balancer->source);
    json_end_object(json);
    g_string_free(target, TRUE);
}

static void write_auths(struct json *json, const struct record *record, bool show_secrets)
{
    json_begin_array(json, "auth");
    for (const GList *link = record->account.logins.list.head; link != NULL; link = link->next) {
        const struct login *auth = link->data;
        json_begin_object(json, NULL);
        json_span_or_null(json, "mechanism", auth->mechanism);
        json_span_or_null(json, "identity", auth->identity);
        if (show_secrets && auth->secret.octets != NULL)
            json_span(json, "secret", auth->secret);
        json_text(json, "result", record_login_result(auth));
        json_number_or_null(json, "code", auth->code);
        json_bool(json, "encrypted", auth->encrypted);
        json_number_or_null(json, "frame", auth->place.frame);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_transactions(struct json *json, const struct record *record)
{
    json_begin_array(json, "transactions");
    for (const GList *link = record->account.mails.list.head; link != NULL; link = link->next) {
        const struct transaction *transaction = link->data;
        json_begin_object(json, NULL);
        json_number(json, "id", transaction->id);
        transaction_json(json, record, transaction, NULL);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_findings(struct json *json, const struct record *record)
{
    json_begin_array(json, "findings");
    for (const GList *link = record->account.findings.list.head; link != NULL; link = link->next) {
        struct told_finding told = finding_told(record, link->data);
        json_begin_object(json, NULL);
        finding_out_json(json, &told);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_gaps(struct json *json, const struct record *record)
{
    json_begin_array(json, "gaps");
    for (const GList *link = record->gaps.head; link != NULL; link = link->next) {
        const struct gap *gap = link->data;
        json_begin_object(json, NULL);
        json_text(json, "from", gap->from == SMTP_CLIENT ? "client" : "server");
        json_number(json, "octets", gap->octets);
        json_number_or_null(json, "after_frame", gap->after_frame);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_extensions(struct json *json, const struct record *record)
{
    bool exact = false;
    json_begin_array(json, "extensions");
    for (const GList *link = record->account.greetings.clear.list.head; link != NULL; link = link->next) {
        struct smtp_span text = ((const struct text_line *)link->data)->text;
        json_span(json, NULL, text);
        exact = exact || json_needs_base64(text);
    }
    json_end_array(json);
    if (!exact)
        return;
    json_begin_array(json, "extensions_base64");
    for (const GList *link = record->account.greetings.clear.list.head; link != NULL; link = link->next)
        json_base64(json, ((const struct text_line *)link->data)->text);
    json_end_array(json);
}

void session_json(struct json *json, const struct record *record, bool show_secrets)
{
    json_begin_object(json, NULL);
    json_text(json, "record", "session");
    json_number(json, "id", record->id);
    json_span(json, "capture", smtp_span_of_text(record_capture(record, record->connection.capture)));
    json_time(json, "start", record->connection.start, record->precision);
    json_time(json, "end", record->connection.end, record->precision);
    session_json_endpoint(json, "client", record, SMTP_CLIENT);
    session_json_endpoint(json, "server", record, SMTP_SERVER);
    write_community_id(json, record);
    json_number(json, "first_frame", record->connection.first_frame);
    json_number(json, "last_frame", record->connection.last_frame);
    json_span(json, "last_capture", smtp_span_of_text(record_capture(record, record->connection.last_capture)));
    write_banner(json, record);
    write_helo(json, record);
    write_extensions(json, record);
    write_proxy(json, record);
    json_bool(json, "lmtp", record->account.lmtp);
    json_text(json, "starttls", record_starttls(record));
    tls_json(json, record);
    write_auths(json, record, show_secrets);
    write_transactions(json, record);
    write_findings(json, record);
    json_number(json, "commands", record->account.command_count);
    json_number(json, "replies", record->account.replies.count);
    json_bool(json, "quit", record->account.quit);
    write_gaps(json, record);
    json_bool(json, "complete", record->complete);
    if (record->timing != NULL)
        timing_json(json, record->timing, record->precision);
    json_end_object(json);
    json_end_line(json);
}

static void write_session(struct face_run *run, const struct record *record)
{
    struct json json = face_json(run);
    session_json(&json, record, run->options->show_secrets);
}

const struct face_writer sessions_json_face = { .session = write_session };
