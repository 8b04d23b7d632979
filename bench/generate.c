/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Writes a capture of mail traffic, and beside it the truth: the SHA-256 of each message that is in the capture as a
 * whole. The same options give the same octets. usage: generate [OPTION=NUMBER...] CAPTURE TRUTH; the table of options
 * below is the list of them.
 */

#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT 1448
#define POOL_OCTETS ((size_t)4 * 1024 * 1024)
#define DELAYED_LIMIT 4

static struct {
    const char *name;
    uint64_t value;
    const char *what;
} options[] = {
    { "seed", 1, "of the random numbers" },
    { "sessions", 100, "SMTP sessions" },
    { "concurrent", 50, "of them at a time" },
    { "mails", 1, "messages in a session" },
    { "size", 20000, "octets of a message, from a tenth of this to the double of it" },
    { "big-every", 0, "each so many messages one is of big-size octets; 0: none" },
    { "big-size", 1000000, "octets" },
    { "pipelining", 0, "percent of the sessions" },
    { "bdat", 0, "percent of the sessions" },
    { "auth", 0, "percent of the sessions" },
    { "starttls", 0, "percent of the sessions; their messages are not in the truth" },
    { "ipv6", 0, "percent of the sessions" },
    { "vlan", 0, "percent of the sessions" },
    { "other", 0, "octets of bulk traffic for each octet of mail" },
    { "retransmit", 0, "percent of the segments come again" },
    { "reorder", 0, "percent of the segments come behind the next ones" },
    { "overlap", 0, "percent of the segments come again with other boundaries" },
    { "loss", 0, "percent of the segments are not in the capture; their messages are not in the truth" },
    { "syn-flood", 0, "SYNs from random sources" },
};

enum {
    SEED,
    SESSIONS,
    CONCURRENT,
    MAILS,
    SIZE,
    BIG_EVERY,
    BIG_SIZE,
    PIPELINING,
    BDAT,
    AUTH,
    STARTTLS,
    IPV6,
    VLAN,
    OTHER,
    RETRANSMIT,
    REORDER,
    OVERLAP,
    LOSS,
    SYN_FLOOD
};

/* ---- random numbers (splitmix64) ---- */

static uint64_t state;

static uint64_t next_random(void)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(uint64_t limit)
{
    return limit == 0 ? 0 : next_random() % limit;
}

static bool happens(int option)
{
    return below(100) < options[option].value;
}

/* ---- frames ---- */

static FILE *capture, *truth;
static uint64_t now = UINT64_C(1790000000000000); /* microseconds */
static uint64_t written;

static void put16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint32_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

struct flow {
    bool ipv6, vlan;
    uint32_t host[2];
    uint16_t port[2];
};

struct packet {
    int from;
    uint8_t flags;
    uint32_t sequence, acknowledgement;
    size_t length;
    uint8_t payload[SEGMENT];
};

enum { FIN = 1, SYN = 2, RST = 4, PUSH = 8, ACK = 16 };

static void put_address(uint8_t *at, const struct flow *flow, int side)
{
    if (!flow->ipv6) {
        put32(at, flow->host[side]);
        return;
    }
    memset(at, 0, 16);
    put32(at, 0x20010db8);
    put32(at + 12, flow->host[side]);
}

/* RFC 1071. */
static uint32_t checksum(uint32_t sum, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return 0xffff - sum;
}

