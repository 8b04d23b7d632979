/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REFUSALS_TEXT_H
#define SMTPSCOPE_REFUSALS_TEXT_H

#include "page.h"
#include "record.h"

/* Why the server said no: each reason once, with its words and what they usually mean for the sender. Nothing if it did
 * not. */
void refusals_text(struct page *page, const struct record *record);

/* The reasons in short, for the line of a session: "; refused: recipient 550 5.1.1 (no such mailbox)". */
void refusals_text_short(GString *out, const struct record *record);

/* Of one refusal, visible and in the language of the user. Whether it is worth a word: a greeting that another one replaced is not. */
bool refusals_matter(const struct record *record, const struct refusal *refusal);
/* "recipient bob@example.com, frame 12". */
void refusals_append_what(GString *out, const struct refusal *refusal);
/* The server's words as they came; the line ends of a long reply become spaces. */
void refusals_append_words(GString *out, const struct refusal *refusal);
/* What the codes mean, and what becomes of the mail. */
void refusals_append_meaning(GString *out, const struct refusal *refusal);

#endif
