/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "telnet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spans.h"

struct row {
    struct smtp_span input;
    enum smtp_telnet_look look;
    size_t length;
};

static const struct row rows[] = {
    { TEXT(""), SMTP_TELNET_PERHAPS, 0 },
    { TEXT("E"), SMTP_TELNET_NO, 0 },
    { TEXT("\xff"), SMTP_TELNET_PERHAPS, 0 },
    { TEXT("\xff\xfb"), SMTP_TELNET_PERHAPS, 0 },
    { TEXT("\xff\xfb\x1f"), SMTP_TELNET_YES, 3 },          /* WILL */
    { TEXT("\xff\xfe\xff\xff"), SMTP_TELNET_YES, 3 },      /* DONT */
    { TEXT("\xff\xf1" "EHLO"), SMTP_TELNET_YES, 2 },       /* NOP */
    { TEXT("\xff\xff" "EHLO"), SMTP_TELNET_NO, 0 },        /* an octet 255 of the text */
    { TEXT("\xff\x41"), SMTP_TELNET_NO, 0 },
    { TEXT("\xff\xfa\x18\x01\xff\xf0x"), SMTP_TELNET_YES, 6 },
    { TEXT("\xff\xfa\xff\xf0"), SMTP_TELNET_YES, 4 },
    { TEXT("\xff\xfa\x18\x01\xff"), SMTP_TELNET_PERHAPS, 0 },
};

static void knows_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = 0;
        EXPECT(rows[i].input, smtp_telnet_look(rows[i].input, &length) == rows[i].look);
        EXPECT(rows[i].input, rows[i].look != SMTP_TELNET_YES || length == rows[i].length);
    }
}

static void does_not_wait_for_ever(void **state)
{
    (void)state;
    uint8_t octets[600] = { 255, 250 };
    size_t length = 0;
    assert_int_equal(smtp_telnet_look(smtp_span(octets, 511), &length), SMTP_TELNET_PERHAPS);
    assert_int_equal(smtp_telnet_look(smtp_span(octets, 512), &length), SMTP_TELNET_NO);
    octets[598] = 255;
    octets[599] = 240;
    assert_int_equal(smtp_telnet_look(smtp_span(octets, 600), &length), SMTP_TELNET_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(knows_sequences), cmocka_unit_test(does_not_wait_for_ever) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
