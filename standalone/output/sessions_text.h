/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SESSIONS_TEXT_H
#define SMTPSCOPE_SESSIONS_TEXT_H

#include "page.h"
#include "record.h"

/* The names of the columns. */
void sessions_text_heading(struct page *page);

/* One line for one session. */
void sessions_text(struct page *page, const struct record *record);

#endif
