/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TRANSCRIPT_TEXT_H
#define SMTPSCOPE_TRANSCRIPT_TEXT_H

#include "page.h"
#include "record.h"
#include "relief.h"

struct transcript_options {
    bool show_secrets;
    bool full; /* message content as a whole */
    const struct relief *relief; /* may be NULL */
};

/* Writes the annotated transcript of one session. */
void transcript_text(struct page *page, const struct record *record, const struct transcript_options *options);

#endif
