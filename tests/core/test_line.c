/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "line.h"

struct row {
    struct smtp_span input;
    bool at_end;
    bool found;
    struct smtp_span text;
    enum smtp_line_end end;
    size_t octets;
    bool bare_cr;
    bool nul;
};

static const struct row rows[] = {
    { TEXT(""), .at_end = false, .found = false },
    { TEXT(""), .at_end = true, .found = false },
    { TEXT("QUIT"), .at_end = false, .found = false },
    { TEXT("QUIT\r"), .at_end = false, .found = false },
    { TEXT("QUIT\r\n"), false, true, TEXT("QUIT"), SMTP_LINE_END_CRLF, 6, false, false },
    { TEXT("QUIT\r\nNOOP\r\n"), false, true, TEXT("QUIT"), SMTP_LINE_END_CRLF, 6, false, false },
    { TEXT("QUIT\n"), false, true, TEXT("QUIT"), SMTP_LINE_END_LF, 5, false, false },
    { TEXT("\r\n"), false, true, TEXT(""), SMTP_LINE_END_CRLF, 2, false, false },
    { TEXT("\n"), false, true, TEXT(""), SMTP_LINE_END_LF, 1, false, false },
    { TEXT("\n\r\n"), false, true, TEXT(""), SMTP_LINE_END_LF, 1, false, false },
    { TEXT("a\rb\r\n"), false, true, TEXT("a\rb"), SMTP_LINE_END_CRLF, 5, true, false },
    { TEXT("a\r\r\n"), false, true, TEXT("a"), SMTP_LINE_END_CRCRLF, 4, true, false },
    { TEXT("a\r\r\r\nb\r\n"), false, true, TEXT("a"), SMTP_LINE_END_CRCRLF, 5, true, false },
    { TEXT("\r\r\n"), false, true, TEXT(""), SMTP_LINE_END_CRCRLF, 3, true, false },
    { TEXT("a\r\r"), .at_end = false, .found = false },
    { TEXT("a\rb\r\r\n"), false, true, TEXT("a\rb"), SMTP_LINE_END_CRCRLF, 6, true, false },
    { TEXT("\rb\n"), false, true, TEXT("\rb"), SMTP_LINE_END_LF, 3, true, false },
    { TEXT("a\0b\r\n"), false, true, TEXT("a\0b"), SMTP_LINE_END_CRLF, 5, false, true },
    { TEXT("\0\r\n"), false, true, TEXT("\0"), SMTP_LINE_END_CRLF, 3, false, true },
    { TEXT("a\r\n\0\r"), false, true, TEXT("a"), SMTP_LINE_END_CRLF, 3, false, false },
    { TEXT("QUIT"), true, true, TEXT("QUIT"), SMTP_LINE_END_NONE, 4, false, false },
    { TEXT("QUIT\r"), true, true, TEXT("QUIT"), SMTP_LINE_END_CR, 5, false, false },
    { TEXT("\r"), true, true, TEXT(""), SMTP_LINE_END_CR, 1, false, false },
    { TEXT("a\rb\r\r"), true, true, TEXT("a\rb"), SMTP_LINE_END_CR, 5, true, false },
    { TEXT("QUIT\r\nNOOP"), true, true, TEXT("QUIT"), SMTP_LINE_END_CRLF, 6, false, false },
    { TEXT("\xc3\xa4\xff\r\n"), false, true, TEXT("\xc3\xa4\xff"), SMTP_LINE_END_CRLF, 5, false, false },
};

static void finds_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct smtp_line line;
        EXPECT(row->input, smtp_line_find(row->input, row->at_end, &line) == row->found);
        if (!row->found)
            continue;
        EXPECT(row->input, smtp_span_same(line.text, row->text));
        EXPECT(row->input, line.text.octets == row->input.octets);
        EXPECT(row->input, line.end == row->end);
        EXPECT(row->input, line.octets == row->octets);
        EXPECT(row->input, line.bare_cr == row->bare_cr);
        EXPECT(row->input, line.nul == row->nul);
    }
}

static void leaves_the_line_alone_without_an_end(void **state)
{
    (void)state;
    struct smtp_line line = { .octets = 77 };
    assert_false(smtp_line_find(smtp_span_of_text("NOOP\r"), false, &line));
    assert_int_equal(line.octets, 77);
}

/* What is found early is found again, unchanged, when more octets are there. */
static void parse_prefix(struct smtp_span prefix)
{
    struct smtp_line line;
    assert_true(smtp_line_find(prefix, true, &line) == (prefix.length > 0));
    bool found = smtp_line_find(prefix, false, &line);
    if (!found)
        return;
    EXPECT(prefix, is_inside(line.text, prefix));
    EXPECT(prefix, line.octets <= prefix.length && line.text.length < line.octets);
    EXPECT(prefix, prefix.octets[line.octets - 1] == '\n');
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].input, parse_prefix);
}

static void names_line_ends(void **state)
{
    (void)state;
    assert_string_equal(smtp_line_end_name(SMTP_LINE_END_CRLF), "crlf");
    assert_string_equal(smtp_line_end_name(SMTP_LINE_END_LF), "lf");
    assert_string_equal(smtp_line_end_name(SMTP_LINE_END_CR), "cr");
    assert_string_equal(smtp_line_end_name(SMTP_LINE_END_NONE), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_lines),
        cmocka_unit_test(leaves_the_line_alone_without_an_end),
        cmocka_unit_test(survives_every_prefix),
        cmocka_unit_test(names_line_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
