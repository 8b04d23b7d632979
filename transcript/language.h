/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_LANGUAGE_H
#define SMTPSCOPE_LANGUAGE_H

/*
 * The language that a shell speaks: English, or what a catalogue in po/ has. Chosen by --lang, else by the locale
 * of the environment, whether or not that locale is installed: only its name matters.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The text in the language of the user, or itself. For texts that are not empty. */
const char *language_text(const char *text) G_GNUC_FORMAT(1);
#define _(text) language_text(text)

/* The text for so many: `one` or `many` in English, what the language has in others. */
const char *language_plural(const char *one, const char *many, uint64_t count) G_GNUC_FORMAT(1) G_GNUC_FORMAT(2);

/* Marks a text for translation where it stands. (The core's tables have the same.) */
#define N_(text) text

/* Sets locale and language up, before anything is printed. `argv` is looked through for --lang. */
void language_start(int argc, char **argv);

/* For who lives in another program: the language alone, by the environment. Locale and environment stay as they are. */
void language_follow_environment(void);

/* Whether there are texts in the language that --lang asks for, "ja" or "en". */
bool language_is_known(const char *language);

/* The language in use, "en" or "ja". Static memory. */
const char *language_in_use(void);

#endif
