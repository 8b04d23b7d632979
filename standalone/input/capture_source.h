/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CAPTURE_SOURCE_H
#define SMTPSCOPE_CAPTURE_SOURCE_H

/*
 * The octets of one capture file or of standard input, as a stream. The first octets are looked at before
 * anybody gets them, without seeking, so that a pipe serves as well as a file; what is compressed is decompressed on the way.
 */

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "span.h"

/* Who reads captures, to those that read them. Each may be NULL, or 0. */
struct capture_hooks {
    void (*waits)(void *context); /* a read may have to wait for a live capture */
    void (*quiet)(void *context); /* and nothing has come for a second */
    /* Secrets of TLS stand in the capture: lines of a key log, valid during the call only. */
    void (*tls_secrets)(void *context, struct smtp_span lines);
    void *context;
    const volatile sig_atomic_t *interrupted; /* not 0: the capture is to end here */
    bool digests; /* the SHA-256 of each file is wanted */
    uint64_t memory_limit;                    /* octets that the program may use; 0: 512 MiB */
};

/* Octets of memory that the program may use, if nobody says. */
#define CAPTURE_MEMORY_LIMIT ((uint64_t)512 * 1024 * 1024)

/* The files that are open: however many captures are, only some of them have a descriptor at a time. */
struct capture_files;

struct capture_files *capture_files_new(void);
void capture_files_free(struct capture_files *files);

struct capture_source {
    FILE *stream;       /* fclose() frees all that is behind it */
    bool is_pcapng;     /* else it is for libpcap */
    unsigned precision; /* digits of a second that the time stamps of a pcap have: 6 or 9 */
    uint64_t octets;    /* in the file; 0: not known */
    struct input *input;
};

/*
 * Opens the capture `name` ("-": standard input). Returns true, or false with the reason in `*problem` (the caller
 * frees it): it can be put behind the name of the capture to make a sentence, "is empty". Only what is certainly no
 * capture is turned away; the rest is for libpcap to judge. `name` and `files` must outlive the stream.
 */
bool capture_source_open(struct capture_source *source, const char *name, struct capture_files *files,
                         const struct capture_hooks *hooks, char **problem);

/* Whether it is a file that can be opened again, and then has the same octets. */
bool capture_source_is_file(const struct capture_source *source);

/*
 * While the stream is open: octets of the file read so far; what was wrong with the last ones (memory of the stream; NULL: nothing),
 * and whether they could be read with more memory; octets of memory that decompressing takes.
 */
uint64_t capture_source_read(const struct capture_source *source);
const char *capture_source_problem(const struct capture_source *source);
bool capture_source_wants_memory(const struct capture_source *source);
size_t capture_source_memory(const struct capture_source *source);

/*
 * The SHA-256 (hex) of all that is in the file, for which the rest of it is read, too; g_free it. NULL if it is not wanted, or was
 * asked for before, or the reading was interrupted or failed.
 */
char *capture_source_digest(struct capture_source *source);

#endif
