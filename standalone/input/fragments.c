/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fragments.h"

#include <glib.h>

/* Of a packet's payload, with its header: no IP packet is larger. */
#define PAYLOAD_LIMIT 65535u

/* Waiting for the rest: capture time in nanoseconds (RFC 8200 section 4.5), packets, octets. */
#define PATIENCE INT64_C(60000000000)
#define PACKETS_LIMIT 4096u
#define OCTETS_LIMIT ((size_t)12 * 1024 * 1024)

/*
 * A packet that is whole is remembered for so long, and so many octets of such packets: fragments that were captured
 * twice must not begin it anew, and fragments that differ are another packet's with the same identification, or
 * contradict it.
 */
#define MEMORY INT64_C(100000000)
#define MEMORY_OCTETS ((size_t)4 * 1024 * 1024)

/* Packets that were whole when a fragment contradicted them, of which it is not known yet whether it is another
 * packet's. */
#define DOUBTS_LIMIT 64u

/* What the allocator adds to a piece. */
#define PIECE_OVERHEAD 16u

/* What tells the fragments of one packet from those of others. */
struct key {
    struct packet_address source, destination;
    uint32_t identification;
    uint8_t protocol; /* of IPv4; there it belongs to the key */
    uint8_t tunnels;
};

/* A stretch of the payload that is there. */
struct piece {
    uint64_t frame;
    unsigned capture;
    uint32_t offset, length;
    uint8_t octets[];
};

/* Fragments of one packet. */
struct assembly {
    struct piece **pieces; /* by offset; they never overlap */
    unsigned count, room;
    unsigned last_capture; /* of the fragment that says where the packet ends */
    uint64_t last_frame;
    uint32_t total; /* octets; UINT32_MAX: the last fragment was not seen */
    uint32_t there; /* octets in front of the end that were captured */
    uint64_t frames;
    uint8_t protocol;
    struct packet_conflict conflict;
    size_t memory;
};

/* The connection that a segment belongs to, seen from its sender. */
struct flow {
    struct packet_address source, destination;
    uint16_t source_port, destination_port;
};

struct entry {
    struct key key;
    struct assembly current; /* what waits for the rest; nothing: count is 0 */
    GList current_link;      /* in the order of their first fragments */
    int64_t since;
    struct assembly whole; /* what was put together last; nothing, or forgotten: count is 0 */
    GList whole_link;      /* in the order in which they became whole */
    int64_t completed;
    bool has_flow; /* a segment was in it */
    struct flow flow;
    struct doubt *doubt; /* NULL: nothing contradicted it */
};

struct doubt {
    GList link;
    struct entry *entry; /* NULL: it is gone */
    struct flow flow;
    struct packet_conflict conflict;
    int64_t time;
};

struct fragments {
    GHashTable *by_key;
    GQueue current, whole; /* entries */
    GQueue doubts;
    size_t current_memory, whole_memory;
    uint64_t lost;
    uint8_t octets[PAYLOAD_LIMIT]; /* of the packet put together last */
};

static guint hash_key(gconstpointer pointer)
{
    const uint8_t *octets = pointer;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof(struct key); i++)
        hash = (hash ^ octets[i]) * UINT64_C(0x100000001b3);
    return (guint)(hash ^ hash >> 32);
}

static gboolean same_key(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct key)) == 0;
}

/* All octets of it, padding too, are compared: they are set to zero first. */
static void make_key(struct key *key, const struct packet_fragment *fragment)
{
    memset(key, 0, sizeof *key);
    key->source.version = key->destination.version = fragment->source.version;
    memcpy(key->source.octets, fragment->source.octets, fragment->source.version == 4 ? 4 : 16);
    memcpy(key->destination.octets, fragment->destination.octets, fragment->source.version == 4 ? 4 : 16);
    key->identification = fragment->identification;
    key->protocol = fragment->source.version == 4 ? fragment->protocol : 0;
    key->tunnels = (uint8_t)fragment->tunnels;
}

struct fragments *fragments_new(void)
{
    struct fragments *fragments = g_new0(struct fragments, 1);
    fragments->by_key = g_hash_table_new(hash_key, same_key);
    g_queue_init(&fragments->current);
    g_queue_init(&fragments->whole);
    g_queue_init(&fragments->doubts);
    return fragments;
}

/* ---- one packet's fragments ---- */

