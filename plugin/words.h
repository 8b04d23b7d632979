/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_WORDS_H
#define ESMTP_WORDS_H

/* What is said of a fact, in the words of the transcript. Everything is appended to `out`. */

#include "facts.h"

/* Octets made visible. */
void words_append_visible(wmem_strbuf_t *out, struct smtp_span span);

/* Octets that cannot be placed, as lines; what may hold a secret is hidden. Nothing where a security layer hides them. */
void words_skipped(wmem_strbuf_t *out, const struct fact *fact, struct smtp_span octets);

void words_append_duration(wmem_strbuf_t *out, int64_t nanoseconds);

void words_command(wmem_strbuf_t *out, const struct line_fact *line, struct smtp_span text);
void words_response(wmem_strbuf_t *out, const struct line_fact *line);

/* Meaning of the code, and of the enhanced status. */
void words_reply(wmem_strbuf_t *out, const struct reply_fact *reply);

/* "answers MAIL after 0.51 ms" */
void words_answers(wmem_strbuf_t *out, const struct reply_fact *reply);

/* Meaning of an enhanced status code; NULL if there is nothing to say. */
const char *words_enhanced(const struct smtp_enhanced_status *enhanced);

/* "STARTTLS accepted", "AUTH accepted: PLAIN for alice, in clear" */
void words_boundary(wmem_strbuf_t *out, const struct boundary_fact *boundary);

/* Whether a boundary is for the packet list: a challenge is not. */
bool words_boundary_matters(const struct boundary_fact *boundary);

/* The challenge of a reply's last line, if it is text. */
void words_challenge(wmem_strbuf_t *out, struct smtp_span text);

/* "12 octets of message, not complete" */
void words_content_end(wmem_strbuf_t *out, const struct end_fact *end);

#endif