static void write_packet(const struct flow *flow, const struct packet *packet)
{
    uint8_t frame[128 + SEGMENT] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
    size_t at = 12;
    size_t tcp = 20 + packet->length;
    if (flow->vlan) {
        put16(frame + at, 0x8100);
        put16(frame + at + 2, 42);
        at += 4;
    }
    put16(frame + at, flow->ipv6 ? 0x86dd : 0x0800);
    at += 2;
    if (flow->ipv6) {
        frame[at] = 0x60;
        put16(frame + at + 4, (uint32_t)tcp);
        frame[at + 6] = 6;
        frame[at + 7] = 64;
        put_address(frame + at + 8, flow, packet->from);
        put_address(frame + at + 24, flow, 1 - packet->from);
        at += 40;
    } else {
        frame[at] = 0x45;
        put16(frame + at + 2, (uint32_t)tcp + 20);
        frame[at + 8] = 64;
        frame[at + 9] = 6;
        put_address(frame + at + 12, flow, packet->from);
        put_address(frame + at + 16, flow, 1 - packet->from);
        at += 20;
    }
    put16(frame + at, flow->port[packet->from]);
    put16(frame + at + 2, flow->port[1 - packet->from]);
    put32(frame + at + 4, packet->sequence);
    put32(frame + at + 8, packet->acknowledgement);
    frame[at + 12] = 0x50;
    frame[at + 13] = packet->flags;
    put16(frame + at + 14, 65535);
    memcpy(frame + at + 20, packet->payload, packet->length);
    size_t addresses = flow->ipv6 ? 32 : 8;
    put16(frame + at + 16, checksum((uint32_t)tcp + 6, frame + at - addresses, addresses + tcp));
    if (!flow->ipv6)
        put16(frame + at - 10, checksum(0, frame + at - 20, 20));
    at += 20 + packet->length;
    now += 1 + below(20);
    uint32_t header[4] = { (uint32_t)(now / 1000000), (uint32_t)(now % 1000000), (uint32_t)at, (uint32_t)at };
    fwrite(header, sizeof header, 1, capture);
    fwrite(frame, at, 1, capture);
    written += at;
}

/* ---- what messages are made of ---- */

static char *pool;

static void make_pool(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ ,";
    pool = g_malloc(POOL_OCTETS);
    size_t at = 0;
    while (at + 80 <= POOL_OCTETS) {
        size_t length = 20 + below(56);
        for (size_t i = 0; i < length; i++)
            pool[at + i] = letters[below(sizeof letters - 1)];
        if (below(50) == 0)
            pool[at] = '.';
        pool[at + length] = '\r';
        pool[at + length + 1] = '\n';
        at += length + 2;
    }
    memset(pool + at, '\n', POOL_OCTETS - at);
}

/* The message as it is, and as DATA sends it. */
static void make_message(uint64_t number, GString *plain, GString *stuffed)
{
    uint64_t base = options[SIZE].value;
    uint64_t size = base / 10 + below(base * 19 / 10 + 1);
    if (options[BIG_EVERY].value > 0 && number % options[BIG_EVERY].value == 0)
        size = options[BIG_SIZE].value;
    g_string_printf(plain,
                    "From: sender <alice@example.com>\r\nTo: bob@example.org\r\nSubject: message %" G_GUINT64_FORMAT
                    "\r\nMessage-ID: <%" G_GUINT64_FORMAT "@example.com>\r\n\r\n",
                    number, number);
    g_string_assign(stuffed, plain->str);
    size_t at = (size_t)below(POOL_OCTETS / 2);
    while (plain->len < size) {
        const char *end = memchr(pool + at, '\n', POOL_OCTETS - at);
        size_t length = (size_t)(end - (pool + at)) + 1;
        if (length < 2 || end[-1] != '\r' || at + length + 100 >= POOL_OCTETS) {
            at = 0;
            continue;
        }
        g_string_append_len(plain, pool + at, (gssize)length);
        if (pool[at] == '.')
            g_string_append_c(stuffed, '.');
        g_string_append_len(stuffed, pool + at, (gssize)length);
        at += length;
    }
}

/* ---- sessions ---- */

enum step { OPEN, GREETED, STEP_STARTTLS, STEP_AUTH, ENVELOPE, CONTENT, QUITTING, CLOSING, DONE };

