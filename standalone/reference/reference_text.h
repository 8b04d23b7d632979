/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REFERENCE_TEXT_H
#define SMTPSCOPE_REFERENCE_TEXT_H

/* Entries of the reference, in the language of the user: for people. */

#include "page.h"
#include "topics.h"

/* One entry with all it says. */
void reference_text(struct page *page, const struct topic *topic);

/* "RFC 5321 section 4.1.1.1", "seen in practice". Appended to `out`. */
void reference_append_source(GString *out, const struct smtp_reference_entry *entry);

#endif
