/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TEST_SEGMENTS_H
#define SMTPSCOPE_TEST_SEGMENTS_H

/* What tests of reassembly share: segments by hand, and a log of what reassembly says of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "tcp.h"

#define MILLISECOND INT64_C(1000000)

/* Every call of the consumer as a line: "C 0 'EHLO' @3", "gap S 5+10", "fin C", "conflict C 0+4", "closed fin, 1
 * ignored". */
struct log {
    GString *text;
    bool refuse_all;
};

static inline char side_of(int half)
{
    return half == 0 ? 'C' : 'S';
}

static inline void log_opened(void *context, struct tcp_connection *connection)
{
    (void)connection;
    g_string_append(((struct log *)context)->text, "open\n");
}

static inline bool log_data(void *context, struct tcp_connection *connection, int half, uint64_t offset,
                            struct smtp_span octets, struct place place)
{
    (void)connection;
    struct log *log = context;
    g_string_append_printf(log->text, "%c %" G_GUINT64_FORMAT " '%.*s' @%" G_GUINT64_FORMAT "\n", side_of(half), offset,
                           (int)octets.length, (const char *)octets.octets, place.frame);
    return !log->refuse_all;
}

static inline void log_gap(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                           struct place before)
{
    (void)connection;
    g_string_append_printf(((struct log *)context)->text,
                           "gap %c %" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT " behind @%" G_GUINT64_FORMAT "\n",
                           side_of(half), offset, octets, before.frame);
}

static inline void log_conflict(void *context, struct tcp_connection *connection, int half, uint64_t offset,
                                uint64_t octets, struct place first, struct place second)
{
    (void)connection;
    g_string_append_printf(((struct log *)context)->text,
                           "conflict %c %" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT " @%" G_GUINT64_FORMAT
                           " @%" G_GUINT64_FORMAT "\n",
                           side_of(half), offset, octets, first.frame, second.frame);
}

static inline void log_mismatch(void *context, struct tcp_connection *connection, int half, struct place place)
{
    (void)connection;
    g_string_append_printf(((struct log *)context)->text, "%c wrong @%" G_GUINT64_FORMAT "\n", side_of(half),
                           place.frame);
}

static inline void log_contradicts(void *context, struct tcp_connection *connection, int half,
                                   enum tcp_contradiction what, struct place place)
{
    (void)connection;
    static const char *const names[TCP_CONTRADICTIONS] = { "behind fin", "behind rst", "behind end",
                                                           "before syn", "second syn", "opened within" };
    g_string_append_printf(((struct log *)context)->text, "%c %s @%" G_GUINT64_FORMAT "\n", side_of(half), names[what],
                           place.frame);
}

static inline void log_resumed(void *context, struct tcp_connection *connection, int half)
{
    (void)connection;
    g_string_append_printf(((struct log *)context)->text, "resumed %c\n", side_of(half));
}

static inline void log_finished(void *context, struct tcp_connection *connection, int half)
{
    (void)connection;
    g_string_append_printf(((struct log *)context)->text, "fin %c\n", side_of(half));
}

static inline void log_closed(void *context, struct tcp_connection *connection, enum tcp_end end)
{
    static const char *const names[] = { "fin", "rst", "reused", "idle", "capture", "refused" };
    GString *text = ((struct log *)context)->text;
    g_string_append_printf(text, "closed %s", names[end]);
    if (connection->ignored > 0)
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " ignored", connection->ignored);
    g_string_append_c(text, '\n');
}

static const struct tcp_consumer log_consumer = { .opened = log_opened,
                                                  .data = log_data,
                                                  .gap = log_gap,
                                                  .conflict = log_conflict,
                                                  .finished = log_finished,
                                                  .closed = log_closed,
                                                  .mismatch = log_mismatch,
                                                  .contradicts = log_contradicts,
                                                  .resumed = log_resumed };

/* One segment; `from` is 'C' or 'S', numbers are relative to `base` of the test. */
struct step {
    char from;
    const char *flags; /* of S F R A; r: its checksum is right, w: wrong; neither: it cannot be told */
    uint32_t sequence, acknowledgement;
    const char *payload;
    uint32_t lost;        /* octets behind the payload that the snap length cut */
    int64_t milliseconds; /* since the step before; 0 means 1 */
};

static inline uint8_t flag_of(char flag)
{
    return flag == 'S'   ? PACKET_TCP_SYN
           : flag == 'F' ? PACKET_TCP_FIN
           : flag == 'R' ? PACKET_TCP_RST
           : flag == 'A' ? PACKET_TCP_ACK
                         : 0;
}

/* RFC 1071, as simple as it gets. */
static inline uint32_t sum_of(struct smtp_span octets)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < octets.length; i += 2) {
        uint16_t word = 0;
        memcpy(&word, octets.octets + i, MIN(octets.length - i, sizeof word));
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static inline struct packet_segment segment_of(const struct step *step, uint32_t client_base, uint32_t server_base)
{
    static const struct packet_address client = { .version = 4, .octets = { 192, 0, 2, 1 } };
    static const struct packet_address server = { .version = 4, .octets = { 192, 0, 2, 2 } };
    bool is_client = step->from == 'C';
    struct packet_segment segment = {
        .source = is_client ? client : server,
        .destination = is_client ? server : client,
        .source_port = is_client ? 40000 : 25,
        .destination_port = is_client ? 25 : 40000,
        .sequence = (is_client ? client_base : server_base) + step->sequence,
        .acknowledgement = (is_client ? server_base : client_base) + step->acknowledgement,
        .payload = smtp_span((const uint8_t *)(step->payload != NULL ? step->payload : ""),
                             step->payload != NULL ? strlen(step->payload) : 0),
    };
    segment.payload_octets = (uint32_t)segment.payload.length + step->lost;
    for (const char *flag = step->flags; *flag != '\0'; flag++)
        segment.flags |= flag_of(*flag);
    segment.has_checksum = strpbrk(step->flags, "rw") != NULL;
    segment.ip_is_wrong = strchr(step->flags, 'w') != NULL;
    segment.header_sum = 0xffff - sum_of(segment.payload);
    return segment;
}

/* Plays `count` steps as frames 1, 2, ...; the log is the caller's to free. */
static inline char *play_steps_within(const struct step *steps, size_t count, uint32_t client_base,
                                      uint32_t server_base, bool refuse_all, const struct tcp_limits *limits)
{
    struct log log = { .text = g_string_new(NULL), .refuse_all = refuse_all };
    struct tcp_table *table = tcp_table_new(&log_consumer, &log, limits);
    int64_t time = 0;
    for (size_t i = 0; i < count; i++) {
        time += (steps[i].milliseconds != 0 ? steps[i].milliseconds : 1) * MILLISECOND;
        struct packet_segment segment = segment_of(&steps[i], client_base, server_base);
        tcp_table_add(table, &segment, 0, i + 1, time);
    }
    tcp_table_finish(table);
    tcp_table_free(table);
    return g_string_free(log.text, FALSE);
}

static inline char *play_steps(const struct step *steps, size_t count, uint32_t client_base, uint32_t server_base,
                               bool refuse_all)
{
    return play_steps_within(steps, count, client_base, server_base, refuse_all, NULL);
}

#endif
