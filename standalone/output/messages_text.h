/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MESSAGES_TEXT_H
#define SMTPSCOPE_MESSAGES_TEXT_H

#include "page.h"
#include "record.h"
#include "relief.h"

void messages_text_heading(struct page *page);

/* A few lines at the most for each mail transaction of a session. `directory`: where the files are; NULL: none are written. `relief` is given between them. */
void messages_text(struct page *page, const struct record *record, const char *directory, const struct relief *relief);

#endif