struct session {
    struct flow flow;
    bool pipelining, bdat, auth, starttls;
    enum step step;
    uint64_t mails;
    uint32_t sequence[2];
    GString *out[2]; /* what each side has yet to send */
    size_t sent[2];
    int turn; /* who sends what it has first */
    bool unacked[2];
    bool whole;      /* nothing of this message is missing yet */
    char digest[65]; /* of the message on its way; empty: none */
    struct packet last;
    struct packet delayed[DELAYED_LIMIT];
    unsigned delayed_count;
};

static uint64_t started, messages;

static void flush_delayed(struct session *session)
{
    for (unsigned i = 0; i < session->delayed_count; i++)
        write_packet(&session->flow, &session->delayed[i]);
    session->delayed_count = 0;
}

static void send_packet(struct session *session, const struct packet *packet)
{
    if (packet->length > 0 && happens(LOSS)) {
        session->whole = false;
        return;
    }
    if (packet->length > 0 && session->delayed_count < DELAYED_LIMIT && happens(REORDER)) {
        session->delayed[session->delayed_count++] = *packet;
        return;
    }
    write_packet(&session->flow, packet);
    if (packet->length > 0 && happens(RETRANSMIT))
        write_packet(&session->flow, packet);
    if (packet->length > 8 && happens(OVERLAP)) {
        struct packet part = *packet;
        size_t skip = 1 + (size_t)below(packet->length - 2);
        part.sequence += (uint32_t)skip;
        part.length -= skip;
        memmove(part.payload, part.payload + skip, part.length);
        write_packet(&session->flow, &part);
    }
    if (session->delayed_count > 0 && below(3) == 0)
        flush_delayed(session);
}

static void send_flags(struct session *session, int from, uint8_t flags)
{
    struct packet packet = { .from = from,
                             .flags = flags,
                             .sequence = session->sequence[from],
                             .acknowledgement = flags & ACK ? session->sequence[1 - from] : 0 };
    if (flags & (SYN | FIN))
        flush_delayed(session);
    send_packet(session, &packet);
    if (flags & (SYN | FIN))
        session->sequence[from]++;
}

/* Sends one segment of what `from` has to say. */
static void send_segment(struct session *session, int from)
{
    struct packet packet = { .from = from,
                             .flags = ACK | PUSH,
                             .sequence = session->sequence[from],
                             .acknowledgement = session->sequence[1 - from] };
    size_t left = session->out[from]->len - session->sent[from];
    packet.length = MIN(left, SEGMENT);
    memcpy(packet.payload, session->out[from]->str + session->sent[from], packet.length);
    session->sent[from] += packet.length;
    session->sequence[from] += (uint32_t)packet.length;
    if (session->sent[from] == session->out[from]->len) {
        g_string_truncate(session->out[from], 0);
        session->sent[from] = 0;
    }
    send_packet(session, &packet);
    if (session->unacked[from]) /* every second segment is acknowledged */
        send_flags(session, 1 - from, ACK);
    session->unacked[from] = !session->unacked[from];
}

static void start(struct session *session)
{
    *session = (struct session){
        .flow = { .ipv6 = happens(IPV6),
                  .vlan = happens(VLAN),
                  .host = { 0x0a000000 + (uint32_t)(started / 50000), 0xc0000219 },
                  .port = { (uint16_t)(10000 + started % 50000), 25 } },
        .pipelining = happens(PIPELINING),
        .bdat = happens(BDAT),
        .auth = happens(AUTH),
        .starttls = happens(STARTTLS),
        .sequence = { (uint32_t)next_random(), (uint32_t)next_random() },
        .out = { session->out[0], session->out[1] },
        .whole = true,
        .turn = 1,
    };
    started++;
    for (int side = 0; side < 2; side++)
        if (session->out[side] == NULL)
            session->out[side] = g_string_new(NULL);
    send_flags(session, 0, SYN);
    send_flags(session, 1, SYN | ACK);
    send_flags(session, 0, ACK);
}

