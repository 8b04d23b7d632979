/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pieces of memory of one size: each is somebody's alone, aligned, and used again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "slots.h"

#define PIECES 2000

static void pieces_do_not_overlap(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 64, 100, 1424, 300000 };
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        struct slots *slots = slots_new(sizes[s]);
        size_t count = sizes[s] > 100000 ? 4 : PIECES;
        uint8_t **pieces = g_new(uint8_t *, count);
        for (unsigned round = 0; round < 2; round++) {
            for (size_t i = 0; i < count; i++) {
                pieces[i] = slots_take(slots);
                assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
                memset(pieces[i], (int)(i % 251), sizes[s]);
            }
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(pieces[i][0], i % 251);
                assert_int_equal(pieces[i][sizes[s] - 1], i % 251);
                slots_give(slots, pieces[i]);
            }
        }
        slots_give(slots, NULL);
        g_free(pieces);
        slots_free(slots);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pieces_do_not_overlap) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
