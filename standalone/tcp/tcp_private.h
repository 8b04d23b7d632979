/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TCP_PRIVATE_H
#define SMTPSCOPE_TCP_PRIVATE_H

/*
 * What the files of TCP reassembly share:
 *
 *     tcp_table.c       which connection a segment belongs to; idle time, tombstones
 *     tcp_connection.c  what a segment means to its connection: SYN, payload, FIN, RST; where a half starts
 *     tcp_delivery.c    what may be delivered now, what is a gap now, in the order of cause and effect
 *     tcp_checksum.c    segments whose checksums are wrong
 *     tcp_queue.c       the segments of a half that wait
 *     tcp_holes.c       the holes of a half that were declared
 *     tcp_recent.c      the last octets delivered, to compare retransmissions with
 *     tcp_lookahead.c   segments that come next, so that memory can be asked for before it is needed
 *
 * A position is a 64-bit number for an octet of a half: the sequence number, unwrapped. It begins at TCP_POSITION_START
 * and not at 0, so that a start can move back. What the consumer sees are offsets: positions from the half's origin.
 */

#include <glib.h>

#include "slots.h"
#include "tcp.h"

#define TCP_POSITION_START (UINT64_C(1) << 40)

/* Further from the octet expected than this, a sequence or acknowledgement number is nonsense (RFC 7323's largest window). */
#define TCP_PLAUSIBLE (INT64_C(1) << 30)

/* What belongs to the same moment of a connection: a plausible RST, a start that moves back, a late retransmission. */
#define TCP_NEAR (INT64_C(1) << 20)

/* Times beyond these (1823 and 2116) are taken for these, so that sums of times never overflow. */
#define TCP_CLOCK_LIMIT ((int64_t)1 << 62)

/* This many segments of one half and none of the other: the other one was not captured. */
#define TCP_ONE_SIDED 4

struct tcp_stream;

/* ---- the segments of a half that wait (tcp_queue.c) ---- */

/* A segment that waits, or a piece of one, or (no octets) a FIN. */
struct tcp_held {
    struct tcp_held *previous, *next; /* by position; they never overlap */
    uint64_t position;
    uint64_t arrival; /* rank of its packet in the capture */
    struct place place;
    uint32_t acknowledgement;
    bool acknowledges; /* the ACK flag */
    bool used;         /* of what is doubtful: some of it */
    uint32_t length;
    uint8_t octets[];
};

struct tcp_queue {
    struct tcp_held *first, *last;
    unsigned count;
    GTree *index; /* of a long queue, by position; else NULL */
};

/* Octets at a place of the stream, and the packet they came in. */
struct tcp_piece {
    uint64_t position, arrival;
    struct smtp_span octets;
    struct place place;
    uint32_t acknowledgement;
    bool acknowledges;
};

/* Octets seen twice, differently. */
typedef void tcp_differs(struct tcp_stream *stream, int half, uint64_t position, uint64_t octets, struct place first,
                         struct place second);

/* Reports the stretch from the first to the last octet in which the two differ, if they do. */
void tcp_compare(struct tcp_stream *stream, int half, uint64_t position, const uint8_t *first, const uint8_t *second,
                 size_t length, struct place first_place, struct place second_place);

/* Reports that `octets` from `position` on were seen with two contents. */
void tcp_report_difference(struct tcp_stream *stream, int half, uint64_t position, uint64_t octets, struct place first,
                           struct place second);

/* Keeps a copy of what is not waiting yet; compares the rest with what is. Returns the memory that this took, in octets. */
size_t tcp_queue_add(struct tcp_queue *queue, struct tcp_stream *stream, int half, const struct tcp_piece *piece);

/* Frees the first one. Returns the memory that this gave back. */
size_t tcp_queue_drop_first(struct tcp_queue *queue);

struct tcp_held *tcp_held_new(const struct tcp_piece *piece);
size_t tcp_held_memory(const struct tcp_held *held);

/* ---- the last octets delivered (tcp_recent.c) ---- */

struct tcp_recent;

/* Octets of the struct itself; makes one in which nothing is noted; and gives back what it took beyond that. */
size_t tcp_recent_size(void);
void tcp_recent_start(struct tcp_recent *recent);
void tcp_recent_stop(struct tcp_recent *recent);

/* Octets that it takes. */
size_t tcp_recent_memory(const struct tcp_recent *recent);

