/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transcript_json.h"

#include "face.h"

#include "phrases.h"
#include "session_json.h"

static void begin(struct json *json, const struct record *record, const struct item *item, const char *name)
{
    json_begin_object(json, NULL);
    json_text(json, "record", name);
    json_number(json, "session", record->id);
    json_number_or_null(json, "frame", item->place.frame);
    json_number_or_null(json, "last_frame", item->last_frame);
    json_span(json, "capture", smtp_span_of_text(record_capture(record, item->place.file)));
    json_number(json, "offset", item->offset);
    if (item->place.frame == 0)
        json_null(json, "time");
    else
        json_time(json, "time", item->place.time, record->precision);
}

static void end(struct json *json)
{
    json_end_object(json);
    json_end_line(json);
}

static const char *from(const struct item *item)
{
    return item->role == SMTP_CLIENT ? "client" : "server";
}

/* A line in which a secret may stand: with the secret, or with its label. */
static void write_guarded(struct json *json, const char *key, const struct guarded *line, size_t skip, bool trim, bool show_secrets)
{
    GString *text = g_string_new_len((const char *)line->before.octets, (gssize)line->before.length);
    if (line->label != 0 && show_secrets)
        g_string_append_len(text, (const char *)line->secret.octets, (gssize)line->secret.length);
    else if (line->label != 0)
        g_string_append_printf(text, "secret-%u", line->label);
    struct smtp_span rest = smtp_span_from(smtp_span(text->str, text->len), skip);
    json_span(json, key, trim ? smtp_span_trim(rest) : rest);
    g_string_free(text, TRUE);
}

static void write_answer(struct json *json, const struct record *record, const struct item *item)
{
    if (item->answered) {
        json_number(json, "reply_frame", item->reply_frame);
        json_seconds(json, "reply_time", item->reply_time - item->place.time, record->precision);
    } else {
        json_null(json, "reply_frame");
        json_null(json, "reply_time");
    }
}

static void write_command(struct json *json, const struct record *record, const struct item *item, bool show_secrets)
{
    char *verb = g_memdup2(item->word.octets, item->word.length);
    for (size_t i = 0; i < item->word.length; i++)
        verb[i] = g_ascii_toupper(verb[i]);
    size_t skip = 0;
    while (skip < item->line.before.length && g_ascii_isspace((char)item->line.before.octets[skip]))
        skip++;
    begin(json, record, item, "command");
    json_span(json, "verb", smtp_span(verb, item->word.length));
    write_guarded(json, "argument", &item->line, skip + item->word.length, true, show_secrets);
    write_guarded(json, "line", &item->line, 0, false, show_secrets);
    json_text(json, "line_end", smtp_line_end_name(item->line_end));
    json_text(json, "phase", smtp_phase_name(item->phase));
    json_bool(json, "encrypted", item->encrypted);
    write_answer(json, record, item);
    end(json);
    g_free(verb);
}

static void write_reply(struct json *json, const struct record *record, const struct item *item)
{
    begin(json, record, item, "reply");
    json_number_or_null(json, "code", item->reply.code);
    if (item->reply.enhanced.present) {
        char status[32];
        g_snprintf(status, sizeof status, "%u.%u.%u", item->reply.enhanced.class_digit, item->reply.enhanced.subject,
                   item->reply.enhanced.detail);
        json_text(json, "enhanced", status);
    } else {
        json_null(json, "enhanced");
    }
    json_begin_array(json, "lines");
    bool exact = false;
    for (const GList *link = item->lines.head; link != NULL; link = record_next(record, link)) {
        const struct record_line *line = link->data;
        json_span(json, NULL, record_line_text(line));
        exact = exact || json_needs_base64(record_line_text(line));
    }
    json_end_array(json);
    if (exact) {
        json_begin_array(json, "lines_base64");
        for (const GList *link = item->lines.head; link != NULL; link = record_next(record, link))
            json_base64(json, record_line_text(link->data));
        json_end_array(json);
    }
    json_text(json, "line_end", smtp_line_end_name(item->line_end));
    if (item->has_command)
        json_number(json, "to_command_frame", item->command_frame);
    else
        json_null(json, "to_command_frame");
    json_bool(json, "encrypted", item->encrypted);
    end(json);
}

