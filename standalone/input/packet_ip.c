/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_private.h"

enum {
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_IPV4 = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_GRE = 47,
    PROTOCOL_AUTHENTICATION = 51,
    PROTOCOL_DESTINATION = 60,
    PROTOCOL_ETHERIP = 97,
    PROTOCOL_MOBILITY = 135,
    PROTOCOL_MPLS = 137,
};

#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_MOST 2 /* RFC 9293 section 3.2: maximum segment size */

/* The largest segment that the sender of a SYN takes; 0: its options do not say. */
static uint16_t largest_segment(struct smtp_span options)
{
    while (options.length > 0 && options.octets[0] != OPTION_END) {
        bool has_length = options.octets[0] != OPTION_NOTHING;
        size_t length = has_length && options.length > 1 ? options.octets[1] : 1;
        if (has_length && length < 2)
            return 0;
        if (options.octets[0] == OPTION_MOST && length == 4 && options.length >= 4)
            return packet_get16(options.octets + 2);
        options = smtp_span_from(options, length);
    }
    return 0;
}

/* Pure acknowledgements are left alone: there are many, and they bring nothing. */
static void note_checksum(const struct packet_rest *rest, uint32_t length, struct packet_segment *segment)
{
    bool carries = segment->payload_octets > 0 || (segment->flags & (PACKET_TCP_FIN | PACKET_TCP_SYN | PACKET_TCP_RST));
    segment->has_checksum = carries && !rest->rerouted && segment->payload.length == segment->payload_octets && packet_can_be_summed(rest->wire);
    segment->is_unfilled = packet_get16(rest->octets.octets + 16) == 0;
    if (segment->has_checksum)
        segment->header_sum = packet_header_sum(segment, smtp_span_first(rest->octets, length), rest->wire);
}

static enum packet_result decode_tcp(struct packet_rest rest, struct packet_segment *segment)
{
    enum packet_result result;
    if (!packet_has(&rest, 20, &result))
        return result;
    const uint8_t *header = rest.octets.octets;
    uint32_t length = (uint32_t)(header[12] >> 4) * 4;
    if (length < 20 || length > rest.wire)
        return PACKET_MALFORMED;
    segment->source_port = packet_get16(header);
    segment->destination_port = packet_get16(header + 2);
    segment->sequence = packet_get32(header + 4);
    segment->acknowledgement = packet_get32(header + 8);
    segment->flags = header[13] & 0x1f;
    segment->window = packet_get16(header + 14);
    segment->payload_octets = rest.wire - length;
    segment->payload = smtp_span_from(rest.octets, length);
    segment->most =
        segment->flags & PACKET_TCP_SYN ? largest_segment(smtp_span_from(smtp_span_first(rest.octets, length), 20)) : 0;
    note_checksum(&rest, length, segment);
    return PACKET_SEGMENT;
}

/* RFC 4302: a header in front of the payload, which it does not hide. */
static enum packet_result decode_authentication(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 12, &result))
        return result;
    uint8_t next = rest.octets.octets[0];
    if (!packet_pass(&rest, ((uint32_t)rest.octets.octets[1] + 2) * 4))
        return PACKET_CUT;
    return next == PROTOCOL_AUTHENTICATION ? PACKET_MALFORMED : packet_payload(rest, next, packet);
}

enum packet_result packet_payload(struct packet_rest rest, uint8_t protocol, struct packet *packet)
{
    switch (protocol) {
    case PROTOCOL_TCP:
        return decode_tcp(rest, &packet->segment);
    case PROTOCOL_UDP:
        return packet_udp(rest, packet);
    case PROTOCOL_GRE:
        return packet_gre(rest, packet);
    case PROTOCOL_IPV4:
    case PROTOCOL_IPV6:
        rest.tunnels++;
        return packet_ip(rest, packet);
    case PROTOCOL_AUTHENTICATION:
        return decode_authentication(rest, packet);
    case PROTOCOL_ETHERIP:
        return packet_ethernet_in_ip(rest, packet);
    case PROTOCOL_MPLS:
        rest.tunnels++;
        return packet_mpls(rest, packet);
    default:
        return PACKET_NOT_TCP;
    }
}

/* Fills in where a fragment stands; its payload is what is left. */
static enum packet_result give_fragment(const struct packet_rest *rest, uint32_t identification, uint8_t protocol, uint32_t offset,
                                        bool more, struct packet *packet)
{
    packet->fragment = (struct packet_fragment){
        .source = packet->segment.source,
        .destination = packet->segment.destination,
        .identification = identification,
        .protocol = protocol,
        .offset = offset,
        .more = more,
        .payload = rest->octets,
        .payload_octets = rest->wire,
        .tunnels = rest->tunnels,
    };
    return PACKET_FRAGMENT;
}