/*
 * Notes that `octets` were delivered. What was noted before must lie just in front of them. `sent`: octets of the half so far;
 * `acked`: the position up to which the peer has acknowledged them.
 */
void tcp_recent_add(struct tcp_recent *recent, uint64_t position, uint64_t sent, uint64_t acked,
                    struct smtp_span octets, struct place place);

/* Nothing that was noted before lies in front of what comes next. `recent` may be NULL. */
void tcp_recent_forget(struct tcp_recent *recent);

/* Asks for the memory that noting `octets` octets more will use, in two steps (see tcp_consumer.expect). */
void tcp_recent_expect(const struct tcp_recent *recent, size_t octets, int step);

/* Whether octets that were delivered before are said again, and differently, as far as is still known. `recent` may be NULL. */
bool tcp_recent_differs(const struct tcp_recent *recent, uint64_t position, struct smtp_span octets);

/* Compares a retransmission with what is still known of the octets it repeats. `recent` may be NULL. */
void tcp_recent_compare(const struct tcp_recent *recent, struct tcp_stream *stream, int half, uint64_t position,
                        struct smtp_span octets, struct place place);

/* ---- holes that were declared (tcp_holes.c) ---- */

struct tcp_holes;

/* Adds the hole of the positions from `from` up to `to`, behind those before; `*holes` is NULL before the first. To be
 * g_freed. */
void tcp_holes_add(struct tcp_holes **holes, uint64_t from, uint64_t to);

/* Whether positions from `from` up to `to` are in a hole, as far as is remembered. `holes` may be NULL. */
bool tcp_holes_touch(const struct tcp_holes *holes, uint64_t from, uint64_t to);

/* ---- SYNs without an answer (tcp_syn.c) ---- */

/* Normalised: the lower endpoint first. */
struct tcp_flow {
    struct tcp_endpoint low, high;
    guint hash;
};

bool tcp_same_endpoint(const struct tcp_endpoint *a, const struct tcp_endpoint *b);

bool tcp_same_flow(const struct tcp_flow *one, const struct tcp_flow *other);

struct tcp_syn {
    struct tcp_flow flow;
    bool from_low; /* sent by flow.low */
    uint32_t sequence;
    uint8_t right, wrong; /* 1: that its checksum is */
    uint16_t most;        /* octets of the largest segment that it announces */
    uint64_t rank; /* of the packet in the capture, from 1 */
    struct place place;
};

struct tcp_syns;

struct tcp_syns *tcp_syns_new(void);
void tcp_syns_free(struct tcp_syns *syns);

/* Keeps a SYN; another one of the same flow goes, and the oldest of all if there is no slot left. */
void tcp_syns_add(struct tcp_syns *syns, const struct tcp_syn *syn);

/* The SYN kept of a flow, or NULL. */
struct tcp_syn *tcp_syns_find(const struct tcp_syns *syns, const struct tcp_flow *flow);

void tcp_syns_drop(struct tcp_syns *syns, struct tcp_syn *syn);

/* The first one kept that was captured at `not_before` or later; NULL if there is none. `not_before` never goes back. */
const struct tcp_syn *tcp_syns_oldest(struct tcp_syns *syns, int64_t not_before);

/* ---- entries by flow (tcp_index.c) ---- */

struct tcp_entry;
struct tcp_index;

struct tcp_index *tcp_index_new(void);
void tcp_index_free(struct tcp_index *index);

/* The entry of a flow, or NULL. */
struct tcp_entry *tcp_index_find(const struct tcp_index *index, const struct tcp_flow *flow);

/* Adds an entry whose flow is not there yet. */
void tcp_index_add(struct tcp_index *index, struct tcp_entry *entry);

void tcp_index_remove(struct tcp_index *index, const struct tcp_entry *entry);

/* The slot that a flow's search begins at is asked for, so that it is there when the search begins. */
void tcp_index_expect(const struct tcp_index *index, const struct tcp_flow *flow);

/* As tcp_index_find, but it looks at no entry: the entry may be another flow's with the same hash. */
struct tcp_entry *tcp_index_peek(const struct tcp_index *index, const struct tcp_flow *flow);

/* ---- segments that come next (tcp_lookahead.c) ---- */

/* A segment's flow, and where in it the sender stands. */
struct tcp_found {
    struct tcp_endpoint from, to;
    struct tcp_flow flow;
    bool from_low;
};

