/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_private.h"

/*
 * RFC 1071: the sum of 16-bit words in ones' complement does not depend on their byte order, nor on how many are added at a time.
 * Here 32 bits are, four times side by side: of each the sum modulo 2^32 and the sum of the upper halves are kept, which give that of
 * the lower halves. So neither overflows for as many octets as a packet has.
 */
#define OCTETS_MOST ((size_t)65535)

static uint32_t fold(uint64_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

/* Adds OCTETS_MOST octets at the most. */
static uint64_t add_octets(uint64_t sum, const uint8_t *octets, size_t length)
{
    uint32_t sums[4] = { 0 };
    uint32_t uppers[4] = { 0 };
    uint32_t words[4];
    for (; length >= sizeof words; octets += sizeof words, length -= sizeof words) {
        memcpy(words, octets, sizeof words);
        for (unsigned i = 0; i < 4; i++)
            sums[i] += words[i];
        for (unsigned i = 0; i < 4; i++)
            uppers[i] += words[i] >> 16;
    }
    for (unsigned i = 0; i < 4; i++)
        sum += (uint64_t)uppers[i] + (sums[i] - (uppers[i] << 16));
    while (length > 0) {
        uint32_t word = 0;
        size_t now = length < sizeof word ? length : sizeof word;
        memcpy(&word, octets, now);
        sum += word;
        octets += now;
        length -= now;
    }
    return sum;
}

bool packet_can_be_summed(uint32_t octets)
{
    return octets <= OCTETS_MOST;
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
