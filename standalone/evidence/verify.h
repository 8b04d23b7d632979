/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_VERIFY_H
#define SMTPSCOPE_VERIFY_H

/*
 * Holds a directory that messages were written to (export.c) against the captures they came from: each file's SHA-256 against the octets
 * in the capture, each record of the index against what is found now - names of captures aside, which may have been moved. Nothing in the
 * directory is trusted: only names made from the captures are opened, and no link is followed.
 */

#include "record.h"
#include "verify_result.h"

/* What is to be said of a thing, beside its result. */
enum verify_note {
    VERIFY_NOTE_NO_RECORD,          /* of a line of the index, or its summary: it is nothing that this program writes there */
    VERIFY_NOTE_TOO_LARGE,          /* of the summary: it takes more memory than it may */
    VERIFY_NOTE_UNFINISHED,         /* there is no summary: the run that wrote the index did not come to its end */
    VERIFY_NOTE_DIGESTS_UNUSED,     /* the summary's digests of captures were not held against anything */
    VERIFY_NOTE_OTHER_VERSION,      /* of the program wrote it: findings were not compared, nor what was dropped */
    VERIFY_NOTE_NO_LINE_END,        /* of the last line: it has none, and so was cut or written anew */
    VERIFY_NOTES,
};

/* One thing that was looked at. */
struct verification {
    const char *what; /* "message", "attachment", "index" (a `message` record, or a line, or all of it), "summary" (its last record), "other" */
    const char *path; /* in the directory */
    uint64_t session; /* 0: none */
    uint32_t transaction;
    enum verify_result result;
    const char *expected, *found; /* digests of a file; NULL: none */
    uint64_t line;                /* of the index, from 1; 0: it is not about one */
    char *const *keys;            /* of the summary, those that differ, `key_count` of them */
    unsigned key_count;
    unsigned notes;               /* a bit for each enum verify_note */
};

struct verify;
struct summary;

/* "no-record", ...; and in words, to be translated. */
const char *verify_note_name(enum verify_note note);
const char *verify_note_text(enum verify_note note);

/*
 * Opens `path` and reads its index. Returns NULL, with errno set, where it is no directory that can be read. `report` is called for each
 * thing that is looked at. `memory`: octets that the index's summary may take while it is
 * looked at; `pool`: for all else that is remembered.
 */
struct verify *verify_open(const char *path, uint64_t memory, struct arena_pool *pool, void (*report)(void *context, const struct verification *verification), void *context);

/* A session of the captures: what of it should be there. */
void verify_session(struct verify *verify, const struct record *record);

/* All sessions came: what nobody asked for is extra. */
void verify_finish(struct verify *verify);

/* The run is over, behind the rest: its summary against that of the index. */
void verify_summary(struct verify *verify, const struct summary *summary);

void verify_free(struct verify *verify);

#endif
