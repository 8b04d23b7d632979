/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shard.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_octets(uint64_t hash, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ octets[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t hash_endpoint(const struct packet_address *address, uint16_t port)
{
    const uint8_t numbers[3] = { address->version, (uint8_t)(port >> 8), (uint8_t)port };
    uint64_t hash = hash_octets(UINT64_C(0xcbf29ce484222325), address->octets, address->version == 4 ? 4 : 16);
    return hash_octets(hash, numbers, sizeof numbers);
}

uint64_t shard_of(const struct packet_segment *segment, uint64_t shards)
{
    uint64_t hash = hash_endpoint(&segment->source, segment->source_port)
                    + hash_endpoint(&segment->destination, segment->destination_port); /* symmetric */
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (hash ^ hash >> 33) % shards;
}
