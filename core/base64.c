/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Base64 (RFC 4648 section 4) as SASL uses it: no line breaks, no foreign characters, padding as it must be. */

#include "sasl.h"

#include <glib.h>

#define GROUP_CHARACTERS ((size_t)4)
#define GROUP_OCTETS ((size_t)3)

static bool is_base64_character(uint8_t octet)
{
    uint8_t upper = smtp_ascii_upper(octet);
    return (upper >= 'A' && upper <= 'Z') || smtp_ascii_is_digit(octet) || octet == '+' || octet == '/';
}

/* How many '=' the text ends in: none, one or two in good base64. */
static size_t padding(struct smtp_span text)
{
    size_t count = 0;
    while (count < text.length && text.octets[text.length - 1 - count] == '=')
        count++;
    return count;
}

static bool is_base64(struct smtp_span text)
{
    size_t pad = padding(text);
    if (text.length % GROUP_CHARACTERS != 0 || pad > 2)
        return false;
    for (size_t i = 0; i < text.length - pad; i++)
        if (!is_base64_character(text.octets[i]))
            return false;
    return true;
}

static size_t decode_groups(struct smtp_span text, uint8_t *buffer)
{
    gint state = 0;
    guint save = 0;
    if (text.length == 0)
        return 0;
    return g_base64_decode_step((const gchar *)text.octets, text.length, buffer, &state, &save);
}

struct smtp_span smtp_base64_decode(struct smtp_span text, uint8_t *buffer, size_t limit, bool *bad, bool *cut)
{
    *cut = false;
    *bad = !is_base64(text);
    if (*bad)
        return smtp_span(buffer, 0);

    /* The decoder is only given whole groups that fit; the one that may not fit is decoded apart. */
    size_t groups = text.length / GROUP_CHARACTERS;
    size_t fitting = groups < limit / GROUP_OCTETS ? groups : limit / GROUP_OCTETS;
    size_t length = decode_groups(smtp_span_first(text, fitting * GROUP_CHARACTERS), buffer);
    if (fitting == groups)
        return smtp_span(buffer, length);

    uint8_t group[GROUP_OCTETS];
    struct smtp_span rest = smtp_span_from(text, fitting * GROUP_CHARACTERS);
    size_t decoded = decode_groups(smtp_span_first(rest, GROUP_CHARACTERS), group);
    size_t copied = decoded < limit - length ? decoded : limit - length;
    if (copied > 0)
        memcpy(buffer + length, group, copied);
    *cut = copied < decoded || groups > fitting + 1;
    return smtp_span(buffer, length + copied);
}
