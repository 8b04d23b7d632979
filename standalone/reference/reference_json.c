/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reference_json.h"

#include <string.h>

#include "explain.h"
#include "language.h"

/* Protocol words that stand in a row are a list to programs. */
static bool is_list(const struct smtp_reference_field *field)
{
    static const char *const lists[] = { "success", "intermediate", "failure", "next",
                                         "codes",   "carrier",      "keyword", NULL };
    return g_strv_contains(lists, field->key);
}

static void put_list(struct json *json, const char *key, const char *words)
{
    json_begin_array(json, key);
    char **parts = words != NULL ? g_strsplit(words, " ", -1) : NULL;
    for (char **part = parts; part != NULL && *part != NULL; part++)
        json_text(json, NULL, *part);
    g_strfreev(parts);
    json_end_array(json);
}

static const char *translated(const char *text)
{
    return text != NULL ? _(text) : NULL;
}

void reference_json(struct json *json, const struct topic *topic)
{
    const struct smtp_reference_entry *entry = topic->entry;
    json_begin_object(json, NULL);
    json_text(json, "record", "reference");
    json_text(json, "kind", topic->table->kind);
    json_text(json, "name", entry->name);
    json_text(json, "given", topic->given[0] != '\0' ? topic->given : entry->name);
    json_text(json, "category", entry->category != NULL ? entry->category : topic->table->kind);
    json_text(json, "language", language_in_use());
    json_text(json, "meaning", _(entry->meaning));
    json_text(json, "source", entry->source);
    json_text(json, "section", entry->section);
    for (size_t i = 0; i < SMTP_REFERENCE_FIELDS; i++) {
        const struct smtp_reference_field *field = &smtp_reference_fields[i];
        const char *text = smtp_reference_text(entry, field);
        if (is_list(field))
            put_list(json, field->key, text);
        else
            json_text(json, field->key, field->prose ? translated(text) : text);
    }
    json_end_object(json);
    json_end_line(json);
}

static void put_topic(struct page *page, const struct topic *topic)
{
    struct json json = { .out = page->out };
    reference_json(&json, topic);
}

const struct topic_writer reference_json_topics = { .topic = put_topic };
