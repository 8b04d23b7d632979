/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

struct number {
    struct smtp_span text;
    bool is_number;
    uint64_t value;
};

static const struct number numbers[] = {
    { TEXT("0"), true, 0 },
    { TEXT("1000"), true, 1000 },
    { TEXT("0000000000000000000000007"), true, 7 },
    { TEXT("9223372036854775807"), true, INT64_MAX },
    { TEXT("9223372036854775808"), false, 0 },
    { TEXT("99999999999999999999"), false, 0 },
    { TEXT(""), false, 0 },
    { TEXT("-1"), false, 0 },
    { TEXT("1 "), false, 0 },
    { TEXT("0x10"), false, 0 },
    { TEXT("\xff"), false, 0 },
};

static void reads_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t value = 42;
        EXPECT(numbers[i].text, smtp_span_number(numbers[i].text, &value) == numbers[i].is_number);
        EXPECT(numbers[i].text, value == (numbers[i].is_number ? numbers[i].value : 42));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads_numbers) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
