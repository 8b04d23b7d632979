/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

const char *page_heavy(const struct page *page)
{
    return page->unicode ? "\u2501" : "=";
}

const char *page_light(const struct page *page)
{
    return page->unicode ? "\u2500" : "-";
}

const char *page_bullet(const struct page *page)
{
    return page->unicode ? "\u00b7" : "*";
}

/* SGR sequences (ECMA-48): the sixteen basic colours, which every terminal maps to something readable. */
static const char *const sequences[] = {
    [PAGE_PLAIN] = NULL,         [PAGE_BOLD] = "\033[1m",   [PAGE_DIM] = "\033[2m",       [PAGE_CLIENT] = "\033[36m",
    [PAGE_SERVER] = "\033[33m",  [PAGE_GOOD] = "\033[1;32m", [PAGE_WARNING] = "\033[1;35m", [PAGE_BAD] = "\033[1;31m",
};

void page_append(struct page *page, enum page_colour colour, const char *text)
{
    bool coloured = page->colour && sequences[colour] != NULL && *text != '\0';
    if (coloured)
        g_string_append(page->out, sequences[colour]);
    g_string_append(page->out, text);
    if (coloured)
        g_string_append(page->out, "\033[0m");
}

void page_printf(struct page *page, enum page_colour colour, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    page_append(page, colour, text);
    g_free(text);
}

void page_rule(struct page *page, enum page_colour colour, const char *dash, unsigned indent, const char *title)
{
    GString *rule = g_string_new(NULL);
    unsigned columns = 0;
    while (columns < indent) {
        g_string_append(rule, dash);
        columns++;
    }
    if (*title != '\0') {
        g_string_append_printf(rule, " %s ", title);
        columns += text_columns(title) + 2;
    }
    for (; columns < PAGE_COLUMNS; columns++)
        g_string_append(rule, dash);
    page_append(page, colour, rule->str);
    g_string_append_c(page->out, '\n');
    g_string_free(rule, TRUE);
}

/* The octets of `text` that fit in `room` columns, cut behind a space where one is near. */
static size_t fitting(const char *text, unsigned room)
{
    unsigned columns = 0;
    const char *at = text;
    const char *space = NULL;
    while (*at != '\0') {
        gunichar character = g_utf8_get_char(at);
        unsigned width = text_width(character);
        if (columns + width > room && at != text)
            break;
        columns += width;
        if (*at == ' ')
            space = at + 1;
        at = g_utf8_next_char(at);
    }
    if (*at != '\0' && space != NULL && space - text > (at - text) / 2)
        return (size_t)(space - text);
    return (size_t)(at - text);
}

void page_wrap(struct page *page, enum page_colour colour, unsigned used, unsigned indent, const char *text)
{
    for (;;) {
        size_t octets = fitting(text, used < PAGE_COLUMNS ? PAGE_COLUMNS - used : 1);
        char *part = g_strndup(text, octets);
        page_append(page, colour, g_strchomp(part));
        g_free(part);
        g_string_append_c(page->out, '\n');
        text += octets;
        if (*text == '\0')
            return;
        g_string_append_printf(page->out, "%*s", (int)indent, "");
        used = indent;
    }
}
