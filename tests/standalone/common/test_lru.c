/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is remembered is bounded, in order of last use, and what goes is counted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "lru.h"

static unsigned forgotten;

static void note_forgotten(void *entry)
{
    assert_int_not_equal(*(unsigned *)entry, 0);
    forgotten++;
}

static unsigned *get(struct lru *lru, const char *key)
{
    return lru_get(lru, smtp_span_of_text(key));
}

static void oldest_goes_first(void **state)
{
    (void)state;
    struct lru *lru = lru_new(sizeof(unsigned), 3, note_forgotten);
    forgotten = 0;
    *get(lru, "a") = 1;
    *get(lru, "b") = 2;
    *get(lru, "c") = 3;
    assert_int_equal(*get(lru, "a"), 1); /* now b is the oldest */
    *get(lru, "d") = 4;
    assert_int_equal(forgotten, 1);
    assert_int_equal(lru_forgotten(lru), 1);
    assert_int_equal(*get(lru, "a"), 1);
    assert_int_equal(*get(lru, "c"), 3);
    assert_int_equal(*get(lru, "d"), 4);
    assert_int_equal(*(unsigned *)lru_entry(lru_first(lru)), 4);
    assert_int_equal(*get(lru, "b"), 0); /* a new one */
    *get(lru, "b") = 5;
    assert_true(lru_forget_oldest(lru));
    assert_int_equal(lru_forgotten(lru), 3);
    lru_free(lru);
    assert_int_equal(forgotten, 5); /* all of them, but those that go with the lru do not count */
}

static void keys_are_octets(void **state)
{
    (void)state;
    struct lru *lru = lru_new(sizeof(unsigned), 10, NULL);
    *(unsigned *)lru_get(lru, smtp_span("a\0b", 3)) = 1;
    *(unsigned *)lru_get(lru, smtp_span("a\0c", 3)) = 2;
    *(unsigned *)lru_get(lru, smtp_span("", 0)) = 3;
    assert_int_equal(*(unsigned *)lru_get(lru, smtp_span("a\0b", 3)), 1);
    assert_int_equal(*(unsigned *)lru_get(lru, smtp_span("", 0)), 3);
    assert_int_equal(*(unsigned *)lru_get(lru, smtp_span("a", 1)), 0);
    lru_free(lru);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(oldest_goes_first), cmocka_unit_test(keys_are_octets) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
