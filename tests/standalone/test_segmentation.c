/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * However the two streams of a session are cut into segments, what is printed is the same to the octet: frames, times and
 * offsets included. The sessions are those of the captures in the folders named on the command line.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "capture.h"
#include "dialogue.h"
#include "transcript_json.h"

#define SINGLE_CUTS ((size_t)400) /* of one session, spread over it; a short one is cut at every place */
#define RANDOM_CUTS 8

static char **folders;
static unsigned sessions_tried;

/* What reassembly delivered of one connection, in order. */
enum delivery_kind {
    DELIVERY_DATA,
    DELIVERY_GAP,
    DELIVERY_FINISHED,
};

struct delivered {
    enum delivery_kind kind;
    int half;
    uint64_t offset, count;
    GBytes *octets;
    struct place place;
};

struct connection {
    struct tcp_connection tcp;
    enum tcp_end end;
    GPtrArray *deliveries;
    size_t octets;
};

static void free_delivery(void *pointer)
{
    struct delivered *delivery = pointer;
    if (delivery->octets != NULL)
        g_bytes_unref(delivery->octets);
    g_free(delivery);
}

/* ---- recording ---- */

static void opened(void *context, struct tcp_connection *tcp)
{
    (void)context;
    struct connection *connection = g_new0(struct connection, 1);
    connection->deliveries = g_ptr_array_new_with_free_func(free_delivery);
    tcp->user = connection;
}

static struct delivered *add(struct tcp_connection *tcp, enum delivery_kind kind, int half)
{
    struct connection *connection = tcp->user;
    struct delivered *delivery = g_new0(struct delivered, 1);
    delivery->kind = kind;
    delivery->half = half;
    g_ptr_array_add(connection->deliveries, delivery);
    return delivery;
}

static bool data(void *context, struct tcp_connection *tcp, int half, uint64_t offset, struct smtp_span octets,
                 struct place place)
{
    (void)context;
    struct delivered *delivery = add(tcp, DELIVERY_DATA, half);
    delivery->offset = offset;
    delivery->octets = g_bytes_new(octets.octets, octets.length);
    delivery->place = place;
    ((struct connection *)tcp->user)->octets += octets.length;
    return true;
}

static void gap(void *context, struct tcp_connection *tcp, int half, uint64_t offset, uint64_t octets,
                struct place before)
{
    (void)context;
    struct delivered *delivery = add(tcp, DELIVERY_GAP, half);
    delivery->offset = offset;
    delivery->count = octets;
    delivery->place = before;
}

static void finished(void *context, struct tcp_connection *tcp, int half)
{
    (void)context;
    add(tcp, DELIVERY_FINISHED, half);
}

static void closed(void *context, struct tcp_connection *tcp, enum tcp_end end)
{
    struct connection *connection = tcp->user;
    connection->tcp = *tcp;
    connection->tcp.user = NULL;
    connection->end = end;
    g_ptr_array_add(context, connection);
}

/* ---- playing ---- */

static const char *a_name(void *context, unsigned index)
{
    (void)context;
    (void)index;
    return "capture";
}

static unsigned a_precision(void *context, unsigned index)
{
    (void)context;
    (void)index;
    return 6;
}

static struct worker *worker;
static struct arena_pool *pool;
static GString *transcript; /* of the play that is on */

static void print_record(void *target, struct smtp_span octets)
{
    (void)octets;
    struct record *record = target;
    struct json json = { .out = transcript };
    record_conclude(record);
    transcript_json(&json, record, true);
    record_free(record);
}

static void take_record(void *context, struct record *record, bool in_turn)
{
    (void)context;
    (void)in_turn;
    worker_post(worker, print_record, record, smtp_span(NULL, 0));
}

/* How a delivery is cut: at one place in the session, at random, or into single octets. */
struct cutting {
    GRand *random;
    size_t at; /* octets from the session's beginning; SIZE_MAX: no cut */
    bool every_octet;
};

static size_t next_piece(const struct cutting *cutting, size_t before, size_t left)
{
    if (cutting->every_octet)
        return 1;
    if (cutting->random != NULL) {
        size_t piece = (size_t)g_rand_int_range(cutting->random, 1, g_rand_boolean(cutting->random) ? 8 : 600);
        return MIN(left, piece);
    }
    return cutting->at > before && cutting->at - before < left ? cutting->at - before : left;
}