static enum packet_result decode_ipv4(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 20, &result))
        return result;
    const uint8_t *header = rest.octets.octets;
    uint32_t length = (uint32_t)(header[0] & 0x0f) * 4;
    uint32_t total = packet_get16(header + 2);
    if (header[0] >> 4 != 4 || length < 20)
        return PACKET_MALFORMED;
    rest.rerouted = total == 0 || length > 20;
    if (total == 0) /* the network card was to cut it into segments: as long as the frame */
        total = rest.wire;
    if (total < length)
        return PACKET_MALFORMED;
    struct packet_segment *segment = &packet->segment;
    segment->source = segment->destination = (struct packet_address){ .version = 4 };
    memcpy(segment->source.octets, header + 12, 4);
    memcpy(segment->destination.octets, header + 16, 4);
    segment->ip_is_wrong = header[9] == PROTOCOL_TCP && rest.octets.length >= length && !packet_ip_header_is_right(smtp_span(header, length));
    packet_limit(&rest, total);
    if (!packet_pass(&rest, length))
        return PACKET_CUT;
    uint16_t fragment = packet_get16(header + 6);
    bool more = (fragment & 0x2000) != 0;
    uint32_t offset = (uint32_t)(fragment & 0x1fff) * 8;
    if (more || offset > 0)
        return give_fragment(&rest, packet_get16(header + 4), header[9], offset, more, packet);
    return packet_payload(rest, header[9], packet);
}

static bool is_extension(uint8_t next)
{
    return next == PROTOCOL_HOP_BY_HOP || next == PROTOCOL_ROUTING || next == PROTOCOL_FRAGMENT || next == PROTOCOL_AUTHENTICATION
           || next == PROTOCOL_DESTINATION || next == PROTOCOL_MOBILITY;
}

/* RFC 8200 section 4: the headers between the IPv6 header and the payload. */
static enum packet_result decode_extensions(struct packet_rest rest, uint8_t next, struct packet *packet)
{
    for (unsigned count = 0; is_extension(next); count++) {
        enum packet_result result;
        if (count == PACKET_HEADERS_LIMIT)
            return PACKET_MALFORMED;
        if (!packet_has(&rest, 8, &result))
            return result;
        const uint8_t *header = rest.octets.octets;
        bool fragment = next == PROTOCOL_FRAGMENT;
        uint32_t length = fragment                          ? 8
                          : next == PROTOCOL_AUTHENTICATION ? ((uint32_t)header[1] + 2) * 4
                                                            : ((uint32_t)header[1] + 1) * 8;
        rest.rerouted =
            rest.rerouted || next == PROTOCOL_ROUTING || next == PROTOCOL_DESTINATION || next == PROTOCOL_MOBILITY;
        next = header[0];
        if (!packet_pass(&rest, length))
            return PACKET_CUT;
        uint16_t place = fragment ? packet_get16(header + 2) : 0;
        if (place & 0xfff9)
            return give_fragment(&rest, packet_get32(header + 4), next, place & 0xfff8, place & 1, packet);
    }
    return packet_payload(rest, next, packet);
}

static enum packet_result decode_ipv6(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 40, &result))
        return result;
    const uint8_t *header = rest.octets.octets;
    uint32_t payload = packet_get16(header + 4);
    if (header[0] >> 4 != 6)
        return PACKET_MALFORMED;
    struct packet_segment *segment = &packet->segment;
    segment->source.version = segment->destination.version = 6;
    segment->ip_is_wrong = false;
    rest.rerouted = payload == 0;
    memcpy(segment->source.octets, header + 8, 16);
    memcpy(segment->destination.octets, header + 24, 16);
    packet_pass(&rest, 40);
    if (payload > 0) /* 0: a jumbogram, or segmentation offload */
        packet_limit(&rest, payload);
    return decode_extensions(rest, header[6], packet);
}

enum packet_result packet_ip(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length == 0)
        return PACKET_CUT;
    if (rest.tunnels > PACKET_TUNNELS_LIMIT)
        return PACKET_MALFORMED;
    return rest.octets.octets[0] >> 4 == 6 ? decode_ipv6(rest, packet) : decode_ipv4(rest, packet);
}

enum packet_result packet_decode_whole(const struct packet_fragment *fragment, struct packet *packet)
{
    struct packet_rest rest = { .octets = fragment->payload, .wire = fragment->payload_octets, .tunnels = fragment->tunnels };
    struct packet_address source = fragment->source;
    struct packet_address destination = fragment->destination;
    uint8_t next = fragment->protocol;
    packet->segment = (struct packet_segment){ .source = source, .destination = destination };
    return source.version == 6 ? decode_extensions(rest, next, packet) : packet_payload(rest, next, packet);
}
