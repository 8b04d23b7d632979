/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_COMMAND_LINE_H
#define SMTPSCOPE_COMMAND_LINE_H

#include "options.h"

/*
 * Reads the command line. Returns true if there is work to do; else `*status` is the exit status (help and version were
 * printed, or a usage error was said on standard error). Free with options_free in any case.
 */
bool command_line_read(struct options *options, int argc, char **argv, int *status);

#endif
