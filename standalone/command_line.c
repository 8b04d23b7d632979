/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain.h"
#include "faces.h"
#include "language.h"
#include "text.h"
#include "topics.h"
#include "usage.h"
#include "version.h"

static const char help_beginning[] =
    N_("Prints what was said in the SMTP sessions of packet captures, line by line, with frame numbers and meanings.\n"
       "\n"
       "Commands:\n");

static const char help_operands[] = N_("CAPTURE is a pcap or pcapng file, plain or compressed (gzip, zstd, lz4, xz, bzip2), or - "
                                       "for standard input. Several captures are read\n"
                                       "as one, merged by time.");

static const char help_description[] = N_(
    "Examples:\n"
    "  smtpscope mail.pcap                          read the sessions of a capture\n"
    "  smtpscope --session 3 --full mail.pcap       one of them, with the whole messages\n"
    "  smtpscope sessions --format json mail.pcap   facts for other programs, one JSON object a line\n"
    "  smtpscope sessions --format zeek mail.pcap   a line for each mail, as in Zeek's smtp.log\n"
    "  smtpscope messages --output-dir mails mail.pcap\n"
    "                                               every mail as a file, and an index of them\n"
    "  smtpscope messages --verify mails mail.pcap  is what lies there what was sent?\n"
    "  smtpscope findings mail.pcap                 what to look at first\n"
    "  smtpscope report -o report.html mail.pcap    a page for somebody who has neither the capture nor this program\n"
    "  tcpdump -U -i eth0 -w - port 25 | smtpscope -\n"
    "                                               live: each session when it ends\n"
    "\n"
    "Exit status: 0 everything was read; 1 a capture could not be opened, or the output not be written; 2 wrong "
    "usage;\n"
    "3 a capture ended early or is damaged (all before the damage was printed), or connections did not fit into "
    "--memory-limit;\n"
    "4 --verify found a difference; 130 interrupted (what was read was printed).\n"
    "\n"
    "Passwords are shown as secret-1, secret-2, ... unless --show-secrets is given; equal labels are equal secrets.");

/* "7", or "3-5". */
static bool read_session_range(const char *text, struct session_range *range)
{
    char **ends = g_strsplit(text, "-", 2);
    bool good = ends[0] != NULL && g_ascii_string_to_unsigned(ends[0], 10, 1, G_MAXUINT64, &range->first, NULL);
    range->last = range->first;
    if (good && ends[1] != NULL)
        good = g_ascii_string_to_unsigned(ends[1], 10, range->first, G_MAXUINT64, &range->last, NULL);
    g_strfreev(ends);
    return good;
}

static bool read_sessions(struct options *options, const char *list, int *status)
{
    if (list == NULL)
        return true;
    char **parts = g_strsplit(list, ",", -1);
    bool good = parts[0] != NULL;
    for (char **part = parts; *part != NULL && good; part++) {
        struct session_range range = { .first = 0 };
        good = read_session_range(*part, &range);
        g_array_append_val(options->sessions, range);
    }
    g_strfreev(parts);
    return good || usage_wrong(status, _("--session wants numbers from 1 on, as 3 or 2,5-7, not '%s'"), list);
}

#define MEBIBYTE (UINT64_C(1) << 20)
#define MEMORY_LIMIT (512 * MEBIBYTE)
#define MEMORY_LIMIT_LEAST (32 * MEBIBYTE)

/* "512M", "2G", "100000K", octets without a unit. */
static bool read_memory_limit(struct options *options, const char *text, int *status)
{
    static const char units[] = "KMG";
    options->memory_limit = MEMORY_LIMIT;
    if (text == NULL)
        return true;
    char *end = NULL;
    errno = 0;
    uint64_t number = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : 0;
    const char *unit = end != NULL && *end != '\0' ? strchr(units, g_ascii_toupper(*end)) : NULL;
    bool good = end != NULL && errno == 0;
    if (unit != NULL) {
        unsigned shift = 10u * (unsigned)(unit - units + 1);
        good = good && number <= UINT64_MAX >> shift;
        number <<= shift;
        end++;
        if (g_ascii_strcasecmp(end, "iB") == 0 || g_ascii_strcasecmp(end, "B") == 0)
            end = "";
    }
    options->memory_limit = number;
    if (!good || *end != '\0')
        return usage_wrong(status, _("--memory-limit wants a size as 512M or 2G, not '%s'"), text);
    return number >= MEMORY_LIMIT_LEAST ||
           usage_wrong(status, _("--memory-limit must be 32M at the least, not '%s'"), text);
}

