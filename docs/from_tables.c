/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Fills a template with what the program's tables know: manual pages, the web page of the reference, completions.
 *
 * usage: from_tables TEMPLATE >FILE
 *
 * In the template, @version@, @topics@, @categories@, @lessons@, @commands@ and @formats@ stand for words with spaces
 * between them, @commands zsh@ for a pattern of zsh, and a line "@table KIND@" for a table of the reference as roff,
 * "@lessons table@" for the lessons, "@commands fish@" for the commands as completions of fish, "@json LANGUAGE@" for
 * the whole reference as JSON. All else is copied.
 */

#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "faces.h"
#include "language.h"
#include "lessons.h"
#include "reference/reference.h"
#include "reference_json.h"
#include "version.h"

static void append_words(GString *out, const char *word)
{
    char **there = g_strsplit(out->str, " ", -1);
    if (!g_strv_contains((const char *const *)there, word))
        g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", word);
    g_strfreev(there);
}

static char *topics(void)
{
    GString *words = g_string_new(NULL);
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++)
        for (size_t i = 0; i < smtp_reference_tables[t]->count; i++)
            append_words(words, smtp_reference_tables[t]->entries[i].name);
    return g_string_free(words, FALSE);
}

static char *lesson_names(void)
{
    GString *words = g_string_new(NULL);
    for (size_t i = 0; i < lesson_count; i++)
        append_words(words, lessons[i].name);
    return g_string_free(words, FALSE);
}

static char *command_names(const char *between)
{
    GString *words = g_string_new(NULL);
    for (size_t i = 0; i < command_count; i++)
        g_string_append_printf(words, "%s%s", i > 0 ? between : "", commands[i].name);
    return g_string_free(words, FALSE);
}

static char *formats(void)
{
    const char **names = faces_formats(NULL);
    char *words = g_strjoinv(" ", (char **)names);
    g_free(names);
    return words;
}

static char *fish_commands(void)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < command_count; i++)
        g_string_append_printf(
            out, "complete -c smtpscope -n \"not __fish_seen_subcommand_from $commands\" -a %s -d \"%s\"\n",
            commands[i].name, commands[i].does);
    return g_string_free(out, FALSE);
}

/* ---- roff ---- */

/* A text as roff has it: no line begins with a control character, hyphens are hyphens, backslashes are backslashes. */
static void append_roff(GString *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        g_string_append(out, "\\&");
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            g_string_append(out, "\\e");
        else if (*text == '-')
            g_string_append(out, "\\-");
        else
            g_string_append_c(out, *text);
    }
}

static void append_item(GString *out, const char *name, const char *text, const char *source)
{
    g_string_append(out, ".TP\n.B ");
    append_roff(out, name);
    g_string_append_c(out, '\n');
    append_roff(out, text);
    if (source != NULL) {
        g_string_append(out, "\n(");
        append_roff(out, source);
        g_string_append_c(out, ')');
    }
    g_string_append_c(out, '\n');
}

static char *table_of(const char *kind)
{
    GString *out = g_string_new(NULL);
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++) {
        const struct smtp_reference_table *table = smtp_reference_tables[t];
        for (size_t i = 0; i < table->count && strcmp(table->kind, kind) == 0; i++)
            append_item(out, table->entries[i].name, table->entries[i].meaning, table->entries[i].source);
    }
    return g_string_free(out, FALSE);
}

static char *lesson_table(void)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < lesson_count; i++)
        append_item(out, lessons[i].name, lessons[i].title, NULL);
    return g_string_free(out, FALSE);
}

/* ---- JSON ---- */

/* Texts of the web page itself. */
static const char *const page_texts[] = {
    N_("SMTP reference"),
    N_("Search"),
    N_("A word, a code, or a line of a log"),
    N_("All"),
    N_("Category"),
    N_("%s entries"),
    N_("Nothing found."),
    N_("Language"),
    N_("%s section %s"),
    N_("%s, private"),
    N_("seen in practice"),
    N_("IANA registry"),
    N_("Made from the tables of smtpscope. The RFC or registry named with each entry is what counts."),
};

static const char *const titles[][2] = {
    { "session", N_("Commands: the session") },
    { "auth", N_("Commands: login") },
    { "message", N_("Commands: the message") },
    { "keyword", N_("EHLO keywords") },
    { "parameter", N_("Parameters of MAIL and RCPT") },
    { "mechanism", N_("AUTH mechanisms") },
    { "reply", N_("Reply codes") },
    { "status", N_("Enhanced status codes") },
    { "class", N_("Classes of codes") },
    { "finding", N_("Findings") },
};

