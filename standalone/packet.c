/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#include <pcap/dlt.h>

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define IP_PROTOCOL_TCP 6

/* More tags than anybody stacks; a frame made of nothing else must end somewhere. */
#define VLAN_TAGS_LIMIT 8
#define EXTENSION_HEADERS_LIMIT 16

/* The rest of a frame: what was captured of it, and what was on the wire. */
struct rest {
    struct smtp_span octets;
    uint32_t wire;
};

static uint16_t get16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

static uint32_t get32(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

/* Passes `count` octets. Returns false if they were not captured. */
static bool pass(struct rest *rest, uint32_t count)
{
    if (rest->octets.length < count)
        return false;
    rest->octets = smtp_span_from(rest->octets, count);
    rest->wire -= count <= rest->wire ? count : rest->wire;
    return true;
}

/* The packet says that it ends here: what follows is padding. */
static void limit(struct rest *rest, uint32_t octets)
{
    if (octets >= rest->wire)
        return;
    rest->wire = octets;
    rest->octets = smtp_span_first(rest->octets, octets);
}

static enum packet_result decode_tcp(struct rest rest, struct packet_segment *segment)
{
    if (rest.wire < 20)
        return PACKET_MALFORMED;
    if (rest.octets.length < 20)
        return PACKET_CUT;
    const uint8_t *header = rest.octets.octets;
    uint32_t length = (uint32_t)(header[12] >> 4) * 4;
    if (length < 20 || length > rest.wire)
        return PACKET_MALFORMED;
    segment->source_port = get16(header);
    segment->destination_port = get16(header + 2);
    segment->sequence = get32(header + 4);
    segment->acknowledgement = get32(header + 8);
    segment->flags = header[13] & 0x1f;
    segment->window = get16(header + 14);
    segment->payload_octets = rest.wire - length;
    segment->payload = smtp_span_from(rest.octets, length);
    return PACKET_SEGMENT;
}

static enum packet_result decode_ipv4(struct rest rest, struct packet_segment *segment)
{
    if (rest.octets.length < 20)
        return rest.wire < 20 ? PACKET_MALFORMED : PACKET_CUT;
    const uint8_t *header = rest.octets.octets;
    uint32_t length = (uint32_t)(header[0] & 0x0f) * 4;
    uint32_t total = get16(header + 2);
    if (header[0] >> 4 != 4 || length < 20)
        return PACKET_MALFORMED;
    if (total == 0) /* the network card was to cut it into segments: as long as the frame */
        total = rest.wire;
    if (total < length)
        return PACKET_MALFORMED;
    uint16_t fragment = get16(header + 6);
    if (header[9] != IP_PROTOCOL_TCP)
        return PACKET_NOT_TCP;
    if (fragment & 0x3fff)
        return PACKET_FRAGMENT;
    segment->source.version = segment->destination.version = 4;
    memcpy(segment->source.octets, header + 12, 4);
    memcpy(segment->destination.octets, header + 16, 4);
    limit(&rest, total);
    if (!pass(&rest, length))
        return PACKET_CUT;
    return decode_tcp(rest, segment);
}

/* RFC 8200 section 4: the headers between the IPv6 header and TCP. */
static enum packet_result decode_ipv6(struct rest rest, struct packet_segment *segment)
{
    if (rest.octets.length < 40)
        return rest.wire < 40 ? PACKET_MALFORMED : PACKET_CUT;
    const uint8_t *header = rest.octets.octets;
    uint32_t payload = get16(header + 4);
    uint8_t next = header[6];
    if (header[0] >> 4 != 6)
        return PACKET_MALFORMED;
    segment->source.version = segment->destination.version = 6;
    memcpy(segment->source.octets, header + 8, 16);
    memcpy(segment->destination.octets, header + 24, 16);
    pass(&rest, 40);
    if (payload > 0) /* 0: a jumbogram, or segmentation offload */
        limit(&rest, payload);
    for (unsigned count = 0; next != IP_PROTOCOL_TCP; count++) {
        bool fragment = next == 44;
        bool authentication = next == 51;
        if (!fragment && !authentication && next != 0 && next != 43 && next != 60 && next != 135)
            return PACKET_NOT_TCP;
        if (count == EXTENSION_HEADERS_LIMIT)
            return PACKET_MALFORMED;
        if (rest.octets.length < 8)
            return rest.wire < 8 ? PACKET_MALFORMED : PACKET_CUT;
        header = rest.octets.octets;
        if (fragment && (get16(header + 2) & 0xfff9))
            return header[0] == IP_PROTOCOL_TCP ? PACKET_FRAGMENT : PACKET_NOT_TCP;
        uint32_t length = fragment ? 8 : authentication ? ((uint32_t)header[1] + 2) * 4 : ((uint32_t)header[1] + 1) * 8;
        next = header[0];
        if (!pass(&rest, length))
            return PACKET_CUT;
    }
    return decode_tcp(rest, segment);
}

static enum packet_result decode_ip(struct rest rest, struct packet_segment *segment)
{
    if (rest.octets.length == 0)
        return PACKET_CUT;
    return rest.octets.octets[0] >> 4 == 6 ? decode_ipv6(rest, segment) : decode_ipv4(rest, segment);
}

static enum packet_result decode_ethertype(struct rest rest, uint16_t type, struct packet_segment *segment)
{
    for (unsigned tags = 0; type == 0x8100 || type == 0x88a8 || type == 0x9100; tags++) {
        if (tags == VLAN_TAGS_LIMIT)
            return PACKET_MALFORMED;
        if (rest.octets.length < 4)
            return PACKET_CUT;
        type = get16(rest.octets.octets + 2);
        pass(&rest, 4);
    }
    if (type == ETHERTYPE_IPV4)
        return decode_ipv4(rest, segment);
    if (type == ETHERTYPE_IPV6)
        return decode_ipv6(rest, segment);
    return PACKET_NOT_TCP;
}

/* BSD loopback: an address family, in the byte order of whoever captured (null) or the network's (loop). */
static enum packet_result decode_null(struct rest rest, struct packet_segment *segment)
{
    if (rest.octets.length < 4)
        return PACKET_CUT;
    uint32_t family = get32(rest.octets.octets);
    if (family > 0xffff)
        family = family >> 24 | (family >> 8 & 0xff00);
    pass(&rest, 4);
    switch (family) {
    case 2: /* AF_INET everywhere */
    case 10: /* AF_INET6: Linux, NetBSD and OpenBSD, FreeBSD, macOS, Windows */
    case 23:
    case 24:
    case 28:
    case 30:
        return decode_ip(rest, segment);
    default:
        return PACKET_NOT_TCP;
    }
}

enum packet_result packet_decode(int link_type, struct smtp_span octets, uint32_t original_octets, struct packet_segment *segment)
{
    uint32_t captured = octets.length < UINT32_MAX ? (uint32_t)octets.length : UINT32_MAX;
    struct rest rest = { .octets = octets, .wire = original_octets > captured ? original_octets : captured };
    uint16_t type = 0;
    *segment = (struct packet_segment){ .flags = 0 };
    switch (link_type) {
    case DLT_EN10MB:
        if (octets.length < 14)
            return PACKET_CUT;
        type = get16(octets.octets + 12);
        pass(&rest, 14);
        return decode_ethertype(rest, type, segment);
    case DLT_LINUX_SLL:
        if (octets.length < 16)
            return PACKET_CUT;
        type = get16(octets.octets + 14);
        pass(&rest, 16);
        return decode_ethertype(rest, type, segment);
    case DLT_LINUX_SLL2:
        if (octets.length < 20)
            return PACKET_CUT;
        type = get16(octets.octets);
        pass(&rest, 20);
        return decode_ethertype(rest, type, segment);
    case DLT_NULL:
    case DLT_LOOP:
        return decode_null(rest, segment);
    case 12: /* DLT_RAW, as the systems number it */
    case 14:
    case 101: /* LINKTYPE_RAW */
    case DLT_IPV4:
    case DLT_IPV6:
        return decode_ip(rest, segment);
    default:
        return PACKET_LINK_UNKNOWN;
    }
}

const char *packet_result_name(enum packet_result result)
{
    static const char *const names[] = {
        [PACKET_SEGMENT] = "segment",          [PACKET_NOT_TCP] = "not-tcp",
        [PACKET_FRAGMENT] = "ip-fragment",     [PACKET_CUT] = "cut-by-snap-length",
        [PACKET_MALFORMED] = "malformed",      [PACKET_LINK_UNKNOWN] = "unknown-link-type",
    };
    return names[result];
}
