/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FRAGMENTS_H
#define SMTPSCOPE_FRAGMENTS_H

/*
 * Decodes frames, and puts fragmented IP packets together on the way: in tunnels too, and fragments of fragments. The first
 * copy of an octet wins; where a later one differs, the segment says so. Memory is bounded: what is not whole after a while of
 * capture time, or when there is too much of it, is dropped and counted.
 *
 * A fragment of a packet that is whole already was captured twice, if its octets are the same. If they are not, it begins another
 * packet with the same identification; but if that one does not become whole, it contradicted the first one, and that is told
 * with the connection's next segment.
 */

#include "capture.h"
#include "packet.h"

struct fragments;

struct fragments *fragments_new(void);
void fragments_free(struct fragments *fragments);

/*
 * Decodes a frame as packet_decode does. PACKET_HELD: it is a fragment, and waits for the others. The octets of
 * packet->segment are valid until the next call.
 */
enum packet_result fragments_decode(struct fragments *fragments, const struct capture_frame *frame, struct packet *packet);

/* Decodes the next of packet->following, in the same way; `frame` is the frame that they are in. */
enum packet_result fragments_decode_following(struct fragments *fragments, const struct capture_frame *frame, struct packet *packet);

/*
 * The captures are read: gives what was not told yet of fragments that contradicted a whole packet, one at a time, as a segment that
 * tells of nothing else, and the number, file and time of the frame that it was in. False: there is no more of it.
 */
bool fragments_last_conflict(struct fragments *fragments, struct capture_frame *frame, struct packet_segment *segment);

/* Frames with fragments of packets that were given up, or (if `ended`) that wait still. */
uint64_t fragments_lost(const struct fragments *fragments, bool ended);

#endif
