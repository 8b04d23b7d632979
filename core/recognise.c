/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recognise.h"

#include "command.h"
#include "line.h"
#include "proxy.h"
#include "reply.h"
#include "telnet.h"
#include "tls.h"

bool smtp_port_is_known(uint16_t port)
{
    return port == 25 || port == 465 || port == 587 || port == 2525 || port == 24;
}

static bool is_reply(struct smtp_span octets)
{
    if (octets.length < 3 || octets.octets[0] < '2' || octets.octets[0] > '5')
        return false;
    if (!smtp_ascii_is_digit(octets.octets[1]) || !smtp_ascii_is_digit(octets.octets[2]))
        return false;
    return octets.length == 3 || !smtp_ascii_is_digit(octets.octets[3]);
}

static bool may_become_reply(struct smtp_span octets)
{
    for (size_t i = 0; i < octets.length; i++)
        if (!smtp_ascii_is_digit(octets.octets[i]))
            return false;
    return octets.length < 3;
}

static bool is_printable(struct smtp_span octets)
{
    for (size_t i = 0; i < octets.length; i++) {
        uint8_t octet = octets.octets[i];
        if (octet < 0x20 && octet != '\r' && octet != '\n' && octet != '\t')
            return false;
    }
    return true;
}

/* The banner's text holds the protocol's name as a word: SMTP, ESMTP, LMTP, ... */
static bool names_protocol(struct smtp_span banner)
{
    const uint8_t *end = memchr(banner.octets, '\n', banner.length);
    size_t length = end != NULL ? (size_t)(end - banner.octets) : banner.length;
    for (size_t i = 4; i + 4 <= length; i++)
        if (smtp_span_starts_with(smtp_span_from(banner, i), "SMTP") || smtp_span_starts_with(smtp_span_from(banner, i), "LMTP"))
            return true;
    return false;
}

static bool is_letter_or_digit(struct smtp_span span, size_t at)
{
    return at < span.length && (smtp_ascii_is_letter(span.octets[at]) || smtp_ascii_is_digit(span.octets[at]));
}

/* Whether a word of its own in the banner is a name of SMTP: not in the server's name, as in "smtp.example.com FTP
 * server". */
static bool is_named_protocol(struct smtp_span banner)
{
    static const char *const words[] = { "SMTP", "ESMTP", "LMTP", "UTF8SMTP", "ESMTPS" };
    const uint8_t *end = memchr(banner.octets, '\n', banner.length);
    banner = smtp_span_first(banner, end != NULL ? (size_t)(end - banner.octets) : banner.length);
    for (size_t i = 4; i < banner.length; i++) {
        bool begins = !is_letter_or_digit(banner, i - 1) && banner.octets[i - 1] != '.' && banner.octets[i - 1] != '-';
        for (size_t word = 0; begins && word < sizeof words / sizeof words[0]; word++) {
            size_t behind = i + strlen(words[word]);
            bool name = behind < banner.length && (banner.octets[behind] == '.' || banner.octets[behind] == '-');
            if (smtp_span_starts_with(smtp_span_from(banner, i), words[word]) && !is_letter_or_digit(banner, behind) && !name)
                return true;
        }
    }
    return false;
}

struct first_line {
    bool known; /* its end was seen */
    bool greets;
    bool certain;
    enum smtp_verb verb;
};

static struct first_line first_line(struct smtp_span octets, bool ended)
{
    struct smtp_line line;
    if (!smtp_line_find(octets, ended, &line))
        return (struct first_line){ .known = false };
    struct smtp_command command = smtp_command_parse(line.text);
    bool greets = smtp_verb_greets(command.verb);
    return (struct first_line){ .known = true,
                                .greets = greets,
                                .certain = smtp_command_is_certain(line.text),
                                .verb = command.verb };
}

/* A PROXY header in front of the dialogue; what stands behind one that is not whole is not known. */
static struct smtp_span without_proxy_header(struct smtp_span octets, bool ended)
{
    size_t length = 0;
    enum smtp_proxy_look look = smtp_proxy_look(octets, ended, &length);
    if (look == SMTP_PROXY_PERHAPS)
        return smtp_span(octets.octets, 0);
    return look == SMTP_PROXY_YES ? smtp_span_from(octets, length) : octets;
}

/* Telnet's own octets, which the session takes away, too. What may be the begin of some is not looked at yet. */
static struct smtp_span without_telnet(struct smtp_span octets, bool ended)
{
    for (;;) {
        size_t length = 0;
        enum smtp_telnet_look look = smtp_telnet_look(octets, &length);
        if (look == SMTP_TELNET_PERHAPS && !ended)
            return smtp_span(octets.octets, 0);
        if (look != SMTP_TELNET_YES)
            return octets;
        octets = smtp_span_from(octets, length);
    }
}

static enum smtp_recognition undecided(bool ended)
{
    return ended ? SMTP_RECOGNISED_NO : SMTP_RECOGNISED_MORE;
}

