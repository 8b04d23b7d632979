/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "community_id.h"

#include <glib.h>
#include <string.h>

char *community_id(const struct tcp_endpoint endpoint[static 2])
{
    size_t length = endpoint[0].address.version == 6 ? 16 : 4;
    int order = memcmp(endpoint[0].address.octets, endpoint[1].address.octets, length);
    bool swap = order > 0 || (order == 0 && endpoint[0].port > endpoint[1].port);
    const struct tcp_endpoint *low = &endpoint[swap ? 1 : 0];
    const struct tcp_endpoint *high = &endpoint[swap ? 0 : 1];
    const uint8_t seed[] = { 0, 0 };
    const uint8_t tail[] = { 6, 0, (uint8_t)(low->port >> 8), (uint8_t)low->port, (uint8_t)(high->port >> 8), (uint8_t)high->port };

    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(checksum, seed, sizeof seed);
    g_checksum_update(checksum, low->address.octets, (gssize)length);
    g_checksum_update(checksum, high->address.octets, (gssize)length);
    g_checksum_update(checksum, tail, sizeof tail);
    guint8 digest[20];
    gsize digest_length = sizeof digest;
    g_checksum_get_digest(checksum, digest, &digest_length);
    g_checksum_free(checksum);
    char *base64 = g_base64_encode(digest, digest_length);
    char *id = g_strconcat("1:", base64, NULL);
    g_free(base64);
    return id;
}
