/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_private.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_BRIDGED 0x6558 /* an Ethernet frame */
#define ETHERTYPE_PPP 0x880b
#define ETHERTYPE_ERSPAN_2 0x88be /* and type I, which has no header of its own */
#define ETHERTYPE_ERSPAN_3 0x22eb

static enum packet_result carried(struct packet_rest rest, uint16_t type, struct packet *packet)
{
    rest.tunnels++;
    if (rest.tunnels > PACKET_TUNNELS_LIMIT)
        return PACKET_MALFORMED;
    return type == ETHERTYPE_BRIDGED ? packet_ethernet(rest, packet)
           : type == ETHERTYPE_PPP   ? packet_ppp(rest, packet)
                                     : packet_ethertype(rest, type, packet);
}

/* ERSPAN, types I to III: mirrored frames from a switch. */
static enum packet_result decode_erspan(struct packet_rest rest, uint16_t type, bool has_sequence, struct packet *packet)
{
    enum packet_result result;
    if (type == ETHERTYPE_ERSPAN_2 && !has_sequence)
        return carried(rest, ETHERTYPE_BRIDGED, packet);
    uint32_t length = type == ETHERTYPE_ERSPAN_2 ? 8 : 12;
    if (!packet_has(&rest, length, &result))
        return result;
    if (type == ETHERTYPE_ERSPAN_3 && (rest.octets.octets[11] & 1)) /* a platform's own subheader */
        length += 8;
    return packet_pass(&rest, length) ? carried(rest, ETHERTYPE_BRIDGED, packet) : PACKET_CUT;
}

/* RFC 2784 and RFC 2890; version 1 is PPTP's (RFC 2637). */
enum packet_result packet_gre(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 4, &result))
        return result;
    uint16_t flags = packet_get16(rest.octets.octets);
    uint16_t type = packet_get16(rest.octets.octets + 2);
    bool has_sequence = (flags & 0x1000) != 0;
    bool pptp = (flags & 7) == 1;
    if ((flags & 0x4000) || (flags & 7) > 1) /* source routes are a thing of RFC 1701 */
        return PACKET_NOT_TCP;
    uint32_t length = 4;
    length += flags & 0x8000 ? 4 : 0;
    length += flags & 0x2000 ? 4 : 0;
    length += has_sequence ? 4 : 0;
    length += pptp && (flags & 0x0080) ? 4 : 0;
    if (!packet_pass(&rest, length))
        return PACKET_CUT;
    if (rest.octets.length == 0)
        return PACKET_NOT_TCP; /* a bare acknowledgement */
    if (type == ETHERTYPE_ERSPAN_2 || type == ETHERTYPE_ERSPAN_3)
        return decode_erspan(rest, type, has_sequence, packet);
    return carried(rest, type, packet);
}

/* RFC 3378. */
enum packet_result packet_ethernet_in_ip(struct packet_rest rest, struct packet *packet)
{
    return packet_pass(&rest, 2) ? carried(rest, ETHERTYPE_BRIDGED, packet) : PACKET_CUT;
}

/* RFC 7348: flags, and the I bit among them. */
static enum packet_result decode_vxlan(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 8 || !(rest.octets.octets[0] & 0x08))
        return PACKET_NOT_TCP;
    packet_pass(&rest, 8);
    return carried(rest, ETHERTYPE_BRIDGED, packet);
}

/* VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe): with the P bit a protocol stands in the header. */
static enum packet_result decode_vxlan_gpe(struct packet_rest rest, struct packet *packet)
{
    static const uint16_t types[] = { 0, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_BRIDGED };
    if (rest.octets.length < 8 || !(rest.octets.octets[0] & 0x04))
        return decode_vxlan(rest, packet);
    uint8_t protocol = rest.octets.octets[3];
    if (protocol == 0 || protocol >= sizeof types / sizeof types[0])
        return PACKET_NOT_TCP;
    packet_pass(&rest, 8);
    return carried(rest, types[protocol], packet);
}

/* Generic UDP encapsulation (draft-ietf-intarea-gue): an IP protocol behind a header, or an IP packet without any. */
static enum packet_result decode_gue(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 4)
        return PACKET_NOT_TCP;
    uint8_t first = rest.octets.octets[0];
    uint8_t protocol = rest.octets.octets[1];
    rest.tunnels++;
    if (first >> 6 == 1) /* the version of GUE, and the first bits of that of IP */
        return packet_ip(rest, packet);
    if (first >> 5 != 0 || rest.tunnels > PACKET_TUNNELS_LIMIT) /* another version, or a control message */
        return PACKET_NOT_TCP;
    return packet_pass(&rest, 4 + (uint32_t)(first & 0x1f) * 4) ? packet_payload(rest, protocol, packet) : PACKET_CUT;
}

