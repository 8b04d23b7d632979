/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FINDINGS_REPORT_H
#define SMTPSCOPE_FINDINGS_REPORT_H

/*
 * The output of `findings`: behind each session what it proves, the most severe first, and then what it proves together
 * with the sessions before it.
 */

#include "finding_out.h"

struct findings_report;

/* `memory_limit`: octets that the program may take. `captures`: more than one is read. JSON where `json` is set, else text. `picked` tells which sessions are asked for.
 */
struct findings_report *findings_report_new(struct page *page, uint64_t memory_limit, bool json, bool captures,
                                            bool (*picked)(const void *context, uint64_t session), const void *context);
void findings_report_free(struct findings_report *report);

/* The next session. Unless it is asked for it only counts for what several sessions prove. */
void findings_report_session(struct findings_report *report, const struct record *record);

/* A finding that belongs to no session. */
void findings_report_tell(struct findings_report *report, const struct told_finding *told);

/* Findings written so far. */
uint64_t findings_report_count(const struct findings_report *report);

/* Parties of whom nothing is known any more: what they did before does not count for what several sessions prove. */
uint64_t findings_report_forgotten(const struct findings_report *report);

/* The last line of the text: how many there were. */
void findings_report_summary(struct findings_report *report);

#endif
