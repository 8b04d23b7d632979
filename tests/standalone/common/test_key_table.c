/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "key_table.h"

static struct key key_of_number(uint32_t number)
{
    return key_of(smtp_span(&number, sizeof number));
}

/* Every key has its own mark, however many there are, in memory and in the file. */
static void keeps_marks(void **state)
{
    (void)state;
    const size_t limits[] = { 1 << 30, 64 * 1024 };
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        struct arena_pool *pool = arena_pool_new(limits[i]);
        struct key_table *table = key_table_new(pool);
        const uint32_t count = 100000;
        for (uint32_t number = 1; number <= count; number++) {
            struct key key = key_of_number(number);
            assert_int_equal(key_table_find(table, &key), 0);
            key_table_set(table, &key, number);
        }
        for (uint32_t number = 1; number <= 2 * count; number++) {
            struct key key = key_of_number(number);
            assert_int_equal(key_table_find(table, &key), number <= count ? number : 0);
        }
        assert_true((arena_pool_statistics(pool).file > 0) == (i == 1));
        key_table_free(table);
        assert_int_equal(arena_pool_statistics(pool).memory + arena_pool_statistics(pool).file, 0);
        arena_pool_free(pool);
    }
}

/* Keys that stand at the end, and all at one place. */
static void keys_that_crowd(void **state)
{
    (void)state;
    struct arena_pool *pool = arena_pool_new(1 << 20);
    struct key_table *table = key_table_new(pool);
    struct key key = { .octets = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
    for (uint32_t number = 1; number <= 5000; number++) {
        key.octets[KEY_OCTETS - 1] = (uint8_t)number;
        key.octets[KEY_OCTETS - 2] = (uint8_t)(number >> 8);
        key_table_set(table, &key, number);
        key_table_set(table, &key, number + 1);
    }
    for (uint32_t number = 1; number <= 5000; number++) {
        key.octets[KEY_OCTETS - 1] = (uint8_t)number;
        key.octets[KEY_OCTETS - 2] = (uint8_t)(number >> 8);
        assert_int_equal(key_table_find(table, &key), number + 1);
    }
    key_table_free(table);
    arena_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_marks), cmocka_unit_test(keys_that_crowd) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
