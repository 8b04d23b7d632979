/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REPORT_H
#define SMTPSCOPE_REPORT_H

/*
 * The output of `report`: one HTML page that needs nothing but itself. The sessions come one by one, but the page
 * begins with what is known at the end only, so its parts wait, most of them in temporary files, until all is read.
 *
 * A page is for people: of very many sessions, mails, findings and lines the first are shown, and it is said how many
 * are not.
 */

#include "arena.h"
#include "finding_out.h"
#include "options.h"
#include "summary.h"

struct report;

/* Both must outlive the report. */
struct report *report_new(const struct options *options, struct arena_pool *pool);
void report_free(struct report *report);

/*
 * The next session, one that is asked for or not: what several sessions prove takes all of them. Unless it is
 * `in_turn`, what is written of it waits for report_turn.
 */
void report_session(struct report *report, const struct record *record, bool in_turn);
void report_turn(struct report *report, uint64_t session);

/* A finding that belongs to no session. */
void report_finding(struct report *report, const struct told_finding *told);

/* Why what was written could not be kept: an errno; 0: all was. */
int report_problem(const struct report *report);

/* Parties of whom nothing is known any more: what they did before does not count for what several sessions prove. */
uint64_t report_forgotten(const struct report *report);

/* Findings shown or counted. */
uint64_t report_findings(const struct report *report);

/* Writes the page. False, with errno set: it could not be written. */
bool report_write(struct report *report, const struct summary *summary, FILE *out);

#endif
