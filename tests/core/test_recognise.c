/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "recognise.h"

struct row {
    struct smtp_span opener, other;
    uint16_t opener_port, other_port;
    bool opener_known, ended;
    enum smtp_recognition expected;
    bool opener_is_client; /* on YES */
};

#define CLIENT_PORT 40000

static const struct row rows[] = {
    /* by its well-known ports, and on any other by what is said */
    { TEXT("EHLO client.example.com\r\n"), TEXT("220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("EHLO client.example.com\r\n"), TEXT("220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 9999, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("LHLO client.example.com\r\n"), TEXT("220 mail.example.com LMTP\r\n"), CLIENT_PORT, 9999, true, false, SMTP_RECOGNISED_YES, true },
    /* the capture began in the middle: the first packet is the server's */
    { TEXT("220 mail.example.com ESMTP\r\n"), TEXT("EHLO client.example.com\r\n"), 25, CLIENT_PORT, false, false, SMTP_RECOGNISED_YES, false },
    /* implicit TLS on its port only */
    { TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), TEXT(""), CLIENT_PORT, 465, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), TEXT(""), CLIENT_PORT, 443, true, true, SMTP_RECOGNISED_NO, false },
    /* its neighbours */
    { TEXT("USER alice\r\n"), TEXT("220 FTP server ready.\r\n331 Password required.\r\n"), CLIENT_PORT, 21, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("AUTH TLS\r\n"), TEXT("220 ftp.example.com FTP server ready\r\n234 Proceed\r\n"), CLIENT_PORT, 2121, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("CAPA\r\nSTLS\r\n"), TEXT("+OK POP3 ready\r\n"), CLIENT_PORT, 110, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("a STARTTLS\r\n"), TEXT("* OK IMAP4rev1\r\n"), CLIENT_PORT, 143, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("MODE READER\r\n"), TEXT("200 news.example.com\r\n"), CLIENT_PORT, 119, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), TEXT("HTTP/1.1 200 OK\r\n"), CLIENT_PORT, 25, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("SSH-2.0-client\r\n"), TEXT("SSH-2.0-server\r\n"), CLIENT_PORT, 9999, true, true, SMTP_RECOGNISED_NO, false },
    /* and those of them that greet as SMTP does, on its port */
    { TEXT("USER alice\r\n"), TEXT("220 ready\r\n331 Password required.\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_NO, false },
    { TEXT("auth tls\r\n"), TEXT("220 ready\r\n234 Proceed\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_NO, false },
    { TEXT("MODE READER\r\n"), TEXT("200 news.example.com\r\n200 ok\r\n"), CLIENT_PORT, 2525, true, false, SMTP_RECOGNISED_NO, false },
    { TEXT("HELP\r\nNOOP\r\nUSER alice\r\n"), TEXT("220 ready\r\n214 help\r\n200 ok\r\n331 Password required.\r\n"), CLIENT_PORT, 2525, true, false, SMTP_RECOGNISED_NO, false },
    { TEXT("NOOP\r\nEHLO a\r\n"), TEXT("220 ready\r\n250 ok\r\n250 hi\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("NOOP\r\nQUIT\r\n"), TEXT("220 ready\r\n250 ok\r\n221 bye\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("USER alice\r\n"), TEXT("220 mail.example.com ESMTP\r\n500 what\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("HELO a\r\n"), TEXT("220 ready\r\n250 hi\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT(""), TEXT("220 ready\r\n"), CLIENT_PORT, 25, true, true, SMTP_RECOGNISED_YES, true },
    { TEXT("GET / HTTP/1.1\r\n"), TEXT(""), CLIENT_PORT, 25, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT("the middle of a message\r\n"), TEXT(""), CLIENT_PORT, 25, false, true, SMTP_RECOGNISED_YES, true },
    /* telnet programs and scanners, in front of the banner and behind it */
    { TEXT("\xff\xfb\x1f\xff\xfb\x18"), TEXT("220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("\xff\xfb\x1f""EHLO a\r\n"), TEXT("220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 9999, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("EHLO a\r\n"), TEXT("\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0""220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("g\x02Y\x1f\x01\x99\r\n"), TEXT(""), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_MORE, true },
    { TEXT("g\x02Y\x1f\x01\x99\r\n"), TEXT("220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("g\x02Y\x1f\x01\x99\r\n"), TEXT(""), CLIENT_PORT, 25, true, true, SMTP_RECOGNISED_NO, true },
    { TEXT("\x03\0\0\x2f*\xe0\0\0\0\0\0Cookie: mstshash=a\r\n"), TEXT("220 mx\r\n500 what\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("GET / HTTP/1.0\r\n"), TEXT("220 smtp.example.com FTP server\r\n500 what\r\n"), CLIENT_PORT, 9999, true, true, SMTP_RECOGNISED_NO, true },
    { TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), TEXT("220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 9999, true, false, SMTP_RECOGNISED_YES, true },
    /* the client's own port says nothing; without its SYN, neither does 2525 toward a port of others */
    { TEXT("USER admin\r\n"), TEXT("220 FTP Service\r\n331 Password\r\n"), 2525, 21, true, false, SMTP_RECOGNISED_NO, true },
    { TEXT("PASS water\r\n"), TEXT("530 Login incorrect.\r\n"), 2525, 21, false, true, SMTP_RECOGNISED_NO, true },
    /* the client's side alone, on another port */
    { TEXT("AUTH PLAIN AGFsaWNlAHBhc3M=\r\nMAIL FROM:<a@example.com>\r\n"), TEXT(""), CLIENT_PORT, 9999, true, true, SMTP_RECOGNISED_YES, true },
    { TEXT("AUTH LOGIN\r\nYWxpY2U=\r\ncGFzcw==\r\n"), TEXT(""), CLIENT_PORT, 9999, true, true, SMTP_RECOGNISED_YES, true },
    { TEXT("AUTH PLAIN AGFsaWNlAHBhc3M=\r\nSTAT\r\nQUIT\r\n"), TEXT(""), CLIENT_PORT, 9999, true, true, SMTP_RECOGNISED_NO, true },
    { TEXT("AUTH PLAIN AGFsaWNlAHBhc3M=\r\n"), TEXT(""), CLIENT_PORT, 110, true, true, SMTP_RECOGNISED_NO, true },
    { TEXT("AUTH TLS\r\n"), TEXT(""), CLIENT_PORT, 2121, true, true, SMTP_RECOGNISED_NO, true },
    /* a server that greets with words, and no code */
    { TEXT("EHLO a\r\n"), TEXT("welcome to mail.example.com\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("USER alice\r\n"), TEXT("+OK POP3 ready\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_NO, false },
    { TEXT("a1 LOGIN b c\r\n"), TEXT("* OK IMAP4rev1\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_NO, false },
    { TEXT(""), TEXT("welcome to mail.example.com\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_MORE, false },
    { TEXT("EHLO a\r\n"), TEXT("\0\0\1\377220 mail.example.com ESMTP\r\n"), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_YES, true },
    { TEXT("GET / HTTP/1.0\r\n"), TEXT("\0\0\1\377220 x\r\n"), CLIENT_PORT, 25, true, true, SMTP_RECOGNISED_NO, false },
    { TEXT(""), TEXT("welcome to mail.example.com\r\n"), CLIENT_PORT, 25, true, true, SMTP_RECOGNISED_NO, false },
    /* nothing yet */
    { TEXT(""), TEXT(""), CLIENT_PORT, 25, true, false, SMTP_RECOGNISED_MORE, false },
    { TEXT(""), TEXT("220 "), CLIENT_PORT, 9999, true, false, SMTP_RECOGNISED_MORE, false },
};

static enum smtp_recognition recognise(const struct row *row, struct smtp_span opener, struct smtp_span other, bool *client)
{
    const struct smtp_first_octets seen = { .opener = opener, .other = other, .opener_port = row->opener_port,
                                            .other_port = row->other_port, .opener_known = row->opener_known, .ended = row->ended };
    return smtp_recognise(&seen, client);
}

static void tells_smtp_from_its_neighbours(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool opener_is_client = true;
        enum smtp_recognition got = recognise(&rows[i], rows[i].opener, rows[i].other, &opener_is_client);
        EXPECT(rows[i].opener.length > 0 ? rows[i].opener : rows[i].other, got == rows[i].expected);
        EXPECT(rows[i].opener, got != SMTP_RECOGNISED_YES || opener_is_client == rows[i].opener_is_client);
    }
}

static void what_is_left_of_a_line_says_nothing(void **state)
{
    (void)state;
    struct smtp_first_octets seen = { .opener = smtp_span_of_text("EHLO c.example.com\r\n"), .other = smtp_span_of_text(" mail.example.com ESMTP\r\n"),
                                      .opener_port = CLIENT_PORT, .other_port = 25, .opener_known = true, .other_cut = true };
    bool opener_is_client = false;
    assert_int_equal(smtp_recognise(&seen, &opener_is_client), SMTP_RECOGNISED_YES);
    assert_true(opener_is_client);
    seen.other_port = 9999; /* where the server's words must agree */
    assert_int_equal(smtp_recognise(&seen, &opener_is_client), SMTP_RECOGNISED_MORE);
    seen.other = smtp_span_of_text("mail.example.com ESMTP\r\n250 hi\r\n");
    assert_int_equal(smtp_recognise(&seen, &opener_is_client), SMTP_RECOGNISED_YES);
    seen.opener = smtp_span_of_text("");
    seen.other = smtp_span_of_text("220 is what the banner ends with\r\n");
    seen.ended = true;
    assert_int_equal(smtp_recognise(&seen, &opener_is_client), SMTP_RECOGNISED_NO);
}

/* On any port; but only if it says so before the client speaks: who opens with another protocol's words is not waited for. */
static void a_server_says_what_it_is(void **state)
{
    (void)state;
    struct smtp_first_octets seen = { .opener = smtp_span_of_text("GET / HTTP/1.0\r\n"), .other = smtp_span_of_text("220 mail.example.com ESMTP\r\n"),
                                      .opener_port = CLIENT_PORT, .other_port = 9999, .opener_known = true };
    bool opener_is_client = false;
    assert_int_equal(smtp_recognise(&seen, &opener_is_client), SMTP_RECOGNISED_YES);
    assert_true(opener_is_client);
    seen.other.length = 0;
    assert_int_equal(smtp_recognise(&seen, &opener_is_client), SMTP_RECOGNISED_NO);
}

/* With fewer octets the answer may be "more", never the opposite of what it is in the end. */
static void never_changes_its_mind(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct row row = rows[i];
        row.ended = false;
        for (size_t opener = 0; opener <= row.opener.length; opener++) {
            for (size_t other = 0; other <= row.other.length; other++) {
                bool client = true;
                enum smtp_recognition early = recognise(&row, smtp_span_first(row.opener, opener), smtp_span_first(row.other, other), &client);
                EXPECT(row.opener, early == SMTP_RECOGNISED_MORE || row.expected == SMTP_RECOGNISED_MORE || early == row.expected);
            }
        }
    }
}

static void knows_its_ports(void **state)
{
    (void)state;
    static const uint16_t known[] = { 24, 25, 465, 587, 2525 };
    static const uint16_t other[] = { 0, 21, 110, 143, 443, 993, 65535 };
    for (size_t i = 0; i < COUNT(known); i++)
        assert_true(smtp_port_is_known(known[i]));
    for (size_t i = 0; i < COUNT(other); i++)
        assert_false(smtp_port_is_known(other[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_smtp_from_its_neighbours),
        cmocka_unit_test(what_is_left_of_a_line_says_nothing),
        cmocka_unit_test(a_server_says_what_it_is),
        cmocka_unit_test(never_changes_its_mind),
        cmocka_unit_test(knows_its_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
