/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spool.h"

#include <errno.h>
#include <glib.h>
#include <unistd.h>

#include "temporary.h"

/* What is remembered of a text in memory takes about so many octets. */
#define TEXT_OVERHEAD ((size_t)128)

/* A text: its parts in memory, and the part in the file behind them. */
struct text {
    uint64_t number;
    GString *memory; /* NULL: none of it */
    off_t offset;
    uint64_t octets; /* in the file */
};

/* Of a text that lies in the file as a whole, and is not remembered in memory: in the index, at its number. */
struct place {
    uint64_t there; /* 0: there is none */
    uint64_t offset, octets;
};

struct spool {
    GHashTable *texts; /* by number: those that are remembered in memory */
    struct text *open; /* what is being put in; NULL: nothing */
    size_t memory;
    FILE *file;        /* NULL: not needed yet */
    off_t end;
    int index;         /* struct place, by number; -1: not needed yet */
};

static void free_text(gpointer pointer)
{
    struct text *text = pointer;
    if (text->memory != NULL)
        g_string_free(text->memory, TRUE);
    g_free(text);
}

struct spool *spool_new(void)
{
    struct spool *spool = g_new0(struct spool, 1);
    spool->texts = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_text);
    spool->index = -1;
    return spool;
}

void spool_free(struct spool *spool)
{
    g_hash_table_destroy(spool->texts);
    if (spool->open != NULL)
        free_text(spool->open);
    if (spool->file != NULL)
        fclose(spool->file);
    if (spool->index >= 0)
        close(spool->index);
    g_free(spool);
}

static bool open_file(struct spool *spool)
{
    if (spool->file == NULL)
        spool->file = temporary_stream();
    return spool->file != NULL;
}

bool spool_add(struct spool *spool, struct smtp_span octets)
{
    if (spool->open == NULL)
        spool->open = g_new0(struct text, 1);
    struct text *text = spool->open;
    size_t needed = octets.length + (text->memory == NULL ? TEXT_OVERHEAD : 0);
    if (text->octets == 0 && spool->memory + needed <= SPOOL_MEMORY) {
        if (text->memory == NULL)
            text->memory = g_string_new(NULL);
        g_string_append_len(text->memory, (const char *)octets.octets, (gssize)octets.length);
        spool->memory += octets.length;
        return true;
    }
    if (!open_file(spool))
        return false;
    if (text->octets == 0)
        text->offset = spool->end;
    if (fseeko(spool->file, spool->end, SEEK_SET) != 0 || fwrite(octets.octets, 1, octets.length, spool->file) != octets.length)
        return false;
    spool->end += (off_t)octets.length;
    text->octets += octets.length;
    return true;
}

static bool write_place(struct spool *spool, uint64_t number, const struct place *place)
{
    if (spool->index < 0)
        spool->index = temporary_open();
    return spool->index >= 0
           && pwrite(spool->index, place, sizeof *place, (off_t)(number * sizeof *place)) == (ssize_t)sizeof *place;
}

/* Zeros if there is none. */
static struct place read_place(const struct spool *spool, uint64_t number)
{
    struct place place = { .there = 0 };
    if (spool->index < 0 || pread(spool->index, &place, sizeof place, (off_t)(number * sizeof place)) != (ssize_t)sizeof place)
        return (struct place){ .there = 0 };
    return place;
}

bool spool_end(struct spool *spool, uint64_t number)
{
    struct text *text = spool->open != NULL ? spool->open : g_new0(struct text, 1);
    spool->open = NULL;
    if (text->memory != NULL || spool->memory + TEXT_OVERHEAD <= SPOOL_MEMORY) {
        text->number = number;
        g_hash_table_replace(spool->texts, &text->number, text);
        spool->memory += TEXT_OVERHEAD;
        return true;
    }
    const struct place place = { .there = 1, .offset = (uint64_t)text->offset, .octets = text->octets };
    free_text(text);
    return write_place(spool, number, &place);
}

static bool copy(FILE *from, uint64_t octets, spool_taker *take, void *context)
{
    char piece[65536];
    while (octets > 0) {
        size_t length = fread(piece, 1, MIN(octets, sizeof piece), from);
        if (length == 0 || !take(context, smtp_span(piece, length)))
            return false;
        octets -= length;
    }
    return true;
}

static bool move_stretch(struct spool *spool, off_t offset, uint64_t octets, spool_taker *take, void *context)
{
    return octets == 0 || (fseeko(spool->file, offset, SEEK_SET) == 0 && copy(spool->file, octets, take, context));
}

static bool move_place(struct spool *spool, uint64_t number, spool_taker *take, void *context)
{
    const struct place nothing = { .there = 0 };
    struct place place = read_place(spool, number);
    if (place.there == 0) {
        errno = ENOENT;
        return false;
    }
    return move_stretch(spool, (off_t)place.offset, place.octets, take, context) && write_place(spool, number, &nothing);
}

bool spool_move(struct spool *spool, uint64_t number, spool_taker *take, void *context)
{
    struct text *text = g_hash_table_lookup(spool->texts, &number);
    if (text == NULL)
        return move_place(spool, number, take, context);
    bool good = true;
    if (text->memory != NULL) {
        good = take(context, smtp_span(text->memory->str, text->memory->len));
        spool->memory -= text->memory->len;
    }
    good = good && move_stretch(spool, text->offset, text->octets, take, context);
    spool->memory -= TEXT_OVERHEAD;
    g_hash_table_remove(spool->texts, &number);
    return good;
}

static bool write_to(void *context, struct smtp_span text)
{
    return fwrite(text.octets, 1, text.length, context) == text.length;
}

bool spool_give(struct spool *spool, uint64_t number, FILE *out)
{
    return spool_move(spool, number, write_to, out);
}
