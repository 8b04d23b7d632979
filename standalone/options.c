/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain.h"
#include "language.h"
#include "text.h"
#include "topics.h"
#include "version.h"

static const char help_summary[] = N_(
    "Prints what was said in the SMTP sessions of packet captures, line by line, with frame numbers and meanings.\n"
    "\n"
    "Commands:\n"
    "  transcript   an annotated transcript of every session (the default)\n"
    "  sessions     what happened in each session, in a few lines or one record\n"
    "  messages     each mail with what became of it; with --output-dir also the mails themselves\n"
    "  findings     what an investigator should look at, one line each\n"
    "  servers      what each server announced, in clear and under TLS\n"
    "  report       all of it as one HTML page, to hand on\n"
    "  explain      what commands, codes and words mean: explain STARTTLS 550 5.7.1, or a line of a log in quotes\n"
    "  reference    all that explain knows, by category\n"
    "  learn        walk through a bundled session, line by line\n"
    "\n"
    "CAPTURE is a pcap or pcapng file, plain or compressed (gzip, zstd, lz4), or - for standard input. Several captures are read\n"
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
    "Exit status: 0 everything was read; 1 a capture could not be opened, or the output not be written; 2 wrong usage;\n"
    "3 a capture ended early or is damaged (all before the damage was printed), or connections did not fit into --memory-limit;\n"
    "4 --verify found a difference; 130 interrupted (what was read was printed).\n"
    "\n"
    "Passwords are shown as secret-1, secret-2, ... unless --show-secrets is given; equal labels are equal secrets.");

static bool fail(int *status, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(int *status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *problem = g_strdup_vprintf(format, arguments);
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(problem));
    fprintf(stderr, "smtpscope: %s; %s\n", visible->str, _("try smtpscope --help"));
    g_string_free(visible, TRUE);
    g_free(problem);
    va_end(arguments);
    *status = EXIT_STATUS_USAGE;
    return false;
}

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
    char **parts = g_strsplit(list, ",", -1);
    bool good = parts[0] != NULL;
    for (char **part = parts; *part != NULL && good; part++) {
        struct session_range range = { .first = 0 };
        good = read_session_range(*part, &range);
        g_array_append_val(options->sessions, range);
    }
    g_strfreev(parts);
    return good || fail(status, _("--session wants numbers from 1 on, as 3 or 2,5-7, not '%s'"), list);
}

bool options_pick(const struct options *options, uint64_t session)
{
    for (unsigned i = 0; i < options->sessions->len; i++) {
        const struct session_range *range = &g_array_index(options->sessions, struct session_range, i);
        if (range->first <= session && session <= range->last)
            return true;
    }
    return options->sessions->len == 0;
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
        return fail(status, _("--memory-limit wants a size as 512M or 2G, not '%s'"), text);
    return number >= MEMORY_LIMIT_LEAST || fail(status, _("--memory-limit must be 32M at the least, not '%s'"), text);
}

static bool read_shard(struct options *options, const char *text, int *status)
{
    if (text == NULL)
        return true;
    char **parts = g_strsplit(text, "/", -1);
    bool good = g_strv_length(parts) == 2 && g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT32, &options->shard, NULL)
                && g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT32, &options->shards, NULL) && options->shard < options->shards;
    g_strfreev(parts);
    return good || fail(status, _("--shard wants I/N with I from 0 to N-1, not '%s'"), text);
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
        return fail(status, _("--color is auto, always or never, not '%s'"), when);
    return true;
}

static const char *const checksums[] = {
    [TCP_CHECKSUMS_AUTO] = "auto",
    [TCP_CHECKSUMS_ON] = "on",
    [TCP_CHECKSUMS_OFF] = "off",
};

const char *options_checksums_name(enum tcp_checksums which)
{
    return checksums[which];
}

