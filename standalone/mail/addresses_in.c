/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addresses_in.h"

#include <arpa/inet.h>
#include <glib.h>

/* "IPv6:" of an address literal. */
#define TAG "IPv6:"

/* How many octets of an address, or of what looks like one, `text` begins with. */
static size_t run_of(struct smtp_span text)
{
    size_t length = 0;
    while (length < text.length
           && (g_ascii_isxdigit((char)text.octets[length]) || text.octets[length] == '.' || text.octets[length] == ':'))
        length++;
    return length;
}

static bool parse(struct smtp_span text, struct packet_address *address)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.length == 0 || text.length >= sizeof copy)
        return false;
    memcpy(copy, text.octets, text.length);
    copy[text.length] = '\0';
    *address = (struct packet_address){ .version = 4 };
    if (inet_pton(AF_INET, copy, address->octets) == 1)
        return true;
    *address = (struct packet_address){ .version = 6 };
    return inet_pton(AF_INET6, copy, address->octets) == 1;
}

bool addresses_in_any(struct smtp_span *rest, struct packet_address *address)
{
    while (rest->length > 0) {
        if (smtp_span_starts_with(*rest, TAG))
            *rest = smtp_span_from(*rest, strlen(TAG));
        size_t length = run_of(*rest);
        bool found = parse(smtp_span_first(*rest, length), address);
        *rest = smtp_span_from(*rest, MAX(length, 1));
        if (found)
            return true;
    }
    return false;
}

/* What closes behind an address what opened in front of it; 0: that opens nothing. */
static uint8_t closing(uint8_t opening)
{
    static const char pairs[][2] = { { '[', ']' }, { '(', ')' }, { '{', '}' }, { ' ', ' ' } };
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (opening == (uint8_t)pairs[i][0])
            return (uint8_t)pairs[i][1];
    return 0;
}

/* An address that stands alone between what opens at the front of `text` and what closes it. */
static bool wrapped(struct smtp_span text, struct packet_address *address)
{
    uint8_t end = closing(text.octets[0]);
    if (end == 0)
        return false;
    text = smtp_span_from(text, 1);
    if (smtp_span_starts_with(text, TAG))
        text = smtp_span_from(text, strlen(TAG));
    size_t length = run_of(text);
    return length < text.length && text.octets[length] == end && parse(smtp_span_first(text, length), address);
}

bool addresses_in_received(struct smtp_span value, struct packet_address *address)
{
    struct packet_address candidate;
    unsigned found = 0;
    for (size_t at = 0; at < value.length && found < 2; at++) {
        if (!wrapped(smtp_span_from(value, at), &candidate))
            continue;
        *address = candidate;
        found++;
    }
    return found > 0;
}
