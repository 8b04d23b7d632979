/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_HEADER_H
#define SMTPSCOPE_HEADER_H

/* Fields of a message's header (RFC 5322 section 2.2), and what they say to people (RFC 2047). */

#include <glib.h>
#include <stdbool.h>

#include "span.h"

/*
 * Calls `field` for each field of `header`, which need not be whole: its name, and its value as it stands, folded or not, without white
 * space around it. What is no field is passed over.
 */
void header_read(struct smtp_span header, void (*field)(void *context, struct smtp_span name, struct smtp_span value), void *context);

/*
 * A value as people read it: unfolded, encoded words decoded, each by itself (encoded_words.h). One that cannot be decoded without loss - an
 * unknown charset, octets that it does not have, a NUL - stands as it was sent. Not always UTF-8. g_free it.
 */
char *header_text(struct smtp_span value);

/* Whether a value is printable ASCII on one line without encoded words: it reads as it stands. */
bool header_is_simple(struct smtp_span value);

/* A value without the line ends that fold it; a bare CR is none. */
GString *header_unfold(struct smtp_span value);

/* What people read is C strings, which a NUL would end: each is replaced by U+FFFD. */
void header_show_nuls(GString *text);

#endif
