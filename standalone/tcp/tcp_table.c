/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

/* ---- flows ---- */

static int compare_endpoints(const struct tcp_endpoint *a, const struct tcp_endpoint *b)
{
    int order = memcmp(a->address.octets, b->address.octets, sizeof a->address.octets);
    if (order == 0)
        order = (int)a->address.version - (int)b->address.version;
    return order != 0 ? order : (int)a->port - (int)b->port;
}

bool tcp_same_endpoint(const struct tcp_endpoint *a, const struct tcp_endpoint *b)
{
    return memcmp(a->address.octets, b->address.octets, sizeof a->address.octets) == 0 && a->address.version == b->address.version
           && a->port == b->port;
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
    hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t mix_endpoint(uint64_t hash, const struct tcp_endpoint *endpoint)
{
    uint64_t halves[2];
    memcpy(halves, endpoint->address.octets, sizeof halves);
    hash = mix(mix(hash, halves[0]), halves[1]);
    return mix(hash, (uint64_t)endpoint->address.version << 16 | endpoint->port);
}

/* The flow of two endpoints; `*from_low` whether the first of them is its lower one. */
static struct tcp_flow flow_of(const struct tcp_table *table, const struct tcp_endpoint *from, const struct tcp_endpoint *to,
                               bool *from_low)
{
    *from_low = compare_endpoints(from, to) <= 0;
    struct tcp_flow flow = { .low = *from_low ? *from : *to, .high = *from_low ? *to : *from };
    uint64_t hash = mix_endpoint(mix_endpoint(table->seed, &flow.low), &flow.high);
    flow.hash = (guint)(hash ^ hash >> 32);
    return flow;
}

bool tcp_same_flow(const struct tcp_flow *one, const struct tcp_flow *other)
{
    return one->hash == other->hash && tcp_same_endpoint(&one->low, &other->low) && tcp_same_endpoint(&one->high, &other->high);
}

/* ---- entries ---- */

static GQueue *list_of(struct tcp_table *table, const struct tcp_entry *entry)
{
    return entry->is_tombstone ? &table->tombstones : &table->connections;
}

static void add_entry(struct tcp_table *table, struct tcp_entry *entry)
{
    entry->link.data = entry;
    entry->touched = table->clock;
    entry->queued = table->clock;
    tcp_index_add(table->index, entry);
    g_queue_push_tail_link(list_of(table, entry), &entry->link);
}

static void remove_entry(struct tcp_table *table, struct tcp_entry *entry)
{
    tcp_index_remove(table->index, entry);
    g_queue_unlink(list_of(table, entry), &entry->link);
}

/* An entry that was quiet for about the longest time, or NULL: what was touched since it was put into its place goes to the end. */
static struct tcp_entry *quietest(GQueue *list)
{
    while (list->head != NULL) {
        struct tcp_entry *entry = list->head->data;
        if (entry->queued == entry->touched)
            return entry;
        entry->queued = entry->touched;
        g_queue_unlink(list, &entry->link);
        g_queue_push_tail_link(list, &entry->link);
    }
    return NULL;
}

/* As long as the one at the front has not been there for so long, nobody has been quiet for so long. */
static bool may_be_quiet(const GQueue *list, int64_t time)
{
    return list->head != NULL && ((const struct tcp_entry *)list->head->data)->queued < time;
}

/* ---- tombstones ---- */

static void drop_tombstone(struct tcp_table *table, struct tcp_entry *entry)
{
    remove_entry(table, entry);
    g_free(entry);
}

static struct tcp_tombstone *new_tombstone(struct tcp_table *table, const struct tcp_flow *flow, bool refused)
{
    struct tcp_tombstone *tombstone = g_new0(struct tcp_tombstone, 1);
    tombstone->entry.flow = *flow;
    tombstone->entry.is_tombstone = true;
    tombstone->refused = refused;
    if (table->tombstones.length >= table->limits.tombstones) {
        struct tcp_entry *oldest = quietest(&table->tombstones);
        table->forgetful = true;
        table->forgot_uncounted = table->forgot_uncounted || ((const struct tcp_tombstone *)oldest)->uncounted;
        drop_tombstone(table, oldest);
    }
    add_entry(table, &tombstone->entry);
    return tombstone;
}

static bool said_anything(const struct tcp_stream *stream)
{
    return stream->half[0].delivered || stream->half[1].delivered || stream->held > 0;
}

static void leave_tombstone(struct tcp_table *table, const struct tcp_stream *stream, bool given_up)
{
    struct tcp_tombstone *tombstone = new_tombstone(table, &stream->entry.flow, stream->refused);
    tombstone->uncounted = given_up && !said_anything(stream);
    int low = tcp_same_endpoint(&stream->connection.endpoint[0], &stream->entry.flow.low) ? 0 : 1;
    for (int side = 0; side < 2; side++) {
        const struct tcp_half *half = &stream->half[side == 0 ? low : 1 - low];
        tombstone->known[side] = half->start != TCP_START_UNKNOWN;
        tombstone->sequence[side] = tcp_sequence(half, half->expected);
        tombstone->syn[side] = half->start == TCP_START_SYN;
        tombstone->initial[side] = half->syn;
        tombstone->holes[side] = half->holes != NULL;
    }
}

/* Whether octets come behind the end: that was none. */
static bool goes_on(const struct tcp_tombstone *tombstone, const struct packet_segment *segment, int side)
{
    int64_t end = (int32_t)(segment->sequence + segment->payload_octets - tombstone->sequence[side]);
    return segment->payload_octets > 1 && end > 0 && end < TCP_NEAR;
}

/* Whether a segment that would open a connection is a new one's, and not a late packet of the old one. */
static bool outlives_tombstone(const struct tcp_tombstone *tombstone, const struct packet_segment *segment, bool from_low)
{
    int side = from_low ? 0 : 1;
    bool syn = (segment->flags & PACKET_TCP_SYN) != 0;
    if (syn && !(segment->flags & PACKET_TCP_ACK))
        return true;
    if (!tombstone->known[side] || (tombstone->refused && !syn))
        return false;
    if (syn && tombstone->syn[side])
        return segment->sequence != tombstone->initial[side];
    int64_t distance = (int32_t)(segment->sequence - tombstone->sequence[side]);
    return distance > TCP_NEAR || distance < -TCP_NEAR || goes_on(tombstone, segment, side);
}

/* What belongs to a connection that is over and was not used: what was missing when it ended. */
static void count_late(struct tcp_table *table, const struct tcp_tombstone *tombstone,
                       const struct packet_segment *segment, bool from_low)
{
    int side = from_low ? 0 : 1;
    if (!tombstone->refused && tombstone->holes[side] && segment->payload_octets > 0)
        table->late++;
}

/* ---- connections ---- */

static void start_half(struct tcp_half *half)
{
    half->origin = TCP_POSITION_START;
    half->expected = TCP_POSITION_START;
    half->seen_end = TCP_POSITION_START;
    half->given_up = TCP_POSITION_START;
    half->acked = TCP_POSITION_START;
    half->end = UINT64_MAX;
    half->deadline = INT64_MAX;
}

static void close_stream(struct tcp_table *table, struct tcp_stream *stream, enum tcp_end end)
{
    struct tcp_connection *connection = &stream->connection;
    if (!stream->refused)
        tcp_drain(stream);
    if (stream->refused)
        end = TCP_END_REFUSED;
    else if (tcp_stream_is_finished(stream) && end != TCP_END_LIMIT)
        end = TCP_END_FIN;
    else if (stream->reset || (stream->reset_perhaps && (end == TCP_END_CAPTURE || end == TCP_END_IDLE)))
        end = TCP_END_RST;
    tcp_withdraw_end(stream);
    table->memory -= stream->memory;
    if (stream->speaks)
        table->speaking -= stream->memory;
    else
        g_queue_unlink(&table->newcomers, &stream->newcomer);
    remove_entry(table, &stream->entry);
    table->consumer.closed(table->context, connection, end);
    if (end == TCP_END_LIMIT) /* the rest of it is no session of its own */
        stream->refused = true;
    if (end == TCP_END_FIN || end == TCP_END_RST || end == TCP_END_REFUSED || end == TCP_END_LIMIT)
        leave_tombstone(table, stream, end == TCP_END_LIMIT);
    tcp_discard(stream);
    slots_give(table->streams, stream);
}

/* With what the consumer keeps behind it. */
static size_t stream_size(const struct tcp_table *table)
{
    return sizeof(struct tcp_stream) + table->consumer.user_octets;
}

/* What a connection takes: with the table's entry for it, and what the allocator adds. */
#define STREAM_OVERHEAD ((size_t)160)

/* It changes little from packet to packet. */
#define PACKETS_BETWEEN_ACCOUNTS 8

/* A connection takes about so much before long, and counts for it from the beginning: what is let in can be followed to its end. */
#define ROOM_FOR_ONE ((size_t)8704)

/* There is no memory for it. What never said anything counts when it does. */
static void give_up(struct tcp_table *table, struct tcp_stream *stream)
{
    table->given_up += said_anything(stream);
    close_stream(table, stream, TCP_END_LIMIT);
}

static void add_newcomer(struct tcp_table *table, struct tcp_stream *stream)
{
    stream->newcomer.data = stream;
    stream->greeted = stream->entry.touched;
    g_queue_push_tail_link(&table->newcomers, &stream->newcomer);
}

/* Of the newcomers the one that was quiet for about the longest time; NULL: there are none. */
static struct tcp_stream *quietest_newcomer(struct tcp_table *table)
{
    while (table->newcomers.head != NULL) {
        struct tcp_stream *stream = table->newcomers.head->data;
        if (stream->greeted == stream->entry.touched)
            return stream;
        g_queue_unlink(&table->newcomers, &stream->newcomer);
        add_newcomer(table, stream);
    }
    return NULL;
}

/* A connection that seems to be over is, if its room is needed. Returns whether there was one. */
static bool close_finished(struct tcp_table *table)
{
    if (table->finished.head == NULL)
        return false;
    close_stream(table, table->finished.head->data, TCP_END_FIN);
    return true;
}

/* Whether there is room for one connection more. Those that are over make it, quiet ones, or others of which not more is known, if `pressing`. */
static bool make_room(struct tcp_table *table, bool pressing)
{
    while (table->memory + ROOM_FOR_ONE > table->limits.connections && table->connections.length > 0) {
        if (close_finished(table))
            continue;
        struct tcp_entry *entry = quietest(&table->connections);
        bool quiet = table->clock - entry->touched >= TCP_QUIET;
        struct tcp_stream *newcomer = quiet || !pressing ? NULL : quietest_newcomer(table);
        if (!quiet && newcomer == NULL)
            return false;
        give_up(table, quiet ? (struct tcp_stream *)entry : newcomer);
    }
    return true;
}

/* Too much is taken: who goes? Not `stream`, if there is another one. */
static struct tcp_stream *first_to_go(struct tcp_table *table, const struct tcp_stream *stream)
{
    struct tcp_stream *newcomer = quietest_newcomer(table);
    return newcomer != NULL && newcomer != stream ? newcomer : (struct tcp_stream *)quietest(&table->connections);
}

/* From now on it gives way to nobody who only begins, if there is still room for those. */
static void note_speaking(struct tcp_table *table, struct tcp_stream *stream)
{
    if (stream->speaks || table->consumer.speaks == NULL || !table->consumer.speaks(table->context, &stream->connection))
        return;
    if (table->speaking + stream->memory > table->limits.connections / 16 * (16 - TCP_NEWCOMERS))
        return;
    stream->speaks = true;
    table->speaking += stream->memory;
    g_queue_unlink(&table->newcomers, &stream->newcomer);
}

/* Brings what the connection counts for up to date; where there is too much of all, others go. */
static void account(struct tcp_table *table, struct tcp_stream *stream)
{
    size_t memory = stream_size(table) + STREAM_OVERHEAD;
    for (int half = 0; half < 2; half++)
        memory += stream->half[half].recent != NULL ? tcp_recent_memory(stream->half[half].recent) : 0;
    if (table->consumer.memory != NULL)
        memory += table->consumer.memory(table->context, &stream->connection);
    memory = MAX(memory, ROOM_FOR_ONE);
    table->memory += memory - stream->memory;
    table->speaking += stream->speaks ? memory - stream->memory : 0;
    stream->memory = memory;
    note_speaking(table, stream);
    while (table->memory > table->limits.connections && table->connections.length > 1)
        if (!close_finished(table))
            give_up(table, first_to_go(table, stream));
}

/* Only a SYN, or payload, shows a connection to be there. */
static bool opens(const struct packet_segment *segment)
{
    return !(segment->flags & PACKET_TCP_RST) && ((segment->flags & PACKET_TCP_SYN) || segment->payload_octets > 0);
}

static struct tcp_stream *open_stream(struct tcp_table *table, const struct tcp_flow *flow, const struct tcp_endpoint *from,
                                      const struct tcp_endpoint *to, bool answers, uint64_t ordinal)
{
    struct tcp_stream *stream = slots_take(table->streams);
    memset(stream, 0, sizeof *stream);
    stream->table = table;
    stream->memory = ROOM_FOR_ONE;
    table->memory += ROOM_FOR_ONE;
    stream->connection.user = table->consumer.user_octets > 0 ? stream + 1 : NULL;
    stream->entry.flow = *flow;
    stream->connection.endpoint[answers ? 1 : 0] = *from;
    stream->connection.endpoint[answers ? 0 : 1] = *to;
    stream->connection.ordinal = ordinal;
    start_half(&stream->half[0]);
    start_half(&stream->half[1]);
    add_entry(table, &stream->entry);
    stream->speaks = table->consumer.speaks == NULL;
    if (stream->speaks)
        table->speaking += stream->memory;
    else
        add_newcomer(table, stream);
    return stream;
}

static void announce(struct tcp_stream *stream, unsigned capture, const struct tcp_arrival *arrival)
{
    struct tcp_connection *connection = &stream->connection;
    connection->capture = connection->last_capture = capture;
    connection->first_frame = connection->last_frame = arrival->place.frame;
    connection->start = connection->end = arrival->place.time;
    stream->clock = stream->last_time = CLAMP(arrival->place.time, -TCP_CLOCK_LIMIT, TCP_CLOCK_LIMIT);
    stream->table->consumer.opened(stream->table->context, connection);
}

/* ---- time ---- */

void tcp_note_end(struct tcp_stream *stream)
{
    struct tcp_table *table = stream->table;
    GQueue *list = tcp_stream_is_finished(stream) ? &table->finished : &table->resets;
    if (stream->ending == list)
        return;
    tcp_withdraw_end(stream);
    stream->ending = list;
    stream->ended_at = stream->looked_at = table->clock;
    stream->ends.data = stream;
    g_queue_push_tail_link(list, &stream->ends);
}

void tcp_withdraw_end(struct tcp_stream *stream)
{
    if (stream->ending != NULL)
        g_queue_unlink(stream->ending, &stream->ends);
    stream->ending = NULL;
}

/* Whether some of it may yet come, as where one direction stands behind the other. */
static bool is_waited_for(const struct tcp_stream *stream)
{
    if (tcp_stream_is_finished(stream) || stream->table->clock - stream->ended_at >= TCP_GAP_DELAY)
        return false;
    bool one_sided = stream->half[0].segments == 0 || stream->half[1].segments == 0;
    return stream->held > 0 || (one_sided && !tcp_is_absent(stream, 0) && !tcp_is_absent(stream, 1));
}

/* The time is up for the first connection of those that seem to be over. */
static void end_first(struct tcp_table *table, GQueue *list)
{
    struct tcp_stream *stream = list->head->data;
    if (!is_waited_for(stream)) {
        close_stream(table, stream, TCP_END_RST);
        return;
    }
    stream->looked_at = table->clock;
    g_queue_unlink(list, &stream->ends);
    g_queue_push_tail_link(list, &stream->ends);
}

/* When the next connection of those that seem to be over is over. */
static int64_t first_end(const GQueue *list, int64_t delay)
{
    return list->head != NULL ? ((const struct tcp_stream *)list->head->data)->looked_at + delay : INT64_MAX;
}

/* When the next connection is over for want of packets; not before that if it cannot be before `now`. */
static int64_t first_idle(struct tcp_table *table, int64_t now)
{
    if (!may_be_quiet(&table->connections, now - TCP_IDLE_TIMEOUT))
        return INT64_MAX;
    return quietest(&table->connections)->touched + TCP_IDLE_TIMEOUT + 1;
}

/* Closes what is over by now, each connection at its own time, whatever gives occasion to look at it. */
static void advance_clock(struct tcp_table *table, int64_t time)
{
    int64_t limited = CLAMP(time, -TCP_CLOCK_LIMIT, TCP_CLOCK_LIMIT);
    if (!table->started)
        table->time = table->clock = table->last_time = limited;
    table->started = true;
    int64_t step = MIN(limited, table->last_time) - table->time;
    table->last_time = limited;
    if (step <= 0)
        return;
    table->time += step;
    int64_t now = table->clock + MIN(step, TCP_STEP_LIMIT);
    for (;;) {
        int64_t finished = first_end(&table->finished, TCP_FIN_DELAY);
        int64_t reset = first_end(&table->resets, TCP_RESET_DELAY);
        int64_t end = MIN(finished, reset);
        int64_t idle = first_idle(table, now);
        if (MIN(end, idle) > now)
            break;
        table->clock = MAX(table->clock, MIN(end, idle));
        if (end <= idle)
            end_first(table, finished <= reset ? &table->finished : &table->resets);
        else
            close_stream(table, table->connections.head->data, TCP_END_IDLE);
    }
    table->clock = now;
    while (may_be_quiet(&table->tombstones, now - TCP_IDLE_TIMEOUT) &&
           quietest(&table->tombstones)->touched < now - TCP_IDLE_TIMEOUT)
        drop_tombstone(table, table->tombstones.head->data);
}

/* ---- the table ---- */

struct tcp_table *tcp_table_new(const struct tcp_consumer *consumer, void *context, const struct tcp_limits *limits)
{
    static const struct tcp_limits generous = { .held = 256 << 20, .connections = (size_t)1 << 30, .tombstones = 1 << 18, .crowd = TCP_CROWD };
    struct tcp_table *table = g_new0(struct tcp_table, 1);
    table->consumer = *consumer;
    table->limits = limits != NULL ? *limits : generous;
    table->context = context;
    table->index = tcp_index_new();
    table->seed = (uint64_t)g_random_int() << 32 | g_random_int();
    table->syns = tcp_syns_new();
    table->lookahead = tcp_lookahead_new();
    table->streams = slots_new(stream_size(table));
    table->recents = slots_new(tcp_recent_size());
    g_queue_init(&table->connections);
    g_queue_init(&table->newcomers);
    g_queue_init(&table->tombstones);
    g_queue_init(&table->finished);
    g_queue_init(&table->resets);
    g_queue_init(&table->waiting);
    return table;
}

static bool is_lone_syn(const struct packet_segment *segment)
{
    return (segment->flags & (PACKET_TCP_SYN | PACKET_TCP_ACK | PACKET_TCP_RST)) == PACKET_TCP_SYN && segment->payload_octets == 0;
}

/* Whether a segment shows that the SYN kept of its flow began a connection: it answers the SYN, or goes on where the SYN stood. */
static bool confirms_syn(const struct tcp_syn *syn, const struct tcp_found *found, const struct packet_segment *segment)
{
    uint32_t first = syn->sequence + 1;
    if (segment->flags & PACKET_TCP_RST)
        return false;
    if (found->from_low == syn->from_low)
        return segment->sequence == first && !(segment->flags & PACKET_TCP_SYN);
    if (segment->flags & PACKET_TCP_SYN)
        return !(segment->flags & PACKET_TCP_ACK) || segment->acknowledgement == first;
    int64_t ahead = (int32_t)(segment->acknowledgement - first);
    return (segment->flags & PACKET_TCP_ACK) && ahead >= 0 && ahead < TCP_NEAR;
}

/*
 * A SYN is kept whose number is near those of the connection that is open. Whether a segment that would confirm it cannot be the
 * open connection's as well.
 */
static bool only_a_new_one_says(const struct tcp_stream *stream, const struct tcp_syn *syn, const struct tcp_arrival *arrival)
{
    const struct packet_segment *segment = arrival->segment;
    if (segment->flags & PACKET_TCP_SYN)
        return true;
    return segment->sequence == syn->sequence + 1 && tcp_ahead(&stream->half[arrival->half], segment->sequence) != 0;
}

/* Opens the connection that a SYN began, with the SYN as its first segment. */
static struct tcp_stream *open_with(struct tcp_table *table, const struct tcp_syn *syn)
{
    const struct tcp_endpoint *from = syn->from_low ? &syn->flow.low : &syn->flow.high;
    const struct tcp_endpoint *to = syn->from_low ? &syn->flow.high : &syn->flow.low;
    const struct packet_segment segment = { .sequence = syn->sequence, .flags = PACKET_TCP_SYN };
    const struct tcp_arrival arrival = { .segment = &segment, .half = 0, .rank = syn->rank, .place = syn->place };
    struct tcp_stream *stream = open_stream(table, &syn->flow, from, to, false, syn->rank);
    announce(stream, syn->place.file, &arrival);
    tcp_stream_take(stream, &arrival);
    stream->half[0].right = syn->right;
    stream->half[0].wrong = syn->wrong;
    stream->half[1].most = syn->most;
    return stream;
}

/* The same, of a SYN that is kept. */
static struct tcp_stream *open_with_syn(struct tcp_table *table, struct tcp_syn *kept)
{
    struct tcp_syn syn = *kept;
    tcp_syns_drop(table->syns, kept);
    return open_with(table, &syn);
}

/* ---- a connection within another one ---- */

/* SYN and SYN+ACK, or that alone, are kept; what follows will tell. */
static void keep_reopening(struct tcp_table *table, struct tcp_stream *stream, struct tcp_syn *syn,
                           const struct tcp_arrival *arrival, bool from_low)
{
    if (stream->reopening == NULL)
        stream->reopening = g_new0(struct tcp_reopening, 1);
    *stream->reopening = (struct tcp_reopening){
        .has_syn = syn != NULL,
        .sequence = arrival->segment->sequence,
        .acknowledgement = arrival->segment->acknowledgement,
        .from_low = from_low,
        .rank = arrival->rank,
        .place = arrival->place,
    };
    if (syn == NULL)
        return;
    stream->reopening->syn = *syn;
    tcp_syns_drop(table->syns, syn);
}

static bool is_near(uint32_t number, uint32_t first)
{
    int64_t ahead = (int32_t)(number - first);
    return ahead >= 0 && ahead < TCP_NEAR;
}

/* Whether a segment goes on where SYN and SYN+ACK stood, and is not what comes next in the open connection. */
static bool confirms_reopening(const struct tcp_stream *stream, const struct tcp_arrival *arrival,
                               const struct tcp_found *found, bool far)
{
    const struct tcp_reopening *reopening = stream->reopening;
    const struct packet_segment *segment = arrival->segment;
    if (reopening == NULL || (segment->flags & (PACKET_TCP_SYN | PACKET_TCP_RST)) || !(segment->flags & PACKET_TCP_ACK))
        return false;
    bool answers = found->from_low == reopening->from_low;
    uint32_t own = answers ? reopening->sequence + 1 : reopening->acknowledgement;
    uint32_t peer = answers ? reopening->acknowledgement : reopening->sequence + 1;
    const struct tcp_half *half = &stream->half[arrival->half];
    bool next = half->start != TCP_START_UNKNOWN && tcp_ahead(half, segment->sequence) == 0;
    return !next && is_near(segment->acknowledgement, peer) &&
           (far ? is_near(segment->sequence, own) : segment->sequence == own);
}

static void take_answer(struct tcp_table *table, struct tcp_stream *stream, const struct tcp_reopening *reopening)
{
    const struct packet_segment segment = { .sequence = reopening->sequence,
                                            .acknowledgement = reopening->acknowledgement,
                                            .flags = PACKET_TCP_SYN | PACKET_TCP_ACK };
    const struct tcp_arrival arrival = {
        .segment = &segment, .half = 1, .rank = reopening->rank, .place = reopening->place
    };
    (void)table;
    tcp_stream_take(stream, &arrival);
}

/* The connection within was one: it takes the other's place, with SYN and SYN+ACK as its first segments. */
static struct tcp_stream *reopen(struct tcp_table *table, struct tcp_stream *stream, const struct tcp_found *found)
{
    struct tcp_reopening reopening = *stream->reopening;
    close_stream(table, stream, TCP_END_REUSED);
    struct tcp_entry *left = tcp_index_find(table->index, &found->flow);
    if (left != NULL)
        drop_tombstone(table, left);
    if (reopening.has_syn) {
        stream = open_with(table, &reopening.syn);
    } else {
        const struct tcp_endpoint *from = reopening.from_low ? &found->flow.low : &found->flow.high;
        const struct tcp_endpoint *to = reopening.from_low ? &found->flow.high : &found->flow.low;
        const struct tcp_arrival arrival = { .place = reopening.place };
        stream = open_stream(table, &found->flow, from, to, true, reopening.rank);
        announce(stream, reopening.place.file, &arrival);
    }
    take_answer(table, stream, &reopening);
    return stream;
}

/* What becomes of a segment between ports that a connection is open between. */
enum belongs {
    BELONGS_TO_IT,
    BELONGS_TO_NONE, /* yet */
    BELONGS_TO_ANOTHER,
};

static void keep_syn(struct tcp_table *table, const struct tcp_arrival *arrival, const struct tcp_found *found)
{
    const struct packet_segment *segment = arrival->segment;
    bool judged = segment->has_checksum && table->limits.checksums != TCP_CHECKSUMS_OFF;
    bool right = judged && packet_checksum_is_right(segment) && !segment->is_unfilled;
    const struct tcp_syn *known = tcp_syns_find(table->syns, &found->flow);
    if (judged && !right && !segment->is_unfilled && (table->limits.checksums == TCP_CHECKSUMS_ON || (known != NULL && known->right > 0))) {
        table->mismatches++;
        return;
    }
    tcp_syns_add(table->syns, &(struct tcp_syn){ .flow = found->flow,
                                                 .from_low = found->from_low,
                                                 .right = right,
                                                 .wrong = judged && !right,
                                                 .most = segment->most,
                                                 .place = arrival->place,
                                                 .sequence = segment->sequence,
                                                 .rank = arrival->rank });
}

/* A connection that seems to be over makes room for the next one at once. */
static bool is_next_one(const struct tcp_stream *stream, const struct packet_segment *segment, bool may_be_new,
                        bool far)
{
    return stream->ending != NULL && (may_be_new || (far && tcp_stream_is_finished(stream) && segment->payload_octets > 0));
}

/* `*stream` is the connection in the table; it becomes the new one that takes its place, if one does. */
static enum belongs find_open(struct tcp_table *table, struct tcp_stream **stream, const struct tcp_arrival *arrival,
                              const struct tcp_found *found)
{
    const struct packet_segment *segment = arrival->segment;
    if ((segment->flags & PACKET_TCP_SYN) && tcp_is_bad(*stream, arrival))
        return BELONGS_TO_IT;
    bool may_be_new = tcp_stream_is_reused(*stream, arrival);
    bool far = may_be_new || tcp_stream_is_far(*stream, arrival);
    struct tcp_syn *syn = far || (*stream)->entry.syn_waits ? tcp_syns_find(table->syns, &found->flow) : NULL;
    bool confirmed =
        syn != NULL && confirms_syn(syn, found, segment) && (far || only_a_new_one_says(*stream, syn, arrival));
    bool opening = (segment->flags & (PACKET_TCP_SYN | PACKET_TCP_ACK)) == (PACKET_TCP_SYN | PACKET_TCP_ACK);
    if (confirmed && opening && (*stream)->ending == NULL) { /* both may be forged: what follows will tell */
        keep_reopening(table, *stream, syn, arrival, found->from_low);
        return BELONGS_TO_NONE;
    }
    if (confirmed) {
        close_stream(table, *stream, TCP_END_REUSED);
        struct tcp_entry *left = tcp_index_find(table->index, &found->flow);
        if (left != NULL)
            drop_tombstone(table, left);
        *stream = open_with_syn(table, syn);
        return BELONGS_TO_IT;
    }
    if (confirms_reopening(*stream, arrival, found, far)) {
        *stream = reopen(table, *stream, found);
        return BELONGS_TO_IT;
    }
    if (may_be_new && is_lone_syn(segment)) { /* it may be forged, too */
        (*stream)->entry.syn_waits = true;
        keep_syn(table, arrival, found);
        return BELONGS_TO_NONE;
    }
    if (is_next_one(*stream, segment, may_be_new, far)) {
        close_stream(table, *stream, TCP_END_REUSED);
        return BELONGS_TO_ANOTHER;
    }
    if (may_be_new && opening) {
        keep_reopening(table, *stream, NULL, arrival, found->from_low);
        return BELONGS_TO_NONE;
    }
    if (may_be_new) {
        close_stream(table, *stream, TCP_END_REUSED);
        return BELONGS_TO_ANOTHER;
    }
    (*stream)->entry.touched = table->clock;
    return BELONGS_TO_IT;
}

static void set_half(struct tcp_arrival *arrival, const struct tcp_stream *stream, const struct tcp_found *found)
{
    arrival->half = tcp_same_endpoint(&found->from, &stream->connection.endpoint[0]) ? 0 : 1;
}

/* Long behind the connection's last packet, and not the next octet: the same ports, but hardly the same connection. */
static bool is_from_another_time(const struct tcp_stream *stream, const struct tcp_arrival *arrival, const struct tcp_found *found)
{
    const struct tcp_connection *connection = &stream->connection;
    if (arrival->place.time / 2 - connection->end / 2 <= TCP_IDLE_TIMEOUT / 2)
        return false;
    const struct tcp_half *half = &stream->half[tcp_same_endpoint(&found->from, &connection->endpoint[0]) ? 0 : 1];
    return half->start == TCP_START_UNKNOWN || tcp_ahead(half, arrival->segment->sequence) != 0;
}

/* The connection that a segment belongs to, opened now if need be; NULL if it belongs to none, or to none yet. */
static struct tcp_stream *find_stream(struct tcp_table *table, struct tcp_arrival *arrival, const struct tcp_found *found)
{
    const struct packet_segment *segment = arrival->segment;
    struct tcp_entry *entry = tcp_index_find(table->index, &found->flow);
    if (entry != NULL && !entry->is_tombstone && is_from_another_time((struct tcp_stream *)entry, arrival, found)) {
        close_stream(table, (struct tcp_stream *)entry, TCP_END_IDLE);
        entry = tcp_index_find(table->index, &found->flow);
    }
    if (entry != NULL && !entry->is_tombstone) {
        struct tcp_stream *stream = (struct tcp_stream *)entry;
        set_half(arrival, stream, found);
        enum belongs belongs = find_open(table, &stream, arrival, found);
        if (belongs == BELONGS_TO_IT)
            set_half(arrival, stream, found);
        if (belongs != BELONGS_TO_ANOTHER)
            return belongs == BELONGS_TO_IT ? stream : NULL;
        entry = tcp_index_find(table->index, &found->flow);
    }
    bool goes_on_behind_end = false;
    if (entry != NULL) {
        struct tcp_tombstone *tombstone = (struct tcp_tombstone *)entry;
        struct tcp_syn *syn = tcp_syns_find(table->syns, &found->flow);
        bool confirmed = syn != NULL && confirms_syn(syn, found, segment);
        if (!confirmed && (!opens(segment) || !outlives_tombstone(tombstone, segment, found->from_low))) {
            if (tombstone->refused) /* it may go on for long */
                entry->touched = table->clock;
            count_late(table, tombstone, segment, found->from_low);
            if (tombstone->uncounted && segment->payload_octets > 0) {
                tombstone->uncounted = false;
                table->given_up++;
            }
            return NULL;
        }
        int side = found->from_low ? 0 : 1;
        goes_on_behind_end = !confirmed && tombstone->known[side] && goes_on(tombstone, segment, side);
        if (confirmed || !is_lone_syn(segment))
            drop_tombstone(table, entry);
    }
    struct tcp_syn *syn = tcp_syns_find(table->syns, &found->flow);
    bool confirmed = syn != NULL && confirms_syn(syn, found, segment);
    bool begins = confirmed || (segment->flags & PACKET_TCP_SYN) != 0;
    if ((confirmed || (opens(segment) && !is_lone_syn(segment))) && !make_room(table, begins || !table->forgetful)) {
        /* Once tombstones were forgotten, what seems to be begun in the middle may be what was counted before. */
        table->given_up += confirmed || !table->forgetful || table->forgot_uncounted;
        if (confirmed)
            tcp_syns_drop(table->syns, syn);
        new_tombstone(table, &found->flow, true);
        return NULL;
    }
    if (confirmed) {
        struct tcp_stream *stream = open_with_syn(table, syn);
        set_half(arrival, stream, found);
        return stream;
    }
    if (is_lone_syn(segment)) {
        keep_syn(table, arrival, found);
        return NULL;
    }
    if (!opens(segment))
        return NULL;
    bool answers = (segment->flags & PACKET_TCP_SYN) != 0 && (segment->flags & PACKET_TCP_ACK) != 0;
    struct tcp_stream *stream = open_stream(table, &found->flow, &found->from, &found->to, answers, arrival->rank);
    arrival->half = answers ? 1 : 0;
    announce(stream, arrival->place.file, arrival);
    if (goes_on_behind_end)
        tcp_contradict(stream, arrival->half, TCP_DATA_BEHIND_END, arrival->place);
    return stream;
}

/* ---- what waits ---- */

void tcp_take_memory(struct tcp_stream *stream, size_t memory)
{
    if (stream->held == 0 && memory > 0) {
        stream->waiting.data = stream;
        g_queue_push_tail_link(&stream->table->waiting, &stream->waiting);
    }
    stream->held += memory;
    stream->table->held += memory;
}

void tcp_give_memory(struct tcp_stream *stream, size_t memory)
{
    stream->held -= memory;
    stream->table->held -= memory;
    if (stream->held == 0 && memory > 0)
        g_queue_unlink(&stream->table->waiting, &stream->waiting);
}

/* Too much waits: whoever waits for the longest time gives up a hole. */
static void relieve(struct tcp_table *table)
{
    while (table->held > table->limits.held) {
        struct tcp_stream *stream = table->waiting.head->data;
        tcp_give_up(stream);
        if (stream->refused)
            close_stream(table, stream, TCP_END_REFUSED);
    }
}

static void take_segment(struct tcp_table *table, const struct packet_segment *segment, const struct tcp_found *found,
                         struct place place)
{
    struct tcp_arrival arrival = { .segment = segment, .rank = ++table->arrivals, .place = place };
    advance_clock(table, place.time);
    struct tcp_stream *stream = find_stream(table, &arrival, found);
    if (stream == NULL)
        return;
    tcp_stream_take(stream, &arrival);
    if (stream->refused)
        close_stream(table, stream, TCP_END_REFUSED);
    else if (stream->packets++ % PACKETS_BETWEEN_ACCOUNTS == 0)
        account(table, stream);
    if (table->held > table->limits.held)
        relieve(table);
}

static void take_next(struct tcp_table *table)
{
    struct tcp_coming *coming = tcp_lookahead_next(table->lookahead);
    if (coming->is_time)
        advance_clock(table, coming->place.time);
    else
        take_segment(table, &coming->segment, &coming->found, coming->place);
    tcp_lookahead_drop(table->lookahead);
}

void tcp_table_catch_up(struct tcp_table *table)
{
    while (tcp_lookahead_next(table->lookahead) != NULL)
        take_next(table);
}

void tcp_table_add(struct tcp_table *table, const struct packet_segment *segment, unsigned capture, uint64_t frame, int64_t time)
{
    struct tcp_found found = {
        .from = { .address = segment->source, .port = segment->source_port },
        .to = { .address = segment->destination, .port = segment->destination_port },
    };
    struct place place = { .frame = frame, .file = capture, .time = time };
    found.flow = flow_of(table, &found.from, &found.to, &found.from_low);
    bool crowded = table->connections.length > table->limits.crowd;
    if (crowded && tcp_lookahead_add(table->lookahead, table, segment, &found, place)) {
        if (tcp_lookahead_is_full(table->lookahead))
            take_next(table);
        return;
    }
    tcp_table_catch_up(table);
    take_segment(table, segment, &found, place);
}

void tcp_table_pass(struct tcp_table *table, int64_t time)
{
    if (tcp_lookahead_next(table->lookahead) == NULL) {
        advance_clock(table, time);
        return;
    }
    tcp_lookahead_add_time(table->lookahead, time);
    if (tcp_lookahead_is_full(table->lookahead))
        take_next(table);
}

uint64_t tcp_table_pending(const struct tcp_table *table)
{
    const struct tcp_syn *syn = tcp_syns_oldest(table->syns, table->time - TCP_SYN_PATIENCE);
    return syn != NULL ? syn->rank : UINT64_MAX;
}

void tcp_table_settle(struct tcp_table *table)
{
    tcp_table_catch_up(table);
    while (close_finished(table))
        continue;
}

static gint by_ordinal(gconstpointer a, gconstpointer b)
{
    const struct tcp_stream *one = *(struct tcp_stream *const *)a;
    const struct tcp_stream *other = *(struct tcp_stream *const *)b;
    return one->connection.ordinal < other->connection.ordinal ? -1 : 1;
}

void tcp_table_finish(struct tcp_table *table)
{
    tcp_table_settle(table);
    GPtrArray *streams = g_ptr_array_sized_new(table->connections.length);
    for (const GList *link = table->connections.head; link != NULL; link = link->next)
        g_ptr_array_add(streams, link->data);
    g_ptr_array_sort(streams, by_ordinal);
    for (guint i = 0; i < streams->len; i++)
        close_stream(table, streams->pdata[i], TCP_END_CAPTURE);
    g_ptr_array_free(streams, TRUE);
    while (table->tombstones.head != NULL)
        drop_tombstone(table, table->tombstones.head->data);
}

void tcp_table_free(struct tcp_table *table)
{
    while (table->connections.head != NULL) {
        struct tcp_stream *stream = table->connections.head->data;
        remove_entry(table, &stream->entry);
        tcp_discard(stream);
        slots_give(table->streams, stream);
    }
    while (table->tombstones.head != NULL)
        drop_tombstone(table, table->tombstones.head->data);
    tcp_index_free(table->index);
    tcp_syns_free(table->syns);
    tcp_lookahead_free(table->lookahead);
    slots_free(table->streams);
    slots_free(table->recents);
    g_free(table);
}

struct tcp_statistics tcp_table_statistics(const struct tcp_table *table)
{
    return (struct tcp_statistics){
        .connections = table->connections.length,
        .held_octets = table->held,
        .tombstones = table->tombstones.length,
        .given_up = table->given_up,
        .memory = table->memory,
        .implausible = table->implausible,
        .late = table->late,
        .mismatches = table->mismatches,
        .not_waited_for = table->not_waited_for,
    };
}
