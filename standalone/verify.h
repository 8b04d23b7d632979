/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_VERIFY_H
#define SMTPSCOPE_VERIFY_H

/*
 * Holds a directory that messages were written to (export.c) against the captures they came from: each file's SHA-256 against the octets
 * in the capture, each record of the index against what is found now - names of captures aside, which may have been moved. Nothing in the
 * directory is trusted: only names made from the captures are opened, and no link is followed.
 */

#include "record.h"

enum verify_result {
    VERIFY_AGREES,
    VERIFY_DIFFERS,
    VERIFY_MISSING,
    VERIFY_EXTRA,      /* nothing in the captures accounts for it */
    VERIFY_UNREADABLE, /* it is there, but no file that can be read */
    VERIFY_RESULTS,
};

/* "agrees", ... */
const char *verify_result_name(enum verify_result result);

/* One thing that was looked at. */
struct verification {
    const char *what; /* "message", "attachment", "index" (one record of it, or all), "other" */
    const char *path; /* in the directory */
    uint64_t session; /* 0: none */
    uint32_t transaction;
    enum verify_result result;
    const char *expected, *found; /* digests of a file; NULL: none */
};

struct verify;

/*
 * Opens `path` and reads its index. Returns NULL, with errno set, where it is no directory that can be read. `report` is called for each
 * thing that is looked at.
 */
struct verify *verify_open(const char *path, void (*report)(void *context, const struct verification *verification), void *context);

/* A session of the captures: what of it should be there. */
void verify_session(struct verify *verify, const struct record *record);

/* All sessions came: what nobody asked for is extra. */
void verify_finish(struct verify *verify);

void verify_free(struct verify *verify);

#endif
