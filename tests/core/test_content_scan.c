/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is passed over many octets at a time, against what looking at each octet says. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "session_private.h"

/* Takes one octet; false if it must not be passed over. */
static bool take(struct smtp_content_scan *scan, uint8_t octet)
{
    bool behind_cr = scan->state == SMTP_CONTENT_AFTER_CR;
    bool at_start = scan->state == SMTP_CONTENT_AFTER_CRLF;
    scan->line_octets++;
    scan->overlong |= scan->line_octets > SMTP_TEXT_LINE_LIMIT;
    scan->state = octet == '\r'   ? SMTP_CONTENT_AFTER_CR
                  : octet == '\n' ? SMTP_CONTENT_AFTER_CRLF
                                  : SMTP_CONTENT_IN_LINE;
    if (octet == '\n')
        scan->line_octets = 0;
    return octet != 0 && behind_cr == (octet == '\n') && !(at_start && octet == '.');
}

static void fill(GRand *random, GString *text)
{
    static const char *const odd[] = { "\n", "\r", ".", "\n.", "\r\n.", "\r\r\n" };
    g_string_truncate(text, 0);
    unsigned lines = (unsigned)g_rand_int_range(random, 1, 60);
    for (unsigned i = 0; i < lines; i++) {
        bool is_long = g_rand_int_range(random, 0, 20) == 0;
        for (int octets = g_rand_int_range(random, 0, is_long ? 2500 : 90); octets > 0; octets--)
            g_string_append_c(text, 'x');
        if (g_rand_int_range(random, 0, 30) == 0)
            g_string_append(text, odd[g_rand_int_range(random, 0, G_N_ELEMENTS(odd))]);
        if (g_rand_int_range(random, 0, 200) == 0)
            g_string_append_c(text, '\0');
        g_string_append(text, "\r\n");
    }
}

static void test_plain(void **state)
{
    (void)state;
    GRand *random = g_rand_new_with_seed(7);
    GString *text = g_string_new(NULL);
    uint64_t passed = 0;
    for (unsigned round = 0; round < 3000; round++) {
        fill(random, text);
        const uint8_t *octets = (const uint8_t *)text->str;
        struct smtp_content_scan scan = { .state = SMTP_CONTENT_IN_LINE,
                                          .line_octets = (uint32_t)g_rand_int_range(random, 0, 1100) };
        struct smtp_content_scan model = scan;
        for (size_t at = 0; at < text->len;) {
            size_t given = (size_t)g_rand_int_range(random, 1, 3000);
            given = MIN(given, text->len - at);
            size_t skipped = smtp_content_skip_plain(&scan, smtp_span(octets + at, given));
            assert_true(skipped < given || skipped == 0);
            passed += skipped;
            for (size_t i = 0; i < skipped; i++)
                assert_true(take(&model, octets[at + i]));
            at += skipped;
            if (skipped > 0) { /* the octet behind it is still within what was looked at */
                struct smtp_content_scan behind = model;
                assert_true(octets[at] == 0 || take(&behind, octets[at]));
            }
            assert_int_equal(scan.state, model.state);
            assert_int_equal(scan.line_octets, model.line_octets);
            assert_int_equal(scan.overlong, model.overlong);
            if (skipped == 0) {
                take(&model, octets[at++]);
                scan = model;
            }
        }
    }
    assert_true(passed > 1000000);
    g_string_free(text, TRUE);
    g_rand_free(random);
}

/* More in one lane than an octet counts to, and every length around the size of a lane. */
static void test_line_ends(void **state)
{
    (void)state;
    static uint8_t octets[10000];
    memset(octets, '\n', sizeof octets);
    assert_int_equal(smtp_content_line_ends(smtp_span(octets, sizeof octets)), sizeof octets);
    memset(octets, 'x', sizeof octets);
    for (size_t length = 0; length < 100; length++) {
        size_t expected = 0;
        for (size_t i = 0; i < length; i++) {
            octets[i] = i % 7 == length % 7 ? '\n' : '\r';
            expected += octets[i] == '\n';
        }
        assert_int_equal(smtp_content_line_ends(smtp_span(octets, length)), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_plain), cmocka_unit_test(test_line_ends) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
