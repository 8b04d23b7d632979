/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Community IDs, whichever side is named first. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "community_id.h"

/* The baseline values of the Community ID specification's own test data. */
static void computes_community_ids(void **state)
{
    (void)state;
    const struct tcp_endpoint ends[2] = {
        { .address = { .version = 4, .octets = { 128, 232, 110, 120 } }, .port = 34855 },
        { .address = { .version = 4, .octets = { 66, 35, 250, 204 } }, .port = 80 },
    };
    const struct tcp_endpoint turned[2] = { ends[1], ends[0] };
    char *one = community_id(ends);
    char *other = community_id(turned);
    assert_string_equal(one, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    assert_string_equal(one, other);
    g_free(one);
    g_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_community_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
