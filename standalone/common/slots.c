/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slots.h"

#include <glib.h>

/* Memory is asked of the system for so many octets at once, or for one piece. */
#define CHUNK ((size_t)256 * 1024)

/* A piece that nobody has. */
struct unused {
    struct unused *next;
};

struct slots {
    size_t size;
    struct unused *unused;
    GPtrArray *chunks;
};

struct slots *slots_new(size_t size)
{
    struct slots *slots = g_new0(struct slots, 1);
    const size_t line = 64;
    slots->size = (MAX(size, sizeof(struct unused)) + line - 1) & ~(line - 1);
    slots->chunks = g_ptr_array_new_with_free_func(g_free);
    return slots;
}

void slots_free(struct slots *slots)
{
    g_ptr_array_free(slots->chunks, TRUE);
    g_free(slots);
}

#ifdef __has_feature /* clang's way to say what gcc says with a macro */
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__
#endif
#endif

#ifdef __SANITIZE_ADDRESS__ /* so that it sees who uses a piece that was given back */

void *slots_take(struct slots *slots)
{
    return g_malloc(slots->size);
}

void slots_give(struct slots *slots, void *piece)
{
    (void)slots;
    g_free(piece);
}

#else

static void add_chunk(struct slots *slots)
{
    size_t count = MAX(CHUNK / slots->size, 1);
    char *chunk = g_malloc(count * slots->size);
    g_ptr_array_add(slots->chunks, chunk);
    for (size_t i = count; i-- > 0;)
        slots_give(slots, chunk + i * slots->size);
}

void *slots_take(struct slots *slots)
{
    if (slots->unused == NULL)
        add_chunk(slots);
    struct unused *piece = slots->unused;
    slots->unused = piece->next;
    return piece;
}

void slots_give(struct slots *slots, void *piece)
{
    if (piece == NULL)
        return;
    struct unused *unused = piece;
    unused->next = slots->unused;
    slots->unused = unused;
}

#endif
