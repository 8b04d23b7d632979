/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Zeek's smtp.log, as Zeek writes it: tab-separated values with a heading, or one JSON object a line. */

#include "face.h"
#include "mail_facts.h"
#include "text.h"
#include "zeek_line.h"

#define EMPTY "(empty)"
#define UNSET "-"

/* ---- the heading ---- */

static const char *type_name(enum zeek_type type)
{
    static const char *const names[] = {
        [ZEEK_TIME] = "time",
        [ZEEK_STRING] = "string",
        [ZEEK_ADDRESS] = "addr",
        [ZEEK_PORT] = "port",
        [ZEEK_COUNT] = "count",
        [ZEEK_BOOL] = "bool",
        [ZEEK_STRINGS] = "set[string]",
        [ZEEK_STRING_VECTOR] = "vector[string]",
        [ZEEK_ADDRESS_VECTOR] = "vector[addr]",
    };
    return names[type];
}

/* "2009-10-05-06-06-07" */
static void append_time_line(GString *out, const char *word, const int64_t *time)
{
    g_string_append_printf(out, "#%s\t", word);
    if (time == NULL) {
        g_string_append(out, UNSET "\n");
        return;
    }
    gsize start = out->len;
    text_append_time(out, *time, 6);
    g_string_truncate(out, start + sizeof "2009-10-05-06-06-07" - 1);
    for (gsize i = start; i < out->len; i++)
        if (out->str[i] == 'T' || out->str[i] == ':')
            out->str[i] = '-';
    g_string_append_c(out, '\n');
}

static void write_heading(struct face_run *run, const int64_t *open)
{
    GString *out = run->page->out;
    g_string_append(out, "#separator \\x09\n#set_separator\t,\n#empty_field\t" EMPTY "\n#unset_field\t" UNSET "\n#path\tsmtp\n");
    append_time_line(out, "open", open);
    g_string_append(out, "#fields");
    for (unsigned i = 0; i < ZEEK_COLUMNS; i++)
        g_string_append_printf(out, "\t%s", zeek_line_name((enum zeek_column)i));
    g_string_append(out, "\n#types");
    for (unsigned i = 0; i < ZEEK_COLUMNS; i++)
        g_string_append_printf(out, "\t%s", type_name(zeek_line_type((enum zeek_column)i)));
    g_string_append_c(out, '\n');
}

/* The last line names the time of the last frame. */
static bool write_closing(struct face_run *run, struct summary *summary)
{
    append_time_line(run->page->out, "close", summary->totals.frames > 0 ? &summary->newest : NULL);
    return true;
}

/* ---- tab-separated values ---- */

static void append_escape(GString *out, uint8_t octet)
{
    g_string_append_printf(out, "\\x%02x", octet);
}

/* How many octets in front of `text` stand for themselves. */
static size_t plain_octets(struct smtp_span text, bool element)
{
    size_t length = 0;
    while (length < text.length && text.octets[length] >= 0x20 && text.octets[length] < 0x7f && text.octets[length] != '\\'
           && !(element && text.octets[length] == ','))
        length++;
    return length;
}

/* The character at the front of `text`, or an octet that is none; returns how many octets it took. */
static size_t append_character(GString *out, struct smtp_span text)
{
    uint8_t first = text.octets[0];
    gunichar character = first == 0 ? 0 : g_utf8_get_char_validated((const char *)text.octets, (gssize)MIN(text.length, 6));
    bool valid = first >= 0x80 && character <= 0x10ffff;
    size_t length = valid ? (size_t)g_unichar_to_utf8(character, NULL) : 1;
    if (valid && !text_misleads(character))
        g_string_append_len(out, (const char *)text.octets, (gssize)length);
    else if (first == '\\')
        g_string_append(out, "\\\\");
    else
        for (size_t i = 0; i < length; i++)
            append_escape(out, text.octets[i]);
    return length;
}

/*
 * Text without what ends a value or an element, controls or misleads a terminal, or is no UTF-8; a backslash is doubled. All octets can be had
 * back.
 */
static void append_octets(GString *out, struct smtp_span text, bool element)
{
    while (text.length > 0) {
        size_t plain = plain_octets(text, element);
        g_string_append_len(out, (const char *)text.octets, (gssize)plain);
        text = smtp_span_from(text, plain);
        if (text.length > 0)
            text = smtp_span_from(text, append_character(out, text));
    }
}

/* Text that reads like a word for "nothing" has its first character escaped. */
static void append_text(GString *out, struct smtp_span text, bool element)
{
    bool word = smtp_span_same(text, smtp_span_of_text(UNSET)) || smtp_span_same(text, smtp_span_of_text(EMPTY));
    if (text.length == 0)
        g_string_append(out, EMPTY);
    if (word) {
        append_escape(out, text.octets[0]);
        text = smtp_span_from(text, 1);
    }
    append_octets(out, text, element);
}

/* What is being written, and who takes it if there is much. */
struct writer {
    GString *out;
    const struct relief *relief;
    bool begun; /* an element of the list was written */
};

