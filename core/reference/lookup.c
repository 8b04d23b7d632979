/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reference.h"

#include <stdio.h>

const struct smtp_reference_entry *smtp_reference_find(const struct smtp_reference_table *table, struct smtp_span word)
{
    for (size_t i = 0; i < table->count; i++)
        if (smtp_span_is(word, table->entries[i].name))
            return &table->entries[i];
    return NULL;
}

const struct smtp_reference_entry *smtp_reference_reply(unsigned code)
{
    char name[16];
    int length = snprintf(name, sizeof name, "%u", code);
    return smtp_reference_find(&smtp_reference_replies, smtp_span(name, (size_t)length));
}

const char *smtp_reference_reply_meaning(unsigned code, enum smtp_answers answers)
{
    static const struct {
        unsigned code;
        enum smtp_answers answers;
        const char *meaning;
    } others[] = {
        { 550, SMTP_ANSWERS_CONTENT, N_("the message is refused") },
        { 521, SMTP_ANSWERS_COMMAND, N_("refused, and the server closes the connection") },
        { 521, SMTP_ANSWERS_CONTENT, N_("refused, and the server closes the connection") },
    };
    const struct smtp_reference_entry *entry = smtp_reference_reply(code);
    for (size_t i = 0; entry != NULL && i < sizeof others / sizeof others[0]; i++)
        if (others[i].code == code && others[i].answers == answers)
            return others[i].meaning;
    return entry != NULL ? entry->meaning : NULL;
}

const char *smtp_reference_token_meaning(unsigned code)
{
    return code == 535 ? N_("login refused: the server does not take the token") : NULL;
}

const struct smtp_reference_entry *smtp_reference_status(unsigned subject, unsigned detail)
{
    char name[32];
    int length = snprintf(name, sizeof name, "X.%u.%u", subject, detail);
    return smtp_reference_find(&smtp_reference_statuses, smtp_span(name, (size_t)length));
}

const struct smtp_reference_entry *smtp_reference_finding(const char *name)
{
    return smtp_reference_find(&smtp_reference_findings, smtp_span_of_text(name));
}

static const char *meaning_of(const char *name)
{
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_classes, smtp_span_of_text(name));
    return entry != NULL ? entry->meaning : NULL;
}

const char *smtp_reference_subject(unsigned subject)
{
    const char name[] = { 'X', '.', (char)('0' + subject % 10), '.', 'X', 'X', 'X', '\0' };
    return subject < 10 ? meaning_of(name) : NULL;
}

const char *smtp_reference_class(unsigned code)
{
    const char name[] = { (char)('0' + code / 100 % 10), 'y', 'z', '\0' };
    return code < 1000 ? meaning_of(name) : NULL;
}
