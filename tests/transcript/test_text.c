/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What goes to people: visible text, columns, times. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text.h"

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        .octets = (const uint8_t *)(literal), .length = sizeof(literal) - 1                                            \
    }

struct row {
    struct smtp_span octets;
    const char *visible;
};

static const struct row visible_rows[] = {
    { TEXT("plain"), "plain" },
    { TEXT("Gr\xc3\xbc\xc3\x9f"
           "e"),
      "Gr\xc3\xbc\xc3\x9f"
      "e" },
    { TEXT("\x1b[31mred"), "\\x1B[31mred" },
    { TEXT("a\rb\nc\td\0e\x7f"), "a\\x0Db\\x0Ac\\x09d\\x00e\\x7F" },
    { TEXT("caf\xe9"), "caf\\xE9" },
    { TEXT("\xc3"), "\\xC3" },
    { TEXT("\xc0\x80"), "\\xC0\\x80" },
    { TEXT("\xed\xa0\x80"), "\\xED\\xA0\\x80" },
    { TEXT("\xc2\x9b"
           "31m"),
      "\\xC2\\x9B31m" }, /* C1: CSI in one character */
    { TEXT("a\xe2\x80\xae"
           "b"),
      "a\\xE2\\x80\\xAEb" }, /* right-to-left override */
    { TEXT("a\xcd\x8f"
           "b\xc2\xad"),
      "a\\xCD\\x8Fb\\xC2\\xAD" }, /* combining grapheme joiner, soft hyphen */
    { TEXT("\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90\xf4\x8f\xbf\xbe"),
      "\\xEF\\xBF\\xBE\\xEF\\xBF\\xBF\\xEF\\xB7\\x90\\xF4\\x8F\\xBF\\xBE" }, /* noncharacters */
    { TEXT("\xef\xb8\x8f\xf3\xa0\x84\x80\xf3\xa0\x81\xa1"),
      "\\xEF\\xB8\\x8F\\xF3\\xA0\\x84\\x80\\xF3\\xA0\\x81\\xA1" }, /* variation selectors, a tag */
    { TEXT("\xef\xb7\x8f\xef\xb7\xb0\xef\xbf\xbd\xcd\x90\xe2\x80\x90"),
      "\xef\xb7\x8f\xef\xb7\xb0\xef\xbf\xbd\xcd\x90\xe2\x80\x90" }, /* beside them */
    { TEXT("C:\\x41"), "C:\\x5Cx41" },
    { TEXT("C:\\dir"), "C:\\dir" },
};

static void shows_what_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(visible_rows); i++) {
        GString *out = g_string_new(NULL);
        text_append_visible(out, visible_rows[i].octets);
        assert_string_equal(out->str, visible_rows[i].visible);
        g_string_free(out, TRUE);
    }
}

/* Nothing that is not to be seen is left: all of general category Cf, Zl, Zp, Cc, and the noncharacters. */
static void shows_all_that_formats(void **state)
{
    (void)state;
    for (gunichar character = 0; character <= 0x10ffff; character++) {
        GUnicodeType type = g_unichar_type(character);
        bool formats = type == G_UNICODE_FORMAT || type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
                       type == G_UNICODE_PARAGRAPH_SEPARATOR || (character & 0xfffe) == 0xfffe ||
                       (character >= 0xfdd0 && character <= 0xfdef);
        if (formats && !text_misleads(character))
            print_error("U+%04X\n", (unsigned)character);
        assert_true(!formats || text_misleads(character));
    }
}

static void encloses(void **state)
{
    (void)state;
    static const struct {
        struct smtp_span octets;
        const char *quoted, *word;
    } rows[] = {
        { TEXT("plain"), "\"plain\"", "plain" },
        { TEXT(""), "\"\"", "\"\"" },
        { TEXT("a\"; 5 octets"), "\"a\\x22; 5 octets\"", "\"a\\x22; 5 octets\"" },
        { TEXT("\"\"\\x"), "\"\\x22\\x22\\x5Cx\"", "\"\\x22\\x22\\x5Cx\"" },
        { TEXT("a,b"), "\"a,b\"", "\"a,b\"" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *out = g_string_new(NULL);
        text_append_enclosed(out, '"', rows[i].octets, '"');
        assert_string_equal(out->str, rows[i].quoted);
        g_string_truncate(out, 0);
        text_append_word(out, rows[i].octets);
        assert_string_equal(out->str, rows[i].word);
        g_string_free(out, TRUE);
    }
    GString *out = g_string_new(NULL);
    text_append_enclosed(out, '<', smtp_span_of_text("a> -> <b"), '>');
    assert_string_equal(out->str, "<a\\x3E -\\x3E \\x3Cb>");
    g_string_truncate(out, 0);
    text_append_ascii(out, "a\xc3\xbc\xe2\x80\x94");
    assert_string_equal(out->str, "a\\xC3\\xBC\\xE2\\x80\\x94");
    g_string_free(out, TRUE);
}

/* As "%*s", but by what a terminal shows. */
static void pads_by_columns(void **state)
{
    (void)state;
    static const struct {
        int columns;
        const char *text, *padded;
    } rows[] = {
        { -6, "high", "high  " },
        { 6, "high", "  high" },
        { 6, "", "      " },
        { -6, "\u9ad8", "\u9ad8    " }, /* one character of two columns */
        { 6, "\u9ad8", "    \u9ad8" },
        { -4, "e\u0301", "e\u0301   " }, /* a combining one has none */
        { -3, "\u60c5\u5831", "\u60c5\u5831" },
        { 0, "x", "x" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *out = g_string_new(NULL);
        text_append_padded(out, rows[i].columns, rows[i].text);
        assert_string_equal(out->str, rows[i].padded);
        g_string_free(out, TRUE);
    }
}

static void writes_times(void **state)
{
    (void)state;
    static const struct {
        int64_t time;
        unsigned precision;
        const char *text;
    } times[] = {
        { INT64_C(1254722767492060000), 6, "2009-10-05T06:06:07.492060Z" },
        { INT64_C(1254722767492060001), 9, "2009-10-05T06:06:07.492060001Z" },
        { 0, 6, "1970-01-01T00:00:00.000000Z" },
        { -1000, 6, "1969-12-31T23:59:59.999999Z" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        GString *out = g_string_new(NULL);
        text_append_time(out, times[i].time, times[i].precision);
        assert_string_equal(out->str, times[i].text);
        g_string_free(out, TRUE);
    }
    GString *out = g_string_new(NULL);
    text_append_time(out, INT64_MIN, 9); /* whatever it says, it says something */
    text_append_time(out, INT64_MAX, 9);
    assert_true(out->len > 0);
    g_string_free(out, TRUE);
}

static void counts_columns(void **state)
{
    (void)state;
    assert_int_equal(text_columns("abc"), 3);
    assert_int_equal(text_columns("\xe4\xbe\x8b\xe5\xad\x90"), 4);
    assert_int_equal(text_columns("e\xcc\x81"), 1);
    GString *out = g_string_new(NULL);
    text_append_count(out, UINT64_MAX);
    assert_string_equal(out->str, "18,446,744,073,709,551,615");
    g_string_free(out, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_all_that_formats), cmocka_unit_test(encloses),     cmocka_unit_test(shows_what_is_safe),
        cmocka_unit_test(pads_by_columns),        cmocka_unit_test(writes_times), cmocka_unit_test(counts_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
