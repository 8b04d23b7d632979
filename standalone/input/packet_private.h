/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PACKET_PRIVATE_H
#define SMTPSCOPE_PACKET_PRIVATE_H

/*
 * What the files of packet decoding share:
 *
 *     packet.c           link layers
 *     packet_wireless.c  802.11 and what capture programs put in front of it
 *     packet_ip.c        IPv4, IPv6, TCP
 *     packet_checksum.c  their checksums
 *     packet_tunnel.c    what carries packets or frames inside IP
 *
 * Each decoder takes what is left of the frame and goes on to the next one; the last one fills in the result.
 */

#include "packet.h"

/* More tags, headers, and tunnels in tunnels than anybody stacks; a frame made of nothing else must end somewhere. */
#define PACKET_TAGS_LIMIT 8
#define PACKET_HEADERS_LIMIT 16
#define PACKET_TUNNELS_LIMIT 8

/* The rest of a frame: what was captured of it, and what was on the wire. */
struct packet_rest {
    struct smtp_span octets;
    uint32_t wire;
    unsigned tunnels; /* that it is inside of */
    bool rerouted; /* its header may name another destination than its checksum does, or it does not say how long it is
                    */
};

static inline uint16_t packet_get16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

static inline uint32_t packet_get32(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

/* Whether `count` octets are there to be looked at. If not, `*result` says why. */
static inline bool packet_has(const struct packet_rest *rest, uint32_t count, enum packet_result *result)
{
    if (rest->octets.length >= count)
        return true;
    *result = rest->wire < count ? PACKET_MALFORMED : PACKET_CUT;
    return false;
}

/* Passes `count` octets. Returns false if they were not captured. */
static inline bool packet_pass(struct packet_rest *rest, uint32_t count)
{
    if (rest->octets.length < count)
        return false;
    rest->octets = smtp_span_from(rest->octets, count);
    rest->wire -= count <= rest->wire ? count : rest->wire;
    return true;
}

/* The packet says that it ends here: what follows is padding. */
static inline void packet_limit(struct packet_rest *rest, uint32_t octets)
{
    if (octets >= rest->wire)
        return;
    rest->wire = octets;
    rest->octets = smtp_span_first(rest->octets, octets);
}

/* packet.c */
enum packet_result packet_ethernet(struct packet_rest rest, struct packet *packet);
enum packet_result packet_ethertype(struct packet_rest rest, uint16_t type, struct packet *packet);
enum packet_result packet_llc(struct packet_rest rest, struct packet *packet);
enum packet_result packet_ppp(struct packet_rest rest, struct packet *packet);
enum packet_result packet_mpls(struct packet_rest rest, struct packet *packet);

/* packet_wireless.c */
enum packet_result packet_wireless(struct packet_rest rest, bool padded, struct packet *packet);
enum packet_result packet_aggregated(struct packet_rest rest, struct packet *packet);
enum packet_result packet_radiotap(struct packet_rest rest, struct packet *packet);

/* packet_ip.c; by version of the IP header */
enum packet_result packet_ip(struct packet_rest rest, struct packet *packet);
/* What an IP packet carries: `protocol` of its header. */
enum packet_result packet_payload(struct packet_rest rest, uint8_t protocol, struct packet *packet);

/* packet_checksum.c; of an IPv4 header, and the sum over a TCP header and what the receiver puts in front of `octets`
 * octets with it */
bool packet_can_be_summed(uint32_t octets);
bool packet_ip_header_is_right(struct smtp_span header);
uint32_t packet_header_sum(const struct packet_segment *segment, struct smtp_span header, uint32_t octets);

/* packet_tunnel.c */
enum packet_result packet_gre(struct packet_rest rest, struct packet *packet);
enum packet_result packet_udp(struct packet_rest rest, struct packet *packet);
enum packet_result packet_ethernet_in_ip(struct packet_rest rest, struct packet *packet);

#endif
