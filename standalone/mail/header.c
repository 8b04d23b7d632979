/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "header.h"

#include <string.h>

#include "encoded_words.h"

/* ---- fields ---- */

/* One field with its end: a line, and all that go on it (RFC 5322 section 2.2.3). */
static struct smtp_span take_field(struct smtp_span *rest)
{
    size_t length = 0;
    do {
        const uint8_t *lf = memchr(rest->octets + length, '\n', rest->length - length);
        length = lf != NULL ? (size_t)(lf - rest->octets) + 1 : rest->length;
    } while (length < rest->length && (rest->octets[length] == ' ' || rest->octets[length] == '\t'));
    struct smtp_span field = smtp_span_first(*rest, length);
    *rest = smtp_span_from(*rest, length);
    return field;
}

void header_read(struct smtp_span header, void (*field)(void *context, struct smtp_span name, struct smtp_span value), void *context)
{
    struct smtp_span rest = header;
    while (rest.length > 0) {
        struct smtp_span lines = take_field(&rest);
        const uint8_t *colon = memchr(lines.octets, ':', lines.length);
        if (colon == NULL)
            continue;
        while (lines.length > 0 && (lines.octets[lines.length - 1] == '\n' || lines.octets[lines.length - 1] == '\r'))
            lines.length--;
        size_t name = (size_t)(colon - lines.octets);
        field(context, smtp_span_trim(smtp_span_first(lines, name)), smtp_span_trim(smtp_span_from(lines, name + 1)));
    }
}

void header_show_nuls(GString *text)
{
    if (memchr(text->str, '\0', text->len) == NULL)
        return;
    GString *shown = g_string_sized_new(text->len);
    for (size_t at = 0; at < text->len; at++) {
        if (text->str[at] == '\0')
            g_string_append(shown, "\xef\xbf\xbd"); /* U+FFFD */
        else
            g_string_append_c(shown, text->str[at]);
    }
    g_string_truncate(text, 0);
    g_string_append_len(text, shown->str, (gssize)shown->len);
    g_string_free(shown, TRUE);
}

/* ---- values ---- */

bool header_is_simple(struct smtp_span value)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.octets[i] < 0x20 || value.octets[i] >= 0x7f || (value.octets[i] == '=' && i + 1 < value.length && value.octets[i + 1] == '?'))
            return false;
    return true;
}

GString *header_unfold(struct smtp_span value)
{
    GString *unfolded = g_string_sized_new(value.length);
    for (size_t i = 0; i < value.length; i++) {
        bool end = value.octets[i] == '\n' || (value.octets[i] == '\r' && i + 1 < value.length && value.octets[i + 1] == '\n');
        if (!end)
            g_string_append_c(unfolded, (char)value.octets[i]);
    }
    return unfolded;
}

char *header_text(struct smtp_span value)
{
    if (header_is_simple(value))
        return g_strndup((const char *)value.octets, value.length);
    GString *unfolded = header_unfold(value);
    GString *decoded = g_string_sized_new(unfolded->len);
    encoded_words_append(decoded, smtp_span(unfolded->str, unfolded->len), ENCODED_WORDS_AS_SENT);
    g_string_free(unfolded, TRUE);
    struct smtp_span text = smtp_span_trim(smtp_span(decoded->str, decoded->len));
    char *trimmed = g_strndup((const char *)text.octets, text.length);
    g_string_free(decoded, TRUE);
    return trimmed;
}
