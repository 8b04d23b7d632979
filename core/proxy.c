/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy.h"

#include <stdio.h>

#define SIGNATURE_OCTETS 12
#define FIXED_OCTETS 16 /* signature, version and command, family and protocol, length */
#define TEXT_LIMIT 107  /* of version 1, with the line end; a line that goes on is none of its headers, but may be meant as one */

static const uint8_t signature[SIGNATURE_OCTETS] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };
static const char keyword[] = "PROXY ";

enum { COMMAND_LOCAL = 0, FAMILY_INET = 1, FAMILY_INET6 = 2 };
enum { TLV_AUTHORITY = 0x02, TLV_SSL = 0x20, TLV_SSL_VERSION = 0x21 };

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

static size_t number_at(struct smtp_span octets, size_t at)
{
    return (size_t)octets.octets[at] << 8 | octets.octets[at + 1];
}

/* ---- where it ends ---- */

static enum smtp_proxy_look look_at_binary(struct smtp_span octets, bool at_end, size_t *length)
{
    *length = octets.length;
    if (octets.length > SIGNATURE_OCTETS && octets.octets[SIGNATURE_OCTETS] >> 4 != 2)
        return SMTP_PROXY_NO;
    size_t whole = octets.length >= FIXED_OCTETS ? FIXED_OCTETS + number_at(octets, FIXED_OCTETS - 2) : SIZE_MAX;
    if (octets.length >= whole) {
        *length = whole;
        return SMTP_PROXY_YES;
    }
    if (!at_end)
        return SMTP_PROXY_PERHAPS;
    return octets.length >= SIGNATURE_OCTETS ? SMTP_PROXY_YES : SMTP_PROXY_NO;
}

static enum smtp_proxy_look look_at_text(struct smtp_span octets, bool at_end, size_t *length)
{
    if (octets.length < sizeof keyword - 1)
        return at_end ? SMTP_PROXY_NO : SMTP_PROXY_PERHAPS;
    const uint8_t *end = memchr(octets.octets, '\n', least(octets.length, TEXT_LIMIT));
    *length = end != NULL ? (size_t)(end - octets.octets) + 1 : octets.length;
    if (end != NULL || (at_end && octets.length < TEXT_LIMIT))
        return SMTP_PROXY_YES;
    return octets.length < TEXT_LIMIT ? SMTP_PROXY_PERHAPS : SMTP_PROXY_NO;
}

enum smtp_proxy_look smtp_proxy_look(struct smtp_span octets, bool at_end, size_t *length)
{
    if (octets.length == 0)
        return SMTP_PROXY_PERHAPS;
    if (memcmp(octets.octets, signature, least(octets.length, SIGNATURE_OCTETS)) == 0)
        return look_at_binary(octets, at_end, length);
    if (memcmp(octets.octets, keyword, least(octets.length, sizeof keyword - 1)) == 0)
        return look_at_text(octets, at_end, length);
    return SMTP_PROXY_NO;
}

/* ---- addresses in text ---- */

/* Digits up to `limit`, and nothing else. */
static bool read_number(struct smtp_span text, unsigned limit, unsigned *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!smtp_ascii_is_digit(text.octets[i]) || *number > limit)
            return false;
        *number = *number * 10 + (unsigned)(text.octets[i] - '0');
    }
    return text.length > 0 && text.length <= 5 && *number <= limit;
}

/* What stands in front of `separator`, which is taken away, too; all of it, if there is none. */
static struct smtp_span take_up_to(struct smtp_span *rest, char separator, bool *found)
{
    const uint8_t *at = rest->length > 0 ? memchr(rest->octets, separator, rest->length) : NULL;
    struct smtp_span part = smtp_span_first(*rest, at != NULL ? (size_t)(at - rest->octets) : rest->length);
    *found = at != NULL;
    *rest = smtp_span_from(*rest, part.length + (at != NULL));
    return part;
}

static bool read_ipv4(struct smtp_span text, uint8_t *address)
{
    for (unsigned i = 0; i < 4; i++) {
        bool dot;
        unsigned number;
        struct smtp_span part = take_up_to(&text, '.', &dot);
        if (!read_number(part, 255, &number) || dot != (i < 3))
            return false;
        address[i] = (uint8_t)number;
    }
    return true;
}

