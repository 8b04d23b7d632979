/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_private.h"

/*
 * RFC 1071: the sum of 16-bit words in ones' complement does not depend on their byte order, nor on how many are added
 * at a time. Here 32 bits are, into sums that are wide enough not to overflow.
 */

static uint32_t fold(uint64_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

static uint64_t add_octets(uint64_t sum, const uint8_t *octets, size_t length)
{
    uint64_t sums[4] = { sum, 0, 0, 0 };
    uint32_t words[4];
    for (; length >= sizeof words; octets += sizeof words, length -= sizeof words) {
        memcpy(words, octets, sizeof words);
        for (unsigned i = 0; i < 4; i++)
            sums[i] += words[i];
    }
    for (uint32_t word = 0; length > 0; length -= length < sizeof word ? length : sizeof word, word = 0) {
        memcpy(&word, octets, length < sizeof word ? length : sizeof word);
        sums[0] += word;
        octets += length < sizeof word ? length : sizeof word;
    }
    return fold(sums[0]) + fold(sums[1]) + fold(sums[2]) + fold(sums[3]);
}

bool packet_ip_header_is_right(struct smtp_span header)
{
    bool filled_in = header.octets[10] != 0 || header.octets[11] != 0;
    return !filled_in || fold(add_octets(0, header.octets, header.length)) == 0xffff;
}

uint32_t packet_header_sum(const struct packet_segment *segment, struct smtp_span header, uint32_t octets)
{
    const uint8_t rest[8] = {
        (uint8_t)(octets >> 24), (uint8_t)(octets >> 16), (uint8_t)(octets >> 8), (uint8_t)octets, 0, 0, 0, 6
    };
    size_t address = segment->source.version == 4 ? 4 : 16;
    uint64_t sum = add_octets(0, header.octets, header.length);
    sum = add_octets(sum, segment->source.octets, address);
    sum = add_octets(sum, segment->destination.octets, address);
    return fold(add_octets(sum, rest, sizeof rest));
}

bool packet_checksum_is_right(const struct packet_segment *segment)
{
    return !segment->ip_is_wrong &&
           fold(add_octets(segment->header_sum, segment->payload.octets, segment->payload.length)) == 0xffff;
}
