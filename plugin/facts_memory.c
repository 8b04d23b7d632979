/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The memory that facts lie in, and what of its changes can be undone. */

#include "facts_private.h"

#include <stdalign.h>

/* ---- memory ---- */

#define SLAB_OCTETS ((size_t)32768)
#define CONTENT_SLAB_OCTETS ((size_t)262144)
#define STRETCH_LEAST 64

static uint8_t *slab;
static size_t slab_left;
static uint8_t *content_slab; /* content has slabs of its own */
static size_t content_left;

void *facts_memory(size_t octets)
{
    octets = (octets + 7) & ~(size_t)7;
    if (octets > SLAB_OCTETS / 4) /* a text from the wire may have any length */
        return wmem_alloc0(wmem_file_scope(), octets);
    if (octets > slab_left) {
        slab = wmem_alloc(wmem_file_scope(), SLAB_OCTETS);
        slab_left = SLAB_OCTETS;
    }
    uint8_t *memory = slab;
    slab += octets;
    slab_left -= octets;
    memset(memory, 0, octets);
    return memory;
}

/* ---- what can be undone ---- */

struct change {
    struct change *before;
    void *where;
    size_t octets;
    uint8_t was[];
};

static bool provisional;
static struct change *last_change;

void facts_change(void *where, size_t octets)
{
    if (!provisional)
        return;
    struct change *change = wmem_alloc(wmem_file_scope(), sizeof *change + octets);
    change->before = last_change;
    change->where = where;
    change->octets = octets;
    memcpy(change->was, where, octets);
    last_change = change;
}

bool facts_are_provisional(void)
{
    return provisional;
}

void facts_begin_provisional(void)
{
    provisional = true;
}

void facts_end_provisional(void)
{
    provisional = false;
}

void facts_roll_back(void)
{
    while (last_change != NULL) {
        struct change *change = last_change;
        memcpy(change->where, change->was, change->octets);
        last_change = change->before;
        wmem_free(wmem_file_scope(), change);
    }
}

void *facts_grow(void *array, size_t old_octets, size_t octets)
{
    if (!provisional)
        return wmem_realloc(wmem_file_scope(), array, octets);
    void *larger = wmem_alloc(wmem_file_scope(), octets);
    if (old_octets > 0)
        memcpy(larger, array, old_octets);
    return larger;
}

void facts_forget_memory(void)
{
    slab_left = 0;
    content_left = 0;
    last_change = NULL;
    provisional = false;
}

/* ---- content ---- */

/* Begins a new stretch, with room for some octets at least. */
static struct stretch *new_stretch(struct message *message)
{
    size_t gap = -(uintptr_t)content_slab & (alignof(struct stretch) - 1);
    content_slab += gap;
    content_left -= MIN(gap, content_left);
    if (content_left < sizeof(struct stretch) + STRETCH_LEAST) {
        content_slab = wmem_alloc(wmem_file_scope(), CONTENT_SLAB_OCTETS);
        content_left = CONTENT_SLAB_OCTETS;
    }
    struct stretch *stretch = (struct stretch *)(void *)content_slab;
    *stretch = (struct stretch){ .next = NULL };
    content_slab = stretch->content;
    content_left -= offsetof(struct stretch, content);
    if (message->last != NULL)
        CHANGE(message->last->next, stretch);
    else
        CHANGE(message->first, stretch);
    CHANGE(message->last, stretch);
    return stretch;
}

void facts_gather(struct message *message, struct smtp_span octets)
{
    while (octets.length > 0) {
        struct stretch *stretch = message->last;
        bool grows =
            stretch != NULL && stretch->content + stretch->octets == content_slab && content_left > 0 && !provisional;
        if (!grows)
            stretch = new_stretch(message);
        size_t taken = MIN(octets.length, content_left);
        memcpy(content_slab, octets.octets, taken);
        stretch->octets += (uint32_t)taken;
        content_slab += taken;
        content_left -= taken;
        octets = smtp_span_from(octets, taken);
    }
}
