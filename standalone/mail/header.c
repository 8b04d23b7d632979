/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "header.h"

#include <gmime/gmime.h>
#include <string.h>

#include "text.h"

/* Names of charsets are short. */
#define CHARSET_LIMIT 64

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
    for (size_t at = 0; at < text->len; at++) {
        if (text->str[at] != '\0')
            continue;
        g_string_erase(text, (gssize)at, 1);
        g_string_insert(text, (gssize)at, "\xef\xbf\xbd"); /* U+FFFD */
    }
}

/* ---- values ---- */

bool header_is_simple(struct smtp_span value)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.octets[i] < 0x20 || value.octets[i] >= 0x7f || (value.octets[i] == '=' && i + 1 < value.length && value.octets[i + 1] == '?'))
            return false;
    return true;
}

/* "=?charset?B?text?=" (RFC 2047 section 2), its parts as they stand. */
struct encoded_word {
    const char *charset, *text;
    size_t charset_length, text_length;
    bool base64;
};

/* Finds the next encoded word from `at` on. Returns what is behind it; NULL: there is none. */
static const char *next_word(const char *at, struct encoded_word *word)
{
    while ((at = strstr(at, "=?")) != NULL) {
        const char *charset = at + 2;
        const char *encoding = strchr(charset, '?');
        if (encoding == NULL)
            return NULL;
        at += 2;
        if (encoding[1] == '\0' || strchr("BbQq", encoding[1]) == NULL || encoding[2] != '?')
            continue;
        const char *text = encoding + 3;
        const char *end = strstr(text, "?=");
        if (end == NULL)
            return NULL;
        *word = (struct encoded_word){ .charset = charset, .charset_length = (size_t)(encoding - charset),
                                       .text = text, .text_length = (size_t)(end - text),
                                       .base64 = encoding[1] == 'B' || encoding[1] == 'b' };
        return end + 2;
    }
    return NULL;
}

/* The octets of an encoded word. In Q an underscore is a space; what is said of it here is only whether it is text. */
static GByteArray *octets_of(const struct encoded_word *word)
{
    GMimeEncoding decoder;
    GByteArray *octets = g_byte_array_new();
    g_mime_encoding_init_decode(&decoder, word->base64 ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_byte_array_set_size(octets, (guint)g_mime_encoding_outlen(&decoder, word->text_length));
    g_byte_array_set_size(octets, (guint)g_mime_encoding_flush(&decoder, word->text, word->text_length, (char *)octets->data));
    return octets;
}

/* Whether the word's octets are text in its charset. A language may be named behind the charset (RFC 2231 section 5). */
static bool decodes(const struct encoded_word *word)
{
    char charset[CHARSET_LIMIT];
    const char *language = memchr(word->charset, '*', word->charset_length);
    size_t length = language != NULL ? (size_t)(language - word->charset) : word->charset_length;
    if (length == 0 || length >= sizeof charset)
        return false;
    memcpy(charset, word->charset, length);
    charset[length] = '\0';
    GByteArray *octets = octets_of(word);
    gsize written = 0;
    char *text = g_convert((const char *)octets->data, (gssize)octets->len, "UTF-8", g_mime_charset_iconv_name(charset), NULL, &written, NULL);
    bool good = text != NULL && strlen(text) == written && (octets->len > 0 || word->text_length == 0);
    g_free(text);
    g_byte_array_free(octets, TRUE);
    return good;
}

static bool all_words_decode(const char *value)
{
    struct encoded_word word;
    while ((value = next_word(value, &word)) != NULL)
        if (!decodes(&word))
            return false;
    return true;
}

char *header_text(struct smtp_span value)
{
    char *copy = g_strndup((const char *)value.octets, value.length);
    if (header_is_simple(value))
        return copy;
    char *unfolded = g_mime_utils_header_unfold(copy);
    g_free(copy);
    if (!text_is_utf8(smtp_span_of_text(unfolded)) || !all_words_decode(unfolded))
        return unfolded;
    char *decoded = g_mime_utils_header_decode_text(NULL, unfolded);
    g_free(unfolded);
    struct smtp_span text = smtp_span_trim(smtp_span_of_text(decoded));
    char *trimmed = g_strndup((const char *)text.octets, text.length);
    g_free(decoded);
    return trimmed;
}