static bool read_shard(struct options *options, const char *text, int *status)
{
    if (text == NULL)
        return true;
    char **parts = g_strsplit(text, "/", -1);
    bool good = g_strv_length(parts) == 2 &&
                g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT32, &options->shard, NULL) &&
                g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT32, &options->shards, NULL) &&
                options->shard < options->shards;
    g_strfreev(parts);
    return good || usage_wrong(status, _("--shard wants I/N with I from 0 to N-1, not '%s'"), text);
}

static bool read_colour(struct options *options, const char *when, int *status)
{
    bool terminal = options->output == NULL && isatty(STDOUT_FILENO);
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    const char *type = getenv("TERM");
    bool wanted = (no_colour == NULL || *no_colour == '\0') && !(type != NULL && strcmp(type, "dumb") == 0);
    if (when == NULL || strcmp(when, "auto") == 0)
        options->colour = terminal && wanted;
    else if (strcmp(when, "always") == 0)
        options->colour = true;
    else if (strcmp(when, "never") != 0)
        return usage_wrong(status, _("--color is auto, always or never, not '%s'"), when);
    return true;
}

static bool read_checksums(struct options *options, const char *which, int *status)
{
    static const enum tcp_checksums all[] = { TCP_CHECKSUMS_AUTO, TCP_CHECKSUMS_ON, TCP_CHECKSUMS_OFF };
    for (unsigned i = 0; i < G_N_ELEMENTS(all) && which != NULL; i++) {
        if (strcmp(which, options_checksums_name(all[i])) != 0)
            continue;
        options->checksums = all[i];
        return true;
    }
    return which == NULL || usage_wrong(status, _("--checksum is auto, on or off, not '%s'"), which);
}

static bool read_choice(const char *option, const char *value, const char *first, const char *second, bool *is_second,
                        int *status)
{
    if (value == NULL)
        return true;
    *is_second = strcmp(value, second) == 0;
    if (*is_second || strcmp(value, first) == 0)
        return true;
    return usage_wrong(status, _("--%s is %s or %s, not '%s'"), option, first, second, value);
}

/* ---- which command, in which format ---- */

/* "text, json or eve"; `last` is in front of the last one. g_free it. */
static char *in_words(const char **names, const char *last)
{
    GString *words = g_string_new(NULL);
    for (const char **name = names; *name != NULL; name++) {
        if (name != names)
            g_string_append(words, name[1] != NULL ? _(", ") : last);
        g_string_append(words, *name);
    }
    g_free(names);
    return g_string_free(words, FALSE);
}

/* What is neither a command nor a file may be a command misspelt. */
static bool check_misspelt(const char *word, int *status)
{
    if (access(word, F_OK) == 0)
        return true;
    for (size_t i = 0; i < command_count; i++)
        if (topics_is_near(word, commands[i].name))
            return usage_wrong(status, _("no command and no file is called '%s'; perhaps %s?"), word, commands[i].name);
    return true;
}

static bool has_no_format(const struct command *command, const char *format, int *status)
{
    const char **names = faces_with_format(format);
    bool any = *names != NULL;
    char *having = in_words(any ? names : faces_formats(NULL), any ? _(" and ") : _(" or "));
    if (!any)
        usage_wrong(status, _("--format is %s, not '%s'"), having, format);
    else if (command->only != NULL)
        usage_wrong(status, _("%s: --format %s does not go with it"), _(command->only), format);
    else
        usage_wrong(status, _("--format %s goes with the command %s"), format, having);
    g_free(having);
    if (!any)
        g_free(names);
    return false;
}

/* ---- options that go with some commands only ---- */

static const struct rule {
    enum option option;
    const char *name;
    enum option needs; /* another option; 0: none */
} rules[] = {
    { OPTION_OUTPUT_DIR, "output-dir", 0 },
    { OPTION_VERIFY, "verify", 0 },
    { OPTION_ATTACHMENTS, "attachments", OPTION_OUTPUT_DIR },
    { OPTION_CATEGORY, "category", 0 },
    { OPTION_CAPTURE, "capture", 0 },
    { OPTION_FULL, "full", 0 },
    { OPTION_TIMING, "timing", 0 },
};

/* Those that are given: bits of enum option. */
static unsigned given_options(const struct options *options)
{
    const struct {
        bool given;
        enum option option;
    } all[] = {
        { options->full, OPTION_FULL },
        { options->timing, OPTION_TIMING },
        { options->output_dir != NULL, OPTION_OUTPUT_DIR },
        { options->attachments, OPTION_ATTACHMENTS },
        { options->verify != NULL, OPTION_VERIFY },
        { options->category != NULL, OPTION_CATEGORY },
        { options->explain_captures != NULL, OPTION_CAPTURE },
    };
    unsigned given = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        given |= all[i].given ? (unsigned)all[i].option : 0;
    return given;
}

