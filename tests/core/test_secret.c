/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "secret.h"

/* One session's lines, in order: what of each is shown. */
struct row {
    struct smtp_span line;
    struct smtp_span shown; /* in front of the secret */
    enum smtp_secret_kind kind;
};

static const struct row rows[] = {
    { TEXT("EHLO client.example.com"), TEXT("EHLO client.example.com"), SMTP_SECRET_NONE },
    { TEXT("dGVzdA=="), TEXT("dGVzdA=="), SMTP_SECRET_NONE }, /* no AUTH yet: an unknown command */
    { TEXT("AUTH PLAIN AGFsaWNlAHBhc3M="), TEXT("AUTH PLAIN "), SMTP_SECRET_AUTH },
    { TEXT("AUTH PLAIN"), TEXT("AUTH PLAIN"), SMTP_SECRET_NONE },
    { TEXT("AUTH PLAIN ="), TEXT("AUTH PLAIN ="), SMTP_SECRET_NONE },
    { TEXT("AUTH LOGIN YWxpY2U="), TEXT("AUTH LOGIN YWxpY2U="), SMTP_SECRET_NONE }, /* a user name */
    { TEXT("AUTH LOGIN YWxpY2U= cGFzcw=="), TEXT("AUTH LOGIN YWxpY2U= "), SMTP_SECRET_AUTH },
    { TEXT("AUTH cGFzc3dvcmQ="), TEXT("AUTH "), SMTP_SECRET_AUTH }, /* no name of a mechanism */
    { TEXT("AUTHPLAIN cGFzcw=="), TEXT("AUTH"), SMTP_SECRET_MISPLACED },
    { TEXT("cGFzc3dvcmQ="), TEXT(""), SMTP_SECRET_STRAY },
    { TEXT("NOOP"), TEXT("NOOP"), SMTP_SECRET_NONE },
    /* of other protocols, or typed by somebody */
    { TEXT("PASS secret"), TEXT("PASS "), SMTP_SECRET_MISPLACED },
    { TEXT("pass"), TEXT("pass"), SMTP_SECRET_NONE },
    { TEXT("USER bob"), TEXT("USER bob"), SMTP_SECRET_NONE },
    { TEXT("USER bob secret"), TEXT("USER bob "), SMTP_SECRET_MISPLACED },
    { TEXT("a001 LOGIN bob secret"), TEXT("a001 LOGIN bob "), SMTP_SECRET_MISPLACED },
    { TEXT("X AUTH PLAIN AGJvYgBzZWNyZXQ="), TEXT("X AUTH PLAIN "), SMTP_SECRET_MISPLACED },
    { TEXT("let him pass"), TEXT("let him pass"), SMTP_SECRET_NONE },
    /* misspelt, or with something in front */
    { TEXT("AUHT PLAIN AGJvYgBzZWNyZXQ="), TEXT("AUHT PLAIN "), SMTP_SECRET_MISPLACED },
    { TEXT("AUT LOGIN Ym9i"), TEXT("AUT LOGIN Ym9i"), SMTP_SECRET_NONE }, /* a user name */
    { TEXT("\xef\xbb\xbf"
           "AUTH PLAIN AGJvYgBzZWNyZXQ="),
      TEXT("\xef\xbb\xbf"
           "AUTH PLAIN "),
      SMTP_SECRET_MISPLACED },
    { TEXT("\xff\xfb\1AUTH PLAIN AGJvYgBzZWNyZXQ="), TEXT("\xff\xfb\1AUTH PLAIN "), SMTP_SECRET_MISPLACED },
    { TEXT("\rAUTH PLAIN AGJvYgBzZWNyZXQ="), TEXT("\rAUTH PLAIN "), SMTP_SECRET_MISPLACED },
    { TEXT("MAIL FROM:<a@example.com>\rAUTH PLAIN AGJvYgBzZWNyZXQ="), TEXT("MAIL FROM:<a@example.com>\rAUTH PLAIN "),
      SMTP_SECRET_MISPLACED },
    { TEXT("PLAIN AGJvYgBzZWNyZXQ="), TEXT("PLAIN "), SMTP_SECRET_MISPLACED },
    { TEXT("PASS:secret"), TEXT("PASS:"), SMTP_SECRET_MISPLACED },
    { TEXT("PASSWD secret"), TEXT("PASSWD "), SMTP_SECRET_MISPLACED },
    { TEXT("X-AUTH secret"), TEXT("X-AUTH "), SMTP_SECRET_MISPLACED },
    { TEXT("NOOP AUTH PLAIN AGJvYgBzZWNyZXQ="), TEXT("NOOP AUTH PLAIN "), SMTP_SECRET_MISPLACED },
    { TEXT("NOOP"), TEXT("NOOP"), SMTP_SECRET_NONE },
    { TEXT("HELP AUTH"), TEXT("HELP AUTH"), SMTP_SECRET_NONE },
    { TEXT("CONNECT bob:secret@mx.example.com:25 HTTP/1.1"), TEXT("CONNECT bob:"), SMTP_SECRET_MISPLACED },
    { TEXT("MIAL FROM:<bob@example.com>"), TEXT("MIAL FROM:<bob@example.com>"), SMTP_SECRET_NONE },
    { TEXT("User-Agent: Mozilla/5.0 (X11)"), TEXT("User-Agent: Mozilla/5.0 (X11)"), SMTP_SECRET_NONE },
    { TEXT("Proxy-Authorization: Basic Ym9iOnNlY3JldA=="), TEXT("Proxy-Authorization: Basic "), SMTP_SECRET_MISPLACED },
    { TEXT("AUTH secret42"), TEXT("AUTH "), SMTP_SECRET_AUTH },
    { TEXT("AUTH NTLM TlRMTVNTUAABAAAAB7IAAAAAAAAAAAAAAAAAAAAAAAA="),
      TEXT("AUTH NTLM TlRMTVNTUAABAAAAB7IAAAAAAAAAAAAAAAAAAAAAAAA="), SMTP_SECRET_NONE },
    { TEXT("AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw=="), TEXT("AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw=="),
      SMTP_SECRET_NONE },
    { TEXT("AUTH LOGIN bob secret"), TEXT("AUTH LOGIN "), SMTP_SECRET_AUTH },
    { TEXT("AUTH EXTERNAL AGJvYgBzZWNyZXQ="), TEXT("AUTH EXTERNAL "), SMTP_SECRET_AUTH },
};

