/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pcap/dlt.h>

#include "packet_private.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_MPLS 0x8847
#define ETHERTYPE_MPLS_UPSTREAM 0x8848
#define ETHERTYPE_PPPOE 0x8864
#define ETHERTYPE_LEAST 0x0600 /* a smaller number is a length */

#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define PPP_MPLS 0x0281

/* 802.2 LLC: nothing but SNAP (an Ethernet type follows) and IP itself carries what we want. */
enum packet_result packet_llc(struct packet_rest rest, struct packet *packet)
{
    enum packet_result result;
    if (!packet_has(&rest, 3, &result))
        return result;
    const uint8_t *header = rest.octets.octets;
    if (header[0] == 0x06 && header[1] == 0x06) {
        packet_pass(&rest, 3);
        return packet_ip(rest, packet);
    }
    if (header[0] != 0xaa || header[1] != 0xaa)
        return PACKET_NOT_TCP;
    if (!packet_has(&rest, 8, &result))
        return result;
    uint16_t type = packet_get16(header + 6);
    packet_pass(&rest, 8);
    return type < ETHERTYPE_LEAST ? PACKET_NOT_TCP : packet_ethertype(rest, type, packet);
}

/* Whether an Ethernet frame begins here, as far as its type and what follows can tell. */
static bool looks_like_ethernet(struct packet_rest rest)
{
    if (rest.octets.length < 15)
        return false;
    uint16_t type = packet_get16(rest.octets.octets + 12);
    uint8_t version = rest.octets.octets[14] >> 4;
    return (type == ETHERTYPE_IPV4 && version == 4) || (type == ETHERTYPE_IPV6 && version == 6) || type == 0x8100 || type == 0x88a8;
}

/* RFC 3032: labels up to the bottom of the stack; what is behind it shows itself. */
enum packet_result packet_mpls(struct packet_rest rest, struct packet *packet)
{
    for (unsigned labels = 0;; labels++) {
        if (rest.octets.length < 4)
            return PACKET_CUT;
        if (labels == PACKET_TAGS_LIMIT)
            return PACKET_MALFORMED;
        bool bottom = rest.octets.octets[2] & 1;
        packet_pass(&rest, 4);
        if (bottom)
            break;
    }
    if (rest.octets.length == 0)
        return PACKET_CUT;
    uint8_t version = rest.octets.octets[0] >> 4;
    if (version == 4 || version == 6)
        return packet_ip(rest, packet);
    bool bare = looks_like_ethernet(rest);
    if (version != 0 && !bare)
        return PACKET_NOT_TCP;
    /* An Ethernet frame, mostly behind a pseudowire's control word (RFC 4385). */
    struct packet_rest behind = rest;
    if (version == 0 && packet_pass(&behind, 4) && (!bare || looks_like_ethernet(behind)))
        rest = behind;
    rest.tunnels++;
    return rest.tunnels <= PACKET_TUNNELS_LIMIT ? packet_ethernet(rest, packet) : PACKET_NOT_TCP;
}

/* RFC 1661; with or without the HDLC address and control octets, the protocol in one octet or two. */
enum packet_result packet_ppp(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length >= 2 && rest.octets.octets[0] == 0xff && rest.octets.octets[1] == 0x03)
        packet_pass(&rest, 2);
    if (rest.octets.length < 2)
        return PACKET_CUT;
    bool compressed = rest.octets.octets[0] & 1;
    uint16_t protocol = compressed ? rest.octets.octets[0] : packet_get16(rest.octets.octets);
    packet_pass(&rest, compressed ? 1 : 2);
    if (protocol == PPP_IPV4 || protocol == PPP_IPV6)
        return packet_ip(rest, packet);
    return protocol == PPP_MPLS ? packet_mpls(rest, packet) : PACKET_NOT_TCP;
}

/* RFC 2516: a session's frames. */
static enum packet_result decode_pppoe(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 6)
        return PACKET_CUT;
    uint32_t length = packet_get16(rest.octets.octets + 4);
    packet_pass(&rest, 6);
    packet_limit(&rest, length);
    return packet_ppp(rest, packet);
}

