/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Texts put in in any order and any parts come out as they were, from memory and from the file. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "spool.h"

#define TEXTS 300
#define PARTS 20

static void put(struct spool *spool, uint64_t number)
{
    for (unsigned part = 0; part < PARTS; part++) {
        char *text = g_strdup_printf("%" G_GUINT64_FORMAT ".%u%*s\n", number, part, (int)(number * 37 % 900), "");
        assert_true(spool_add(spool, smtp_span_of_text(text)));
        g_free(text);
    }
    assert_true(spool_end(spool, number));
}

static void check(struct spool *spool, uint64_t number)
{
    FILE *file = tmpfile();
    assert_true(spool_give(spool, number, file));
    assert_false(spool_give(spool, number, file)); /* it is forgotten */
    assert_int_equal(errno, ENOENT);
    rewind(file);
    char line[1024];
    for (unsigned part = 0; part < PARTS; part++) {
        char *expected = g_strdup_printf("%" G_GUINT64_FORMAT ".%u%*s\n", number, part, (int)(number * 37 % 900), "");
        assert_non_null(fgets(line, sizeof line, file));
        assert_string_equal(line, expected);
        g_free(expected);
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
}

static void texts_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct spool *spool = spool_new();
    for (uint64_t number = TEXTS; number > 1; number--)
        put(spool, number);
    assert_true(spool_end(spool, 1)); /* an empty one */
    for (uint64_t number = 2; number < TEXTS; number++) {
        check(spool, number);
        if (number % 3 == 0) /* while others wait */
            put(spool, TEXTS + number);
    }
    assert_true(spool_give(spool, 1, stdout));
    assert_false(spool_give(spool, 99999, stdout));
    spool_free(spool); /* with what is left */
}

/* Many small ones: more than are remembered in memory. */
static void many_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct spool *spool = spool_new();
    const uint64_t count = 3 * SPOOL_MEMORY / 128;
    for (uint64_t number = count; number > 0; number--) {
        if (number % 5 != 0)
            assert_true(spool_add(spool, smtp_span(&number, sizeof number)));
        assert_true(spool_end(spool, number));
    }
    for (uint64_t number = 1; number <= count; number++) {
        uint64_t got = 0;
        FILE *file = tmpfile();
        assert_true(spool_give(spool, number, file));
        rewind(file);
        assert_int_equal(fread(&got, 1, sizeof got, file), number % 5 != 0 ? sizeof got : 0);
        assert_int_equal(got, number % 5 != 0 ? number : 0);
        fclose(file);
        assert_false(spool_give(spool, number, stdout));
        assert_int_equal(errno, ENOENT);
    }
    spool_free(spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(texts_come_out_as_they_went_in),
                                        cmocka_unit_test(many_come_out_as_they_went_in) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
