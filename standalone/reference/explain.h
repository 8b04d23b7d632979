/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_EXPLAIN_H
#define SMTPSCOPE_EXPLAIN_H

/* The commands `explain` and `reference`. */

#include "options.h"
#include "page.h"
#include "topics.h"

/* How entries are printed. */
struct topic_writer {
    void (*category)(struct page *page, const char *title); /* in front of the entries of one; NULL: nothing */
    void (*topic)(struct page *page, const struct topic *topic);
};

/* Whether there is what the commands take; says it where not. */
bool explain_operands(const struct options *options, int *status);
bool explain_reference_operands(const struct options *options, int *status);

/* Prints the entries of the topics (or captures) that the options name. Returns the exit status. */
int explain_run(const struct options *options);

/* Prints all entries, or those of a category. Returns the exit status. */
int explain_reference(const struct options *options);

/* Whether --category may be that. */
bool explain_is_category(const char *category);

/* What --category may be, separated by spaces. Static memory. */
const char *explain_categories(void);

#endif
