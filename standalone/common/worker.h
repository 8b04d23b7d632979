/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_WORKER_H
#define SMTPSCOPE_WORKER_H

/*
 * A second thread that does what the reader of a capture need not wait for: digests, message headers, output. It does its
 * jobs one after the other, in the order in which they were posted; whatever a job was given belongs to it from then on.
 * What waits is bounded: who posts faster than the jobs are done waits.
 */

#include "span.h"

struct worker;

/* `octets`: those that were posted with the job, a copy, valid during the call. */
typedef void worker_job(void *target, struct smtp_span octets);

struct worker *worker_new(void);

/* Posts a job. It may be collected with others before it is begun: see worker_flush. */
void worker_post(struct worker *worker, worker_job *job, void *target, struct smtp_span octets);

/*
 * The same where the target holds about `held` octets until the job is done: they count as if they were posted, so that whoever waits for the
 * jobs does not let the targets become too many.
 */
void worker_post_heavy(struct worker *worker, worker_job *job, void *target, struct smtp_span octets, size_t held);

/* Lets the jobs collected so far begin: nothing may be posted for a while. */
void worker_flush(struct worker *worker);

/* Waits until all jobs posted so far are done. */
void worker_wait(struct worker *worker);

/* Waits until all jobs are done, ends the thread and frees the worker. */
void worker_free(struct worker *worker);

#endif
