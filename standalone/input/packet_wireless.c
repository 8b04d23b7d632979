/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_private.h"

/* Of a frame in an A-MSDU. */
#define SUBFRAME_HEADER 14u

static uint32_t get_little16(const uint8_t *octets)
{
    return (uint32_t)octets[1] << 8 | octets[0];
}

/* One of the frames of an A-MSDU: addresses and length in front of it, and padding to a multiple of four octets behind. */
enum packet_result packet_aggregated(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, SUBFRAME_HEADER, &result))
        return result;
    uint32_t length = SUBFRAME_HEADER + packet_get16(rest.octets.octets + 12);
    uint32_t padded = (length + 3) & ~3u;
    if (rest.wire >= padded + SUBFRAME_HEADER) { /* what is shorter than a header is the frame's check sequence */
        packet->following.octets = smtp_span_from(rest.octets, padded);
        packet->following.wire = rest.wire - padded;
    }
    packet_limit(&rest, length);
    packet_pass(&rest, SUBFRAME_HEADER);
    return packet_llc(rest, packet);
}

/* IEEE 802.11 section 9.2: data frames; `padded`: the header is padded to a multiple of four octets. */
enum packet_result packet_wireless(struct packet_rest rest, bool padded, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 24, &result))
        return result == PACKET_MALFORMED ? PACKET_NOT_TCP : result; /* acknowledgements and their kin are shorter */
    uint8_t control = rest.octets.octets[0];
    uint8_t flags = rest.octets.octets[1];
    bool is_data = (control & 0x0c) == 0x08;
    bool without_data = (control & 0x40) != 0;
    bool quality = (control & 0x80) != 0;
    if (!is_data || without_data)
        return PACKET_NOT_TCP;
    if (flags & 0x40)
        return PACKET_ENCRYPTED;
    uint32_t length = (flags & 0x03) == 0x03 ? 30 : 24; /* between access points: a fourth address */
    bool several = false;
    if (quality) {
        if (!packet_has(&rest, length + 2, &result))
            return result;
        several = (rest.octets.octets[length] & 0x80) != 0;
        length += 2;
        length += flags & 0x80 ? 4 : 0;
    }
    if (padded)
        length = (length + 3) & ~3u;
    if (!packet_pass(&rest, length))
        return PACKET_CUT;
    return several ? packet_aggregated(rest, packet) : packet_llc(rest, packet);
}

/* The radiotap header (radiotap.org): of its fields only the flags are needed, the second one there may be. */
enum packet_result packet_radiotap(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 8, &result))
        return result;
    const uint8_t *header = rest.octets.octets;
    uint32_t length = get_little16(header + 2);
    bool timestamp = (header[4] & 0x01) != 0;
    bool has_flags = (header[4] & 0x02) != 0;
    if (header[0] != 0 || length < 8)
        return PACKET_MALFORMED;
    if (!packet_has(&rest, length, &result))
        return result;
    uint32_t at = 8;
    for (unsigned word = 0; (header[at - 1] & 0x80) && at + 4 <= length && word < PACKET_HEADERS_LIMIT; word++)
        at += 4;
    if (timestamp)
        at = ((at + 7) & ~7u) + 8;
    bool padded = has_flags && at < length && (header[at] & 0x20);
    packet_pass(&rest, length);
    return packet_wireless(rest, padded, packet);
}
