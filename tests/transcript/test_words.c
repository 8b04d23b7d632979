/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One sentence for one fact. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "words.h"

static void assert_said(GString *words, const char *wanted)
{
    assert_string_equal(words->str, wanted);
    g_string_free(words, TRUE);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        int64_t nanoseconds;
        const char *words;
    } rows[] = {
        { 0, "0.00 ms" },
        { 1234567, "1.23 ms" },
        { 12345678, "12 ms" },
        { 1200000000, "1.20 s" },
        { INT64_C(200000000000), "3 min 20 s" },
        { -5000000, "-0.005 s (time goes back)" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *words = g_string_new(NULL);
        words_duration(words, rows[i].nanoseconds);
        assert_said(words, rows[i].words);
    }
}

static void test_lines_of_the_client(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool stray;
        const char *words;
    } commands[] = {
        { "XYZZY", false, "no known command" },
        { "", true, "looks like an answer to AUTH, which the server had ended" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        GString *words = g_string_new(NULL);
        words_command(words, smtp_span_of_text(commands[i].word), commands[i].stray);
        assert_said(words, commands[i].words);
    }
    static const struct {
        const char *argument, *words;
    } paths[] = {
        { "FROM:<a@example.com>", "" },
        { "FROM:<>", "null return path, as bounces have" },
        { "FROM:a@example.com", "the angle brackets are missing" },
        { "FROM:<a@example.com", "the > is missing" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        const struct smtp_path path = smtp_path_parse(smtp_span_of_text(paths[i].argument), "FROM");
        GString *words = g_string_new(NULL);
        words_path(words, &path);
        assert_said(words, paths[i].words);
    }
    static const struct {
        bool cancelled, malformed;
        const char *identity, *words;
    } responses[] = {
        { false, false, NULL, "answer to the challenge" },
        { false, false, "al\x01ice", "answer to the challenge: user al\\x01ice" },
        { false, true, NULL, "answer to the challenge; it is not what the mechanism asks for" },
        { true, false, NULL, "cancels the exchange" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(responses); i++) {
        const char *identity = responses[i].identity;
        GString *words = g_string_new(NULL);
        words_response(words, responses[i].cancelled, responses[i].malformed,
                       identity != NULL ? smtp_span_of_text(identity) : smtp_span(NULL, 0));
        assert_said(words, responses[i].words);
    }
}

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        struct smtp_reply reply;
        const char *words;
    } rows[] = {
        { { .code = 250,
            .answers = SMTP_ANSWERS_COMMAND,
            .verb = SMTP_VERB_MAIL,
            .enhanced = { .present = true, .class_digit = 2, .subject = 1 } },
          "done" },
        { { .code = 0 }, "no reply code" },
        { { .code = 599, .answers = SMTP_ANSWERS_COMMAND, .verb = SMTP_VERB_NOOP },
          "refused for good (no code of the standards)" },
        { { .code = 250,
            .answers = SMTP_ANSWERS_COMMAND,
            .verb = SMTP_VERB_MAIL,
            .enhanced = { .present = true, .class_digit = 2, .subject = 9, .detail = 9 } },
          "done; 2.9.9: unregistered" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *words = g_string_new(NULL);
        words_code(words, &rows[i].reply);
        assert_said(words, rows[i].words);
    }
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        struct smtp_reply reply;
        uint64_t frame;
        const char *recipient;
        enum words_lost lost;
        const char *words;
    } rows[] = {
        { { .answers = SMTP_ANSWERS_GREETING }, 0, NULL, 0, "the server's greeting" },
        { { .answers = SMTP_ANSWERS_NOTHING }, 7, NULL, 0, "nobody asked for this reply" },
        { { .answers = SMTP_ANSWERS_EMPTY_LINE }, 7, NULL, 0, "answers an empty line" },
        { { .answers = SMTP_ANSWERS_COMMAND, .verb = SMTP_VERB_MAIL },
          7,
          NULL,
          0,
          "answers MAIL of frame 7 after 5.00 ms" },
        { { .answers = SMTP_ANSWERS_COMMAND, .verb = SMTP_VERB_MAIL }, 0, NULL, 0, "answers MAIL" },
        { { .answers = SMTP_ANSWERS_COMMAND }, 0, NULL, 0, "answers the command" },
        { { .answers = SMTP_ANSWERS_RESPONSE, .verb = SMTP_VERB_AUTH },
          7,
          NULL,
          0,
          "answers the AUTH response of frame 7 after 5.00 ms" },
        { { .answers = SMTP_ANSWERS_CONTENT, .verb = SMTP_VERB_DATA },
          7,
          NULL,
          0,
          "answers the message that ends in frame 7 after 5.00 ms" },
        { { .answers = SMTP_ANSWERS_CONTENT, .verb = SMTP_VERB_DATA }, 0, NULL, 0, "answers the message" },
        { { .answers = SMTP_ANSWERS_CONTENT, .verb = SMTP_VERB_BDAT },
          7,
          NULL,
          0,
          "answers the chunk that ends in frame 7 after 5.00 ms" },
        { { .answers = SMTP_ANSWERS_CONTENT, .verb = SMTP_VERB_DATA, .recipient = 2 },
          0,
          NULL,
          0,
          "answers the message, for recipient 2" },
        { { .answers = SMTP_ANSWERS_CONTENT, .verb = SMTP_VERB_DATA, .recipient = 2 },
          0,
          "b@example.com",
          0,
          "answers the message, for recipient 2 b@example.com" },
        { { .answers = SMTP_ANSWERS_COMMAND, .verb = SMTP_VERB_NOOP, .codes_differ = true, .partial = true },
          0,
          NULL,
          0,
          "answers NOOP; its lines have different codes, the last one counts; its last line was not seen" },
        { { .answers = SMTP_ANSWERS_UNKNOWN },
          0,
          NULL,
          WORDS_NOT_CAPTURED,
          "which command it answers cannot be told: part of the dialogue is not in the capture" },
        { { .answers = SMTP_ANSWERS_UNKNOWN },
          0,
          NULL,
          WORDS_NOT_HANDED_OVER,
          "which command it answers cannot be told: part of the dialogue was not handed over by Wireshark's TCP" },
        { { .answers = SMTP_ANSWERS_UNKNOWN, .disorder = true },
          0,
          NULL,
          WORDS_NOT_HANDED_OVER,
          "which command it answers cannot be told: a line without a reply code came where several replies were due" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct words_answered answered = {
            .frame = rows[i].frame,
            .delay = 5000000,
            .recipient = rows[i].recipient != NULL ? smtp_span_of_text(rows[i].recipient) : smtp_span(NULL, 0),
        };
        GString *words = g_string_new(NULL);
        words_answers(words, &rows[i].reply, &answered, rows[i].lost);
        assert_said(words, rows[i].words);
    }
}

static void test_lines_of_replies(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool quoted;
        const char *words; /* NULL: it says nothing */
    } challenges[] = {
        { "UGFzc3dvcmQ6", true, "\"Password:\"" },
        { "UGFzc3dvcmQ6 ", false, "Password:" },
        { "AAEC", true, NULL },
        { "", true, NULL },
        { "not base64!", true, NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(challenges); i++) {
        GString *words = g_string_new(NULL);
        bool said = words_challenge(words, smtp_span_of_text(challenges[i].text), challenges[i].quoted);
        assert_int_equal(said, challenges[i].words != NULL);
        assert_said(words, said ? challenges[i].words : "");
    }
    GString *words = g_string_new(NULL);
    words_keyword(words, smtp_span_of_text("XXXXXXXA"));
    assert_said(words, "a keyword overwritten in transit: it may have been STARTTLS");
    words = g_string_new(NULL);
    words_keyword(words, smtp_span_of_text("X-NOBODYS"));
    assert_said(words, "");
}

static void test_content(void **state)
{
    (void)state;
    static const struct {
        struct words_content content;
        enum words_lost lost;
        const char *words, *note;
    } rows[] = {
        { { .octets = 1, .last = true, .complete = true, .mark = SMTP_END_STRICT }, 0, "1 octet of message", "" },
        { { .octets = 12345, .last = true, .complete = true, .mark = SMTP_END_VARIANT, .last_frame = 9 },
          0,
          "12,345 octets of message, up to frame 9",
          "ended by a mark that only some receivers honour; this server answered it" },
        { { .octets = 2, .last = true, .mark = SMTP_END_NONE },
          0,
          "2 octets of message, NOT COMPLETE",
          "its end was not seen" },
        { { .octets = 2, .last = true, .mark = SMTP_END_STRICT },
          WORDS_NOT_CAPTURED,
          "2 octets of message, NOT COMPLETE",
          "part of it is not in the capture" },
        { { .octets = 2, .last = true, .mark = SMTP_END_STRICT },
          WORDS_NOT_HANDED_OVER,
          "2 octets of message, NOT COMPLETE",
          "part of it was not handed over by Wireshark's TCP" },
        { { .transport = SMTP_TRANSPORT_BDAT, .octets = 2, .complete = true }, 0, "2 octets of message, a chunk", "" },
        { { .transport = SMTP_TRANSPORT_BDAT, .octets = 2, .complete = true, .last = true },
          0,
          "2 octets of message, the last chunk",
          "" },
        { { .transport = SMTP_TRANSPORT_BDAT, .octets = 2, .complete = true, .sum = true },
          0,
          "2 octets of message so far, behind this chunk",
          "" },
        { { .transport = SMTP_TRANSPORT_BDAT, .octets = 2, .complete = true, .last = true, .sum = true },
          0,
          "2 octets of message",
          "" },
        { { .transport = SMTP_TRANSPORT_XEXCH50, .octets = 2, .complete = true, .last = true },
          0,
          "2 octets of XEXCH50",
          "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *words = g_string_new(NULL);
        words_content(words, &rows[i].content);
        assert_said(words, rows[i].words);
        assert_string_equal(words_content_note(&rows[i].content, rows[i].lost), rows[i].note);
    }
}

#define SPAN(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

static void test_boundaries(void **state)
{
    (void)state;
    static const struct {
        struct words_boundary boundary;
        enum words_tone tone;
        const char *words;
    } rows[] = {
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_OFFERED, .frame = 3 },
          WORDS_NOTE,
          "STARTTLS is offered (frame 3)" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_REQUESTED }, WORDS_NOTE, "STARTTLS is asked for" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_ACCEPTED },
          WORDS_GOOD,
          "STARTTLS ACCEPTED: the clear text ends here" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_ACCEPTED, .clear_behind = true },
          WORDS_GOOD,
          "STARTTLS ACCEPTED, but clear text follows" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_REFUSED },
          WORDS_BAD,
          "STARTTLS REFUSED: the dialogue stays in clear" },
        { { .boundary = SMTP_BOUNDARY_IMPLICIT_TLS, .step = SMTP_STEP_HANDSHAKE },
          WORDS_TURN,
          "Implicit TLS: TLS handshake begins" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_ESTABLISHED },
          WORDS_GOOD,
          "STARTTLS: TLS established, all that follows is encrypted" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_ESTABLISHED, .decrypted = true },
          WORDS_GOOD,
          "STARTTLS: TLS established, what follows was decrypted with the keys" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_FAILED },
          WORDS_BAD,
          "STARTTLS: TLS handshake FAILED, clear text follows" },
        { { .boundary = SMTP_BOUNDARY_STARTTLS, .step = SMTP_STEP_FAILED, .alert = SPAN("unknown ca") },
          WORDS_BAD,
          "STARTTLS: TLS handshake FAILED, alert unknown ca" },
        { { .boundary = SMTP_BOUNDARY_AUTH,
            .step = SMTP_STEP_STARTED,
            .mechanism = SPAN("PLAIN"),
            .identity = SPAN("alice"),
            .frame = 7 },
          WORDS_TURN,
          "AUTH begins: PLAIN, in clear (frame 7)" },
        { { .boundary = SMTP_BOUNDARY_AUTH, .step = SMTP_STEP_CHALLENGE, .mechanism = SPAN("LOGIN") },
          WORDS_SILENT,
          "AUTH goes on with a challenge: LOGIN, in clear" },
        { { .boundary = SMTP_BOUNDARY_AUTH,
            .step = SMTP_STEP_ACCEPTED,
            .mechanism = SPAN("PLAIN"),
            .identity = SPAN("alice"),
            .encrypted = true },
          WORDS_GOOD,
          "AUTH ends, ACCEPTED: PLAIN for alice, under TLS" },
        { { .boundary = SMTP_BOUNDARY_AUTH, .step = SMTP_STEP_REJECTED, .identity = SPAN("") },
          WORDS_BAD,
          "AUTH ends, REJECTED: mechanism not seen for an empty user name, in clear" },
        { { .boundary = SMTP_BOUNDARY_AUTH, .step = SMTP_STEP_CANCELLED, .mechanism = SPAN("LOGIN") },
          WORDS_BAD,
          "AUTH ends, CANCELLED: LOGIN, in clear" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *words = g_string_new(NULL);
        assert_int_equal(words_boundary(words, &rows[i].boundary), rows[i].tone);
        assert_said(words, rows[i].words);
    }
}

