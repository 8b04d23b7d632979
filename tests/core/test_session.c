/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whole dialogues through the session: what was said, in the order it was said, and the events it must give. Every
 * dialogue is run three times: as it stands, octet by octet, and with neighbours of one role joined.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "session.h"

/* One thing said. "C" and "S" are octets of client and server; "c" and "s" a hole in their streams. */
struct said {
    char who;
    const char *octets;
    unsigned count; /* of the hole, or of octets with a NUL among them; 0: up to the first NUL */
};

struct dialogue {
    const char *name;
    bool mid_stream;
    struct said said[32];
    const char *expected; /* the log, a line an event that matters */
};

struct side {
    GString *pending;
    bool finished;
    GQueue holes; /* struct hole: at which length of `pending` a hole stands, and its octets */
};

struct hole {
    size_t behind;
    uint64_t octets;
};

struct run {
    struct smtp_session session;
    struct side side[2];
    GString *log;
    GString *later;  /* findings inside content: where they stand depends on the cuts */
    bool in_content; /* the log is inside the quotes of content */
    bool collecting; /* content has begun */
    int client;      /* which side is the client: ATRN turns them */
};

static void log_content(struct run *run, const struct smtp_event *event)
{
    if (!run->in_content)
        g_string_append_printf(run->log, "content %u \"", event->content.message);
    run->in_content = true;
    g_string_append_len(run->log, (const char *)event->content.text.octets, (gssize)event->content.text.length);
}

static void log_reply(struct run *run, const struct smtp_event *event)
{
    static const char *const answers[] = { "nothing", "greeting", "command", "content", "response", "empty line", "unknown" };
    g_string_append_printf(run->log, "%u %s", event->reply.whole.code, answers[event->reply.whole.answers]);
    if (event->reply.number > 0)
        g_string_append_printf(run->log, " %u", event->reply.number);
    if (event->reply.whole.recipient > 0)
        g_string_append_printf(run->log, " recipient %u", event->reply.whole.recipient);
    if (event->reply.whole.lines > 1)
        g_string_append_printf(run->log, " lines %u", event->reply.whole.lines);
    g_string_append(run->log, event->reply.whole.partial ? " partial\n" : "\n");
}

static void take_event(void *context, const struct smtp_event *event)
{
    struct run *run = context;
    GString *log = run->log;
    if (run->in_content && event->kind != SMTP_EVENT_CONTENT && event->kind != SMTP_EVENT_FINDING) {
        g_string_append(log, "\"\n");
        run->in_content = false;
    }
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        g_string_append_printf(log, "%u %.*s\n", event->command.number, (int)event->command.line.text.length,
                               (const char *)event->command.line.text.octets);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        g_string_append_printf(log, "response %u.%u %.*s\n", event->auth_response.number, event->auth_response.index,
                               (int)event->auth_response.line.text.length,
                               (const char *)event->auth_response.line.text.octets);
        break;
    case SMTP_EVENT_REPLY:
        log_reply(run, event);
        break;
    case SMTP_EVENT_CONTENT:
        log_content(run, event);
        break;
    case SMTP_EVENT_CONTENT_BEGIN:
        run->collecting = true;
        break;
    case SMTP_EVENT_CONTENT_END:
        g_string_append_len(log, run->later->str, (gssize)run->later->len);
        g_string_truncate(run->later, 0);
        run->collecting = false;
        g_string_append_printf(log, "end %u%s%s%s\n", event->content_end.message,
                               event->content_end.complete ? " complete" : "", event->content_end.last ? " last" : "",
                               event->content_end.end_mark == SMTP_END_VARIANT ? " variant" : "");
        break;
    case SMTP_EVENT_BOUNDARY:
        g_string_append_printf(log, "boundary %s %s\n", smtp_boundary_name(event->boundary.boundary),
                               smtp_step_name(event->boundary.step));
        break;
    case SMTP_EVENT_TRANSACTION_BEGIN:
        g_string_append_printf(log, "mail %u by %u\n", event->transaction_begin.transaction,
                               event->transaction_begin.number);
        break;
    case SMTP_EVENT_TRANSACTION_RCPT:
        g_string_append_printf(log, "rcpt %u by %u %u\n", event->transaction_rcpt.transaction,
                               event->transaction_rcpt.number, event->transaction_rcpt.code);
        break;
    case SMTP_EVENT_TRANSACTION_END: {
        const char *outcome = smtp_outcome_name(event->transaction_end.outcome);
        g_string_append_printf(log, "mail %u %s %u", event->transaction_end.transaction,
                               outcome != NULL ? outcome : "unknown", event->transaction_end.code);
        if (event->transaction_end.deliveries != SMTP_DELIVERIES_NONE && run->session.half[SMTP_SERVER].gap)
            g_string_append_printf(log, " %s %u",
                                   event->transaction_end.deliveries == SMTP_DELIVERIES_OF_ALL ? "all" : "accepted",
                                   event->transaction_end.replies);
        g_string_append_c(log, '\n');
        break;
    }
    case SMTP_EVENT_GAP:
        g_string_append_printf(log, "gap %s %u", event->role == SMTP_CLIENT ? "client" : "server", (unsigned)event->octets);
        if (event->gap.content > 0)
            g_string_append_printf(log, " of content %u%s", (unsigned)event->gap.content,
                                   event->gap.more ? " or more" : "");
        g_string_append_c(log, '\n');
        break;
    case SMTP_EVENT_SKIPPED:
        g_string_append_printf(log, "skipped %.*s", (int)event->skipped.text.length,
                               (const char *)event->skipped.text.octets);
        if (log->str[log->len - 1] != '\n')
            g_string_append_c(log, '\n');
        break;
    case SMTP_EVENT_FINDING:
        if (event->finding.finding != SMTP_FINDING_CAPTURE_GAP &&
            event->finding.finding != SMTP_FINDING_STARTTLS_NOT_OFFERED)
            g_string_append_printf(run->collecting ? run->later : log, "! %s\n",
                                   smtp_finding_name(event->finding.finding));
        break;
    case SMTP_EVENT_FINDING_PROOF:
        g_string_append_printf(log, "!+ %s\n", smtp_finding_name(event->finding_proof.finding));
        break;
    case SMTP_EVENT_TURNED:
        g_string_append(log, "turned\n");
        run->client = 1 - run->client;
        break;
    case SMTP_EVENT_TLS_HELLO:
        g_string_append_printf(log, "hello of the %s\n", event->tls_hello.client ? "client" : "server");
        break;
    case SMTP_EVENT_PROXY:
        g_string_append_printf(log, "proxy header of %u\n", (unsigned)event->octets);
        break;
    default:
        break;
    }
}

/* Feeds what waits, up to the next hole. Returns whether it passed one. */
static bool feed(struct run *run, int which)
{
    struct smtp_sink sink = { .event = take_event, .context = run };
    struct side *side = &run->side[which];
    enum smtp_role role = which == run->client ? SMTP_CLIENT : SMTP_SERVER;
    struct hole *hole = g_queue_peek_head(&side->holes);
    size_t length = hole != NULL ? hole->behind : side->pending->len;
    bool at_end = hole != NULL || side->finished;
    /* An exactly sized copy, so that reading too far is seen. */
    uint8_t *copy = g_memdup2(side->pending->str, length + (length == 0));
    size_t used = smtp_session_feed(&run->session, role, smtp_span(copy, length), at_end, &sink);
    g_free(copy);
    assert_true(used <= length);
    g_string_erase(side->pending, 0, (gssize)used);
    for (GList *at = side->holes.head; at != NULL; at = at->next)
        ((struct hole *)at->data)->behind -= used;
    if (hole == NULL || hole->behind > 0)
        return false;
    smtp_session_gap(&run->session, role, hole->octets, &sink);
    g_free(g_queue_pop_head(&side->holes));
    return true;
}

