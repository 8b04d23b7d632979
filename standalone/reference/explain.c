/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "face.h"
#include "language.h"
#include "occurrences.h"
#include "output.h"
#include "overwrite.h"
#include "sessions_read.h"
#include "text.h"
#include "usage.h"

static const struct category {
    const char *name;
    const struct smtp_reference_table *table;
    const char *title;
} categories[] = {
    { "session", &smtp_reference_commands, N_("Commands: the session") },
    { "auth", &smtp_reference_commands, N_("Commands: login") },
    { "message", &smtp_reference_commands, N_("Commands: the message") },
    { "keyword", &smtp_reference_keywords, N_("EHLO keywords") },
    { "parameter", &smtp_reference_parameters, N_("Parameters of MAIL and RCPT") },
    { "mechanism", &smtp_reference_mechanisms, N_("AUTH mechanisms") },
    { "reply", &smtp_reference_replies, N_("Reply codes") },
    { "status", &smtp_reference_statuses, N_("Enhanced status codes") },
    { "finding", &smtp_reference_findings, N_("Findings") },
};

bool explain_is_category(const char *category)
{
    for (size_t i = 0; i < G_N_ELEMENTS(categories); i++)
        if (strcmp(category, categories[i].name) == 0)
            return true;
    return false;
}

const char *explain_categories(void)
{
    return "session auth message keyword parameter mechanism reply status finding";
}

/* ---- output ---- */

struct printout {
    const struct options *options;
    struct output file;
    struct page page;
    struct summary summary;
};

static bool printout_open(struct printout *output, const struct options *options)
{
    char *const *captures = options->explain_captures;
    *output = (struct printout){ .options = options };
    if (options->output != NULL &&
        !overwrite_allowed(options->output, captures, captures != NULL ? g_strv_length(options->explain_captures) : 0))
        return false;
    if (!output_open(&output->file, options->output)) {
        output_say_failed(options->output);
        return false;
    }
    output->page = (struct page){
        .out = g_string_new(NULL),
        .colour = options->colour,
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
    return true;
}

/* Of captures none of which could be read there is nothing to say: a file stays as it was. */
static bool has_something_to_say(const struct printout *output)
{
    const struct options *options = output->options;
    return options->explain_captures == NULL || options->count > 0 || output->summary.totals.captures > 0 ||
           options->output == NULL;
}

/* Writes all, and returns `status`, or that of a failed write. */
static int printout_close(struct printout *output, int status)
{
    bool good = true;
    bool any = has_something_to_say(output);
    output->summary.options = output->options;
    if (face_wishes(output->options->face, FACE_SUMMARY)) {
        struct json json = { .out = output->page.out };
        summary_json(&json, &output->summary);
    }
    GString *out = output->page.out;
    if (any)
        good = fwrite(out->str, 1, out->len, output_stream(&output->file)) == out->len;
    if (!output_close(&output->file, any && good) || !good) {
        output_say_failed(output->options->output);
        good = false;
    }
    g_string_free(out, TRUE);
    return good ? status : (int)EXIT_STATUS_INPUT;
}

static void put(struct printout *output, const struct topic *topic)
{
    output->options->face->topics->topic(&output->page, topic);
}

static void put_all(struct printout *output, const GArray *topics)
{
    for (guint i = 0; i < topics->len; i++)
        put(output, &g_array_index(topics, struct topic, i));
}

/* ---- explain ---- */

static void say_unknown(const char *text)
{
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(text));
    char *near = topics_near(text);
    fprintf(stderr, "smtpscope: ");
    fprintf(stderr, _("no entry for '%s'"), visible->str);
    if (access(text, F_OK) == 0)
        fprintf(stderr, _("; what occurs in a capture: smtpscope explain --capture %s"), visible->str);
    else if (near != NULL)
        fprintf(stderr, _("; perhaps %s?"), near);
    else
        fprintf(stderr, "%s", _("; all that there is: smtpscope reference"));
    fputc('\n', stderr);
    g_free(near);
    g_string_free(visible, TRUE);
}

static void note_session(void *context, const struct record *record)
{
    occurrences_add(context, record);
}

static int find_occurrences(GArray *topics, struct printout *output)
{
    char **captures = output->options->explain_captures;
    int status = sessions_read(captures, g_strv_length(captures), output->options->memory_limit, note_session, topics, &output->summary);
    occurrences_sort(topics);
    if (output->summary.sessions == 0 && output->summary.totals.captures > 0)
        fprintf(stderr, "smtpscope: %s\n", _("no SMTP session in the capture"));
    return status;
}

bool explain_operands(const struct options *options, int *status)
{
    return options->count > 0 || options->explain_captures != NULL ||
           usage_wrong(status, "%s",
                       _("nothing to explain: name a topic, as in smtpscope explain STARTTLS, or a --capture"));
}

int explain_run(const struct options *options)
{
    struct printout output;
    int status = EXIT_STATUS_OK;
    if (!printout_open(&output, options))
        return EXIT_STATUS_INPUT;
    GArray *topics = topics_new();
    for (unsigned i = 0; i < options->count; i++)
        if (!topics_find(topics, options->captures[i])) {
            say_unknown(options->captures[i]);
            status = EXIT_STATUS_USAGE;
        }
    if (options->explain_captures != NULL) {
        int read = find_occurrences(topics, &output);
        status = read != EXIT_STATUS_OK ? read : status;
    }
    put_all(&output, topics);
    g_array_unref(topics);
    return printout_close(&output, status);
}

/* ---- reference ---- */

static void put_category(struct printout *output, const struct category *category)
{
    const struct topic_writer *writer = output->options->face->topics;
    if (writer->category != NULL)
        writer->category(&output->page, _(category->title));
    for (size_t i = 0; i < category->table->count; i++) {
        const struct smtp_reference_entry *entry = &category->table->entries[i];
        if (entry->category == NULL || strcmp(entry->category, category->name) == 0)
            put(output, &(struct topic){ .table = category->table, .entry = entry });
    }
}

bool explain_reference_operands(const struct options *options, int *status)
{
    return options->count == 0 ||
           usage_wrong(status, _("reference takes no operand, not '%s': see --category"), options->captures[0]);
}

int explain_reference(const struct options *options)
{
    struct printout output;
    if (!printout_open(&output, options))
        return EXIT_STATUS_INPUT;
    for (size_t i = 0; i < G_N_ELEMENTS(categories); i++)
        if (options->category == NULL || strcmp(options->category, categories[i].name) == 0)
            put_category(&output, &categories[i]);
    return printout_close(&output, EXIT_STATUS_OK);
}
