/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OCCURRENCES_H
#define SMTPSCOPE_OCCURRENCES_H

/* Which entries of the reference a session needs. */

#include "record.h"
#include "topics.h"

/* Appends the entries of the commands, parameters, codes, keywords, mechanisms and findings that occur in the session.
 */
void occurrences_add(GArray *topics, const struct record *record);

/* Brings the list into the order of the tables. */
void occurrences_sort(GArray *topics);

#endif
