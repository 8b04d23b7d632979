/* SPDX-License-Identifier: GPL-2.0-or-later */

/* JSON: what is no UTF-8 is kept visible, and exact beside it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        .octets = (const uint8_t *)(literal), .length = sizeof(literal) - 1                                            \
    }

static void writes_json(void **state)
{
    (void)state;
    static const struct smtp_span bad = TEXT("caf\xe9\"\\\n");
    static const struct smtp_span good = TEXT("a\x1b\x7f");
    struct json json = { .out = g_string_new(NULL) };
    json_begin_object(&json, NULL);
    json_text(&json, "record", "x");
    json_span(&json, "bad", bad);
    json_span(&json, "good", good);
    json_begin_array(&json, "list");
    json_number(&json, NULL, UINT64_MAX);
    json_null(&json, NULL);
    json_bool(&json, NULL, true);
    json_span(&json, NULL, bad);
    json_end_array(&json);
    json_seconds(&json, "s", 1500000, 6);
    json_seconds(&json, "back", -1500000, 6);
    json_end_object(&json);
    json_end_line(&json);
    assert_string_equal(
        json.out->str,
        "{\"record\":\"x\",\"bad\":\"caf\\\\xE9\\\"\\\\\\n\",\"bad_base64\":\"Y2Fm6SJcCg==\",\"good\":"
        "\"a\\u001b\\u007f\","
        "\"list\":[18446744073709551615,null,true,\"caf\\\\xE9\\\"\\\\\\n\"],\"s\":0.001500,\"back\":-0.001500}\n");
    g_string_free(json.out, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
