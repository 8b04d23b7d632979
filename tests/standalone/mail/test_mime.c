/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The attachments of a message, wherever its octets are cut. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <string.h>

#include "digest.h"
#include "mime.h"

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define A_FILE "Content-Disposition: attachment; filename=f\r\n\r\n"
#define BASE64 MIXED "--b\r\nContent-Transfer-Encoding: base64\r\n" A_FILE
#define QUOTED MIXED "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n" A_FILE

/* What is found is written as "type|name|octets|content if it was given for the digest;" */
static const struct {
    const char *what, *message, *found;
    unsigned limits;
} cases[] = {
    { "no header", "hello\r\n", "" },
    { "plain text", "Subject: x\r\n\r\nhello\r\n--b\r\n" A_FILE "x", "" },
    { "a part", MIXED "--b\r\n" A_FILE "hello\r\nyou\r\n--b--\r\n", "text/plain|f|10|hello\r\nyou;" },
    { "the line end is the boundary's", MIXED "--b\r\n" A_FILE "\r\nx\r\n\r\n--b--\r\n", "text/plain|f|5|\r\nx\r\n;" },
    { "an empty part", MIXED "--b\r\n" A_FILE "--b--\r\n", "text/plain|f|0|;" },
    { "an empty line", MIXED "--b\r\n" A_FILE "\r\n--b--\r\n", "text/plain|f|0|;" },
    { "line feeds only",
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\nx\ny\n--b--\n",
      "text/plain||3|x\ny;" },
    { "no last boundary", MIXED "--b\r\n" A_FILE "hello\r\n", "text/plain|f|7|hello\r\n;" },
    { "a boundary without its line end", MIXED "--b\r\n" A_FILE "hello\r\n--b--", "text/plain|f|5|hello;" },
    { "white space behind a boundary", MIXED "--b \t\r\n" A_FILE "hello\r\n--b-- \r\n", "text/plain|f|5|hello;" },
    { "what is no boundary", MIXED "--b\r\n" A_FILE "--bb\r\n--\r\n-\r\n--c--\r\n --b\r\nx--b\r\n--b--\r\n",
      "text/plain|f|30|--bb\r\n--\r\n-\r\n--c--\r\n --b\r\nx--b;" },
    { "preamble and epilogue", MIXED "--x\r\n" A_FILE "no\r\n--b\r\n" A_FILE "yes\r\n--b--\r\n--b\r\n" A_FILE "no\r\n",
      "text/plain|f|3|yes;" },
    { "base64",
      MIXED "--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: "
            "base64\r\n\r\naGVs\r\nbG8=\r\n--b--\r\n",
      "application/pdf|a.pdf|5|hello;" },
    { "quoted-printable",
      MIXED "--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n" A_FILE "a=3D=\r\nb\r\n--b--\r\n",
      "text/plain|f|3|a=b;" },
    { "base64 without padding, one over", BASE64 "aGVsbA\r\n--b--\r\n", "text/plain|f|4|hell;" },
    { "base64 without padding, two over", BASE64 "aGVs\r\nbG8\r\n--b--\r\n", "text/plain|f|5|hello;" },
    { "base64 without padding, very short", BASE64 "aGU\r\n--b--\r\n", "text/plain|f|2|he;" },
    { "base64 with too little padding", BASE64 "aGVsbA=\r\n--b--\r\n", "text/plain|f|4|hell;" },
    { "base64 with too much padding", BASE64 "aGVs\r\n====\r\n--b--\r\n", "text/plain|f|3|hel;" },
    { "base64 with what is none of it", BASE64 "a!G\tV-s\r\n\r\nbG8\r\n--b--\r\n", "text/plain|f|5|hello;" },
    { "base64 that goes on behind its end", BASE64 "aGVsbA==\r\nbG8=\r\n--b--\r\n", "text/plain|f|4|hell;",
      MIME_LIMIT_ENCODING },
    { "base64 of a whole message, not padded", "Content-Transfer-Encoding: base64\r\n" A_FILE "aGVsbG8\r\n",
      "text/plain|f|5|hello;" },
    { "white space at the ends of lines", QUOTED "a \t \r\nb c =20\t\r\nd = \t\r\ne  \n \r \r\nf  \r\n--b--\r\n",
      "text/plain|f|19|a\r\nb c  \r\nd e\n \r\r\nf;" },
    { "half a sign at the end", QUOTED "x=4\r\n--b--\r\n", "text/plain|f|3|x=4;" },
    { "a soft line break at the end", QUOTED "x=\r\n--b--\r\n", "text/plain|f|1|x;" },
    { "another encoding stays as it is",
      MIXED "--b\r\nContent-Transfer-Encoding: x-uuencode\r\n" A_FILE "#0V%T\r\n--b--\r\n", "text/plain|f|5|#0V%T;" },
    { "no attachment",
      MIXED "--b\r\nContent-Type: text/html\r\nContent-Disposition: inline\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n", "" },
    { "no text", MIXED "--b\r\nContent-Type: IMAGE/Png\r\nContent-ID: <1>\r\n\r\nx\r\n--b--\r\n", "image/png||1|x;" },
    { "the name wins over the disposition",
      MIXED "--b\r\nContent-Type: text/plain; name=n\r\nContent-Disposition: inline\r\n\r\nx\r\n--b--\r\n",
      "text/plain|n|1|x;" },
    { "the whole message",
      "Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n" A_FILE "aGVsbG8=\r\n",
      "application/zip|f|5|hello;" },
    { "nested",
      MIXED "--b\r\nContent-Type: multipart/alternative; boundary=\"b b\"\r\n\r\n--b b\r\n" A_FILE
            "1\r\n--b b--\r\n--b\r\n" A_FILE "2\r\n--b--\r\n",
      "text/plain|f|1|1;text/plain|f|1|2;" },
    { "an outer boundary ends inner parts",
      MIXED "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" A_FILE "1\r\n--b\r\n" A_FILE "2\r\n--b--",
      "text/plain|f|1|1;text/plain|f|1|2;" },
    { "a boundary in a header", MIXED "--b\r\nContent-Type: text/plain\r\n--b\r\n" A_FILE "2\r\n--b--",
      "text/plain|f|1|2;" },
    { "a message", MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\n" MIXED "--b\r\n" A_FILE "1\r\n--b--\r\n--b--\r\n",
      "text/plain|f|1|1;" },
    { "a message that is an attachment",
      MIXED "--b\r\nContent-Type: message/rfc822\r\n" A_FILE "Subject: x\r\n\r\nhello\r\n--b--\r\n",
      "message/rfc822|f|19|Subject: x\r\n\r\nhello;" },
    { "and what is in it",
      MIXED "--b\r\nContent-Type: message/rfc822\r\n" A_FILE
            "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" A_FILE "1\r\n--c--\r\nend\r\n--b--\r\n",
      "message/rfc822|f|110|Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Disposition: attachment; "
      "filename=f\r\n\r\n1\r\n--c--\r\nend;"
      "text/plain|f|1|1;" },
    { "a digest",
      "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n" MIXED "--b\r\n" A_FILE "1\r\n--b--\r\n",
      "text/plain|f|1|1;" },
    { "RFC 2231",
      MIXED "--b\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''%E2%82%AC;\r\n filename*1=\" rates\";\r\n "
            "filename*2*=%20x.pdf\r\n\r\n1\r\n--b--\r\n",
      "text/plain|\xe2\x82\xac rates x.pdf|1|1;" },
    { "RFC 2047 in a parameter",
      MIXED "--b\r\nContent-Disposition: attachment; filename=\"=?utf-8?B?4oKsLnBkZg==?=\"\r\n\r\n1\r\n--b--\r\n",
      "text/plain|\xe2\x82\xac.pdf|1|1;" },
    { "a name that is no UTF-8",
      MIXED "--b\r\nContent-Disposition: attachment; filename=\"caf\xe9\"\r\n\r\n1\r\n--b--\r\n",
      "text/plain|caf\xe9|1|1;" },
    { "the disposition's name counts",
      MIXED "--b\r\nContent-Disposition: attachment; filename=one\r\nContent-Type: text/plain; "
            "name=two\r\n\r\n1\r\n--b--\r\n",
      "text/plain|one|1|1;" },
    { "no boundary named", "Content-Type: multipart/mixed\r\n\r\n--b\r\n" A_FILE "1\r\n", "" },
};

