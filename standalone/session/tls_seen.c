/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_seen.h"

const struct tls_seen *tls_seen_keep(struct arena *arena, const struct tls_facts *facts)
{
    unsigned count = facts->chain != NULL ? facts->chain->len : 0;
    struct tls_seen *seen = arena_take(arena, sizeof *seen);
    *seen = (struct tls_seen){
        .fingerprint = facts->fingerprint,
        .group = facts->group,
        .resumed = facts->resumed,
        .chain_seen = facts->chain_seen,
        .chain_cut = facts->chain_cut,
        .certificates = count,
        .certificate = count > 0 ? arena_take(arena, count * sizeof *seen->certificate) : NULL,
    };
    for (unsigned i = 0; i < count; i++) {
        gsize length;
        gconstpointer octets = g_bytes_get_data(g_ptr_array_index(facts->chain, i), &length);
        seen->certificate[i] = arena_copy(arena, smtp_span(octets, length));
    }
    return seen;
}
