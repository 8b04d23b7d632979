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

/* What a code means where it answers something else than what the standards have it for. */
static const struct {
    unsigned code;
    enum smtp_answers answers;
    const char *meaning;
} others[] = {
    { 550, SMTP_ANSWERS_CONTENT, N_("the message is refused") },
    { 521, SMTP_ANSWERS_COMMAND, N_("refused, and the server closes the connection") },
    { 521, SMTP_ANSWERS_CONTENT, N_("refused, and the server closes the connection") },
};

/* Codes of AUTH and STARTTLS, where they answer another command. */
static const struct {
    unsigned code;
    const char *meaning;
} elsewhere[] = {
    { 432, N_("not now; the user's password must be changed or stored anew") },
    { 454, N_("not done: something that is needed for it is unavailable for a time") },
    { 524, N_("encryption is needed first") },
    { 525, N_("the user account is disabled") },
    { 534, N_("the login that was made, or none, is too weak for this") },
    { 535, N_("a login is needed first, or the one that was tried failed") },
    { 538, N_("encryption is needed first") },
};

static bool is_of_login_or_tls(enum smtp_answers answers, enum smtp_verb verb)
{
    bool command = answers == SMTP_ANSWERS_COMMAND || answers == SMTP_ANSWERS_CONTENT;
    return !command || verb == SMTP_VERB_AUTH || verb == SMTP_VERB_X_EXPS || verb == SMTP_VERB_STARTTLS || verb == SMTP_VERB_NONE ||
           verb == SMTP_VERB_UNKNOWN;
}

const char *smtp_reference_reply_meaning(unsigned code, enum smtp_answers answers, enum smtp_verb verb)
{
    const struct smtp_reference_entry *entry = smtp_reference_reply(code);
    for (size_t i = 0; entry != NULL && i < sizeof others / sizeof others[0]; i++)
        if (others[i].code == code && others[i].answers == answers)
            return others[i].meaning;
    for (size_t i = 0; !is_of_login_or_tls(answers, verb) && i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        if (elsewhere[i].code == code)
            return elsewhere[i].meaning;
    return entry != NULL ? entry->meaning : NULL;
}

bool smtp_reference_asks_for_login_or_tls(unsigned code, unsigned subject, unsigned detail)
{
    static const unsigned codes[] = { 523, 524, 530, 534, 535, 538 };
    bool encryption = subject == 7 && (detail == 10 || detail == 11); /* RFC 5248 */
    if (code == 523)
        return encryption;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return encryption && code >= 500;
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
