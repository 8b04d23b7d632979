/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "command.h"

struct row {
    struct smtp_span line;
    enum smtp_verb verb;
    const char *word;
    const char *argument;
};

static const struct row rows[] = {
    { TEXT(""), SMTP_VERB_NONE, "", "" },
    { TEXT("   \t "), SMTP_VERB_NONE, "", "" },
    { TEXT("QUIT"), SMTP_VERB_QUIT, "QUIT", "" },
    { TEXT("quit  "), SMTP_VERB_QUIT, "quit", "" },
    { TEXT("  \tNOOP  x y \t"), SMTP_VERB_NOOP, "NOOP", "x y" },
    { TEXT("MAIL FROM:<a@b>"), SMTP_VERB_MAIL, "MAIL", "FROM:<a@b>" },
    { TEXT("Mail\tFrom: <a@b>  SIZE=1 "), SMTP_VERB_MAIL, "Mail", "From: <a@b>  SIZE=1" },
    { TEXT("MAIL"), SMTP_VERB_MAIL, "MAIL", "" },
    { TEXT("MAILFROM:<a@b>"), SMTP_VERB_UNKNOWN, "MAILFROM:<a@b>", "" },
    { TEXT("BDAT 10 LAST"), SMTP_VERB_BDAT, "BDAT", "10 LAST" },
    { TEXT("GET / HTTP/1.1"), SMTP_VERB_UNKNOWN, "GET", "/ HTTP/1.1" },
    { TEXT("EHLO m\xc3\xbcller.example"), SMTP_VERB_EHLO, "EHLO", "m\xc3\xbcller.example" },
    { TEXT("XADR a"), SMTP_VERB_OTHER, "XADR", "a" },
    { TEXT("\x16\x03\x01"), SMTP_VERB_UNKNOWN, "\x16\x03\x01", "" },
};

static void parses_command_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct smtp_command command = smtp_command_parse(rows[i].line);
        EXPECT(rows[i].line, command.verb == rows[i].verb);
        EXPECT(rows[i].line, is_text(command.word, rows[i].word));
        EXPECT(rows[i].line, is_text(command.argument, rows[i].argument));
    }
}

struct certainty {
    struct smtp_span line;
    bool certain;
};

static const struct certainty certainties[] = {
    { TEXT("EHLO client.example"), true },
    { TEXT("helo [192.0.2.1]"), true },
    { TEXT("LHLO localhost"), true },
    { TEXT("EHLO [IPv6:2001:db8::1]"), true },
    { TEXT("MAIL FROM:<>"), true },
    { TEXT("mail from: <a@b> SIZE=10 SMTPUTF8"), true },
    { TEXT("MAIL FROM:<\"a > b\"@c> BODY=8BITMIME"), true },
    { TEXT("MAIL FROM:a@b"), true },
    { TEXT("RCPT TO:<@a,@b:c@d>"), true },
    { TEXT("RCPT TO:<postmaster>"), true },
    { TEXT("Rcpt To: a@b NOTIFY=NEVER"), true },
    { TEXT("SOML FROM:<a@b>"), true },
    { TEXT("DATA"), true },
    { TEXT("data"), true },
    { TEXT("DATA "), true },
    { TEXT("RSET"), true },
    { TEXT("QUIT"), true },
    { TEXT("STARTTLS"), true },
    { TEXT("X-ANONYMOUSTLS"), true },
    { TEXT("NOOP"), true },
    { TEXT("NOOP keepalive"), true },
    { TEXT("HELP"), true },
    { TEXT("HELP RCPT"), true },
    { TEXT("BDAT 100"), true },
    { TEXT("bdat 0 last"), true },
    { TEXT("BURL imap://a@b/c;uid=1 LAST"), true },
    { TEXT("AUTH LOGIN"), true },
    { TEXT("AUTH PLAIN AGEAYg=="), true },
    { TEXT("AUTH EXTERNAL ="), true },
    { TEXT("VRFY smith"), true },
    { TEXT("EXPN staff"), true },
    { TEXT("ETRN example.com"), true },
    { TEXT("ATRN"), true },
    { TEXT("ATRN a.example,b.example"), true },
    { TEXT("TURN"), true },
    { TEXT("XCLIENT ADDR=192.0.2.1 NAME=a.example"), true },
    { TEXT("XFORWARD NAME=a PROTO=ESMTP"), true },
    { TEXT("XEXCH50 1048 2"), true },
    { TEXT("X-EXPS GSSAPI"), true },
    { TEXT("X-LINK2STATE LAST CHUNK={00000000}"), true },

    { TEXT(""), false },
    { TEXT("."), false },
    { TEXT("Data was lost"), false },
    { TEXT("Data"), false },
    { TEXT("Quit"), false },
    { TEXT("DATA 1"), false },
    { TEXT(" DATA"), false },
    { TEXT("> MAIL FROM:<a@b>"), false },
    { TEXT("Helo, my friend"), false },
    { TEXT("helo there old friend"), false },
    { TEXT("EHLO"), false },
    { TEXT("Mail from: John Smith"), false },
    { TEXT("Mail from John"), false },
    { TEXT("Mail from: john@example.com was lost"), false },
    { TEXT("MAIL FROM:<a@b> means the sender"), false },
    { TEXT("MAIL FROM:<a@b"), false },
    { TEXT("MAIL FROM:"), false },
    { TEXT("RCPT FROM:<a@b>"), false },
    { TEXT("Send from: here"), false },
    { TEXT("Rset the clock"), false },
    { TEXT("Quit smoking"), false },
    { TEXT("STARTTLS now"), false },
    { TEXT("Help me"), false },
    { TEXT("Noop is a verb"), false },
    { TEXT("BDAT"), false },
    { TEXT("BDAT x"), false },
    { TEXT("BDAT -1"), false },
    { TEXT("Auth failed"), false },
    { TEXT("AUTH"), false },
    { TEXT("auth plain text"), false },
    { TEXT("AUTH PLAIN AGEAYg"), false },
    { TEXT("AUTH PLAIN AGEAYg== x"), false },
    { TEXT("Turn left"), false },
    { TEXT("VRFY"), false },
    { TEXT("XCLIENT is Postfix's"), false },
    { TEXT("XCLIENT"), false },
    { TEXT("XEXCH50 1048"), false },
    { TEXT("XEXCH50 1048 2 3"), false },
    { TEXT("XADR a"), false },
    { TEXT("Subject: test"), false },
    { TEXT("dXNlcg=="), false },
    { TEXT("\xff\xfe\x00"), false },
};

