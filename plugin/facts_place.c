/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where octets came in, and how facts hang on them. */

#include "facts_private.h"

static GPtrArray *fresh;

struct fact *const *facts_fresh(unsigned *count)
{
    *count = fresh != NULL ? fresh->len : 0;
    return fresh != NULL ? (struct fact *const *)fresh->pdata : NULL;
}

void facts_forget_fresh(void)
{
    if (fresh == NULL)
        fresh = g_ptr_array_new();
    if (fresh->len > 0)
        g_ptr_array_set_size(fresh, 0);
}

/* ---- pieces ---- */

static struct piece *new_piece(struct call *call)
{
    struct piece *last = &call->piece;
    if (!call->any) {
        CHANGE(call->any, true);
        return last;
    }
    while (last->next != NULL)
        last = last->next;
    struct piece *piece = facts_memory(sizeof *piece);
    CHANGE(last->next, piece);
    return piece;
}

void facts_add_piece(struct facts *facts, unsigned half, struct call *call, uint64_t offset, uint32_t skip,
                     uint32_t length)
{
    struct piece *piece = new_piece(call);
    *piece = (struct piece){ .call = call, .offset = offset, .skip = skip, .length = length };
    if (facts->piece_count[half] == facts->piece_capacity[half]) {
        facts->piece_capacity[half] = MAX(4, facts->piece_capacity[half] + facts->piece_capacity[half] / 2);
        facts->pieces[half] = facts_grow(facts->pieces[half], facts->piece_count[half] * sizeof *facts->pieces[half],
                                         facts->piece_capacity[half] * sizeof *facts->pieces[half]);
    }
    facts->pieces[half][facts->piece_count[half]++] = piece;
}

/* The index of the last piece that begins at or before `offset`; 0 if there is none. */
static uint32_t find_piece(const struct facts *facts, unsigned half, uint64_t offset)
{
    uint32_t low = 0;
    uint32_t high = facts->piece_count[half];
    if (high > 0 && facts->pieces[half][high - 1]->offset <= offset)
        return high - 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (facts->pieces[half][middle]->offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct piece *facts_piece(const struct facts *facts, unsigned half, uint64_t offset)
{
    if (facts->piece_count[half] == 0)
        return NULL;
    return facts->pieces[half][find_piece(facts, half, offset)];
}

static bool is_in(const struct piece *piece, uint64_t offset, uint64_t octets)
{
    return offset >= piece->offset && offset + octets <= piece->offset + piece->length;
}

/* ---- making facts ---- */

void facts_append(struct piece *piece, struct fact *fact)
{
    fact->piece = piece;
    if (!facts_are_provisional() && fresh != NULL)
        g_ptr_array_add(fresh, fact);
    if (piece->last != NULL)
        CHANGE(piece->last->next, fact);
    else
        CHANGE(piece->first, fact);
    CHANGE(piece->last, fact);
}

void *facts_new(const struct dialogue *dialogue, size_t size, enum fact_kind kind, const struct smtp_event *event)
{
    struct fact *fact = facts_memory(size);
    fact->kind = (uint8_t)kind;
    fact->role = (uint8_t)event->role;
    fact->offset = event->offset;
    fact->octets = (uint32_t)MIN(event->octets, UINT32_MAX);
    fact->encrypted = dialogue->smtp.decrypted;
    return fact;
}

bool facts_place(struct dialogue *dialogue, struct fact *fact, uint64_t offset)
{
    struct piece *piece = facts_piece(&dialogue->facts, dialogue_half(dialogue, fact->role), offset);
    if (piece == NULL)
        piece = facts_piece(&dialogue->facts, 1 - dialogue_half(dialogue, fact->role), UINT64_MAX);
    if (piece == NULL)
        return false;
    facts_append(piece, fact);
    return true;
}

bool facts_place_unit(struct dialogue *dialogue, struct fact *fact)
{
    struct facts *facts = &dialogue->facts;
    unsigned half = dialogue_half(dialogue, fact->role);
    uint64_t end = fact->offset + (fact->octets > 0 ? fact->octets : 1);
    facts_place(dialogue, fact, end - 1);
    facts->unit[fact->role] = fact;
    if (is_in(fact->piece, fact->offset, fact->octets))
        return true;
    for (uint32_t i = find_piece(facts, half, fact->offset); i < facts->piece_count[half]; i++) {
        struct piece *piece = facts->pieces[half][i];
        if (piece == fact->piece || piece->offset >= end)
            break;
        if (piece->offset + piece->length <= fact->offset)
            continue;
        struct part_fact *part = facts_memory(sizeof *part);
        part->fact = *fact;
        part->fact.next = NULL;
        part->fact.kind = FACT_PART;
        part->fact.offset = MAX(fact->offset, piece->offset);
        part->fact.octets = (uint32_t)(MIN(end, piece->offset + piece->length) - part->fact.offset);
        part->whole = fact;
        facts_append(piece, &part->fact);
    }
    return false;
}