static void clear(struct assembly *assembly)
{
    for (unsigned i = 0; i < assembly->count; i++)
        g_free(assembly->pieces[i]);
    g_free(assembly->pieces);
    *assembly = (struct assembly){ .total = UINT32_MAX };
}

static uint32_t end_of(const struct packet_fragment *fragment)
{
    return fragment->offset + fragment->payload_octets;
}

/* The first piece that ends behind `offset`. */
static unsigned find_piece(const struct assembly *assembly, uint32_t offset)
{
    unsigned low = 0;
    unsigned high = assembly->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (assembly->pieces[middle]->offset + assembly->pieces[middle]->length <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_piece(struct assembly *assembly, unsigned at, uint32_t offset, struct smtp_span octets,
                      const struct capture_frame *frame)
{
    struct piece *piece = g_malloc(sizeof *piece + octets.length);
    *piece = (struct piece){
        .frame = frame->number, .capture = frame->capture, .offset = offset, .length = (uint32_t)octets.length
    };
    memcpy(piece->octets, octets.octets, octets.length);
    if (assembly->count == assembly->room) {
        unsigned room = MAX(4, assembly->room * 2);
        assembly->pieces = g_renew(struct piece *, assembly->pieces, room);
        assembly->memory += (room - assembly->room) * sizeof(struct piece *);
        assembly->room = room;
    }
    memmove(assembly->pieces + at + 1, assembly->pieces + at, (assembly->count - at) * sizeof(struct piece *));
    assembly->pieces[at] = piece;
    assembly->count++;
    assembly->memory += sizeof *piece + octets.length + PIECE_OVERHEAD;
    if (offset < assembly->total)
        assembly->there += MIN(offset + piece->length, assembly->total) - offset;
}

static void note(struct packet_conflict *conflict, uint32_t octets, uint64_t first_frame, unsigned first_capture,
                 const struct capture_frame *second)
{
    if (conflict->octets == 0) {
        conflict->first_frame = first_frame;
        conflict->first_capture = first_capture;
        conflict->second_frame = second->number;
        conflict->second_capture = second->capture;
    }
    conflict->octets += octets;
}

/* Notes where a fragment claims something else than is there. */
static void compare(const struct assembly *assembly, const struct packet_fragment *fragment,
                    const struct capture_frame *frame, struct packet_conflict *conflict)
{
    uint32_t end = end_of(fragment);
    for (unsigned i = find_piece(assembly, fragment->offset); i < assembly->count && assembly->pieces[i]->offset < end;
         i++) {
        const struct piece *piece = assembly->pieces[i];
        uint32_t from = MAX(piece->offset, fragment->offset);
        uint32_t to = MIN(piece->offset + piece->length, end);
        if (memcmp(piece->octets + (from - piece->offset), fragment->payload.octets + (from - fragment->offset),
                   to - from) != 0)
            note(conflict, to - from, piece->frame, piece->capture, frame);
    }
    if (assembly->total == UINT32_MAX)
        return;
    if (end > assembly->total) /* what the last fragment says that there is not */
        note(conflict, end - MAX(assembly->total, fragment->offset), assembly->last_frame, assembly->last_capture,
             frame);
    else if (!fragment->more && end < assembly->total)
        note(conflict, assembly->total - end, assembly->last_frame, assembly->last_capture, frame);
}

/* Keeps what is not there yet of a fragment. */
static void keep(struct assembly *assembly, const struct packet_fragment *fragment, const struct capture_frame *frame)
{
    uint32_t end = end_of(fragment);
    uint32_t cursor = fragment->offset;
    for (unsigned at = find_piece(assembly, cursor); cursor < end; at++) {
        uint32_t stop = at < assembly->count ? MIN(MAX(assembly->pieces[at]->offset, cursor), end) : end;
        if (stop > cursor) {
            struct smtp_span octets = smtp_span_from(fragment->payload, cursor - fragment->offset);
            add_piece(assembly, at, cursor, smtp_span_first(octets, stop - cursor), frame);
        }
        cursor = assembly->pieces[at]->offset + assembly->pieces[at]->length;
    }
}

/* The last fragment says how long the packet is. What is there and lies behind that does not count, and contradicts it.
 */
static void set_total(struct assembly *assembly, uint32_t total, const struct capture_frame *frame)
{
    assembly->total = total;
    assembly->last_frame = frame->number;
    assembly->last_capture = frame->capture;
    assembly->there = 0;
    for (unsigned i = 0; i < assembly->count; i++) {
        const struct piece *piece = assembly->pieces[i];
        uint32_t end = piece->offset + piece->length;
        if (piece->offset < total)
            assembly->there += MIN(end, total) - piece->offset;
        if (end > total)
            note(&assembly->conflict, end - MAX(piece->offset, total), piece->frame, piece->capture, frame);
    }
}

static void take(struct assembly *assembly, const struct packet_fragment *fragment, const struct capture_frame *frame)
{
    if (fragment->offset == 0 || assembly->count == 0)
        assembly->protocol = fragment->protocol;
    compare(assembly, fragment, frame, &assembly->conflict);
    if (!fragment->more && assembly->total == UINT32_MAX)
        set_total(assembly, end_of(fragment), frame);
    keep(assembly, fragment, frame);
}

/* ---- all of them ---- */

static void drop_doubt(struct fragments *fragments, struct doubt *doubt)
{
    if (doubt->entry != NULL)
        doubt->entry->doubt = NULL;
    g_queue_unlink(&fragments->doubts, &doubt->link);
    g_free(doubt);
}

/* An entry of which nothing is left goes. */
static void drop_if_empty(struct fragments *fragments, struct entry *entry)
{
    if (entry->current.count > 0 || entry->whole.count > 0)
        return;
    if (entry->doubt != NULL)
        entry->doubt->entry = NULL;
    g_hash_table_remove(fragments->by_key, &entry->key);
    g_free(entry);
}

static void clear_whole(struct fragments *fragments, struct entry *entry)
{
    if (entry->whole.count == 0)
        return;
    fragments->whole_memory -= sizeof *entry + entry->whole.memory;
    clear(&entry->whole);
    entry->has_flow = false;
    g_queue_unlink(&fragments->whole, &entry->whole_link);
}

static void forget_whole(struct fragments *fragments, struct entry *entry)
{
    clear_whole(fragments, entry);
    drop_if_empty(fragments, entry);
}

static void give_up(struct fragments *fragments, struct entry *entry)
{
    fragments->lost += entry->current.frames;
    fragments->current_memory -= sizeof *entry + entry->current.memory;
    clear(&entry->current);
    g_queue_unlink(&fragments->current, &entry->current_link);
    drop_if_empty(fragments, entry);
}

void fragments_free(struct fragments *fragments)
{
    while (fragments->current.head != NULL)
        give_up(fragments, fragments->current.head->data);
    while (fragments->whole.head != NULL)
        forget_whole(fragments, fragments->whole.head->data);
    while (fragments->doubts.head != NULL)
        drop_doubt(fragments, fragments->doubts.head->data);
    g_hash_table_destroy(fragments->by_key);
    g_free(fragments);
}

uint64_t fragments_lost(const struct fragments *fragments, bool ended)
{
    uint64_t lost = fragments->lost;
    for (const GList *link = fragments->current.head; ended && link != NULL; link = link->next)
        lost += ((const struct entry *)link->data)->current.frames;
    return lost;
}

/* How far apart two times are; they may be anything. */
static uint64_t distance(int64_t one, int64_t other)
{
    return one > other ? (uint64_t)one - (uint64_t)other : (uint64_t)other - (uint64_t)one;
}

/* The oldest ones go, if they are too old or there are too many. */
static void make_room(struct fragments *fragments, int64_t time)
{
    while (fragments->whole.head != NULL) {
        struct entry *oldest = fragments->whole.head->data;
        bool old = distance(time, oldest->completed) > (uint64_t)MEMORY;
        if (!old && fragments->whole.length < PACKETS_LIMIT && fragments->whole_memory < MEMORY_OCTETS)
            break;
        forget_whole(fragments, oldest);
    }
    while (fragments->current.head != NULL) {
        struct entry *oldest = fragments->current.head->data;
        bool late = time > oldest->since && distance(time, oldest->since) > (uint64_t)PATIENCE;
        if (!late && fragments->current.length < PACKETS_LIMIT && fragments->current_memory < OCTETS_LIMIT)
            return;
        give_up(fragments, oldest);
    }
}

static struct entry *find(struct fragments *fragments, const struct packet_fragment *fragment, int64_t time)
{
    struct key key;
    make_key(&key, fragment);
    struct entry *entry = g_hash_table_lookup(fragments->by_key, &key);
    if (entry != NULL && entry->whole.count > 0 && distance(time, entry->completed) > (uint64_t)MEMORY) {
        forget_whole(fragments, entry);
        entry = g_hash_table_lookup(fragments->by_key, &key);
    }
    if (entry != NULL)
        return entry;
    entry = g_new0(struct entry, 1);
    entry->key = key;
    entry->current.total = entry->whole.total = UINT32_MAX;
    entry->current_link.data = entry->whole_link.data = entry;
    g_hash_table_insert(fragments->by_key, &entry->key, entry);
    return entry;
}

/* A fragment contradicts a packet that was whole: it does so indeed unless it is another packet's. */
static void begin_doubt(struct fragments *fragments, struct entry *entry, const struct packet_conflict *conflict,
                        int64_t time)
{
    if (entry->doubt != NULL) {
        entry->doubt->conflict.octets += conflict->octets;
        return;
    }
    if (!entry->has_flow)
        return;
    if (fragments->doubts.length >= DOUBTS_LIMIT)
        drop_doubt(fragments, fragments->doubts.head->data);
    struct doubt *doubt = g_new0(struct doubt, 1);
    *doubt = (struct doubt){
        .link = { .data = doubt }, .entry = entry, .flow = entry->flow, .conflict = *conflict, .time = time
    };
    entry->doubt = doubt;
    g_queue_push_tail_link(&fragments->doubts, &doubt->link);
}

/*
 * Whether a fragment belongs to a packet that is whole already: it was captured twice. One that contradicts that packet
 * begins another one, and what comes then belongs to the other one, unless it contradicts that.
 */
static bool is_known(struct fragments *fragments, struct entry *entry, const struct packet_fragment *fragment,
                     const struct capture_frame *frame)
{
    struct packet_conflict with_whole = { .octets = 0 };
    struct packet_conflict with_current = { .octets = 0 };
    compare(&entry->whole, fragment, frame, &with_whole);
    if (with_whole.octets > 0) {
        begin_doubt(fragments, entry, &with_whole, frame->time);
        return false;
    }
    compare(&entry->current, fragment, frame, &with_current);
    return entry->current.count == 0 || with_current.octets > 0;
}

/* Remembers what is whole now, in the place of what was whole before. */
static void remember_whole(struct fragments *fragments, struct entry *entry, int64_t time)
{
    clear_whole(fragments, entry);
    if (entry->doubt != NULL)
        drop_doubt(fragments, entry->doubt);
    g_queue_unlink(&fragments->current, &entry->current_link);
    fragments->current_memory -= sizeof *entry + entry->current.memory;
    fragments->whole_memory += sizeof *entry + entry->current.memory;
    entry->whole = entry->current;
    entry->current = (struct assembly){ .total = UINT32_MAX };
    entry->completed = time;
    g_queue_push_tail_link(&fragments->whole, &entry->whole_link);
}

static void put_together(struct fragments *fragments, const struct assembly *assembly, struct packet_fragment *packet)
{
    for (unsigned i = 0; i < assembly->count && assembly->pieces[i]->offset < assembly->total; i++) {
        const struct piece *piece = assembly->pieces[i];
        memcpy(fragments->octets + piece->offset, piece->octets, MIN(piece->length, assembly->total - piece->offset));
    }
    packet->protocol = assembly->protocol;
    packet->payload = smtp_span(fragments->octets, assembly->total);
    packet->payload_octets = assembly->total;
}

/*
 * Adds a fragment. If its packet is whole now, `*fragment` becomes the packet, and `*conflict` tells of overlaps,
 * beside those it told of: of a packet that this one was in. Returns the packet's entry, NULL if it is not whole.
 */
static struct entry *add(struct fragments *fragments, struct packet_fragment *fragment,
                         const struct capture_frame *frame, struct packet_conflict *conflict)
{
    make_room(fragments, frame->time);
    struct entry *entry = find(fragments, fragment, frame->time);
    struct assembly *current = &entry->current;
    if (entry->whole.count > 0 && is_known(fragments, entry, fragment, frame))
        return NULL;
    if (current->count == 0) {
        entry->since = frame->time;
        g_queue_push_tail_link(&fragments->current, &entry->current_link);
        fragments->current_memory += sizeof *entry;
    }
    size_t before = current->memory;
    if (conflict->octets > 0 && current->conflict.octets == 0)
        current->conflict = *conflict;
    current->frames++;
    take(current, fragment, frame);
    fragments->current_memory += current->memory - before;
    if (current->there < current->total)
        return NULL;
    put_together(fragments, current, fragment);
    *conflict = current->conflict;
    remember_whole(fragments, entry, frame->time);
    return entry;
}

/* ---- contradictions that were none of another packet ---- */

static struct flow flow_of(const struct packet_segment *segment)
{
    return (struct flow){
        .source = segment->source,
        .destination = segment->destination,
        .source_port = segment->source_port,
        .destination_port = segment->destination_port,
    };
}

static bool same_address(const struct packet_address *one, const struct packet_address *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

static bool same_connection(const struct flow *flow, const struct packet_segment *segment)
{
    bool forth = flow->source_port == segment->source_port && flow->destination_port == segment->destination_port &&
                 same_address(&flow->source, &segment->source) &&
                 same_address(&flow->destination, &segment->destination);
    bool back = flow->source_port == segment->destination_port && flow->destination_port == segment->source_port &&
                same_address(&flow->source, &segment->destination) &&
                same_address(&flow->destination, &segment->source);
    return forth || back;
}

/* The other packet was not whole in time, or before the connection's end: its next segment tells of what contradicted.
 */
static void tell_doubts(struct fragments *fragments, int64_t time, struct packet_segment *segment)
{
    bool ends = (segment->flags & (PACKET_TCP_FIN | PACKET_TCP_RST)) != 0;
    GList *next;
    for (GList *link = fragments->doubts.head; link != NULL; link = next) {
        struct doubt *doubt = link->data;
        next = link->next;
        if ((!ends && distance(time, doubt->time) <= (uint64_t)MEMORY) || !same_connection(&doubt->flow, segment))
            continue;
        uint64_t octets = segment->conflict.octets;
        if (octets == 0)
            segment->conflict = doubt->conflict;
        else
            segment->conflict.octets = octets + doubt->conflict.octets;
        drop_doubt(fragments, doubt);
    }
}

bool fragments_last_conflict(struct fragments *fragments, struct capture_frame *frame, struct packet_segment *segment)
{
    if (fragments->doubts.head == NULL)
        return false;
    struct doubt *doubt = fragments->doubts.head->data;
    *frame = (struct capture_frame){ .number = doubt->conflict.second_frame,
                                     .capture = doubt->conflict.second_capture,
                                     .time = doubt->time };
    *segment = (struct packet_segment){
        .source = doubt->flow.source,
        .destination = doubt->flow.destination,
        .source_port = doubt->flow.source_port,
        .destination_port = doubt->flow.destination_port,
        .conflict = doubt->conflict,
        .only_conflict = true,
    };
    drop_doubt(fragments, doubt);
    return true;
}

/* Goes on with what was decoded. */
static enum packet_result go_on(struct fragments *fragments, const struct capture_frame *frame,
                                enum packet_result result, struct packet *packet)
{
    struct packet_conflict conflict = { .octets = 0 };
    /* A packet put together may be a tunnel's, with another fragment in it: one tunnel deeper, so this ends. */
    while (result == PACKET_FRAGMENT) {
        struct packet_fragment fragment = packet->fragment;
        if (fragment.offset + fragment.payload_octets > PAYLOAD_LIMIT)
            return PACKET_MALFORMED;
        if (fragment.payload.length < fragment.payload_octets)
            return PACKET_CUT;
        if (fragment.payload_octets == 0 || (fragment.more && fragment.payload_octets % 8 != 0))
            return PACKET_MALFORMED;
        struct entry *entry = add(fragments, &fragment, frame, &conflict);
        if (entry == NULL)
            return PACKET_HELD;
        result = packet_decode_whole(&fragment, packet);
        if (result == PACKET_SEGMENT) {
            entry->has_flow = true;
            entry->flow = flow_of(&packet->segment);
            packet->segment.conflict = conflict;
        }
    }
    if (result == PACKET_SEGMENT && fragments->doubts.length > 0)
        tell_doubts(fragments, frame->time, &packet->segment);
    return result;
}

enum packet_result fragments_decode(struct fragments *fragments, const struct capture_frame *frame,
                                    struct packet *packet)
{
    enum packet_result result = packet_decode(frame->link_type, frame->octets, frame->original_octets, packet);
    return go_on(fragments, frame, result, packet);
}

enum packet_result fragments_decode_following(struct fragments *fragments, const struct capture_frame *frame,
                                              struct packet *packet)
{
    return go_on(fragments, frame, packet_decode_following(packet), packet);
}
