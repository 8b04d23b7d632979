/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxied.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Octets of a side that an HTTP proxy and its client need at the most before the way is open. */
#define HTTP_LIMIT ((size_t)65536)

/* A reader that remembers whether it ran out of octets. */
struct reader {
    struct smtp_span span;
    size_t at;
    bool short_of;
};

static uint8_t take(struct reader *reader)
{
    if (reader->at >= reader->span.length) {
        reader->short_of = true;
        return 0;
    }
    return reader->span.octets[reader->at++];
}

static void skip(struct reader *reader, size_t octets)
{
    if (octets > reader->span.length - reader->at) {
        reader->short_of = true;
        reader->at = reader->span.length;
        return;
    }
    reader->at += octets;
}

/* ---- whom the client asked for ---- */

static void add_to_target(struct smtp_proxied *handshake, struct smtp_span octets)
{
    size_t room = sizeof handshake->target - handshake->target_octets;
    octets = smtp_span_first(octets, room);
    if (octets.length > 0)
        memcpy(handshake->target + handshake->target_octets, octets.octets, octets.length);
    handshake->target_octets += octets.length;
}

/* A name as it was sent, or an address of 4 or 16 octets; and the port, in network order. */
static void set_target(struct smtp_proxied *handshake, struct smtp_span host, bool named, const uint8_t *port)
{
    char text[INET6_ADDRSTRLEN + 2] = "";
    char number[8];
    if (host.length == 4 && !named)
        inet_ntop(AF_INET, host.octets, text, sizeof text);
    if (host.length == 16 && !named) {
        text[0] = '[';
        inet_ntop(AF_INET6, host.octets, text + 1, sizeof text - 2);
        strcat(text, "]");
    }
    handshake->target_octets = 0;
    add_to_target(handshake, named ? host : smtp_span_of_text(text));
    snprintf(number, sizeof number, ":%u", (unsigned)port[0] << 8 | port[1]);
    add_to_target(handshake, smtp_span_of_text(number));
}

static void skip_socks5_address(struct reader *reader)
{
    switch (take(reader)) {
    case 1:
        skip(reader, 4);
        break;
    case 3:
        skip(reader, take(reader));
        break;
    case 4:
        skip(reader, 16);
        break;
    default:
        reader->short_of = true;
    }
    skip(reader, 2);
}

/* The address of a request that is whole. */
static void read_socks5_target(struct smtp_span address, struct smtp_proxied *handshake)
{
    bool named = address.octets[0] == 3;
    struct smtp_span host = smtp_span_from(address, named ? 2 : 1);
    host.length -= 2;
    set_target(handshake, host, named, host.octets + host.length);
}

static enum smtp_proxied_answer look_socks5(struct reader *client, struct reader *server,
                                            struct smtp_proxied *handshake)
{
    take(client);
    skip(client, take(client));
    if (take(server) != 5 && !server->short_of)
        return SMTP_PROXIED_NO;
    uint8_t method = take(server);
    if (client->short_of || server->short_of)
        return SMTP_PROXIED_MORE;
    if (method == 2) { /* user name and password, and the server's verdict */
        take(client);
        skip(client, take(client));
        skip(client, take(client));
        skip(server, 2);
    } else if (method != 0) {
        return SMTP_PROXIED_NO;
    }
    uint8_t version = take(client);
    uint8_t command = take(client);
    take(client);
    if (client->short_of || server->short_of)
        return SMTP_PROXIED_MORE;
    if (version != 5 || command != 1)
        return SMTP_PROXIED_NO;
    size_t begins = client->at;
    skip_socks5_address(client);
    take(server);
    uint8_t verdict = take(server);
    take(server);
    if (client->short_of || server->short_of)
        return SMTP_PROXIED_MORE;
    read_socks5_target(smtp_span_from(smtp_span_first(client->span, client->at), begins), handshake);
    if (verdict != 0)
        return SMTP_PROXIED_NO;
    skip_socks5_address(server);
    return client->short_of || server->short_of ? SMTP_PROXIED_MORE : SMTP_PROXIED_YES;
}

