/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "topics.h"

/* "kind:name(given)", one behind the other. */
static char *found(const char *text)
{
    GArray *topics = topics_new();
    GString *out = g_string_new(NULL);
    topics_find(topics, text);
    for (guint i = 0; i < topics->len; i++) {
        const struct topic *topic = &g_array_index(topics, struct topic, i);
        g_string_append_printf(out, "%s%s:%s", i > 0 ? " " : "", topic->table->kind, topic->entry->name);
        if (topic->given[0] != '\0')
            g_string_append_printf(out, "(%s)", topic->given);
    }
    g_array_unref(topics);
    return g_string_free(out, FALSE);
}

static void finds(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "STARTTLS", "command:STARTTLS keyword:STARTTLS" },
        { " starttls\n", "command:STARTTLS keyword:STARTTLS" },
        { "size", "keyword:SIZE parameter:SIZE" },
        { "cram-md5", "mechanism:CRAM-MD5" },
        { "MAIL FROM", "command:MAIL" },
        { "rcpt to", "command:RCPT" },
        { "mail from:<a@example.com> SIZE=10 BODY=8BITMIME", "command:MAIL parameter:SIZE parameter:BODY" },
        { "auth login", "command:AUTH mechanism:LOGIN" },
        { "550", "reply:550" },
        { "5.7.1", "status:X.7.1(5.7.1)" },
        { "x.7.1", "status:X.7.1" },
        { "4.7.1", "status:X.7.1(4.7.1)" },
        { "5xx", "class:5yz" },
        { "4yz", "class:4yz" },
        { "299", "class:2yz(299)" },
        { "5.7.99", "class:5.XXX.XXX(5.7.99) class:X.7.XXX(5.7.99)" },
        { "5.9.9", "class:5.XXX.XXX(5.9.9)" },
        { "250-PIPELINING", "reply:250 keyword:PIPELINING" },
        { "250 pipelining", "reply:250 keyword:PIPELINING" },
        { "250-AUTH PLAIN LOGIN", "reply:250 keyword:AUTH mechanism:PLAIN mechanism:LOGIN" },
        { "250-AUTH=LOGIN", "reply:250 keyword:AUTH mechanism:LOGIN" },
        { "250 2.1.5 OK", "reply:250 status:X.1.5(2.1.5)" },
        { "250 OK", "reply:250" },
        { "550 5.7.1 <bob@example.com>: Relay access denied", "reply:550 status:X.7.1(5.7.1)" },
        { "550-5.7.26 Unauthenticated mail", "reply:550 status:X.7.26(5.7.26)" },
        { "550 550 550", "reply:550" },
        { "status=bounced (host mx.example.com[192.0.2.1] said: 554 5.7.1 no (in reply to RCPT TO command))",
          "reply:554 status:X.7.1(5.7.1) command:RCPT" },
        { "to=<bob@example.com>, dsn=4.4.1, status=deferred", "status:X.4.1(4.4.1)" },
        { "SASL PLAIN authentication failed: 535 5.7.8", "mechanism:PLAIN reply:535 status:X.7.8(5.7.8)" },
        /* Not codes: part of an address, of a time, of a longer number. */
        { "connect from 5.7.1.2", "" },
        { "at 10:55:250 with 5501 octets", "" },
        { "mail was lost in help of data", "" },
        { "", "" },
        { "\xff\xfe", "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *got = found(cases[i].text);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("'%s': expected '%s', got '%s'", cases[i].text, cases[i].expected, got);
        g_free(got);
    }
}

static void suggests(void **state)
{
    (void)state;
    static const struct {
        const char *word, *expected;
    } cases[] = {
        { "STARTLS", "STARTTLS" },
        { "strattls", "STARTTLS" },
        { "PIPELINNG", "PIPELINING" },
        { "ehol", "EHLO" },
        { "CRAMMD5", "CRAM-MD5" },
        { "SCRAM-SHA-25", "SCRAM-SHA-256, SCRAM-SHA-256-PLUS, SCRAM-SHA-1" },
        { "x", NULL },
        { "wholly unknown", NULL },
        { "5500", NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *got = topics_near(cases[i].word);
        if (g_strcmp0(got, cases[i].expected) != 0 &&
            !(cases[i].expected != NULL && got != NULL && strstr(got, cases[i].word)))
            fail_msg("'%s': expected '%s', got '%s'", cases[i].word, cases[i].expected, got);
        g_free(got);
    }
}

/* Every name of every table leads back to its entry. */
static void finds_all(void **state)
{
    (void)state;
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++)
        for (size_t i = 0; i < smtp_reference_tables[t]->count; i++) {
            const struct smtp_reference_entry *entry = &smtp_reference_tables[t]->entries[i];
            GArray *topics = topics_new();
            topics_find(topics, entry->name);
            bool there = false;
            for (guint k = 0; k < topics->len; k++)
                there = there || g_array_index(topics, struct topic, k).entry == entry;
            if (!there)
                fail_msg("%s is not found under its name", entry->name);
            g_array_unref(topics);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds), cmocka_unit_test(suggests),
                                        cmocka_unit_test(finds_all) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
