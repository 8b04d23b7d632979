/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Items, made by hand, and the rows they become. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rows.h"

/* A row as "KIND[flags] text | meaning"; flags: first, last, refused, encrypted, tone. */
static void note(void *context, const struct row *row)
{
    static const char *const kinds[] = {
        [ROW_LINE] = "line",       [ROW_CONTENT] = "content", [ROW_BOUNDARY] = "boundary", [ROW_NOTE] = "note",
        [ROW_TLS] = "tls",         [ROW_CAPTURE] = "capture", [ROW_HOLE] = "hole",         [ROW_STRAY] = "stray",
        [ROW_STRAY_LINE] = "part", [ROW_LEFT_OUT] = "cut",
    };
    GString *out = context;
    g_string_append_printf(out, "%s %" G_GUINT64_FORMAT " %s%s%s%s%d %s | %s\n", kinds[row->kind], row->place->frame,
                           row->first ? "f" : "", row->last ? "l" : "", row->refused ? "r" : "",
                           row->encrypted ? "e" : "", (int)row->tone, row->text, row->meaning);
}

static const char *capture_name(void *context, unsigned index)
{
    (void)context;
    return index == 0 ? "a.pcap" : "b\x01.pcap";
}

static struct record *some_record(void)
{
    static struct record record;
    static struct record_options options;
    if (options.message.pool == NULL)
        options.message.pool = arena_pool_new(0);
    record = (struct record){ .capture_name = capture_name, .options = &options };
    return &record;
}

static void assert_rows(struct rows rows, const struct item *item, const char *wanted)
{
    GString *out = g_string_new(NULL);
    rows.put = note;
    rows.context = out;
    rows.record = rows.record != NULL ? rows.record : some_record();
    rows.line_octets = rows.line_octets != 0 ? rows.line_octets : 400;
    rows_of(&rows, item);
    assert_string_equal(out->str, wanted);
    g_string_free(out, TRUE);
}

#define SPAN(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

static const struct item login_line = {
    .kind = ITEM_COMMAND,
    .role = SMTP_CLIENT,
    .place = { .frame = 4 },
    .encrypted = true,
    .verb = SMTP_VERB_UNKNOWN,
    .answered = true,
    .word = SPAN("XYZZY"),
    .line = { .before = SPAN("XYZZY "), .secret = SPAN("hunter2"), .label = 1 },
    .line_end = SMTP_LINE_END_CRLF,
};

static void test_lines_of_the_client(void **state)
{
    (void)state;
    assert_rows((struct rows){ 0 }, &login_line, "line 4 fle0 XYZZY [secret-1] | no known command\n");
    assert_rows((struct rows){ .show_secrets = true }, &login_line, "line 4 fle0 XYZZY hunter2 | no known command\n");
    assert_rows((struct rows){ .show_secrets = true, .line_octets = 3 }, &login_line,
                "line 4 fle0 XYZ [and 3 octets more]hun [and 4 octets more] | no known command\n");
    struct item mail = { .kind = ITEM_COMMAND,
                         .role = SMTP_CLIENT,
                         .place = { .frame = 5, .file = 1 },
                         .verb = SMTP_VERB_UNKNOWN,
                         .word = SPAN("XYZZY"),
                         .line = { .before = SPAN("XYZZY") },
                         .line_end = SMTP_LINE_END_LF };
    assert_rows((struct rows){ 0 }, &mail,
                "capture 5 1 from here on frames of b\\x01.pcap | \n"
                "line 5 fl0 XYZZY [bare LF] | no known command; no reply was seen\n");
    struct item response = { .kind = ITEM_RESPONSE,
                             .role = SMTP_CLIENT,
                             .place = { .frame = 6 },
                             .answered = true,
                             .line = { .secret = SPAN("x"), .label = 2 },
                             .line_end = SMTP_LINE_END_CRLF,
                             .decoded = SPAN("alice") };
    assert_rows((struct rows){ 0 }, &response, "line 6 fl0 [secret-2] | answer to the challenge: user alice\n");
}

