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

#endif
