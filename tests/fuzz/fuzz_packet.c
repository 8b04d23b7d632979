/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Packet decoding under arbitrary frames. The input is a list of frames: link type (an index), length in two octets, the octets.
 * Fragments are put together on the way. What is decoded must lie in the frame, or in the packet that was put together.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fragments.h"
#include "shard.h"

static const int link_types[] = { 1, 113, 276, 0, 108, 101, 12, 9, 50, 51, 104, 105, 127, 228, 229, 147 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum packet_result result, const struct packet *packet)
{
    if (result == PACKET_SEGMENT) {
        const struct packet_segment *segment = &packet->segment;
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < segment->payload.length; i++)
            sum = (uint8_t)(sum + segment->payload.octets[i]);
        if (segment->payload.length > segment->payload_octets || shard_of(segment, 7) >= 7)
            abort();
    }
    if (packet_result_name(result) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fragments *fragments = fragments_new();
    struct packet packet = { .segment = { .flags = 0 } };
    struct capture_frame frame = { .number = 0 };
    while (size >= 3) {
        frame.link_type = link_types[data[0] % (sizeof link_types / sizeof link_types[0])];
        uint32_t cut = data[0] >> 4; /* octets that the snap length cut off */
        size_t length = (size_t)data[1] << 8 | data[2];
        data += 3;
        size -= 3;
        length = length < size ? length : size;
        uint8_t *copy = malloc(length > 0 ? length : 1); /* of exactly its length: reading too far is seen */
        memcpy(copy, data, length);
        frame.number++;
        frame.time += 1000000;
        frame.octets = smtp_span(copy, length);
        frame.original_octets = (uint32_t)length + cut;
        check(fragments_decode(fragments, &frame, &packet), &packet);
        while (packet.following.wire > 0) {
            uint32_t wire = packet.following.wire;
            check(fragments_decode_following(fragments, &frame, &packet), &packet);
            if (packet.following.wire >= wire)
                abort();
        }
        free(copy);
        data += length;
        size -= length;
    }
    while (fragments_last_conflict(fragments, &frame, &packet.segment))
        if (packet.segment.conflict.octets == 0)
            abort();
    fragments_lost(fragments, true);
    fragments_free(fragments);
    return 0;
}
