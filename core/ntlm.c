/* SPDX-License-Identifier: GPL-2.0-or-later */

/* NTLM's messages (MS-NLMP): the user whom the client names, and what the server says of itself. */

#include "sasl_private.h"

#define REPLACEMENT_CHARACTER 0xfffdu

/* Offsets into the messages of MS-NLMP section 2.2.1. */
enum {
    NTLM_TYPE = 8,
    NTLM_TYPE_END = 12,
    NTLM_FIRST_FIELD = 12, /* the LM response; each field is eight octets */
    NTLM_FIELD_OCTETS = 8,
    NTLM_USER = 36,
    NTLM_FIELDS_END = 52,
    NTLM_FLAGS = 60,
    NTLM_FLAGS_END = 64,

    NTLM_NEGOTIATE_FIRST_FIELD = 16, /* the domain; then the workstation */
    NTLM_NEGOTIATE_FIELDS_END = 32,
    NTLM_NEGOTIATE_END = 40, /* with a version */
    NTLM_NAME_LIMIT = 255,

    NTLM_CHALLENGE_TARGET = 12,
    NTLM_CHALLENGE_FLAGS = 20,
    NTLM_CHALLENGE_END = 32,
    NTLM_CHALLENGE_INFORMATION = 40,
    NTLM_CHALLENGE_INFORMATION_END = 48,
};
#define NTLM_FLAG_UNICODE 0x1u
#define NTLM_NEGOTIATE 1u
#define NTLM_CHALLENGE 2u
#define NTLM_AUTHENTICATE 3u

struct ntlm_field {
    size_t length;
    size_t offset; /* in the message */
};

/* Numbers in NTLM are little-endian. The caller has seen that the octets are there. */
static uint32_t ntlm_number(struct smtp_span message, size_t at, size_t octets)
{
    uint32_t number = 0;
    for (size_t i = octets; i > 0; i--)
        number = number << 8 | message.octets[at + i - 1];
    return number;
}

static struct ntlm_field ntlm_field(struct smtp_span message, size_t at)
{
    return (struct ntlm_field){ .length = ntlm_number(message, at, 2), .offset = ntlm_number(message, at + 4, 4) };
}

/* Old clients send no flags: then what the fields point to begins where the flags would stand. */
static bool ntlm_is_unicode(struct smtp_span message)
{
    if (message.length < NTLM_FLAGS_END)
        return false;
    for (size_t at = NTLM_FIRST_FIELD; at < NTLM_FIELDS_END; at += NTLM_FIELD_OCTETS) {
        struct ntlm_field field = ntlm_field(message, at);
        if (field.length > 0 && field.offset < NTLM_FLAGS_END)
            return false;
    }
    return (ntlm_number(message, NTLM_FLAGS, 4) & NTLM_FLAG_UNICODE) != 0;
}

static void copy_utf8(struct smtp_room *room, uint32_t character)
{
    size_t octets = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    if (room->left < octets) {
        room->left = 0; /* half a character is none, and nothing may follow the gap */
        room->exceeded = true;
        return;
    }
    for (size_t left = octets; left > 0; left--) {
        uint32_t bits = character >> (6 * (left - 1));
        smtp_room_add(room, (uint8_t)(left == octets ? lead[octets] | bits : 0x80u | (bits & 0x3fu)));
    }
}

