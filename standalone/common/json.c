/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include "text.h"

/* \uXXXX, as two of them beyond the first 65,536 characters (RFC 8259 section 7). */
static void append_unicode_escape(GString *out, gunichar character)
{
    if (character < 0x10000) {
        g_string_append_printf(out, "\\u%04x", character);
        return;
    }
    gunichar rest = character - 0x10000;
    g_string_append_printf(out, "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
}

static void append_special(GString *out, uint8_t octet)
{
    switch (octet) {
    case '"':
        g_string_append(out, "\\\"");
        break;
    case '\\':
        g_string_append(out, "\\\\");
        break;
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    default:
        append_unicode_escape(out, octet);
    }
}

/* What could mislead whoever reads the JSON on a terminal is escaped, too. */
static void append_quoted(GString *out, struct smtp_span utf8)
{
    g_string_append_c(out, '"');
    while (utf8.length > 0) {
        size_t plain = 0;
        while (plain < utf8.length && utf8.octets[plain] >= 0x20 && utf8.octets[plain] < 0x7f && utf8.octets[plain] != '"'
               && utf8.octets[plain] != '\\')
            plain++;
        g_string_append_len(out, (const char *)utf8.octets, (gssize)plain);
        utf8 = smtp_span_from(utf8, plain);
        if (utf8.length == 0)
            break;
        size_t length = 1;
        if (utf8.octets[0] < 0x80) {
            append_special(out, utf8.octets[0]);
        } else {
            gunichar character = g_utf8_get_char((const char *)utf8.octets);
            length = (size_t)g_unichar_to_utf8(character, NULL);
            if (text_misleads(character))
                append_unicode_escape(out, character);
            else
                g_string_append_len(out, (const char *)utf8.octets, (gssize)length);
        }
        utf8 = smtp_span_from(utf8, length);
    }
    g_string_append_c(out, '"');
}

static void begin_value(struct json *json, const char *key)
{
    if (json->out->len >= RELIEF_OCTETS)
        relief_give(json->relief);
    if (json->comma)
        g_string_append_c(json->out, ',');
    json->comma = true;
    if (key != NULL) { /* our own words: nothing to escape */
        g_string_append_c(json->out, '"');
        g_string_append(json->out, key);
        g_string_append(json->out, "\":");
    }
}

static void begin_container(struct json *json, const char *key, char bracket)
{
    begin_value(json, key);
    g_string_append_c(json->out, bracket);
    json->comma = false;
}

static void end_container(struct json *json, char bracket)
{
    g_string_append_c(json->out, bracket);
    json->comma = true;
}

void json_begin_object(struct json *json, const char *key)
{
    begin_container(json, key, '{');
}

void json_end_object(struct json *json)
{
    end_container(json, '}');
}

void json_begin_array(struct json *json, const char *key)
{
    begin_container(json, key, '[');
}

void json_end_array(struct json *json)
{
    end_container(json, ']');
}

void json_end_line(struct json *json)
{
    g_string_append_c(json->out, '\n');
    json->comma = false;
}

void json_null(struct json *json, const char *key)
{
    begin_value(json, key);
    g_string_append(json->out, "null");
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_value(json, key);
    g_string_append(json->out, value ? "true" : "false");
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    text_append_number(json->out, value);
}

void json_number_or_null(struct json *json, const char *key, uint64_t value)
{
    if (value == 0)
        json_null(json, key);
    else
        json_number(json, key, value);
}

void json_seconds(struct json *json, const char *key, int64_t nanoseconds, unsigned precision)
{
    begin_value(json, key);
    text_append_seconds(json->out, nanoseconds, precision);
}

void json_time(struct json *json, const char *key, int64_t time, unsigned precision)
{
    begin_value(json, key);
    g_string_append_c(json->out, '"');
    text_append_time(json->out, time, precision);
    g_string_append_c(json->out, '"');
}

void json_text(struct json *json, const char *key, const char *text)
{
    if (text == NULL) {
        json_null(json, key);
        return;
    }
    begin_value(json, key);
    append_quoted(json->out, smtp_span_of_text(text));
}

bool json_needs_base64(struct smtp_span span)
{
    return !text_is_utf8(span);
}

void json_base64(struct json *json, struct smtp_span span)
{
    char *exact = g_base64_encode(span.octets, span.length);
    json_text(json, NULL, exact);
    g_free(exact);
}

static void write_octets(struct json *json, const char *key, struct smtp_span span, bool valid)
{
    begin_value(json, key);
    if (valid) {
        append_quoted(json->out, span);
        return;
    }
    GString *visible = g_string_new(NULL);
    text_append_utf8(visible, span);
    append_quoted(json->out, smtp_span(visible->str, visible->len));
    g_string_free(visible, TRUE);
}

void json_octets(struct json *json, const char *key, struct smtp_span span)
{
    write_octets(json, key, span, text_is_utf8(span));
}

void json_span(struct json *json, const char *key, struct smtp_span span)
{
    bool valid = text_is_utf8(span);
    write_octets(json, key, span, valid);
    if (valid || key == NULL)
        return;
    char *name = g_strconcat(key, "_base64", NULL);
    char *exact = g_base64_encode(span.octets, span.length);
    json_text(json, name, exact);
    g_free(exact);
    g_free(name);
}

void json_span_or_null(struct json *json, const char *key, struct smtp_span span)
{
    if (span.octets == NULL)
        json_null(json, key);
    else
        json_span(json, key, span);
}

void json_wire_text(struct json *json, const char *key, const char *text)
{
    json_span_or_null(json, key, text != NULL ? smtp_span_of_text(text) : smtp_span(NULL, 0));
}
