/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_LEARN_H
#define SMTPSCOPE_LEARN_H

/* The command `learn`: bundled sessions line by line, with keys on a terminal, else as a listing. */

#include "options.h"

/* Whether it is one lesson at the most; says it where not. */
bool learn_operands(const struct options *options, int *status);

/* Returns the exit status. */
int learn_run(const struct options *options);

#endif
