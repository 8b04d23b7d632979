/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_INDEX_READER_H
#define SMTPSCOPE_INDEX_READER_H

/* Reads the `message` records of an index, and makes of each a digest that is the same wherever captures and files have been moved to. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "span.h"

/* A `message` record. */
struct index_entry {
    uint64_t session, transaction;
    char digest[65];  /* of all it says, but for the names of captures and the paths of attachments */
    bool attachments; /* have paths */
};

/* Reads one line. Returns false if it is no JSON object, or a `message` record without its numbers; `entry->session` is 0 for other records. */
bool index_entry_read(struct smtp_span line, struct index_entry *entry);

#endif
