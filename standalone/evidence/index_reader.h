/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_INDEX_READER_H
#define SMTPSCOPE_INDEX_READER_H

/*
 * Reads an index, and makes of each `message` record a digest that is the same wherever captures have been moved to. An index may hold
 * anything, and a good record the replies to 100,000 recipients: the octets pass through, no line is held, and no tree is made of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/* A `message` record. */
struct index_entry {
    uint64_t session, transaction;
    char digest[65];  /* of all it says, as it stands there, but for the names of captures */
    bool attachments; /* have paths */
};

/* What a line is, as far as it needs to be known. */
enum index_kind {
    INDEX_NO_RECORD, /* nothing that an index has: no object, another record, a message without its numbers */
    INDEX_MESSAGE,
    INDEX_SUMMARY,
};

struct index_line {
    uint64_t number; /* from 1 */
    bool ended;      /* by its line end: the last one may not be */
    enum index_kind kind;
    struct index_entry entry; /* of a message */
    struct smtp_span text;    /* octets NULL: it is longer than is kept. Valid during the call */
};

/* Reads all lines, and gives each to `take`; text is kept of those of up to `keep` octets. Returns false, with errno set, if reading fails. */
bool index_read(int descriptor, size_t keep, void (*take)(void *context, const struct index_line *line), void *context);

/* Reads one line in pieces, without its end; index_record_end frees what index_record_begin made. */
struct index_record;
struct index_record *index_record_begin(void);
void index_record_add(struct index_record *record, struct smtp_span octets);
enum index_kind index_record_end(struct index_record *record, struct index_entry *entry);

#endif
