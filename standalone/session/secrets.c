/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrets.h"

/* There may be a great many, and they are kept to the end: a table of digests without an allocation each. */
#define FIRST_SLOTS 64u

struct slot {
    guint8 digest[16]; /* of SHA-256, its first half: enough to tell secrets apart */
    guint32 label;     /* 0: free */
};

struct secrets {
    struct slot *slots;
    size_t size; /* a power of two */
    guint32 count;
};

struct secrets *secrets_new(void)
{
    struct secrets *secrets = g_new0(struct secrets, 1);
    secrets->size = FIRST_SLOTS;
    secrets->slots = g_new0(struct slot, secrets->size);
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    g_free(secrets->slots);
    g_free(secrets);
}

/* The digest's slot, or the free one where it belongs. */
static struct slot *slot_of(struct slot *slots, size_t size, const guint8 *digest)
{
    size_t at = 0;
    memcpy(&at, digest, sizeof at);
    for (at &= size - 1; slots[at].label != 0; at = (at + 1) & (size - 1))
        if (memcmp(slots[at].digest, digest, sizeof slots[at].digest) == 0)
            break;
    return &slots[at];
}

static void grow(struct secrets *secrets)
{
    struct slot *larger = g_new0(struct slot, secrets->size * 2);
    for (size_t i = 0; i < secrets->size; i++)
        if (secrets->slots[i].label != 0)
            *slot_of(larger, secrets->size * 2, secrets->slots[i].digest) = secrets->slots[i];
    g_free(secrets->slots);
    secrets->slots = larger;
    secrets->size *= 2;
}

unsigned secrets_label(struct secrets *secrets, struct smtp_span secret)
{
    guint8 digest[32];
    gsize octets = sizeof digest;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    if (secret.length > 0)
        g_checksum_update(checksum, secret.octets, (gssize)secret.length);
    g_checksum_get_digest(checksum, digest, &octets);
    g_checksum_free(checksum);
    struct slot *slot = slot_of(secrets->slots, secrets->size, digest);
    if (slot->label != 0)
        return slot->label;
    if (secrets->count >= secrets->size / 4 * 3) {
        grow(secrets);
        slot = slot_of(secrets->slots, secrets->size, digest);
    }
    memcpy(slot->digest, digest, sizeof slot->digest);
    slot->label = ++secrets->count;
    return slot->label;
}
