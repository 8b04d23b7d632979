/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What comes in, half by half, against what is told of it. */

#include "spans.h"

#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"

enum what {
    END, /* of the row */
    OCTETS,
    MISSING,
    FINISHED,
    RESUMED,
    UNDER_TLS, /* what follows came out of it */
};

struct step {
    enum what what;
    int half;
    const char *text;
    unsigned octets;
};

struct row {
    const char *name;
    struct step steps[16];
    const char *expected; /* one line each */
    uint16_t port;
    bool believed;
};

struct told {
    struct smtp_session session;
    struct smtp_conversation conversation;
    char text[2048];
};

static void tell(struct told *told, const char *line)
{
    size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%s\n", line);
}

static void take_event(void *context, const struct smtp_event *event)
{
    char line[160] = "";
    if (event->kind == SMTP_EVENT_COMMAND)
        snprintf(line, sizeof line, "C%s %.*s at %u", event->encrypted ? "*" : "", (int)event->command.line.text.length,
                 (const char *)event->command.line.text.octets, (unsigned)event->offset);
    else if (event->kind == SMTP_EVENT_REPLY)
        snprintf(line, sizeof line, "S%s %u at %u", event->encrypted ? "*" : "", event->reply.whole.code,
                 (unsigned)event->offset);
    else if (event->kind == SMTP_EVENT_GAP)
        snprintf(line, sizeof line, "%s misses %u", event->role == SMTP_CLIENT ? "C" : "S", (unsigned)event->octets);
    else if (event->kind == SMTP_EVENT_TURNED)
        snprintf(line, sizeof line, "turned");
    if (*line != '\0')
        tell(context, line);
}

static struct smtp_session *begins(void *context)
{
    struct told *told = context;
    char line[80];
    snprintf(line, sizeof line, "begins, client %u", told->conversation.client);
    tell(told, line);
    if (told->conversation.proxied != NULL) {
        snprintf(line, sizeof line, "%s to %.*s", told->conversation.proxied->protocol,
                 (int)told->conversation.proxied->target_octets, (const char *)told->conversation.proxied->target);
        tell(told, line);
    }
    return &told->session;
}

static void refused(void *context)
{
    tell(context, "refused");
}

static void *resize(void *memory, size_t octets)
{
    if (octets > 0)
        return realloc(memory, octets);
    free(memory);
    return NULL;
}

static const struct smtp_conversation_hooks hooks = {
    .event = take_event, .begins = begins, .refused = refused, .resize = resize
};

/* Where each half is, in its stream. */
static void take_step(struct told *told, const struct step *step, uint64_t at[2], size_t piece)
{
    struct smtp_conversation *conversation = &told->conversation;
    struct smtp_span text = step->text != NULL ? smtp_span_of_text(step->text) : smtp_span(NULL, 0);
    if (step->octets > 0 && step->what == OCTETS) /* they have a NUL among them */
        text.length = step->octets;
    switch (step->what) {
    case OCTETS:
        while (text.length > 0) {
            struct smtp_span first = smtp_span_first(text, piece);
            smtp_conversation_octets(conversation, step->half, at[step->half], first);
            at[step->half] += first.length;
            text = smtp_span_from(text, first.length);
        }
        break;
    case MISSING:
        at[step->half] += step->octets;
        smtp_conversation_gap(conversation, step->half, at[step->half]);
        break;
    case FINISHED:
        smtp_conversation_finished(conversation, step->half);
        break;
    case RESUMED:
        smtp_conversation_resumed(conversation, step->half);
        break;
    case UNDER_TLS:
        smtp_conversation_decrypted(conversation, step->half, at);
        break;
    case END:
        break;
    }
}

