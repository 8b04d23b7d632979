/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fragments.h"

#include <glib.h>

/* Of a packet's payload, with its header: no IP packet is larger. */
#define PAYLOAD_LIMIT 65535u

/* Waiting for the rest: capture time in nanoseconds (RFC 8200 section 4.5), packets, octets. */
#define PATIENCE INT64_C(60000000000)
#define PACKETS_LIMIT 4096u
#define OCTETS_LIMIT ((size_t)16 * 1024 * 1024)

/* A packet that is whole is remembered for so long: fragments that were captured twice must not begin it anew. */
#define MEMORY INT64_C(100000000)

/* What tells the fragments of one packet from those of others. */
struct key {
    struct packet_address source, destination;
    uint32_t identification;
    uint8_t protocol; /* of IPv4; there it belongs to the key */
    uint8_t tunnels;
};

/* A stretch of the payload that is there. They never overlap. */
struct piece {
    struct piece *next; /* by offset */
    uint64_t frame;
    unsigned capture;
    uint32_t offset, length;
    uint8_t octets[];
};

struct waiting {
    struct key key;
    GList link; /* in the order of their first fragments */
    int64_t since;
    struct piece *first;
    uint32_t total;     /* octets; UINT32_MAX: the last fragment was not seen */
    uint32_t there;     /* octets of it that were captured */
    uint64_t frames;
    bool whole;         /* it was put together; nothing is kept of it */
    uint8_t protocol;
    struct packet_conflict conflict;
    size_t memory;
};

struct fragments {
    GHashTable *by_key;
    GQueue queue;
    size_t memory;
    uint64_t lost;
    uint8_t whole[PAYLOAD_LIMIT]; /* the packet put together last */
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
    g_queue_init(&fragments->queue);
    return fragments;
}

static void drop_pieces(struct fragments *fragments, struct waiting *waiting)
{
    while (waiting->first != NULL) {
        struct piece *next = waiting->first->next;
        g_free(waiting->first);
        waiting->first = next;
    }
    fragments->memory -= waiting->memory - sizeof *waiting;
    waiting->memory = sizeof *waiting;
}

static void drop(struct fragments *fragments, struct waiting *waiting)
{
    drop_pieces(fragments, waiting);
    g_hash_table_remove(fragments->by_key, &waiting->key);
    g_queue_unlink(&fragments->queue, &waiting->link);
    fragments->memory -= sizeof *waiting;
    g_free(waiting);
}

static void remember_whole(struct fragments *fragments, struct waiting *waiting, int64_t time)
{
    drop_pieces(fragments, waiting);
    waiting->whole = true;
    waiting->frames = 0;
    waiting->since = time;
    g_queue_unlink(&fragments->queue, &waiting->link);
    g_queue_push_tail_link(&fragments->queue, &waiting->link);
}

static void give_up(struct fragments *fragments, struct waiting *waiting)
{
    fragments->lost += waiting->frames;
    drop(fragments, waiting);
}

void fragments_free(struct fragments *fragments)
{
    while (fragments->queue.head != NULL)
        drop(fragments, fragments->queue.head->data);
    g_hash_table_destroy(fragments->by_key);
    g_free(fragments);
}

uint64_t fragments_lost(const struct fragments *fragments, bool ended)
{
    uint64_t lost = fragments->lost;
    for (const GList *link = fragments->queue.head; ended && link != NULL; link = link->next)
        lost += ((const struct waiting *)link->data)->frames;
    return lost;
}

/* The oldest ones go, if they waited too long or there are too many. */
static void make_room(struct fragments *fragments, int64_t time)
{
    while (fragments->queue.head != NULL) {
        struct waiting *oldest = fragments->queue.head->data;
        bool late = time > oldest->since && (uint64_t)time - (uint64_t)oldest->since > (uint64_t)PATIENCE;
        if (!late && fragments->queue.length < PACKETS_LIMIT && fragments->memory < OCTETS_LIMIT)
            return;
        give_up(fragments, oldest);
    }
}

static struct waiting *find(struct fragments *fragments, const struct packet_fragment *fragment, int64_t time)
{
    struct key key;
    make_key(&key, fragment);
    struct waiting *waiting = g_hash_table_lookup(fragments->by_key, &key);
    if (waiting != NULL && (!waiting->whole || (time >= waiting->since && time - waiting->since < MEMORY)))
        return waiting;
    if (waiting != NULL)
        drop(fragments, waiting);
    waiting = g_new0(struct waiting, 1);
    waiting->key = key;
    waiting->since = time;
    waiting->total = UINT32_MAX;
    waiting->link.data = waiting;
    waiting->memory = sizeof *waiting;
    fragments->memory += sizeof *waiting;
    g_hash_table_insert(fragments->by_key, &waiting->key, waiting);
    g_queue_push_tail_link(&fragments->queue, &waiting->link);
    return waiting;
}

