/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "key_table.h"

#include <glib.h>
#include <string.h>

/* Places of a piece, 2 to the power of that, which is taken from the arena as a whole: 16 KiB. */
#define PIECE_BITS 10u

#define BITS_AT_FIRST 6u

struct slot {
    struct key key;
    uint32_t mark; /* 0: the place is free */
};

struct key_table {
    struct arena_pool *pool;
    struct arena *arena;
    struct slot **pieces;  /* NULL: all of its places are free */
    unsigned bits;         /* there are so many places: 2 to the power of that, */
    uint64_t used;         /* and so many are not free */
};

struct key key_of(struct smtp_span text)
{
    guint8 digest[32];
    gsize octets = sizeof digest;
    struct key key;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    if (text.length > 0)
        g_checksum_update(checksum, text.octets, (gssize)text.length);
    g_checksum_get_digest(checksum, digest, &octets);
    g_checksum_free(checksum);
    memcpy(key.octets, digest, sizeof key.octets);
    return key;
}

/* Places of a piece, if the table is so large. */
static size_t piece_places(const struct key_table *table)
{
    return (size_t)1 << MIN(table->bits, PIECE_BITS);
}

static size_t piece_count(const struct key_table *table)
{
    return ((size_t)1 << table->bits) / piece_places(table);
}

static void make_places(struct key_table *table, unsigned bits)
{
    table->arena = arena_new(table->pool);
    table->bits = bits;
    table->used = 0;
    table->pieces = g_new0(struct slot *, piece_count(table));
}

struct key_table *key_table_new(struct arena_pool *pool)
{
    struct key_table *table = g_new0(struct key_table, 1);
    table->pool = pool;
    make_places(table, BITS_AT_FIRST);
    return table;
}

void key_table_free(struct key_table *table)
{
    arena_free(table->arena);
    g_free(table->pieces);
    g_free(table);
}

/*
 * The place of a key, or the free one where it belongs; NULL where that is in a piece that is not there. By the first bits of keys: when the
 * table grows, neighbours stay neighbours, and both tables are walked through from one end to the other.
 */
static struct slot *place_of(const struct key_table *table, const struct key *key)
{
    uint64_t first = 0;
    for (unsigned i = 0; i < sizeof first; i++)
        first = first << 8 | key->octets[i];
    size_t mask = ((size_t)1 << table->bits) - 1;
    for (size_t at = (size_t)(first >> (64 - table->bits));; at = (at + 1) & mask) {
        struct slot *piece = table->pieces[at / piece_places(table)];
        if (piece == NULL)
            return NULL;
        struct slot *place = &piece[at % piece_places(table)];
        if (place->mark == 0 || memcmp(place->key.octets, key->octets, sizeof key->octets) == 0)
            return place;
    }
}

/* The same, with all pieces that a search of the key passes through. */
static struct slot *make_place(struct key_table *table, const struct key *key)
{
    struct slot *place = place_of(table, key);
    size_t piece = 0;
    for (unsigned i = 0; i < sizeof piece; i++)
        piece = piece << 8 | key->octets[i];
    for (piece = (piece >> (64 - table->bits)) / piece_places(table); place == NULL; place = place_of(table, key)) {
        while (table->pieces[piece] != NULL)
            piece = (piece + 1) % piece_count(table);
        table->pieces[piece] = arena_take(table->arena, piece_places(table) * sizeof **table->pieces);
    }
    return place;
}

static void put(struct key_table *table, const struct key *key, uint32_t mark)
{
    struct slot *place = make_place(table, key);
    table->used += place->mark == 0;
    *place = (struct slot){ .key = *key, .mark = mark };
}

static void grow(struct key_table *table)
{
    const struct key_table old = *table;
    make_places(table, old.bits + 1);
    for (size_t i = 0; i < piece_count(&old); i++) {
        arena_pool_looked(old.pool);
        for (size_t j = 0; old.pieces[i] != NULL && j < piece_places(&old); j++)
            if (old.pieces[i][j].mark != 0)
                put(table, &old.pieces[i][j].key, old.pieces[i][j].mark);
    }
    arena_free(old.arena);
    g_free(old.pieces);
}

uint32_t key_table_find(const struct key_table *table, const struct key *key)
{
    const struct slot *place = place_of(table, key);
    arena_pool_looked(table->pool);
    return place != NULL ? place->mark : 0;
}

void key_table_set(struct key_table *table, const struct key *key, uint32_t mark)
{
    if (table->used >= ((uint64_t)1 << table->bits) / 4 * 3)
        grow(table);
    put(table, key, mark);
}