static void pump(struct run *run, int first)
{
    uint64_t before;
    bool holes = true;
    do {
        before = run->session.units;
        holes = feed(run, first);
        holes = feed(run, 1 - first) || holes;
    } while (run->session.units != before || holes);
}

static void say(struct run *run, int which, const char *octets, size_t length)
{
    g_string_append_len(run->side[which].pending, octets, (gssize)length);
    pump(run, which);
}

static void make_hole(struct run *run, int which, unsigned octets)
{
    struct hole *hole = g_new(struct hole, 1);
    *hole = (struct hole){ .behind = run->side[which].pending->len, .octets = octets };
    g_queue_push_tail(&run->side[which].holes, hole);
    pump(run, which);
}

enum cut {
    CUT_AS_SAID,
    CUT_OCTETS,
    CUT_JOINED,
};

static gssize length_of(const struct said *said)
{
    return (gssize)(said->count > 0 ? said->count : strlen(said->octets));
}

static char *play(const struct dialogue *dialogue, enum cut cut)
{
    struct run run = { .log = g_string_new(NULL), .later = g_string_new(NULL) };
    struct smtp_sink sink = { .event = take_event, .context = &run };
    smtp_session_start(&run.session, dialogue->mid_stream);
    for (int which = 0; which < 2; which++)
        run.side[which].pending = g_string_new(NULL);
    for (const struct said *said = dialogue->said; said->who != '\0'; said++) {
        int which = said->who == 'C' || said->who == 'c' ? 0 : 1;
        if (said->who == 'c' || said->who == 's') {
            make_hole(&run, which, said->count);
            continue;
        }
        GString *octets = g_string_new_len(said->octets, length_of(said));
        while (cut == CUT_JOINED && said[1].who == said->who) {
            said++;
            g_string_append_len(octets, said->octets, length_of(said));
        }
        size_t step = cut == CUT_OCTETS ? 1 : octets->len;
        for (size_t at = 0; at < octets->len; at += step)
            say(&run, which, octets->str + at, step);
        g_string_free(octets, TRUE);
    }
    for (int role = 0; role < 2; role++) {
        run.side[role].finished = true;
        smtp_session_finished(&run.session, (enum smtp_role)role);
    }
    pump(&run, 0);
    smtp_session_end(&run.session, &sink);
    for (int role = 0; role < 2; role++)
        g_string_free(run.side[role].pending, TRUE);
    g_string_free(run.later, TRUE);
    return g_string_free(run.log, FALSE);
}

#define GREETED { 'S', "220 mx.example.com ESMTP\r\n", 0 }, { 'C', "EHLO a.example.com\r\n", 0 }, \
                { 'S', "250-mx.example.com\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 HELP\r\n", 0 }
#define GREETED_LOG "220 greeting\n1 EHLO a.example.com\n250 command 1 lines 4\n"

/* Hellos that end where their session identifiers begin: enough to be known by. */
#define TWELVE "............"
#define CLIENT_HELLO "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" TWELVE TWELVE "........\x00\x00\x02\x13\x01\x01\x00"
#define SERVER_HELLO "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" TWELVE TWELVE "........\x00\x13\x01\x00"
#define SSL2_HELLO "\x80\x1c\x01\x00\x02\x00\x03\x00\x00\x00\x10\x07\x00\xc0................"
#define BYTES(who, text) { who, text, sizeof(text) - 1 }
#define OFFERED { 'S', "220 mx ESMTP\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250-mx\r\n250 STARTTLS\r\n", 0 }
#define OFFERED_LOG "220 greeting\n1 EHLO a\n250 command 1 lines 2\nboundary starttls offered\n"
#define ASKED_LOG OFFERED_LOG "2 STARTTLS\nboundary starttls requested\n"
#define ACCEPTED_LOG ASKED_LOG "220 command 2\nboundary starttls accepted\n"