static void append_element(void *context, struct smtp_span text)
{
    struct writer *writer = context;
    if (writer->begun)
        g_string_append_c(writer->out, ',');
    writer->begun = true;
    append_text(writer->out, text, true);
    if (writer->out->len >= RELIEF_OCTETS)
        relief_give(writer->relief);
}

static void append_list(struct writer *writer, const struct zeek_value *value)
{
    writer->begun = false;
    if (value->recipients != NULL)
        recipient_set_each(value->recipients, append_element, writer);
    for (guint i = 0; value->list != NULL && i < value->list->len; i++)
        append_element(writer, g_array_index(value->list, struct smtp_span, i));
    if (!writer->begun)
        g_string_append(writer->out, EMPTY);
}

static void append_value(struct writer *writer, const struct zeek_value *value, enum zeek_type type, unsigned precision)
{
    GString *out = writer->out;
    if (!value->set) {
        g_string_append(out, UNSET);
        return;
    }
    switch (type) {
    case ZEEK_TIME:
        text_append_seconds(out, value->time, precision);
        break;
    case ZEEK_STRING:
    case ZEEK_ADDRESS:
        append_text(out, value->text, false);
        break;
    case ZEEK_PORT:
    case ZEEK_COUNT:
        text_append_number(out, value->number);
        break;
    case ZEEK_BOOL:
        g_string_append_c(out, value->number != 0 ? 'T' : 'F');
        break;
    case ZEEK_STRINGS:
    case ZEEK_STRING_VECTOR:
    case ZEEK_ADDRESS_VECTOR:
        append_list(writer, value);
        break;
    }
}

static void append_tsv(struct writer *writer, const struct zeek_line *line, unsigned precision)
{
    GString *out = writer->out;
    for (unsigned i = 0; i < ZEEK_COLUMNS; i++) {
        if (i > 0)
            g_string_append_c(out, '\t');
        append_value(writer, &line->values[i], zeek_line_type((enum zeek_column)i), precision);
    }
    g_string_append_c(out, '\n');
}

/* ---- JSON ---- */

static void write_element(void *json, struct smtp_span text)
{
    json_octets(json, NULL, text);
}

static void write_list(struct json *json, const char *name, const struct zeek_value *value)
{
    json_begin_array(json, name);
    if (value->recipients != NULL)
        recipient_set_each(value->recipients, write_element, json);
    for (guint i = 0; value->list != NULL && i < value->list->len; i++)
        write_element(json, g_array_index(value->list, struct smtp_span, i));
    json_end_array(json);
}

static void write_value(struct json *json, const char *name, const struct zeek_value *value, enum zeek_type type, unsigned precision)
{
    switch (type) {
    case ZEEK_TIME:
        json_seconds(json, name, value->time, precision);
        break;
    case ZEEK_STRING:
    case ZEEK_ADDRESS:
        json_octets(json, name, value->text);
        break;
    case ZEEK_PORT:
    case ZEEK_COUNT:
        json_number(json, name, value->number);
        break;
    case ZEEK_BOOL:
        json_bool(json, name, value->number != 0);
        break;
    case ZEEK_STRINGS:
    case ZEEK_STRING_VECTOR:
    case ZEEK_ADDRESS_VECTOR:
        write_list(json, name, value);
        break;
    }
}

static void append_json(struct writer *writer, const struct zeek_line *line, unsigned precision)
{
    struct json json = { .out = writer->out, .relief = writer->relief };
    json_begin_object(&json, NULL);
    for (unsigned i = 0; i < ZEEK_COLUMNS; i++)
        if (line->values[i].set)
            write_value(&json, zeek_line_name((enum zeek_column)i), &line->values[i], zeek_line_type((enum zeek_column)i), precision);
    json_end_object(&json);
    json_end_line(&json);
}

/* ---- sessions ---- */

static void append_line(struct writer *writer, const struct zeek_line *line, const struct record *record, bool json)
{
    if (json)
        append_json(writer, line, record->precision);
    else
        append_tsv(writer, line, record->precision);
}

/* A line for each mail, and one for what goes on under TLS behind STARTTLS. */
static void write_lines(struct face_run *run, const struct record *record, bool json)
{
    struct writer writer = { .out = run->page->out, .relief = run->relief };
    struct zeek_line line;
    uint64_t depth = 1;
    unsigned looked_at = 0;
    zeek_line_start(&line);
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link)) {
        const struct transaction *transaction = link->data;
        zeek_line_mail(&line, record, transaction, depth);
        append_line(&writer, &line, record, json);
        depth += mail_facts_transferred(transaction) ? 1 : 0;
        relief_give(run->relief);
        mail_facts_cool(record, ++looked_at);
    }
    if (mail_facts_hidden(record)) {
        zeek_line_starttls(&line, record, depth);
        append_line(&writer, &line, record, json);
    }
    zeek_line_free(&line);
}

static void write_tsv(struct face_run *run, const struct record *record)
{
    write_lines(run, record, false);
}

static void write_json(struct face_run *run, const struct record *record)
{
    write_lines(run, record, true);
}

const struct face_writer zeek_face = { .heading = write_heading, .session = write_tsv, .finish = write_closing };
const struct face_writer zeek_json_face = { .session = write_json };
