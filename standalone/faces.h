/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FACES_H
#define SMTPSCOPE_FACES_H

/* The commands, and the formats that each has: all that the command line, the printer, the help and the completions
 * know of them. */

#include "face.h"

struct command {
    const char *name;
    const char *does; /* for --help; to be translated */
    const char *only; /* why it has no other format than text: a sentence without its full stop, to be translated. NULL:
                         it has */
    /* Looks at what stands behind the options. False: it is not what the command takes, which was said. */
    bool (*operands)(const struct options *options, int *status);
    int (*run)(const struct options *options); /* returns the exit status */
};

extern const struct command commands[];
extern const size_t command_count;
extern const struct face faces[];
extern const size_t face_count;

/* The command of that name. NULL: there is none. */
const struct command *command_find(const char *name);

/* The face of a command in a format, when these options (bits of enum option) are given. NULL: the command has no such
 * format. */
const struct face *face_find(const char *command, const char *format, unsigned options);

/* Names, each once, NULL at the end; g_free them, but not the names. Formats of a command, or (NULL) of any. */
const char **faces_formats(const char *command);
/* Commands that have a format; that take an option. */
const char **faces_with_format(const char *format);
const char **faces_with_option(enum option option);

#endif
