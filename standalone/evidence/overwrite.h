/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OVERWRITE_H
#define SMTPSCOPE_OVERWRITE_H

#include <stdbool.h>

/*
 * Evidence is not to be overwritten by mistake: a capture named twice, or (in `-o *.pcap`) what the shell made of a
 * pattern. Returns whether an output may be written over the file, if it is there. One that is a capture, be it one of
 * `inputs` (`count`), or that belongs to a directory of mails (export.h) may not: then that is said on standard error.
 */
bool overwrite_allowed(const char *name, char *const *inputs, unsigned count);

#endif