struct tcp_coming {
    bool is_time; /* of a packet that is nobody's: only place.time counts */
    struct packet_segment segment; /* its payload is a copy */
    struct tcp_found found;
    struct place place;
};

struct tcp_lookahead;

struct tcp_lookahead *tcp_lookahead_new(void);
void tcp_lookahead_free(struct tcp_lookahead *lookahead);

/* Puts a segment at the end. False: it is too large to wait. */
bool tcp_lookahead_add(struct tcp_lookahead *lookahead, const struct tcp_table *table,
                       const struct packet_segment *segment, const struct tcp_found *found, struct place place);

/* Puts a time at the end. */
void tcp_lookahead_add_time(struct tcp_lookahead *lookahead, int64_t time);

/* Whether the first one should be taken before another one is added. */
bool tcp_lookahead_is_full(const struct tcp_lookahead *lookahead);

/* The first one, NULL if there is none; and takes it out. */
struct tcp_coming *tcp_lookahead_next(struct tcp_lookahead *lookahead);
void tcp_lookahead_drop(struct tcp_lookahead *lookahead);

/* ---- a connection ---- */

enum tcp_start {
    TCP_START_UNKNOWN,
    TCP_START_ACK,     /* the peer's first acknowledgement number */
    TCP_START_SEGMENT, /* the first segment with payload */
    TCP_START_SYN,
};

/* What every segment needs stands in front, in one line of the processor's cache. */
struct tcp_half {
    enum tcp_start start : 8;
    bool delivered;      /* anything, or a gap: the start cannot move any more */
    uint16_t segments;   /* that this half sent; counted up to TCP_ONE_SIDED */
    uint32_t base;       /* sequence number of TCP_POSITION_START */
    uint64_t origin;     /* position of offset 0 */
    uint64_t expected;   /* the next octet to deliver */
    uint64_t seen_end;   /* behind the last octet that was on the wire */
    uint64_t end;        /* where the FIN stands; UINT64_MAX: none was seen */

    /* What the peer says that it got. */
    uint64_t acked;    /* highest position acknowledged */
    uint64_t claimant; /* the peer's position behind the segment that said so */
    uint64_t acked_at; /* and its rank */
    uint64_t heard_at; /* rank of the peer's last segment that acknowledges anything */

    struct tcp_recent *recent;
    struct place last; /* of the last octets delivered */

    /* Where segments wait, for a hole in this half or in the peer's. */
    struct tcp_queue queue;
    struct tcp_held *fin; /* the FIN, until it is reached */
    uint64_t given_up;    /* missing octets before this are not waited for any more */

    /* Octets up to `proven` are acknowledged and missing since TCP_GAP_DELAY before `deadline`; INT64_MAX: none are. */
    uint64_t proven;
    int64_t deadline;

    struct tcp_holes *holes; /* NULL: none was declared */
    uint32_t syn;            /* where `start` is TCP_START_SYN: its number */
    uint32_t other_syn;      /* and that of another one, if there is one */
    bool has_other_syn;
    bool confirmed; /* the peer acknowledged something that `syn` allows */
    bool absent;    /* it was waited for in vain */

    /* What checksums say of it (tcp_checksum.c). */
    bool unfilled;             /* its checksums are filled in behind the capture: they are not looked at any more */
    uint8_t right, wrong;      /* segments with right ones and with wrong ones, as far as it matters */
    uint8_t borne_out;         /* wrong ones that were acknowledged, and nobody had brought others */
    uint16_t most;             /* octets of its largest segment, as the peer said; 0: it did not */
    struct tcp_queue doubtful; /* octets of segments with wrong ones, which are used if there are no others */
};

/* What the table holds under a flow: a connection, or what is left of one. */
struct tcp_entry {
    struct tcp_flow flow;
    bool is_tombstone;
    bool syn_waits;  /* a SYN of its flow is kept that may begin another connection */
    GList link;      /* in the table's list of connections or tombstones, both more or less by `queued` */
    int64_t touched; /* time of the last packet */
    int64_t queued;  /* `touched` when it was put there: it is moved only when it comes to the front */
};