/* RFC 8926. */
static enum packet_result decode_geneve(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 8 || rest.octets.octets[0] >> 6 != 0)
        return PACKET_NOT_TCP;
    uint32_t options = (uint32_t)(rest.octets.octets[0] & 0x3f) * 4;
    uint16_t type = packet_get16(rest.octets.octets + 2);
    return packet_pass(&rest, 8 + options) ? carried(rest, type, packet) : PACKET_CUT;
}

/* 3GPP TS 29.281 section 5: user data of a mobile network, an IP packet in each. */
static enum packet_result decode_gtp(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 8 || rest.octets.octets[0] >> 5 != 1 || rest.octets.octets[1] != 0xff)
        return PACKET_NOT_TCP;
    bool optional = (rest.octets.octets[0] & 0x07) != 0;
    bool extensions = (rest.octets.octets[0] & 0x04) != 0;
    packet_limit(&rest, 8 + (uint32_t)packet_get16(rest.octets.octets + 2));
    packet_pass(&rest, 8);
    if (optional) {
        if (rest.octets.length < 4)
            return PACKET_CUT;
        uint8_t next = extensions ? rest.octets.octets[3] : 0;
        packet_pass(&rest, 4);
        for (unsigned count = 0; next != 0; count++) {
            uint32_t length = rest.octets.length > 0 ? (uint32_t)rest.octets.octets[0] * 4 : 0;
            if (length == 0 || count == PACKET_HEADERS_LIMIT)
                return PACKET_MALFORMED;
            if (rest.octets.length < length)
                return PACKET_CUT;
            next = rest.octets.octets[length - 1];
            packet_pass(&rest, length);
        }
    }
    rest.tunnels++;
    uint8_t version = rest.octets.length > 0 ? rest.octets.octets[0] >> 4 : 0;
    return version == 4 || version == 6 ? packet_ip(rest, packet) : PACKET_NOT_TCP;
}

/* RFC 4380: IPv6, behind an authentication or an origin indication. */
static enum packet_result decode_teredo(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length >= 4 && packet_get16(rest.octets.octets) == 0x0001)
        packet_pass(&rest, 13u + rest.octets.octets[2] + rest.octets.octets[3]);
    if (rest.octets.length >= 8 && packet_get16(rest.octets.octets) == 0)
        packet_pass(&rest, 8);
    rest.tunnels++;
    return rest.octets.length > 0 && rest.octets.octets[0] >> 4 == 6 ? packet_ip(rest, packet) : PACKET_NOT_TCP;
}

/* What is carried on the ports registered for it; UDP itself is not ours. */
enum packet_result packet_udp(struct packet_rest rest, struct packet *packet)
{
    static const struct {
        uint16_t port;
        bool either; /* replies come from the port: Teredo */
        enum packet_result (*decode)(struct packet_rest rest, struct packet *packet);
    } tunnels[] = {
        { 4789, false, decode_vxlan }, { 8472, false, decode_vxlan }, { 6081, false, decode_geneve },
        { 2152, false, decode_gtp },   { 3544, true, decode_teredo }, { 4754, false, packet_gre },
        { 4790, false, decode_vxlan_gpe }, { 6080, false, decode_gue },
    };
    enum packet_result result;
    if (!packet_has(&rest, 8, &result))
        return result;
    uint16_t source = packet_get16(rest.octets.octets);
    uint16_t destination = packet_get16(rest.octets.octets + 2);
    uint32_t length = packet_get16(rest.octets.octets + 4);
    for (size_t i = 0; i < sizeof tunnels / sizeof tunnels[0]; i++) {
        if (destination != tunnels[i].port && !(tunnels[i].either && source == tunnels[i].port))
            continue;
        if (length >= 8)
            packet_limit(&rest, length);
        packet_pass(&rest, 8);
        result = tunnels[i].decode(rest, packet);
        /* A port is a guess: what does not decode is some other program's. */
        return result == PACKET_SEGMENT || result == PACKET_FRAGMENT || result == PACKET_CUT ? result : PACKET_NOT_TCP;
    }
    return PACKET_NOT_TCP;
}
