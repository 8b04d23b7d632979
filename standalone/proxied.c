/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxied.h"

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

static enum proxied look_socks5(struct reader *client, struct reader *server)
{
    take(client);
    skip(client, take(client));
    if (take(server) != 5 && !server->short_of)
        return PROXIED_NO;
    uint8_t method = take(server);
    if (client->short_of || server->short_of)
        return PROXIED_MORE;
    if (method == 2) { /* user name and password, and the server's verdict */
        take(client);
        skip(client, take(client));
        skip(client, take(client));
        skip(server, 2);
    } else if (method != 0) {
        return PROXIED_NO;
    }
    uint8_t version = take(client);
    uint8_t command = take(client);
    take(client);
    if (client->short_of || server->short_of)
        return PROXIED_MORE;
    if (version != 5 || command != 1)
        return PROXIED_NO;
    skip_socks5_address(client);
    take(server);
    uint8_t verdict = take(server);
    take(server);
    if (client->short_of || server->short_of)
        return PROXIED_MORE;
    if (verdict != 0)
        return PROXIED_NO;
    skip_socks5_address(server);
    return client->short_of || server->short_of ? PROXIED_MORE : PROXIED_YES;
}

/* SOCKS4: 4, 1, port, address, user name, NUL; and for 4a a host name and NUL. */
static enum proxied look_socks4(struct reader *client, struct reader *server)
{
    take(client);
    if (take(client) != 1)
        return client->short_of ? PROXIED_MORE : PROXIED_NO;
    skip(client, 2);
    bool named = take(client) == 0;
    named = take(client) == 0 && named;
    named = take(client) == 0 && named;
    named = take(client) != 0 && named;
    while (!client->short_of && take(client) != 0)
        ;
    while (named && !client->short_of && take(client) != 0)
        ;
    bool granted = take(server) == 0 && take(server) == 0x5a;
    if (client->short_of || server->short_of)
        return PROXIED_MORE;
    if (!granted)
        return PROXIED_NO;
    skip(server, 6);
    return server->short_of ? PROXIED_MORE : PROXIED_YES;
}

/* The octets of an HTTP header up to and with its empty line; 0 if that is not there yet. */
static size_t http_header(struct smtp_span octets)
{
    for (size_t i = 3; i < octets.length; i++)
        if (memcmp(octets.octets + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    return 0;
}

static enum proxied look_connect(struct reader *client, struct reader *server)
{
    size_t request = http_header(client->span);
    size_t response = http_header(server->span);
    if (server->span.length >= 5 && !smtp_span_starts_with(server->span, "HTTP/"))
        return PROXIED_NO;
    if (request == 0 || response == 0)
        return PROXIED_MORE;
    struct smtp_span rest = server->span;
    smtp_span_next_word(&rest);
    if (!smtp_span_starts_with(smtp_span_next_word(&rest), "2"))
        return PROXIED_NO;
    client->at = request;
    server->at = response;
    return PROXIED_YES;
}

/* Whether `octets` are the first of `text`, and not all of them. */
static bool is_beginning(struct smtp_span octets, const char *text)
{
    return octets.length < strlen(text) && memcmp(octets.octets, text, octets.length) == 0;
}

enum proxied proxied_look(struct smtp_span client, struct smtp_span server, struct proxied_handshake *handshake)
{
    struct reader from_client = { .span = client }, from_server = { .span = server };
    enum proxied result = PROXIED_NO;
    if (client.length == 0 || is_beginning(client, "CONNECT "))
        return PROXIED_MORE;
    if (client.octets[0] == 5) {
        handshake->protocol = "SOCKS5";
        result = look_socks5(&from_client, &from_server);
    } else if (client.octets[0] == 4) {
        handshake->protocol = "SOCKS4";
        result = look_socks4(&from_client, &from_server);
    } else if (smtp_span_starts_with(client, "CONNECT ")) {
        handshake->protocol = "HTTP CONNECT";
        result = look_connect(&from_client, &from_server);
    }
    handshake->client_octets = from_client.at;
    handshake->server_octets = from_server.at;
    return result;
}