static GString *found_in(const struct mime_parts *parts)
{
    GString *found = g_string_new(NULL);
    for (const GList *link = parts->attachments.head; link != NULL; link = link->next) {
        const struct attachment *attachment = link->data;
        g_string_append_len(found, (const char *)attachment->content_type.octets,
                            (gssize)attachment->content_type.length);
        g_string_append_c(found, '|');
        g_string_append_len(found, (const char *)attachment->filename.octets, (gssize)attachment->filename.length);
        g_string_append_printf(found, "|%" G_GUINT64_FORMAT "|%s;", attachment->octets,
                               attachment->whole ? attachment->sha256 : "");
    }
    return found;
}

/* The contents that a case names, as digests. */
static GString *expected_of(const char *found)
{
    GString *expected = g_string_new(NULL);
    while (*found != '\0') {
        const char *content = found;
        for (unsigned bars = 0; bars < 3; content++)
            bars += *content == '|' ? 1 : 0;
        const char *end = strchr(content, ';');
        while (end[1] != '\0' && !g_str_has_prefix(end + 1, "text/") && !g_str_has_prefix(end + 1, "message/"))
            end = strchr(end + 1, ';');
        struct digest *digest = digest_new();
        digest_add(digest, smtp_span(content, (size_t)(end - content)));
        char *hex = digest_end(digest);
        g_string_append_len(expected, found, content - found);
        g_string_append_printf(expected, "%s;", hex);
        g_free(hex);
        found = end + 1;
    }
    return expected;
}

