/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "faces.h"

#include <string.h>

#include "captures_run.h"
#include "explain.h"
#include "language.h"
#include "learn.h"

const struct command commands[] = {
    { "transcript", N_("an annotated transcript of every session (the default)"), NULL, captures_operands,
      captures_run },
    { "sessions", N_("what happened in each session, in a few lines or one record"), NULL, captures_operands,
      captures_run },
    { "messages", N_("each mail with what became of it; with --output-dir also the mails themselves"), NULL,
      captures_operands, captures_run },
    { "findings", N_("what an investigator should look at, one line each"), NULL, captures_operands, captures_run },
    { "servers", N_("what each server announced, in clear and under TLS"), NULL, captures_operands, captures_run },
    { "report", N_("all of it as one HTML page, to hand on"), N_("report writes an HTML page"), captures_operands,
      captures_run },
    { "explain", N_("what commands, codes and words mean: explain STARTTLS 550 5.7.1, or a line of a log in quotes"),
      NULL, explain_operands, explain_run },
    { "reference", N_("all that explain knows, by category"), NULL, explain_reference_operands, explain_reference },
    { "learn", N_("walk through a bundled session, line by line"), N_("learn prints text only"), learn_operands,
      learn_run },
};
const size_t command_count = G_N_ELEMENTS(commands);

/* What is in messages; and what logs of other programs have of it. */
#define MAILS (FACE_DIGESTS | FACE_ATTACHMENTS)
#define LOG (FACE_ATTACHMENTS | FACE_FIELDS | FACE_OF_MAILS)
#define PAGE (FACE_ALL_SESSIONS | FACE_START_ORDER | FACE_FILE)
#define EXPORT (OPTION_OUTPUT_DIR | OPTION_ATTACHMENTS)

/*
 * A row is a face. What writes it has no header, as nobody calls it but by its row: a new format is a file that defines
 * a face_writer, and a row. Formats are offered in the order in which they stand here first.
 */
/* clang-format off */
#define FACES_OF_SESSIONS(ROW)                                                                                             \
    /*   command       format       with           writer              wishes                               takes */       \
    ROW("transcript", "text",      0,             transcript_text,    FACE_ITEMS | FACE_CONTENT,           OPTION_FULL)   \
    ROW("transcript", "json",      0,             transcript_json,    FACE_ITEMS | MAILS | FACE_SUMMARY,   OPTION_FULL)   \
    ROW("sessions",   "text",      0,             sessions_text,      MAILS,                               OPTION_TIMING) \
    ROW("sessions",   "json",      0,             sessions_json,      MAILS | FACE_SUMMARY,                OPTION_TIMING) \
    ROW("sessions",   "zeek",      0,             zeek,               LOG | FACE_FIRST_FRAME,              0)             \
    ROW("sessions",   "zeek-json", 0,             zeek_json,          LOG,                                 0)             \
    ROW("sessions",   "eve",       0,             eve,                LOG,                                 0)             \
    ROW("messages",   "text",      0,             messages_text,      MAILS | FACE_OF_MAILS,               EXPORT)        \
    ROW("messages",   "json",      0,             messages_json,      MAILS | FACE_SUMMARY,                EXPORT)        \
    ROW("messages",   "text",      OPTION_VERIFY, verification_text,  MAILS | FACE_OF_MAILS,               0)             \
    ROW("messages",   "json",      OPTION_VERIFY, verification_json,  MAILS | FACE_SUMMARY,                0)             \
    ROW("findings",   "text",      0,             findings_text,      FACE_ALL_SESSIONS,                   0)             \
    ROW("findings",   "json",      0,             findings_json,      FACE_ALL_SESSIONS | FACE_SUMMARY,    0)             \
    ROW("servers",    "text",      0,             servers_text,       0,                                   0)             \
    ROW("servers",    "json",      0,             servers_json,       FACE_SUMMARY,                        0)             \
    ROW("report",     "text",      0,             report,             FACE_ITEMS | MAILS | PAGE,           0)

#define FACES_OF_TOPICS(ROW)                                                                                               \
    ROW("explain",    "text",      0,             reference_text,     0,                                   OPTION_CAPTURE) \
    ROW("explain",    "json",      0,             reference_json,     FACE_SUMMARY,                        OPTION_CAPTURE) \
    ROW("reference",  "text",      0,             reference_text,     0,                                   OPTION_CATEGORY) \
    ROW("reference",  "json",      0,             reference_json,     FACE_SUMMARY,                        OPTION_CATEGORY)

#define DECLARE_WRITER(command, format, with, name, wishes, takes) extern const struct face_writer name##_face;
#define DECLARE_TOPICS(command, format, with, name, wishes, takes) extern const struct topic_writer name##_topics;
#define FACE_OF_SESSIONS(command, format, with, name, wishes, takes) { command, format, with, wishes, takes, &name##_face, NULL },
#define FACE_OF_TOPICS(command, format, with, name, wishes, takes) { command, format, with, wishes, takes, NULL, &name##_topics },

FACES_OF_SESSIONS(DECLARE_WRITER)
FACES_OF_TOPICS(DECLARE_TOPICS)

const struct face faces[] = {
    FACES_OF_SESSIONS(FACE_OF_SESSIONS)
    FACES_OF_TOPICS(FACE_OF_TOPICS)
    { "learn", "text", 0, 0, 0, NULL, NULL },
};
/* clang-format on */
const size_t face_count = G_N_ELEMENTS(faces);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

const struct face *face_find(const char *command, const char *format, unsigned options)
{
    const struct face *found = NULL;
    for (size_t i = 0; i < face_count; i++) {
        const struct face *face = &faces[i];
        bool asked = face->with == 0 ? found == NULL : (options & (unsigned)face->with) != 0;
        if (asked && strcmp(face->command, command) == 0 && strcmp(face->format, format) == 0)
            found = face;
    }
    return found;
}

/* ---- lists of names ---- */

static bool has_format(const struct face *face, const void *format)
{
    return strcmp(face->format, format) == 0;
}

static bool is_of(const struct face *face, const void *command)
{
    return command == NULL || strcmp(face->command, command) == 0;
}

static bool takes(const struct face *face, const void *option)
{
    return ((face->takes | (unsigned)face->with) & *(const unsigned *)option) != 0;
}

/* The commands, or the formats, of the faces that are like that. */
static const char **names_of(bool formats, bool (*is_wanted)(const struct face *face, const void *what),
                             const void *what)
{
    const char **names = g_new0(const char *, face_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < face_count; i++) {
        const char *name = formats ? faces[i].format : faces[i].command;
        if (is_wanted(&faces[i], what) && !g_strv_contains(names, name))
            names[count++] = name;
    }
    return names;
}

const char **faces_formats(const char *command)
{
    return names_of(true, is_of, command);
}

const char **faces_with_format(const char *format)
{
    return names_of(false, has_format, format);
}

const char **faces_with_option(enum option option)
{
    const unsigned bit = option;
    return names_of(false, takes, &bit);
}
