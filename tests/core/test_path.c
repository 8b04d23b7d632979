/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "path.h"

enum flaw { NONE = 0, NULL_PATH = 1, SPACE = 2, BARE = 4, UNCLOSED = 8, WRAPPED = 16 };

struct row {
    struct smtp_span argument;
    const char *keyword;
    const char *address; /* NULL: no path is found */
    const char *local_part;
    const char *domain;
    const char *route;
    const char *parameters;
    unsigned flaws;
};

static const struct row rows[] = {
    { TEXT("FROM:<a@b.example>"), "FROM", "a@b.example", "a", "b.example", "", "", NONE },
    { TEXT("from:<a@b>"), "FROM", "a@b", "a", "b", "", "", NONE },
    { TEXT("TO:<a@b>"), "TO", "a@b", "a", "b", "", "", NONE },
    { TEXT("FROM:<>"), "FROM", "", "", "", "", "", NULL_PATH },
    { TEXT("FROM:<> SIZE=5"), "FROM", "", "", "", "", "SIZE=5", NULL_PATH },
    { TEXT("FROM: < > SIZE=5"), "FROM", "", "", "", "", "SIZE=5", NULL_PATH | SPACE },
    { TEXT("FROM:<a@b> SIZE=10 BODY=8BITMIME"), "FROM", "a@b", "a", "b", "", "SIZE=10 BODY=8BITMIME", NONE },
    { TEXT("FROM:<a@b>SIZE=10"), "FROM", "a@b", "a", "b", "", "SIZE=10", NONE },
    { TEXT("FROM:<a@b>  \t SIZE=10\t "), "FROM", "a@b", "a", "b", "", "SIZE=10", NONE },
    { TEXT("FROM: <a@b>"), "FROM", "a@b", "a", "b", "", "", SPACE },
    { TEXT("FROM:\t <a@b>"), "FROM", "a@b", "a", "b", "", "", SPACE },
    { TEXT("FROM : <a@b>"), "FROM", "a@b", "a", "b", "", "", SPACE },
    { TEXT("FROM :<a@b>"), "FROM", "a@b", "a", "b", "", "", NONE },
    { TEXT("FROM:< a@b >"), "FROM", "a@b", "a", "b", "", "", NONE },

    /* quoted local-parts */
    { TEXT("FROM:<\"a>b\"@c>"), "FROM", "\"a>b\"@c", "\"a>b\"", "c", "", "", NONE },
    { TEXT("FROM:<\"a@b\"@c> X=1"), "FROM", "\"a@b\"@c", "\"a@b\"", "c", "", "X=1", NONE },
    { TEXT("FROM:<\"a b\"@c>"), "FROM", "\"a b\"@c", "\"a b\"", "c", "", "", NONE },
    { TEXT("FROM:<\"a\\\"> @\"@c> X"), "FROM", "\"a\\\"> @\"@c", "\"a\\\"> @\"", "c", "", "X", NONE },
    { TEXT("FROM:<\"\\\\\"@c> X"), "FROM", "\"\\\\\"@c", "\"\\\\\"", "c", "", "X", NONE },
    { TEXT("FROM:<\"\"@c>"), "FROM", "\"\"@c", "\"\"", "c", "", "", NONE },
    { TEXT("FROM:<\"a@b> SIZE=1"), "FROM", "\"a@b", "\"a", "b", "", "SIZE=1", NONE },
    { TEXT("FROM:<O\"Brien@b>"), "FROM", "O\"Brien@b", "O\"Brien", "b", "", "", NONE },
    { TEXT("FROM:<\"a\\\"@b>"), "FROM", "\"a\\\"@b", "\"a\\\"", "b", "", "", NONE },
    { TEXT("FROM:\"a b\"@c SIZE=1"), "FROM", "\"a b\"@c", "\"a b\"", "c", "", "SIZE=1", BARE },
    { TEXT("FROM:\"a b@c d"), "FROM", "\"a", "\"a", "", "", "b@c d", BARE },

    /* source routes */
    { TEXT("TO:<@a,@b:c@d>"), "TO", "c@d", "c", "d", "@a,@b", "", NONE },
    { TEXT("TO:<@a.example:c@d> NOTIFY=NEVER"), "TO", "c@d", "c", "d", "@a.example", "NOTIFY=NEVER", NONE },
    { TEXT("TO:<@[IPv6:::1],@b:c@d>"), "TO", "c@d", "c", "d", "@[IPv6:::1],@b", "", NONE },
    { TEXT("TO:<@a:\"c:@d\"@e>"), "TO", "\"c:@d\"@e", "\"c:@d\"", "e", "@a", "", NONE },
    { TEXT("TO:@a:c@d"), "TO", "c@d", "c", "d", "@a", "", BARE },
    { TEXT("TO:<@a:>"), "TO", "", "", "", "@a", "", NONE },
    { TEXT("TO:<@a>"), "TO", "@a", "", "a", "", "", NONE },

    /* domains */
    { TEXT("TO:<a@[192.0.2.1]>"), "TO", "a@[192.0.2.1]", "a", "[192.0.2.1]", "", "", NONE },
    { TEXT("TO:<a@[IPv6:2001:db8::1]>"), "TO", "a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", "", "", NONE },
    { TEXT("TO:<postmaster>"), "TO", "postmaster", "postmaster", "", "", "", NONE },
    { TEXT("TO:<a@b@c>"), "TO", "a@b@c", "a@b", "c", "", "", NONE },
    { TEXT("TO:<a@>"), "TO", "a@", "a", "", "", "", NONE },
    { TEXT("TO:<j\xc3\xbcrgen@m\xc3\xbcller.example> X"), "TO", "j\xc3\xbcrgen@m\xc3\xbcller.example", "j\xc3\xbcrgen",
      "m\xc3\xbcller.example", "", "X", NONE },
    { TEXT("TO:<\xff\xfe@\x80>"), "TO", "\xff\xfe@\x80", "\xff\xfe", "\x80", "", "", NONE },

    /* missing brackets */
    { TEXT("FROM:a@b"), "FROM", "a@b", "a", "b", "", "", BARE },
    { TEXT("FROM: a@b SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", BARE | SPACE },
    { TEXT("FROM:a@b> SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", BARE },
    { TEXT("FROM:a@b AUTH=<>"), "FROM", "a@b", "a", "b", "", "AUTH=<>", BARE },
    { TEXT("FROM:<a@b"), "FROM", "a@b", "a", "b", "", "", UNCLOSED },
    { TEXT("FROM:<a@b SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", UNCLOSED },
    { TEXT("FROM:<a@b AUTH=<>"), "FROM", "a@b", "a", "b", "", "AUTH=<>", UNCLOSED },
    { TEXT("FROM:<"), "FROM", "", "", "", "", "", UNCLOSED },
    { TEXT("FROM:<\"a>b"), "FROM", "\"a", "\"a", "", "", "b", NONE },

    /* trailing garbage */
    { TEXT("FROM:<a@b>> x"), "FROM", "a@b", "a", "b", "", "x", NONE },
    { TEXT("FROM:<a b@c> d"), "FROM", "a b@c", "a b", "c", "", "d", NONE },
    { TEXT("FROM:<a@b> <c@d>"), "FROM", "a@b", "a", "b", "", "<c@d>", NONE },

    /* names, doubled brackets, comments: the innermost brackets hold the address */
    { TEXT("FROM:<<a@b>>"), "FROM", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("FROM:<<a@b>> SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", WRAPPED },
    { TEXT("FROM:<<<a@b>"), "FROM", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("FROM:< <a@b> > x"), "FROM", "a@b", "a", "b", "", "> x", WRAPPED },
    { TEXT("FROM:<Foo Bar <a@b>>"), "FROM", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("FROM:<\"Foo <x@y>\" <a@b>> SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", WRAPPED },
    { TEXT("FROM: Foo Bar <a@b> SIZE=1 AUTH=<>"), "FROM", "a@b", "a", "b", "", "SIZE=1 AUTH=<>", WRAPPED | SPACE },
    { TEXT("FROM:\"Foo Bar\" <a@b>"), "FROM", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("TO:\"Bar, Foo\"<a@b>"), "TO", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("TO:Foo<a@b>"), "TO", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("TO:a@b <c@d>"), "TO", "c@d", "c", "d", "", "", WRAPPED },
    { TEXT("TO:Foo <@x:a@b>"), "TO", "a@b", "a", "b", "@x", "", WRAPPED },
    { TEXT("FROM:Foo <>"), "FROM", "", "", "", "", "", NULL_PATH | WRAPPED },
    { TEXT("FROM:Foo <\"a>b\"@c>"), "FROM", "\"a>b\"@c", "\"a>b\"", "c", "", "", WRAPPED },
    { TEXT("FROM:=?utf-8?Q?Foo?= <a@b>"), "FROM", "a@b", "a", "b", "", "", WRAPPED },
    { TEXT("FROM:a@b (Foo)"), "FROM", "a@b", "a", "b", "", "", BARE },
    { TEXT("FROM:a@b (Foo <c@d>) SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", BARE },
    { TEXT("FROM:(Foo) a@b"), "FROM", "a@b", "a", "b", "", "", BARE },
    { TEXT("FROM:<a@b> (Foo) (Bar) SIZE=1"), "FROM", "a@b", "a", "b", "", "SIZE=1", NONE },
    { TEXT("FROM:<a@b (Foo > Bar)>"), "FROM", "a@b", "a", "b", "", "", NONE },
    { TEXT("FROM:<a(b)@c>"), "FROM", "a(b)@c", "a(b)", "c", "", "", NONE },
    { TEXT("FROM:<a@b (Foo>"), "FROM", "a@b (Foo", "a", "b (Foo", "", "", NONE },
    { TEXT("FROM:<a@b> (Foo"), "FROM", "a@b", "a", "b", "", "(Foo", NONE },
    { TEXT("FROM:a@b AUTH=<> (x) <c@d>"), "FROM", "a@b", "a", "b", "", "AUTH=<> (x) <c@d>", BARE },
    { TEXT("FROM:Foo <a@b"), "FROM", "Foo", "Foo", "", "", "<a@b", BARE },

    { TEXT(""), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("FROM"), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("FROM:"), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("FROM:  "), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("FROM <a@b>"), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("FROMM:<a@b>"), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("TO:<a@b>"), "FROM", NULL, NULL, NULL, NULL, NULL, NONE },
    { TEXT("<a@b>"), "TO", NULL, NULL, NULL, NULL, NULL, NONE },
};

static void parses_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct smtp_path path = smtp_path_parse(row->argument, row->keyword);
        EXPECT(row->argument, path.found == (row->address != NULL));
        EXPECT(row->argument, path.null == ((row->flaws & NULL_PATH) != 0));
        EXPECT(row->argument, path.space_after_colon == ((row->flaws & SPACE) != 0));
        EXPECT(row->argument, path.no_brackets == ((row->flaws & BARE) != 0));
        EXPECT(row->argument, path.unclosed == ((row->flaws & UNCLOSED) != 0));
        EXPECT(row->argument, path.wrapped == ((row->flaws & WRAPPED) != 0));
        if (row->address == NULL)
            continue;
        EXPECT(row->argument, is_text(path.address, row->address));
        EXPECT(row->argument, is_text(path.local_part, row->local_part));
        EXPECT(row->argument, is_text(path.domain, row->domain));
        EXPECT(row->argument, is_text(path.route, row->route));
        EXPECT(row->argument, is_text(path.parameters, row->parameters));
    }
}

struct expected_parameter {
    const char *keyword;
    const char *value; /* NULL: it has none */
};

struct list {
    struct smtp_span parameters;
    struct expected_parameter expected[4];
};

static const struct list lists[] = {
    { TEXT(""), { { NULL, NULL } } },
    { TEXT("  \t"), { { NULL, NULL } } },
    { TEXT("SMTPUTF8"), { { "SMTPUTF8", NULL } } },
    { TEXT("SIZE=10 BODY=8BITMIME\tSMTPUTF8"), { { "SIZE", "10" }, { "BODY", "8BITMIME" }, { "SMTPUTF8", NULL } } },
    { TEXT("  SIZE=  X"), { { "SIZE", "" }, { "X", NULL } } },
    { TEXT("=5 = =="), { { "", "5" }, { "", "" }, { "", "=" } } },
    { TEXT("AUTH=<> ENVID=a=b"), { { "AUTH", "<>" }, { "ENVID", "a=b" } } },
    { TEXT("AUTH=e+3Dmc2@example.com"), { { "AUTH", "e+3Dmc2@example.com" } } },
    { TEXT("ORCPT=rfc822;a+2Bb@c NOTIFY=SUCCESS,DELAY"),
      { { "ORCPT", "rfc822;a+2Bb@c" }, { "NOTIFY", "SUCCESS,DELAY" } } },
    { TEXT("ENVID=+ +ZZ +4"), { { "ENVID", "+" }, { "+ZZ", NULL }, { "+4", NULL } } },
};

static void walks_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct smtp_span input = lists[i].parameters;
        struct smtp_span rest = input;
        struct smtp_parameter parameter;
        for (const struct expected_parameter *expected = lists[i].expected; expected->keyword != NULL; expected++) {
            EXPECT(input, smtp_parameter_next(&rest, &parameter));
            EXPECT(input, is_text(parameter.keyword, expected->keyword));
            EXPECT(input, parameter.has_value == (expected->value != NULL));
            EXPECT(input, is_text(parameter.value, expected->value != NULL ? expected->value : ""));
        }
        EXPECT(input, !smtp_parameter_next(&rest, &parameter));
    }
}

static void parse_prefix_for(struct smtp_span prefix, const char *keyword)
{
    struct smtp_path path = smtp_path_parse(prefix, keyword);
    EXPECT(prefix, is_inside(path.address, prefix));
    EXPECT(prefix, is_inside(path.route, prefix));
    EXPECT(prefix, is_inside(path.local_part, path.address));
    EXPECT(prefix, is_inside(path.domain, path.address));
    EXPECT(prefix, is_inside(path.parameters, prefix));
    struct smtp_span rest = path.parameters;
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&rest, &parameter)) {
        EXPECT(prefix, is_inside(parameter.keyword, path.parameters));
        EXPECT(prefix, is_inside(parameter.value, path.parameters));
    }
}

static void parse_prefix(struct smtp_span prefix)
{
    parse_prefix_for(prefix, "FROM");
    parse_prefix_for(prefix, "TO");
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].argument, parse_prefix);
}

/* What never closes must not make the search start over at each of its kind. */
static void takes_linear_time(void **state)
{
    (void)state;
    enum { OCTETS = 1 << 22 };
    static const char *const begins[] = { "FROM:<\"", "FROM:<", "FROM:", "FROM:<a@b>", "FROM:a@b " };
    static const char *const pieces[] = { "\\\"", " (", "<<", "\"\\", "()(", " )", "<>" };
    char *text = malloc(OCTETS);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(begins) * COUNT(pieces); i++) {
        const char *begin = begins[i / COUNT(pieces)];
        const char *piece = pieces[i % COUNT(pieces)];
        for (size_t at = 0; at < OCTETS; at++)
            text[at] = piece[at % strlen(piece)];
        memcpy(text, begin, strlen(begin));
        assert_true(smtp_path_parse(smtp_span(text, OCTETS), "FROM").found);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_paths),
        cmocka_unit_test(walks_parameters),
        cmocka_unit_test(survives_every_prefix),
        cmocka_unit_test(takes_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