static const char *option_name(enum option option)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (rules[i].option == option)
            return rules[i].name;
    return "";
}

/* Why the face does not take the option. */
static bool is_not_taken(const struct face *face, const struct rule *rule, int *status)
{
    const char **names = faces_with_option(rule->option);
    bool other_command = !g_strv_contains(names, face->command);
    char *taking = in_words(names, _(" and "));
    if (other_command)
        usage_wrong(status, _("--%s goes with the command %s"), rule->name, taking);
    else if (face->with != 0)
        usage_wrong(status, _("--%s and --%s exclude each other"), option_name(face->with), rule->name);
    else
        usage_wrong(status, _("--format %s has no place for --%s"), face->format, rule->name);
    g_free(taking);
    return false;
}

static bool check_options(const struct face *face, unsigned given, int *status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        const struct rule *rule = &rules[i];
        if ((given & (unsigned)rule->option) == 0)
            continue;
        if (rule->needs != 0 && (given & (unsigned)rule->needs) == 0)
            return usage_wrong(status, _("--%s goes with --%s"), rule->name, option_name(rule->needs));
        if (((face->takes | (unsigned)face->with) & (unsigned)rule->option) == 0)
            return is_not_taken(face, rule, status);
    }
    return true;
}

/* The command, which is the first of the words if it is there, and its face; the others are operands. */
static bool read_command(struct options *options, char **words, const char *format, int *status)
{
    const struct command *command = words != NULL && words[0] != NULL ? command_find(words[0]) : NULL;
    unsigned skip = command != NULL ? 1 : 0;
    if (command == NULL && words != NULL && words[0] != NULL && !check_misspelt(words[0], status))
        return false;
    if (command == NULL)
        command = &commands[0];
    unsigned given = given_options(options);
    options->command = command->name;
    options->count = words != NULL ? g_strv_length(words) - skip : 0;
    options->captures = words != NULL ? g_strdupv(words + skip) : NULL;
    options->face = face_find(command->name, format, given);
    if (options->face == NULL)
        return has_no_format(command, format, status);
    return check_options(options->face, given, status);
}

static bool check_reference_options(const struct options *options, const char *language, int *status)
{
    if (language != NULL && !language_is_known(language))
        return usage_wrong(status, _("--lang is en or ja, not '%s'"), language);
    if (options->category != NULL && !explain_is_category(options->category))
        return usage_wrong(status, _("--category is one of %s, not '%s'"), explain_categories(), options->category);
    return true;
}

/* ---- help ---- */

/* g_free it. */
static char *help_summary(void)
{
    GString *text = g_string_new(_(help_beginning));
    for (size_t i = 0; i < command_count; i++) {
        g_string_append(text, "  ");
        text_append_padded(text, -13, commands[i].name);
        g_string_append_printf(text, "%s\n", _(commands[i].does));
    }
    g_string_append_printf(text, "\n%s", _(help_operands));
    return g_string_free(text, FALSE);
}

/* The formats that only one command has, behind those of all. g_free it. */
static char *help_formats(void)
{
    GString *text = g_string_new(_("text (for people) or json (one object a line)"));
    for (size_t i = 0; i < command_count; i++) {
        const char **formats = faces_formats(commands[i].name);
        if (g_strv_length((char **)formats) > 2) {
            char *others = in_words(
                g_memdup2(formats + 2, sizeof *formats * g_strv_length((char **)formats) - sizeof *formats), _(", "));
            g_string_append_printf(text, _("; %s also: %s"), commands[i].name, others);
            g_free(others);
        }
        g_free(formats);
    }
    return g_string_free(text, FALSE);
}

/* ---- all of it ---- */

/* What is typed, before it is looked at. */
struct typed {
    char *sessions, *format, *colour, *sort, *memory_limit, *checksum, *shard, *language;
    gboolean full, timing, show_secrets, hash_input, attachments, version;
    char **words; /* that are no options */
};

