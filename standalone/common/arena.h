/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ARENA_H
#define SMTPSCOPE_ARENA_H

/*
 * Memory for what is kept of sessions until they are printed. Each session has an arena: pieces are taken from it one by one
 * and given back all at once. All arenas share a pool with a limit: up to it they use memory, beyond it a temporary file
 * that is mapped, so that nothing is lost and little of it is resident. Different threads may use different arenas of a pool.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

struct arena_pool;

/* `limit`: octets of memory, before the temporary file is used; the file has no name, and goes with the pool. */
struct arena_pool *arena_pool_new(size_t limit);
void arena_pool_free(struct arena_pool *pool);

/*
 * What of the file got into memory is taken out of it, if it is much; it comes back when it is looked at. To be called now and then,
 * where many arenas are looked at; cheap if there is no file.
 */
void arena_pool_cool(struct arena_pool *pool);

/* For whoever walks through what is in arenas: at every step, and now and then that is done. */
void arena_pool_looked(struct arena_pool *pool);

struct arena_statistics {
    size_t memory;  /* octets taken from memory now */
    size_t file;    /* octets taken from the file now */
    size_t beyond;  /* octets that had to be memory although the limit was reached: no file could be had */
};
struct arena_statistics arena_pool_statistics(struct arena_pool *pool);

/* Whether there is no memory left: the file is used now. */
bool arena_pool_is_full(struct arena_pool *pool);

struct arena;

/* Its first ARENA_FIRST octets are always in memory, and do not count for the limit: whoever has it open counts them. */
#define ARENA_FIRST ((size_t)2048)
struct arena *arena_new(struct arena_pool *pool);

/* From now on they do: nobody else counts them any more. */
void arena_settle(struct arena *arena);
void arena_free(struct arena *arena);

/* `size` octets, all zero, aligned for anything; valid until arena_free. Never NULL. */
void *arena_take(struct arena *arena, size_t size);

/* Something will be taken soon: asks for the memory that says where. */
void arena_expect(const struct arena *arena);

/* A copy of `span`; of an empty one the empty string, not NULL. */
struct smtp_span arena_copy(struct arena *arena, struct smtp_span span);

/* A copy of a C string, with its NUL; NULL of NULL. */
char *arena_copy_text(struct arena *arena, const char *text);

/* An arena that is made when it is first needed. */
struct lazy_arena {
    struct arena_pool *pool;
    struct arena *arena; /* NULL: not yet */
};

static inline struct arena *lazy_arena_get(struct lazy_arena *lazy)
{
    if (lazy->arena == NULL) {
        lazy->arena = arena_new(lazy->pool);
        arena_settle(lazy->arena);
    }
    return lazy->arena;
}

static inline void lazy_arena_free(struct lazy_arena *lazy)
{
    if (lazy->arena != NULL)
        arena_free(lazy->arena);
}

#endif
