/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mime_parameter.h"

#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "encoded_words.h"
#include "quoted_text.h"

/* Parts of a parameter have small numbers. */
#define PART_LIMIT 1000000u

struct parameter {
    struct smtp_span name, value; /* the value with its quotes */
};

/* A part of the parameter that is looked for. */
struct part {
    unsigned number;
    unsigned order; /* in which they came */
    bool encoded;   /* its value has "%20", and perhaps a charset in front */
    struct smtp_span value;
};

/* What a parameter that was looked for has. Later ones of the same kind do not count. */
struct found {
    bool plain_seen, whole_seen;
    struct smtp_span plain; /* name= */
    struct smtp_span whole; /* name*= */
    GArray *parts;          /* struct part: name*0=, name*1*= */
};

static bool is_blank(uint8_t octet)
{
    return g_ascii_isspace((char)octet);
}

static struct smtp_span trim(struct smtp_span text)
{
    while (text.length > 0 && is_blank(text.octets[0]))
        text = smtp_span_from(text, 1);
    while (text.length > 0 && is_blank(text.octets[text.length - 1]))
        text.length--;
    return text;
}

/* Without white space and comments in front. */
static struct smtp_span skip_comments(struct smtp_span text)
{
    text = trim(text);
    while (text.length > 0 && text.octets[0] == '(') {
        size_t length = quoted_text_comment(text);
        if (length == 0)
            break;
        text = trim(smtp_span_from(text, length));
    }
    return text;
}

/* ---- the list ---- */

static struct smtp_span take_segment(struct quoted_text *quoted, struct smtp_span *rest)
{
    size_t length = quoted_text_up_to(quoted, *rest, ';');
    struct smtp_span segment = smtp_span_first(*rest, length);
    *rest = smtp_span_from(*rest, length + 1);
    return segment;
}

struct smtp_span mime_parameter_front(struct smtp_span field)
{
    struct quoted_text quoted = { .no_strings = false };
    return trim(take_segment(&quoted, &field));
}

/* Walks the parameters. One may stand where there should be none, in front of the first semicolon. */
static bool next_parameter(struct quoted_text *quoted, struct smtp_span *rest, struct parameter *parameter)
{
    while (rest->length > 0) {
        struct smtp_span segment = skip_comments(take_segment(quoted, rest));
        const uint8_t *equals = segment.length > 0 ? memchr(segment.octets, '=', segment.length) : NULL;
        if (equals == NULL)
            continue;
        size_t length = (size_t)(equals - segment.octets);
        *parameter = (struct parameter){ .name = trim(smtp_span_first(segment, length)),
                                         .value = trim(smtp_span_from(segment, length + 1)) };
        return true;
    }
    return false;
}

/* ---- values ---- */

/* How many octets to pass over: a quoted string, a comment behind white space, or one. */
static size_t step_over(struct quoted_text *quoted, struct smtp_span value, size_t at, bool *comment)
{
    struct smtp_span rest = smtp_span_from(value, at);
    size_t length = 0;
    if (rest.octets[0] == '"' && !quoted->no_strings) {
        length = quoted_text_string(rest);
        quoted->no_strings = length == 0;
    } else if (rest.octets[0] == '(' && at > 0 && is_blank(value.octets[at - 1]) && !quoted->no_comments) {
        length = quoted_text_comment(rest);
        quoted->no_comments = length == 0;
        *comment = length > 0;
    }
    return length > 0 ? length : 1;
}

/* Without the comments behind a name: "a.exe (mine)". */
static struct smtp_span drop_last_comments(struct smtp_span value)
{
    struct quoted_text quoted = { .no_strings = false };
    size_t end = 0; /* of what is no comment */
    for (size_t at = 0; at < value.length;) {
        bool comment = false;
        bool blank = is_blank(value.octets[at]);
        at += step_over(&quoted, value, at, &comment);
        end = comment || blank ? end : at;
    }
    return smtp_span_first(value, end);
}

/* Appends a value without its quotes; what stands outside of them as it is. A quote that is not closed is none, or
 * begins it by mistake. */
static void append_unquoted(GString *out, struct smtp_span value)
{
    bool hopeless = false;
    value = drop_last_comments(skip_comments(value));
    if (value.length > 0 && value.octets[0] == '"' && quoted_text_string(value) == 0) {
        hopeless = true;
        value = smtp_span_from(value, 1);
    }
    while (value.length > 0) {
        bool quote = value.octets[0] == '"' && !hopeless;
        size_t length = quote ? quoted_text_string(value) : 0;
        if (quote && value.length == 1)
            break; /* one too many, at the end */
        if (length > 0)
            quoted_text_append(out, smtp_span_first(value, length));
        else
            g_string_append_c(out, (char)value.octets[0]);
        hopeless = hopeless || (quote && length == 0);
        value = smtp_span_from(value, length > 0 ? length : 1);
    }
}

static void append_percent(GByteArray *octets, struct smtp_span value)
{
    for (size_t i = 0; i < value.length; i++) {
        uint8_t octet = value.octets[i];
        if (octet == '%' && i + 2 < value.length && g_ascii_isxdigit((char)value.octets[i + 1]) &&
            g_ascii_isxdigit((char)value.octets[i + 2])) {
            octet = (uint8_t)(g_ascii_xdigit_value((char)value.octets[i + 1]) << 4 |
                              g_ascii_xdigit_value((char)value.octets[i + 2]));
            i += 2;
        }
        g_byte_array_append(octets, &octet, 1);
    }
}

