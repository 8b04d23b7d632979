/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What fields of a message's header say to people; and that nothing is lost where they cannot be decoded. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <string.h>

#include "header.h"

static void test_text(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        { "plain", "plain" },
        { "", "" },
        { "folded\r\n  over\r\n\tlines", "folded  over\tlines" },
        { "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f"
                                         "e" },
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
        { "=?utf-8?Q?ok?= =?nonsense?Q?x?=", "ok =?nonsense?Q?x?=" },
        { "=?nonsense?Q?x?= =?utf-8?Q?ok?=", "=?nonsense?Q?x?= ok" },
        { "=?utf-8?Q?=E9?= =?utf-8?Q?b?=\t=?utf-8?Q?c?=", "=?utf-8?Q?=E9?= bc" },
        { "=?utf-8?B?4oKs", "=?utf-8?B?4oKs" },
        { "=?utf-8?B?4oKs =?utf-8?B?LmV4ZQ==?=", "=?utf-8?B?4oKs .exe" },
        { "=?utf-8?Q?a =?utf-8?Q?.exe?=", "=?utf-8?Q?a .exe" },
        { "=?utf-8/IGNORE?Q?=E9?=", "=?utf-8/IGNORE?Q?=E9?=" },
        { "=?utf-8//TRANSLIT?Q?a?=", "=?utf-8//TRANSLIT?Q?a?=" },
        { "=?utf-8?B?====?=", "=?utf-8?B?====?=" },
        { "=??Q?a?=", "=??Q?a?=" },
        /* Each word by itself: padding in one does not end the next. */
        { "=?utf-8?B?TWVldGluZyA=?= =?utf-8?B?YWJvdXQ=?=", "Meeting about" },
        { "=?utf-8?B?YQ==?=\r\n =?utf-8?B?Yg==?=\r\n =?UTF-8?B?Yw==?=", "abc" },
        { "=?utf-8?B?UmVjaG51bmcgMjAyNC5wZGY=?= =?utf-8?B?LmV4ZQ==?=", "Rechnung 2024.pdf.exe" },
        { "=?utf-8?B?=YWI=?= =?utf-8?B?Y2Q=?=", "abcd" }, /* padded in front */
        { "=?utf-8?B?YQ==Yg==?=", "ab" },                 /* and in the middle: two texts, put together as they are */
        { "=?utf-8?B?YQ==Yg?=", "ab" },
        { "=?utf-8?B?YWI?= =?utf-8?B?Y2Q?=", "abcd" }, /* not padded */
        { "=?utf-8?B?YWJj?= =?utf-8?Q?=64ef?= =?utf-8?b?Zw==?=", "abcdefg" },
        { "=?utf-8?Q?a?= =?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "a\xc3\xa9\xc3\xa9" },
        { "=?utf-8*en?B?YQ==?= =?utf-8*de?Q?b?=", "ab" },
        { "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab" },
        { "x=?utf-8?Q?a?=y=?utf-8?Q?b?=z", "xaybz" },
        { "=?utf-8?Q?a?= x =?utf-8?Q?b?= ", "a x b" },
        { "=?utf-8?Q?Why?\?= =?utf-8?Q?a_=3D_?=", "Why?a =" },
        { "=?utf-8?Q?a b\tc?=", "a b\tc" },
        { "=?utf-8?Q?100%=zz=?=", "100%=zz=" },
        { "=?utf-8?Q?\?= =?utf-8?Q?a?=", "a" },
        { "=?utf-8?B?U mV\r\n j?=", "Rec" },
        { "\"=?utf-8?B?SmFuZQ==?= =?utf-8?B?IERvZQ==?=\" <jane@example.com>", "\"Jane Doe\" <jane@example.com>" },
        { "caf\xe9 =?utf-8?Q?b?=", "caf\xe9 b" },
        /* A character that is split between words. */
        { "=?utf-8?B?4oI=?= =?utf-8?B?rC5leGU=?=", "\xe2\x82\xac.exe" },
        { "=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?= =?utf-8?B?4g==?= =?utf-8?B?gqw=?=", "\xe2\x82\xac\xe2\x82\xac" },
        { "=?gb2312?B?1g==?= =?gb2312?B?0M7E?=", "\xe4\xb8\xad\xe6\x96\x87" },
        { "=?gb2312?Q?=E9F?=", "\xe9\x95\x95" }, /* of GBK, as programs mean it */
        { "=?windows-1252?Q?=93a=94?= =?Windows-1252?B?gA==?=", "\xe2\x80\x9c"
                                                                "a\xe2\x80\x9d\xe2\x82\xac" },
        { "=?iso-2022-jp?B?GyRCJUYbKEI=?= =?iso-2022-jp?B?GyRCJTkbKEI=?=", "\xe3\x83\x86\xe3\x82\xb9" },
        { "=?iso-2022-jp?B?GyRCJUY=?= =?iso-2022-jp?B?JTklSBsoQg==?=", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88" },
        { "=?iso-2022-jp?B?GyRCJUY=?= =?iso-2022-jp?B?YS5leGU=?=", "\xe3\x83\x86"
                                                                   "a.exe" }, /* each is text, both together are not */
        { "=?shift_jis?B?g2U=?= =?shift_jis?B?g1iDZw==?=", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88" },
        { "=?x-sjis?B?g2U=?= =?SJIS?B?g1g=?=", "\xe3\x83\x86\xe3\x82\xb9" },
        { "=?big5_tw?B?pKQ=?= =?eucgb2312_cn?B?1tA=?=", "\xe4\xb8\xad\xe4\xb8\xad" },
        { "=?koi8-r?B?8NLJ18XU?=", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82" },
        { "caf\xe9", "caf\xe9" },
        { "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
        { "=?", "=?" },
        { "=?utf-8?B?", "=?utf-8?B?" },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = header_text(smtp_span_of_text(cases[i].value));
        if (strcmp(text, cases[i].text) != 0)
            print_error("%s\n", cases[i].value);
        assert_string_equal(text, cases[i].text);
        g_free(text);
    }
}

static void note_field(void *context, struct smtp_span name, struct smtp_span value)
{
    g_string_append_printf(context, "[%.*s|%.*s]", (int)name.length, (const char *)name.octets, (int)value.length,
                           (const char *)value.octets);
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
    static const char *const pieces[] = { "=?",
                                          "=?a?B?",
                                          "=?utf-8?Q?",
                                          "?=",
                                          "=?a?X?=",
                                          "(",
                                          "<",
                                          "\"",
                                          ",",
                                          "=?utf-8?B?4oKs?= ",
                                          "=?utf-8?Q?\xe2?= =?koi8-r?B?8A==?=",
                                          "=?a?Q?=?" };
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
    assert_string_equal(text->str, "a\xef\xbf\xbd"
                                   "b\xef\xbf\xbd");
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
