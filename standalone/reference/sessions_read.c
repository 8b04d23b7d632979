/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions_read.h"

#include <string.h>

#include "capture.h"
#include "options.h"
#include "process.h"
#include "reading.h"
#include "worker.h"

struct reader {
    struct worker *worker;
    void (*session)(void *context, const struct record *record);
    void *context;
    struct summary *summary;
};

/* Job: the record is whole. `octets` is the address of the reader. */
static void hand_on(void *target, struct smtp_span octets)
{
    struct record *record = target;
    struct reader *reader;
    memcpy(&reader, octets.octets, sizeof reader);
    record_conclude(record);
    reader->session(reader->context, record);
    reader->summary->sessions++;
    reader->summary->findings += record->account.findings.list.length;
    record_free(record);
}

/* Which session's turn it is does not matter here. */
static void session_ended(void *context, struct record *record, bool in_turn)
{
    (void)in_turn;
    struct reader *reader = context;
    worker_post_heavy(reader->worker, hand_on, record, smtp_span(&reader, sizeof reader), ARENA_FIRST);
}

static bool goes_on(void *context, uint64_t frames)
{
    (void)context;
    (void)frames;
    return !process_interrupted;
}

int sessions_read(char *const *names, unsigned count, uint64_t memory_limit, void (*session)(void *context, const struct record *record),
                  void *context, struct summary *summary)
{
    struct reader reader = { .worker = worker_new(), .session = session, .context = context, .summary = summary };
    const struct capture_hooks hooks = { .interrupted = &process_interrupted, .memory_limit = memory_limit };
    struct capture_set *captures = capture_set_open(names, count, &hooks);
    struct arena_pool *pool = arena_pool_new(reading_pool_memory(memory_limit));
    const struct reading_options wanted = {
        .captures = captures,
        .pool = pool,
        .records = { .items = true, .message = { .worker = reader.worker, .pool = pool } },
        .memory = reading_memory(memory_limit, capture_set_memory(captures)),
        .session = session_ended,
        .goes_on = goes_on,
        .context = &reader,
    };
    struct reading *reading = reading_new(&wanted);
    reading_run(reading, summary);
    worker_free(reader.worker);
    reading_free(reading);
    summary->totals = capture_set_totals(captures);
    summary->totals.truncated = summary->totals.truncated || process_interrupted;
    int status = capture_set_exit_status(captures);
    if (process_interrupted) {
        process_say_interrupted(summary->totals.frames);
        status = (int)EXIT_STATUS_SIGNAL + process_interrupted;
    }
    capture_set_close(captures);
    arena_pool_free(pool);
    return status;
}
