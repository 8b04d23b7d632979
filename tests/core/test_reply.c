/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "reply.h"

struct row {
    struct smtp_span line;
    uint16_t code; /* 0: the line is invalid */
    bool last;
    bool no_separator;
    const char *text;
    const char *enhanced; /* NULL: there is none */
};

static const struct row rows[] = {
    { TEXT("250 2.1.0 Ok"), 250, true, false, "2.1.0 Ok", "2.1.0" },
    { TEXT("250-2.1.0 Ok"), 250, false, false, "2.1.0 Ok", "2.1.0" },
    { TEXT("250"), 250, true, false, "", NULL },
    { TEXT("250 "), 250, true, false, "", NULL },
    { TEXT("250-"), 250, false, false, "", NULL },
    { TEXT("250  x"), 250, true, false, " x", NULL },
    { TEXT("354 End data with <CR><LF>.<CR><LF>"), 354, true, false, "End data with <CR><LF>.<CR><LF>", NULL },
    { TEXT("334 "), 334, true, false, "", NULL },
    { TEXT("550 5.7.1"), 550, true, false, "5.7.1", "5.7.1" },
    { TEXT("100 x"), 100, true, false, "x", NULL },
    { TEXT("599 x"), 599, true, false, "x", NULL },
    { TEXT("250-m\xc3\xbcller.example"), 250, false, false, "m\xc3\xbcller.example", NULL },
    { TEXT("220 \x1b[2J"), 220, true, false, "\x1b[2J", NULL },

    { TEXT(""), 0, true, false, "", NULL },
    { TEXT("2"), 0, true, false, "2", NULL },
    { TEXT("25"), 0, true, false, "25", NULL },
    { TEXT("25 "), 0, true, false, "25 ", NULL },
    { TEXT("250ok"), 0, true, true, "250ok", NULL },
    { TEXT("250\tok"), 0, true, true, "250\tok", NULL },
    { TEXT("250.ok"), 0, true, true, "250.ok", NULL },
    { TEXT("250\xff"), 0, true, true, "250\xff", NULL },
    { TEXT("2500 x"), 0, true, false, "2500 x", NULL },
    { TEXT("2500"), 0, true, false, "2500", NULL },
    { TEXT("099 x"), 0, true, false, "099 x", NULL },
    { TEXT("600 x"), 0, true, false, "600 x", NULL },
    { TEXT("2a0 x"), 0, true, false, "2a0 x", NULL },
    { TEXT(" 250 x"), 0, true, false, " 250 x", NULL },
    { TEXT("-25 x"), 0, true, false, "-25 x", NULL },
    { TEXT("4.7.0 busy"), 0, true, false, "4.7.0 busy", NULL },
    { TEXT("+OK POP3 ready"), 0, true, false, "+OK POP3 ready", NULL },
};

static void parses_reply_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct smtp_reply_line reply = smtp_reply_line_parse(row->line);
        EXPECT(row->line, reply.valid == (row->code != 0));
        EXPECT(row->line, reply.code == row->code);
        EXPECT(row->line, reply.last == row->last);
        EXPECT(row->line, reply.no_separator == row->no_separator);
        EXPECT(row->line, is_text(reply.text, row->text));
        EXPECT(row->line, reply.enhanced.present == (row->enhanced != NULL));
        EXPECT(row->line, is_text(reply.enhanced.text, row->enhanced != NULL ? row->enhanced : ""));
    }
}

struct status {
    struct smtp_span text;
    uint16_t class_digit; /* 0: there is no status */
    uint16_t subject;
    uint16_t detail;
};

static const struct status statuses[] = {
    { TEXT("2.0.0"), 2, 0, 0 },
    { TEXT("2.1.5 Ok"), 2, 1, 5 },
    { TEXT("4.7.12\tx"), 4, 7, 12 },
    { TEXT("5.999.999 x"), 5, 999, 999 },
    { TEXT("5.001.01"), 5, 1, 1 },
    { TEXT(""), 0, 0, 0 },
    { TEXT("5"), 0, 0, 0 },
    { TEXT("5."), 0, 0, 0 },
    { TEXT("5.7"), 0, 0, 0 },
    { TEXT("5.7."), 0, 0, 0 },
    { TEXT("5.7. 1"), 0, 0, 0 },
    { TEXT("5..1"), 0, 0, 0 },
    { TEXT("5.1000.1"), 0, 0, 0 },
    { TEXT("5.1.1000"), 0, 0, 0 },
    { TEXT("5.7.1x"), 0, 0, 0 },
    { TEXT("5.7.1.1"), 0, 0, 0 },
    { TEXT("5.7.1, x"), 0, 0, 0 },
    { TEXT("3.0.0"), 0, 0, 0 },
    { TEXT("1.0.0"), 0, 0, 0 },
    { TEXT("X.7.1"), 0, 0, 0 },
    { TEXT("22.0.0"), 0, 0, 0 },
    { TEXT(" 2.0.0"), 0, 0, 0 },
    { TEXT("5-7-1"), 0, 0, 0 },
};

static void parses_enhanced_status_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct smtp_enhanced_status status = smtp_enhanced_status_parse(statuses[i].text);
        EXPECT(statuses[i].text, status.present == (statuses[i].class_digit != 0));
        EXPECT(statuses[i].text, status.class_digit == statuses[i].class_digit);
        EXPECT(statuses[i].text, status.subject == statuses[i].subject);
        EXPECT(statuses[i].text, status.detail == statuses[i].detail);
    }
}

static void parse_prefix(struct smtp_span prefix)
{
    struct smtp_reply_line reply = smtp_reply_line_parse(prefix);
    EXPECT(prefix, is_inside(reply.text, prefix));
    EXPECT(prefix, is_inside(reply.enhanced.text, reply.text));
    EXPECT(prefix, reply.valid ? reply.code >= 100 && reply.code <= 599 : reply.code == 0 && reply.last);
    struct smtp_enhanced_status status = smtp_enhanced_status_parse(prefix);
    EXPECT(prefix, is_inside(status.text, prefix));
    EXPECT(prefix, status.subject <= 999 && status.detail <= 999);
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].line, parse_prefix);
    for (size_t i = 0; i < COUNT(statuses); i++)
        for_each_prefix(statuses[i].text, parse_prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_reply_lines),
        cmocka_unit_test(parses_enhanced_status_codes),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
