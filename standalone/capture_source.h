/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CAPTURE_SOURCE_H
#define SMTPSCOPE_CAPTURE_SOURCE_H

/*
 * The octets of one capture file or of standard input, as a stream for libpcap. The first octets are looked at before
 * libpcap gets them, without seeking, so that a pipe serves as well as a file; a decompressor would have its place here.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

struct capture_source {
    FILE *stream;       /* for libpcap; fclose() frees all that is behind it */
    unsigned precision; /* digits of a second that the time stamps have: 6 or 9 */
    bool reopens;       /* a regular file: opening it again gives the same octets again */
};

/*
 * Opens the capture `name` ("-": standard input). Returns true, or false with the reason in `*problem` (the caller
 * frees it): it can be put behind the name of the capture to make a sentence, "is empty". Only what is certainly no
 * capture is turned away; the rest is for libpcap to judge.
 */
bool capture_source_open(struct capture_source *source, const char *name, void (*waits)(void *context), void *context,
                         char **problem);

#endif
