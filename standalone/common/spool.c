/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spool.h"

#include <errno.h>
#include <glib.h>

#include "temporary.h"

/* A text: its parts in memory, and the part in the file behind them. */
struct text {
    uint64_t number;
    GString *memory; /* NULL: none of it */
    off_t offset;
    uint64_t octets; /* in the file */
};

struct spool {
    GHashTable *texts; /* by number */
    struct text *open; /* what is being put in; NULL: nothing */
    size_t memory;
    FILE *file;        /* NULL: not needed yet */
    off_t end;
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
    return spool;
}

void spool_free(struct spool *spool)
{
    g_hash_table_destroy(spool->texts);
    if (spool->open != NULL)
        free_text(spool->open);
    if (spool->file != NULL)
        fclose(spool->file);
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
    if (text->octets == 0 && spool->memory + octets.length <= SPOOL_MEMORY) {
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

void spool_end(struct spool *spool, uint64_t number)
{
    struct text *text = spool->open != NULL ? spool->open : g_new0(struct text, 1);
    text->number = number;
    g_hash_table_replace(spool->texts, &text->number, text);
    spool->open = NULL;
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

bool spool_move(struct spool *spool, uint64_t number, spool_taker *take, void *context)
{
    struct text *text = g_hash_table_lookup(spool->texts, &number);
    if (text == NULL) {
        errno = ENOENT;
        return false;
    }
    bool good = true;
    if (text->memory != NULL) {
        good = take(context, smtp_span(text->memory->str, text->memory->len));
        spool->memory -= text->memory->len;
    }
    if (good && text->octets > 0)
        good = fseeko(spool->file, text->offset, SEEK_SET) == 0 && copy(spool->file, text->octets, take, context);
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