/* A connection. The first member of both makes a pointer to it one to its entry. */
struct tcp_stream {
    struct tcp_entry entry;
    struct tcp_table *table;
    size_t held;  /* memory of all that waits, octets */
    unsigned packets;
    int64_t clock;     /* as late as its packets say: one alone, far ahead of the others, does not set it */
    int64_t last_time; /* of its last packet */
    bool refused; /* the consumer wants nothing more */
    bool reset;   /* by an RST that stands where it must: the end, if nothing follows before long */
    bool reset_perhaps; /* by one that does not: the end, if nothing follows at all */
    GQueue *ending;     /* it seems to be over, and is in this list of the table's; NULL: it does not */
    int reset_half;     /* that sent the RST */
    struct tcp_half half[2];
    struct tcp_connection connection;
    size_t memory; /* what it counts for in the table's memory */
    bool speaks;     /* and does not give way to newcomers */
    GList newcomer;  /* unless it speaks: link in the table's list of those that do not, more or less by last packet */
    int64_t greeted; /* when it was put there, as `queued` */
    struct tcp_reopening *reopening; /* NULL: no other connection seems to begin */
    GList waiting;                   /* link in the table's list of those of which something waits */
    GList ends;                      /* link in `ending` */
    int64_t ended_at, looked_at;     /* by the table's clock: when it seemed so, and when that was looked at last */
};

/* SYN and SYN+ACK of another connection between the same ports, as long as nothing more of it was seen: they may be
 * forged. */
struct tcp_reopening {
    bool has_syn;
    struct tcp_syn syn;
    uint32_t sequence, acknowledgement; /* of the SYN+ACK */
    bool from_low;                      /* who sent that */
    uint64_t rank;
    struct place place;
    bool told; /* as a contradiction */
};

struct tcp_tombstone {
    struct tcp_entry entry;
    bool refused;
    bool uncounted;     /* it was given up before it said anything */
    /* Next sequence numbers of the two, [0] that of flow.low: what is far from them is a new connection's. */
    bool known[2];
    uint32_t sequence[2];
    bool syn[2];       /* their SYNs were seen, with these numbers */
    uint32_t initial[2];
    bool holes[2]; /* octets of theirs were missing */
};

struct tcp_table {
    struct tcp_consumer consumer;
    void *context;
    struct tcp_index *index;
    struct tcp_syns *syns;
    struct tcp_lookahead *lookahead;
    struct slots *streams; /* each with the consumer's memory behind it */
    struct slots *recents;
    uint64_t seed;       /* nobody who sends packets knows how they hash */
    GQueue connections;  /* more or less by last packet */
    GQueue newcomers;    /* those of them that do not speak */
    GQueue tombstones;
    GQueue finished; /* connections that seem to be over by their FINs, by time */
    GQueue resets;   /* and by an RST that stands where it must */
    GQueue waiting; /* connections of which something waits, those that wait for the longest time first */
    bool started;
    int64_t last_time;   /* of the last packet */
    int64_t time;        /* capture time: one packet alone, far ahead of the others, does not set it */
    int64_t clock;       /* as `time`, but no step of it counts for more than TCP_STEP_LIMIT */
    uint64_t implausible; /* segments that were not used: their sequence numbers are nonsense */
    uint64_t late;        /* segments that were not used: what they fill was given up */
    uint64_t mismatches;  /* segments that were not used: their checksums are wrong */
    uint64_t arrivals;   /* segments so far */
    size_t held;         /* of all connections */
    size_t memory;       /* of all connections, beside what is held */
    size_t speaking;     /* of those that speak */
    struct tcp_limits limits;
    uint64_t given_up;
    uint64_t not_waited_for; /* holes that were declared because too much waited behind them */
    bool forgetful;      /* tombstones were forgotten to make room for others */
    bool forgot_uncounted; /* some of them of connections that were not counted */
};

/* A segment with all that is known of where it stands. */
struct tcp_arrival {
    const struct packet_segment *segment;
    int half; /* that sent it */
    uint64_t rank;
    struct place place;
};

static inline uint32_t tcp_sequence(const struct tcp_half *half, uint64_t position)
{
    return half->base + (uint32_t)position;
}

/* How far `sequence` is ahead of the octet that `half` delivers next; below 0: behind it. */
static inline int64_t tcp_ahead(const struct tcp_half *half, uint32_t sequence)
{
    return (int32_t)(sequence - tcp_sequence(half, half->expected));
}

static inline uint64_t tcp_position(const struct tcp_half *half, uint32_t sequence)
{
    return half->expected + (uint64_t)tcp_ahead(half, sequence);
}

