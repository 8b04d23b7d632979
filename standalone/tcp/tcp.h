/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TCP_H
#define SMTPSCOPE_TCP_H

/*
 * TCP reassembly (RFC 9293) from the middle of the network: each connection's two streams of octets, in order and in
 * the order of cause and effect, with every hole named.
 *
 * - A connection is two half-streams: next expected sequence number, and an ordered set of the segments beyond it.
 * - Order between the halves: a segment with acknowledgement number A was sent by somebody who had the peer's octets up
 *   to A. So a segment is delivered only when the peer's half was delivered up to A (or the missing part was declared a
 *   gap), whatever order the packets have in the capture: one direction may stand behind the other, as two taps with
 * clocks apart store them. Where that cannot be (nonsense acknowledgements), packet order decides; nothing ever waits
 * for good.
 * - The first copy of an octet wins; a later copy that differs is reported as a conflict.
 * - A gap is declared when it is proven: the octets were acknowledged by the peer and at least `TCP_GAP_DELAY` of
 * capture time has passed since (data stored after its ACK is used), or more waits behind the hole than one connection
 * may hold back (a quarter of tcp_limits.held), or the connection ends (RST, both FINs reached, port reuse, idle
 * time-out, end of the capture). One octet that was acknowledged last of all and never seen is taken for a FIN, which
 * has a sequence number too, and is no gap.
 * - A half of which no packet was captured has a known start (the peer's first ACK number), and the peer's later ACK
 * numbers tell how many octets it had: they are gaps too. A capture of one direction only is such a case; once it was
 * waited for in vain they are declared at once and nothing waits any more.
 * - What comes for a hole that was declared, and what stands in front of the start, is not used, and counted.
 * - When a gap is declared depends on the connection's own packets and their times only, not on what else is captured.
 * - A segment with a wrong checksum is not used where others of its half have right ones, unless its octets are
 * acknowledged and no other copy of them is there.
 * - A FIN is believed when it is acknowledged, an RST when its sequence number is the next one; but the connection is
 * over only when nothing that contradicts follows for `TCP_RESET_DELAY`, or `TCP_FIN_DELAY`. Any of them may be forged: what follows them is
 * used. A SYN with another number begins a new connection when more than an answer to it belongs to it. Where a half
 * has two SYNs, the peer's acknowledgement decides.
 * - Without SYN a half starts at the first octet seen; the start is then not known to be the stream's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"
#include "place.h"
#include "span.h"

#define TCP_GAP_DELAY INT64_C(300000000000)       /* nanoseconds of capture time: clocks may be so far apart */
#define TCP_HELD_LIMIT ((size_t)512 * 1024)       /* octets that one connection may hold back in any case, with what each segment costs */
#define TCP_IDLE_TIMEOUT INT64_C(3600000000000)   /* nanoseconds of capture time: then a connection is over */
#define TCP_STEP_LIMIT INT64_C(600000000000)      /* nanoseconds: of a longer time without any packet no more counts for the others */
#define TCP_RESET_DELAY INT64_C(1000000000)       /* nanoseconds of capture time: so long an RST may turn out to be none */
#define TCP_FIN_DELAY INT64_C(20000000)           /* the same of FINs: many connections end in a second */
#define TCP_QUIET INT64_C(60000000000)            /* nanoseconds of capture time: then it goes if there is no room for others */
#define TCP_SYN_PATIENCE INT64_C(3000000000)      /* nanoseconds of capture time: so long an answer to a SYN is waited for */

/*
 * The half-stream of the endpoint that sent the connection's first packet is 0, the other's is 1; if that packet is a
 * SYN+ACK, the opener is known all the same, and 0 is its half.
 */
struct tcp_endpoint {
    struct packet_address address;
    uint16_t port;
};