static bool read_checksums(struct options *options, const char *which, int *status)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(checksums) && which != NULL; i++) {
        if (strcmp(which, checksums[i]) != 0)
            continue;
        options->checksums = (enum tcp_checksums)i;
        return true;
    }
    return which == NULL || fail(status, _("--checksum is auto, on or off, not '%s'"), which);
}

static const char *const formats[] = {
    [FORMAT_TEXT] = "text",
    [FORMAT_JSON] = "json",
    [FORMAT_ZEEK] = "zeek",
    [FORMAT_ZEEK_JSON] = "zeek-json",
    [FORMAT_EVE] = "eve",
};

static bool read_format(struct options *options, const char *name, int *status)
{
    if (name == NULL)
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(name, formats[i]) != 0)
            continue;
        options->format = (enum output_format)i;
        return true;
    }
    return fail(status, _("--format is text, json, zeek, zeek-json or eve, not '%s'"), name);
}

bool options_is_log(const struct options *options)
{
    return options->format >= FORMAT_ZEEK;
}

static bool read_choice(const char *option, const char *value, const char *first, const char *second, bool *is_second, int *status)
{
    if (value == NULL)
        return true;
    *is_second = strcmp(value, second) == 0;
    if (*is_second || strcmp(value, first) == 0)
        return true;
    return fail(status, _("--%s is %s or %s, not '%s'"), option, first, second, value);
}

static const char *const commands[] = {
    [COMMAND_TRANSCRIPT] = "transcript",
    [COMMAND_SESSIONS] = "sessions",
    [COMMAND_MESSAGES] = "messages",
    [COMMAND_FINDINGS] = "findings",
    [COMMAND_SERVERS] = "servers",
    [COMMAND_REPORT] = "report",
    [COMMAND_EXPLAIN] = "explain",
    [COMMAND_REFERENCE] = "reference",
    [COMMAND_LEARN] = "learn",
};

const char *options_command_name(enum command_name command)
{
    return commands[command];
}

static bool read_command(struct options *options, char **words)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands) && words != NULL && words[0] != NULL; i++) {
        if (strcmp(words[0], commands[i]) != 0)
            continue;
        options->command = (enum command_name)i;
        return true;
    }
    return false;
}

/* What is neither a command nor a file may be a command misspelt. */
static bool check_misspelt(char **words, int *status)
{
    if (words == NULL || words[0] == NULL || access(words[0], F_OK) == 0)
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (topics_is_near(words[0], commands[i]))
            return fail(status, _("no command and no file is called '%s'; perhaps %s?"), words[0], commands[i]);
    return true;
}

/* Options that go with one command only. */
static bool check_command(const struct options *options, int *status)
{
    if (options->output_dir != NULL && options->command != COMMAND_MESSAGES)
        return fail(status, "%s", _("--output-dir goes with the command messages"));
    if (options->verify != NULL && options->command != COMMAND_MESSAGES)
        return fail(status, "%s", _("--verify goes with the command messages"));
    if (options->verify != NULL && options->output_dir != NULL)
        return fail(status, "%s", _("--verify and --output-dir exclude each other"));
    if (options->attachments && options->output_dir == NULL)
        return fail(status, "%s", _("--attachments goes with --output-dir"));
    if (options->category != NULL && options->command != COMMAND_REFERENCE)
        return fail(status, "%s", _("--category goes with the command reference"));
    if (options->explain_captures != NULL && options->command != COMMAND_EXPLAIN)
        return fail(status, "%s", _("--capture goes with the command explain"));
    if (options->full && options->command != COMMAND_TRANSCRIPT)
        return fail(status, "%s", _("--full goes with the command transcript"));
    if (options->timing && options->command != COMMAND_SESSIONS)
        return fail(status, "%s", _("--timing goes with the command sessions"));
    if (options_is_log(options) && options->command != COMMAND_SESSIONS)
        return fail(status, _("--format %s goes with the command sessions"), formats[options->format]);
    if (options_is_log(options) && options->timing)
        return fail(status, _("--format %s has no place for --timing"), formats[options->format]);
    return true;
}

