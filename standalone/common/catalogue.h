/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CATALOGUE_H
#define SMTPSCOPE_CATALOGUE_H

/*
 * Reads a catalogue of translations as msgfmt writes it (GNU gettext's manual, "The Format of GNU MO Files"), those texts
 * included whose formats differ with the machine: "%<PRIu64>" in a catalogue is "%lu" here or "%llu" there.
 */

#include <glib.h>
#include <stddef.h>

struct translation {
    const char *one, *many; /* the same where the language has one form, as Japanese */
};

/*
 * Text in English (of a plural, the singular) -> struct translation. NULL where the octets are no catalogue; entries that are not
 * whole are left out. Texts point into `octets`, which must stay.
 */
GHashTable *catalogue_read(const char *octets, size_t length);

#endif
