/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PACKET_H
#define SMTPSCOPE_PACKET_H

/*
 * From a frame's octets to the TCP segment in it: link layer, IP, TCP. Nothing is copied; every length is hostile.
 */

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

struct packet_address {
    uint8_t octets[16]; /* IPv4: the first four */
    uint8_t version;    /* 4 or 6 */
};

enum packet_tcp_flag {
    PACKET_TCP_FIN = 0x01,
    PACKET_TCP_SYN = 0x02,
    PACKET_TCP_RST = 0x04,
    PACKET_TCP_PSH = 0x08,
    PACKET_TCP_ACK = 0x10,
};

struct packet_segment {
    struct packet_address source, destination;
    uint16_t source_port, destination_port;
    uint32_t sequence, acknowledgement;
    uint16_t window;
    uint8_t flags;                  /* enum packet_tcp_flag */
    struct smtp_span payload;       /* the octets captured; Ethernet padding is not among them */
    uint32_t payload_octets;        /* on the wire, from the IP length: more than payload.length where the snap length cut */
};

enum packet_result {
    PACKET_SEGMENT,     /* *segment is filled */
    PACKET_NOT_TCP,     /* something else: ARP, UDP, ICMP (TCP quoted in an ICMP error is not data) */
    PACKET_FRAGMENT,    /* a piece of a fragmented IP packet: not put together yet */
    PACKET_CUT,         /* the snap length cut it before the TCP header's end */
    PACKET_MALFORMED,   /* lengths that contradict each other */
    PACKET_LINK_UNKNOWN /* a link type that is not decoded */
};

/*
 * Decodes one frame of link type `link_type` (DLT_*): Ethernet with 802.1Q and Q-in-Q tags, raw IP (all the DLT values
 * in use), BSD null and loop, Linux cooked v1 and v2; IPv4 with options, IPv6 with extension headers.
 * `octets` is what was captured, `original_octets` the length on the wire. An IPv4 total length of 0 (segmentation
 * offload) means "to the end of the frame".
 */
enum packet_result packet_decode(int link_type, struct smtp_span octets, uint32_t original_octets,
                                 struct packet_segment *segment);

/* A stable name for the reasons a frame is not used ("not-tcp", "ip-fragment", "cut-by-snap-length", "malformed", "unknown-link-type"). */
const char *packet_result_name(enum packet_result result);

#endif