/* The first copy wins; what differs in a later one is noted. */
static void compare(struct waiting *waiting, const struct piece *piece, uint32_t from, uint32_t to, const uint8_t *octets,
                    const struct capture_frame *frame)
{
    if (memcmp(piece->octets + (from - piece->offset), octets, to - from) == 0)
        return;
    if (waiting->conflict.octets == 0) {
        waiting->conflict.first_frame = piece->frame;
        waiting->conflict.first_capture = piece->capture;
        waiting->conflict.second_frame = frame->number;
        waiting->conflict.second_capture = frame->capture;
    }
    waiting->conflict.octets += to - from;
}

/* Keeps what is not there yet of a fragment. */
static void keep(struct fragments *fragments, struct waiting *waiting, const struct packet_fragment *fragment,
                 const struct capture_frame *frame)
{
    uint32_t cursor = fragment->offset;
    uint32_t end = cursor + (uint32_t)fragment->payload.length;
    struct piece **link = &waiting->first;
    while (*link != NULL && (*link)->offset + (*link)->length <= cursor)
        link = &(*link)->next;
    while (cursor < end) {
        struct piece *next = *link;
        uint32_t stop = next != NULL && next->offset < end ? MAX(next->offset, cursor) : end;
        if (stop > cursor) {
            struct piece *piece = g_malloc(sizeof *piece + (stop - cursor));
            *piece = (struct piece){
                .next = next, .frame = frame->number, .capture = frame->capture, .offset = cursor, .length = stop - cursor
            };
            memcpy(piece->octets, fragment->payload.octets + (cursor - fragment->offset), stop - cursor);
            *link = piece;
            link = &piece->next;
            waiting->there += stop - cursor;
            waiting->memory += sizeof *piece + (stop - cursor);
            fragments->memory += sizeof *piece + (stop - cursor);
            cursor = stop;
        }
        if (next == NULL || cursor >= end)
            return;
        uint32_t shared = MIN(end, next->offset + next->length);
        compare(waiting, next, cursor, shared, fragment->payload.octets + (cursor - fragment->offset), frame);
        cursor = shared;
        link = &next->next;
    }
}

/* Adds a fragment. If its packet is whole now, `*fragment` becomes the packet, `*conflict` tells of overlaps; else false. */
static bool add(struct fragments *fragments, struct packet_fragment *fragment, const struct capture_frame *frame,
                struct packet_conflict *conflict)
{
    make_room(fragments, frame->time);
    struct waiting *waiting = find(fragments, fragment, frame->time);
    uint32_t end = fragment->offset + fragment->payload_octets;
    if (waiting->whole)
        return false;
    waiting->frames++;
    if (fragment->offset == 0 || waiting->first == NULL)
        waiting->protocol = fragment->protocol;
    if (!fragment->more && waiting->total == UINT32_MAX)
        waiting->total = end;
    keep(fragments, waiting, fragment, frame);
    if (waiting->there < waiting->total)
        return false;
    uint32_t length = 0;
    for (const struct piece *piece = waiting->first; piece != NULL; piece = piece->next) {
        if (piece->offset != length) /* a piece beyond the end stands in for one that is missing */
            return false;
        uint32_t take = MIN(piece->length, waiting->total - length);
        memcpy(fragments->whole + length, piece->octets, take);
        length += take;
        if (length == waiting->total)
            break;
    }
    if (length < waiting->total)
        return false;
    fragment->protocol = waiting->protocol;
    fragment->payload = smtp_span(fragments->whole, length);
    fragment->payload_octets = length;
    *conflict = waiting->conflict;
    remember_whole(fragments, waiting, frame->time);
    return true;
}

enum packet_result fragments_decode(struct fragments *fragments, const struct capture_frame *frame, struct packet *packet)
{
    struct packet_conflict conflict = { .octets = 0 };
    enum packet_result result = packet_decode(frame->link_type, frame->octets, frame->original_octets, packet);
    /* A packet put together may be a tunnel's, with another fragment in it: one tunnel deeper, so this ends. */
    while (result == PACKET_FRAGMENT) {
        struct packet_fragment fragment = packet->fragment;
        if (fragment.offset + fragment.payload_octets > PAYLOAD_LIMIT)
            return PACKET_MALFORMED;
        if (fragment.payload.length < fragment.payload_octets)
            return PACKET_CUT;
        if (fragment.payload_octets == 0 || (fragment.more && fragment.payload_octets % 8 != 0))
            return PACKET_MALFORMED;
        if (!add(fragments, &fragment, frame, &conflict))
            return PACKET_HELD;
        result = packet_decode_whole(&fragment, packet);
    }
    packet->segment.conflict = conflict;
    return result;
}
