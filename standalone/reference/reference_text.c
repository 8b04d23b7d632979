/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Entries of the reference, in the language of the user: for people. */

#include <string.h>

#include "explain.h"
#include "language.h"
#include "text.h"

#define LABEL_COLUMN 2u
#define TEXT_COLUMN 20u
#define CODE_COLUMNS 5u

static const char *kind_of(const struct topic *topic)
{
    static const struct {
        const char *kind, *name;
    } names[] = {
        { "command", N_("command") },
        { "reply", N_("reply code") },
        { "status", N_("enhanced status code") },
        { "keyword", N_("EHLO keyword") },
        { "mechanism", N_("AUTH mechanism") },
        { "parameter", N_("parameter of MAIL or RCPT") },
        { "class", N_("class of codes") },
        { "finding", N_("finding") },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i].kind, topic->table->kind) == 0)
            return _(names[i].name);
    return topic->table->kind;
}

static void append_private(GString *out, const char *source, size_t octets)
{
    char *owner = g_strndup(source, octets);
    g_string_append_printf(out, _("%s, private"), owner);
    g_free(owner);
}

/* For xgettext: sources that are no names. */
#define SOURCES N_("seen in practice") N_("IANA registry")

/* "RFC 5321 section 4.1.1.1", "seen in practice". */
static void append_source(GString *out, const struct smtp_reference_entry *entry)
{
    static const char private_word[] = ", private";
    if (entry->section != NULL)
        g_string_append_printf(out, _("%s section %s"), entry->source, entry->section);
    else if (g_str_has_suffix(entry->source, private_word))
        append_private(out, entry->source, strlen(entry->source) - strlen(private_word));
    else
        g_string_append(out, _(entry->source)); /* one of these; the name of a document stays as it is */
}

static void put_label(struct page *page, const char *label)
{
    unsigned columns = LABEL_COLUMN + text_columns(label);
    g_string_append_printf(page->out, "%*s", (int)LABEL_COLUMN, "");
    page_append(page, PAGE_DIM, label);
    g_string_append_printf(page->out, "%*s", (int)(columns < TEXT_COLUMN ? TEXT_COLUMN - columns : 1), "");
}

static void put_field(struct page *page, const char *label, const char *text)
{
    put_label(page, label);
    page_wrap(page, PAGE_PLAIN, TEXT_COLUMN, TEXT_COLUMN, text);
}

/* "250 451": one line each, with what it means. */
static void put_codes(struct page *page, const char *label, const char *list)
{
    char **codes = g_strsplit(list, " ", -1);
    put_label(page, label);
    for (char **code = codes; *code != NULL; code++) {
        const struct smtp_reference_entry *entry =
            smtp_reference_find(&smtp_reference_replies, smtp_span_of_text(*code));
        if (code != codes)
            g_string_append_printf(page->out, "%*s", (int)TEXT_COLUMN, "");
        page_printf(page, PAGE_BOLD, "%-*s", (int)CODE_COLUMNS, *code);
        page_wrap(page, PAGE_PLAIN, TEXT_COLUMN + CODE_COLUMNS, TEXT_COLUMN + CODE_COLUMNS,
                  entry != NULL ? _(entry->meaning) : "");
    }
    g_strfreev(codes);
}

static const char *name_of(const struct topic *topic)
{
    return topic->given[0] != '\0' ? topic->given : topic->entry->name;
}

/* What the digits of a code say by themselves. */
static void put_digits(struct page *page, const struct topic *topic)
{
    const char *name = name_of(topic);
    unsigned digit = g_ascii_isdigit(*name) ? (unsigned)(*name - '0') : 0;
    const char *class_text = smtp_reference_class(digit * 100);
    if (topic->table == &smtp_reference_classes && topic->given[0] != '\0')
        put_field(page, _("Note"), _("No registered code: this is what its parts say."));
    else if (class_text != NULL &&
             (topic->table == &smtp_reference_replies || topic->table == &smtp_reference_statuses)) {
        char *text = g_strdup_printf("%u: %s", digit, _(class_text));
        put_field(page, _("Class"), text);
        g_free(text);
    }
    if (topic->table == &smtp_reference_statuses) {
        unsigned subject = (unsigned)(topic->entry->name[2] - '0');
        char *text = g_strdup_printf("%u: %s", subject, _(smtp_reference_subject(subject)));
        put_field(page, _("Subject"), text);
        g_free(text);
    }
}

static void put_heading(struct page *page, const struct topic *topic)
{
    const struct smtp_reference_entry *entry = topic->entry;
    GString *right = g_string_new(kind_of(topic));
    if (topic->given[0] != '\0')
        g_string_append_printf(right, " %s", entry->name);
    if (entry->category != NULL)
        g_string_append_printf(right, " (%s)", entry->category);
    g_string_append(right, ", ");
    append_source(right, entry);
    unsigned columns = text_columns(name_of(topic)) + text_columns(right->str);
    page_append(page, PAGE_BOLD, name_of(topic));
    g_string_append_printf(page->out, "%*s", (int)(columns + 2 < PAGE_COLUMNS ? PAGE_COLUMNS - columns : 2), "");
    page_append(page, PAGE_DIM, right->str);
    g_string_append_c(page->out, '\n');
    g_string_free(right, TRUE);
}

static bool are_replies(const struct smtp_reference_field *field)
{
    return strcmp(field->key, "success") == 0 || strcmp(field->key, "intermediate") == 0 ||
           strcmp(field->key, "failure") == 0;
}

/* One entry with all it says. */
static void put_topic(struct page *page, const struct topic *topic)
{
    put_heading(page, topic);
    g_string_append_printf(page->out, "%*s", (int)LABEL_COLUMN, "");
    page_wrap(page, PAGE_GOOD, LABEL_COLUMN, LABEL_COLUMN, _(topic->entry->meaning));
    put_digits(page, topic);
    for (size_t i = 0; i < SMTP_REFERENCE_FIELDS; i++) {
        const struct smtp_reference_field *field = &smtp_reference_fields[i];
        const char *text = smtp_reference_text(topic->entry, field);
        if (text == NULL)
            continue;
        if (are_replies(field))
            put_codes(page, _(field->label), text);
        else
            put_field(page, _(field->label), field->prose ? _(text) : text);
    }
    g_string_append_c(page->out, '\n');
}

static void put_category(struct page *page, const char *title)
{
    page_rule(page, PAGE_BOLD, page_heavy(page), 2, title);
    g_string_append_c(page->out, '\n');
}

const struct topic_writer reference_text_topics = { .category = put_category, .topic = put_topic };