/* Cuts "utf-8'en'" off the front; an empty span where that does not stand there. */
static struct smtp_span take_charset(struct smtp_span *value)
{
    const uint8_t *first = value->length > 0 ? memchr(value->octets, '\'', value->length) : NULL;
    if (first == NULL)
        return smtp_span(NULL, 0);
    struct smtp_span charset = smtp_span_first(*value, (size_t)(first - value->octets));
    struct smtp_span rest = smtp_span_from(*value, charset.length + 1);
    const uint8_t *second = rest.length > 0 ? memchr(rest.octets, '\'', rest.length) : NULL;
    if (second == NULL)
        return smtp_span(NULL, 0);
    *value = smtp_span_from(rest, (size_t)(second - rest.octets) + 1);
    return charset;
}

/* ---- parts ---- */

/* Parts of one kind that stand together are put together before they are decoded: a character may be split between
 * them. */
struct assembly {
    GString *out, *literal;
    GByteArray *octets;
    char charset[CHARSET_LIMIT];
};

static void flush(struct assembly *assembly)
{
    GByteArray *octets = assembly->octets;
    encoded_words_append(assembly->out, smtp_span(assembly->literal->str, assembly->literal->len),
                         ENCODED_WORDS_OCTETS);
    g_string_truncate(assembly->literal, 0);
    if (octets->len > 0 && (assembly->charset[0] == '\0' ||
                            !charset_append(assembly->out, assembly->charset, smtp_span(octets->data, octets->len))))
        g_string_append_len(assembly->out, (const char *)octets->data, (gssize)octets->len);
    g_byte_array_set_size(octets, 0);
}

static void add_part(struct assembly *assembly, const struct part *part, bool first)
{
    GString *text = g_string_new(NULL);
    append_unquoted(text, part->value);
    struct smtp_span value = smtp_span(text->str, text->len);
    if (part->encoded != (assembly->octets->len > 0))
        flush(assembly);
    if (part->encoded && first) {
        struct smtp_span charset = take_charset(&value);
        if (charset.length > 0 && !charset_system_name(charset, assembly->charset))
            assembly->charset[0] = '\0';
    }
    if (part->encoded)
        append_percent(assembly->octets, value);
    else
        g_string_append_len(assembly->literal, text->str, (gssize)text->len);
    g_string_free(text, TRUE);
}

static GString *assemble(const struct part *parts, unsigned count)
{
    struct assembly assembly = { .out = g_string_new(NULL),
                                 .literal = g_string_new(NULL),
                                 .octets = g_byte_array_new() };
    for (unsigned i = 0; i < count; i++)
        add_part(&assembly, &parts[i], i == 0);
    flush(&assembly);
    g_string_free(assembly.literal, TRUE);
    g_byte_array_free(assembly.octets, TRUE);
    return assembly.out;
}

static int compare_parts(const void *a, const void *b)
{
    const struct part *one = a;
    const struct part *other = b;
    if (one->number != other->number)
        return one->number < other->number ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order ? 1 : 0;
}

/* "0", "1*": what stands behind the name and its star. */
static bool read_part(struct smtp_span text, struct part *part)
{
    *part = (struct part){ .number = 0 };
    if (text.length > 0 && text.octets[text.length - 1] == '*') {
        part->encoded = true;
        text.length--;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (!g_ascii_isdigit((char)text.octets[i]) || part->number >= PART_LIMIT)
            return false;
        part->number = part->number * 10 + (unsigned)g_ascii_digit_value((char)text.octets[i]);
    }
    return text.length > 0;
}

static void take_parameter(struct found *found, const struct parameter *parameter, const char *name)
{
    struct smtp_span behind = smtp_span_from(parameter->name, strlen(name));
    struct part part;
    if (!smtp_span_starts_with(parameter->name, name))
        return;
    if (behind.length == 0 && !found->plain_seen) {
        found->plain = parameter->value;
        found->plain_seen = true;
    } else if (smtp_span_is(behind, "*") && !found->whole_seen) {
        found->whole = parameter->value;
        found->whole_seen = true;
    } else if (behind.length > 1 && behind.octets[0] == '*' && read_part(smtp_span_from(behind, 1), &part)) {
        part.value = parameter->value;
        part.order = found->parts->len;
        g_array_append_val(found->parts, part);
    }
}

static struct found find(struct smtp_span field, const char *name)
{
    struct found found = { .parts = g_array_new(FALSE, FALSE, sizeof(struct part)) };
    struct quoted_text quoted = { .no_strings = false };
    struct parameter parameter;
    while (next_parameter(&quoted, &field, &parameter))
        take_parameter(&found, &parameter, name);
    return found;
}

GString *mime_parameter_name(struct smtp_span field, const char *name)
{
    struct found found = find(field, name);
    GString *text = NULL;
    if (found.whole_seen) {
        text = assemble(&(struct part){ .encoded = true, .value = found.whole }, 1);
    } else if (found.parts->len > 0) {
        g_array_sort(found.parts, compare_parts);
        text = assemble((const struct part *)(const void *)found.parts->data, found.parts->len);
    }
    if ((text == NULL || text->len == 0) && found.plain_seen) {
        if (text != NULL)
            g_string_free(text, TRUE);
        text = assemble(&(struct part){ .value = found.plain }, 1);
    }
    g_array_free(found.parts, TRUE);
    return text;
}

GString *mime_parameter_plain(struct smtp_span field, const char *name)
{
    struct found found = find(field, name);
    GString *text = found.plain_seen ? g_string_new(NULL) : NULL;
    size_t quoted = found.plain.length > 0 && found.plain.octets[0] == '"' ? quoted_text_string(found.plain) : 0;
    if (quoted > 0)
        quoted_text_append(text, smtp_span_first(found.plain, quoted));
    else if (text != NULL)
        append_unquoted(text, found.plain);
    g_array_free(found.parts, TRUE);
    return text;
}
