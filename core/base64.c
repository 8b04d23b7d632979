/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base64.h"

#define GROUP_CHARACTERS ((size_t)4)
#define GROUP_OCTETS ((size_t)3)

/* The value of a base64 character, 0 to 63; -1 for any other octet. */
static int value_of(uint8_t octet)
{
    if (octet >= 'A' && octet <= 'Z')
        return octet - 'A';
    if (octet >= 'a' && octet <= 'z')
        return octet - 'a' + 26;
    if (octet >= '0' && octet <= '9')
        return octet - '0' + 52;
    return octet == '+' ? 62 : octet == '/' ? 63 : -1;
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
        if (value_of(text.octets[i]) < 0)
            return false;
    return true;
}

/* Decodes one group; returns how many octets it holds. What stands for '=' does not matter: those octets do not count. */
static size_t decode_group(const uint8_t *group, uint8_t octets[GROUP_OCTETS])
{
    uint32_t bits = 0;
    for (size_t i = 0; i < GROUP_CHARACTERS; i++)
        bits = bits << 6 | (group[i] == '=' ? 0u : (uint32_t)value_of(group[i]));
    for (size_t i = 0; i < GROUP_OCTETS; i++)
        octets[i] = (uint8_t)(bits >> (16 - 8 * i));
    return GROUP_OCTETS - (group[3] == '=') - (group[2] == '=');
}

struct smtp_span smtp_base64_decode(struct smtp_span text, uint8_t *buffer, size_t limit, bool *bad, bool *cut)
{
    size_t length = 0;
    *cut = false;
    *bad = !is_base64(text);
    for (size_t at = 0; !*bad && at < text.length; at += GROUP_CHARACTERS) {
        uint8_t group[GROUP_OCTETS];
        size_t decoded = decode_group(text.octets + at, group);
        size_t fitting = decoded < limit - length ? decoded : limit - length;
        if (fitting > 0)
            memcpy(buffer + length, group, fitting);
        length += fitting;
        *cut = *cut || fitting < decoded;
        if (*cut)
            break;
    }
    return smtp_span(buffer, length);
}
