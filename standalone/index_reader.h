/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_INDEX_READER_H
#define SMTPSCOPE_INDEX_READER_H

/*
 * Reads the lines of an index, and makes of each `message` record a digest that is the same wherever captures and files have been moved
 * to. A line may come from anybody: what is made of it takes no more memory than it may. One thread at a time.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

/* A `message` record. */
struct index_entry {
    uint64_t session, transaction;
    char digest[65];  /* of all it says, but for the names of captures */
    bool attachments; /* have paths */
};

/* What a line is. */
enum index_line {
    INDEX_NO_RECORD, /* nothing that an index has: no JSON object, or a key twice, another record, a message without its numbers */
    INDEX_TOO_LARGE, /* it would take more memory than it may */
    INDEX_MESSAGE,
    INDEX_SUMMARY,
};

/* Reads one line; fills in `entry` where it is a message. `memory`: octets that it may take meanwhile. */
enum index_line index_line_read(struct smtp_span line, uint64_t memory, struct index_entry *entry);

#endif