static void test_what_is_missing_or_has_no_place(void **state)
{
    (void)state;
    static const struct {
        enum smtp_role role;
        uint64_t octets, after;
        enum words_lost lost;
        const char *words;
    } rows[] = {
        { SMTP_CLIENT, 1, 0, WORDS_NOT_CAPTURED, "1 octet of the client is NOT IN THE CAPTURE" },
        { SMTP_SERVER, 1234, 9, WORDS_NOT_CAPTURED,
          "1,234 octets of the server are NOT IN THE CAPTURE (behind frame 9)" },
        { SMTP_CLIENT, 20, 0, WORDS_NOT_HANDED_OVER,
          "20 octets of the client were not handed over by Wireshark's TCP" },
        { SMTP_SERVER, 1, 0, WORDS_NOT_HANDED_OVER, "1 octet of the server was not handed over by Wireshark's TCP" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *words = g_string_new(NULL);
        words_missing(words, rows[i].role, rows[i].octets, rows[i].after, rows[i].lost);
        assert_said(words, rows[i].words);
    }
    GString *words = g_string_new(NULL);
    words_skipped(words, SMTP_SERVER, 1);
    assert_said(words, "[1 octet of the server that cannot be placed in the dialogue]");
    words = g_string_new(NULL);
    words_finding(words, SMTP_FINDING_EARLY_TALKER, smtp_span_of_text("a\x1b[31m"));
    assert_said(words, "a\\x1B[31m");
}

static void test_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *header, *words;
    } rows[] = {
        { "PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\n",
          "PROXY protocol header, from a load balancer; its client 192.0.2.10:40000 connected to 192.0.2.25:25" },
        { "PROXY TCP6 2001:db8::1 2001:db8::2 4000 25\r\n",
          "PROXY protocol header, from a load balancer; its client [2001:db8::1]:4000 connected to [2001:db8::2]:25" },
        { "PROXY UNKNOWN\r\n", "PROXY protocol header, from a load balancer" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *words = g_string_new(NULL);
        words_proxy(words, smtp_span_of_text(rows[i].header));
        assert_said(words, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_lines_of_the_client),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_lines_of_replies),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_what_is_missing_or_has_no_place),
        cmocka_unit_test(test_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
