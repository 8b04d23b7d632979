/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SHARD_H
#define SMTPSCOPE_SHARD_H

/* Which share of the work a connection belongs to: the same for both directions, and on every machine. */

#include "packet.h"

/* The number of the shard, from 0, of `shards`, that a segment's connection belongs to. */
uint64_t shard_of(const struct packet_segment *segment, uint64_t shards);

#endif
