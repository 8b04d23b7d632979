/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_INDEX_LINES_H
#define SMTPSCOPE_INDEX_LINES_H

/* Lines of a file that may hold anything: none takes more memory than it may. */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * Reads a line into `line`, without its line end; of one that is longer than `limit` octets nothing is kept, and `too_long` is set.
 * Returns false at the end of the file.
 */
bool index_lines_next(FILE *file, GString *line, size_t limit, bool *too_long);

#endif
