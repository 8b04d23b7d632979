/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_LANGUAGE_H
#define SMTPSCOPE_LANGUAGE_H

/*
 * The language that the program speaks: English, or what a catalogue in po/ has. Chosen by --lang, else by the locale
 * of the environment, whether or not that locale is installed: only its name matters.
 */

#include <libintl.h>
#include <stdbool.h>

/* The text in the language of the user. For texts that are not empty. */
#define _(text) gettext(text)

/* Marks a text for translation where it stands. (The core's tables have the same.) */
#define N_(text) text

/* Sets locale and language up, before anything is printed. `argv` is looked through for --lang. */
void language_start(int argc, char **argv);

/* Whether there are texts in the language that --lang asks for, "ja" or "en". */
bool language_is_known(const char *language);

/* The language in use, "en" or "ja". Static memory. */
const char *language_in_use(void);

#endif
