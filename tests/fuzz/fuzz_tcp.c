/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reassembly under arbitrary segments of two connections. The input is a list of segments of seven octets each; their payload is what
 * its place in the stream says it is, but for those that are marked as forged. Whatever comes: each half is delivered without
 * holes or overlaps, gaps aside; nothing comes behind its end; what was never forged is as it must be; all memory is given back.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tcp.h"

struct connection {
    uint64_t next[2]; /* offset that must come next */
    bool finished[2];
};

static unsigned open_connections;
static bool forged;

static void opened(void *context, struct tcp_connection *connection)
{
    (void)context;
    connection->user = calloc(1, sizeof(struct connection));
    open_connections++;
}

static void check(const struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets)
{
    struct connection *seen = connection->user;
    if (offset != seen->next[half] || seen->finished[half] || octets == 0)
        abort();
    seen->next[half] += octets;
}

static bool data(void *context, struct tcp_connection *connection, int half, uint64_t offset, struct smtp_span octets,
                 struct place place)
{
    (void)context;
    (void)place;
    check(connection, half, offset, octets.length);
    /* The octets that follow one another in the stream follow one another in value. */
    for (size_t i = 1; i < octets.length && !forged; i++)
        if (octets.octets[i] != (uint8_t)(octets.octets[i - 1] + 1))
            abort();
    return offset < 1 << 20;
}

static void gap(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                struct place before)
{
    (void)context;
    (void)before;
    check(connection, half, offset, octets);
}

static void conflict(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                     struct place first, struct place second)
{
    (void)context;
    (void)connection;
    (void)half;
    (void)offset;
    (void)first;
    (void)second;
    if (!forged || octets == 0)
        abort();
}

static void finished(void *context, struct tcp_connection *connection, int half)
{
    (void)context;
    ((struct connection *)connection->user)->finished[half] = true;
}

static void resumed(void *context, struct tcp_connection *connection, int half)
{
    (void)context;
    struct connection *seen = connection->user;
    if (!seen->finished[half])
        abort();
    seen->finished[half] = false;
}

/* Gives the segment a checksum that is right or wrong, or leaves it without one. */
static void set_checksum(struct packet_segment *segment, unsigned choice)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < segment->payload.length; i += 2) {
        uint16_t word = 0;
        memcpy(&word, segment->payload.octets + i, segment->payload.length - i < 2 ? 1 : 2);
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    segment->has_checksum = choice == 1 || choice == 2;
    segment->ip_is_wrong = choice == 2;
    segment->header_sum = 0xffff - sum;
}

static void closed(void *context, struct tcp_connection *connection, enum tcp_end end)
{
    (void)context;
    (void)end;
    free(connection->user);
    open_connections--;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static const struct tcp_consumer consumer = { .opened = opened, .data = data, .gap = gap, .conflict = conflict,
                                                  .finished = finished, .resumed = resumed, .closed = closed };
    static const uint8_t flags[] = { PACKET_TCP_ACK, PACKET_TCP_ACK, PACKET_TCP_SYN, PACKET_TCP_SYN | PACKET_TCP_ACK,
                                     PACKET_TCP_FIN | PACKET_TCP_ACK, PACKET_TCP_RST, PACKET_TCP_RST | PACKET_TCP_ACK, 0 };
    const struct tcp_limits tight = { .held = 4096, .connections = 20000, .tombstones = 2 };
    struct tcp_table *table = tcp_table_new(&consumer, NULL, size % 2 == 0 ? NULL : &tight);
    const uint32_t bases[2] = { UINT32_C(0xfffffff0), UINT32_C(0x7ffffff0) };
    int64_t time = 0;
    forged = false;
    for (uint64_t frame = 1; size >= 7; frame++, octets += 7, size -= 7) {
        int side = octets[0] & 1;
        struct packet_segment segment = {
            .source = { .version = 4, .octets = { 192, 0, 2, (uint8_t)(1 + side) } },
            .destination = { .version = 4, .octets = { 192, 0, 2, (uint8_t)(2 - side) } },
            .source_port = side == 0 ? 40000 : 25,
            .destination_port = side == 0 ? 25 : 40000,
            .flags = flags[octets[0] >> 1 & 7],
        };
        if (octets[0] & 0x10) /* the other connection */
            *(side == 0 ? &segment.source_port : &segment.destination_port) = 40001;
        uint32_t relative = (uint32_t)octets[1] << 8 | octets[2];
        if (octets[0] & 0x20)
            relative = relative * 40009; /* far away */
        segment.sequence = bases[side] + relative;
        segment.acknowledgement = bases[1 - side] + ((uint32_t)octets[3] << 8 | octets[4]);
        segment.payload_octets = octets[5];
        bool is_forged = (octets[0] & 0x40) != 0;
        forged = forged || is_forged;
        size_t captured = octets[0] & 0x80 ? octets[5] / 2 : octets[5];
        uint8_t *payload = malloc(captured > 0 ? captured : 1);
        uint32_t first = relative + (segment.flags & PACKET_TCP_SYN ? 1 : 0);
        for (size_t i = 0; i < captured; i++)
            payload[i] = (uint8_t)(first + i + (is_forged ? 1 : 0));
        segment.payload = smtp_span(payload, captured);
        if (captured == segment.payload_octets)
            set_checksum(&segment, octets[6] & 3);
        time += (int64_t)octets[6] * octets[6] * octets[6] * 1000000;
        tcp_table_add(table, &segment, 0, frame, octets[6] == 255 ? -time : time);
        free(payload);
    }
    tcp_table_finish(table);
    struct tcp_statistics statistics = tcp_table_statistics(table);
    if (statistics.connections != 0 || statistics.held_octets != 0 || statistics.memory != 0 || open_connections != 0)
        abort();
    tcp_table_free(table);
    return 0;
}
