/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ENCODED_WORDS_H
#define SMTPSCOPE_ENCODED_WORDS_H

/*
 * Encoded words, "=?charset?B?text?=", in the fields of a header (RFC 2047). Each word is decoded by itself: what pads one does not end the
 * next. The octets of words of one charset that follow each other are joined before they are converted, as a character may be split
 * between them; white space between words that were decoded is none of the text (section 6.2). They are found wherever they stand, with
 * white space around them or without; a language may be named behind the charset (RFC 2231 section 5). What is no word stands as it is.
 */

#include <glib.h>
#include <stdbool.h>

#include "span.h"

/* What becomes of a word that is not text in its charset. */
enum encoded_words_otherwise {
    ENCODED_WORDS_AS_SENT, /* it stands as it was sent; so does one that holds a NUL */
    ENCODED_WORDS_OCTETS,  /* its octets, whatever they are: no end of a name may be hidden by a charset that nobody knows */
};

/* Appends `text`, unfolded, with its words decoded: UTF-8 where all else of it is. */
void encoded_words_append(GString *out, struct smtp_span text, enum encoded_words_otherwise otherwise);

#endif
