/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_STREAM_H
#define ESMTP_STREAM_H

/*
 * The octets of a TCP connection in the order in which they were sent, from what Wireshark's TCP hands to a dissector:
 * segments as they were captured, with sequence and acknowledgement numbers.
 *
 * - The first copy of an octet wins; later ones are dropped.
 * - A segment is delivered when the octets in front of it were, and the octets of the peer that it acknowledges. Where
 *   that cannot be, packet order decides.
 * - A hole is given up when its octets were acknowledged and STREAM_PATIENCE of capture time has passed, when too much
 *   waits behind it, when the half that it is in shows nothing at all, or at the end.
 *
 * Pure acknowledgements do not come here: what is known of the peer is what its segments with data say.
 * All memory has the life of the capture file.
 */

#include "wireshark_compat.h"

#include "span.h"

#define STREAM_PATIENCE INT64_C(1000000000) /* nanoseconds of capture time */
#define STREAM_HELD_LIMIT ((size_t)512 * 1024)

/* A segment as the dissector gets it. */
struct stream_segment {
    struct smtp_span octets; /* as far as they were captured */
    uint32_t length;         /* on the wire */
    uint32_t sequence, acknowledgement;
    bool acknowledges;
    bool peer_ended;         /* the peer's FIN may have been captured: an octet more is acknowledged than the peer sent */
    int64_t time;            /* nanoseconds */
    void *owner;             /* who delivers it: given back with its octets */
};

struct stream_consumer {
    /* The next octets of a half. They stand `skip` octets behind the beginning of the owner's segment. */
    void (*octets)(void *context, unsigned half, struct smtp_span octets, void *owner, uint32_t skip);
    /* So many octets of a half were not handed over. */
    void (*gap)(void *context, unsigned half, uint64_t octets);
};

struct stream_held; /* a segment that waits */

struct stream_half {
    bool started;       /* the sequence number of position 0 is known */
    bool presumed;      /* but only from what the peer acknowledged first */
    uint32_t first;     /* it */
    uint64_t expected;  /* position of the octet that comes next */
    uint64_t acked;     /* octets up to here were acknowledged */
    uint64_t seen;      /* highest position that a segment reached */
    uint64_t given_up;  /* holes in front of it are not waited for */
    uint64_t proven;    /* a hole up to here was acknowledged at `proven_at` */
    int64_t proven_at;
    bool overdue;       /* `proven_at` says something */
    unsigned segments;
    bool ended;         /* its FIN may have been captured */
    struct stream_held *queue; /* by position */
};

/* The two halves of a connection. All zero at its beginning. Plain: it may be copied and put back. */
struct stream {
    struct stream_half half[2];
    uint64_t arrivals;
    size_t held;
    bool keep; /* what waits is not freed when it is delivered, because a copy of the struct needs it */
};

/* The sequence number of the half's first octet is known: its SYN was seen. */
void stream_begin(struct stream *stream, unsigned half, uint32_t first);

/* Takes a segment and delivers what can be delivered. */
void stream_take(struct stream *stream, unsigned half, const struct stream_segment *segment,
                 const struct stream_consumer *consumer, void *context);

/* Nothing more will come: delivers all that waits, with its holes. */
void stream_drain(struct stream *stream, const struct stream_consumer *consumer, void *context);

#endif