/* SOCKS4: 4, 1, port, address, user name, NUL; and for 4a a host name and NUL. */
static enum smtp_proxied_answer look_socks4(struct reader *client, struct reader *server,
                                            struct smtp_proxied *handshake)
{
    take(client);
    if (take(client) != 1)
        return client->short_of ? SMTP_PROXIED_MORE : SMTP_PROXIED_NO;
    skip(client, 2);
    bool named = take(client) == 0;
    named = take(client) == 0 && named;
    named = take(client) == 0 && named;
    named = take(client) != 0 && named;
    while (!client->short_of && take(client) != 0)
        ;
    size_t name = client->at;
    while (named && !client->short_of && take(client) != 0)
        ;
    bool granted = take(server) == 0 && take(server) == 0x5a;
    if (client->short_of || server->short_of)
        return SMTP_PROXIED_MORE;
    if (!granted)
        return SMTP_PROXIED_NO;
    struct smtp_span request = smtp_span_first(client->span, client->at);
    struct smtp_span host = named ? smtp_span_from(request, name) : smtp_span_first(smtp_span_from(request, 4), 4);
    host.length -= named ? 1 : 0; /* the NUL */
    set_target(handshake, host, named, request.octets + 2);
    skip(server, 6);
    return server->short_of ? SMTP_PROXIED_MORE : SMTP_PROXIED_YES;
}

/* ---- HTTP CONNECT (RFC 9110 section 9.3.6) ---- */

/* What the octets in front of the dialogue say. */
enum part {
    PART_OK,
    PART_MORE,
    PART_WRONG,
};

/* Takes an HTTP header with its empty line. */
static enum part take_header(struct reader *reader, struct smtp_span *header)
{
    *header = smtp_span_from(reader->span, reader->at);
    const uint8_t *end = header->length > 0 ? memmem(header->octets, header->length, "\r\n\r\n", 4) : NULL;
    if (end == NULL)
        return reader->span.length < HTTP_LIMIT ? PART_MORE : PART_WRONG;
    header->length = (size_t)(end - header->octets) + 4;
    reader->at += header->length;
    return PART_OK;
}

/* The value of a field of an HTTP header; empty if it is not there. */
static struct smtp_span http_field(struct smtp_span header, const char *name)
{
    const uint8_t *end;
    while ((end = memchr(header.octets, '\n', header.length)) != NULL) {
        struct smtp_span line = smtp_span(header.octets, (size_t)(end - header.octets));
        struct smtp_span value = smtp_span_from(line, strlen(name));
        if (value.length > 0 && value.octets[value.length - 1] == '\r')
            value.length--;
        header = smtp_span_from(header, line.length + 1);
        if (smtp_span_starts_with(line, name) && value.length > 0 && value.octets[0] == ':')
            return smtp_span_trim(smtp_span_from(value, 1));
    }
    return smtp_span("", 0);
}

