/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "occurrences.h"

#include <string.h>

#include "keyword.h"
#include "path.h"

static void add(GArray *topics, const struct smtp_reference_table *table, struct smtp_span word)
{
    const struct smtp_reference_entry *entry = smtp_reference_find(table, word);
    if (entry != NULL)
        topics_add(topics, table, entry, NULL);
}

static void add_command(GArray *topics, const struct item *item)
{
    add(topics, &smtp_reference_commands, item->word);
    if (item->verb != SMTP_VERB_MAIL && item->verb != SMTP_VERB_RCPT)
        return;
    struct smtp_command command = smtp_command_parse(item->line.before);
    struct smtp_span rest = smtp_path_parse(command.argument, item->verb == SMTP_VERB_RCPT ? "TO" : "FROM").parameters;
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&rest, &parameter))
        add(topics, &smtp_reference_parameters, parameter.keyword);
}

static void add_code(GArray *topics, const struct smtp_reply_line *line)
{
    const struct smtp_reference_entry *reply = smtp_reference_reply(line->code);
    if (line->valid && reply != NULL)
        topics_add(topics, &smtp_reference_replies, reply, NULL);
    if (!line->valid || !line->enhanced.present)
        return;
    const struct smtp_reference_entry *status = smtp_reference_status(line->enhanced.subject, line->enhanced.detail);
    char given[TOPIC_NAME_LIMIT + 1];
    g_snprintf(given, sizeof given, "%u.%u.%u", line->enhanced.class_digit, line->enhanced.subject,
               line->enhanced.detail);
    if (status != NULL)
        topics_add(topics, &smtp_reference_statuses, status, given);
}

static void add_extension(GArray *topics, struct smtp_span text)
{
    struct smtp_keyword_line line = smtp_keyword_line_parse(text);
    add(topics, &smtp_reference_keywords, line.word);
    if (line.keyword != SMTP_KEYWORD_AUTH && line.keyword != SMTP_KEYWORD_X_EXPS)
        return;
    struct smtp_span rest = line.parameters;
    for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
        add(topics, &smtp_reference_mechanisms, word);
}

static void add_reply(GArray *topics, const struct record *record, const struct item *item)
{
    bool extensions = smtp_reply_lists_extensions(&item->reply);
    for (const GList *link = item->lines.head; link != NULL; link = record_next(record, link)) {
        const struct record_line *line = link->data;
        const struct smtp_reply_line said = smtp_reply_line_read(record_line_text(line));
        add_code(topics, &said);
        if (extensions && link->prev != NULL)
            add_extension(topics, record_line_words(line));
    }
}

void occurrences_add(GArray *topics, const struct record *record)
{
    for (const GList *link = record->items.head; link != NULL; link = record_next(record, link)) {
        const struct item *item = link->data;
        if (item->kind == ITEM_COMMAND)
            add_command(topics, item);
        else if (item->kind == ITEM_REPLY)
            add_reply(topics, record, item);
    }
    for (const GList *link = record->account.findings.list.head; link != NULL; link = record_next(record, link)) {
        const struct finding *finding = link->data;
        add(topics, &smtp_reference_findings, smtp_span_of_text(smtp_finding_name(finding->finding)));
    }
    for (const GList *link = record->account.logins.list.head; link != NULL; link = record_next(record, link))
        add(topics, &smtp_reference_mechanisms, ((const struct login *)link->data)->mechanism);
}

static unsigned table_place(const struct smtp_reference_table *table)
{
    unsigned place = 0;
    while (place < SMTP_REFERENCE_TABLES && smtp_reference_tables[place] != table)
        place++;
    return place;
}

static int compare(const void *a, const void *b)
{
    const struct topic *one = a;
    const struct topic *other = b;
    if (one->table != other->table)
        return table_place(one->table) < table_place(other->table) ? -1 : 1;
    if (one->entry != other->entry)
        return one->entry < other->entry ? -1 : 1;
    return strcmp(one->given, other->given);
}

void occurrences_sort(GArray *topics)
{
    g_array_sort(topics, compare);
}
