/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "prefetch.h"
#include "temporary.h"

/* A block is of the smallest size at first, and larger as the arena grows: about as large as half of what it has. */
#define BLOCK_FIRST ARENA_FIRST
#define BLOCK_LAST ((size_t)64 * 1024)
#define BLOCK_SIZES 6

/* Blocks that are not in use and not given back, for the next sessions: a part of the limit. */
#define KEPT_PART 8

/* The file grows, and is mapped, a window at a time. Its blocks are all of the same size. */
#define WINDOW ((size_t)64 * 1024 * 1024)
#define FILE_BLOCK ((size_t)16 * 1024)

/* So much of the file may have got into memory before it is taken out. */
#define WARM_LIMIT ((size_t)2 * 1024 * 1024)

/* Steps between two looks at how much it is. Where one octet is looked at the system brings in 64 KiB, and a step looks at several places. */
#define STEPS 32u

struct block {
    struct block *next;
    size_t size;
    bool in_file;
    bool is_first;   /* of an arena: not counted, whoever has the arena does */
    uint8_t *octets; /* behind this head, or in the file */
};

struct arena_pool {
    GMutex lock;
    size_t limit;
    struct arena_statistics statistics;
    struct block *free_memory[BLOCK_SIZES]; /* by size */
    size_t kept;         /* octets of them */
    struct block *free_file;
    int file;            /* -1: not opened yet */
    bool no_file;        /* and none can be had */
    GPtrArray *windows;
    size_t window_used;  /* octets of the last window */
    int statm;           /* where the system says how much is in memory */
    size_t others;       /* of what is: libraries */
    size_t warm;         /* octets of the file that were taken since it was looked at: those are in memory */
};

/* It lies in its own first block. */
struct arena {
    struct arena_pool *pool;
    struct block *last;
    size_t used; /* of the last block's octets */
    size_t taken;     /* octets of all its blocks */
    size_t next_size; /* of a block */
};

struct arena_pool *arena_pool_new(size_t limit)
{
    struct arena_pool *pool = g_new0(struct arena_pool, 1);
    g_mutex_init(&pool->lock);
    pool->limit = limit;
    pool->file = pool->statm = -1;
    pool->windows = g_ptr_array_new();
    return pool;
}

static void free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        g_free(block);
        block = next;
    }
}

void arena_pool_free(struct arena_pool *pool)
{
    for (unsigned i = 0; i < BLOCK_SIZES; i++)
        free_blocks(pool->free_memory[i]);
    free_blocks(pool->free_file);
    for (unsigned i = 0; i < pool->windows->len; i++)
        munmap(pool->windows->pdata[i], WINDOW);
    if (pool->file >= 0)
        close(pool->file);
    if (pool->statm >= 0)
        close(pool->statm);
    g_ptr_array_free(pool->windows, TRUE);
    g_mutex_clear(&pool->lock);
    g_free(pool);
}

/* Pages of files that are in memory: libraries, and ours. */
static size_t resident_file_octets(const struct arena_pool *pool)
{
    char text[128];
    ssize_t length = pread(pool->statm, text, sizeof text - 1, 0);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    unsigned long long size = 0, resident = 0, shared = 0;
    if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3)
        return 0;
    return (size_t)shared * (size_t)sysconf(_SC_PAGESIZE);
}

static void cool(struct arena_pool *pool)
{
    pool->warm = 0;
    if (pool->windows->len == 0 || resident_file_octets(pool) <= pool->others + WARM_LIMIT)
        return;
    for (unsigned i = 0; i < pool->windows->len; i++)
        madvise(pool->windows->pdata[i], WINDOW, MADV_DONTNEED);
}

void arena_pool_cool(struct arena_pool *pool)
{
    g_mutex_lock(&pool->lock);
    cool(pool);
    g_mutex_unlock(&pool->lock);
}

void arena_pool_looked(struct arena_pool *pool)
{
    static _Thread_local unsigned steps;
    if (++steps % STEPS == 0)
        arena_pool_cool(pool);
}

struct arena_statistics arena_pool_statistics(struct arena_pool *pool)
{
    g_mutex_lock(&pool->lock);
    struct arena_statistics statistics = pool->statistics;
    g_mutex_unlock(&pool->lock);
    return statistics;
}

bool arena_pool_is_full(struct arena_pool *pool)
{
    g_mutex_lock(&pool->lock);
    bool full = pool->statistics.memory + BLOCK_LAST > pool->limit;
    g_mutex_unlock(&pool->lock);
    return full;
}

/* ---- the file ---- */

static bool open_file(struct arena_pool *pool)
{
    if (pool->file >= 0 || pool->no_file)
        return pool->file >= 0;
    pool->file = temporary_open();
    pool->no_file = pool->file < 0;
    pool->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    pool->others = resident_file_octets(pool);
    return pool->file >= 0;
}

/* The space is claimed on the disk first: a mapped page without space behind it would be fatal when it is written to. */
static bool add_window(struct arena_pool *pool)
{
    off_t start = (off_t)(pool->windows->len * WINDOW);
    if (!open_file(pool) || posix_fallocate(pool->file, start, (off_t)WINDOW) != 0)
        return false;
    void *window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, pool->file, start);
    if (window == MAP_FAILED)
        return false;
    /* Read ahead would make pages of many at once, and one look would bring them all into memory. */
    madvise(window, WINDOW, MADV_RANDOM);
    g_ptr_array_add(pool->windows, window);
    pool->window_used = 0;
    return true;
}

