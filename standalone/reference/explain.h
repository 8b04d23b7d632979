/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_EXPLAIN_H
#define SMTPSCOPE_EXPLAIN_H

/* The commands `explain` and `reference`. */

#include "options.h"

/* Prints the entries of the topics (or captures) that the options name. Returns the exit status. */
int explain_run(const struct options *options);

/* Prints all entries, or those of a category. Returns the exit status. */
int explain_reference(const struct options *options);

/* Whether --category may be that. */
bool explain_is_category(const char *category);

/* What --category may be, separated by spaces. Static memory. */
const char *explain_categories(void);

#endif
