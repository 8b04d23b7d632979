/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_FACT_WORDS_H
#define ESMTP_FACT_WORDS_H

/* The words for facts that say less than what words.h asks for, in the language of the user. */

#include "facts.h"
#include "words.h"

/* An empty string, the same each time: what is put into it is used at once, and not lost if Wireshark leaves the
 * dissector then. */
GString *blank_words(void);

/* Octets made visible, as Wireshark does it. */
void append_visible(wmem_strbuf_t *out, struct smtp_span span);

/* Octets that cannot be placed, as lines; what may hold a secret is hidden. Nothing where a security layer hides them.
 */
void append_skipped(wmem_strbuf_t *out, const struct fact *fact, struct smtp_span octets);

void fact_words_response(GString *out, const struct line_fact *line);

/* What code and enhanced status mean; what is answered, where, and how long ago. */
void fact_words_code(GString *out, const struct reply_fact *reply);
void fact_words_answers(GString *out, const struct reply_fact *reply);

/* Whether it is for the packet list: a challenge is not. */
bool fact_words_boundary(GString *out, const struct boundary_fact *boundary);

void fact_words_content(GString *out, const struct content_fact *content);
void fact_words_end(GString *out, const struct end_fact *end);

#endif
