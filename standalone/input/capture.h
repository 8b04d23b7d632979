/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CAPTURE_H
#define SMTPSCOPE_CAPTURE_H

/*
 * Reads captures: pcap (through libpcap) and pcapng, from a file or from standard input ("-"). Several captures are
 * one logical capture, their frames merged by time; frames are numbered per file, from 1, as Wireshark shows them.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture_source.h"
#include "span.h"

struct capture_frame {
    struct smtp_span octets; /* captured octets; valid until the next call of capture_set_next */
    uint32_t original_octets;/* length on the wire: more than octets.length where the snap length cut */
    uint64_t number;         /* in its file, from 1 */
    int64_t time;            /* nanoseconds since 1970-01-01T00:00:00Z; may be before it or go back */
    unsigned capture;        /* index of its file in the order given, from 0 */
    int link_type;           /* DLT_* */
};

struct capture_set;

/*
 * Opens the captures named. A capture that cannot be opened, or is none, is said on standard error (one sentence
 * that names it) and left out; capture_set_exit_status tells. `names` must outlive the set. Never returns NULL.
 * `hooks` may be NULL.
 */
struct capture_set *capture_set_open(char *const *names, unsigned count, const struct capture_hooks *hooks);

/*
 * Gives the next frame in time order (a file's own order is never changed; between files the smaller time goes
 * first). Returns false at the end. A capture that ends early or is damaged is said on standard error with its name
 * and the number of the last good frame, and ends there; the others go on.
 */
bool capture_set_next(struct capture_set *set, struct capture_frame *frame);

/*
 * Gives the secrets that the captures hold anywhere to hooks.tls_secrets, each once: they may stand behind the packets that need them. Of
 * files only, and not of compressed ones. Returns whether there were any that it did not give so before.
 */
bool capture_set_find_secrets(struct capture_set *set);

/* The name of capture `index` as it was given. */
const char *capture_set_name(const struct capture_set *set, unsigned index);

/* Digits of a second that the capture's time stamps have: 6 or 9. */
unsigned capture_set_precision(const struct capture_set *set, unsigned index);

/*
 * The SHA-256 of the file as it lies on the disk, compressed or not: hex, in the set's memory. NULL where it was not asked for, or
 * the file was not read to its end.
 */
const char *capture_set_digest(const struct capture_set *set, unsigned index);

/* 0 all read, 1 one could not be opened, 3 one ended early or is damaged (1 wins over 3). */
int capture_set_exit_status(const struct capture_set *set);

/* Captures opened, frames and captured octets given out so far; whether one was cut short (status 3). */
struct capture_totals {
    uint64_t captures, frames, octets;
    bool truncated;
    uint64_t lost; /* packets that capture programs counted as lost: they are in no file */
};
struct capture_totals capture_set_totals(const struct capture_set *set);

/* What there is to say of one capture. */
struct capture_facts {
    uint64_t frames, octets; /* given out: captured octets */
    int64_t first, last;     /* the earliest and the latest time of a frame; without frames 0 */
    const char *problem;     /* why it was not read, or not to its end, in the set's memory; NULL: nothing was wrong with it */
};
struct capture_facts capture_set_facts(const struct capture_set *set, unsigned index);

/* How far the files are read, in octets as they lie on the disk. */
struct capture_progress {
    uint64_t read, total;
    bool known; /* whether `total` is: of a pipe it is not */
};
struct capture_progress capture_set_progress(const struct capture_set *set);

/* Octets of memory that decompressing took so far, at the most. */
size_t capture_set_memory(const struct capture_set *set);

void capture_set_close(struct capture_set *set);

#endif