static int digit_value(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    uint8_t upper = smtp_ascii_upper(octet);
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

/* Takes a number, in base 10 or 16. False if there is none, or a body so long is not waited for. */
static bool take_number(struct smtp_span text, unsigned base, size_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < text.length && *number <= HTTP_LIMIT) {
        int digit = digit_value(text.octets[digits]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        *number = *number * base + (unsigned)digit;
        digits++;
    }
    return digits > 0 && *number <= HTTP_LIMIT;
}

static enum part skip_octets(struct reader *reader, size_t octets)
{
    skip(reader, octets);
    return reader->short_of ? PART_MORE : PART_OK;
}

/* A body in chunks (RFC 9112 section 7.1). */
static enum part skip_chunks(struct reader *reader)
{
    struct smtp_span trailer;
    size_t octets;
    do {
        struct smtp_span rest = smtp_span_from(reader->span, reader->at);
        const uint8_t *end = rest.length > 0 ? memchr(rest.octets, '\n', rest.length) : NULL;
        if (end == NULL)
            return reader->span.length < HTTP_LIMIT ? PART_MORE : PART_WRONG;
        if (!take_number(rest, 16, &octets))
            return PART_WRONG;
        reader->at += (size_t)(end - rest.octets) + 1;
        if (octets > 0 && skip_octets(reader, octets + 2) != PART_OK)
            return PART_MORE;
    } while (octets > 0);
    reader->at -= 2; /* the trailer's empty line may be the first one, and ends with the last chunk's line end */
    return take_header(reader, &trailer);
}

static enum part skip_body(struct reader *reader, struct smtp_span header)
{
    struct smtp_span length = http_field(header, "Content-Length");
    size_t octets = 0;
    if (smtp_span_is(http_field(header, "Transfer-Encoding"), "chunked"))
        return skip_chunks(reader);
    if (length.length > 0 && !take_number(length, 10, &octets))
        return PART_WRONG;
    return skip_octets(reader, octets);
}

static enum smtp_proxied_answer result_of(enum part part)
{
    return part == PART_MORE ? SMTP_PROXIED_MORE : SMTP_PROXIED_NO;
}

/* "user:password@host:25": whom the client asked for, and not as whom. */
static struct smtp_span without_user(struct smtp_span target)
{
    size_t at = target.length;
    while (at > 0 && target.octets[at - 1] != '@')
        at--;
    return smtp_span_from(target, at);
}

/* A request each for as long as the proxy wants to know who asks (407), and then the answer that opens the way. */
static enum smtp_proxied_answer look_connect(struct reader *client, struct reader *server,
                                             struct smtp_proxied *handshake)
{
    for (;;) {
        struct smtp_span request, response;
        struct smtp_span answer = smtp_span_from(server->span, server->at);
        if (answer.length >= 5 && !smtp_span_starts_with(answer, "HTTP/"))
            return SMTP_PROXIED_NO;
        enum part part = take_header(client, &request);
        part = part == PART_OK ? take_header(server, &response) : part;
        if (part != PART_OK)
            return result_of(part);
        struct smtp_span rest = response;
        smtp_span_next_word(&rest);
        struct smtp_span status = smtp_span_next_word(&rest);
        if (!smtp_span_starts_with(request, "CONNECT "))
            return SMTP_PROXIED_NO;
        smtp_span_next_word(&request);
        handshake->target_octets = 0;
        add_to_target(handshake, without_user(smtp_span_next_word(&request)));
        if (smtp_span_starts_with(status, "2"))
            return SMTP_PROXIED_YES;
        if (!smtp_span_starts_with(status, "407"))
            return SMTP_PROXIED_NO;
        part = skip_body(server, response);
        if (part != PART_OK)
            return result_of(part);
    }
}

/* Whether `octets` are the first of `text`, and not all of them. */
static bool is_beginning(struct smtp_span octets, const char *text)
{
    return octets.length < strlen(text) && memcmp(octets.octets, text, octets.length) == 0;
}

enum smtp_proxied_answer smtp_proxied_look(struct smtp_span client, struct smtp_span server,
                                           struct smtp_proxied *handshake)
{
    struct reader from_client = { .span = client }, from_server = { .span = server };
    enum smtp_proxied_answer result = SMTP_PROXIED_NO;
    handshake->target_octets = 0;
    if (client.length == 0 || is_beginning(client, "CONNECT "))
        return SMTP_PROXIED_MORE;
    if (client.octets[0] == 5) {
        handshake->protocol = "SOCKS5";
        result = look_socks5(&from_client, &from_server, handshake);
    } else if (client.octets[0] == 4) {
        handshake->protocol = "SOCKS4";
        result = look_socks4(&from_client, &from_server, handshake);
    } else if (smtp_span_starts_with(client, "CONNECT ")) {
        handshake->protocol = "HTTP CONNECT";
        result = look_connect(&from_client, &from_server, handshake);
    }
    handshake->client_octets = from_client.at;
    handshake->server_octets = from_server.at;
    return result;
}
