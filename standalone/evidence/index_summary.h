/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_INDEX_SUMMARY_H
#define SMTPSCOPE_INDEX_SUMMARY_H

/* The last record of an index, which says what was read, and how much was found. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

/* What came of holding summaries against each other. */
struct index_summary {
    GPtrArray *keys;     /* char *, those that differ; "others" stands for keys that a summary has not. g_ptr_array_unref it */
    bool other_version;  /* they are of different versions of the program */
    bool digests_unused; /* of captures: `found` has some that `now` has nothing to hold against */
};

/*
 * Holds the summary of an index against that of a run over the captures now. What may differ by right: names of captures; options, but
 * for those that choose sessions; what was dropped for want of memory, if that was not the same; findings and what was dropped, of
 * another version; and if only some sessions were asked for now, their counts.
 */
enum index_summary_result {
    INDEX_SUMMARY_COMPARED,
    INDEX_SUMMARY_NO_RECORD, /* `found` is no JSON, or has a key twice */
    INDEX_SUMMARY_TOO_LARGE, /* it would take more than `memory` octets */
};
enum index_summary_result index_summary_compare(struct smtp_span found, struct smtp_span now, uint64_t memory,
                                                struct index_summary *compared);

#endif
