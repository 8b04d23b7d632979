/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_QUOTED_TEXT_H
#define SMTPSCOPE_QUOTED_TEXT_H

/* Quoted strings and comments in the fields of a header (RFC 5322 section 3.2). */

#include <glib.h>
#include <stdbool.h>

#include "span.h"

/* How many octets the quoted string takes that `text` begins with, from its quote on; 0 where it is not closed. */
size_t quoted_text_string(struct smtp_span text);

/* The same of a comment, which may hold comments. */
size_t quoted_text_comment(struct smtp_span text);

/* Where one was not closed, those behind it are not looked for any more, which would take long. */
struct quoted_text {
    bool no_strings, no_comments;
};

/* Octets up to the first `end` outside of quoted strings and comments, or of all of `text`. A quote or a comment that is never closed is none. */
size_t quoted_text_up_to(struct quoted_text *state, struct smtp_span text, char end);

/* Appends what stands in a quoted string, which begins and ends with its quotes: a backslash stands for the octet behind it. */
void quoted_text_append(GString *out, struct smtp_span string);

#endif
