/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp_private.h"

/* Times beyond these (1823 and 2116) are taken for these, so that sums of times never overflow. */
#define CLOCK_LIMIT ((int64_t)1 << 62)

/* ---- flows ---- */

/* Addresses compare as numbers of fixed length; whatever stands behind an IPv4 address is not part of it. */
static struct tcp_endpoint endpoint(const struct packet_address *address, uint16_t port)
{
    struct tcp_endpoint result = { .address = { .version = address->version }, .port = port };
    memcpy(result.address.octets, address->octets, address->version == 4 ? 4 : sizeof result.address.octets);
    return result;
}

static int compare_endpoints(const struct tcp_endpoint *a, const struct tcp_endpoint *b)
{
    int order = memcmp(a->address.octets, b->address.octets, sizeof a->address.octets);
    if (order == 0)
        order = (int)a->address.version - (int)b->address.version;
    return order != 0 ? order : (int)a->port - (int)b->port;
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

static guint hash_flow(gconstpointer pointer)
{
    return ((const struct tcp_flow *)pointer)->hash;
}

static gboolean same_flow(gconstpointer a, gconstpointer b)
{
    const struct tcp_flow *one = a;
    const struct tcp_flow *other = b;
    return one->hash == other->hash && compare_endpoints(&one->low, &other->low) == 0 &&
           compare_endpoints(&one->high, &other->high) == 0;
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
    g_hash_table_insert(table->entries, &entry->flow, entry);
    g_queue_push_tail_link(list_of(table, entry), &entry->link);
}

static void remove_entry(struct tcp_table *table, struct tcp_entry *entry)
{
    g_hash_table_remove(table->entries, &entry->flow);
    g_queue_unlink(list_of(table, entry), &entry->link);
}

static void touch_entry(struct tcp_table *table, struct tcp_entry *entry)
{
    GQueue *list = list_of(table, entry);
    entry->touched = table->clock;
    if (list->tail == &entry->link)
        return;
    g_queue_unlink(list, &entry->link);
    g_queue_push_tail_link(list, &entry->link);
}

/* ---- tombstones ---- */

static void drop_tombstone(struct tcp_table *table, struct tcp_entry *entry)
{
    remove_entry(table, entry);
    g_free(entry);
}

static void leave_tombstone(struct tcp_table *table, const struct tcp_stream *stream)
{
    struct tcp_tombstone *tombstone = g_new0(struct tcp_tombstone, 1);
    int low = compare_endpoints(&stream->connection.endpoint[0], &stream->entry.flow.low) == 0 ? 0 : 1;
    tombstone->entry.flow = stream->entry.flow;
    tombstone->entry.is_tombstone = true;
    tombstone->refused = stream->refused;
    for (int side = 0; side < 2; side++) {
        const struct tcp_half *half = &stream->half[side == 0 ? low : 1 - low];
        tombstone->known[side] = half->start != TCP_START_UNKNOWN;
        tombstone->sequence[side] = tcp_sequence(half, half->expected);
    }
    if (table->tombstones.length >= TCP_TOMBSTONES_LIMIT)
        drop_tombstone(table, table->tombstones.head->data);
    add_entry(table, &tombstone->entry);
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
    int64_t distance = (int32_t)(segment->sequence - tombstone->sequence[side]);
    return distance > TCP_NEAR || distance < -TCP_NEAR;
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
}

static void close_stream(struct tcp_table *table, struct tcp_stream *stream, enum tcp_end end)
{
    struct tcp_connection *connection = &stream->connection;
    if (!stream->refused)
        tcp_drain(stream);
    if (stream->refused)
        end = TCP_END_REFUSED;
    else if (connection->fin[0] && connection->fin[1])
        end = TCP_END_FIN;
    tcp_deadline_clear(stream, &stream->half[0]);
    tcp_deadline_clear(stream, &stream->half[1]);
    remove_entry(table, &stream->entry);
    table->consumer.closed(table->context, connection, end);
    if (end == TCP_END_FIN || end == TCP_END_RST || end == TCP_END_REFUSED)
        leave_tombstone(table, stream);
    tcp_discard(stream);
    g_free(stream);
}

static void close_if_over(struct tcp_table *table, struct tcp_stream *stream)
{
    if (tcp_stream_is_over(stream))
        close_stream(table, stream, stream->reset ? TCP_END_RST : TCP_END_FIN);
}

/* Only a SYN, or payload, shows a connection to be there. */
static bool opens(const struct packet_segment *segment)
{
    return !(segment->flags & PACKET_TCP_RST) && ((segment->flags & PACKET_TCP_SYN) || segment->payload_octets > 0);
}

static struct tcp_stream *open_stream(struct tcp_table *table, const struct tcp_flow *flow, const struct tcp_endpoint *from,
                                      const struct tcp_endpoint *to, bool answers)
{
    if (table->connections.length >= TCP_CONNECTIONS_LIMIT)
        close_stream(table, table->connections.head->data, TCP_END_IDLE);
    struct tcp_stream *stream = g_new0(struct tcp_stream, 1);
    stream->table = table;
    stream->entry.flow = *flow;
    stream->connection.endpoint[answers ? 1 : 0] = *from;
    stream->connection.endpoint[answers ? 0 : 1] = *to;
    stream->connection.ordinal = ++table->opened;
    start_half(&stream->half[0]);
    start_half(&stream->half[1]);
    add_entry(table, &stream->entry);
    return stream;
}

static void announce(struct tcp_stream *stream, unsigned capture, const struct tcp_arrival *arrival)
{
    struct tcp_connection *connection = &stream->connection;
    connection->capture = connection->last_capture = capture;
    connection->first_frame = connection->last_frame = arrival->place.frame;
    connection->start = connection->end = arrival->place.time;
    stream->table->consumer.opened(stream->table->context, connection);
}

/* ---- time ---- */

void tcp_deadline_set(struct tcp_stream *stream, struct tcp_half *half)
{
    half->deadline = stream->table->clock + TCP_GAP_DELAY;
    half->waiting.data = stream;
    g_queue_push_tail_link(&stream->table->deadlines, &half->waiting);
}

void tcp_deadline_clear(struct tcp_stream *stream, struct tcp_half *half)
{
    if (half->waiting.data == NULL)
        return;
    g_queue_unlink(&stream->table->deadlines, &half->waiting);
    half->waiting.data = NULL;
}

static struct tcp_half *half_of_link(struct tcp_stream *stream, const GList *link)
{
    return &stream->half[link == &stream->half[0].waiting ? 0 : 1];
}

static int64_t first_deadline(const struct tcp_table *table)
{
    const GList *link = table->deadlines.head;
    return link != NULL ? half_of_link(link->data, link)->deadline : INT64_MAX;
}

static int64_t first_idle(const struct tcp_table *table)
{
    const GList *link = table->connections.head;
    return link != NULL ? ((const struct tcp_entry *)link->data)->touched + TCP_IDLE_TIMEOUT + 1 : INT64_MAX;
}

static void pass_deadline(struct tcp_table *table)
{
    const GList *link = table->deadlines.head;
    struct tcp_stream *stream = link->data;
    struct tcp_half *half = half_of_link(stream, link);
    tcp_deadline_clear(stream, half);
    half->given_up = MAX(half->given_up, half->proven);
    tcp_pump(stream);
    close_if_over(table, stream);
}

/*
 * Does all that is due until `time`, each thing at its own time: what becomes of a connection never depends on when
 * packets of other connections give occasion to look at it.
 */
static void advance_clock(struct tcp_table *table, int64_t time)
{
    int64_t now = MAX(table->clock, CLAMP(time, -CLOCK_LIMIT, CLOCK_LIMIT));
    for (;;) {
        int64_t deadline = first_deadline(table);
        int64_t idle = first_idle(table);
        if (MIN(deadline, idle) > now)
            break;
        table->clock = MAX(table->clock, MIN(deadline, idle));
        if (deadline <= idle)
            pass_deadline(table);
        else
            close_stream(table, table->connections.head->data, TCP_END_IDLE);
    }
    table->clock = now;
    while (table->tombstones.head != NULL &&
           ((struct tcp_entry *)table->tombstones.head->data)->touched + TCP_IDLE_TIMEOUT < now)
        drop_tombstone(table, table->tombstones.head->data);
}

/* ---- the table ---- */

struct tcp_table *tcp_table_new(const struct tcp_consumer *consumer, void *context)
{
    struct tcp_table *table = g_new0(struct tcp_table, 1);
    table->consumer = *consumer;
    table->context = context;
    table->entries = g_hash_table_new(hash_flow, same_flow);
    table->seed = g_random_int();
    table->clock = -CLOCK_LIMIT;
    g_queue_init(&table->connections);
    g_queue_init(&table->tombstones);
    g_queue_init(&table->deadlines);
    return table;
}

/* The connection that a segment belongs to, opened now if need be; NULL if it belongs to none. */
static struct tcp_stream *find_stream(struct tcp_table *table, struct tcp_arrival *arrival, unsigned capture)
{
    const struct packet_segment *segment = arrival->segment;
    struct tcp_endpoint from = endpoint(&segment->source, segment->source_port);
    struct tcp_endpoint to = endpoint(&segment->destination, segment->destination_port);
    bool from_low;
    struct tcp_flow flow = flow_of(table, &from, &to, &from_low);
    struct tcp_entry *entry = g_hash_table_lookup(table->entries, &flow);
    if (entry != NULL && !entry->is_tombstone) {
        struct tcp_stream *stream = (struct tcp_stream *)entry;
        arrival->half = compare_endpoints(&from, &stream->connection.endpoint[0]) == 0 ? 0 : 1;
        if (!tcp_stream_is_reused(stream, arrival)) {
            touch_entry(table, entry);
            return stream;
        }
        close_stream(table, stream, TCP_END_REUSED);
        entry = g_hash_table_lookup(table->entries, &flow);
    }
    if (entry != NULL) {
        struct tcp_tombstone *tombstone = (struct tcp_tombstone *)entry;
        if (!opens(segment) || !outlives_tombstone(tombstone, segment, from_low)) {
            if (tombstone->refused) /* it may go on for long */
                touch_entry(table, entry);
            return NULL;
        }
        drop_tombstone(table, entry);
    }
    if (!opens(segment))
        return NULL;
    bool answers = (segment->flags & PACKET_TCP_SYN) != 0 && (segment->flags & PACKET_TCP_ACK) != 0;
    struct tcp_stream *stream = open_stream(table, &flow, &from, &to, answers);
    arrival->half = answers ? 1 : 0;
    announce(stream, capture, arrival);
    return stream;
}

void tcp_table_add(struct tcp_table *table, const struct packet_segment *segment, unsigned capture, uint64_t frame, int64_t time)
{
    struct tcp_arrival arrival = {
        .segment = segment,
        .rank = ++table->arrivals,
        .place = { .frame = frame, .capture = capture, .time = time },
    };
    advance_clock(table, time);
    struct tcp_stream *stream = find_stream(table, &arrival, capture);
    if (stream == NULL)
        return;
    tcp_stream_take(stream, &arrival);
    close_if_over(table, stream);
}

static gint by_ordinal(gconstpointer a, gconstpointer b)
{
    const struct tcp_stream *one = *(struct tcp_stream *const *)a;
    const struct tcp_stream *other = *(struct tcp_stream *const *)b;
    return one->connection.ordinal < other->connection.ordinal ? -1 : 1;
}

void tcp_table_finish(struct tcp_table *table)
{
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
        g_free(stream);
    }
    while (table->tombstones.head != NULL)
        drop_tombstone(table, table->tombstones.head->data);
    g_hash_table_destroy(table->entries);
    g_free(table);
}

struct tcp_statistics tcp_table_statistics(const struct tcp_table *table)
{
    return (struct tcp_statistics){
        .connections = table->connections.length,
        .held_octets = table->held,
        .tombstones = table->tombstones.length,
    };
}