/* What the command needs besides options. */
static bool check_operands(const struct options *options, int *status)
{
    if (options->command == COMMAND_EXPLAIN)
        return options->count > 0 || options->explain_captures != NULL
               || fail(status, "%s", _("nothing to explain: name a topic, as in smtpscope explain STARTTLS, or a --capture"));
    if (options->command == COMMAND_REFERENCE)
        return options->count == 0 || fail(status, _("reference takes no operand, not '%s': see --category"), options->captures[0]);
    if (options->command == COMMAND_LEARN && options->format == FORMAT_JSON)
        return fail(status, "%s", _("learn prints text only: --format json does not go with it"));
    if (options->command == COMMAND_LEARN)
        return options->count <= 1 || fail(status, "%s", _("learn takes one lesson at a time"));
    if (options->command == COMMAND_REPORT && options->format == FORMAT_JSON)
        return fail(status, "%s", _("report writes an HTML page: --format json does not go with it"));
    if (options->command == COMMAND_REPORT && options->output == NULL && isatty(STDOUT_FILENO))
        return fail(status, "%s", _("report writes an HTML page: name a file for it, as in report -o report.html mail.pcap"));
    unsigned standard_input = 0;
    for (unsigned i = 0; i < options->count; i++)
        standard_input += strcmp(options->captures[i], "-") == 0;
    if (standard_input > 1)
        return fail(status, "%s", _("- (standard input) can be named once only"));
    return options->count > 0 || fail(status, "%s", _("no capture was named"));
}

static bool check_reference_options(const struct options *options, const char *language, int *status)
{
    if (language != NULL && !language_is_known(language))
        return fail(status, _("--lang is en or ja, not '%s'"), language);
    if (options->category != NULL && !explain_is_category(options->category))
        return fail(status, _("--category is one of %s, not '%s'"), explain_categories(), options->category);
    return true;
}

