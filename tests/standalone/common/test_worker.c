/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Jobs are done in the order in which they were posted, with the octets they were posted with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "worker.h"

static void append(void *target, struct smtp_span octets)
{
    g_string_append_len(target, (const char *)octets.octets, (gssize)octets.length);
}

static void test_order(void **state)
{
    (void)state;
    struct worker *worker = worker_new();
    GString *expected = g_string_new(NULL);
    GString *got = g_string_new(NULL);
    GRand *random = g_rand_new_with_seed(11);
    for (unsigned i = 0; i < 3000; i++) {
        char *piece =
            g_strnfill((gsize)g_rand_int_range(random, 0, i % 200 == 0 ? 200000 : 2000), (char)('a' + i % 26));
        g_string_append(expected, piece);
        worker_post(worker, append, got, smtp_span_of_text(piece));
        g_free(piece);
        if (i % 700 == 0) {
            worker_wait(worker);
            assert_int_equal(got->len, expected->len);
        }
    }
    worker_free(worker);
    assert_int_equal(got->len, expected->len);
    assert_string_equal(got->str, expected->str);
    g_rand_free(random);
    g_string_free(expected, TRUE);
    g_string_free(got, TRUE);
}

static void test_nothing(void **state)
{
    (void)state;
    struct worker *worker = worker_new();
    worker_flush(worker);
    worker_wait(worker);
    worker_free(worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