static void put_texts(struct json *json)
{
    json_begin_object(json, "texts");
    for (size_t i = 0; i < G_N_ELEMENTS(page_texts); i++)
        json_text(json, page_texts[i], _(page_texts[i]));
    json_end_object(json);
    json_begin_object(json, "titles");
    for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
        json_text(json, titles[i][0], _(titles[i][1]));
    json_end_object(json);
    json_begin_object(json, "labels");
    for (size_t i = 0; i < SMTP_REFERENCE_FIELDS; i++)
        json_text(json, smtp_reference_fields[i].key, _(smtp_reference_fields[i].label));
    json_end_object(json);
}

static char *whole_reference(const char *language)
{
    char *arguments[] = { "from_tables", "--lang", (char *)language, NULL };
    language_start(3, arguments);
    if (strcmp(language_in_use(), language) != 0) {
        fprintf(stderr, "from_tables: there are no texts in '%s'\n", language);
        return NULL;
    }
    struct json json = { .out = g_string_new(NULL) };
    json_begin_object(&json, NULL);
    put_texts(&json);
    json_begin_array(&json, "entries");
    g_string_append_c(json.out, '\n');
    const char *comma = "";
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++)
        for (size_t i = 0; i < smtp_reference_tables[t]->count; i++) {
            g_string_append(json.out, comma);
            reference_json(&json, &(struct topic){ .table = smtp_reference_tables[t],
                                                   .entry = &smtp_reference_tables[t]->entries[i] });
            comma = ",";
        }
    json_end_array(&json);
    json_end_object(&json);
    return g_string_free(json.out, FALSE);
}

/* ---- templates ---- */

/* What stands for the word between two @ signs, or NULL. Free with g_free. */
static char *value_of(const char *word)
{
    if (strcmp(word, "version") == 0)
        return g_strdup(SMTPSCOPE_VERSION);
    if (strcmp(word, "topics") == 0)
        return topics();
    if (strcmp(word, "categories") == 0)
        return g_strdup(explain_categories());
    if (strcmp(word, "lessons") == 0)
        return lesson_names();
    if (strcmp(word, "commands") == 0)
        return command_names(" ");
    if (strcmp(word, "commands zsh") == 0)
        return command_names("|");
    if (strcmp(word, "commands fish") == 0)
        return fish_commands();
    if (strcmp(word, "formats") == 0)
        return formats();
    if (strcmp(word, "lessons table") == 0)
        return lesson_table();
    if (g_str_has_prefix(word, "table "))
        return table_of(word + strlen("table "));
    if (g_str_has_prefix(word, "json "))
        return whole_reference(word + strlen("json "));
    return NULL;
}

static bool fill(const char *template, GString *out)
{
    const char *sign;
    while ((sign = strchr(template, '@')) != NULL) {
        const char *end = strchr(sign + 1, '@');
        g_string_append_len(out, template, sign - template);
        char *word = end != NULL ? g_strndup(sign + 1, (gsize)(end - sign - 1)) : NULL;
        char *value = word != NULL && strlen(word) < 20 ? value_of(word) : NULL;
        bool wanted = word != NULL && (g_str_has_prefix(word, "json ") || g_str_has_prefix(word, "table "));
        if (value != NULL) {
            g_string_append(out, value);
            template = end + 1;
            if (g_str_has_suffix(value, "\n") && *template == '\n')
                template ++;
        } else {
            g_string_append_c(out, '@');
            template = sign + 1;
        }
        bool empty = wanted && (value == NULL || *value == '\0');
        g_free(value);
        g_free(word);
        if (empty)
            return false;
    }
    g_string_append(out, template);
    return true;
}

int main(int argc, char **argv)
{
    char *template = NULL;
    GString *out = g_string_new(NULL);
    if (argc != 2 || !g_file_get_contents(argv[1], &template, NULL, NULL)) {
        fprintf(stderr, "usage: from_tables TEMPLATE >FILE\n");
        return 2;
    }
    bool good = fill(template, out) && fwrite(out->str, 1, out->len, stdout) == out->len && fflush(stdout) == 0;
    g_string_free(out, TRUE);
    g_free(template);
    return good ? 0 : 1;
}