enum packet_result packet_ethertype(struct packet_rest rest, uint16_t type, struct packet *packet)
{
    /* 802.1Q, 802.1ad and its forerunners, 802.1BR, VN-Tag */
    for (unsigned tags = 0;
         type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 || type == 0x893f || type == 0x8926; tags++) {
        uint32_t length = type == 0x893f ? 8 : type == 0x8926 ? 6 : 4;
        if (tags == PACKET_TAGS_LIMIT)
            return PACKET_MALFORMED;
        if (rest.octets.length < length)
            return PACKET_CUT;
        type = packet_get16(rest.octets.octets + length - 2);
        packet_pass(&rest, length);
    }
    switch (type) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
        return packet_ip(rest, packet);
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_UPSTREAM:
        return packet_mpls(rest, packet);
    case ETHERTYPE_PPPOE:
        return decode_pppoe(rest, packet);
    default:
        return type < ETHERTYPE_LEAST ? packet_llc(rest, packet) : PACKET_NOT_TCP;
    }
}

enum packet_result packet_ethernet(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 14)
        return PACKET_CUT;
    uint16_t type = packet_get16(rest.octets.octets + 12);
    packet_pass(&rest, 14);
    return packet_ethertype(rest, type, packet);
}

/* BSD loopback: an address family, in the byte order of whoever captured (null) or the network's (loop). */
static enum packet_result decode_null(struct packet_rest rest, struct packet *packet)
{
    if (rest.octets.length < 4)
        return PACKET_CUT;
    uint32_t family = packet_get32(rest.octets.octets);
    if (family > 0xffff)
        family = family >> 24 | (family >> 8 & 0xff00);
    packet_pass(&rest, 4);
    switch (family) {
    case 2: /* AF_INET everywhere */
    case 10: /* AF_INET6: Linux, NetBSD and OpenBSD, FreeBSD, macOS, Windows */
    case 23:
    case 24:
    case 28:
    case 30:
        return packet_ip(rest, packet);
    default:
        return PACKET_NOT_TCP;
    }
}

/* A header of `length` octets with an Ethernet type at `at`. */
static enum packet_result decode_cooked(struct packet_rest rest, uint32_t length, uint32_t at, struct packet *packet)
{
    if (rest.octets.length < length)
        return PACKET_CUT;
    uint16_t type = packet_get16(rest.octets.octets + at);
    packet_pass(&rest, length);
    return packet_ethertype(rest, type, packet);
}

enum packet_result packet_decode(int link_type, struct smtp_span octets, uint32_t original_octets, struct packet *packet)
{
    uint32_t captured = octets.length < UINT32_MAX ? (uint32_t)octets.length : UINT32_MAX;
    struct packet_rest rest = { .octets = octets, .wire = original_octets > captured ? original_octets : captured };
    packet->segment.conflict.octets = 0;
    packet->segment.only_conflict = false;
    packet->following.wire = 0;
    switch (link_type) {
    case DLT_EN10MB:
        return packet_ethernet(rest, packet);
    case DLT_LINUX_SLL:
        return decode_cooked(rest, 16, 14, packet);
    case DLT_LINUX_SLL2:
        return decode_cooked(rest, 20, 0, packet);
    case DLT_C_HDLC:
        return decode_cooked(rest, 4, 2, packet);
    case DLT_NULL:
    case DLT_LOOP:
        return decode_null(rest, packet);
    case DLT_PPP:
    case DLT_PPP_SERIAL:
        return packet_ppp(rest, packet);
    case DLT_PPP_ETHER:
        return decode_pppoe(rest, packet);
    case DLT_IEEE802_11:
        return packet_wireless(rest, false, packet);
    case DLT_IEEE802_11_RADIO:
        return packet_radiotap(rest, packet);
    case 12: /* DLT_RAW, as the systems number it */
    case 14:
    case 101: /* LINKTYPE_RAW */
    case DLT_IPV4:
    case DLT_IPV6:
        return packet_ip(rest, packet);
    default:
        return PACKET_LINK_UNKNOWN;
    }
}

enum packet_result packet_decode_following(struct packet *packet)
{
    struct packet_rest rest = { .octets = packet->following.octets, .wire = packet->following.wire };
    packet->segment.conflict.octets = 0;
    packet->segment.only_conflict = false;
    packet->following.wire = 0;
    return packet_aggregated(rest, packet);
}

const char *packet_result_name(enum packet_result result)
{
    static const char *const names[PACKET_RESULTS] = {
        [PACKET_SEGMENT] = "segment",
        [PACKET_HELD] = "held",
        [PACKET_FRAGMENT] = "ip-fragment",
        [PACKET_NOT_TCP] = "not-tcp",
        [PACKET_ENCRYPTED] = "encrypted-802.11",
        [PACKET_CUT] = "cut-by-snap-length",
        [PACKET_MALFORMED] = "malformed",
        [PACKET_LINK_UNKNOWN] = "unknown-link-type",
    };
    return names[result];
}