static const struct row rows[] = {
    { "each side in turn",
      { { OCTETS, 1, "220 mx ESMTP\r\n" }, { OCTETS, 0, "EHLO c\r\n" }, { OCTETS, 1, "250 mx\r\n" } },
      "begins, client 0\nS 220 at 0\nC EHLO c at 0\nS 250 at 14\n",
      25 },
    { "the client's half came first in the capture",
      { { OCTETS, 0, "EHLO c\r\nMAIL FROM:<>\r\n" }, { OCTETS, 1, "220 mx ESMTP\r\n250 mx\r\n250 ok\r\n" } },
      "begins, client 0\nC EHLO c at 0\nC MAIL FROM:<> at 8\nS 220 at 0\nS 250 at 14\nS 250 at 22\n",
      25 },
    { "the server opened the connection",
      { { OCTETS, 0, "220 mx ESMTP\r\n" }, { OCTETS, 1, "EHLO c\r\n" } },
      "begins, client 1\nS 220 at 0\nC EHLO c at 0\n",
      25 },
    { "another protocol",
      { { OCTETS, 0, "GET / HTTP/1.1\r\n\r\n" }, { OCTETS, 1, "HTTP/1.1 200 OK\r\n\r\n" } },
      "refused\n",
      80 },
    { "nothing at all", { { FINISHED, 0 }, { FINISHED, 1 } }, "refused\n", 25 },
    { "a hole in what the client says",
      { { OCTETS, 1, "220 mx ESMTP\r\n" },
        { OCTETS, 0, "EHLO c\r\nMAI" },
        { MISSING, 0, NULL, 9 },
        { OCTETS, 0, "\r\nQUIT\r\n" },
        { OCTETS, 1, "250 mx\r\n" } },
      "begins, client 0\nS 220 at 0\nC EHLO c at 0\nC MAI at 8\nC misses 9\nC QUIT at 22\nS 250 at 14\n",
      25 },
    { "a proxy stands in front: SOCKS5",
      { { OCTETS, 0, "\x05\x01\0", 3 },
        { OCTETS, 1, "\x05\0", 2 },
        { OCTETS, 0, "\x05\x01\0\x01\xc0\0\x02\x02\0\x19", 10 },
        { OCTETS, 1, "\x05\0\0\x01\0\0\0\0\0\0", 10 },
        { OCTETS, 1, "220 mx ESMTP\r\n" },
        { OCTETS, 0, "EHLO c\r\n" } },
      "begins, client 0\nSOCKS5 to 192.0.2.2:25\nS 220 at 12\nC EHLO c at 13\n",
      1080 },
    { "a proxy stands in front: CONNECT",
      { { OCTETS, 0, "CONNECT mail.example.com:25 HTTP/1.1\r\n\r\n" },
        { OCTETS, 1, "HTTP/1.1 200 OK\r\n\r\n" },
        { OCTETS, 1, "220 mx ESMTP\r\n" },
        { OCTETS, 0, "EHLO c\r\n" } },
      "begins, client 0\nHTTP CONNECT to mail.example.com:25\nS 220 at 19\nC EHLO c at 40\n",
      8080 },
    { "a proxy's handshake that never ends",
      { { OCTETS, 0, "\x05\x01\0", 3 }, { OCTETS, 1, "\x05\0", 2 } },
      "refused\n",
      1080 },
    { "a balancer stands in front: PROXY",
      { { OCTETS, 0, "PROXY TCP4 192.0.2.1 192.0.2.2 1025 25\r\n" },
        { OCTETS, 1, "220 mx ESMTP\r\n" },
        { OCTETS, 0, "EHLO c\r\n" } },
      "begins, client 0\nS 220 at 0\nC EHLO c at 40\n",
      25 },
    { "TLS, behind STARTTLS: the streams go on",
      { { OCTETS, 1, "220 mx ESMTP\r\n" },
        { OCTETS, 0, "EHLO c\r\n" },
        { OCTETS, 1, "250-mx\r\n250 STARTTLS\r\n" },
        { OCTETS, 0, "STARTTLS\r\n" },
        { OCTETS, 1, "220 go\r\n" },
        { UNDER_TLS, 0 },
        { OCTETS, 0, "EHLO c\r\n" },
        { OCTETS, 1, "250 mx\r\n" } },
      "begins, client 0\nS 220 at 0\nC EHLO c at 0\nS 250 at 14\nC STARTTLS at 8\nS 220 at 36\nC* EHLO c at 18\n"
      "S* 250 at 44\n",
      25 },
    { "TLS from the beginning: what it carries is believed",
      { { UNDER_TLS, 1 }, { OCTETS, 1, "220 mx ESMTP\r\n" }, { OCTETS, 0, "QUIT\r\n" } },
      "begins, client 0\nS* 220 at 0\nC* QUIT at 0\n",
      465 },
    { "a last line without its end",
      { { OCTETS, 1, "220 mx ESMTP\r\n" }, { OCTETS, 0, "QUIT" }, { FINISHED, 0 } },
      "begins, client 0\nS 220 at 0\nC QUIT at 0\n",
      25 },
    { "an end that was none",
      { { OCTETS, 1, "220 mx ESMTP\r\n" },
        { OCTETS, 0, "EHLO c\r\n" },
        { FINISHED, 0 },
        { RESUMED, 0 },
        { OCTETS, 0, "QU" },
        { OCTETS, 0, "IT\r\n" } },
      "begins, client 0\nS 220 at 0\nC EHLO c at 0\nC QUIT at 8\n",
      25 },
};

