/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_USAGE_H
#define SMTPSCOPE_USAGE_H

#include <glib.h>
#include <stdbool.h>

/* Says on standard error what is wrong with the command line, with the exit status for it in `*status`. Returns false.
 */
bool usage_wrong(int *status, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
