/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "topics.h"

#include <string.h>

#include "command.h"
#include "keyword.h"
#include "reply.h"

#define WORD_LEAST 4 /* capitals in a text that are shorter are hardly protocol */

GArray *topics_new(void)
{
    return g_array_new(FALSE, TRUE, sizeof(struct topic));
}

void topics_add(GArray *topics, const struct smtp_reference_table *table, const struct smtp_reference_entry *entry,
                const char *given)
{
    struct topic topic = { .table = table, .entry = entry };
    if (given != NULL && strcmp(given, entry->name) != 0)
        g_strlcpy(topic.given, given, sizeof topic.given);
    for (guint i = 0; i < topics->len; i++) {
        const struct topic *there = &g_array_index(topics, struct topic, i);
        if (there->entry == entry && strcmp(there->given, topic.given) == 0)
            return;
    }
    g_array_append_val(topics, topic);
}

static bool add_named(GArray *topics, const struct smtp_reference_table *table, struct smtp_span name)
{
    const struct smtp_reference_entry *entry = smtp_reference_find(table, name);
    if (entry != NULL)
        topics_add(topics, table, entry, NULL);
    return entry != NULL;
}

/* ---- codes ---- */

static void add_class(GArray *topics, const char *name, const char *given)
{
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_classes, smtp_span_of_text(name));
    if (entry != NULL)
        topics_add(topics, &smtp_reference_classes, entry, given);
}

static void add_reply(GArray *topics, unsigned code)
{
    char given[TOPIC_NAME_LIMIT + 1];
    char class_name[TOPIC_NAME_LIMIT + 1];
    g_snprintf(given, sizeof given, "%u", code);
    g_snprintf(class_name, sizeof class_name, "%uyz", code / 100);
    if (!add_named(topics, &smtp_reference_replies, smtp_span_of_text(given)))
        add_class(topics, class_name, given);
}

/* An enhanced status code; where the registry has no such detail, what class and subject say. */
static void add_status(GArray *topics, const struct smtp_enhanced_status *status)
{
    char given[TOPIC_NAME_LIMIT + 1];
    char name[TOPIC_NAME_LIMIT + 1];
    g_snprintf(given, sizeof given, "%u.%u.%u", status->class_digit, status->subject, status->detail);
    const struct smtp_reference_entry *entry = smtp_reference_status(status->subject, status->detail);
    if (entry != NULL) {
        topics_add(topics, &smtp_reference_statuses, entry, given);
        return;
    }
    g_snprintf(name, sizeof name, "%u.XXX.XXX", status->class_digit);
    add_class(topics, name, given);
    g_snprintf(name, sizeof name, "X.%u.XXX", status->subject);
    add_class(topics, name, given);
}

/* ---- lines of a dialogue ---- */

static void add_mechanisms(GArray *topics, struct smtp_span list)
{
    for (struct smtp_span word = smtp_span_next_word(&list); word.length > 0; word = smtp_span_next_word(&list))
        add_named(topics, &smtp_reference_mechanisms, word);
}

/* "250-AUTH PLAIN LOGIN". A last line "250 OK" is only polite. */
static bool add_keyword_line(GArray *topics, struct smtp_span text)
{
    struct smtp_keyword_line line = smtp_keyword_line_parse(text);
    if (smtp_span_is(line.word, "OK") || !add_named(topics, &smtp_reference_keywords, line.word))
        return false;
    if (line.keyword == SMTP_KEYWORD_AUTH || line.keyword == SMTP_KEYWORD_X_EXPS)
        add_mechanisms(topics, line.parameters);
    return true;
}

/* Whether nothing is left to look for behind the code. */
static bool add_reply_line(GArray *topics, struct smtp_span text)
{
    struct smtp_reply_line line = smtp_reply_line_parse(text);
    if (!line.valid)
        return false;
    add_reply(topics, line.code);
    return line.code == 250 && !line.enhanced.present && add_keyword_line(topics, line.text);
}

static void add_command_line(GArray *topics, struct smtp_span text)
{
    struct smtp_command command = smtp_command_parse(text);
    bool certain = smtp_command_is_certain(text) || smtp_span_is(text, "MAIL FROM") || smtp_span_is(text, "RCPT TO");
    if (!certain && command.verb != SMTP_VERB_AUTH)
        return;
    add_named(topics, &smtp_reference_commands, command.word);
    if (command.verb == SMTP_VERB_AUTH) {
        struct smtp_span rest = command.argument;
        add_named(topics, &smtp_reference_mechanisms, smtp_span_next_word(&rest));
    }
}

/* ---- any text ---- */

