/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "strip.h"

/* What is put in comes out, however it is cut, in memory or beyond. */
static void test_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, 1000, STRIP_MEMORY - 1, STRIP_MEMORY, STRIP_MEMORY + 1, 5 * STRIP_MEMORY + 17
    };
    static const size_t pieces[] = { 7, 4096, 3 * STRIP_MEMORY };
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (size_t p = 0; p < G_N_ELEMENTS(pieces); p++) {
            char *text = g_malloc(sizes[s] + 1);
            char *read = g_malloc(sizes[s] + 1);
            for (size_t i = 0; i < sizes[s]; i++)
                text[i] = (char)('a' + i % 23);
            struct strip *strip = strip_new();
            for (size_t at = 0; at < sizes[s]; at += pieces[p])
                assert_true(strip_add(strip, smtp_span(text + at, MIN(pieces[p], sizes[s] - at))));
            FILE *out = tmpfile();
            assert_true(strip_give(strip, out));
            strip_free(strip);
            rewind(out);
            assert_int_equal(fread(read, 1, sizes[s] + 1, out), sizes[s]);
            assert_memory_equal(read, text, sizes[s]);
            fclose(out);
            g_free(read);
            g_free(text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_whole) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