struct counts {
    unsigned limits; /* enum mime_limit */
    uint64_t leaves;
};

/* Feeds a message in pieces of `size` octets, or (0) of any size. */
static GString *play(struct smtp_span message, size_t size, GRand *random, struct counts *counts)
{
    struct arena_pool *pool = arena_pool_new(1 << 20);
    struct lazy_arena arena = { .pool = pool };
    struct mime_parts parts = { .limits = 0 };
    struct mime *mime = mime_new(&parts, &arena, NULL);
    while (message.length > 0) {
        size_t wanted = size > 0 ? size : (size_t)g_rand_int_range(random, 1, 30);
        size_t length = MIN(message.length, wanted);
        char *copy = g_memdup2(message.octets, length); /* exactly sized: reading too far is seen */
        mime_add(mime, smtp_span(copy, length));
        g_free(copy);
        message = smtp_span_from(message, length);
    }
    mime_end(mime, true);
    GString *found = found_in(&parts);
    *counts = (struct counts){ .limits = parts.limits, .leaves = parts.leaves };
    mime_parts_free(&parts);
    lazy_arena_free(&arena);
    arena_pool_free(pool);
    return found;
}

static void test_cases(void **state)
{
    (void)state;
    GRand *random = g_rand_new_with_seed(3);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *expected = expected_of(cases[i].found);
        for (size_t round = 0; round < 40; round++) {
            size_t size = round == 0 ? SIZE_MAX : round < 20 ? round : 0;
            struct counts counts;
            GString *found = play(smtp_span_of_text(cases[i].message), size, random, &counts);
            if (strcmp(found->str, expected->str) != 0)
                print_error("%s, in pieces of %zu\n", cases[i].what, size);
            assert_string_equal(found->str, expected->str);
            assert_int_equal(counts.limits, cases[i].limits);
            g_string_free(found, TRUE);
        }
        g_string_free(expected, TRUE);
    }
    g_rand_free(random);
}