static void digest_of(const GString *text, char *hex)
{
    uint8_t digest[32];
    EVP_Digest(text->str, text->len, digest, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void say_content(struct session *session, GString *client, GString *server)
{
    static GString *plain, *stuffed;
    if (plain == NULL) {
        plain = g_string_new(NULL);
        stuffed = g_string_new(NULL);
    }
    make_message(++messages, plain, stuffed);
    digest_of(plain, session->digest);
    if (session->bdat) {
        for (size_t at = 0; at < plain->len;) {
            size_t length = MIN(plain->len - at, 30000);
            bool last = at + length == plain->len;
            g_string_append_printf(client, "BDAT %zu%s\r\n", length, last ? " LAST" : "");
            g_string_append_len(client, plain->str + at, (gssize)length);
            g_string_append(server, "250 2.0.0 got it\r\n");
            at += length;
        }
        return;
    }
    g_string_append_len(client, stuffed->str, (gssize)stuffed->len);
    g_string_append(client, ".\r\n");
    g_string_append(server, "250 2.0.0 queued\r\n");
}

static void finish_message(struct session *session)
{
    if (session->digest[0] != '\0' && session->whole)
        fprintf(truth, "%s\n", session->digest);
    session->digest[0] = '\0';
}

/* Puts the next exchange into `out`. */
static void next_step(struct session *session)
{
    GString *client = session->out[0];
    GString *server = session->out[1];
    session->turn = 0;
    switch (session->step) {
    case OPEN:
        g_string_append(server, "220 mail.example.com ESMTP\r\n");
        session->turn = 1;
        session->step = GREETED;
        break;
    case GREETED:
        g_string_append(client, "EHLO client.example.com\r\n");
        g_string_append(server, "250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250-STARTTLS\r\n"
                                "250-AUTH PLAIN\r\n250-8BITMIME\r\n250 CHUNKING\r\n");
        session->step = session->starttls ? STEP_STARTTLS : session->auth ? STEP_AUTH : ENVELOPE;
        break;
    case STEP_STARTTLS:
        g_string_append(client, "STARTTLS\r\n");
        g_string_append(server, "220 2.0.0 go ahead\r\n");
        session->step = CLOSING;
        break;
    case STEP_AUTH:
        g_string_append(client, "AUTH PLAIN AGFsaWNlAGNvcnJlY3QtaG9yc2U=\r\n");
        g_string_append(server, "235 2.7.0 welcome\r\n");
        session->step = ENVELOPE;
        break;
    case ENVELOPE:
        session->whole = true;
        g_string_append(client, "MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.org>\r\n");
        g_string_append(server, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n");
        if (!session->bdat) {
            g_string_append(client, "DATA\r\n");
            g_string_append(server, "354 go ahead\r\n");
        }
        session->step = CONTENT;
        break;
    case CONTENT:
        say_content(session, client, server);
        session->mails++;
        session->step = session->mails < options[MAILS].value ? ENVELOPE : QUITTING;
        break;
    case QUITTING:
        g_string_append(client, "QUIT\r\n");
        g_string_append(server, "221 2.0.0 bye\r\n");
        session->step = CLOSING;
        break;
    case CLOSING:
        send_flags(session, 1, FIN | ACK);
        send_flags(session, 0, FIN | ACK);
        send_flags(session, 1, ACK);
        session->step = DONE;
        break;
    case DONE:
        break;
    }
}

/* Without PIPELINING each command waits for its reply: one line of the client, one of the server. */
static void send_line(struct session *session, int from)
{
    GString *out = session->out[from];
    const char *start_of = out->str + session->sent[from];
    const char *end = strstr(start_of, "\r\n");
    struct packet packet = { .from = from,
                             .flags = ACK | PUSH,
                             .sequence = session->sequence[from],
                             .acknowledgement = session->sequence[1 - from] };
    packet.length = end != NULL ? (size_t)(end - start_of) + 2 : out->len - session->sent[from];
    memcpy(packet.payload, start_of, packet.length);
    session->sent[from] += packet.length;
    session->sequence[from] += (uint32_t)packet.length;
    send_packet(session, &packet);
    if (session->sent[from] == out->len) {
        g_string_truncate(out, 0);
        session->sent[from] = 0;
    }
}

static void advance(struct session *session)
{
    bool lines = session->step == CONTENT && !session->pipelining; /* the envelope is on its way */
    if (session->out[session->turn]->len == 0 && session->out[1 - session->turn]->len > 0)
        session->turn = 1 - session->turn;
    if (session->out[session->turn]->len > 0) {
        if (!lines) {
            send_segment(session, session->turn);
            return;
        }
        send_line(session, session->turn);
        session->turn = 1 - session->turn;
        return;
    }
    flush_delayed(session);
    finish_message(session);
    next_step(session);
}

/* ---- other traffic ---- */

static void write_bulk(void)
{
    static uint32_t sequence = 1;
    struct flow flow = { .host = { 0x0a800001 + (uint32_t)below(64), 0xc6336401 },
                         .port = { (uint16_t)(40000 + below(64)), 443 } };
    struct packet packet = { .from = 1, .flags = ACK, .sequence = sequence, .acknowledgement = 1, .length = SEGMENT };
    memcpy(packet.payload, pool + below(POOL_OCTETS - SEGMENT), SEGMENT);
    packet.payload[0] = 0x17;
    sequence += SEGMENT;
    write_packet(&flow, &packet);
}

static void write_syn(void)
{
    struct flow flow = { .host = { (uint32_t)next_random(), 0xc0000219 }, .port = { (uint16_t)next_random(), 25 } };
    struct packet packet = { .flags = SYN, .sequence = (uint32_t)next_random() };
    write_packet(&flow, &packet);
}

static void write_all(void)
{
    uint64_t concurrent = MIN(options[CONCURRENT].value, options[SESSIONS].value);
    struct session *sessions = g_new0(struct session, concurrent);
    uint64_t active = 0, bulk = 0, syns = 0;
    for (uint64_t i = 0; i < concurrent; i++) {
        start(&sessions[i]);
        active++;
    }
    while (active > 0) {
        struct session *session = &sessions[below(active)];
        uint64_t before = written;
        advance(session);
        uint64_t mail = written - before;
        for (bulk += mail * options[OTHER].value; bulk >= SEGMENT; bulk -= SEGMENT)
            write_bulk();
        for (; syns * options[SESSIONS].value < options[SYN_FLOOD].value * started; syns++)
            write_syn();
        if (session->step != DONE)
            continue;
        if (started < options[SESSIONS].value) {
            start(session);
            continue;
        }
        struct session ended = *session;
        *session = sessions[--active];
        sessions[active] = ended;
    }
}

static bool read_option(const char *argument)
{
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        size_t length = strlen(options[i].name);
        if (strncmp(argument, options[i].name, length) != 0 || argument[length] != '=')
            continue;
        return g_ascii_string_to_unsigned(argument + length + 1, 10, 0, G_MAXINT64, &options[i].value, NULL);
    }
    return false;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc - 2; i++) {
        if (!read_option(argv[i])) {
            fprintf(stderr, "generate: no such option: %s\n", argv[i]);
            return 2;
        }
    }
    if (argc < 3 || (capture = fopen(argv[argc - 2], "wb")) == NULL || (truth = fopen(argv[argc - 1], "w")) == NULL) {
        fprintf(stderr, "usage: generate [OPTION=NUMBER...] CAPTURE TRUTH\n");
        for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
            fprintf(stderr, "  %-12s %s (%" G_GUINT64_FORMAT ")\n", options[i].name, options[i].what, options[i].value);
        return 2;
    }
    static char buffer[1 << 20];
    setvbuf(capture, buffer, _IOFBF, sizeof buffer);
    static const uint32_t header[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1 };
    fwrite(header, sizeof header, 1, capture);
    state = options[SEED].value;
    make_pool();
    write_all();
    return fclose(capture) == 0 && fclose(truth) == 0 ? 0 : 1;
}
