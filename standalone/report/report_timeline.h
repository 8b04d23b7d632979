/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REPORT_TIMELINE_H
#define SMTPSCOPE_REPORT_TIMELINE_H

/*
 * When the sessions were: a bar for each, or, of more than TIMELINE_SESSIONS, how many began in each stretch of time.
 * What is kept does not grow with their number.
 */

#include "html.h"
#include "record.h"

#define TIMELINE_SESSIONS 300u

struct timeline;

struct timeline *timeline_new(void);
void timeline_free(struct timeline *timeline);

/* `worst`: the severity of its most severe finding, -1: it has none. `linked`: the page has its dialogue. */
void timeline_add(struct timeline *timeline, const struct record *record, int worst, bool linked);

/* Writes the figure; nothing without sessions. */
void timeline_write(const struct timeline *timeline, struct html *html);

#endif
