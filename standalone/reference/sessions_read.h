/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SESSIONS_READ_H
#define SMTPSCOPE_SESSIONS_READ_H

/* Reads captures for what is in their sessions, where nothing of the command line's choices matters. */

#include "record.h"
#include "summary.h"

/*
 * Reads all of the captures named and calls `session` for each session when it ends, from a second
 * thread; the record is freed behind the call. `memory_limit`: octets that the program may take. Fills `summary`, and returns the exit status.
 */
int sessions_read(char *const *names, unsigned count, uint64_t memory_limit, void (*session)(void *context, const struct record *record),
                  void *context, struct summary *summary);

#endif