/* ---- tcp_table.c ---- */

/* The connection seems to be over; and what follows shows that it is not. */
void tcp_note_end(struct tcp_stream *stream);
void tcp_withdraw_end(struct tcp_stream *stream);

/* So much memory more is taken by what waits of the connection; and less. */
void tcp_take_memory(struct tcp_stream *stream, size_t memory);
void tcp_give_memory(struct tcp_stream *stream, size_t memory);

/* ---- tcp_connection.c ---- */

/* Whether the segment is of a new connection between the same ports. */
bool tcp_stream_is_reused(const struct tcp_stream *stream, const struct tcp_arrival *arrival);

/* Whether a segment stands so far from what is expected that it may be another connection's. */
bool tcp_stream_is_far(const struct tcp_stream *stream, const struct tcp_arrival *arrival);

/* Takes a segment of the connection. Whether it seems to be the last one is for tcp_stream_is_finished to say. */
void tcp_stream_take(struct tcp_stream *stream, const struct tcp_arrival *arrival);

/* Whether both FINs were reached. */
static inline bool tcp_stream_is_finished(const struct tcp_stream *stream)
{
    return stream->connection.fin[0] && stream->connection.fin[1];
}

/* Tells the consumer that a packet contradicts others. */
void tcp_contradict(struct tcp_stream *stream, int half, enum tcp_contradiction what, struct place place);

/* ---- tcp_checksum.c ---- */

enum tcp_verdict {
    TCP_VERDICT_GOOD,
    TCP_VERDICT_DOUBTFUL, /* its payload goes to tcp_keep_doubtful, and nothing else of it counts where the half is
                             known to be checked */
    TCP_VERDICT_BAD,      /* the receiver dropped it */
};

/* Whether a segment is to be used. Counts what it finds. */
enum tcp_verdict tcp_judge(struct tcp_stream *stream, const struct tcp_arrival *arrival);

/* Whether the segment would be judged as one that the receiver dropped. Counts nothing. */
bool tcp_is_bad(const struct tcp_stream *stream, const struct tcp_arrival *arrival);

/* The segment was not used. */
void tcp_note_mismatch(struct tcp_stream *stream, int half, struct place place);

void tcp_keep_doubtful(struct tcp_stream *stream, int half, const struct tcp_piece *piece);

/* Looks through what is doubtful: takes out what there is another copy of by now, and uses what nothing speaks against.
 */
bool tcp_use_doubtful(struct tcp_stream *stream, int half);

/* In place of a hole up to `end`, which is given up: uses what is doubtful and fills some of it. */
bool tcp_fill_doubtful(struct tcp_stream *stream, int half, uint64_t end);

/* Nothing more will come: what is doubtful is used where nothing speaks against it; and, when all was delivered, the
 * rest is not. */
void tcp_begin_end(struct tcp_stream *stream, int half);
void tcp_end_doubtful(struct tcp_stream *stream, int half);

/* ---- tcp_delivery.c ---- */

/* Hands octets to the consumer that are the next ones of their half. */
void tcp_deliver(struct tcp_stream *stream, int half, struct smtp_span octets, struct place place);

/* The position up to which octets of `half` are acknowledged; its FIN is no octet. */
uint64_t tcp_acked_octets(const struct tcp_half *half);

/* Whether the octets of `peer` that the sender of a segment had when it sent it were all delivered. */
bool tcp_is_caused(const struct tcp_half *peer, bool acknowledges, uint32_t acknowledgement);

/* A FIN was seen, and perhaps reached, but data follows it: it is none. */
void tcp_withdraw_fin(struct tcp_stream *stream, int half);

/* Whether `half` sends, but none of its packets is in the capture. */
bool tcp_is_absent(const struct tcp_stream *stream, int half);

/* Delivers what can be delivered now, declares the gaps that are due, sets and clears deadlines. */
void tcp_pump(struct tcp_stream *stream);

/* A packet of the connection has this time: declares the gaps whose deadlines are passed. */
void tcp_advance(struct tcp_stream *stream, int64_t time);

/* There is no room for what waits: the hole that holds up the first of it is given up. */
void tcp_give_up(struct tcp_stream *stream);

/* Delivers all that waits, whatever it waits for. What is missing is a gap. */
void tcp_drain(struct tcp_stream *stream);

/* Frees what waits. */
void tcp_discard(struct tcp_stream *stream);

#endif
