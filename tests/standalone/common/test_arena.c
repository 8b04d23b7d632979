/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Arenas, within the limit of their pool and beyond it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "arena.h"

#define PIECES 4000

/* Fills an arena with pieces of many sizes, then looks whether all of them are as they were written. */
static void fill_and_check(struct arena_pool *pool, size_t largest)
{
    struct arena *arenas[2] = { arena_new(pool), arena_new(pool) };
    uint8_t **pieces = g_new0(uint8_t *, PIECES);
    size_t *sizes = g_new0(size_t, PIECES);
    GRand *random = g_rand_new_with_seed(3);
    for (unsigned i = 0; i < PIECES; i++) {
        sizes[i] = (size_t)g_rand_int_range(random, 1, i % 100 == 0 ? (gint32)largest : 300);
        pieces[i] = arena_take(arenas[i % 2], sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(pieces[i][at], 0);
        memset(pieces[i], (int)(i & 0xff), sizes[i]);
        if (i % 500 == 0)
            arena_pool_cool(pool);
    }
    arena_pool_cool(pool);
    for (unsigned i = 0; i < PIECES; i++) {
        assert_int_equal(pieces[i][0], i & 0xff);
        assert_int_equal(pieces[i][sizes[i] - 1], i & 0xff);
    }
    arena_free(arenas[0]);
    arena_free(arenas[1]);
    g_rand_free(random);
    g_free(sizes);
    g_free(pieces);
}

static void test_memory(void **state)
{
    (void)state;
    struct arena_pool *pool = arena_pool_new(64 * 1024 * 1024);
    for (unsigned round = 0; round < 3; round++)
        fill_and_check(pool, 100000);
    struct arena_statistics statistics = arena_pool_statistics(pool);
    assert_int_equal(statistics.memory, 0);
    assert_int_equal(statistics.file, 0);
    assert_int_equal(statistics.beyond, 0);
    arena_pool_free(pool);
}

static void test_file(void **state)
{
    (void)state;
    struct arena_pool *pool = arena_pool_new(100000);
    struct arena *held = arena_new(pool);
    for (unsigned i = 0; i < 1000; i++)
        arena_take(held, 1000);
    struct arena_statistics statistics = arena_pool_statistics(pool);
    assert_true(statistics.memory <= 100000);
    assert_true(statistics.file > 900000 && statistics.file < 1200000);
    for (unsigned round = 0; round < 3; round++)
        fill_and_check(pool, 100000);
    arena_free(held);
    statistics = arena_pool_statistics(pool);
    assert_int_equal(statistics.memory, 0);
    assert_int_equal(statistics.file, 0);
    assert_int_equal(statistics.beyond, 0);
    arena_pool_free(pool);
}

/* Where no file can be had, nothing is lost; it is counted. */
static void test_no_file(void **state)
{
    (void)state;
    struct arena_pool *pool = arena_pool_new(10000);
    fill_and_check(pool, 100000);
    assert_true(arena_pool_statistics(pool).beyond > 100000);
    arena_pool_free(pool);
}

static void test_copy(void **state)
{
    (void)state;
    struct arena_pool *pool = arena_pool_new(10000);
    struct arena *arena = arena_new(pool);
    struct smtp_span copy = arena_copy(arena, smtp_span_of_text("abc"));
    assert_int_equal(copy.length, 3);
    assert_memory_equal(copy.octets, "abc", 3);
    copy = arena_copy(arena, smtp_span(NULL, 0));
    assert_int_equal(copy.length, 0);
    assert_non_null(copy.octets);
    arena_free(arena);
    arena_pool_free(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_copy),
    };
    const struct CMUnitTest without_file[] = { cmocka_unit_test(test_no_file) };
    if (argc == 2 && strcmp(argv[1], "no-file") == 0)
        return cmocka_run_group_tests_name("no file", without_file, NULL, NULL);
    /* GLib asks for the folder once: the case without one is a process of its own. */
    char *const child[] = { argv[0], (char[]){ "no-file" }, NULL };
    char **environment = g_environ_setenv(g_get_environ(), "TMPDIR", "/nonexistent", TRUE);
    gint status = 1;
    bool ran = g_spawn_sync(NULL, (char **)child, environment, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, NULL);
    g_strfreev(environment);
    return cmocka_run_group_tests(tests, NULL, NULL) + (ran && status == 0 ? 0 : 1);
}