static void finds_secrets_in_commands(void **state)
{
    (void)state;
    struct smtp_secret_watch watch = { .auth_seen = false };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
        struct smtp_command command = smtp_command_parse(rows[i].line);
        struct smtp_secret secret = smtp_secret_of_command(&watch, &command, rows[i].line, decoded);
        EXPECT(rows[i].line, secret.kind == rows[i].kind);
        EXPECT(rows[i].line, rows[i].line.length - secret.octets.length == rows[i].shown.length);
    }
}

static void names_a_password_by_itself(void **state)
{
    (void)state;
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_secret_watch watch = { .auth_seen = false };
    struct smtp_span line = TEXT("AUTH PLAIN AGFsaWNlAHBhc3M=");
    struct smtp_command command = smtp_command_parse(line);
    struct smtp_secret secret = smtp_secret_of_command(&watch, &command, line, decoded);
    assert_true(smtp_span_is(secret.named, "pass"));
}

static void a_rejected_login_makes_words_suspect(void **state)
{
    (void)state;
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_secret_watch watch = { .auth_seen = true };
    struct smtp_span line = TEXT("word");
    struct smtp_command command = smtp_command_parse(line);
    assert_int_equal(smtp_secret_of_command(&watch, &command, line, decoded).kind, SMTP_SECRET_NONE);
    smtp_secret_auth_ended(&watch, false);
    assert_int_equal(smtp_secret_of_command(&watch, &command, line, decoded).kind, SMTP_SECRET_STRAY);
    smtp_secret_auth_ended(&watch, true);
    assert_int_equal(smtp_secret_of_command(&watch, &command, line, decoded).kind, SMTP_SECRET_NONE);
}

static void hides_responses_but_for_user_names(void **state)
{
    (void)state;
    struct smtp_secret_watch watch = { .auth_seen = false };
    struct smtp_sasl_response sasl = { .bad_base64 = false };
    struct smtp_span line = TEXT("YWxpY2U=");
    assert_int_equal(smtp_secret_of_response(&watch, false, line, &sasl).octets.length, line.length);
    assert_int_equal(smtp_secret_of_response(&watch, true, smtp_span_of_text("*"), &sasl).octets.length, 0);
    sasl.open = true;
    assert_int_equal(smtp_secret_of_response(&watch, false, line, &sasl).octets.length, 0);
    assert_true(watch.auth_seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_secrets_in_commands),
        cmocka_unit_test(names_a_password_by_itself),
        cmocka_unit_test(a_rejected_login_makes_words_suspect),
        cmocka_unit_test(hides_responses_but_for_user_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
