/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

bool text_is_utf8(struct smtp_span octets)
{
    /* g_utf8_validate stops at a NUL, which is a character like any other here. */
    while (octets.length > 0) {
        const char *end = NULL;
        if (!g_utf8_validate((const char *)octets.octets, (gssize)octets.length, &end)
            && (const uint8_t *)end != octets.octets + octets.length && *end != '\0')
            return false;
        size_t valid = (size_t)((const uint8_t *)end - octets.octets);
        octets = smtp_span_from(octets, valid == octets.length ? valid : valid + 1);
    }
    return true;
}

/* Controls that reorder, hide or break text: they could make a line read as what it is not. */
static bool misleads(gunichar character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0xad
           || (character >= 0x200b && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e)
           || (character >= 0x2060 && character <= 0x206f) || character == 0xfeff
           || (character >= 0xfff9 && character <= 0xfffb) || (character >= 0xe0000 && character <= 0xe007f);
}

static void append_escaped(GString *out, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        g_string_append_printf(out, "\\x%02X", octets[i]);
}

static void append(GString *out, struct smtp_span octets, bool controls_too)
{
    while (octets.length > 0) {
        uint8_t first = octets.octets[0];
        if (first >= 0x20 && first < 0x7f) {
            if (first == '\\' && octets.length > 1 && octets.octets[1] == 'x')
                g_string_append_c(out, '\\');
            g_string_append_c(out, (char)first);
            octets = smtp_span_from(octets, 1);
            continue;
        }
        gunichar character = first == 0 ? 0 : g_utf8_get_char_validated((const char *)octets.octets, (gssize)MIN(octets.length, 6));
        bool invalid = character == (gunichar)-1 || character == (gunichar)-2;
        size_t length = invalid || first < 0x80 ? 1 : (size_t)g_unichar_to_utf8(character, NULL);
        if (invalid || (controls_too && misleads(character)))
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

void text_append_utf8(GString *out, struct smtp_span octets)
{
    append(out, octets, false);
}

unsigned text_columns(const char *text)
{
    unsigned columns = 0;
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        if (!g_unichar_iszerowidth(character))
            columns += g_unichar_iswide(character) ? 2 : 1;
    }
    return columns;
}

void text_append_time(GString *out, int64_t time, unsigned precision)
{
    int64_t seconds = time / 1000000000;
    int64_t fraction = time % 1000000000;
    if (fraction < 0) {
        fraction += 1000000000;
        seconds--;
    }
    GDateTime *moment = g_date_time_new_from_unix_utc(seconds);
    if (moment == NULL) {
        g_string_append_printf(out, "@%" PRId64, seconds);
        return;
    }
    char *text = g_date_time_format(moment, "%Y-%m-%dT%H:%M:%S");
    g_string_append(out, text);
    if (precision >= 9)
        g_string_append_printf(out, ".%09" PRId64 "Z", fraction);
    else
        g_string_append_printf(out, ".%06" PRId64 "Z", fraction / 1000);
    g_free(text);
    g_date_time_unref(moment);
}

void text_append_address(GString *out, const struct packet_address *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    inet_ntop(address->version == 6 ? AF_INET6 : AF_INET, address->octets, text, sizeof text);
    g_string_append(out, text);
}

void text_append_endpoint(GString *out, const struct packet_address *address, uint16_t port)
{
    bool six = address->version == 6;
    if (six)
        g_string_append_c(out, '[');
    text_append_address(out, address);
    g_string_append_printf(out, six ? "]:%u" : ":%u", port);
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
