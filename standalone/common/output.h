/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OUTPUT_H
#define SMTPSCOPE_OUTPUT_H

/*
 * Where a command prints to: standard output, or the file that --output names. What is in that file stays there until
 * the first octet takes its place: a run that has nothing to say, or fails before it has, changes nothing.
 */

#include <stdbool.h>
#include <stdio.h>

struct output {
    const char *name; /* NULL: standard output */
    FILE *stream;     /* NULL: not open */
    bool begun;       /* what was there is gone */
    bool created;     /* there was nothing */
};

/* Opens it; `name` must outlive it. Returns false, with errno set, if it cannot be written to. */
bool output_open(struct output *output, const char *name);

/* To write to: what was there goes now. */
FILE *output_stream(struct output *output);

/* Hands on what was written. Returns false, with errno set, if it could not be. */
bool output_flush(struct output *output);

/*
 * Closes the file; `good`: what was written is all there is to say, be it nothing. Returns false, with errno set, if
 * something could not be written.
 */
bool output_close(struct output *output, bool good);

/*
 * Says on standard error that output could not be written, and why (errno). `name`: the file, NULL: standard output.
 * Nothing is said to a reader who closed the pipe, as head does: he has seen enough.
 */
void output_say_failed(const char *name);

#endif