/* The transcript of one connection's deliveries, cut anew; empty if it is no SMTP. */
static GString *play(const struct connection *connection, const struct cutting *cutting)
{
    transcript = g_string_new(NULL);
    const struct dialogues_options options = {
        .pool = pool,
        .records = { .items = true, .message = { .digest = true, .content = true, .worker = worker, .pool = pool } },
        .capture_name = a_name,
        .capture_precision = a_precision,
        .order = { .ended = take_record },
    };
    struct dialogues *dialogues = dialogues_new(&options);
    struct tcp_connection tcp = connection->tcp;
    const struct tcp_consumer *consumer = &dialogues_consumer;
    size_t before = 0;
    bool wanted = true;
    tcp.user = g_malloc(consumer->user_octets);
    memset(tcp.user, 0xa5, consumer->user_octets); /* what is not set is not zero */
    consumer->opened(dialogues, &tcp);
    for (unsigned i = 0; i < connection->deliveries->len && wanted; i++) {
        const struct delivered *delivery = connection->deliveries->pdata[i];
        if (delivery->kind == DELIVERY_GAP)
            consumer->gap(dialogues, &tcp, delivery->half, delivery->offset, delivery->count, delivery->place);
        else if (delivery->kind == DELIVERY_FINISHED)
            consumer->finished(dialogues, &tcp, delivery->half);
        else {
            gsize length = 0;
            const uint8_t *octets = g_bytes_get_data(delivery->octets, &length);
            for (size_t at = 0; at < length && wanted;) {
                size_t piece = next_piece(cutting, before + at, length - at);
                uint8_t *copy = g_memdup2(octets + at, piece); /* exactly sized: reading too far is seen */
                wanted = consumer->data(dialogues, &tcp, delivery->half, delivery->offset + at, smtp_span(copy, piece),
                                        delivery->place);
                g_free(copy);
                at += piece;
            }
            before += length;
        }
    }
    consumer->closed(dialogues, &tcp, connection->end);
    dialogues_finish(dialogues);
    worker_wait(worker);
    dialogues_free(dialogues);
    g_free(tcp.user);
    return transcript;
}

/* The lines in which two transcripts differ first. */
static void report_difference(const char *one, const char *other)
{
    size_t line = 0;
    for (size_t i = 0; one[i] == other[i] && one[i] != '\0'; i++)
        if (one[i] == '\n')
            line = i + 1;
    print_error("--- whole\n%.*s\n", (int)strcspn(one + line, "\n"), one + line);
    print_error("--- cut\n%.*s\n", (int)strcspn(other + line, "\n"), other + line);
}

static void compare(const char *name, const GString *whole, const struct connection *connection, const struct cutting *cutting)
{
    GString *cut = play(connection, cutting);
    if (strcmp(cut->str, whole->str) != 0) {
        print_error("%s: cut at %zu (every octet %d, random %d) gives another transcript\n", name, cutting->at,
                    cutting->every_octet, cutting->random != NULL);
        report_difference(whole->str, cut->str);
        fail();
    }
    g_string_free(cut, TRUE);
}

static void try_connection(const char *name, const struct connection *connection)
{
    const struct cutting as_captured = { .at = SIZE_MAX };
    const struct cutting octets = { .every_octet = true };
    GString *whole = play(connection, &as_captured);
    if (whole->len > 0) {
        sessions_tried++;
        compare(name, whole, connection, &octets);
        size_t step = 1 + connection->octets / SINGLE_CUTS;
        for (size_t at = 1; at < connection->octets && connection->octets < 32768; at += step)
            compare(name, whole, connection, &(struct cutting){ .at = at });
        GRand *random = g_rand_new_with_seed(g_str_hash(name));
        for (unsigned i = 0; i < RANDOM_CUTS; i++)
            compare(name, whole, connection, &(struct cutting){ .random = random });
        g_rand_free(random);
    }
    g_string_free(whole, TRUE);
}

static void try_capture(char *path)
{
    GPtrArray *connections = g_ptr_array_new();
    const struct tcp_consumer recorder = { .opened = opened, .data = data, .gap = gap, .finished = finished, .closed = closed };
    struct capture_set *captures = capture_set_open(&path, 1, NULL);
    struct tcp_table *table = tcp_table_new(&recorder, connections, NULL);
    struct capture_frame frame;
    while (capture_set_next(captures, &frame)) {
        struct packet packet;
        if (packet_decode(frame.link_type, frame.octets, frame.original_octets, &packet) == PACKET_SEGMENT)
            tcp_table_add(table, &packet.segment, frame.capture, frame.number, frame.time);
    }
    tcp_table_finish(table);
    tcp_table_free(table);
    capture_set_close(captures);
    for (unsigned i = 0; i < connections->len; i++) {
        struct connection *connection = connections->pdata[i];
        try_connection(path, connection);
        g_ptr_array_free(connection->deliveries, TRUE);
        g_free(connection);
    }
    g_ptr_array_free(connections, TRUE);
}

static void test_folders(void **state)
{
    (void)state;
    worker = worker_new();
    pool = arena_pool_new(1 << 20);
    for (char **folder = folders; *folder != NULL; folder++) {
        GDir *names = g_dir_open(*folder, 0, NULL);
        const char *name;
        if (names == NULL) {
            print_message("skipped: no folder %s\n", *folder);
            continue;
        }
        while ((name = g_dir_read_name(names)) != NULL) {
            if (!g_str_has_suffix(name, ".pcap") && !g_str_has_suffix(name, ".pcapng"))
                continue;
            char *path = g_build_filename(*folder, name, NULL);
            try_capture(path);
            g_free(path);
        }
        g_dir_close(names);
    }
    worker_free(worker);
    arena_pool_free(pool);
    print_message("%u sessions tried\n", sessions_tried);
    assert_true(sessions_tried >= 12);
}

int main(int argc, char **argv)
{
    (void)argc;
    folders = argv + 1;
    g_mime_init();
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_folders) };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_mime_shutdown();
    return failed;
}
