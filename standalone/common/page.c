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
    [PAGE_PLAIN] = NULL,        [PAGE_BOLD] = "\033[1m",    [PAGE_DIM] = "\033[2m",        [PAGE_CLIENT] = "\033[36m",
    [PAGE_SERVER] = "\033[33m", [PAGE_GOOD] = "\033[1;32m", [PAGE_WARNING] = "\033[1;35m", [PAGE_BAD] = "\033[1;31m",
};

/* `text` as the terminal has it; `*room` is to be freed behind it. */
static const char *for_terminal(const struct page *page, const char *text, GString **room)
{
    *room = NULL;
    if (page->unicode || g_str_is_ascii(text))
        return text;
    *room = g_string_new(NULL);
    text_append_ascii(*room, text);
    return (*room)->str;
}

static void free_room(GString *room)
{
    if (room != NULL)
        g_string_free(room, TRUE);
}

void page_append(struct page *page, enum page_colour colour, const char *wide)
{
    GString *room;
    const char *text = for_terminal(page, wide, &room);
    bool coloured = page->colour && sequences[colour] != NULL && *text != '\0';
    if (coloured)
        g_string_append(page->out, sequences[colour]);
    g_string_append(page->out, text);
    if (coloured)
        g_string_append(page->out, "\033[0m");
    free_room(room);
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

void page_rule(struct page *page, enum page_colour colour, const char *dash, unsigned indent, const char *wide)
{
    GString *room;
    const char *title = for_terminal(page, wide, &room);
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
    free_room(room);
}

/* Between full-width characters a line may break, but not in front of what closes or lengthens, nor behind what opens.
 */
static bool may_break(gunichar before, gunichar behind)
{
    static const gunichar never_first[] = { 0x3001, 0x3002, 0xff0c, 0xff0e, 0x300d, 0x300f, 0xff09, 0x30fb, 0xff1a,
                                            0xff1b, 0xff01, 0xff1f, 0x30fc, 0x3041, 0x3043, 0x3045, 0x3047, 0x3049,
                                            0x3063, 0x3083, 0x3085, 0x3087, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9,
                                            0x30c3, 0x30e3, 0x30e5, 0x30e7, ')',    ',',    '.',    ']',    ':',
                                            ';' };
    static const gunichar never_last[] = { 0x300c, 0x300e, 0xff08, '(', '[' };
    if (text_width(before) < 2 && text_width(behind) < 2)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(never_first); i++)
        if (behind == never_first[i])
            return false;
    for (size_t i = 0; i < G_N_ELEMENTS(never_last); i++)
        if (before == never_last[i])
            return false;
    return behind != ' ';
}

/* The octets of `text` that fit in `room` columns, cut where a line may break if such a place is near. */
static size_t fitting(const char *text, unsigned room)
{
    unsigned columns = 0;
    const char *at = text;
    const char *place = NULL;
    gunichar before = 0;
    while (*at != '\0') {
        gunichar character = g_utf8_get_char(at);
        unsigned width = text_width(character);
        if (before != 0 && (before == ' ' || may_break(before, character)))
            place = at;
        if (columns + width > room && at != text)
            break;
        columns += width;
        before = character;
        at = g_utf8_next_char(at);
    }
    if (*at != '\0' && place != NULL && place - text > (at - text) / 2)
        return (size_t)(place - text);
    return (size_t)(at - text);
}

void page_wrap(struct page *page, enum page_colour colour, unsigned used, unsigned indent, const char *wide)
{
    GString *room;
    const char *text = for_terminal(page, wide, &room);
    for (;;) {
        size_t octets = fitting(text, used < PAGE_COLUMNS ? PAGE_COLUMNS - used : 1);
        char *part = g_strndup(text, octets);
        page_append(page, colour, g_strchomp(part));
        g_free(part);
        g_string_append_c(page->out, '\n');
        text += octets;
        if (*text == '\0')
            break;
        g_string_append_printf(page->out, "%*s", (int)indent, "");
        used = indent;
    }
    free_room(room);
}
