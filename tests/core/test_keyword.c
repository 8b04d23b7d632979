/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "keyword.h"

struct row {
    struct smtp_span text;
    enum smtp_keyword keyword;
    const char *word;
    const char *parameters;
    bool masked;
};

static const struct row rows[] = {
    { TEXT("SIZE 35882577"), SMTP_KEYWORD_SIZE, "SIZE", "35882577", false },
    { TEXT("SIZE"), SMTP_KEYWORD_SIZE, "SIZE", "", false },
    { TEXT("8bitmime"), SMTP_KEYWORD_8BITMIME, "8bitmime", "", false },
    { TEXT("PIPELINING"), SMTP_KEYWORD_PIPELINING, "PIPELINING", "", false },
    { TEXT("CHUNKING"), SMTP_KEYWORD_CHUNKING, "CHUNKING", "", false },
    { TEXT("BINARYMIME"), SMTP_KEYWORD_BINARYMIME, "BINARYMIME", "", false },
    { TEXT("DSN"), SMTP_KEYWORD_DSN, "DSN", "", false },
    { TEXT("EnhancedStatusCodes"), SMTP_KEYWORD_ENHANCEDSTATUSCODES, "EnhancedStatusCodes", "", false },
    { TEXT("STARTTLS"), SMTP_KEYWORD_STARTTLS, "STARTTLS", "", false },
    { TEXT("SMTPUTF8"), SMTP_KEYWORD_SMTPUTF8, "SMTPUTF8", "", false },
    { TEXT("DELIVERBY 240"), SMTP_KEYWORD_DELIVERBY, "DELIVERBY", "240", false },
    { TEXT("FUTURERELEASE 864000 2030-01-01T00:00:00Z"), SMTP_KEYWORD_FUTURERELEASE, "FUTURERELEASE",
      "864000 2030-01-01T00:00:00Z", false },
    { TEXT("MT-PRIORITY MIXER"), SMTP_KEYWORD_MT_PRIORITY, "MT-PRIORITY", "MIXER", false },
    { TEXT("REQUIRETLS"), SMTP_KEYWORD_REQUIRETLS, "REQUIRETLS", "", false },
    { TEXT("LIMITS RCPTMAX=20 MAILMAX=5"), SMTP_KEYWORD_LIMITS, "LIMITS", "RCPTMAX=20 MAILMAX=5", false },
    { TEXT("BURL imap"), SMTP_KEYWORD_BURL, "BURL", "imap", false },
    { TEXT("NO-SOLICITING net.example:ADV"), SMTP_KEYWORD_NO_SOLICITING, "NO-SOLICITING", "net.example:ADV", false },
    { TEXT("XCLIENT NAME ADDR"), SMTP_KEYWORD_XCLIENT, "XCLIENT", "NAME ADDR", false },
    { TEXT("X-ANONYMOUSTLS"), SMTP_KEYWORD_X_ANONYMOUSTLS, "X-ANONYMOUSTLS", "", false },
    { TEXT("XRDST"), SMTP_KEYWORD_XRDST, "XRDST", "", false },
    { TEXT("VRFY"), SMTP_KEYWORD_VRFY, "VRFY", "", false },

    { TEXT("AUTH PLAIN LOGIN"), SMTP_KEYWORD_AUTH, "AUTH", "PLAIN LOGIN", false },
    { TEXT("AUTH=LOGIN"), SMTP_KEYWORD_AUTH, "AUTH", "LOGIN", false },
    { TEXT("auth=LOGIN PLAIN "), SMTP_KEYWORD_AUTH, "auth", "LOGIN PLAIN", false },
    { TEXT("AUTH="), SMTP_KEYWORD_AUTH, "AUTH", "", false },
    { TEXT("AUTH= LOGIN"), SMTP_KEYWORD_AUTH, "AUTH", "LOGIN", false },
    { TEXT("AUTH==LOGIN"), SMTP_KEYWORD_AUTH, "AUTH", "=LOGIN", false },
    { TEXT("X-EXPS=LOGIN"), SMTP_KEYWORD_X_EXPS, "X-EXPS", "LOGIN", false },
    { TEXT("X-EXPS GSSAPI NTLM"), SMTP_KEYWORD_X_EXPS, "X-EXPS", "GSSAPI NTLM", false },

    { TEXT("  SIZE\t10  "), SMTP_KEYWORD_SIZE, "SIZE", "10", false },
    { TEXT(""), SMTP_KEYWORD_OTHER, "", "", false },
    { TEXT("   "), SMTP_KEYWORD_OTHER, "", "", false },
    { TEXT("ok"), SMTP_KEYWORD_OTHER, "ok", "", false },
    { TEXT("SIZE=10"), SMTP_KEYWORD_OTHER, "SIZE=10", "", false },
    { TEXT("AUTHX=LOGIN"), SMTP_KEYWORD_OTHER, "AUTHX=LOGIN", "", false },
    { TEXT("=LOGIN"), SMTP_KEYWORD_OTHER, "=LOGIN", "", false },
    { TEXT("STARTTLSX"), SMTP_KEYWORD_OTHER, "STARTTLSX", "", false },
    { TEXT("STARTTL"), SMTP_KEYWORD_OTHER, "STARTTL", "", false },
    { TEXT("STARTTLS\0"), SMTP_KEYWORD_OTHER, NULL, "", false },

    { TEXT("XXXXXXXA"), SMTP_KEYWORD_OTHER, "XXXXXXXA", "", true },
    { TEXT("XXXXXXXX"), SMTP_KEYWORD_OTHER, "XXXXXXXX", "", true },
    { TEXT("XXXXXXXB"), SMTP_KEYWORD_OTHER, "XXXXXXXB", "", true },
    { TEXT("xxxxxxxx"), SMTP_KEYWORD_OTHER, "xxxxxxxx", "", true },
    { TEXT("XXXXXXX"), SMTP_KEYWORD_OTHER, "XXXXXXX", "", false },
    { TEXT("XXXXXXXXA"), SMTP_KEYWORD_OTHER, "XXXXXXXXA", "", false },
    { TEXT("XXXXXXX1"), SMTP_KEYWORD_OTHER, "XXXXXXX1", "", false },
    { TEXT("XXXXXXAX"), SMTP_KEYWORD_OTHER, "XXXXXXAX", "", false },
    { TEXT("XFORWARD"), SMTP_KEYWORD_XFORWARD, "XFORWARD", "", false },
};

