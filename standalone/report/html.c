/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html.h"

#include <stdarg.h>

#include "phrases.h"
#include "text.h"

void html_begin(struct html *html)
{
    html->out = g_string_new(NULL);
    html->phrase = g_string_new(NULL);
}

void html_end(struct html *html)
{
    g_string_free(html->out, TRUE);
    g_string_free(html->phrase, TRUE);
}

/* What stands for an ASCII character that has a meaning in HTML; NULL: itself. */
static const char *reference_of(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* One character, or octet that is none; returns how many octets it has. */
static size_t append_beyond_ascii(GString *out, const char *text)
{
    gunichar character = g_utf8_get_char_validated(text, -1);
    bool valid = character != (gunichar)-1 && character != (gunichar)-2;
    size_t length = valid ? (size_t)g_unichar_to_utf8(character, NULL) : 1;
    if (valid && !text_misleads(character))
        g_string_append_len(out, text, (gssize)length);
    else
        text_append_visible(out, smtp_span(text, length));
    return length;
}

void html_text(struct html *html, const char *text)
{
    while (*text != '\0') {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && (unsigned char)text[plain] < 0x7f &&
               reference_of(text[plain]) == NULL)
            plain++;
        g_string_append_len(html->out, text, (gssize)plain);
        text += plain;
        const char *reference = reference_of(*text);
        if (*text == '\0')
            return;
        if (reference != NULL)
            g_string_append(html->out, reference);
        text += reference != NULL ? 1 : append_beyond_ascii(html->out, text);
    }
}

void html_printf(struct html *html, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    html_text(html, text);
    g_free(text);
}

void html_wire(struct html *html, struct smtp_span octets)
{
    html_mark(html, "<bdi>");
    phrase_cut(html_phrase(html), octets, PHRASE_LINE_SHOWN);
    html_give(html);
    html_mark(html, "</bdi>");
}

void html_file_name(struct html *html, struct smtp_span name)
{
    html_mark(html, "<bdi>");
    phrase_file_name(html_phrase(html), name, '\0');
    html_give(html);
    html_mark(html, "</bdi>");
}

void html_attribute(struct html *html, const char *name, const char *text)
{
    g_string_append_printf(html->out, " %s=\"", name);
    html_text(html, text);
    html_mark(html, "\"");
}

void html_number(struct html *html, uint64_t number)
{
    text_append_number(html->out, number);
}

void html_count(struct html *html, uint64_t number)
{
    text_append_count(html->out, number);
}

void html_time(struct html *html, int64_t time, unsigned precision)
{
    html_mark(html, "<time>");
    text_append_time(html->out, time, precision);
    html_mark(html, "</time>");
}

GString *html_phrase(struct html *html)
{
    g_string_truncate(html->phrase, 0);
    return html->phrase;
}

void html_give(struct html *html)
{
    html_text(html, html->phrase->str);
    g_string_truncate(html->phrase, 0);
}

void html_source(struct html *html, struct smtp_span content)
{
    g_string_append_len(html->out, (const char *)content.octets, (gssize)content.length);
}

void html_source_hash(struct html *html, const char *content)
{
    guint8 digest[32];
    gsize length = sizeof digest;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)content, -1);
    g_checksum_get_digest(checksum, digest, &length);
    g_checksum_free(checksum);
    char *base64 = g_base64_encode(digest, length);
    g_string_append_printf(html->out, "'sha256-%s'", base64);
    g_free(base64);
}
