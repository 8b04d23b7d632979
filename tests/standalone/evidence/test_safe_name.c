/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whatever a file is called on the wire, its safe name is harmless on any system. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "safe_name.h"
#include "text.h"

static void test_names(void **state)
{
    static const struct {
        const char *name, *safe;
    } cases[] = {
        { "report.pdf", "report.pdf" },
        { "J\xc3\xbcrgen \xe2\x82\xac.pdf", "J\xc3\xbcrgen \xe2\x82\xac.pdf" },
        { "", "unnamed" },
        { ".", "unnamed" },
        { "..", "unnamed" },
        { "   ", "unnamed" },
        { ". . .", "unnamed" },
        { "../../etc/passwd", "_._.._etc_passwd" },
        { "/etc/passwd", "_etc_passwd" },
        { "..\\..\\windows\\system.ini", "_._.._windows_system.ini" },
        { "C:\\autoexec.bat", "C__autoexec.bat" },
        { "file.txt:stream", "file.txt_stream" },
        { ".bashrc", "_bashrc" },
        { "-rf", "_rf" },
        { " leading", "_leading" },
        { "trailing. . ", "trailing" },
        { "CON", "_CON" },
        { "con.txt", "_con.txt" },
        { "Nul.tar.gz", "_Nul.tar.gz" },
        { "aux .c", "_aux .c" },
        { "COM1", "_COM1" },
        { "lpt9.log", "_lpt9.log" },
        { "COM\xc2\xb9", "_COM\xc2\xb9" },
        { "CONIN$", "_CONIN_" },
        { "COM10", "COM10" },
        { "CONTENT.txt", "CONTENT.txt" },
        { "x.partial", "x_partial" },
        { "x.Partial. ", "x_Partial" },
        { "x.partial.eml", "x_partial.eml" },
        { "x.partial.partial.eml.zip", "x_partial_partial.eml.zip" },
        { "x.partially", "x.partially" },
        { ".partial", "_partial" },
        { "con.partial", "_con_partial" },
        { "a\nb\tc\x7f\x1b[2J", "a_b_c__[2J" },
        { "exe\xe2\x80\xaegpj.scr", "exe_gpj.scr" },
        { "caf\xe9.txt", "caf_.txt" },
        { "\xff\xfe\xc3", "___" },
        { "*?\"<>|`$", "________" },
        { "a\xc2\xa0"
          "b\xe2\x80\xa8"
          "c",
          "a_b_c" },
        { "\xed\xa0\x80.txt", "___.txt" }, /* half of a surrogate pair */
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *safe = safe_name(smtp_span_of_text(cases[i].name));
        assert_string_equal(safe, cases[i].safe);
        g_free(safe);
    }
}

static void test_nul(void **state)
{
    (void)state;
    char *safe = safe_name(smtp_span("a.txt\0.exe", 10));
    assert_string_equal(safe, "a.txt_.exe");
    g_free(safe);
    safe = safe_name(smtp_span(NULL, 0));
    assert_string_equal(safe, "unnamed");
    g_free(safe);
}

static void test_long(void **state)
{
    (void)state;
    GString *name = g_string_new("x");
    for (unsigned i = 0; i < 3000; i++)
        g_string_append(name, "\xc3\xa4");
    g_string_append(name, ".jpeg");
    char *safe = safe_name(smtp_span(name->str, name->len));
    assert_true(strlen(safe) <= SAFE_NAME_LIMIT);
    assert_true(strlen(safe) > SAFE_NAME_LIMIT - 3);
    assert_true(g_str_has_suffix(safe, "\xc3\xa4.jpeg"));
    assert_true(text_is_utf8(smtp_span_of_text(safe)));
    g_free(safe);
    g_string_append_printf(name, "%0200d", 0);
    safe = safe_name(smtp_span(name->str, name->len));
    assert_true(strlen(safe) <= SAFE_NAME_LIMIT);
    g_free(safe);
    g_string_free(name, TRUE);
}

/* However much stands in front of an ending, or behind it, the name ends with it. */
static void test_endings(void **state)
{
    static const struct {
        const char *front, *end;
        const char *kept;
    } cases[] = {
        { "x", ".exe", "x.exe" },
        { "x", ".pdf.exe", "x.pdf.exe" },
        { "x", ".exe. . .", "x.exe" },
        { " ", ".scr", " .scr" },
        { ".", "..pdf.scr   ", "..pdf.scr" },
        { "\xe2\x82\xac", ".com", "\xe2\x82\xac.com" },
        { "x",
          ".exe\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80"
          "\x8b\xe2\x80\x8b"
          "\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b"
          "\xe2\x80\x8b",
          "x.exe_" },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *name = g_string_new("a");
        while (name->len < 5000)
            g_string_append(name, cases[i].front);
        g_string_append(name, cases[i].end);
        char *safe = safe_name(smtp_span(name->str, name->len));
        if (!g_str_has_suffix(safe, cases[i].kept))
            print_error("%s: %s\n", cases[i].end, safe);
        assert_true(g_str_has_suffix(safe, cases[i].kept));
        assert_true(strlen(safe) <= SAFE_NAME_LIMIT);
        assert_true(text_is_utf8(smtp_span_of_text(safe)));
        g_free(safe);
        g_string_free(name, TRUE);
    }
    GString *lines = g_string_new(NULL);
    for (unsigned i = 0; i < 300; i++)
        g_string_append_c(lines, '_');
    char *safe = safe_name(smtp_span(lines->str, lines->len));
    assert_true(strlen(safe) <= SAFE_NAME_LIMIT);
    g_free(safe);
    g_string_free(lines, TRUE);
}

/* Any octets at all. */
static void test_random(void **state)
{
    static const char often[] = "./\\ -CONcomUX19\xc3\xa4\xe2\x80\xae\xff";
    (void)state;
    GRand *random = g_rand_new_with_seed(5);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t octets[300];
        size_t length = (size_t)g_rand_int_range(random, 0, (gint32)(i % 10 == 0 ? sizeof octets : 12));
        for (size_t at = 0; at < length; at++)
            octets[at] = g_rand_boolean(random) ? (uint8_t)often[g_rand_int_range(random, 0, sizeof often - 1)]
                                                : (uint8_t)g_rand_int_range(random, 0, 256);
        char *safe = safe_name(smtp_span(octets, length));
        size_t got = strlen(safe);
        assert_true(got > 0 && got <= SAFE_NAME_LIMIT);
        assert_false(g_str_has_suffix(safe, ".partial"));
        assert_true(text_is_utf8(smtp_span_of_text(safe)));
        assert_null(strpbrk(safe, "/\\:"));
        assert_null(strchr(". -", safe[0]));
        assert_null(strchr(". ", safe[got - 1]));
        for (size_t at = 0; at < got; at++)
            assert_true((uint8_t)safe[at] >= 0x20 && safe[at] != 0x7f);
        char *again = safe_name(smtp_span_of_text(safe));
        assert_string_equal(again, safe);
        g_free(again);
        g_free(safe);
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_nul),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_endings), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