/* Bodies with something in them, wherever the octets are cut. */
static void test_leaves(void **state)
{
    static const struct {
        const char *message;
        uint64_t leaves;
    } messages[] = {
        { "", 0 },
        { "Subject: x\r\n", 0 },
        { "Subject: x\r\n\r\n", 0 },
        { "Subject: x\r\n\r\nhello", 1 },
        { "Subject: x\r\n\r\n\r\n\r\nhello\r\n", 1 },
        { MIXED "preamble\r\n", 0 },
        { MIXED "--b\r\n\r\none\r\n--b\r\n" A_FILE "two\r\n--b--\r\nepilogue", 2 },
        { MIXED "--b\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n\r\n\r\n--b--\r\n", 1 },
        { MIXED
          "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nx\r\n--c\r\n\r\none\r\n--c--\r\n--b\r\n\r\ntwo",
          2 },
        { "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhello", 1 },
        { MIXED "--b\r\nContent-Type: message/rfc822\r\n" A_FILE "Subject: x\r\n\r\n--b--", 0 },
        { "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx", 1 },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        for (size_t size = 1; size < 80; size++) {
            struct counts counts;
            g_string_free(play(smtp_span_of_text(messages[i].message), size, NULL, &counts), TRUE);
            assert_int_equal(counts.leaves, messages[i].leaves);
        }
    }
}

/* ---- messages that are encoded as a whole ---- */

#define INNER                                                                                                          \
    "Subject: inner\r\nContent-Type: multipart/mixed; boundary=\"c\"\r\n\r\n--c\r\n\r\nhi\r\n--c\r\n"                  \
    "Content-Disposition: attachment; filename=\"inner.exe\"\r\n\r\nMZ=3D\r\n--c--\r\n"

enum encoding { ENCODED_BASE64, ENCODED_QUOTED, ENCODED_NOT };

static void append_encoded(GString *out, enum encoding encoding, struct smtp_span text)
{
    if (encoding == ENCODED_NOT) {
        g_string_append_len(out, (const char *)text.octets, (gssize)text.length);
        return;
    }
    for (size_t at = 0; at < text.length; at += 57) {
        struct smtp_span line = smtp_span_first(smtp_span_from(text, at), 57);
        char *digits = g_base64_encode(line.octets, line.length);
        for (size_t i = 0; i < line.length && encoding == ENCODED_QUOTED; i++)
            g_string_append_printf(out, line.octets[i] == '=' ? "=3D" : "%c", line.octets[i]);
        if (encoding == ENCODED_BASE64)
            g_string_append_printf(out, "%s\r\n", digits);
        g_free(digits);
    }
}

