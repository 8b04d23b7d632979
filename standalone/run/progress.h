/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PROGRESS_H
#define SMTPSCOPE_PROGRESS_H

/* A line on standard error that says how far a long run is; only on a terminal, and only if the output goes elsewhere. */

#include "capture.h"

struct progress {
    bool shown;      /* there is somebody to look at it */
    bool written;    /* a line stands there */
    int64_t start;   /* monotonic, microseconds */
    int64_t next;
};

/* `output_is_terminal`: the sessions themselves are shown there. */
void progress_start(struct progress *progress, bool output_is_terminal);

/* Shows where the run is, if it is time to. */
void progress_tick(struct progress *progress, const struct capture_set *captures, uint64_t sessions);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
