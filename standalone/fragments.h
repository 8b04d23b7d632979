/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FRAGMENTS_H
#define SMTPSCOPE_FRAGMENTS_H

/*
 * Decodes frames, and puts fragmented IP packets together on the way: in tunnels too, and fragments of fragments. The first
 * copy of an octet wins; where a later one differs, the segment says so. Memory is bounded: what is not whole after a while of
 * capture time, or when there is too much of it, is dropped and counted.
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

/* Frames with fragments of packets that were given up, or (if `ended`) that wait still. */
uint64_t fragments_lost(const struct fragments *fragments, bool ended);

#endif
