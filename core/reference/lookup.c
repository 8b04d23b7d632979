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

const struct smtp_reference_entry *smtp_reference_status(unsigned subject, unsigned detail)
{
    char name[32];
    int length = snprintf(name, sizeof name, "X.%u.%u", subject, detail);
    return smtp_reference_find(&smtp_reference_statuses, smtp_span(name, (size_t)length));
}

const char *smtp_reference_subject(unsigned subject)
{
    static const char *const subjects[] = { "other or undefined",  "addressing", "the mailbox",        "the mail system",
                                            "network and routing", "the protocol", "the message content", "security or policy" };
    return subject < sizeof subjects / sizeof subjects[0] ? subjects[subject] : NULL;
}

const char *smtp_reference_class(unsigned code)
{
    switch (code / 100) {
    case 2:
        return "success";
    case 3:
        return "intermediate";
    case 4:
        return "try again later";
    case 5:
        return "refused for good";
    default:
        return NULL;
    }
}