enum tcp_end {
    TCP_END_FIN,     /* both FINs were delivered */
    TCP_END_RST,
    TCP_END_REUSED,  /* a new SYN took the same ports */
    TCP_END_IDLE,    /* TCP_IDLE_TIMEOUT without a packet */
    TCP_END_CAPTURE, /* the capture ended first */
    TCP_END_REFUSED, /* the consumer wanted nothing more */
    TCP_END_LIMIT,   /* there was no memory to keep it open */
};

struct tcp_connection {
    struct tcp_endpoint endpoint[2];
    bool syn[2];              /* the SYN of this half was seen (index 0: the opener's SYN, 1: mostly the SYN+ACK) */
    bool fin[2];              /* the FIN of this half was seen and reached in order */
    unsigned capture;         /* file of the first frame */
    unsigned last_capture;    /* of the last frame */
    uint64_t first_frame, last_frame; /* frame numbers, each in its own file; SYN, ACK and FIN count */
    int64_t start, end;       /* time of first and last frame, nanoseconds */
    uint64_t ordinal;         /* grows in the order of first packets; connections may be opened in another order */
    uint64_t ignored;        /* segments with payload that was not used: far outside, in front of the start, too late */
    uint64_t contradictions; /* told to the consumer so far */
    void *user;               /* the consumer's own; aligned for anything */
};

/* What becomes of segments with wrong checksums. */
enum tcp_checksums {
    TCP_CHECKSUMS_AUTO, /* they are not used where others of the same half have right ones, and the peer does not
                           acknowledge them */
    TCP_CHECKSUMS_ON,   /* they are not used */
    TCP_CHECKSUMS_OFF,  /* nobody looks */
};

/* What cannot all be true: somebody forged packets, or a capture was put together from others. */
enum tcp_contradiction {
    TCP_DATA_BEHIND_FIN, /* the half goes on behind its FIN */
    TCP_DATA_BEHIND_RST, /* and behind its RST */
    TCP_DATA_BEHIND_END, /* the connection goes on behind its end */
    TCP_DATA_BEFORE_SYN, /* the half has octets in front of its SYN's */
    TCP_SECOND_SYN,      /* the half has two SYNs with different numbers */
    TCP_OPENED_WITHIN,   /* SYN and SYN+ACK of another connection, which nothing follows */
    TCP_CONTRADICTIONS
};

struct tcp_consumer {
    /* Octets for the consumer's own use that each connection has: connection->user points to them (not set to anything). May be 0. */
    size_t user_octets;
    /*
     * A connection was seen: a SYN and another packet of it, or any segment with payload. Where user_octets is 0, connection->user may be set.
     */
    void (*opened)(void *context, struct tcp_connection *connection);
    /*
     * The next octets of half `half`; `offset` of the first in its stream, from 0. `octets` is valid during the call only.
     * Returns false if the consumer wants nothing more of this connection: then it is forgotten down to a tombstone, and
     * `closed` (TCP_END_REFUSED) is called at once.
     */
    bool (*data)(void *context, struct tcp_connection *connection, int half, uint64_t offset, struct smtp_span octets,
                 struct place place);
    /* `octets` of half `half` are not in the capture. `before` is the last frame that half delivered from (frame 0: none). */
    void (*gap)(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                struct place before);
    /* `octets` at `offset` were seen with two contents: the one of `first` was delivered, `second` has the other. May be NULL. */
    void (*conflict)(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                     struct place first, struct place second);
    /* The segment at `place`, of half `half`, has a wrong checksum and was not used. May be NULL. */
    void (*mismatch)(void *context, struct tcp_connection *connection, int half, struct place place);
    /* The packet at `place`, of half `half`, contradicts others. May be NULL. */
    void (*contradicts)(void *context, struct tcp_connection *connection, int half, enum tcp_contradiction what,
                        struct place place);
    /* Half `half` ended (FIN) and all before it was delivered. Its data is complete unless gaps were reported. */
    void (*finished)(void *context, struct tcp_connection *connection, int half);
    /* It did not end: octets follow. May be NULL. */
    void (*resumed)(void *context, struct tcp_connection *connection, int half);
    /* All that will ever come was delivered; the connection is freed behind this call. */
    void (*closed)(void *context, struct tcp_connection *connection, enum tcp_end end);
    /*
     * Octets of half `half` come soon: what is kept of the connection may be asked for (prefetched). `step` 0: first time of asking;
     * 1: what step 0 asked for is there, and what it points to may be asked for; 2: and so on. May be NULL.
     */
    void (*expect)(void *context, const struct tcp_connection *connection, int half, int step);
    /* How many octets the consumer keeps of the connection, beside user_octets. May be NULL. */
    size_t (*memory)(void *context, const struct tcp_connection *connection);
    /* Whether the connection is more than begun: it does not give way to others that begin. May be NULL: none does. */
    bool (*speaks)(void *context, const struct tcp_connection *connection);
};