static void parses_keyword_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct smtp_keyword_line line = smtp_keyword_line_parse(row->text);
        EXPECT(row->text, line.keyword == row->keyword);
        EXPECT(row->text, row->word == NULL ? smtp_span_same(line.word, row->text) : is_text(line.word, row->word));
        EXPECT(row->text, is_text(line.parameters, row->parameters));
        EXPECT(row->text, line.masked == row->masked);
    }
}

/* The table has a word for every keyword that the header names. */
static void knows_every_keyword(void **state)
{
    (void)state;
    static const char *const words[] = {
        "SIZE", "8BITMIME", "PIPELINING", "CHUNKING", "BINARYMIME", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS", "AUTH",
        "SMTPUTF8", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "REQUIRETLS", "LIMITS", "ETRN", "ATRN", "BURL",
        "CONPERM", "CONNEG", "MTRK", "NO-SOLICITING", "SUBMITTER", "RRVS", "CHECKPOINT", "VERP", "XCLIENT", "XFORWARD",
        "X-EXPS", "X-ANONYMOUSTLS", "XRDST", "HELP", "EXPN", "VRFY",
    };
    assert_int_equal(COUNT(words), SMTP_KEYWORD_COUNT - 1);
    for (size_t i = 0; i < COUNT(words); i++)
        assert_int_equal(smtp_keyword_line_parse(smtp_span_of_text(words[i])).keyword, i + 1);
}

static void compares_lines(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } pairs[] = {
        { "PIPELINING", "Pipelining", true },     { "SIZE 1000", "size 1000", true },
        { "AUTH PLAIN", "AUTH plain", true },     { "AUTH PLAIN", "AUTH PLAIN LOGIN", false },
        { "SIZE 1000", "SIZE 2000", false },      { "AUTH=LOGIN", "AUTH LOGIN", false },
        { "X-OWN a", "x-own a", true },           { "X-OWN a", "X-OWN A", false },
        { "", "", true },                         { "DSN", "", false },
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct smtp_span one = smtp_span_of_text(pairs[i].one);
        struct smtp_span other = smtp_span_of_text(pairs[i].other);
        EXPECT(one, smtp_keyword_line_same(one, other) == pairs[i].same);
        EXPECT(one, smtp_keyword_line_same(other, one) == pairs[i].same);
    }
}

static void parse_prefix(struct smtp_span prefix)
{
    struct smtp_keyword_line line = smtp_keyword_line_parse(prefix);
    EXPECT(prefix, is_inside(line.word, prefix));
    EXPECT(prefix, is_inside(line.parameters, prefix));
    EXPECT(prefix, !line.masked || line.word.length == 8);
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].text, parse_prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_keyword_lines),
        cmocka_unit_test(knows_every_keyword),
        cmocka_unit_test(compares_lines),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
