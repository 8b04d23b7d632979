/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refusals.h"

static uint64_t add_to_hash(uint64_t hash, struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++) /* FNV-1a */
        hash = (hash ^ smtp_ascii_upper(text.octets[i])) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t refusals_hash(struct smtp_span text)
{
    return add_to_hash(UINT64_C(0xcbf29ce484222325), text);
}

/* Of the words so many octets are compared, and an address that is longer than any path may be is not looked for. */
#define WORDS_COMPARED ((size_t)1024)
#define ADDRESS_LIMIT ((size_t)256)

/* The words without the address, which a server may repeat in any case. */
static uint64_t hash_words(struct smtp_span text, struct smtp_span address)
{
    text = smtp_span_first(text, WORDS_COMPARED);
    if (address.length > ADDRESS_LIMIT)
        address = smtp_span("", 0);
    uint64_t hash = refusals_hash(smtp_span("", 0));
    size_t from = 0;
    for (size_t at = 0; address.length > 0 && at + address.length <= text.length;) {
        struct smtp_span here = smtp_span(text.octets + at, address.length);
        if (g_ascii_strncasecmp((const char *)here.octets, (const char *)address.octets, address.length) != 0) {
            at++;
            continue;
        }
        hash = add_to_hash(hash, smtp_span(text.octets + from, at - from));
        at += address.length;
        from = at;
    }
    return add_to_hash(hash, smtp_span_from(text, from));
}

static bool same_reason(const struct refusal *one, const struct refusal *other)
{
    return one->of == other->of && one->code == other->code && one->words == other->words &&
           one->of_token == other->of_token;
}

void refusals_add(struct refusals *refusals, struct arena *arena, const struct refusal *refusal)
{
    struct refusal wanted = *refusal;
    wanted.words = hash_words(refusal->text, refusal->address);
    wanted.count = 1;
    for (GList *link = refusals->list.head; link != NULL; link = link->next) {
        struct refusal *known = link->data;
        if (!same_reason(known, &wanted))
            continue;
        known->count++;
        return;
    }
    if (refusals->list.length >= REFUSALS_KEPT) {
        refusals->beyond++;
        return;
    }
    struct refusal *kept = arena_take(arena, sizeof *kept);
    *kept = wanted;
    kept->link = (GList){ .data = kept };
    g_queue_push_tail_link(&refusals->list, &kept->link);
}

void refusals_note_address(struct refusals *refusals, struct smtp_span argument, struct place place)
{
    if (refusals->refused++ == 0)
        refusals->place = place;
    uint64_t hash = refusals_hash(argument);
    for (unsigned i = 0; i < refusals->address_count; i++)
        if (refusals->addresses[i] == hash)
            return;
    if (refusals->address_count < REFUSED_ADDRESSES_KEPT)
        refusals->addresses[refusals->address_count++] = hash;
}