/* FTP greets as SMTP does, and NNTP nearly so: without the protocol's name in the banner the client's first word must tell. */
static bool greets_as_others(struct smtp_span server)
{
    bool greets = smtp_span_starts_with(server, "220") || smtp_span_starts_with(server, "200") || smtp_span_starts_with(server, "201");
    return greets && !names_protocol(server);
}

/* Commands that SMTP, FTP and NNTP all have say nothing. */
static struct smtp_span behind_common_commands(struct smtp_span client)
{
    struct smtp_line line;
    while (client.length > 0 && smtp_line_find(client, false, &line)
           && (smtp_span_is(line.text, "NOOP") || smtp_span_is(line.text, "HELP")))
        client = smtp_span_from(client, line.octets);
    return client;
}

/* What clients of FTP and NNTP begin with. `*perhaps`: it is not all there yet. */
static bool speaks_another(struct smtp_span all, bool *perhaps)
{
    struct smtp_span client = behind_common_commands(all);
    static const char *const words[] = { "USER ", "FEAT\r", "SYST\r", "OPTS ", "AUTH TLS\r", "AUTH SSL\r", "CAPABILITIES\r", "MODE READER\r",
                                         "GROUP ", "LIST\r", "NOOP\r\n", "HELP\r\n" }; /* the last two are not whole here */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t same = 0;
        while (same < client.length && words[i][same] != '\0' && smtp_ascii_upper(client.octets[same]) == (uint8_t)words[i][same])
            same++;
        *perhaps = same == client.length && words[i][same] != '\0';
        if (*perhaps || words[i][same] == '\0')
            return true;
    }
    return false;
}

/* Octets of a client that speaks binary, after which the server's are not waited for. */
#define BINARY_LIMIT ((size_t)1024)

/*
 * The server begins with words and no code, or with octets that are no text: SMTP if the client takes it for that. Others begin so,
 * too, but nobody says EHLO to them.
 */
static enum smtp_recognition behind_no_code(struct smtp_span client, bool opener_known, bool ended)
{
    struct first_line line = first_line(client, ended);
    if (!line.known)
        return undecided(ended);
    return line.greets || (line.certain && !opener_known) ? SMTP_RECOGNISED_YES : SMTP_RECOGNISED_NO;
}

/* On a port of its own, SMTP is believed unless what is said contradicts. */
static enum smtp_recognition on_known_port(struct smtp_span client, struct smtp_span server, bool opener_known, bool ended)
{
    if (server.length > 0) {
        bool perhaps = false;
        if (opener_known && greets_as_others(server) && speaks_another(client, &perhaps)) {
            if (!perhaps && memchr(server.octets, '\n', server.length) != NULL)
                return SMTP_RECOGNISED_NO;
            if (!ended)
                return SMTP_RECOGNISED_MORE;
        }
        if (is_reply(server) || smtp_tls_look(server, NULL) == SMTP_TLS_YES)
            return SMTP_RECOGNISED_YES;
        if (!may_become_reply(server) && smtp_tls_look(server, NULL) == SMTP_TLS_NO)
            return behind_no_code(client, opener_known, ended);
    }
    if (client.length > 0) {
        enum smtp_tls_look look = smtp_tls_look(client, NULL);
        if (look == SMTP_TLS_YES)
            return SMTP_RECOGNISED_YES;
        struct first_line line = first_line(behind_common_commands(client), ended);
        if (line.certain || line.greets)
            return SMTP_RECOGNISED_YES;
        /* Without a word from the server (one direction, or the middle of a message): text is taken for SMTP. */
        if (look == SMTP_TLS_NO && !is_printable(client)) /* a scanner speaks so to everybody: what the server is, it says itself */
            return undecided(ended || client.length >= BINARY_LIMIT);
        /* What a client says first, where that is known, is a command. */
        bool something_else = opener_known && line.known && line.verb == SMTP_VERB_UNKNOWN;
        if (ended && server.length == 0)
            return something_else ? SMTP_RECOGNISED_NO : SMTP_RECOGNISED_YES;
    }
    return undecided(ended);
}

/*
 * The client's side alone, and AUTH comes first: POP3 has it, too. What the client goes on with tells, else the port, where that is
 * not one that others are known by.
 */
static enum smtp_recognition behind_auth(struct smtp_span client, uint16_t port)
{
    static const char *const mail[] = { "STAT", "LIST", "UIDL", "RETR", "DELE", "TOP", "CAPA", "STLS", "APOP", "PASS" };
    struct smtp_line line;
    while (smtp_line_find(client, true, &line)) {
        struct smtp_command command = smtp_command_parse(line.text);
        bool envelope = command.verb == SMTP_VERB_MAIL || command.verb == SMTP_VERB_RCPT;
        if (envelope && smtp_command_is_certain(line.text))
            return SMTP_RECOGNISED_YES;
        for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++)
            if (smtp_span_is(command.word, mail[i]))
                return SMTP_RECOGNISED_NO;
        client = smtp_span_from(client, line.octets);
    }
    return port >= 1024 ? SMTP_RECOGNISED_YES : SMTP_RECOGNISED_NO;
}