/* A message that holds `text`, and says that it is encoded in another way than it perhaps is. */
static GString *wrap(const char *type, const char *said, enum encoding encoding, const char *more,
                     struct smtp_span text)
{
    GString *message = g_string_new(NULL);
    g_string_append_printf(message, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n%s\r\n", type, said, more);
    append_encoded(message, encoding, text);
    return message;
}

static void test_inside(void **state)
{
    static const struct {
        const char *type, *said;
        enum encoding encoding;
        const char *text;
        uint64_t leaves;
    } kinds[] = {
        { "message/rfc822", "base64", ENCODED_BASE64, INNER, 2 },
        { "message/global", "base64", ENCODED_BASE64, INNER, 2 },
        { "Message/RFC822; name=x", "BASE64", ENCODED_BASE64, INNER, 2 },
        { "message/rfc822", "quoted-printable", ENCODED_QUOTED, INNER, 2 },
        { "message/global", "quoted-printable", ENCODED_QUOTED, INNER, 2 },
        { "message/rfc822", "base64", ENCODED_NOT, INNER, 2 }, /* it is not */
        { "message/rfc822", "quoted-printable", ENCODED_NOT, INNER, 2 },
        { "message/rfc822", "7bit", ENCODED_NOT, INNER, 2 },
        { "multipart/mixed; boundary=c", "base64", ENCODED_NOT, "--c\r\n" A_FILE "MZ\r\n--c--\r\n", 1 },
        { "multipart/mixed; boundary=c", "base64", ENCODED_BASE64,
          "--c\r\nContent-Disposition: attachment; filename=inner.exe\r\n\r\nMZ\r\n--c--\r\n", 1 },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        GString *message = wrap(kinds[i].type, kinds[i].said, kinds[i].encoding, "", smtp_span_of_text(kinds[i].text));
        for (size_t size = 1; size < 300; size++) {
            struct counts counts;
            GString *found = play(smtp_span(message->str, message->len), size < 299 ? size : SIZE_MAX, NULL, &counts);
            if (strstr(found->str, "text/plain|") == NULL)
                print_error("%s in %s: %s\n", kinds[i].type, kinds[i].said, found->str);
            assert_non_null(strstr(found->str, i == 8   ? "text/plain|f|2|"
                                               : i == 9 ? "text/plain|inner.exe|2|"
                                                        : "text/plain|inner.exe|5|"));
            assert_int_equal(counts.limits, 0);
            assert_int_equal(counts.leaves, kinds[i].leaves);
            g_string_free(found, TRUE);
        }
        g_string_free(message, TRUE);
    }
}

/* The message is an attachment itself: it stands in front of what is in it, as it is when it is decoded. */
static void test_inside_attachment(void **state)
{
    (void)state;
    GString *message = wrap("message/rfc822", "base64", ENCODED_BASE64,
                            "Content-Disposition: attachment; filename=outer.eml\r\n", smtp_span_of_text(INNER));
    char *expected =
        g_strdup_printf("message/rfc822|outer.eml|%zu|" INNER ";text/plain|inner.exe|5|MZ=3D;", strlen(INNER));
    GString *digests = expected_of(expected);
    struct counts counts;
    GString *found = play(smtp_span(message->str, message->len), 10, NULL, &counts);
    assert_string_equal(found->str, digests->str);
    g_string_free(found, TRUE);
    g_string_free(digests, TRUE);
    g_free(expected);
    g_string_free(message, TRUE);
}

static void test_inside_deep(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 15; depth++) {
        GString *message = g_string_new(INNER);
        for (unsigned i = 0; i < depth; i++) {
            bool base64 = i % 3 == 0;
            GString *outer = wrap(i % 2 ? "message/global" : "message/rfc822", base64 ? "base64" : "quoted-printable",
                                  base64 ? ENCODED_BASE64 : ENCODED_QUOTED, "", smtp_span(message->str, message->len));
            g_string_free(message, TRUE);
            message = outer;
        }
        struct counts counts;
        GString *found = play(smtp_span(message->str, message->len), 1000, NULL, &counts);
        bool open = depth <= MIME_TAKERS_LIMIT;
        assert_true((strstr(found->str, "inner.exe|5|") != NULL) == open);
        assert_int_equal(counts.limits, open ? 0 : MIME_LIMIT_DEPTH);
        g_string_free(found, TRUE);
        g_string_free(message, TRUE);
    }
}

