/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrets.h"

#include <stdio.h>

unsigned secrets_label(struct secrets *secrets, const struct keeping *keeping, const struct smtp_secret *secret)
{
    if (!secret->rest || secrets->last_label == 0)
        secrets->last_label = keeping->hooks->label(keeping->context, secret->named);
    return secrets->last_label;
}

void secrets_learn(struct secrets *secrets, const struct keeping *keeping, const struct smtp_secret *secret,
                   unsigned label, struct smtp_span identity)
{
    struct smtp_known *known = &secrets->known;
    if (keeping->show_secrets || secret->passing)
        return;
    uint32_t capacity = smtp_known_wants(known, secret);
    size_t octets = known->capacity * sizeof *known->slots;
    if (capacity > known->capacity) {
        struct smtp_known_slot *old = known->slots;
        void *slots = keeping->hooks->resize(keeping->context, NULL, 0, capacity * sizeof *known->slots);
        smtp_known_move(known, memset(slots, 0, capacity * sizeof *known->slots), capacity);
        if (old != NULL)
            keeping->hooks->resize(keeping->context, old, octets, 0);
    } else {
        keeping_change(keeping, known->slots, octets);
    }
    smtp_known_learn(known, secret, label, identity);
}

struct smtp_span secrets_shown(const struct secrets *secrets, const struct keeping *keeping, struct smtp_span text,
                               bool near_login)
{
    struct smtp_masks masks;
    if (secrets->known.used == 0)
        return text;
    smtp_known_find(&secrets->known, text, near_login, &masks);
    if (masks.count == 0)
        return text;
    uint8_t *room = g_malloc(SMTP_MASKED_OCTETS(text.length));
    struct smtp_span kept = keeping_copy(keeping, smtp_span(room, smtp_known_mask(text, &masks, room)));
    g_free(room);
    return kept;
}

struct smtp_span secrets_kept(const struct secrets *secrets, const struct keeping *keeping, struct smtp_span text,
                              bool near_login)
{
    struct smtp_span shown = secrets_shown(secrets, keeping, text, near_login);
    return shown.octets == text.octets ? keeping_copy(keeping, text) : shown;
}

struct smtp_span secrets_identity(const struct secrets *secrets, const struct keeping *keeping,
                                  struct smtp_span identity)
{
    char text[SMTP_LABEL_OCTETS];
    uint32_t label = smtp_known_label(&secrets->known, identity);
    if (label == 0)
        return keeping_copy(keeping, identity);
    snprintf(text, sizeof text, "[secret-%u]", label);
    return keeping_text(keeping, text);
}

struct guarded secrets_guard(struct secrets *secrets, const struct keeping *keeping, struct smtp_span text,
                             const struct smtp_secret *secret, bool near_login, struct smtp_span identity)
{
    struct smtp_span before = smtp_span_first(text, text.length - secret->octets.length);
    struct guarded guarded = { .before = secrets_shown(secrets, keeping, before, near_login) };
    if (secret->octets.length == 0)
        return guarded;
    guarded.secret = secret->octets;
    guarded.label = secrets_label(secrets, keeping, secret);
    secrets_learn(secrets, keeping, secret, guarded.label, identity);
    return guarded;
}

void secrets_forget(struct secrets *secrets, const struct keeping *keeping)
{
    if (secrets->known.slots != NULL)
        keeping->hooks->resize(keeping->context, secrets->known.slots,
                               secrets->known.capacity * sizeof *secrets->known.slots, 0);
    secrets->known = (struct smtp_known){ .slots = NULL };
}

size_t secrets_memory(const struct secrets *secrets)
{
    return secrets->known.capacity * sizeof *secrets->known.slots;
}