/* A reply whose lines stand in the frames given, from 1. */
static struct item *reply_of(uint16_t code, enum smtp_verb verb, const char *const *texts, const unsigned *frames,
                             unsigned count)
{
    struct item *item = g_new0(struct item, 1);
    item->kind = ITEM_REPLY;
    item->role = SMTP_SERVER;
    item->place.frame = frames[0];
    item->reply = (struct smtp_reply){ .code = code, .lines = count, .answers = SMTP_ANSWERS_COMMAND, .verb = verb };
    for (unsigned i = 0; i < count; i++) {
        size_t length = strlen(texts[i]);
        struct record_line *line = g_malloc0(sizeof *line + length);
        struct place *place = g_new0(struct place, 1);
        place->frame = frames[i];
        line->place = place;
        line->length = (uint32_t)length;
        line->behind = 4;
        line->end = SMTP_LINE_END_CRLF;
        line->link.data = line;
        memcpy(line->octets, texts[i], length);
        g_queue_push_tail_link(&item->lines, &line->link);
    }
    item->lines_here = item->lines.head;
    item->end_line = count;
    return item;
}

static void free_reply(struct item *item)
{
    for (GList *link = item->lines.head; link != NULL;) {
        struct record_line *line = link->data;
        link = link->next;
        g_free((struct place *)line->place);
        g_free(line);
    }
    g_free(item);
}

static void test_lines_of_a_reply(void **state)
{
    (void)state;
    static const char *const texts[] = { "599-one", "599-two", "599-three", "599 four" };
    static const unsigned frames[] = { 7, 7, 8, 8 };
    const struct rows all = { .reply_lines = UINT_MAX };
    struct item *item = reply_of(599, SMTP_VERB_NOOP, texts, frames, 4);
    assert_rows(all, item,
                "line 7 fr0 599-one | \nline 7 r0 599-two | \nline 8 fr0 599-three | \n"
                "line 8 lr0 599 four | refused for good (no code of the standards); answers NOOP\n");
    assert_rows((struct rows){ .reply_lines = 2 }, item,
                "line 7 fr0 599-one | \ncut 7 0 2 lines of this reply are left out | \n"
                "line 8 flr0 599 four | refused for good (no code of the standards); answers NOOP\n");
    const struct item part = { .kind = ITEM_REPLY_PART,
                               .role = SMTP_SERVER,
                               .place = { .frame = 7 },
                               .whole = item,
                               .lines_here = item->lines.head->next,
                               .first_line = 1,
                               .end_line = 3 };
    assert_rows(all, &part, "line 7 fr0 599-two | \nline 8 fr0 599-three | \n");
    assert_rows((struct rows){ .reply_lines = 1 }, &part,
                "cut 7 0 1 line of this reply is left out | \nline 8 fr0 599-three | \n");
    const struct item nothing = { .kind = ITEM_REPLY_PART, .role = SMTP_SERVER, .whole = item };
    assert_rows(all, &nothing, "");
    free_reply(item);
}

/* The first line of an EHLO reply says what the reply is, each of the others what its extension is. */
static void test_extensions(void **state)
{
    (void)state;
    static const char *const texts[] = { "250-mx.example.com", "250-XXXXXXXA", "250 X-NOBODYS" };
    static const unsigned frames[] = { 7, 7, 7 };
    struct item *item = reply_of(250, SMTP_VERB_EHLO, texts, frames, 3);
    item->has_command = true;
    item->command_frame = 6;
    assert_rows((struct rows){ .reply_lines = UINT_MAX }, item,
                "line 7 f0 250-mx.example.com | done; answers EHLO of frame 6 after 0.00 ms\n"
                "line 7 0 250-XXXXXXXA | a keyword overwritten in transit: it may have been STARTTLS\n"
                "line 7 l0 250 X-NOBODYS | \n");
    free_reply(item);
}

