/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

bool text_is_utf8(struct smtp_span octets)
{
    /* g_utf8_validate stops at a NUL, which is a character like any other here. */
    while (octets.length > 0) {
        const char *end = NULL;
        if (!g_utf8_validate((const char *)octets.octets, (gssize)octets.length, &end) &&
            (const uint8_t *)end != octets.octets + octets.length && *end != '\0')
            return false;
        size_t valid = (size_t)((const uint8_t *)end - octets.octets);
        octets = smtp_span_from(octets, valid == octets.length ? valid : valid + 1);
    }
    return true;
}

/* Control characters, what formats or is not shown (general categories Cc, Cf, Zl, Zp; Default_Ignorable_Code_Point), noncharacters. */
bool text_misleads(gunichar character)
{
    static const struct {
        gunichar first, last;
    } ranges[] = {
        { 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },       { 0x34f, 0x34f },     { 0x600, 0x605 },
        { 0x61c, 0x61c },     { 0x6dd, 0x6dd },     { 0x70f, 0x70f },     { 0x890, 0x891 },     { 0x8e2, 0x8e2 },
        { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x200b, 0x200f },   { 0x2028, 0x202e },
        { 0x2060, 0x206f },   { 0x3164, 0x3164 },   { 0xfdd0, 0xfdef },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
        { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },   { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
        { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
    };
    if ((character & 0xfffe) == 0xfffe)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(ranges) && character >= ranges[i].first; i++)
        if (character <= ranges[i].last)
            return true;
    return false;
}

static void append_escaped(GString *out, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        g_string_append_printf(out, "\\x%02X", octets[i]);
}

/* A backslash that would read as the beginning of an escape is escaped itself. */
static bool begins_escape(struct smtp_span octets)
{
    return octets.octets[0] == '\\' && octets.length > 1 && octets.octets[1] == 'x';
}

static void append(GString *out, struct smtp_span octets, bool controls_too)
{
    while (octets.length > 0) {
        size_t plain = 0;
        while (plain < octets.length && octets.octets[plain] >= 0x20 && octets.octets[plain] < 0x7f &&
               octets.octets[plain] != '\\')
            plain++;
        g_string_append_len(out, (const char *)octets.octets, (gssize)plain);
        octets = smtp_span_from(octets, plain);
        if (octets.length == 0)
            return;
        uint8_t first = octets.octets[0];
        gunichar character =
            first == 0 ? 0 : g_utf8_get_char_validated((const char *)octets.octets, (gssize)MIN(octets.length, 6));
        bool invalid = character == (gunichar)-1 || character == (gunichar)-2;
        size_t length = invalid || first < 0x80 ? 1 : (size_t)g_unichar_to_utf8(character, NULL);
        if (invalid || begins_escape(octets) || (controls_too && text_misleads(character)))
            append_escaped(out, octets.octets, length);
        else
            g_string_append_len(out, (const char *)octets.octets, (gssize)length);
        octets = smtp_span_from(octets, length);
    }
}

void text_append_visible(GString *out, struct smtp_span octets)
{
    append(out, octets, true);
}

void text_append_enclosed(GString *out, char open, struct smtp_span octets, char close)
{
    g_string_append_c(out, open);
    while (octets.length > 0) {
        size_t length = 0;
        while (length < octets.length && octets.octets[length] != (uint8_t)open && octets.octets[length] != (uint8_t)close)
            length++;
        text_append_visible(out, smtp_span_first(octets, length));
        if (length < octets.length)
            append_escaped(out, octets.octets + length, 1);
        octets = smtp_span_from(octets, length + 1);
    }
    g_string_append_c(out, close);
}

void text_append_word(GString *out, struct smtp_span octets)
{
    bool word = octets.length > 0;
    for (size_t i = 0; i < octets.length && word; i++)
        word = octets.octets[i] > ' ' && octets.octets[i] != '"' && octets.octets[i] != ',' && octets.octets[i] != ';';
    if (word)
        text_append_visible(out, octets);
    else
        text_append_enclosed(out, '"', octets, '"');
}

void text_append_ascii(GString *out, const char *text)
{
    for (; *text != '\0'; text++) {
        uint8_t octet = (uint8_t)*text;
        if (octet < 0x80)
            g_string_append_c(out, *text);
        else
            append_escaped(out, &octet, 1);
    }
}

void text_append_diagnostic(GString *out, struct smtp_span octets)
{
    GString *visible = g_string_new(NULL);
    text_append_visible(visible, octets);
    if (text_locale_is_utf8())
        g_string_append(out, visible->str);
    else
        text_append_ascii(out, visible->str);
    g_string_free(visible, TRUE);
}

bool text_locale_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void text_append_utf8(GString *out, struct smtp_span octets)
{
    append(out, octets, false);
}

unsigned text_width(gunichar character)
{
    if (character < 0x300)
        return 1;
    return g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
}

unsigned text_columns(const char *text)
{
    unsigned columns = 0;
    while (*text != '\0') {
        if ((unsigned char)*text < 0x80) {
            columns++;
            text++;
            continue;
        }
        columns += text_width(g_utf8_get_char(text));
        text = g_utf8_next_char(text);
    }
    return columns;
}

void text_append_padded(GString *out, int columns, const char *text)
{
    int spaces = MAX(ABS(columns) - (int)text_columns(text), 0);
    g_string_append_printf(out, "%*s%s%*s", columns > 0 ? spaces : 0, "", text, columns < 0 ? spaces : 0, "");
}

void text_append_number(GString *out, uint64_t number)
{
    char digits[20];
    unsigned at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
}

/* Exactly `count` digits. */
static void append_digits(GString *out, uint64_t number, unsigned count)
{
    char digits[20];
    for (unsigned at = count; at-- > 0; number /= 10)
        digits[at] = (char)('0' + number % 10);
    g_string_append_len(out, digits, count);
}

struct date {
    unsigned year, month, day;
};

/* The date so many days after 1970-01-01: years are counted from March, so that the leap day is the last of one. */
static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468; /* from 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct date){
        .year = (unsigned)(era * 400) + year_of_era + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

void text_append_time(GString *out, int64_t time, unsigned precision)
{
    int64_t seconds = time / 1000000000;
    int64_t fraction = time % 1000000000;
    if (fraction < 0) {
        fraction += 1000000000;
        seconds--;
    }
    /* int64_t nanoseconds reach from 1677 to 2262: years of four digits. */
    struct date date = date_of(seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400);
    unsigned second = (unsigned)(seconds - (seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400) * 86400);
    append_digits(out, date.year, 4);
    g_string_append_c(out, '-');
    append_digits(out, date.month, 2);
    g_string_append_c(out, '-');
    append_digits(out, date.day, 2);
    g_string_append_c(out, 'T');
    append_digits(out, second / 3600, 2);
    g_string_append_c(out, ':');
    append_digits(out, second / 60 % 60, 2);
    g_string_append_c(out, ':');
    append_digits(out, second % 60, 2);
    g_string_append_c(out, '.');
    append_digits(out, (uint64_t)(precision >= 9 ? fraction : fraction / 1000), precision >= 9 ? 9 : 6);
    g_string_append_c(out, 'Z');
}

void text_append_seconds(GString *out, int64_t nanoseconds, unsigned precision)
{
    uint64_t amount = nanoseconds < 0 ? (uint64_t)0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
    g_string_append_printf(out, "%s%" PRIu64, nanoseconds < 0 ? "-" : "", amount / 1000000000);
    if (precision >= 9)
        g_string_append_printf(out, ".%09" PRIu64, amount % 1000000000);
    else
        g_string_append_printf(out, ".%06" PRIu64, amount % 1000000000 / 1000);
}

void text_append_count(GString *out, uint64_t count)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            g_string_append_c(out, ',');
        g_string_append_c(out, digits[i]);
    }
}