/* Also prints the help, and exits. */
static bool parse(struct options *options, struct typed *typed, int argc, char **argv, int *status)
{
    char *formats = help_formats();
    char *summary = help_summary();
    const GOptionEntry entries[] = {
        { "session", 's', 0, G_OPTION_ARG_STRING, &typed->sessions, _("Only these sessions, as 3 or 2,5-7"), "LIST" },
        { "format", 'f', 0, G_OPTION_ARG_STRING, &typed->format, formats, "FORMAT" },
        { "full", 0, 0, G_OPTION_ARG_NONE, &typed->full, _("Whole messages and lines, not summaries"), NULL },
        { "timing", 0, 0, G_OPTION_ARG_NONE, &typed->timing,
          _("sessions: how long each side let the other wait, by phase"), NULL },
        { "show-secrets", 0, 0, G_OPTION_ARG_NONE, &typed->show_secrets, _("Passwords and other secrets as they are"),
          NULL },
        { "sort", 0, 0, G_OPTION_ARG_STRING, &typed->sort, _("end (the order in which sessions end) or start"),
          "ORDER" },
        { "color", 0, 0, G_OPTION_ARG_STRING, &typed->colour, _("auto (on a terminal), always or never"), "WHEN" },
        { "keylog", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->key_logs,
          _("Decrypt TLS with the keys of FILE, as SSLKEYLOGFILE has them (also several)"), "FILE" },
        { "tls-key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->tls_keys,
          _("Decrypt TLS that uses a server's RSA key as such (PEM)"), "FILE" },
        { "hash-input", 0, 0, G_OPTION_ARG_NONE, &typed->hash_input,
          _("The SHA-256 of each capture, in the summary (JSON) and in the report"), NULL },
        { "memory-limit", 0, 0, G_OPTION_ARG_STRING, &typed->memory_limit, _("Memory to use at the most (512M)"),
          "SIZE" },
        { "checksum", 0, 0, G_OPTION_ARG_STRING, &typed->checksum,
          _("Segments with wrong checksums: auto, on (never used) or off (used)"), "WHEN" },
        { "shard", 0, 0, G_OPTION_ARG_STRING, &typed->shard, _("Only the connections of shard I (from 0) of N"),
          "I/N" },
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, _("Write to FILE, not to standard output"),
          "FILE" },
        { "output-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->output_dir,
          _("messages: write each mail to a file in DIR"), "DIR" },
        { "attachments", 0, 0, G_OPTION_ARG_NONE, &typed->attachments,
          _("with --output-dir: the attachments, decoded, too"), NULL },
        { "verify", 0, 0, G_OPTION_ARG_FILENAME, &options->verify,
          _("messages: hold DIR against the captures, write nothing"), "DIR" },
        { "category", 0, 0, G_OPTION_ARG_STRING, &options->category, _("reference: only the entries of one category"),
          "CATEGORY" },
        { "capture", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->explain_captures,
          _("explain: what occurs in the capture"), "FILE" },
        { "lang", 0, 0, G_OPTION_ARG_STRING, &typed->language, _("en or ja (the locale's)"), "LANGUAGE" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &typed->version, _("Print the version"), NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &typed->words, NULL, NULL },
        { .long_name = NULL },
    };
    GOptionContext *context = g_option_context_new(_("[COMMAND] CAPTURE..."));
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, _(help_description));
    g_option_context_add_main_entries(context, entries, NULL);
    GError *error = NULL;
    bool good = g_option_context_parse(context, &argc, &argv, &error);
    if (!good)
        usage_wrong(status, "%s", error->message);
    g_clear_error(&error);
    g_option_context_free(context);
    g_free(summary);
    g_free(formats);
    return good;
}

static bool read_all(struct options *options, const struct typed *typed, int *status)
{
    options->full = typed->full;
    options->timing = typed->timing;
    options->show_secrets = typed->show_secrets;
    options->hash_input = typed->hash_input;
    options->attachments = typed->attachments;
    if (typed->version) {
        printf("smtpscope %s\n", SMTPSCOPE_VERSION);
        *status = EXIT_STATUS_OK;
        return false;
    }
    bool good = read_sessions(options, typed->sessions, status) &&
                read_command(options, typed->words, typed->format != NULL ? typed->format : "text", status);
    if (!good)
        return false;
    options->by_start = face_wishes(options->face, FACE_START_ORDER);
    return read_choice("sort", typed->sort, "end", "start", &options->by_start, status) &&
           read_colour(options, typed->colour, status) && read_memory_limit(options, typed->memory_limit, status) &&
           read_checksums(options, typed->checksum, status) && read_shard(options, typed->shard, status) &&
           check_reference_options(options, typed->language, status) &&
           command_find(options->command)->operands(options, status);
}

static void free_typed(struct typed *typed)
{
    g_free(typed->sessions);
    g_free(typed->format);
    g_free(typed->colour);
    g_free(typed->sort);
    g_free(typed->memory_limit);
    g_free(typed->checksum);
    g_free(typed->shard);
    g_free(typed->language);
    g_strfreev(typed->words);
}

bool command_line_read(struct options *options, int argc, char **argv, int *status)
{
    struct typed typed = { .full = FALSE };
    *options = (struct options){ .sessions = g_array_new(FALSE, FALSE, sizeof(struct session_range)) };
    bool work = parse(options, &typed, argc, argv, status) && read_all(options, &typed, status);
    free_typed(&typed);
    return work;
}