static bool read_hexadecimal(struct smtp_span text, unsigned *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        uint8_t letter = smtp_ascii_upper(text.octets[i]);
        bool digit = smtp_ascii_is_digit(letter);
        if (!digit && (letter < 'A' || letter > 'F'))
            return false;
        *number = *number * 16 + (digit ? (unsigned)(letter - '0') : (unsigned)(letter - 'A') + 10);
    }
    return text.length > 0 && text.length <= 4;
}

/* Eight groups, of which "::" may leave some out; the last two may be an IPv4 address (RFC 4291 section 2.2). */
static bool read_ipv6(struct smtp_span text, uint8_t *address)
{
    unsigned octets = 0, hole = 16;
    if (smtp_span_starts_with(text, "::")) {
        hole = 0;
        text = smtp_span_from(text, 2);
    }
    memset(address, 0, 16);
    for (bool more = text.length > 0; more;) {
        unsigned number;
        struct smtp_span whole = text;
        struct smtp_span part = take_up_to(&text, ':', &more);
        if (octets <= 12 && !more && read_ipv4(whole, address + octets)) {
            octets += 4;
            break;
        }
        if (octets > 14 || !read_hexadecimal(part, &number))
            return false;
        address[octets++] = (uint8_t)(number >> 8);
        address[octets++] = (uint8_t)number;
        if (!smtp_span_starts_with(text, ":"))
            continue;
        if (hole < 16)
            return false;
        hole = octets;
        text = smtp_span_from(text, 1);
        more = text.length > 0;
    }
    if (hole == 16)
        return octets == 16;
    if (octets > 14)
        return false;
    memmove(address + hole + 16 - octets, address + hole, octets - hole);
    memset(address + hole, 0, 16 - octets);
    return true;
}

/* ---- version 1 ---- */

static bool read_endpoint(enum smtp_proxy_family family, struct smtp_span address, struct smtp_span port, struct smtp_proxy_endpoint *endpoint)
{
    unsigned number;
    bool good = family == SMTP_PROXY_IPV4 ? read_ipv4(address, endpoint->address) : read_ipv6(address, endpoint->address);
    if (!good || !read_number(port, 65535, &number))
        return false;
    endpoint->port = (uint16_t)number;
    return true;
}

static void parse_text(struct smtp_span octets, struct smtp_proxy_header *header)
{
    struct smtp_span line = octets;
    while (line.length > 0 && (line.octets[line.length - 1] == '\n' || line.octets[line.length - 1] == '\r'))
        line.length--;
    bool ended = octets.length >= line.length + 2;
    struct smtp_span rest = smtp_span_from(line, sizeof keyword - 1);
    struct smtp_span protocol = smtp_span_next_word(&rest);
    if (smtp_span_is(protocol, "UNKNOWN")) {
        header->malformed = !ended;
        return;
    }
    enum smtp_proxy_family family = smtp_span_is(protocol, "TCP4") ? SMTP_PROXY_IPV4 : SMTP_PROXY_IPV6;
    struct smtp_span source = smtp_span_next_word(&rest);
    struct smtp_span target = smtp_span_next_word(&rest);
    struct smtp_span source_port = smtp_span_next_word(&rest);
    bool good = (family == SMTP_PROXY_IPV4 || smtp_span_is(protocol, "TCP6")) && ended
                && read_endpoint(family, source, source_port, &header->source)
                && read_endpoint(family, target, smtp_span_next_word(&rest), &header->target) && smtp_span_trim(rest).length == 0;
    header->malformed = !good;
    if (good)
        header->family = family;
}

/* ---- version 2 ---- */

/* Returns false if one goes beyond the end. */
static bool parse_tlvs(struct smtp_span rest, struct smtp_proxy_header *header)
{
    while (rest.length >= 3) {
        uint8_t type = rest.octets[0];
        size_t length = number_at(rest, 1);
        struct smtp_span value = smtp_span_first(smtp_span_from(rest, 3), length);
        if (value.length < length)
            return false;
        rest = smtp_span_from(rest, 3 + length);
        if (type == TLV_AUTHORITY)
            header->authority = value;
        else if (type == TLV_SSL_VERSION)
            header->tls_version = value;
        else if (type == TLV_SSL && value.length >= 5 && (value.octets[0] & 1)) /* which holds others behind five octets */
            for (struct smtp_span inner = smtp_span_from(value, 5); inner.length >= 3; inner = smtp_span_from(inner, 3 + number_at(inner, 1)))
                if (inner.octets[0] == TLV_SSL_VERSION)
                    header->tls_version = smtp_span_first(smtp_span_from(inner, 3), number_at(inner, 1));
    }
    return rest.length == 0;
}