/* A word in capitals: others are prose. */
static void add_word(GArray *topics, struct smtp_span word)
{
    if (word.length < WORD_LEAST)
        return;
    for (size_t i = 0; i < word.length; i++)
        if (g_ascii_islower((char)word.octets[i]))
            return;
    if (!add_named(topics, &smtp_reference_commands, word) && !add_named(topics, &smtp_reference_keywords, word))
        add_named(topics, &smtp_reference_mechanisms, word);
}

/* "550", "5.7.1", "550-5.7.1", "dsn=5.7.1", "SIZE=1000", "RCPT". */
static void add_token(GArray *topics, struct smtp_span token)
{
    while (token.length > 0 && memchr(".:", token.octets[token.length - 1], 2) != NULL)
        token.length--;
    const uint8_t *equals = token.length > 0 ? memchr(token.octets, '=', token.length) : NULL;
    if (equals != NULL) {
        size_t length = (size_t)(equals - token.octets);
        if (add_named(topics, &smtp_reference_parameters, smtp_span_first(token, length)))
            return; /* its value is no word of the dialogue */
        token = smtp_span_from(token, length + 1);
    }
    struct smtp_span code = smtp_span_first(token, 3);
    bool is_code = token.length == 3 || (token.length > 3 && token.octets[3] == '-');
    if (is_code && equals == NULL && add_named(topics, &smtp_reference_replies, code))
        token = smtp_span_from(token, 4);
    struct smtp_enhanced_status status = smtp_enhanced_status_parse(token);
    if (status.present)
        add_status(topics, &status);
    else
        add_word(topics, token);
}

static void add_scattered(GArray *topics, const char *text)
{
    char **tokens = g_strsplit_set(text, " \t()[]<>\"',;", -1);
    for (char **token = tokens; *token != NULL; token++)
        add_token(topics, smtp_span_of_text(*token));
    g_strfreev(tokens);
}

/* "5xx" as people write it. */
static bool add_whole_class(GArray *topics, struct smtp_span text)
{
    if (text.length != 3 || smtp_ascii_upper(text.octets[1]) != 'X' || smtp_ascii_upper(text.octets[2]) != 'X')
        return false;
    const char name[] = { (char)text.octets[0], 'y', 'z', '\0' };
    return add_named(topics, &smtp_reference_classes, smtp_span_of_text(name));
}

bool topics_find(GArray *topics, const char *text)
{
    guint before = topics->len;
    char *line = g_strstrip(g_strdup(text));
    struct smtp_span span = smtp_span_of_text(line);
    for (size_t i = 0; i < SMTP_REFERENCE_TABLES; i++)
        add_named(topics, smtp_reference_tables[i], span);
    bool whole = topics->len > before || add_whole_class(topics, span) || add_reply_line(topics, span);
    if (!whole) {
        add_command_line(topics, span);
        add_scattered(topics, line);
    }
    g_free(line);
    return topics->len > before;
}

/* ---- slips ---- */

/* The least number of letters put in, left out, changed or exchanged with their neighbour that makes one word of the
 * other. */
static unsigned distance(const char *a, const char *b)
{
    enum { LIMIT = 40 };
    unsigned rows[3][LIMIT + 1];
    size_t length_a = strlen(a);
    size_t length_b = strlen(b);
    if (length_a > LIMIT || length_b > LIMIT)
        return LIMIT;
    for (unsigned j = 0; j <= length_b; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= length_a; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= length_b; j++) {
            char x = g_ascii_toupper(a[i - 1]);
            char y = g_ascii_toupper(b[j - 1]);
            unsigned best = MIN(above[j], now[j - 1]) + 1;
            best = MIN(best, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == g_ascii_toupper(b[j - 2]) && y == g_ascii_toupper(a[i - 2]))
                best = MIN(best, two_above[j - 2] + 1);
            now[j] = best;
        }
    }
    return rows[length_a % 3][length_b];
}

bool topics_is_near(const char *word, const char *name)
{
    size_t length = strlen(word);
    if (length < 2 || g_ascii_isdigit(*name) || g_str_has_prefix(name, "X."))
        return false;
    if (length >= 3 && g_ascii_strncasecmp(word, name, length) == 0)
        return true;
    return distance(word, name) <= (length < 5 ? 1u : 2u);
}

char *topics_near(const char *word)
{
    GString *near = g_string_new(NULL);
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++)
        for (size_t i = 0; i < smtp_reference_tables[t]->count; i++) {
            const char *name = smtp_reference_tables[t]->entries[i].name;
            if (!topics_is_near(word, name))
                continue;
            char **names = g_strsplit(near->str, ", ", -1);
            if (!g_strv_contains((const char *const *)names, name))
                g_string_append_printf(near, "%s%s", near->len > 0 ? ", " : "", name);
            g_strfreev(names);
        }
    return g_string_free(near, near->len == 0);
}