/* Messages that are attachments cost as much, those that are none only what the limit of depths allows. */
static void test_attached_deep(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 60; depth++) {
        for (unsigned attached = 0; attached <= MIN(depth, 15); attached++) {
            GString *message = g_string_new(NULL);
            for (unsigned i = 0; i < depth; i++)
                g_string_append_printf(message, "Content-Type: message/rfc822\r\n%s\r\n",
                                       i < attached ? "Content-Disposition: attachment\r\n" : "");
            g_string_append(message, INNER);
            struct counts counts;
            GString *found = play(smtp_span(message->str, message->len), 1000, NULL, &counts);
            bool open = depth < MIME_DEPTH_LIMIT && attached <= MIME_TAKERS_LIMIT;
            assert_true((strstr(found->str, "inner.exe|5|") != NULL) == open);
            assert_int_equal(counts.limits, open ? 0 : MIME_LIMIT_DEPTH);
            g_string_free(found, TRUE);
            g_string_free(message, TRUE);
        }
    }
}

/* Made so that each reading of each body holds the next: all of them would be more than there is time for. */
static void test_inside_ambiguous(void **state)
{
    static const char header[] =
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\nX: yyy\r\n\r\n"; /* of 60 digits */
    (void)state;
    GString *message = g_string_new(INNER);
    for (unsigned i = 0; i < 16; i++) {
        GString *inner = g_string_new("X: y\r\n");
        g_string_append_len(inner, message->str, (gssize)message->len);
        GString *outer = g_string_new(NULL);
        for (unsigned times = 0; times < 3; times++)
            g_string_append(outer, header);
        append_encoded(outer, ENCODED_BASE64, smtp_span(inner->str, inner->len));
        g_string_free(inner, TRUE);
        g_string_free(message, TRUE);
        message = outer;
    }
    g_string_prepend(message, header);
    struct counts counts;
    g_string_free(play(smtp_span(message->str, message->len), 1000, NULL, &counts), TRUE);
    assert_true((counts.limits & MIME_LIMIT_DEPTH) != 0);
    g_string_free(message, TRUE);
}

static unsigned count_of(GString *found)
{
    unsigned count = 0;
    for (const char *at = found->str; (at = strchr(at, ';')) != NULL; at++)
        count++;
    g_string_free(found, TRUE);
    return count;
}

static void test_deep(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        GString *message = g_string_new(NULL);
        for (unsigned i = 0; i < 1000; i++)
            g_string_append_printf(message,
                                   kind == 0 ? "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n"
                                             : "Content-Type: message/rfc822\r\nX: %u%u\r\n\r\n",
                                   i, i);
        g_string_append(message, A_FILE "deep\r\n");
        struct counts counts;
        assert_int_equal(count_of(play(smtp_span(message->str, message->len), 1000, NULL, &counts)), 0);
        assert_int_equal(counts.limits, MIME_LIMIT_DEPTH);
        g_string_free(message, TRUE);
    }
}

static void test_many(void **state)
{
    (void)state;
    GString *message = g_string_new(MIXED);
    for (unsigned i = 0; i < 100000; i++)
        g_string_append(message, "--b\r\n" A_FILE "x\r\n");
    struct counts counts;
    assert_int_equal(count_of(play(smtp_span(message->str, message->len), 5000, NULL, &counts)),
                     MIME_ATTACHMENTS_LIMIT);
    assert_int_equal(counts.limits, MIME_LIMIT_ATTACHMENTS);
    g_string_free(message, TRUE);
}

static void test_long_field(void **state)
{
    (void)state;
    GString *message = g_string_new("Content-Type: application/pdf; name=");
    while (message->len < 1000000)
        g_string_append(message, "x; x=");
    g_string_append(message, "\r\nContent-Disposition: attachment; filename=f\r\n\r\nx");
    struct counts counts;
    GString *found = play(smtp_span(message->str, message->len), 7000, NULL, &counts);
    assert_true(g_str_has_prefix(found->str, "application/pdf|f|1|"));
    assert_int_equal(counts.limits, MIME_LIMIT_FIELD);
    g_string_free(found, TRUE);
    g_string_free(message, TRUE);
}

