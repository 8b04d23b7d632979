/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <glib.h>

#include "exhaustion.h"

/* Jobs are handed over in batches of so many octets, of which so many exist. */
#define BATCH_OCTETS ((size_t)256 * 1024)
#define BATCHES 6

/* A job with more octets is posted as several: jobs that take octets take them in pieces. */
#define PIECE_OCTETS ((size_t)192 * 1024)

struct job {
    worker_job *run;
    void *target;
    size_t length;
    size_t held; /* so much is left free behind the octets */
    /* The octets follow. */
};

struct batch {
    size_t used;
    uint8_t octets[BATCH_OCTETS];
};

struct worker {
    GThread *thread;
    GAsyncQueue *waiting; /* batches with jobs; one without any is the last */
    GAsyncQueue *empty;
    struct batch *collecting;
};

static size_t padded(size_t length)
{
    return (length + 15) & ~(size_t)15;
}

static gpointer work(gpointer pointer)
{
    struct worker *worker = pointer;
    exhaustion_guard_thread();
    for (;;) {
        struct batch *batch = g_async_queue_pop(worker->waiting);
        bool last = batch->used == 0;
        for (size_t at = 0; at < batch->used;) {
            struct job job;
            memcpy(&job, batch->octets + at, sizeof job);
            at += padded(sizeof job);
            job.run(job.target, smtp_span(batch->octets + at, job.length));
            at += padded(job.length) + job.held;
        }
        batch->used = 0;
        g_async_queue_push(worker->empty, batch);
        if (last)
            return NULL;
    }
}

struct worker *worker_new(void)
{
    struct worker *worker = g_new0(struct worker, 1);
    worker->waiting = g_async_queue_new();
    worker->empty = g_async_queue_new();
    for (unsigned i = 0; i < BATCHES; i++) {
        struct batch *batch = g_malloc(sizeof *batch);
        batch->used = 0;
        g_async_queue_push(worker->empty, batch);
    }
    worker->collecting = g_async_queue_pop(worker->empty);
    worker->thread = g_thread_new("worker", work, worker);
    return worker;
}

static void hand_over(struct worker *worker)
{
    g_async_queue_push(worker->waiting, worker->collecting);
    worker->collecting = g_async_queue_pop(worker->empty);
}

static void post(struct worker *worker, worker_job *run, void *target, struct smtp_span octets, size_t held)
{
    struct job job = { .run = run, .target = target, .length = octets.length, .held = padded(held) };
    size_t needed = padded(sizeof job) + padded(octets.length) + job.held;
    if (worker->collecting->used + needed > BATCH_OCTETS)
        hand_over(worker);
    uint8_t *at = worker->collecting->octets + worker->collecting->used;
    memcpy(at, &job, sizeof job);
    if (octets.length > 0)
        memcpy(at + padded(sizeof job), octets.octets, octets.length);
    worker->collecting->used += needed;
}

void worker_post(struct worker *worker, worker_job *job, void *target, struct smtp_span octets)
{
    while (octets.length > PIECE_OCTETS) {
        post(worker, job, target, smtp_span_first(octets, PIECE_OCTETS), 0);
        octets = smtp_span_from(octets, PIECE_OCTETS);
    }
    post(worker, job, target, octets, 0);
}

void worker_post_heavy(struct worker *worker, worker_job *job, void *target, struct smtp_span octets, size_t held)
{
    post(worker, job, target, octets, MIN(held, PIECE_OCTETS - padded(octets.length)));
}

void worker_flush(struct worker *worker)
{
    if (worker->collecting->used > 0)
        hand_over(worker);
}

struct signal {
    GMutex lock;
    GCond condition;
    bool given;
};

static void give_signal(void *target, struct smtp_span octets)
{
    (void)octets;
    struct signal *signal = target;
    g_mutex_lock(&signal->lock);
    signal->given = true;
    g_cond_signal(&signal->condition);
    g_mutex_unlock(&signal->lock);
}

void worker_wait(struct worker *worker)
{
    struct signal signal = { .given = false };
    g_mutex_init(&signal.lock);
    g_cond_init(&signal.condition);
    worker_post(worker, give_signal, &signal, smtp_span(NULL, 0));
    worker_flush(worker);
    g_mutex_lock(&signal.lock);
    while (!signal.given)
        g_cond_wait(&signal.condition, &signal.lock);
    g_mutex_unlock(&signal.lock);
    g_cond_clear(&signal.condition);
    g_mutex_clear(&signal.lock);
}

void worker_free(struct worker *worker)
{
    worker_flush(worker);
    hand_over(worker); /* an empty one */
    g_thread_join(worker->thread);
    g_free(worker->collecting);
    struct batch *batch;
    while ((batch = g_async_queue_try_pop(worker->empty)) != NULL)
        g_free(batch);
    g_async_queue_unref(worker->waiting);
    g_async_queue_unref(worker->empty);
    g_free(worker);
}