static struct block *take_from_file(struct arena_pool *pool, size_t size)
{
    struct block *block = pool->free_file;
    if (size == FILE_BLOCK && block != NULL) {
        pool->free_file = block->next;
        pool->statistics.file += size;
        return block;
    }
    bool full = pool->windows->len == 0 || pool->window_used + size > WINDOW;
    if (size > WINDOW || (full && !add_window(pool)))
        return NULL;
    block = g_new0(struct block, 1);
    block->octets = (uint8_t *)pool->windows->pdata[pool->windows->len - 1] + pool->window_used;
    block->size = size;
    block->in_file = true;
    pool->window_used += size;
    pool->statistics.file += size;
    return block;
}

/* A large block goes back as several of the usual size. */
static void give_to_file(struct arena_pool *pool, struct block *block)
{
    pool->statistics.file -= block->size;
    for (size_t at = FILE_BLOCK; at < block->size; at += FILE_BLOCK) {
        struct block *part = g_new0(struct block, 1);
        *part = (struct block){ .next = pool->free_file, .size = FILE_BLOCK, .in_file = true, .octets = block->octets + at };
        pool->free_file = part;
    }
    block->size = FILE_BLOCK;
    block->next = pool->free_file;
    pool->free_file = block;
}

/* ---- blocks ---- */

static unsigned class_of(size_t size)
{
    unsigned class = 0;
    for (size_t s = BLOCK_FIRST; s < size; s *= 2)
        class++;
    return class;
}

static struct block *take_from_memory(struct arena_pool *pool, size_t size)
{
    struct block *block = NULL;
    if (size <= BLOCK_LAST) {
        struct block **list = &pool->free_memory[class_of(size)];
        block = *list;
        if (block != NULL) {
            *list = block->next;
            pool->kept -= size;
        }
    }
    if (block == NULL)
        block = g_malloc(sizeof *block + size);
    *block = (struct block){ .size = size, .octets = (uint8_t *)(block + 1) };
    pool->statistics.memory += size;
    return block;
}

static void give_to_memory(struct arena_pool *pool, struct block *block)
{
    pool->statistics.memory -= block->is_first ? 0 : block->size;
    block->is_first = false;
    if (block->size > BLOCK_LAST || pool->kept + block->size > pool->limit / KEPT_PART) {
        g_free(block);
        return;
    }
    struct block **list = &pool->free_memory[class_of(block->size)];
    block->next = *list;
    *list = block;
    pool->kept += block->size;
}

/* A block for at least `needed` octets, of `wanted` if there is memory for it. */
static struct block *take_block(struct arena_pool *pool, size_t needed, size_t wanted)
{
    g_mutex_lock(&pool->lock);
    size_t size = BLOCK_FIRST;
    while (size < needed || size < wanted)
        size *= 2;
    struct block *block = NULL;
    bool beyond = pool->statistics.memory + size > pool->limit;
    if (beyond)
        block = take_from_file(pool, (needed + FILE_BLOCK - 1) & ~(FILE_BLOCK - 1));
    if (block != NULL && (pool->warm += block->size) > WARM_LIMIT)
        cool(pool);
    if (block == NULL) {
        block = take_from_memory(pool, size);
        pool->statistics.beyond += beyond ? size : 0;
    }
    g_mutex_unlock(&pool->lock);
    return block;
}

/* ---- arenas ---- */

static size_t padded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

struct arena *arena_new(struct arena_pool *pool)
{
    g_mutex_lock(&pool->lock);
    struct block *block = take_from_memory(pool, BLOCK_FIRST);
    block->is_first = true;
    pool->statistics.memory -= block->size;
    g_mutex_unlock(&pool->lock);
    struct arena *arena = (struct arena *)(void *)block->octets;
    block->next = NULL;
    *arena = (struct arena){ .pool = pool, .last = block, .used = padded(sizeof *arena), .taken = BLOCK_FIRST,
                               .next_size = BLOCK_FIRST };
    return arena;
}

void arena_settle(struct arena *arena)
{
    struct arena_pool *pool = arena->pool;
    struct block *first = arena->last;
    while (first->next != NULL)
        first = first->next;
    g_mutex_lock(&pool->lock);
    pool->statistics.memory += first->is_first ? first->size : 0;
    first->is_first = false;
    g_mutex_unlock(&pool->lock);
}

void arena_free(struct arena *arena)
{
    struct arena_pool *pool = arena->pool;
    struct block *block = arena->last;
    g_mutex_lock(&pool->lock);
    while (block != NULL) { /* the last of them is the one with the arena in it */
        struct block *next = block->next;
        if (block->in_file)
            give_to_file(pool, block);
        else
            give_to_memory(pool, block);
        block = next;
    }
    g_mutex_unlock(&pool->lock);
}

void arena_expect(const struct arena *arena)
{
    prefetch(arena, sizeof *arena);
}

void *arena_take(struct arena *arena, size_t size)
{
    size = padded(size);
    struct block *block = arena->last;
    if (arena->used + size > block->size) {
        block = take_block(arena->pool, size, arena->next_size);
        block->next = arena->last;
        arena->last = block;
        arena->used = 0;
        arena->taken += block->size;
        arena->next_size = CLAMP(arena->taken / 2, BLOCK_FIRST, BLOCK_LAST);
    }
    void *piece = block->octets + arena->used;
    arena->used += size;
    memset(piece, 0, size);
    return piece;
}

struct smtp_span arena_copy(struct arena *arena, struct smtp_span span)
{
    if (span.length == 0)
        return smtp_span("", 0);
    uint8_t *copy = arena_take(arena, span.length);
    memcpy(copy, span.octets, span.length);
    return smtp_span(copy, span.length);
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t length = strlen(text) + 1;
    return memcpy(arena_take(arena, length), text, length);
}