/* Surrogates without their other half become U+FFFD. */
static struct smtp_span copy_utf16(struct smtp_room *room, struct smtp_span name)
{
    const uint8_t *begin = room->next;
    for (size_t i = 0; i + 1 < name.length; i += 2) {
        uint32_t unit = ntlm_number(name, i, 2);
        uint32_t next = i + 3 < name.length ? ntlm_number(name, i + 2, 2) : 0;
        if (unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
            copy_utf8(room, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
            i += 2;
        } else {
            copy_utf8(room, unit >= 0xd800 && unit <= 0xdfff ? REPLACEMENT_CHARACTER : unit);
        }
    }
    return smtp_room_since(room, begin);
}

/* The field's octets. False: they are not in the message. */
static bool take_field(struct smtp_span message, struct ntlm_field field, struct smtp_span *octets)
{
    bool inside = field.offset <= message.length && field.length <= message.length - field.offset;
    *octets = inside ? smtp_span_first(smtp_span_from(message, field.offset), field.length) : smtp_span(NULL, 0);
    return inside;
}

/* 0: no message of NTLM. */
static uint32_t type_of(struct smtp_span message)
{
    static const uint8_t signature[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0 };
    if (message.length < NTLM_TYPE_END || memcmp(message.octets, signature, sizeof signature) != 0)
        return 0;
    return ntlm_number(message, NTLM_TYPE, 4);
}

/* ---- the client ---- */

static void read_user(struct smtp_sasl_response *response, struct smtp_room *room)
{
    struct smtp_span message = response->decoded;
    struct smtp_span name;
    struct ntlm_field field = ntlm_field(message, NTLM_USER);
    if (field.length == 0)
        return;
    bool unicode = ntlm_is_unicode(message);
    if (!take_field(message, field, &name) || (unicode && field.length % 2 != 0)) {
        response->malformed = true;
        return;
    }
    smtp_sasl_set_identity(response, unicode ? copy_utf16(room, name) : name);
}

/* Whether all of it is what a NEGOTIATE has: flags, a domain's and a workstation's name, a version. */
static bool is_negotiate(struct smtp_span message)
{
    size_t end = NTLM_NEGOTIATE_END;
    for (size_t at = NTLM_NEGOTIATE_FIRST_FIELD;
         at + NTLM_FIELD_OCTETS <= NTLM_NEGOTIATE_FIELDS_END && at + NTLM_FIELD_OCTETS <= message.length;
         at += NTLM_FIELD_OCTETS) {
        struct ntlm_field field = ntlm_field(message, at);
        struct smtp_span octets;
        if (field.length > 0 && (!take_field(message, field, &octets) || field.length > NTLM_NAME_LIMIT))
            return false;
        end = field.length > 0 && field.offset + field.length > end ? field.offset + field.length : end;
    }
    return message.length <= end;
}

/* MS-NLMP: the client sends NEGOTIATE (type 1), then AUTHENTICATE (type 3), which alone names the user. */
void smtp_ntlm_read(struct smtp_sasl_response *response, struct smtp_room *room)
{
    struct smtp_span message = response->decoded;
    uint32_t type = type_of(message);
    if (type == NTLM_AUTHENTICATE && message.length >= NTLM_FIELDS_END)
        read_user(response, room);
    else
        response->malformed = type != NTLM_NEGOTIATE;
    response->open = type == NTLM_NEGOTIATE && is_negotiate(message);
}

/* ---- the server ---- */

/* MS-NLMP section 2.2.2.1: pairs of a number, a length, and so many octets of UTF-16. */
static void read_pairs(struct smtp_span pairs, struct smtp_room *room, struct smtp_ntlm_server *server)
{
    struct smtp_span *const names[] = { NULL, &server->host, &server->domain, &server->dns_host, &server->dns_domain };
    while (pairs.length >= 4) {
        size_t number = ntlm_number(pairs, 0, 2);
        size_t length = ntlm_number(pairs, 2, 2);
        struct smtp_span value = smtp_span_from(pairs, 4);
        if (number == 0 || length > value.length)
            return;
        if (number < sizeof names / sizeof names[0] && names[number]->length == 0)
            *names[number] = copy_utf16(room, smtp_span_first(value, length));
        pairs = smtp_span_from(value, length);
    }
}

bool smtp_sasl_ntlm_server(struct smtp_span text, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT],
                           struct smtp_ntlm_server *server)
{
    bool bad = false;
    bool cut = false;
    struct smtp_span octets;
    struct smtp_span message = smtp_base64_decode(smtp_span_trim(text), buffer, SMTP_SASL_DECODED_LIMIT, &bad, &cut);
    *server = (struct smtp_ntlm_server){ .domain = { .length = 0 } };
    if (bad || cut || type_of(message) != NTLM_CHALLENGE || message.length < NTLM_CHALLENGE_END)
        return false;
    struct smtp_room room = { .next = buffer + message.length, .left = SMTP_SASL_DECODED_LIMIT - message.length };
    bool unicode = (ntlm_number(message, NTLM_CHALLENGE_FLAGS, 4) & NTLM_FLAG_UNICODE) != 0;
    if (message.length >= NTLM_CHALLENGE_INFORMATION_END &&
        take_field(message, ntlm_field(message, NTLM_CHALLENGE_INFORMATION), &octets))
        read_pairs(octets, &room, server);
    if (server->domain.length == 0 && take_field(message, ntlm_field(message, NTLM_CHALLENGE_TARGET), &octets))
        server->domain = unicode ? copy_utf16(&room, octets) : octets;
    return true;
}
