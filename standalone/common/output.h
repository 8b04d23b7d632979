/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OUTPUT_H
#define SMTPSCOPE_OUTPUT_H

/*
 * Says on standard error that output could not be written, and why (errno). `name`: the file, NULL: standard output. Nothing is
 * said to a reader who closed the pipe, as head does: he has seen enough.
 */
void output_say_failed(const char *name);

/* Says that the output would be written over a capture. */
void output_say_is_capture(const char *name);

#endif