static void check(const struct row *row, size_t piece)
{
    struct told *told = calloc(1, sizeof *told);
    uint64_t at[2] = { 0, 0 };
    told->conversation = (struct smtp_conversation){
        .hooks = &hooks, .context = told, .port = { 40000, row->port }, .opener_known = true, .proxies = true
    };
    static const char reversed[] = "begins, client 1";
    if (strncmp(row->expected, reversed, sizeof reversed - 1) == 0)
        told->conversation.opener_known = false;
    for (const struct step *step = row->steps; step->what != END; step++)
        take_step(told, step, at, piece);
    smtp_conversation_end(&told->conversation);
    if (strcmp(told->text, row->expected) != 0)
        fail_msg("%s, %zu at a time:\n%sin place of\n%s", row->name, piece, told->text, row->expected);
    assert_int_equal(smtp_conversation_memory(&told->conversation),
                     told->conversation.proxied != NULL ? sizeof(struct smtp_proxied) : 0);
    smtp_conversation_clear(&told->conversation);
    assert_int_equal(smtp_conversation_memory(&told->conversation), 0);
    free(told);
}

/* The order in which the sides' events come may hang on how their octets are cut; what is told of each side may not. */
static void tells_what_comes_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i], 4096);
}

static void tells_the_same_octet_by_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, "the client's half came first in the capture") != 0)
            check(&rows[i], 1);
}

/* A client that never lets the server speak is not waited for beyond a limit. */
static void waits_for_no_more_than_a_limit(void **state)
{
    (void)state;
    struct told *told = calloc(1, sizeof *told);
    char line[1000];
    uint64_t at = 0;
    told->conversation =
        (struct smtp_conversation){ .hooks = &hooks, .context = told, .port = { 40000, 25 }, .opener_known = true };
    const char *begin = "EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";
    smtp_conversation_octets(&told->conversation, 1, 0, smtp_span_of_text("220 mx ESMTP\r\n"));
    smtp_conversation_octets(&told->conversation, 0, at, smtp_span_of_text(begin));
    at += strlen(begin);
    memset(line, 'x', sizeof line);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    size_t most = 0;
    for (unsigned i = 0; i < 4000; i++) {
        smtp_conversation_octets(&told->conversation, 0, at, smtp_span(line, sizeof line));
        at += sizeof line;
        size_t memory = smtp_conversation_memory(&told->conversation);
        most = memory > most ? memory : most;
    }
    assert_true(most >= 1024 * 1024);
    assert_true(most < 4 * 1024 * 1024);
    smtp_conversation_end(&told->conversation);
    smtp_conversation_clear(&told->conversation);
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_comes_in),
        cmocka_unit_test(tells_the_same_octet_by_octet),
        cmocka_unit_test(waits_for_no_more_than_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