static void take_endpoints(struct smtp_span block, size_t octets, struct smtp_proxy_header *header)
{
    memcpy(header->source.address, block.octets, octets);
    memcpy(header->target.address, block.octets + octets, octets);
    header->source.port = (uint16_t)number_at(block, 2 * octets);
    header->target.port = (uint16_t)number_at(block, 2 * octets + 2);
}

static void parse_binary(struct smtp_span octets, struct smtp_proxy_header *header)
{
    static const size_t address_octets[] = { 0, 4, 16, 108 };
    if (octets.length < FIXED_OCTETS) {
        header->malformed = true;
        return;
    }
    unsigned command = octets.octets[SIGNATURE_OCTETS] & 0x0f;
    unsigned family = octets.octets[SIGNATURE_OCTETS + 1] >> 4;
    struct smtp_span block = smtp_span_from(octets, FIXED_OCTETS);
    header->local = command == COMMAND_LOCAL;
    header->malformed = block.length < number_at(octets, FIXED_OCTETS - 2) || command > 1 || family > 3;
    if (header->malformed || header->local)
        return;
    bool has_port = family == FAMILY_INET || family == FAMILY_INET6;
    size_t length = 2 * address_octets[family] + (has_port ? 4 : 0);
    if (block.length < length) {
        header->malformed = true;
        return;
    }
    if (has_port) {
        header->family = family == FAMILY_INET ? SMTP_PROXY_IPV4 : SMTP_PROXY_IPV6;
        take_endpoints(block, address_octets[family], header);
    }
    header->malformed = family != 0 && !parse_tlvs(smtp_span_from(block, length), header);
}

struct smtp_proxy_header smtp_proxy_parse(struct smtp_span octets)
{
    bool text = smtp_span_starts_with(octets, keyword);
    struct smtp_proxy_header header = { .version = text ? 1 : 2 };
    if (text)
        parse_text(octets, &header);
    else
        parse_binary(octets, &header);
    return header;
}

/* ---- addresses as text ---- */

/* The longest row of groups that are zero; `*length` is below 2 if there is none worth leaving out. */
static unsigned longest_zeros(const uint8_t *address, unsigned *length)
{
    unsigned longest = 0, run = 0;
    *length = 0;
    for (unsigned group = 0; group < 8; group++) {
        run = address[2 * group] == 0 && address[2 * group + 1] == 0 ? run + 1 : 0;
        if (run > *length) {
            *length = run;
            longest = group + 1 - run;
        }
    }
    return longest;
}

static void write_ipv6(const uint8_t *address, char text[SMTP_PROXY_ADDRESS_TEXT])
{
    unsigned length;
    unsigned zeros = longest_zeros(address, &length);
    size_t at = 0;
    for (unsigned group = 0; group < 8; group++) {
        if (length > 1 && group == zeros) {
            at += (size_t)snprintf(text + at, SMTP_PROXY_ADDRESS_TEXT - at, "::");
            group += length - 1;
            continue;
        }
        bool first = at == 0 || text[at - 1] == ':';
        at += (size_t)snprintf(text + at, SMTP_PROXY_ADDRESS_TEXT - at, "%s%x", first ? "" : ":",
                               (unsigned)address[2 * group] << 8 | address[2 * group + 1]);
    }
}

void smtp_proxy_address(enum smtp_proxy_family family, const struct smtp_proxy_endpoint *endpoint, char text[SMTP_PROXY_ADDRESS_TEXT])
{
    const uint8_t *address = endpoint->address;
    if (family == SMTP_PROXY_IPV6)
        write_ipv6(address, text);
    else
        snprintf(text, SMTP_PROXY_ADDRESS_TEXT, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
}
