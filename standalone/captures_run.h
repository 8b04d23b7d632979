/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CAPTURES_RUN_H
#define SMTPSCOPE_CAPTURES_RUN_H

/* The commands that read captures and print sessions. */

#include "options.h"
#include "record.h"

/* Reads and prints everything. Returns the exit status. */
int captures_run(const struct options *options);

/* Whether captures are named; says it where they are not. */
bool captures_operands(const struct options *options, int *status);

/* What is to be made of sessions for the face: the rest is the caller's. */
struct record_options captures_records(const struct options *options);

#endif