static const struct dialogue dialogues[] = {
    { "STARTTLS accepted, and TLS follows", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', CLIENT_HELLO), BYTES('S', SERVER_HELLO) },
      ACCEPTED_LOG "boundary starttls handshake\nhello of the client\nhello of the server\n" },
    { "a piece of a line behind the server's 220", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n250-AUTH PLAIN", 0 }, BYTES('C', CLIENT_HELLO), BYTES('S', SERVER_HELLO) },
      ACCEPTED_LOG "boundary starttls handshake\n! starttls-reply-injection\nhello of the client\nskipped 250-AUTH PLAIN\n"
                   "hello of the server\n" },
    { "a piece of a line behind the server's 220, with a CR in it, in the hello's segment", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', CLIENT_HELLO), BYTES('S', "250 x\r" SERVER_HELLO) },
      ACCEPTED_LOG "boundary starttls handshake\nhello of the client\nskipped 250 x\r\n! starttls-reply-injection\n"
                   "hello of the server\n" },
    { "a line and a piece behind the server's 220", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n250-mx\r\n250-A", 0 }, BYTES('C', CLIENT_HELLO), BYTES('S', SERVER_HELLO) },
      ACCEPTED_LOG "boundary starttls handshake\n! starttls-reply-injection\nhello of the client\nskipped 250-A\n250 nothing partial\n"
                   "! reply-without-command\nhello of the server\n" },
    { "a piece behind the server's 220, and no more of the server", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n250-A", 0 }, BYTES('C', CLIENT_HELLO) },
      ACCEPTED_LOG "boundary starttls handshake\n! starttls-reply-injection\nhello of the client\nskipped 250-A\n" },
    { "a piece of a command behind STARTTLS", false,
      { OFFERED, { 'C', "STARTTLS\r\nMAIL FROM:<e@example.com>", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', CLIENT_HELLO),
        BYTES('S', SERVER_HELLO) },
      ACCEPTED_LOG "! starttls-command-injection\nskipped MAIL FROM:<e@example.com>\nboundary starttls handshake\n"
                   "hello of the client\nhello of the server\n" },
    { "a piece of a command behind the reply to STARTTLS", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', "MAIL" CLIENT_HELLO) },
      ACCEPTED_LOG "skipped MAIL\nboundary starttls handshake\n! starttls-command-injection\nhello of the client\n" },
    { "commands and a piece behind STARTTLS: no mail is begun", false,
      { OFFERED, { 'C', "STARTTLS\r\nRSET\r\nMAIL FROM:<e@example.com>\r\nRCPT TO:<", 0 }, { 'S', "220 go\r\n", 0 },
        BYTES('C', CLIENT_HELLO) },
      ACCEPTED_LOG "! starttls-command-injection\n3 RSET\n4 MAIL FROM:<e@example.com>\nskipped RCPT TO:<\n"
                   "boundary starttls handshake\nhello of the client\n" },
    { "a whole mail behind STARTTLS", false,
      { OFFERED, { 'C', "STARTTLS\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', CLIENT_HELLO) },
      ACCEPTED_LOG "! starttls-command-injection\n3 DATA\nskipped x\r\n.\r\nQUIT\r\nboundary starttls handshake\n"
                   "hello of the client\n" },
    { "a chunk behind STARTTLS", false,
      { OFFERED, { 'C', "STARTTLS\r\nBDAT 900 LAST\r\nxyz", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', CLIENT_HELLO) },
      ACCEPTED_LOG "! starttls-command-injection\n3 BDAT 900 LAST\ncontent 1 \"xyz\"\nend 1 last\n"
                   "boundary starttls handshake\nhello of the client\n" },
    { "what looks like a hello, and is none", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', "NOOP \x16\x03\x01\x00\x05\x07\x00\r\n"),
        { 'S', "250 ok\r\n", 0 } },
      ACCEPTED_LOG "3 NOOP \x16\x03\x01\n! nul-octet\n250 command 3\n" },
    { "a piece, and SSLv2 behind it", false,
      { OFFERED, { 'C', "STARTTLS\r\nNO", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', SSL2_HELLO) },
      ACCEPTED_LOG "! starttls-command-injection\nskipped NO\nboundary starttls handshake\nhello of the client\n" },
    { "a piece, and an alert behind it", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n", 0 }, BYTES('C', CLIENT_HELLO),
        BYTES('S', "250" "\x15\x03\x03\x00\x02\x02\x28") },
      ACCEPTED_LOG "boundary starttls handshake\nhello of the client\nskipped 250\n! starttls-reply-injection\n"
                   "boundary starttls failed\n" },
    { "a piece behind STARTTLS that was refused is the rest of a line", false,
      { OFFERED, { 'C', "STARTTLS\r\nNO", 0 }, { 'S', "454 no\r\n", 0 }, { 'C', "OP\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      ASKED_LOG "454 command 2\nboundary starttls refused\n! starttls-refused\n3 NOOP\n250 command 3\n" },
    { "STARTTLS answered with 250, and TLS follows", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "250 go\r\n", 0 }, BYTES('C', CLIENT_HELLO), BYTES('S', SERVER_HELLO) },
      ASKED_LOG "250 command 2\nboundary starttls accepted\nboundary starttls handshake\nhello of the client\nhello of the server\n" },
    { "STARTTLS answered with 250, and the client goes on in clear", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "250 go\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      ASKED_LOG "250 command 2\nboundary starttls refused\n! starttls-refused\n3 NOOP\n250 command 3\n" },
    { "STARTTLS answered with 250, a command behind it, and TLS follows", false,
      { OFFERED, { 'C', "STARTTLS\r\nNOOP\r\n", 0 }, { 'S', "250 go\r\n", 0 }, BYTES('C', CLIENT_HELLO) },
      ASKED_LOG "250 command 2\n3 NOOP\nboundary starttls accepted\n! starttls-command-injection\nboundary starttls handshake\n"
                "hello of the client\n" },
    { "STARTTLS answered with 250, a command behind it, and both are answered", false,
      { OFFERED, { 'C', "STARTTLS\r\nNOOP\r\n", 0 }, { 'S', "250 go\r\n250 ok\r\n", 0 } },
      ASKED_LOG "250 command 2\n3 NOOP\nboundary starttls refused\n! starttls-refused\n250 command 3\n" },
    { "an EHLO refused by its last line offers nothing", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250-mx\r\n250-STARTTLS\r\n550 no\r\n", 0 } },
      "220 greeting\n1 EHLO a\n550 command 1 lines 3\n! reply-code-mismatch\n" },
    { "a hello to a server that speaks clear SMTP", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, BYTES('C', CLIENT_HELLO), { 'S', "500 what\r\n500 what\r\n421 bye\r\n", 0 } },
      "220 greeting\nboundary implicit-tls handshake\nhello of the client\nboundary implicit-tls failed\n500 nothing\n500 nothing\n"
      "421 nothing\n" },
    { "a hello to a server that speaks clear SMTP, and the client goes on in clear", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, BYTES('C', CLIENT_HELLO), { 'S', "500 what\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      "220 greeting\nboundary implicit-tls handshake\nhello of the client\nboundary implicit-tls failed\n500 nothing\n"
      "1 MAIL FROM:<a@example.com>\n250 command 1\nmail 1 by 1\nmail 1 unfinished 0\n" },
    { "a hello behind a refused STARTTLS", false,
      { OFFERED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "454 no\r\n", 0 }, BYTES('C', CLIENT_HELLO), { 'S', "500 what\r\n", 0 } },
      ASKED_LOG "454 command 2\nboundary starttls refused\n! starttls-refused\nboundary implicit-tls handshake\nhello of the client\n"
                "boundary implicit-tls failed\n500 nothing\n" },
    { "lines that end in CR CR LF", false,
      { { 'S', "220 mx\r\r\n", 0 }, { 'C', "EHLO x\r\r\n", 0 }, { 'S', "250-mx\r\r\n250 HELP\r\r\n", 0 },
        { 'C', "MAIL FROM:<a@example.com>\r\r\n", 0 }, { 'S', "250 ok\r\r\n", 0 }, { 'C', "RCPT TO:<b@example.com>\r\r\n", 0 },
        { 'S', "250 ok\r\r\n", 0 }, { 'C', "DATA\r\r\n", 0 }, { 'S', "354 go\r\r\n", 0 },
        { 'C', "hi\r\r\n.\r\r\n", 0 }, { 'S', "250 ok\r\r\n", 0 }, { 'C', "QUIT\r\r\n", 0 }, { 'S', "221 bye\r\r\n", 0 } },
      "! bare-carriage-return\n220 greeting\n1 EHLO x\n250 command 1 lines 2\n2 MAIL FROM:<a@example.com>\n250 command 2\n"
      "mail 1 by 2\n3 RCPT TO:<b@example.com>\n250 command 3\nrcpt 1 by 3 250\n4 DATA\n354 command 4\ncontent 1 \"hi\r\r\n\"\n"
      "end 1 complete last variant\n250 content 4\nmail 1 accepted 250\n5 QUIT\n221 command 5\n" },
    { "lines that end in CR CR LF, and the next mail waits for no reply", false,
      { { 'S', "220 mx\r\r\n", 0 }, { 'C', "DATA\r\r\n", 0 }, { 'S', "354 go\r\r\n", 0 },
        { 'C', "hi\r\r\n.\r\r\nRSET\r\r\n", 0 }, { 'S', "250 ok\r\r\n250 ok\r\r\n", 0 } },
      "! bare-carriage-return\n220 greeting\n1 DATA\n354 command 1\nmail 1 by 0\ncontent 1 \"hi\r\r\n\"\n"
      "end 1 complete last variant\n250 content 1\nmail 1 accepted 250\n2 RSET\n250 command 2\n" },
    { "a mark that ends in CR CR LF, among lines that do not", false,
      { { 'S', "220 mx\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 }, { 'C', "hi\r\n.\r\r\nRSET\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n", 0 } },
      "220 greeting\n1 DATA\n354 command 1\nmail 1 by 0\ncontent 1 \"hi\r\n\"\nend 1 complete last variant\n250 content 1\n"
      "mail 1 accepted 250\n! smtp-smuggling\n!+ smtp-smuggling\n2 RSET\n250 command 2\n" },
    { "a plain mail", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 },
        { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 },
        { 'S', "354 go\r\n", 0 }, { 'C', "Subject: x\r\n\r\n..dot\r\n.\r\n", 0 }, { 'S', "250 queued\r\n", 0 },
        { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n3 RCPT TO:<b@example.com>\n250 command 3\n"
                  "rcpt 1 by 3 250\n4 DATA\n354 command 4\ncontent 1 \"Subject: x\r\n\r\n.dot\r\n\"\nend 1 complete last\n"
                  "250 content 4\nmail 1 accepted 250\n5 QUIT\n221 command 5\n" },
    { "a whole mail in one segment, content and all", false,
      { GREETED, { 'C', "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\n! pipelining-violation\ncontent 1 \"x\r\n\"\nend 1 complete last\n5 QUIT\n"
                  "250 content 4\nmail 1 accepted 250\n221 command 5\n" },
    { "a refused DATA leaves the client in command mode", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 },
        { 'S', "503 no recipients\r\n", 0 }, { 'C', "hello\r\n", 0 }, { 'S', "500 what\r\n", 0 }, { 'C', ".\r\n", 0 },
        { 'S', "500 what\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n3 DATA\n503 command 3\n4 hello\n! unknown-command\n"
                  "500 command 4\n5 .\n500 command 5\n6 RSET\n250 command 6\nmail 1 rejected 503\n" },
    { "BDAT in all its forms", false,
      { GREETED, { 'C', "BDAT 5 X\r\nBDAT -1\r\nBDAT 99999999999999999999\r\nBDAT\r\n", 0 },
        { 'S', "501 a\r\n501 b\r\n501 c\r\n501 d\r\n", 0 },
        { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 4\r\n.\r\nxBDAT 0 LAST\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 4 octets\r\n250 queued\r\n", 0 } },
      GREETED_LOG "2 BDAT 5 X\n3 BDAT -1\n4 BDAT 99999999999999999999\n5 BDAT\n501 command 2\n501 command 3\n501 command 4\n"
                  "501 command 5\n6 MAIL FROM:<a@example.com>\n7 RCPT TO:<b@example.com>\n8 BDAT 4\n"
                  "content 1 \".\r\nx\"\nend 1 complete\n9 BDAT 0 LAST\nend 1 complete last\n250 command 6\nmail 1 by 6\n"
                  "250 command 7\nrcpt 1 by 7 250\n250 command 8\n250 command 9\nmail 1 accepted 250\n" },
    { "a refused BDAT whose octets never come", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "BDAT 100 LAST\r\n", 0 },
        { 'S', "503 no recipients\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n3 BDAT 100 LAST\n503 command 3\nend 1 last\n4 RSET\n"
                  "250 command 4\nmail 1 rejected 503\n" },
    { "a refused BDAT whose octets follow", false,
      { GREETED, { 'C', "BDAT 6 LAST\r\n", 0 }, { 'S', "503 no mail\r\n", 0 }, { 'C', "abcdefNOOP\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 BDAT 6 LAST\n503 command 2\ncontent 1 \"abcdef\"\nend 1 complete last\n3 NOOP\n250 command 3\n" },
    { "AUTH LOGIN, its answers look like commands", false,
      { GREETED, { 'C', "AUTH LOGIN\r\n", 0 }, { 'S', "334 VXNlcm5hbWU6\r\n", 0 }, { 'C', "QUIT\r\n", 0 },
        { 'S', "334 UGFzc3dvcmQ6\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "535 no\r\n", 0 }, { 'C', "NOOP\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 AUTH LOGIN\n! extension-not-offered\nboundary auth started\n334 command 2\nboundary auth challenge\n"
                  "response 2.0 QUIT\n334 response 2\nboundary auth challenge\nresponse 2.1 RSET\n! cleartext-credentials\n"
                  "535 response 2\nboundary auth rejected\n3 NOOP\n250 command 3\n" },
    { "AUTH cancelled, refused and accepted", false,
      { GREETED, { 'C', "AUTH CRAM-MD5\r\n", 0 }, { 'S', "334 PDEyMz4=\r\n", 0 }, { 'C', "*\r\n", 0 },
        { 'S', "501 cancelled\r\n", 0 }, { 'C', "AUTH FOO\r\n", 0 }, { 'S', "504 unknown\r\n", 0 },
        { 'C', "AUTH ANONYMOUS =\r\n", 0 }, { 'S', "235 ok\r\n", 0 } },
      GREETED_LOG "2 AUTH CRAM-MD5\n! extension-not-offered\nboundary auth started\n334 command 2\nboundary auth challenge\n"
                  "response 2.0 *\n501 response 2\nboundary auth cancelled\n3 AUTH FOO\nboundary auth started\n504 command 3\n"
                  "boundary auth rejected\n4 AUTH ANONYMOUS =\nboundary auth started\n235 command 4\nboundary auth accepted\n" },
    { "STARTTLS refused, and on in clear", false,
      { GREETED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "454 not now\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 STARTTLS\n! extension-not-offered\nboundary starttls requested\n454 command 2\n"
                  "boundary starttls refused\n! starttls-refused\n3 MAIL FROM:<a@example.com>\n! starttls-fallback-to-clear\n"
                  "250 command 3\nmail 1 by 3\nmail 1 unfinished 0\n" },
    { "STARTTLS accepted, and the dialogue goes on in clear", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250-mx\r\n250 STARTTLS\r\n", 0 },
        { 'C', "STARTTLS\r\n", 0 }, { 'S', "220 go\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250 mx\r\n", 0 } },
      "220 greeting\n1 EHLO a\n250 command 1 lines 2\nboundary starttls offered\n2 STARTTLS\nboundary starttls requested\n"
      "220 command 2\nboundary starttls accepted\n3 EHLO a\n250 command 3\n" },
    { "commands behind STARTTLS", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250-mx\r\n250 STARTTLS\r\n", 0 },
        { 'C', "STARTTLS\r\nMAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "220 go\r\n", 0 } },
      "220 greeting\n1 EHLO a\n250 command 1 lines 2\nboundary starttls offered\n2 STARTTLS\nboundary starttls requested\n"
      "220 command 2\nboundary starttls accepted\n! starttls-command-injection\n3 MAIL FROM:<a@example.com>\n"
      "mail 1 by 3\nmail 1 unfinished 0\n" },
    { "LMTP answers the content once for each recipient", false,
      { { 'S', "220 mx LMTP\r\n", 0 }, { 'C', "LHLO a\r\n", 0 }, { 'S', "250-mx\r\n250 PIPELINING\r\n", 0 },
        { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<x@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 },
        { 'S', "250 b\r\n452 c is full\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      "220 greeting\n1 LHLO a\n250 command 1 lines 2\n2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n"
      "4 RCPT TO:<x@example.com>\n5 RCPT TO:<c@example.com>\n6 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
      "rcpt 1 by 3 250\n550 command 4\nrcpt 1 by 4 550\n250 command 5\nrcpt 1 by 5 250\n354 command 6\ncontent 1 \"x\r\n\"\n"
      "end 1 complete last\n250 content 6 recipient 1\n452 content 6 recipient 2\nmail 1 accepted 250\n7 QUIT\n221 command 7\n" },
    { "421 unasked, in the middle of content", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "half a li", 0 }, { 'S', "421 time is up\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\ncontent 1 \"half a li\"\n421 nothing\nend 1 last\nmail 1 unfinished 0\n" },
    { "a bare-LF end mark that the server honours", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\nRCPT TO:<b@example.com>\nDATA\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\n.\n", 0 }, { 'S', "250 queued\r\n", 0 },
        { 'C', "QUIT\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n! bare-line-feed\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n"
                  "250 command 3\nrcpt 1 by 3 250\n354 command 4\ncontent 1 \"x\n\"\nend 1 complete last variant\n250 content 4\n"
                  "mail 1 accepted 250\n5 QUIT\n221 command 5\n" },
    { "the same mark inside a message, with commands behind it: smuggling", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 },
        { 'C', "x\r\n", 0 }, { 'C', "y\n.\nMAIL FROM:<admin@example.com>\r\n.\r\n", 0 }, { 'S', "250 queued\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\ncontent 1 \"x\r\ny\n.\nMAIL FROM:<admin@example.com>\r\n\"\n"
                  "! bare-line-feed\n! smtp-smuggling\nend 1 complete last\n250 content 4\nmail 1 accepted 250\n!+ smtp-smuggling\n" },
    { "the server answers to one message twice: it honoured the mark inside", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 },
        { 'C', "x\r\n.\rMAIL FROM:<admin@example.com>\r\nRCPT TO:<c@example.com>\r\n.\r\n", 0 },
        { 'S', "250 queued\r\n250 ok\r\n250 ok\r\n500 what\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\n"
                  "content 1 \"x\r\n\rMAIL FROM:<admin@example.com>\r\nRCPT TO:<c@example.com>\r\n\"\n! bare-carriage-return\n"
                  "! smtp-smuggling\nend 1 complete last\n250 content 4\nmail 1 accepted 250\n250 nothing\n"
                  "! reply-without-command\n!+ smtp-smuggling\n250 nothing\n500 nothing\n5 QUIT\n221 command 5\n" },
    { "it answers at the mark, behind which a command waits", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 },
        { 'C', "x\r\n\n.\r\nMAIL FROM:<admin@example.com>\r\n", 0 }, { 'S', "250 queued\r\n250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\n"
                  "content 1 \"x\r\n\n\"\n! bare-line-feed\nend 1 complete last variant\n250 content 4\nmail 1 accepted 250\n"
                  "! smtp-smuggling\n!+ smtp-smuggling\n5 MAIL FROM:<admin@example.com>\n250 command 5\nmail 2 by 5\n"
                  "mail 2 unfinished 0\n" },
    { "it answers once: the mark was content to it", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 },
        { 'C', "x\n.\r\nMAIL FROM:<admin@example.com>\r\n.\r\n", 0 },
        { 'S', "250 queued\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\n"
                  "content 1 \"x\n.\r\nMAIL FROM:<admin@example.com>\r\n\"\n! bare-line-feed\n! smtp-smuggling\n"
                  "end 1 complete last\n250 content 4\nmail 1 accepted 250\n5 QUIT\n221 command 5\n!+ smtp-smuggling\n" },
    { "prose behind a lone dot is no command", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 },
        { 'C', "x\n.\nMail me back, and help yourself\r\n.\r\n", 0 }, { 'S', "250 queued\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\n"
                  "content 1 \"x\n.\nMail me back, and help yourself\r\n\"\n! bare-line-feed\nend 1 complete last\n"
                  "250 content 4\nmail 1 accepted 250\n" },
    { "a banner without its line end", false,
      { { 'S', "220 mx ESMTP", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250-mx\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      "1 EHLO a\n220 greeting\n2 MAIL FROM:<a@example.com>\n250 command 1 partial\n250 command 2\n"
      "mail 1 by 2\n3 RCPT TO:<b@example.com>\n250 command 3\nrcpt 1 by 3 250\nmail 1 unfinished 0\n" },
    { "one direction only: the client's", false,
      { { 's', NULL, 112 }, { 'C', "EHLO a\r\n", 0 }, { 's', NULL, 50 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 's', NULL, 8 }, { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 's', NULL, 8 }, { 'C', "DATA\r\n", 0 }, { 's', NULL, 37 },
        { 'C', "hello\r\n.\r\n", 0 }, { 's', NULL, 12 }, { 'C', "QUIT\r\n", 0 } },
      "gap server 112\n1 EHLO a\ngap server 50\n2 MAIL FROM:<a@example.com>\ngap server 8\n3 RCPT TO:<b@example.com>\n"
      "gap server 8\n4 DATA\ngap server 37\nmail 1 by 2\nrcpt 1 by 3 0\ncontent 1 \"hello\r\n\"\nend 1 complete last\n"
      "gap server 12\n5 QUIT\nmail 1 unknown 0\n" },
    { "one direction only: the server's", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, { 'c', NULL, 20 }, { 'S', "250 hi\r\n", 0 }, { 'c', NULL, 30 }, { 'S', "550 no\r\n", 0 } },
      "220 greeting\ngap client 20\n250 unknown\ngap client 30\n550 unknown\n" },
    { "a hole in the content", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "begin\r\n", 0 }, { 'c', NULL, 100 }, { 'C', "end\r\n.\r\n", 0 },
        { 'S', "250 queued\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\ncontent 1 \"begin\r\n\"\ngap client 100 of content 100\ncontent 1 \"end\r\n\"\nend 1 last\n"
                  "250 content 4\nmail 1 accepted 250\n5 QUIT\n221 command 5\n" },
    { "a hole that swallows the end of data", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "begin\r\n", 0 }, { 'c', NULL, 100 }, { 'S', "250 queued\r\n", 0 },
        { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n250 command 3\n"
                  "rcpt 1 by 3 250\n354 command 4\ncontent 1 \"begin\r\n\"\ngap client 100 of content 100\nend 1 last\n250 content 4\n"
                  "mail 1 accepted 250\n5 QUIT\n221 command 5\n" },
    { "a hole in the commands: prose behind it is no command", false,
      { GREETED, { 'c', NULL, 60 }, { 'C', "Data was lost, said the cat\r\nRSET\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "gap client 60\nskipped Data was lost, said the cat\r\n2 RSET\n250 command 2\n" },
    { "the middle of a dialogue", true,
      { { 'C', "of a line\r\nRCPT TO:<b@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 },
        { 'S', "354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 }, { 'S', "250 queued\r\n", 0 } },
      "skipped of a line\r\n1 RCPT TO:<b@example.com>\n250 command 1\nmail 1 by 0\nrcpt 1 by 1 250\n2 DATA\n354 command 2\n"
      "content 1 \"x\r\n\"\nend 1 complete last\n250 content 2\nmail 1 accepted 250\n" },
    { "ATRN turns the roles around", false,
      { GREETED, { 'C', "ATRN example.com\r\n", 0 }, { 'S', "250 now turning\r\n", 0 }, { 'C', "220 a ESMTP\r\n", 0 },
        { 'S', "EHLO mx\r\n", 0 }, { 'C', "250 a\r\n", 0 } },
      GREETED_LOG "2 ATRN example.com\n! extension-not-offered\n250 command 2\nturned\n220 greeting\n3 EHLO mx\n250 command 3\n" },
    { "a hole between CR and LF", false,
      { GREETED, { 'C', "NOOP\r", 0 }, { 'c', NULL, 1 }, { 'S', "250 ok\r\n", 0 }, { 'C', "QUIT\r\n", 0 } },
      GREETED_LOG "2 NOOP\ngap client 1\n250 command 2\n3 QUIT\n" },
    { "a mail by BDAT, one by DATA, BDAT again without MAIL", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 2\r\nhi", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 2\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 },
        { 'C', "x\r\n.\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "BDAT 3 LAST\r\nabc", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 BDAT 2\ncontent 1 \"hi\"\nend 1 complete\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n250 command 4\n5 DATA\n354 command 5\n"
                  "content 1 \"x\r\n\"\nend 1 last\n250 content 5\nmail 1 accepted 250\n6 BDAT 3 LAST\n"
                  "content 2 \"abc\"\nend 2 complete last\n250 command 6\n" },
    { "a chunk whose end is lost, and DATA: they are one message", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 9\r\nhi", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 9\r\n", 0 }, { 'c', NULL, 7 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 },
        { 'C', "x\r\n.\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 BDAT 9\ncontent 1 \"hi\"\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n250 command 4\ngap client 7 of content 7\nend 1\n"
                  "5 DATA\n354 command 5\ncontent 1 \"x\r\n\"\nend 1 last\n250 content 5\nmail 1 accepted 250\n" },
    { "a hole behind a chunk, and DATA", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 9\r\nhi", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 9\r\n", 0 }, { 'c', NULL, 90 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 },
        { 'C', "x\r\n.\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 BDAT 9\ncontent 1 \"hi\"\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n250 command 4\n"
                  "gap client 90 of content 7 or more\nend 1\n5 DATA\n354 command 5\n"
                  "content 1 \"x\r\n\"\nend 1 last\n250 content 5\nmail 1 accepted 250\n" },
    { "a hole longer than the last chunk: the rest is none of the message", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 9 LAST\r\nhi", 0 },
        { 'S', "250 ok\r\n250 ok\r\n", 0 }, { 'c', NULL, 90 }, { 'S', "250 queued\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 BDAT 9 LAST\ncontent 1 \"hi\"\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\ngap client 90 of content 7\nend 1 last\n"
                  "250 command 4\nmail 1 accepted 250\n" },
    { "refused chunks, and DATA instead", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 2\r\nhi", 0 },
        { 'S', "250 ok\r\n250 ok\r\n502 no\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 },
        { 'C', "x\r\n.\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 BDAT 2\ncontent 1 \"hi\"\nend 1 complete\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n502 command 4\n5 DATA\n354 command 5\n"
                  "content 2 \"x\r\n\"\nend 2 complete last\n250 content 5\nmail 1 accepted 250\n" },
    { "a chunk lost in a hole: the message is not whole", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 2\r\nhi", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 2\r\n", 0 }, { 'c', NULL, 20 }, { 'S', "250 ok\r\n", 0 },
        { 'C', "BDAT 3 LAST\r\nabc", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 BDAT 2\ncontent 1 \"hi\"\nend 1 complete\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n250 command 4\ngap client 20\n"
                  "250 unknown\n5 BDAT 3 LAST\ncontent 1 \"abc\"\nend 1 last\n250 command 5\nmail 1 accepted 250\n" },
    { "the last chunk alone", true,
      { { 'C', "BDAT 3 LAST\r\nabc", 0 }, { 'S', "250 ok\r\n", 0 } },
      "1 BDAT 3 LAST\ncontent 1 \"abc\"\nend 1 last\n250 command 1\nmail 1 by 0\nmail 1 accepted 250\n" },
    { "a challenge although AUTH was lost", false,
      { GREETED, { 'c', NULL, 12 }, { 'S', "334 VXNlcm5hbWU6\r\n", 0 }, { 'C', "YWxpY2U=\r\n", 0 },
        { 'S', "334 UGFzc3dvcmQ6\r\n", 0 }, { 'C', "aHVudGVyMg==\r\n", 0 }, { 'S', "235 ok\r\n", 0 },
        { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "gap client 12\n334 unknown\nboundary auth started\nresponse 0.0 YWxpY2U=\n334 response\n"
                  "boundary auth challenge\nresponse 0.1 aHVudGVyMg==\n235 response\nboundary auth accepted\n2 QUIT\n"
                  "221 command 2\n" },
    { "AUTH without a mechanism, and a challenge", false,
      { GREETED, { 'C', "AUTH\r\n", 0 }, { 'S', "334 VXNlcm5hbWU6\r\n", 0 }, { 'C', "YWxpY2U=\r\n", 0 },
        { 'S', "501 no\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 AUTH\n! extension-not-offered\n334 command 2\nboundary auth started\nboundary auth challenge\n"
                  "response 2.0 YWxpY2U=\n501 response 2\nboundary auth rejected\n3 QUIT\n221 command 3\n" },
    { "commands lost in a group: which reply is whose cannot be told before 354", false,
      { GREETED, { 'c', NULL, 30 }, { 'C', "RCPT TO:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 sender ok\r\n550 a unknown\r\n250 b ok\r\n354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 },
        { 'S', "250 queued\r\n", 0 } },
      GREETED_LOG "gap client 30\n2 RCPT TO:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 unknown\n"
                  "550 unknown\n250 unknown\nmail 1 by 0\nrcpt 1 by 2 0\nrcpt 1 by 3 0\n354 command 4\ncontent 1 \"x\r\n"
                  "\"\nend 1 complete last\n250 content 4\nmail 1 accepted 250\n" },
    { "an empty line that the server answers", false,
      { GREETED, { 'C', "\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n", 0 },
        { 'S', "500 bad syntax\r\n250 ok\r\n550 no\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n500 empty line\n250 command 2\nmail 1 by 2\n"
                  "550 command 3\nrcpt 1 by 3 550\nmail 1 unfinished 0\n" },
    { "an empty line that the server passes over", false,
      { GREETED, { 'C', "\r\nMAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\nmail 1 unfinished 0\n" },
    { "a line that looks like a TLS record where nobody asked for TLS", false,
      { GREETED, { 'C', "\x16\x03\x01\x01 \x01 x\r\n", 0 }, { 'S', "500 what\r\n", 0 }, { 'C', "NOOP\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 \x16\x03\x01\x01 \x01 x\n! unknown-command\n500 command 2\n3 NOOP\n250 command 3\n" },
    { "LMTP: one refusal of BDAT for all recipients", false,
      { { 'S', "220 mx LMTP\r\n", 0 }, { 'C', "LHLO a\r\n", 0 }, { 'S', "250-mx\r\n250 CHUNKING\r\n", 0 },
        { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 ok\r\n", 0 }, { 'C', "BDAT 2 LAST\r\nhi", 0 }, { 'S', "503 no\r\n", 0 },
        { 'C', "RSET\r\n", 0 }, { 'S', "250 reset\r\n", 0 } },
      "220 greeting\n1 LHLO a\n250 command 1 lines 2\n2 MAIL FROM:<a@example.com>\n"
      "3 RCPT TO:<b@example.com>\n! pipelining-violation\n4 RCPT TO:<c@example.com>\n250 command 2\n"
      "mail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n250 command 4\nrcpt 1 by 4 250\n5 BDAT 2 LAST\n"
      "content 1 \"hi\"\nend 1 complete last\n503 command 5\nmail 1 rejected 503\n6 RSET\n250 command 6\n" },
    { "a doubtful mark that was settled does not end the content later", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\n.\n", 0 }, { 'C', "y\r\n.\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n"
                  "250 command 3\nrcpt 1 by 3 250\n354 command 4\ncontent 1 \"x\n.\ny\r\n\"\n! bare-line-feed\n"
                  "end 1 complete last\n250 content 4\nmail 1 accepted 250\n" },

    /* Replies that settle nothing. */
    { "RCPT answered with words, and the client goes on", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 },
        { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 'S', "-ERR no such user\r\n", 0 }, { 'C', "RSET\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n3 RCPT TO:<b@example.com>\n"
                  "0 command 3\n! malformed-reply\nrcpt 1 by 3 0\n4 RSET\n250 command 4\nmail 1 aborted 0\n"
                  "5 MAIL FROM:<a@example.com>\n250 command 5\nmail 2 by 5\nmail 2 unfinished 0\n" },
    { "text in front of the reply to the same command", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "please wait\r\n", 0 }, { 'S', "\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2 lines 3\n! malformed-reply\nmail 1 by 2\n3 RSET\n"
                  "250 command 3\nmail 1 aborted 0\n" },
    { "text among the replies to several commands: the order is lost until 354", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n4.7.0 later\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 }, { 'S', "250 queued\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 RCPT TO:<c@example.com>\n5 DATA\n"
                  "250 command 2\nmail 1 by 2\n0 unknown\n! malformed-reply\n250 unknown\nrcpt 1 by 3 0\nrcpt 1 by 4 0\n"
                  "354 command 5\ncontent 1 \"x\r\n\"\nend 1 complete last\n250 content 5\nmail 1 accepted 250\n" },
    { "one command waits in front of the one that 354 answers", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\nno such user\r\n354 go\r\n", 0 }, { 'C', ".\r\n", 0 }, { 'S', "554 no recipients\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n"
                  "0 command 3\n! malformed-reply\nrcpt 1 by 3 0\n354 command 4\nend 1 complete last\n"
                  "554 content 4\nmail 1 rejected 554\n" },
    { "text among the replies to several commands, and the client goes on behind as many lines", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\n", 0 },
        { 'S', "what\r\n250 ok\r\n550 no\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "250 reset\r\n", 0 },
        { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "550 no\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 RCPT TO:<c@example.com>\n0 unknown\n"
                  "! malformed-reply\n250 unknown\n550 unknown\nmail 1 by 2\nrcpt 1 by 3 0\nrcpt 1 by 4 0\n5 RSET\n"
                  "250 command 5\nmail 1 aborted 0\n6 MAIL FROM:<a@example.com>\n550 command 6\nmail 2 by 6\n"
                  "mail 2 rejected 550\n" },
    { "DATA answered with words, and content follows; its answer has no code, either", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "RCPT TO:<b@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "go ahead\r\n", 0 }, { 'C', "Subject: x\r\n\r\n.\r\n", 0 },
        { 'S', "thank you\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n3 RCPT TO:<b@example.com>\n250 command 3\n"
                  "rcpt 1 by 3 250\n4 DATA\n0 command 4\n! malformed-reply\ncontent 1 \"Subject: x\r\n\r\n\"\n"
                  "end 1 complete last\n0 content 4\n! malformed-reply\nmail 1 unknown 0\n5 NOOP\n250 command 5\n" },
    { "DATA answered with words, and no content follows", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 },
        { 'S', "no\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n3 DATA\n0 command 3\n! malformed-reply\n"
                  "4 RSET\n250 command 4\nmail 1 aborted 0\n" },
    { "the answer to the message has no code, and the capture ends", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 }, { 'S', "  250 queued\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n3 RCPT TO:<b@example.com>\n4 DATA\n250 command 2\nmail 1 by 2\n"
                  "250 command 3\nrcpt 1 by 3 250\n354 command 4\ncontent 1 \"x\r\n\"\nend 1 complete last\n"
                  "0 content 4\n! malformed-reply\nmail 1 unknown 0\n" },
    { "AUTH answered with words, and again", false,
      { GREETED, { 'C', "AUTH LOGIN\r\n", 0 }, { 'S', "Username?\r\n", 0 }, { 'C', "YWxpY2U=\r\n", 0 },
        { 'S', "334 UGFzc3dvcmQ6\r\n", 0 }, { 'C', "aHVudGVyMg==\r\n", 0 }, { 'S', "sorry\r\n", 0 },
        { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 AUTH LOGIN\n! extension-not-offered\nboundary auth started\n0 command 2\n! malformed-reply\n"
                  "response 2.0 YWxpY2U=\n334 response 2\nboundary auth challenge\nresponse 2.1 aHVudGVyMg==\n"
                  "! cleartext-credentials\n0 response 2\n! malformed-reply\n3 QUIT\n221 command 3\n" },
    { "STARTTLS answered with words, and on in clear", false,
      { GREETED, { 'C', "STARTTLS\r\n", 0 }, { 'S', "4.7.0 no\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 STARTTLS\n! extension-not-offered\nboundary starttls requested\n0 command 2\n! malformed-reply\n"
                  "boundary starttls refused\n! starttls-refused\n3 MAIL FROM:<a@example.com>\n! starttls-fallback-to-clear\n"
                  "250 command 3\nmail 1 by 3\nmail 1 unfinished 0\n" },
    { "a greeting and an answer to EHLO without codes", false,
      { { 'S', "welcome\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "hello\nthere\n", 0 }, { 'C', "HELO a\r\n", 0 },
        { 'S', "250 hi\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "bye\r\n", 0 } },
      "! bare-line-feed\n0 greeting\n! malformed-reply\n1 EHLO a\n0 command 1 lines 2\n! malformed-reply\n2 HELO a\n"
      "250 command 2\n3 QUIT\n0 command 3\n! malformed-reply\n" },
    { "text in front of EHLO's reply: its first line is no extension", false,
      { { 'S', "220 mx ESMTP\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "hi\r\n250-STARTTLS\r\n250 CHUNKING\r\n", 0 },
        { 'C', "NOOP\r\n", 0 }, { 'S', "what\r\n250-a\r\nb\r\n250 c\r\n", 0 } },
      "220 greeting\n1 EHLO a\n250 command 1 lines 3\n! malformed-reply\n2 NOOP\n"
      "250 command 2 lines 4\n! malformed-reply\n" },
    { "codes that are none, codes that are preliminary, and text behind a code", false,
      { GREETED, { 'C', "NOOP\r\n", 0 }, { 'S', "000 a\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "666 b\r\n", 0 },
        { 'C', "NOOP\r\n", 0 }, { 'S', "25 c\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "199 d\r\n", 0 },
        { 'C', "NOOP\r\n", 0 }, { 'S', "199 e\r\n", 0 }, { 'S', "250 f\r\n", 0 }, { 'C', "NOOP\r\n", 0 },
        { 'S', "250ok\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 g\r\n", 0 } },
      GREETED_LOG "2 NOOP\n0 command 2\n! malformed-reply\n3 NOOP\n0 command 3\n! malformed-reply\n4 NOOP\n0 command 4\n"
                  "! malformed-reply\n5 NOOP\n199 command 5\n! malformed-reply\n6 NOOP\n199 command 6\n! malformed-reply\n"
                  "250 command 6\n7 NOOP\n250 command 7\n! malformed-reply\n8 QUIT\n221 command 8\n" },
    { "a line that nobody asked for, and one that the end of the capture cuts off", false,
      { GREETED, { 'S', "hello?\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "25", 0 } },
      GREETED_LOG "skipped hello?\r\n2 NOOP\nskipped 25\n" },
    { "PRDR: a reply for each recipient, and the last one decides", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com> PRDR\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<x@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\r\n.\r\nQUIT\r\n", 0 },
        { 'S', "353 PRDR\r\n250 b\r\n550 c\r\n250 queued\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com> PRDR\n3 RCPT TO:<b@example.com>\n4 RCPT TO:<x@example.com>\n"
                  "5 RCPT TO:<c@example.com>\n6 DATA\n250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n"
                  "550 command 4\nrcpt 1 by 4 550\n250 command 5\nrcpt 1 by 5 250\n354 command 6\ncontent 1 \"x\r\n\"\n"
                  "end 1 complete last\n7 QUIT\n353 content 6\n250 content 6 recipient 1\n550 content 6 recipient 2\n"
                  "250 content 6\nmail 1 accepted 250\n221 command 7\n" },
    { "PRDR and one verdict for all, and the client goes on", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com> PRDR\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n", 0 },
        { 'S', "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 },
        { 'S', "353 PRDR\r\n550 no\r\n", 0 }, { 'C', "RSET\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com> PRDR\n3 RCPT TO:<b@example.com>\n4 RCPT TO:<c@example.com>\n5 DATA\n"
                  "250 command 2\nmail 1 by 2\n250 command 3\nrcpt 1 by 3 250\n250 command 4\nrcpt 1 by 4 250\n"
                  "354 command 5\ncontent 1 \"x\r\n\"\nend 1 complete last\n353 content 5\n550 content 5 recipient 1\n"
                  "mail 1 rejected 550\n6 RSET\n250 command 6\n" },
    { "3yz decides nothing, unless another reply does", false,
      { GREETED, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 }, { 'S', "350 wait\r\n", 0 }, { 'S', "250 ok\r\n", 0 },
        { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 'S', "350 wait\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 },
        { 'C', "x\r\n.\r\n", 0 }, { 'S', "350 wait\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      GREETED_LOG "2 MAIL FROM:<a@example.com>\n350 command 2\n250 command 2\nmail 1 by 2\n3 RCPT TO:<b@example.com>\n"
                  "350 command 3\nrcpt 1 by 3 350\n4 DATA\n354 command 4\ncontent 1 \"x\r\n\"\nend 1 complete last\n"
                  "350 content 4\nmail 1 unknown 0\n5 NOOP\n250 command 5\n" },
    { "LMTP: a reply to RCPT is lost, and there are as many deliveries as could be", false,
      { { 'S', "220 mx LMTP\r\n", 0 }, { 'C', "LHLO a\r\n", 0 }, { 'S', "250 mx\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 's', NULL, 8 }, { 'C', "RCPT TO:<c@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 },
        { 'S', "250 b\r\n552 c\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      "220 greeting\n1 LHLO a\n250 command 1\n2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n"
      "3 RCPT TO:<b@example.com>\ngap server 8\n4 RCPT TO:<c@example.com>\nrcpt 1 by 3 0\n250 command 4\nrcpt 1 by 4 250\n"
      "5 DATA\n354 command 5\ncontent 1 \"x\r\n\"\nend 1 complete last\n250 content 5 recipient 1\n"
      "552 content 5 recipient 2\nmail 1 accepted 250 all 2\n6 NOOP\n250 command 6\n" },
    { "LMTP: a reply to RCPT is lost, which was a refusal", false,
      { { 'S', "220 mx LMTP\r\n", 0 }, { 'C', "LHLO a\r\n", 0 }, { 'S', "250 mx\r\n", 0 }, { 'C', "MAIL FROM:<a@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 's', NULL, 8 }, { 'C', "RCPT TO:<c@example.com>\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "DATA\r\n", 0 }, { 'S', "354 go\r\n", 0 }, { 'C', "x\r\n.\r\n", 0 },
        { 'S', "552 c\r\n", 0 }, { 'C', "NOOP\r\n", 0 }, { 'S', "250 ok\r\n", 0 } },
      "220 greeting\n1 LHLO a\n250 command 1\n2 MAIL FROM:<a@example.com>\n250 command 2\nmail 1 by 2\n"
      "3 RCPT TO:<b@example.com>\ngap server 8\n4 RCPT TO:<c@example.com>\nrcpt 1 by 3 0\n250 command 4\nrcpt 1 by 4 250\n"
      "5 DATA\n354 command 5\ncontent 1 \"x\r\n\"\nend 1 complete last\n552 content 5 recipient 1\n"
      "mail 1 rejected 552 accepted 1\n6 NOOP\n250 command 6\n" },

    { "a line that waits because TLS may begin so", false,
      { { 'S', "\xe4\n", 0 }, { 'C', "NOOP\n\n", 0 }, { 'S', "what\r\n", 0 } },
      "1 NOOP\n! bare-line-feed\n0 greeting\n! malformed-reply\n0 unknown\n! malformed-reply\n" },

    /* Captures that begin in the middle. */
    { "a refusal in the middle is no greeting", true,
      { { 'S', "550 no such user\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      "550 unknown\n1 QUIT\n221 command 1\n" },
    { "a refusal of the connection is one", false,
      { { 'S', "554 go away\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      "554 greeting\n1 QUIT\n221 command 1\n" },
    { "220 is one in the middle, too", true,
      { { 'S', "220 mx ESMTP\r\n", 0 }, { 'C', "EHLO a\r\n", 0 }, { 'S', "250 mx\r\n", 0 } },
      "220 greeting\n1 EHLO a\n250 command 1\n" },
    { "a login that is refused in the middle", true,
      { { 'S', "535 5.7.8 no\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      "535 unknown\nboundary auth started\nboundary auth rejected\n1 QUIT\n221 command 1\n" },
    { "the end of a message in the middle, and its refusal", true,
      { { 'C', "rest of it\r\n.\r\n", 0 }, { 'S', "550 spam\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      "skipped rest of it\r\nskipped .\r\n550 content\nmail 1 by 0\nmail 1 rejected 550\n1 QUIT\n221 command 1\n" },
    { "words in the middle answer the command in front of them", true,
      { { 'C', "RCPT TO:<b@example.com>\r\n", 0 }, { 'S', "no such user\r\n", 0 }, { 'C', "RSET\r\n", 0 },
        { 'S', "250 ok\r\n", 0 }, { 'C', "QUIT\r\n", 0 }, { 'S', "221 bye\r\n", 0 } },
      "1 RCPT TO:<b@example.com>\n0 command 1\n! malformed-reply\nmail 1 by 0\nrcpt 1 by 1 0\n2 RSET\n250 command 2\n"
      "mail 1 aborted 0\n3 QUIT\n221 command 3\n" },
};

static void test_dialogues(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(dialogues); i++) {
        for (enum cut cut = CUT_AS_SAID; cut <= CUT_JOINED; cut++) {
            char *log = play(&dialogues[i], cut);
            if (g_strcmp0(log, dialogues[i].expected) != 0) {
                print_error("dialogue \"%s\", cut %d\n--- expected\n%s--- got\n%s---\n", dialogues[i].name, (int)cut,
                            dialogues[i].expected, log);
                failed++;
            }
            g_free(log);
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_dialogues) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
