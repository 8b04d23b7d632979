/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_FACT_WORDS_H
#define ESMTP_FACT_WORDS_H

/* The words for facts (transcript/words.h), in the language of the user. What is returned is in the packet's memory. */

#include "path.h"
#include "view.h"

/* Octets made visible, as Wireshark does it: appended to `out`. */
void append_visible(wmem_strbuf_t *out, struct smtp_span span);

/* Octets that cannot be placed, as lines; what may hold a secret is hidden. Nothing where a security layer hides them.
 */
void append_skipped(wmem_strbuf_t *out, const struct fact *fact, struct smtp_span octets);

const char *fact_words_command(const struct view *view, const struct line_fact *line, struct smtp_span word);
const char *fact_words_response(const struct view *view, const struct line_fact *line);

/* What a path is where it is no ordinary one; "" mostly. */
const char *fact_words_path(const struct view *view, const struct smtp_path *path);

/* What code and enhanced status mean; what is answered, where, and how long ago. */
const char *fact_words_code(const struct view *view, const struct reply_fact *reply);
const char *fact_words_answers(const struct view *view, const struct reply_fact *reply);

/* What an extension means; "" for nothing. And the challenge in a line, if it is text; NULL: it is not. */
const char *fact_words_keyword(const struct view *view, struct smtp_span text);
const char *fact_words_challenge(const struct view *view, struct smtp_span text);

/* "STARTTLS is offered". Silent: not for the packet list, as a challenge. */
const char *fact_words_boundary(const struct view *view, const struct boundary_fact *boundary, bool *silent);

const char *fact_words_content(const struct view *view, const struct content_fact *content);
const char *fact_words_end(const struct view *view, const struct end_fact *end);
const char *fact_words_gap(const struct view *view, const struct gap_fact *gap);
const char *fact_words_skipped(const struct view *view, const struct fact *fact);
const char *fact_words_proxy(const struct view *view, struct smtp_span octets);
const char *fact_words_finding(const struct view *view, enum smtp_finding finding, const char *detail);

#endif