/* Of a very long name the end is seen, and how much is not, wherever the octets are cut. */
static void test_long_name(void **state)
{
    (void)state;
    GString *message = g_string_new("Content-Disposition: attachment; filename=\"");
    for (unsigned i = 0; i < 20000; i++)
        g_string_append_c(message, (char)('a' + i % 26));
    g_string_append(message, ".exe\"\r\n\r\nx");
    for (size_t size = 1; size < 5000; size += size < 5 ? 1 : 997) {
        struct counts counts;
        GString *found = play(smtp_span(message->str, message->len), size, NULL, &counts);
        assert_non_null(strstr(found->str, "octets left out]"));
        assert_non_null(strstr(found->str, ".exe|1|"));
        assert_int_equal(counts.limits, MIME_LIMIT_FIELD);
        const char *name = strchr(found->str, '|') + 1;
        unsigned left_out = (unsigned)g_ascii_strtoull(strchr(name, '[') + 1, NULL, 10);
        char *words = g_strdup_printf("[%u octets left out]", left_out);
        assert_int_equal((size_t)(strchr(name, '|') - name) - strlen(words) + left_out, 20004);
        g_free(words);
        g_string_free(found, TRUE);
    }
    g_string_free(message, TRUE);
}

/* A lone digit of base64 at the end is no octet: what it was cut from is not whole. */
static void test_lone_digit(void **state)
{
    (void)state;
    static const char *const bodies[] = { "aGVsb\r\n", "aGVsb", "aGVsb===\r\n", "aGVsb=\r\n" };
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
        for (size_t size = 1; size < 20; size++) {
            char *message = g_strconcat(BASE64, bodies[i], NULL);
            struct counts counts;
            GString *found = play(smtp_span_of_text(message), size, NULL, &counts);
            assert_string_equal(found->str, "text/plain|f|3|;");
            assert_int_equal(counts.limits, MIME_LIMIT_ENCODING);
            g_string_free(found, TRUE);
            g_free(message);
        }
}

/* White space in front of more than white space is kept, however much it is; of what is deleted no more than a piece is
 * looked at. */
static void test_much_white_space(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        GString *message = g_string_new(QUOTED "a");
        for (unsigned i = 0; i < 1000000; i++)
            g_string_append_c(message, i % 3 == 0 ? '\t' : ' ');
        g_string_append(message, kind == 0 ? "b\r\nc \r\n--b--\r\n" : "\r\n--b--\r\n");
        struct counts counts;
        GString *found = play(smtp_span(message->str, message->len), 5000, NULL, &counts);
        if (kind == 0)
            assert_true(g_str_has_prefix(found->str, "text/plain|f|1000005|"));
        assert_int_equal(counts.limits, kind == 0 ? 0 : MIME_LIMIT_ENCODING);
        g_string_free(found, TRUE);
        g_string_free(message, TRUE);
    }
}

/* Behind a hole nothing is whole. */
static void test_hole(void **state)
{
    (void)state;
    struct arena_pool *pool = arena_pool_new(1 << 20);
    struct lazy_arena arena = { .pool = pool };
    struct mime_parts parts = { .limits = 0 };
    struct mime *mime = mime_new(&parts, &arena, NULL);
    mime_add(mime, smtp_span_of_text(MIXED "--b\r\n" A_FILE "one\r\n--b\r\n" A_FILE "tw\r\n--b"));
    mime_end(mime, false);
    assert_int_equal(parts.attachments.length, 2);
    const struct attachment *one = parts.attachments.head->data;
    const struct attachment *two = parts.attachments.tail->data;
    assert_int_equal(one->octets, 3);
    assert_true(one->whole);
    assert_int_equal(two->octets, 7); /* the "--b" may go on */
    assert_false(two->whole);
    mime_parts_free(&parts);
    lazy_arena_free(&arena);
    arena_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_long_field),
        cmocka_unit_test(test_lone_digit),
        cmocka_unit_test(test_much_white_space),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_inside_attachment),
        cmocka_unit_test(test_inside_deep),
        cmocka_unit_test(test_attached_deep),
        cmocka_unit_test(test_inside_ambiguous),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