struct tcp_table;

/* Connections that a processor's cache has room for, more or less. */
#define TCP_CROWD 512

/*
 * Bounds of the whole table. Beyond them the first gap is declared, and the oldest tombstone forgotten. Where a new connection finds no room,
 * one that was quiet for TCP_QUIET is closed; else, of those that do not speak (yet), the one that was quiet for longest: a crowd that
 * only greets hides nobody, and those that speak come to their end. They never take all: what is only begun keeps TCP_NEWCOMERS parts
 * of 16. Where there is nobody to give way, new connections are not followed: better some whole than all in pieces.
 */
#define TCP_NEWCOMERS 4u

struct tcp_limits {
    size_t held;         /* octets that wait, in all connections */
    size_t connections;  /* octets that open connections take, with what the consumer says it keeps of them */
    unsigned tombstones; /* of connections that ended, or that the consumer refused */
    enum tcp_checksums checksums;
    unsigned crowd;      /* with more connections open segments wait in a short line, so that what is known of theirs can be fetched */
};

/* `limits` may be NULL: then they are meant for a machine that has nothing else to do. */
struct tcp_table *tcp_table_new(const struct tcp_consumer *consumer, void *context, const struct tcp_limits *limits);

/* Takes one segment, if not at once then before long. `frame`, `time`, `capture` say where it was captured. */
void tcp_table_add(struct tcp_table *table, const struct packet_segment *segment, unsigned capture, uint64_t frame, int64_t time);

/* A packet that is not for this table has this time: the clock goes on as if it were. */
void tcp_table_pass(struct tcp_table *table, int64_t time);

/* Takes what waits in line, as where nothing may follow for a while. */
void tcp_table_catch_up(struct tcp_table *table);

/* Nothing has followed for a while: connections that both sides ended are over. */
void tcp_table_settle(struct tcp_table *table);

/*
 * The smallest ordinal that a connection may yet be opened with: a SYN of it was seen, and an answer may come. UINT64_MAX: none.
 */
uint64_t tcp_table_pending(const struct tcp_table *table);

/* The captures are read: delivers what waits, declares the gaps, closes every connection in the order of their first packets. */
void tcp_table_finish(struct tcp_table *table);

void tcp_table_free(struct tcp_table *table);

/* Connections open now, octets held back now (with what each segment costs), tombstones now: for bounds in tests. */
struct tcp_statistics {
    uint64_t connections, held_octets, tombstones;
    uint64_t given_up;    /* connections so far that were not followed, or closed early, for want of memory, and had something to say */
    size_t memory;        /* octets that open connections take */
    uint64_t not_waited_for; /* holes so far that were declared because too much waited behind them */
    uint64_t implausible; /* segments so far whose payload was not used: far outside of what is expected, or in front of
                             the start */
    uint64_t late;        /* the same: for a hole that was not waited for any more */
    uint64_t mismatches;  /* segments so far that were not used because their checksums are wrong */
};
struct tcp_statistics tcp_table_statistics(const struct tcp_table *table);

#endif
