/* SPDX-License-Identifier: GPL-2.0-or-later */

/* IP addresses in header fields: those that are such, and what only looks like one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "address_text.h"
#include "addresses_in.h"

static void test_received(void **state)
{
    static const struct {
        const char *value, *address; /* NULL: none */
    } cases[] = {
        { "from mx.example.com (mx.example.com [192.0.2.1]) by x", "192.0.2.1" },
        { "from [10.0.0.1] (unknown [192.0.2.1]) by x", "192.0.2.1" },
        { "from [10.0.0.1] (unknown [192.0.2.1]) by x ([192.0.2.9])", "192.0.2.1" },
        { "from mx (192.0.2.1) by x", "192.0.2.1" },
        { "by 192.0.2.1 with SMTP", "192.0.2.1" },
        { "from 10.0.0.1 192.0.2.1 by x", "192.0.2.1" },
        { "from mx ([IPv6:2001:DB8::1]) by x", "2001:db8::1" },
        { "from mx ([ipv6:2001:db8::1]) by x", "2001:db8::1" },
        { "from mx ([2001:db8::1]) by x", "2001:db8::1" },
        { "from mx ({192.0.2.1}) by x", "192.0.2.1" },
        { "", NULL },
        { "by mx.example.com with SMTP id 1.2.3.4.5", NULL },
        { "from mx [192.0.2.256] by x", NULL },
        { "from mx [192.0.2.1 by x", NULL },
        { "from mx (192.0.2.1] by x", NULL },
        { "from mx192.0.2.1 by x", NULL },
        { "id 8.14.7/8.14.7 at 12:30:01 -0800", NULL },
        { "from mx [IPv6:] by x", NULL },
        { "from mx [", NULL },
        { "192.0.2.1", NULL },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct packet_address address;
        bool found = addresses_in_received(smtp_span_of_text(cases[i].value), &address);
        assert_int_equal(found, cases[i].address != NULL);
        if (!found)
            continue;
        GString *text = g_string_new(NULL);
        text_append_address(text, &address);
        assert_string_equal(text->str, cases[i].address);
        g_string_free(text, TRUE);
    }
}

static void test_any(void **state)
{
    struct smtp_span rest = smtp_span_of_text("x[192.0.2.1], 999.1.1.1 IPv6:2001:db8::1;192.0.2.2");
    GString *found = g_string_new(NULL);
    struct packet_address address;
    (void)state;
    while (addresses_in_any(&rest, &address)) {
        text_append_address(found, &address);
        g_string_append_c(found, ' ');
    }
    assert_string_equal(found->str, "192.0.2.1 2001:db8::1 192.0.2.2 ");
    g_string_free(found, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_received),
        cmocka_unit_test(test_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
