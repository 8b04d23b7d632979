/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PACKET_H
#define SMTPSCOPE_PACKET_H

/*
 * From a frame's octets to the TCP segment in it: link layer, tunnels, IP, TCP. Nothing is copied; every length is hostile.
 */

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

struct packet_address {
    uint8_t octets[16]; /* IPv4: the first four, and zeros */
    uint8_t version;    /* 4 or 6 */
};

enum packet_tcp_flag {
    PACKET_TCP_FIN = 0x01,
    PACKET_TCP_SYN = 0x02,
    PACKET_TCP_RST = 0x04,
    PACKET_TCP_PSH = 0x08,
    PACKET_TCP_ACK = 0x10,
};

/* Fragments that claimed the same octets with different content: the first of them won. */
struct packet_conflict {
    uint64_t octets; /* 0: there was none */
    uint64_t first_frame, second_frame;
    unsigned first_capture, second_capture; /* the files that the frames are in */
};

struct packet_segment {
    struct packet_address source, destination;
    uint16_t source_port, destination_port;
    uint32_t sequence, acknowledgement;
    uint16_t window;
    uint8_t flags;                  /* enum packet_tcp_flag */
    bool only_conflict;             /* no segment of its own: it tells of `conflict` */
    bool has_checksum;              /* it carries something, and all of it was captured that its checksum is over */
    bool is_unfilled;               /* its checksum is 0: most likely nobody filled it in, even where that is right */
    bool ip_is_wrong;               /* the IPv4 header has a checksum that is wrong */
    uint16_t most;       /* of a SYN: the largest segment that its sender takes, in octets of payload; 0: not said */
    uint32_t header_sum; /* where `has_checksum`: of the TCP header and the pseudo header */
    struct smtp_span payload;       /* the octets captured; Ethernet padding is not among them */
    uint32_t payload_octets;        /* on the wire, from the IP length: more than payload.length where the snap length cut */
    struct packet_conflict conflict;
};

/* A piece of an IP packet's payload (RFC 791 section 3.2, RFC 8200 section 4.5). */
struct packet_fragment {
    struct packet_address source, destination;
    uint32_t identification;
    uint8_t protocol;      /* of the payload; of IPv6 what the first fragment says counts */
    uint32_t offset;       /* octets */
    bool more;             /* others follow */
    struct smtp_span payload;
    uint32_t payload_octets; /* on the wire */
    unsigned tunnels;      /* that it is inside of */
};

enum packet_result {
    PACKET_SEGMENT,     /* packet->segment is filled */
    PACKET_HELD,        /* a piece of a fragmented IP packet, waiting for the others (of packets_decode only) */
    PACKET_FRAGMENT,    /* packet->fragment is filled; of packets_decode: a fragment whose packet was never whole */
    PACKET_NOT_TCP,     /* something else: ARP, UDP, ICMP (TCP quoted in an ICMP error is not data) */
    PACKET_ENCRYPTED,   /* 802.11 with encryption */
    PACKET_CUT,         /* the snap length cut it before the TCP header's end */
    PACKET_MALFORMED,   /* lengths that contradict each other */
    PACKET_LINK_UNKNOWN /* a link type that is not decoded */
};
#define PACKET_RESULTS (PACKET_LINK_UNKNOWN + 1)

struct packet {
    struct packet_segment segment;
    struct packet_fragment fragment;
    /* Frames that stand behind the one decoded, in the same frame of the capture (802.11 A-MSDU). */
    struct {
        struct smtp_span octets;
        uint32_t wire; /* octets; 0: there are none */
    } following;
};

/*
 * Decodes one frame of link type `link_type` (DLT_*): Ethernet, PPP, HDLC, raw IP, BSD null and loop, Linux cooked v1 and v2,
 * 802.11 with and without radiotap; in them VLAN tags, MPLS, PPPoE; IPv4 and IPv6 with options and extension headers; in them IP-in-IP,
 * 6in4, GRE, ERSPAN, EtherIP, VXLAN (GPE, too), Geneve, GUE, GTP-U, Teredo.
 * Of an 802.11 A-MSDU, which is several frames, the first is decoded; packet->following is set.
 * `octets` is what was captured, `original_octets` the length on the wire. An IPv4 total length of 0 (segmentation offload)
 * means "to the end of the frame".
 */
enum packet_result packet_decode(int link_type, struct smtp_span octets, uint32_t original_octets, struct packet *packet);

/* Decodes the next of packet->following. Each call leaves fewer octets of them. */
enum packet_result packet_decode_following(struct packet *packet);

/* Goes on with the payload of a fragmented packet that was put together: `fragment` tells of it as a whole. */
enum packet_result packet_decode_whole(const struct packet_fragment *fragment, struct packet *packet);

/*
 * Whether the receiver finds the checksums of TCP and IPv4 right (RFC 9293 section 3.1, RFC 791 section 3.1), of a
 * segment that `has_checksum`. An IPv4 checksum of 0 was not filled in yet.
 */
bool packet_checksum_is_right(const struct packet_segment *segment);

/* A stable name for the reason a frame is not used: "ip-fragment", "not-tcp", "encrypted-802.11", "cut-by-snap-length", "malformed",
   "unknown-link-type". */
const char *packet_result_name(enum packet_result result);

#endif
