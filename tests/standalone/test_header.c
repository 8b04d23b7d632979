/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What fields of a message's header say to people; and that nothing is lost where they cannot be decoded. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "header.h"

static void test_text(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        { "plain", "plain" },
        { "", "" },
        { "folded\r\n  over\r\n\tlines", "folded  over\tlines" },
        { "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f" "e" },
        { "=?iso-8859-1?q?a_caf=E9?= <a@example.com>", "a caf\xc3\xa9 <a@example.com>" },
        { "=?utf-8?B?4oKs?=\r\n =?utf-8?B?4oKs?=", "\xe2\x82\xac\xe2\x82\xac" },
        { "=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88" },
        { "J\xc3\xbcrgen", "J\xc3\xbcrgen" },
        /* As it was sent, where decoding would lose something. */
        { "=?x-unknown?B?4oKs?= hi", "=?x-unknown?B?4oKs?= hi" },
        { "=?utf-8?Q?=E9?= x", "=?utf-8?Q?=E9?= x" },
        { "=?us-ascii?Q?a=E9b?=", "=?us-ascii?Q?a=E9b?=" },
        { "=?utf-8?B?!!!?=", "=?utf-8?B?!!!?=" },
        { "=?utf-8?Q?a=00b?=", "=?utf-8?Q?a=00b?=" },
        { "=?utf-8?Q?ok?= =?nonsense?Q?x?=", "=?utf-8?Q?ok?= =?nonsense?Q?x?=" },
        { "caf\xe9", "caf\xe9" },
        { "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
        { "=?", "=?" },
        { "=?utf-8?B?", "=?utf-8?B?" },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = header_text(smtp_span_of_text(cases[i].value));
        assert_string_equal(text, cases[i].text);
        g_free(text);
    }
}

static void note_field(void *context, struct smtp_span name, struct smtp_span value)
{
    g_string_append_printf(context, "[%.*s|%.*s]", (int)name.length, (const char *)name.octets, (int)value.length, (const char *)value.octets);
}

static void test_fields(void **state)
{
    (void)state;
    GString *seen = g_string_new(NULL);
    header_read(smtp_span_of_text("A: 1\r\nno field\r\nB :2\n c\r\n\td\nEmpty:\r\n: x\r\nLast: y"), note_field, seen);
    assert_string_equal(seen->str, "[A|1][B|2\n c\r\n\td][Empty|][|x][Last|y]");
    g_string_free(seen, TRUE);
}

/* Headers made to keep a decoder busy: done in no time, or the test runs into its limit. */
static void test_hostile(void **state)
{
    static const char *const pieces[] = { "=?", "=?a?B?", "=?utf-8?Q?", "?=", "=?a?X?=", "(", "<", "\"", ",", "=?utf-8?B?4oKs?= " };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        GString *value = g_string_new(NULL);
        while (value->len < 65536)
            g_string_append(value, pieces[i]);
        char *text = header_text(smtp_span(value->str, value->len));
        assert_non_null(text);
        g_free(text);
        g_string_free(value, TRUE);
    }
}

static void test_nuls(void **state)
{
    (void)state;
    GString *text = g_string_new_len("a\0b\0", 4);
    header_show_nuls(text);
    assert_string_equal(text->str, "a\xef\xbf\xbd" "b\xef\xbf\xbd");
    g_string_free(text, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_nuls),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