static void write_data(struct json *json, const struct record *record, const struct item *item)
{
    begin(json, record, item, "data");
    json_text(json, "transport", item->transport == SMTP_TRANSPORT_BDAT ? "BDAT"
                                 : item->transport == SMTP_TRANSPORT_DATA ? "DATA" : "XEXCH50");
    json_number(json, "octets", item->octets);
    json_bool(json, "complete", item->complete);
    end(json);
}

static void write_boundary(struct json *json, const struct record *record, const struct item *item, bool show_secrets)
{
    begin(json, record, item, "boundary");
    json_text(json, "kind", smtp_boundary_name(item->boundary));
    json_text(json, "event", smtp_step_name(item->step));
    if (item->boundary == SMTP_BOUNDARY_AUTH) {
        const struct login *auth = item->login; /* NULL: of no exchange that was seen to begin */
        json_span_or_null(json, "mechanism", auth != NULL ? auth->mechanism : smtp_span(NULL, 0));
        json_span_or_null(json, "identity", auth != NULL ? auth->identity : smtp_span(NULL, 0));
    }
    if (item->kind == ITEM_RESPONSE) {
        write_guarded(json, "line", &item->line, 0, false, show_secrets);
        json_text(json, "line_end", smtp_line_end_name(item->line_end));
    }
    end(json);
}

static void write_octets(struct json *json, const struct record *record, const struct item *item, const char *name)
{
    begin(json, record, item, name);
    json_text(json, "from", from(item));
    json_number(json, "octets", item->octets);
    end(json);
}

/* What could not be placed, as far as it is kept; a security layer of SASL leaves nothing to read. */
static void write_skipped(struct json *json, const struct record *record, const struct item *item, bool show_secrets)
{
    GString *text = g_string_new(NULL);
    phrase_skipped_octets(text, item, show_secrets);
    begin(json, record, item, "skipped");
    json_text(json, "from", from(item));
    json_number(json, "octets", item->octets);
    json_span_or_null(json, "text", item->opaque ? smtp_span(NULL, 0) : smtp_span(text->str, text->len));
    end(json);
    g_string_free(text, TRUE);
}

static void write_proxy(struct json *json, const struct record *record, const struct item *item)
{
    const struct smtp_proxy_header header = smtp_proxy_parse(item->text);
    begin(json, record, item, "proxy");
    json_span(json, "text", item->text);
    json_number(json, "version", header.version);
    session_json_proxy_endpoint(json, "source", &header, &header.source);
    session_json_proxy_endpoint(json, "target", &header, &header.target);
    end(json);
}

static void write_item(struct json *json, const struct record *record, const struct item *item, bool show_secrets)
{
    switch (item->kind) {
    case ITEM_COMMAND:
        write_command(json, record, item, show_secrets);
        break;
    case ITEM_RESPONSE:
    case ITEM_BOUNDARY:
        write_boundary(json, record, item, show_secrets);
        break;
    case ITEM_REPLY_PART: /* the reply has all of its lines */
        break;
    case ITEM_REPLY:
        write_reply(json, record, item);
        break;
    case ITEM_DATA:
        write_data(json, record, item);
        break;
    case ITEM_GAP:
        write_octets(json, record, item, "gap");
        break;
    case ITEM_SKIPPED:
        write_skipped(json, record, item, show_secrets);
        break;
    case ITEM_PROXY:
        write_proxy(json, record, item);
        break;
    case ITEM_TURNED:
        begin(json, record, item, "turned");
        end(json);
        break;
    }
}

void transcript_json(struct json *json, const struct record *record, bool show_secrets)
{
    session_json(json, record, show_secrets);
    for (const GList *link = record->items.head; link != NULL; link = record_next(record, link))
        write_item(json, record, link->data, show_secrets);
}

static void write_session(struct face_run *run, const struct record *record)
{
    struct json json = face_json(run);
    transcript_json(&json, record, run->options->show_secrets);
}

const struct face_writer transcript_json_face = { .session = write_session };