static void test_between_the_lines(void **state)
{
    (void)state;
    const struct item accepted = { .kind = ITEM_BOUNDARY,
                                   .place = { .frame = 9 },
                                   .boundary = SMTP_BOUNDARY_STARTTLS,
                                   .step = SMTP_STEP_ACCEPTED,
                                   .clear_behind = true };
    assert_rows((struct rows){ 0 }, &accepted,
                "boundary 9 3 STARTTLS ACCEPTED, but clear text follows (frame 9) | \n"
                "note 9 0 No TLS is in the capture: who wrote it had the keys and decrypted what follows, or TLS never "
                "began. | \n");
    const struct item handshake = { .kind = ITEM_BOUNDARY,
                                    .place = { .frame = 9 },
                                    .boundary = SMTP_BOUNDARY_IMPLICIT_TLS,
                                    .step = SMTP_STEP_HANDSHAKE };
    assert_rows((struct rows){ 0 }, &handshake,
                "boundary 9 2 Implicit TLS: TLS handshake begins (frame 9) | \n"
                "tls 9 0 the client sent 0 octets, the server 0, not readable without the keys | \n");
    const struct item unknown = {
        .kind = ITEM_BOUNDARY, .place = { .frame = 9 }, .boundary = SMTP_BOUNDARY_AUTH, .step = SMTP_STEP_ACCEPTED
    };
    assert_rows((struct rows){ 0 }, &unknown, "boundary 9 0  | \n");
    const struct item turned = { .kind = ITEM_TURNED, .place = { .frame = 9 } };
    assert_rows((struct rows){ 0 }, &turned, "boundary 9 2 client and server change roles | \n");
    const struct item hole = { .kind = ITEM_GAP,
                               .role = SMTP_CLIENT,
                               .place = { .frame = 9 },
                               .last_frame = 8,
                               .octets = 12,
                               .in_content = true };
    assert_rows((struct rows){ 0 }, &hole,
                "hole 9 4 12 octets of the client are NOT IN THE CAPTURE (behind frame 8) | \n");
    assert_rows((struct rows){ .full = true }, &hole, "");
}

static void test_what_has_no_place(void **state)
{
    (void)state;
    struct skipped_piece clear = { .text = { .before = SPAN("one\r\ntwo\r\n") } };
    struct skipped_piece hidden = { .text = { .secret = SPAN("hunter2"), .label = 3 } };
    struct item stray = { .kind = ITEM_SKIPPED, .role = SMTP_SERVER, .place = { .frame = 9 }, .octets = 17 };
    clear.link.data = &clear;
    hidden.link.data = &hidden;
    g_queue_push_tail_link(&stray.skipped, &clear.link);
    g_queue_push_tail_link(&stray.skipped, &hidden.link);
    assert_rows(
        (struct rows){ .stray_lines = 9 }, &stray,
        "stray 9 f4 [17 octets of the server that cannot be placed in the dialogue] | \n"
        "part 9 f0 one | cannot be placed\npart 9 0 two | cannot be placed\npart 9 0 [secret-3] | cannot be placed\n");
    assert_rows((struct rows){ .stray_lines = 1 }, &stray,
                "stray 9 f4 [17 octets of the server that cannot be placed in the dialogue] | \n"
                "part 9 f0 one | cannot be placed\npart 9 0 [...] | cannot be placed\n");
}

static void test_content_and_proxy(void **state)
{
    (void)state;
    const struct item chunk = { .kind = ITEM_DATA,
                                .role = SMTP_CLIENT,
                                .place = { .frame = 9 },
                                .last_frame = 11,
                                .octets = 1234,
                                .transport = SMTP_TRANSPORT_BDAT,
                                .end_mark = SMTP_END_NONE };
    assert_rows(
        (struct rows){ 0 }, &chunk,
        "content 9 fl4 1,234 octets of message, a chunk, up to frame 11, NOT COMPLETE | its end was not seen\n");
    const struct item proxy = {
        .kind = ITEM_PROXY, .role = SMTP_CLIENT, .place = { .frame = 4 }, .text = SPAN("PROXY UNKNOWN\r\n")
    };
    assert_rows((struct rows){ 0 }, &proxy, "line 4 fl0 PROXY UNKNOWN | PROXY protocol header, from a load balancer\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_of_the_client), cmocka_unit_test(test_lines_of_a_reply),
        cmocka_unit_test(test_extensions),          cmocka_unit_test(test_between_the_lines),
        cmocka_unit_test(test_what_has_no_place),   cmocka_unit_test(test_content_and_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