static void is_certain_of_commands_and_not_of_prose(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(certainties); i++)
        EXPECT(certainties[i].line, smtp_command_is_certain(certainties[i].line) == certainties[i].certain);
}

struct chunk {
    struct smtp_span argument;
    bool valid;
    uint64_t octets;
    bool last;
};

static const struct chunk chunks[] = {
    { TEXT("0"), true, 0, false },
    { TEXT("5"), true, 5, false },
    { TEXT("0 LAST"), true, 0, true },
    { TEXT("86 last"), true, 86, true },
    { TEXT(" 86 \t LAST "), true, 86, true },
    { TEXT("0000000000000000000000012"), true, 12, false },
    { TEXT("9223372036854775807"), true, 9223372036854775807u, false },
    { TEXT("9223372036854775807 LAST"), true, 9223372036854775807u, true },
    { TEXT("9223372036854775808"), false, 0, false },
    { TEXT("9223372036854775808 LAST"), false, 0, false },
    { TEXT("9999999999999999999"), false, 0, false },
    { TEXT("18446744073709551616"), false, 0, false },
    { TEXT("18446744073709551621"), false, 0, false },
    { TEXT("99999999999999999999"), false, 0, false },
    { TEXT(""), false, 0, false },
    { TEXT("   "), false, 0, false },
    { TEXT("-1"), false, 0, false },
    { TEXT("+1"), false, 0, false },
    { TEXT("0x10"), false, 0, false },
    { TEXT("5 X"), false, 0, false },
    { TEXT("5LAST"), false, 0, false },
    { TEXT("LAST"), false, 0, false },
    { TEXT("LAST 5"), false, 0, false },
    { TEXT("5 LASTX"), false, 0, false },
    { TEXT("5 LAS"), false, 0, false },
    { TEXT("5 LAST x"), false, 0, false },
    { TEXT("5 6"), false, 0, false },
    { TEXT("5\0"), false, 0, false },
    { TEXT("1e3"), false, 0, false },
};

static void parses_bdat(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(chunks); i++) {
        struct smtp_bdat bdat = smtp_bdat_parse(chunks[i].argument);
        EXPECT(chunks[i].argument, bdat.valid == chunks[i].valid);
        EXPECT(chunks[i].argument, bdat.octets == chunks[i].octets);
        EXPECT(chunks[i].argument, bdat.last == chunks[i].last);
    }
}

static void parse_prefix(struct smtp_span prefix)
{
    struct smtp_command command = smtp_command_parse(prefix);
    EXPECT(prefix, is_inside(command.word, prefix));
    EXPECT(prefix, is_inside(command.argument, prefix));
    if (smtp_command_is_certain(prefix))
        EXPECT(prefix, command.verb != SMTP_VERB_NONE && command.verb != SMTP_VERB_UNKNOWN);
    struct smtp_bdat bdat = smtp_bdat_parse(prefix);
    EXPECT(prefix, bdat.valid || (bdat.octets == 0 && !bdat.last));
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].line, parse_prefix);
    for (size_t i = 0; i < COUNT(certainties); i++)
        for_each_prefix(certainties[i].line, parse_prefix);
    for (size_t i = 0; i < COUNT(chunks); i++)
        for_each_prefix(chunks[i].argument, parse_prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_command_lines),
        cmocka_unit_test(is_certain_of_commands_and_not_of_prose),
        cmocka_unit_test(parses_bdat),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
