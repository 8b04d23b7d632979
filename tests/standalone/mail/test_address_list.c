/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where mailboxes in a header field begin and end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "address_list.h"

/* "[first][second]" */
static char *split(const char *value)
{
    struct address_list list = address_list_of(smtp_span_of_text(value));
    struct smtp_span mailbox;
    GString *found = g_string_new(NULL);
    while (address_list_next(&list, &mailbox))
        g_string_append_printf(found, "[%.*s]", (int)mailbox.length, (const char *)mailbox.octets);
    return g_string_free(found, FALSE);
}

static void test_split(void **state)
{
    static const struct {
        const char *value, *mailboxes;
    } cases[] = {
        { "", "" },
        { " ", "" },
        { ", ,,", "" },
        { "a@example.com", "[a@example.com]" },
        { "a@example.com, \t b@example.com ,", "[a@example.com][b@example.com]" },
        { "\"Doe, Jane\" <a@example.com>, b@example.com", "[\"Doe, Jane\" <a@example.com>][b@example.com]" },
        { "x \"a, b\" y, c", "[x \"a, b\" y][c]" },
        { "\"a\\\", b\", c", "[\"a\\\", b\"][c]" },
        { "a (b, (c, d), e), f", "[a (b, (c, d), e)][f]" },
        { "a (\\(, b), c", "[a (\\(, b)][c]" },
        { "(a \", b), c\"", "[(a \", b)][c\"]" },
        { "group: a@example.com, b@example.com;, c", "[group: a@example.com][b@example.com;][c]" },
        /* What is not closed is no quote and no comment, and those behind it are none either. */
        { "\"a, b", "[\"a][b]" },
        { "(a, b, (c, d)", "[(a][b][(c][d)]" },
        { "a), b", "[a)][b]" },
        { "a\\, b, c", "[a\\, b][c]" },
        { "a\\", "[a\\]" },
        { "\"a\\", "[\"a\\]" },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *found = split(cases[i].value);
        assert_string_equal(found, cases[i].mailboxes);
        g_free(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