bool options_read(struct options *options, int argc, char **argv, int *status)
{
    char *format = NULL;
    char *colour = NULL;
    char *sort = NULL;
    char *sessions = NULL;
    char *memory_limit = NULL;
    char *checksum = NULL;
    char *shard = NULL;
    char *language = NULL;
    char **words = NULL;
    gboolean version = FALSE;
    gboolean full = FALSE;
    gboolean timing = FALSE;
    gboolean show_secrets = FALSE;
    gboolean hash_input = FALSE;
    gboolean attachments = FALSE;
    *options = (struct options){ .sessions = g_array_new(FALSE, FALSE, sizeof(struct session_range)) };
    const GOptionEntry entries[] = {
        { "session", 's', 0, G_OPTION_ARG_STRING, &sessions, _("Only these sessions, as 3 or 2,5-7"), "LIST" },
        { "format", 'f', 0, G_OPTION_ARG_STRING, &format,
          _("text (for people) or json (one object a line); sessions also: zeek, zeek-json, eve"), "FORMAT" },
        { "full", 0, 0, G_OPTION_ARG_NONE, &full, _("Whole messages and lines, not summaries"), NULL },
        { "timing", 0, 0, G_OPTION_ARG_NONE, &timing, _("sessions: how long each side let the other wait, by phase"),
          NULL },
        { "show-secrets", 0, 0, G_OPTION_ARG_NONE, &show_secrets, _("Passwords and other secrets as they are"), NULL },
        { "sort", 0, 0, G_OPTION_ARG_STRING, &sort, _("end (the order in which sessions end) or start"), "ORDER" },
        { "color", 0, 0, G_OPTION_ARG_STRING, &colour, _("auto (on a terminal), always or never"), "WHEN" },
        { "keylog", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->key_logs,
          _("Decrypt TLS with the keys of FILE, as SSLKEYLOGFILE has them (also several)"), "FILE" },
        { "tls-key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->tls_keys,
          _("Decrypt TLS that uses a server's RSA key as such (PEM)"), "FILE" },
        { "hash-input", 0, 0, G_OPTION_ARG_NONE, &hash_input,
          _("The SHA-256 of each capture, in the summary (JSON) and in the report"), NULL },
        { "memory-limit", 0, 0, G_OPTION_ARG_STRING, &memory_limit, _("Memory to use at the most (512M)"), "SIZE" },
        { "checksum", 0, 0, G_OPTION_ARG_STRING, &checksum,
          _("Segments with wrong checksums: auto, on (never used) or off (used)"), "WHEN" },
        { "shard", 0, 0, G_OPTION_ARG_STRING, &shard, _("Only the connections of shard I (from 0) of N"), "I/N" },
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, _("Write to FILE, not to standard output"),
          "FILE" },
        { "output-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->output_dir,
          _("messages: write each mail to a file in DIR"), "DIR" },
        { "attachments", 0, 0, G_OPTION_ARG_NONE, &attachments, _("with --output-dir: the attachments, decoded, too"),
          NULL },
        { "verify", 0, 0, G_OPTION_ARG_FILENAME, &options->verify,
          _("messages: hold DIR against the captures, write nothing"), "DIR" },
        { "category", 0, 0, G_OPTION_ARG_STRING, &options->category, _("reference: only the entries of one category"),
          "CATEGORY" },
        { "capture", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->explain_captures,
          _("explain: what occurs in the capture"), "FILE" },
        { "lang", 0, 0, G_OPTION_ARG_STRING, &language, _("en or ja (the locale's)"), "LANGUAGE" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, _("Print the version"), NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL },
        { .long_name = NULL },
    };
    GOptionContext *context = g_option_context_new(_("[COMMAND] CAPTURE..."));
    g_option_context_set_summary(context, _(help_summary));
    g_option_context_set_description(context, _(help_description));
    g_option_context_add_main_entries(context, entries, NULL);
    GError *error = NULL;
    bool good = g_option_context_parse(context, &argc, &argv, &error);
    if (!good)
        fail(status, "%s", error->message);
    g_clear_error(&error);
    g_option_context_free(context);

    options->full = full;
    options->timing = timing;
    options->show_secrets = show_secrets;
    options->hash_input = hash_input;
    options->attachments = attachments;

    bool work = good;
    if (good && version) {
        printf("smtpscope %s\n", SMTPSCOPE_VERSION);
        *status = EXIT_STATUS_OK;
        work = false;
    }
    work = work && (sessions == NULL || read_sessions(options, sessions, status));
    work = work && read_format(options, format, status);
    work = work && read_choice("sort", sort, "end", "start", &options->by_start, status);
    work = work && read_colour(options, colour, status);
    work = work && read_memory_limit(options, memory_limit, status);
    work = work && read_checksums(options, checksum, status);
    work = work && read_shard(options, shard, status);
    unsigned skip = read_command(options, words) ? 1 : 0;
    work = work && (skip > 0 || check_misspelt(words, status));
    if (sort == NULL && options->command == COMMAND_REPORT)
        options->by_start = true; /* nobody waits for a page's first sessions */
    options->count = words != NULL ? g_strv_length(words) - skip : 0;
    options->captures = words != NULL ? g_strdupv(words + skip) : NULL;
    work = work && check_command(options, status) && check_reference_options(options, language, status)
           && check_operands(options, status);
    g_strfreev(words);
    g_free(format);
    g_free(colour);
    g_free(sort);
    g_free(sessions);
    g_free(memory_limit);
    g_free(checksum);
    g_free(shard);
    g_free(language);
    return work;
}

void options_free(struct options *options)
{
    g_strfreev(options->captures);
    g_strfreev(options->explain_captures);
    g_strfreev(options->key_logs);
    g_strfreev(options->tls_keys);
    g_free(options->category);
    g_free(options->output);
    g_free(options->output_dir);
    g_free(options->verify);
    g_array_free(options->sessions, TRUE);
}
