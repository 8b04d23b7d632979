/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is wanted of a header is kept, wherever its octets are cut and however much stands around it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "header_filter.h"

static const char *const names[] = { "Subject", "From", "Received" };
static const struct header_names first_ones = { names, 2, true };
static const struct header_names all = { names, 3, false };

static const struct {
    const struct header_names *wanted;
    const char *header, *kept;
    bool ended;
} cases[] = {
    { &first_ones, "", "", false },
    { &first_ones, "\r\nSubject: body\r\n", "", true },
    { &first_ones, "\nSubject: body\r\n", "", true },
    { &first_ones, "Subject: x\r\nFrom: y\r\n\r\nFrom: z\r\n", "Subject: x\r\nFrom: y\r\n", true },
    { &first_ones, "A: 1\r\nsubject : x\n\ty\r\n z\nB: 2\r\n c\r\nFROM:y\r\n\r\n", "subject : x\n\ty\r\n z\nFROM:y\r\n",
      true },
    { &first_ones, "Subject: x\r\nSubject: y\r\n z\r\n\r\n", "Subject: x\r\n", true },
    { &first_ones, "Subject\r\nFromage: x\r\nno field\r\nSubjec: x\r\n:\r\n: x\r\n\r\n", "", true },
    { &first_ones, " Subject: x\r\n From: y\r\nFrom: z", "From: z", false },
    { &first_ones, "Subject: x\r\n \r\n\t\r\nA: 1\r\n\r\n", "Subject: x\r\n \r\n\t\r\n", true },
    { &first_ones, "Subject: x\r\r\n\r\n", "Subject: x\r\r\n", true },
    { &first_ones, "Subject:\r\n\r\n", "Subject:\r\n", true },
    { &all, "Received: 1\r\nA: 1\r\nReceived: 2\r\nReceived: 3\r\n\r\n",
      "Received: 1\r\nReceived: 2\r\nReceived: 3\r\n", true },
};

/* Adds a text in pieces of `size` octets. */
static bool add(struct header_filter *filter, struct smtp_span octets, size_t size)
{
    while (octets.length > 0) {
        size_t length = MIN(octets.length, size);
        char *copy = g_memdup2(octets.octets, length); /* exactly sized: reading too far is seen */
        bool ended = header_filter_add(filter, smtp_span(copy, length));
        g_free(copy);
        if (ended)
            return true;
        octets = smtp_span_from(octets, length);
    }
    return false;
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        for (size_t size = 1; size < 80; size++) {
            struct header_filter *filter = header_filter_new(cases[i].wanted);
            assert_int_equal(add(filter, smtp_span_of_text(cases[i].header), size), cases[i].ended);
            assert_string_equal(filter->kept->str, cases[i].kept);
            assert_false(filter->cut);
            header_filter_free(filter);
        }
}

/* A field that takes all the room leaves some for the others; and what stands between them takes none. */
static void test_large(void **state)
{
    (void)state;
    GString *header = g_string_new(NULL);
    for (unsigned i = 0; i < 100000; i++)
        g_string_append(header, "X-Filler: x\r\n y\r\nX:\r\n");
    g_string_append(header, "Subject: ");
    for (unsigned i = 0; i < 1000000; i++)
        g_string_append(header, i % 70 == 0 ? "\r\n " : "x");
    g_string_append(header, "\r\nFrom: a@example.com\r\n\r\n");
    for (size_t size = 1; size < header->len; size = size * 7 + 1) {
        struct header_filter *filter = header_filter_new(&first_ones);
        assert_true(add(filter, smtp_span(header->str, header->len), size));
        assert_true(filter->cut);
        assert_true(g_str_has_prefix(filter->kept->str, "Subject: "));
        assert_true(g_str_has_suffix(filter->kept->str, "\nFrom: a@example.com\r\n"));
        assert_true(filter->kept->len > HEADER_FILTER_LIMIT - 2 * HEADER_FILTER_RESERVED &&
                    filter->kept->len < HEADER_FILTER_LIMIT);
        header_filter_free(filter);
    }
    g_string_free(header, TRUE);
}

/* Of very many of one name the first ones are kept, and those of other names. */
static void test_many(void **state)
{
    (void)state;
    struct header_filter *filter = header_filter_new(&all);
    for (unsigned i = 0; i < 1000000; i++)
        assert_false(header_filter_add(filter, smtp_span_of_text("Received: from mx.example.com\r\n")));
    assert_true(header_filter_add(filter, smtp_span_of_text("Subject: x\r\nFrom: y\r\n\r\n")));
    assert_true(filter->cut);
    assert_true(filter->kept->len <= HEADER_FILTER_LIMIT + 1);
    assert_true(g_str_has_suffix(filter->kept->str, "\nSubject: x\r\nFrom: y\r\n"));
    header_filter_free(filter);
}

static void test_gap(void **state)
{
    (void)state;
    static const struct {
        const char *header, *kept;
    } holes[] = {
        { "Subject: x\r\nFrom: y", "Subject: x\r\n" },    { "Subject: x\r\nFro", "Subject: x\r\n" },
        { "Subject: x\r\nA: b\r\n c", "Subject: x\r\n" }, { "Subject: x", "" },
        { "Subject: x\r\n", "Subject: x\r\n" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(holes); i++) {
        struct header_filter *filter = header_filter_new(&first_ones);
        assert_false(header_filter_add(filter, smtp_span_of_text(holes[i].header)));
        header_filter_gap(filter);
        assert_string_equal(filter->kept->str, holes[i].kept);
        header_filter_free(filter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
