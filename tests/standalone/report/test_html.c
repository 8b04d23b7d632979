/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands between text of the wire and a browser. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "html.h"
#include "phrases.h"

static const struct {
    const char *text, *html;
} texts[] = {
    { "", "" },
    { "plain text 123", "plain text 123" },
    { "<script>", "&lt;script&gt;" },
    { "a & b &amp; c", "a &amp; b &amp;amp; c" },
    { "\"x\" 'y'", "&quot;x&quot; &#39;y&#39;" },
    { "M\xc3\xa4rz \xe7\x94\xa8", "M\xc3\xa4rz \xe7\x94\xa8" },
    { "\x1b[31m\x07\n\t", "\\x1B[31m\\x07\\x0A\\x09" },
    { "\x7f\xc2\x9b", "\\x7F\\xC2\\x9B" },
    { "a\xe2\x80\xae"
      "b",
      "a\\xE2\\x80\\xAE"
      "b" },
    { "\xff<\xc3", "\\xFF&lt;\\xC3" },
    { "\\x41", "\\x41" }, /* made visible before: the backslash is what it was */
};

static void check(struct html *html, const char *expected)
{
    assert_string_equal(html->out->str, expected);
    g_string_truncate(html->out, 0);
}

static void test_text(void **state)
{
    (void)state;
    struct html html;
    html_begin(&html);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        html_text(&html, texts[i].text);
        check(&html, texts[i].html);
        char *attribute = g_strdup_printf(" title=\"%s\"", texts[i].html);
        html_attribute(&html, "title", texts[i].text);
        check(&html, attribute);
        g_free(attribute);
    }
    html_printf(&html, "%s %d", "<b>", 7);
    check(&html, "&lt;b&gt; 7");
    html_end(&html);
}

static void test_wire(void **state)
{
    (void)state;
    struct html html;
    html_begin(&html);
    html_wire(&html, smtp_span("a\0<b>\xff\\x41", 10));
    check(&html, "<bdi>a\\x00&lt;b&gt;\\xFF\\x5Cx41</bdi>");
    GString *wide = g_string_new(NULL);
    while (wide->len < PHRASE_LINE_SHOWN + 1234)
        g_string_append_c(wide, 'x');
    html_wire(&html, smtp_span(wide->str, wide->len));
    assert_non_null(strstr(html.out->str, " [and 1,234 octets more]</bdi>"));
    g_string_free(wide, TRUE);
    html_end(&html);
}

static void test_numbers(void **state)
{
    (void)state;
    struct html html;
    html_begin(&html);
    html_number(&html, 1234567);
    check(&html, "1234567");
    html_count(&html, 1234567);
    check(&html, "1,234,567");
    html_time(&html, 0, 6);
    check(&html, "<time>1970-01-01T00:00:00.000000Z</time>");
    html_end(&html);
}

static void test_hash(void **state)
{
    (void)state;
    struct html html;
    html_begin(&html);
    html_source_hash(&html, "");
    check(&html, "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    html_end(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
