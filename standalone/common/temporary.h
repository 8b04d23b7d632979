/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TEMPORARY_H
#define SMTPSCOPE_TEMPORARY_H

#include <stdio.h>

/* Opens a file without a name in $TMPDIR, for reading and writing; it goes with its descriptor. Returns -1, with errno set, if it cannot. */
int temporary_open(void);

/* The same as a stream; NULL, with errno set, if it cannot. */
FILE *temporary_stream(void);

#endif
