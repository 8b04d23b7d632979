/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_READING_H
#define SMTPSCOPE_READING_H

/* Captures in, records of sessions out: frames become segments, segments streams, streams dialogues. */

#include "capture.h"
#include "record.h"
#include "summary.h"

struct reading_options {
    struct capture_set *captures;
    struct arena_pool *pool; /* what is kept of sessions */
    struct record_options records;
    struct tls_keys *keys;   /* NULL: none */
    size_t memory;           /* octets for connections, and for what waits in them */
    uint64_t shard, shards;  /* of so many shards only the one with this number, from 0; 0 shards: all */
    enum tcp_checksums checksums;
    bool by_start;           /* the turn of sessions comes in the order of their first packets */

    /* A session ended; the record belongs to whoever takes it. Unless `in_turn`, `turn` says when its turn has come. */
    void (*session)(void *context, struct record *record, bool in_turn);
    void (*turn)(void *context, uint64_t id); /* NULL if all are taken as they end, whatever `in_turn` */
    /* A connection on an SMTP port carries something else, from `first` on. NULL: it does not matter. */
    void (*not_smtp)(void *context, struct place first, const char *detail);
    /* The first frame is there, and this is its time, in nanoseconds since 1970. NULL: it does not matter. */
    void (*begins)(void *context, int64_t time);
    /* Asked in front of each frame, of which there were so many: false ends the reading. NULL: never. */
    bool (*goes_on)(void *context, uint64_t frames);
    void *context;
};

struct reading;

/*
 * What of the memory limit is to be shared, when the program itself, its buffers and tables of fixed size have theirs, and `taken` octets are
 * taken; and what of that is the pool's.
 */
size_t reading_memory(uint64_t memory_limit, size_t taken);
size_t reading_pool_memory(uint64_t memory_limit);

struct reading *reading_new(const struct reading_options *options);

/* Reads everything, and adds to `summary` what became of frames and connections. */
void reading_run(struct reading *reading, struct summary *summary);

/* The captures wait for their writers: the segments taken so far are worked off. */
void reading_catch_up(struct reading *reading);

/* And for a while already: connections that both sides ended are over. */
void reading_settle(struct reading *reading);

/* When all records are freed: they look at what the reading has. */
void reading_free(struct reading *reading);

#endif