/* The server says that it speaks SMTP: then it does, whatever a scanner says to it. */
static enum smtp_recognition by_banner(struct smtp_span client, bool whole_line, bool ended)
{
    bool perhaps = false;
    if (client.length > 0 && speaks_another(client, &perhaps) && !(perhaps && ended))
        return perhaps ? SMTP_RECOGNISED_MORE : SMTP_RECOGNISED_NO;
    return whole_line || ended || smtp_tls_look_for_hello(client) == SMTP_TLS_YES ? SMTP_RECOGNISED_YES : SMTP_RECOGNISED_MORE;
}

static enum smtp_recognition on_other_port(struct smtp_span client, struct smtp_span server, uint16_t port, bool ended)
{
    bool answered = server.length >= 3;
    bool banner = answered && is_reply(server) && server.octets[0] == '2' && server.octets[1] == '2';
    bool named = banner && memchr(server.octets, '\n', server.length) != NULL && is_named_protocol(server);
    if (answered && !is_reply(server))
        return SMTP_RECOGNISED_NO;
    struct first_line line = first_line(client, ended);
    if (!line.known) {
        if (client.length == 0 && ended && banner && names_protocol(server))
            return SMTP_RECOGNISED_YES;
        return named && client.length > 0 ? by_banner(client, false, ended) : undecided(ended);
    }
    if (line.greets && (banner || (answered && server.octets[0] != '3')))
        return SMTP_RECOGNISED_YES;
    if (line.greets)
        return ended && line.verb == SMTP_VERB_HELO ? SMTP_RECOGNISED_NO : ended ? SMTP_RECOGNISED_YES : SMTP_RECOGNISED_MORE;
    bool envelope = line.certain && (line.verb == SMTP_VERB_MAIL || line.verb == SMTP_VERB_RCPT);
    if (envelope || (banner && names_protocol(server) && line.verb != SMTP_VERB_UNKNOWN && line.verb != SMTP_VERB_NONE))
        return SMTP_RECOGNISED_YES;
    if (line.certain && line.verb == SMTP_VERB_AUTH && server.length == 0)
        return ended ? behind_auth(client, port) : SMTP_RECOGNISED_MORE;
    return named ? by_banner(client, true, ended) : SMTP_RECOGNISED_NO;
}

/* The whole lines of it. */
static struct smtp_span behind_cut(struct smtp_span octets, bool cut)
{
    if (!cut || octets.length == 0)
        return octets;
    const uint8_t *end = memchr(octets.octets, '\n', octets.length);
    return end != NULL ? smtp_span_from(octets, (size_t)(end - octets.octets) + 1) : smtp_span(octets.octets, 0);
}

/* 2525 lies where systems take the ports of their clients from: who uses it toward another known port is a client. */
static bool is_servers_port(const struct smtp_first_octets *seen, uint16_t port, uint16_t peer)
{
    bool clients = !seen->opener_known && port >= 1024 && peer < 1024 && !smtp_port_is_known(peer);
    return smtp_port_is_known(port) && !clients;
}

/* By the ports, where no SYN was seen. */
static bool opener_is_client_by_port(const struct smtp_first_octets *seen)
{
    bool opener_on_port = is_servers_port(seen, seen->opener_port, seen->other_port);
    bool other_on_port = is_servers_port(seen, seen->other_port, seen->opener_port);
    return seen->opener_known || other_on_port || !opener_on_port;
}

bool smtp_is_on_known_port(const struct smtp_first_octets *seen)
{
    return opener_is_client_by_port(seen) ? is_servers_port(seen, seen->other_port, seen->opener_port)
                                          : is_servers_port(seen, seen->opener_port, seen->other_port);
}

enum smtp_recognition smtp_recognise(const struct smtp_first_octets *seen, bool *opener_is_client)
{
    bool opener_client = opener_is_client_by_port(seen);
    struct smtp_span opener = behind_cut(seen->opener, seen->opener_cut);
    struct smtp_span other = behind_cut(seen->other, seen->other_cut);
    /* Who greets with 220 is the server, whatever the ports say (RFC 5321 section 3.1); ATRN turns the roles later. */
    if (!seen->opener_known && smtp_span_starts_with(opener, "220") && !smtp_span_starts_with(other, "220"))
        opener_client = false;
    *opener_is_client = opener_client;
    struct smtp_span client = without_telnet(without_proxy_header(opener_client ? opener : other, seen->ended), seen->ended);
    struct smtp_span server = without_telnet(opener_client ? other : opener, seen->ended);
    bool ended = seen->ended || client.length >= SMTP_RECOGNISE_LIMIT || server.length >= SMTP_RECOGNISE_LIMIT;
    if (client.length == 0 && server.length == 0)
        return undecided(seen->ended);
    uint16_t port = opener_client ? seen->other_port : seen->opener_port;
    bool known = seen->believed || is_servers_port(seen, port, opener_client ? seen->opener_port : seen->other_port);
    return known ? on_known_port(client, server, seen->opener_known, ended) : on_other_port(client, server, port, ended);
}
