/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include <stdlib.h>

#include "waiting.h"

static size_t given; /* octets that were asked for in all */

static void *resize(void *memory, size_t octets)
{
    given += octets;
    if (octets > 0)
        return realloc(memory, octets);
    free(memory);
    return NULL;
}

static void assert_first(const struct smtp_waiting *waiting, uint64_t offset, const char *text)
{
    uint64_t at = 0;
    struct smtp_span octets = smtp_span(NULL, 0);
    assert_true(smtp_waiting_first(waiting, &at, &octets));
    assert_int_equal(at, offset);
    assert_true(is_text(octets, text));
}

static void keeps_runs_and_holes(void **state)
{
    (void)state;
    uint64_t at;
    struct smtp_span octets;
    struct smtp_waiting waiting = { .octets = NULL };
    assert_false(smtp_waiting_first(&waiting, &at, &octets));
    smtp_waiting_append(&waiting, resize, 10, smtp_span_of_text("abc"));
    smtp_waiting_append(&waiting, resize, 13, smtp_span_of_text("de"));
    assert_false(smtp_waiting_hole_follows(&waiting));
    smtp_waiting_append(&waiting, resize, 20, smtp_span_of_text("f"));
    smtp_waiting_append(&waiting, resize, 30, smtp_span(NULL, 0));
    assert_int_equal(smtp_waiting_octets(&waiting), 6);
    assert_first(&waiting, 10, "abcde");
    assert_true(smtp_waiting_hole_follows(&waiting));
    struct smtp_waiting copy = smtp_waiting_copy(&waiting, resize);
    smtp_waiting_take(&waiting, resize, 2);
    assert_first(&waiting, 12, "cde");
    smtp_waiting_take(&waiting, resize, 3);
    assert_first(&waiting, 20, "f");
    smtp_waiting_take(&waiting, resize, 1);
    assert_first(&waiting, 30, "");
    smtp_waiting_append(&waiting, resize, 30, smtp_span_of_text("g"));
    assert_first(&waiting, 30, "g");
    smtp_waiting_take(&waiting, resize, 1);
    assert_false(smtp_waiting_first(&waiting, &at, &octets));
    assert_int_equal(smtp_waiting_memory(&waiting), 0);
    assert_first(&copy, 10, "abcde");
    assert_true(smtp_waiting_hole_follows(&copy));
    smtp_waiting_free(&copy, resize);
}

/* Little waits at a time, much in all, and something always: neither the memory nor what is moved in it grows. */
static void stays_small(void **state)
{
    (void)state;
    struct smtp_waiting waiting = { .octets = NULL };
    uint64_t in = 0;
    given = 0;
    for (unsigned i = 0; i < 100000; i++) {
        smtp_waiting_append(&waiting, resize, in, smtp_span_of_text("abcdefgh"));
        in += 8 + i % 2; /* there are holes, too */
        if (i >= 16)
            smtp_waiting_take(&waiting, resize, 8);
    }
    assert_int_equal(smtp_waiting_octets(&waiting), 16 * 8);
    assert_true(smtp_waiting_memory(&waiting) < 4096);
    assert_true(given < 16384);
    smtp_waiting_free(&waiting, resize);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_runs_and_holes),
        cmocka_unit_test(stays_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
