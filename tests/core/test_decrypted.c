/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A shell that has the keys feeds what TLS carries in place of its records: the session goes on. */

#include "spans.h"

#include <stdio.h>

#include "session.h"

struct log {
    char text[1024];
};

static void note(struct log *log, const char *line)
{
    size_t used = strlen(log->text);
    snprintf(log->text + used, sizeof log->text - used, "%s\n", line);
}

static void take_event(void *context, const struct smtp_event *event)
{
    char line[128] = "";
    if (event->kind == SMTP_EVENT_COMMAND)
        snprintf(line, sizeof line, "%.*s", (int)event->command.line.text.length,
                 (const char *)event->command.line.text.octets);
    else if (event->kind == SMTP_EVENT_REPLY)
        snprintf(line, sizeof line, "%u for %u", event->reply.whole.code, event->reply.number);
    else if (event->kind == SMTP_EVENT_BOUNDARY)
        snprintf(line, sizeof line, "%s %s", smtp_boundary_name(event->boundary.boundary),
                 smtp_step_name(event->boundary.step));
    else if (event->kind == SMTP_EVENT_FINDING)
        snprintf(line, sizeof line, "! %s", smtp_finding_name(event->finding.finding));
    if (*line != '\0')
        note(context, line);
}

static void say(struct smtp_session *session, enum smtp_role role, const char *text, struct log *log)
{
    struct smtp_sink sink = { .event = take_event, .context = log };
    assert_int_equal(smtp_session_feed(session, role, smtp_span_of_text(text), false, &sink), strlen(text));
}

static void login(struct smtp_session *session, struct log *log)
{
    say(session, SMTP_CLIENT, "EHLO client.example.com\r\n", log);
    say(session, SMTP_SERVER, "250-mx\r\n250 AUTH PLAIN\r\n", log);
    say(session, SMTP_CLIENT, "AUTH PLAIN AGFsaWNlAHBhc3M=\r\n", log);
    say(session, SMTP_SERVER, "235 ok\r\n", log);
}

static void goes_on_behind_starttls(void **state)
{
    (void)state;
    struct smtp_session session;
    struct log log = { "" };
    struct smtp_sink sink = { .event = take_event, .context = &log };
    smtp_session_start(&session, false);
    say(&session, SMTP_SERVER, "220 mx ESMTP\r\n", &log);
    say(&session, SMTP_CLIENT, "EHLO client.example.com\r\n", &log);
    say(&session, SMTP_SERVER, "250-mx\r\n250 STARTTLS\r\n", &log);
    say(&session, SMTP_CLIENT, "STARTTLS\r\n", &log);
    say(&session, SMTP_SERVER, "220 go\r\n", &log);
    smtp_session_decrypted(&session, SMTP_CLIENT, &sink);
    login(&session, &log);
    assert_string_equal(log.text, "220 for 0\nEHLO client.example.com\n250 for 1\nstarttls offered\nSTARTTLS\nstarttls requested\n"
                                  "220 for 2\nstarttls accepted\nstarttls handshake\nstarttls established\n"
                                  "EHLO client.example.com\n250 for 3\nAUTH PLAIN AGFsaWNlAHBhc3M=\nauth started\n235 for 4\n"
                                  "auth accepted\n");
    assert_true(smtp_session_is_idle(&session));
}

static void begins_in_implicit_tls(void **state)
{
    (void)state;
    struct smtp_session session;
    struct log log = { "" };
    struct smtp_sink sink = { .event = take_event, .context = &log };
    smtp_session_start(&session, false);
    smtp_session_decrypted(&session, SMTP_SERVER, &sink);
    smtp_session_decrypted(&session, SMTP_SERVER, &sink); /* once is enough */
    say(&session, SMTP_SERVER, "220 mx ESMTP\r\n", &log);
    login(&session, &log);
    assert_string_equal(log.text, "implicit-tls handshake\nimplicit-tls established\n220 for 0\nEHLO client.example.com\n250 for 1\n"
                                  "AUTH PLAIN AGFsaWNlAHBhc3M=\nauth started\n235 for 2\nauth accepted\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_behind_starttls),
        cmocka_unit_test(begins_in_implicit_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
