/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recipient_set.h"

#include <string.h>

#include "mail_facts.h"

/* Up to so many are compared with each other. */
#define FEW 8u

/* More are looked at in several passes, in each the addresses of another range of hashes: about so many in one. */
#define IN_ONE_PASS 65536u

static bool has(const struct recipient_set *set, unsigned index)
{
    return set->bits->data[index / 8] >> index % 8 & 1;
}

static void add(struct recipient_set *set, unsigned index)
{
    set->bits->data[index / 8] |= (guint8)(1u << index % 8);
    set->count++;
}

static bool is_wanted(const struct recipient *recipient, bool refused)
{
    return recipient->address.length > 0 && (!refused || mail_facts_refused(recipient));
}

/* ---- few ---- */

static bool stands_before(const struct recipient_set *set, const GList *link, unsigned index)
{
    struct smtp_span address = ((const struct recipient *)link->data)->address;
    while (index-- > 0) {
        link = link->prev;
        if (has(set, index) && smtp_span_same(((const struct recipient *)link->data)->address, address))
            return true;
    }
    return false;
}

static void fill_few(struct recipient_set *set, bool refused)
{
    unsigned index = 0;
    for (const GList *link = set->transaction->recipients.head; link != NULL; link = link->next, index++)
        if (is_wanted(link->data, refused) && !stands_before(set, link, index))
            add(set, index);
}

/* ---- many ---- */

/* An address, by its hash. */
struct hashed {
    uint64_t hash;
    const struct recipient *recipient; /* NULL: a place of a table that is free */
    unsigned index;
};

/* Those that may be in the set, in their order, in pieces of the arena: the recipients themselves are far more to walk through. */
#define IN_ONE_PIECE 512u

struct piece {
    struct piece *next;
    unsigned count;
    struct hashed addresses[IN_ONE_PIECE];
};

/* Nobody who sends addresses knows how they hash. */
static uint64_t hash_of(struct smtp_span text, uint64_t seed)
{
    uint64_t hash = seed;
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ text.octets[i]) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 47);
    return hash ^ hash >> 32;
}

static struct piece *hash_all(const struct recipient_set *set, struct arena *arena, bool refused)
{
    uint64_t seed = (uint64_t)g_random_int() << 32 | g_random_int();
    struct piece *first = arena_take(arena, sizeof *first);
    struct piece *last = first;
    unsigned index = 0;
    for (const GList *link = set->transaction->recipients.head; link != NULL; link = record_next(set->record, link), index++) {
        const struct recipient *recipient = link->data;
        if (!is_wanted(recipient, refused))
            continue;
        if (last->count == IN_ONE_PIECE)
            last = last->next = arena_take(arena, sizeof *last);
        last->addresses[last->count++] =
            (struct hashed){ .hash = hash_of(recipient->address, seed), .recipient = recipient, .index = index };
    }
    return first;
}

struct table {
    struct hashed *places;
    size_t size; /* a power of two */
    size_t used;
};

/* The place of that address, or the free one where it belongs. */
static struct hashed *place_of(const struct table *table, const struct hashed *address)
{
    size_t at = address->hash & (table->size - 1);
    while (table->places[at].recipient != NULL
           && (table->places[at].hash != address->hash
               || !smtp_span_same(table->places[at].recipient->address, address->recipient->address)))
        at = (at + 1) & (table->size - 1);
    return &table->places[at];
}

/* A range may have more than its share. */
static void widen(struct table *table)
{
    struct table wider = { .places = g_new0(struct hashed, 2 * table->size), .size = 2 * table->size, .used = table->used };
    for (size_t i = 0; i < table->size; i++)
        if (table->places[i].recipient != NULL)
            *place_of(&wider, &table->places[i]) = table->places[i];
    g_free(table->places);
    *table = wider;
}

/* Whether the address is new. */
static bool enter(struct table *table, const struct hashed *address)
{
    struct hashed *place = place_of(table, address);
    if (place->recipient != NULL)
        return false;
    *place = *address;
    if (++table->used > table->size / 2)
        widen(table);
    return true;
}

static void fill_many(struct recipient_set *set, bool refused)
{
    struct arena *arena = arena_new(set->record->options->message.pool);
    const struct piece *first = hash_all(set, arena, refused);
    unsigned passes = set->transaction->recipients.length / IN_ONE_PASS + 1;
    struct table table = { .size = 64 };
    while (table.size < 2 * MIN(set->transaction->recipients.length, IN_ONE_PASS))
        table.size *= 2;
    table.places = g_new(struct hashed, table.size);
    for (unsigned pass = 0; pass < passes; pass++) {
        memset(table.places, 0, table.size * sizeof *table.places);
        table.used = 0;
        for (const struct piece *piece = first; piece != NULL; piece = piece->next) {
            arena_pool_looked(set->record->options->message.pool);
            for (unsigned i = 0; i < piece->count; i++)
                if ((piece->addresses[i].hash >> 32) % passes == pass && enter(&table, &piece->addresses[i]))
                    add(set, piece->addresses[i].index);
        }
    }
    g_free(table.places);
    arena_free(arena);
}

/* ---- the set ---- */

void recipient_set_fill(struct recipient_set *set, const struct record *record, const struct transaction *transaction, bool refused)
{
    unsigned octets = transaction->recipients.length / 8 + 1;
    set->record = record;
    set->transaction = transaction;
    set->count = 0;
    if (set->bits == NULL)
        set->bits = g_byte_array_new();
    g_byte_array_set_size(set->bits, octets);
    memset(set->bits->data, 0, octets);
    if (transaction->recipients.length <= FEW)
        fill_few(set, refused);
    else
        fill_many(set, refused);
}

void recipient_set_each(const struct recipient_set *set, void (*take)(void *context, struct smtp_span address), void *context)
{
    unsigned index = 0;
    if (set->count == 0)
        return;
    for (const GList *link = set->transaction->recipients.head; link != NULL; link = record_next(set->record, link), index++)
        if (has(set, index))
            take(context, ((const struct recipient *)link->data)->address);
}

void recipient_set_clear(struct recipient_set *set)
{
    if (set->bits != NULL)
        g_byte_array_free(set->bits, TRUE);
    set->bits = NULL;
}
