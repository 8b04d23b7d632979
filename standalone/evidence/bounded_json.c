/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bounded_json.h"

#include <stdalign.h>
#include <stddef.h>

#include <glib.h>

/* In front of each piece of memory: how large it is. */
union header {
    size_t size;
    max_align_t aligned;
};

/* Jansson's hooks have no context. */
static uint64_t held, limit;
static bool exceeded;

static void *take(size_t size)
{
    uint64_t whole = sizeof(union header) + (uint64_t)size;
    union header *piece = held <= limit && whole <= limit - held ? g_malloc(whole) : NULL;
    if (piece == NULL) {
        exceeded = true;
        return NULL;
    }
    held += whole;
    piece->size = whole;
    return piece + 1;
}

static void give_back(void *memory)
{
    if (memory == NULL)
        return;
    union header *piece = (union header *)memory - 1;
    held -= piece->size;
    g_free(piece);
}

json_t *bounded_json_read(struct smtp_span text, uint64_t memory)
{
    json_set_alloc_funcs(take, give_back);
    limit = memory;
    exceeded = false;
    json_t *object = json_loadb((const char *)text.octets, text.length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

bool bounded_json_exceeded(void)
{
    return exceeded;
}
