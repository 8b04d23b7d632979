/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TEXT_H
#define SMTPSCOPE_TEXT_H

/* Text from the wire on its way to people: always valid UTF-8, never a control character, reversible. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

/*
 * Appends `octets` with everything that could harm a terminal or mislead a reader written as \xNN: control characters (C0,
 * DEL, C1), invalid UTF-8, the Unicode controls that reorder or hide text, all that is not shown, and noncharacters. A backslash in front of an 'x' is written as \x5C, so
 * that the original can be had back.
 */
void text_append_visible(GString *out, struct smtp_span octets);

/* The same between two marks; one of them in it is written as \xNN, too: what stands behind it cannot be imitated. */
void text_append_enclosed(GString *out, char open, struct smtp_span octets, char close);

/* The same in quotation marks only where it is no single word, or could be taken for the end of a phrase. */
void text_append_word(GString *out, struct smtp_span octets);

/* Appends `text`, which is visible, with each octet that is not ASCII as \xNN: for a terminal that does not have UTF-8. */
void text_append_ascii(GString *out, const char *text);

/* text_append_visible for standard error, whatever the locale has. */
void text_append_diagnostic(GString *out, struct smtp_span octets);

/* Whether the character set of the locale is UTF-8. */
bool text_locale_is_utf8(void);

/* Appends the octets with invalid UTF-8 as \xNN, all else as it is: for JSON, whose own escapes do the rest. */
void text_append_utf8(GString *out, struct smtp_span octets);

bool text_is_utf8(struct smtp_span octets);

/* Columns that `text` (valid UTF-8) takes on a terminal: full-width characters count 2, combining ones 0. */
unsigned text_columns(const char *text);

/* Appends `text` (valid UTF-8) as "%*s" does, but of so many columns of a terminal: flush right, or left where it is negative. */
void text_append_padded(GString *out, int columns, const char *text);

/* Whether a character controls, hides or reorders what is around it: it could make text read as what it is not. */
bool text_misleads(gunichar character);

/* Columns of a terminal that a character takes: 0, 1 or 2. */
unsigned text_width(gunichar character);

/* RFC 3339 UTC with `precision` digits of a second: "2009-10-05T06:06:07.492060Z". `time` in nanoseconds since 1970. */
void text_append_time(GString *out, int64_t time, unsigned precision);

/* Seconds of `nanoseconds`, with `precision` digits behind the point: "1254722768.219663". */
void text_append_seconds(GString *out, int64_t nanoseconds, unsigned precision);

void text_append_number(GString *out, uint64_t number);

/* A number with thousands separated by commas. */
void text_append_count(GString *out, uint64_t count);

#endif
