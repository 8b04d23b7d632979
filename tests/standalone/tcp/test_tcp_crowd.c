/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who gives way to whom where there is no room for all connections. */

#include "segments.h"

/* Room for so many connections. */
#define ROOM 16u
#define CONNECTION_OCTETS 9000 /* a little more than one takes */

struct crowd {
    struct tcp_table *table;
    uint64_t frame;
    uint64_t octets[UINT16_MAX + 1]; /* that came of each, by the client's port */
    unsigned limited;                /* connections that were closed for want of memory */
    bool all_speak;
};

static bool count_data(void *context, struct tcp_connection *connection, int half, uint64_t offset,
                       struct smtp_span octets, struct place place)
{
    (void)offset;
    (void)place;
    struct crowd *crowd = context;
    crowd->octets[connection->endpoint[0].port] += half == 0 ? octets.length : 0;
    return true;
}

static void ignore_opened(void *context, struct tcp_connection *connection)
{
    (void)context;
    (void)connection;
}

static void ignore_gap(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                       struct place before)
{
    (void)context;
    (void)connection;
    (void)half;
    (void)offset;
    (void)octets;
    (void)before;
}

static void ignore_finished(void *context, struct tcp_connection *connection, int half)
{
    (void)context;
    (void)connection;
    (void)half;
}

static void count_closed(void *context, struct tcp_connection *connection, enum tcp_end end)
{
    (void)connection;
    ((struct crowd *)context)->limited += end == TCP_END_LIMIT;
}

/* Whose client said more than a greeting. */
static bool said_much(void *context, const struct tcp_connection *connection)
{
    const struct crowd *crowd = context;
    return crowd->all_speak || crowd->octets[connection->endpoint[0].port] > 4;
}

static const struct tcp_consumer consumer = { .opened = ignore_opened,
                                              .data = count_data,
                                              .gap = ignore_gap,
                                              .finished = ignore_finished,
                                              .closed = count_closed,
                                              .speaks = said_much };

static struct crowd *crowd_new(void)
{
    const struct tcp_limits limits = {
        .held = 1 << 20, .connections = ROOM * CONNECTION_OCTETS, .tombstones = 1 << 16, .crowd = TCP_CROWD
    };
    struct crowd *crowd = g_new0(struct crowd, 1);
    crowd->table = tcp_table_new(&consumer, crowd, &limits);
    return crowd;
}

static void crowd_free(struct crowd *crowd)
{
    tcp_table_finish(crowd->table);
    tcp_table_free(crowd->table);
    g_free(crowd);
}

/* One segment of the connection from this port. */
static void play(struct crowd *crowd, uint16_t port, const struct step *step)
{
    struct packet_segment segment = segment_of(step, 1000, 5000);
    *(step->from == 'C' ? &segment.source_port : &segment.destination_port) = port;
    crowd->frame++;
    tcp_table_add(crowd->table, &segment, 0, crowd->frame, (int64_t)crowd->frame * MILLISECOND);
}

static void open_one(struct crowd *crowd, uint16_t port)
{
    play(crowd, port, &(struct step){ 'C', "S", 0, 0 });
    play(crowd, port, &(struct step){ 'S', "SA", 0, 1 });
    play(crowd, port, &(struct step){ 'C', "A", 1, 1 });
}

static void greet(struct crowd *crowd, uint16_t port)
{
    open_one(crowd, port);
    play(crowd, port, &(struct step){ 'C', "A", 1, 1, "EHLO" });
}

/* The client says `count` words of four octets, each acknowledged: `from` were said before. */
static void speak(struct crowd *crowd, uint16_t port, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        play(crowd, port, &(struct step){ 'C', "A", 1 + 4 * i, 1, "MAIL" });
        play(crowd, port, &(struct step){ 'S', "A", 1, 5 + 4 * i });
    }
}

/* Who only greets gives way to those that come later, who may have more to say. */
static void greeters_give_way(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_new();
    for (uint16_t port = 1000; port < 1100; port++)
        greet(crowd, port);
    greet(crowd, 2000);
    speak(crowd, 2000, 1, 20);
    assert_int_equal(crowd->octets[2000], 84);
    assert_int_equal(crowd->limited, 101 - ROOM);
    assert_int_equal(tcp_table_statistics(crowd->table).given_up, 101 - ROOM);
    crowd_free(crowd);
}

/* Who speaks does not, however many begin. */
static void who_speaks_stays(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_new();
    for (uint16_t port = 2000; port < 2000 + ROOM / 2; port++) {
        greet(crowd, port);
        speak(crowd, port, 1, 20);
    }
    for (uint16_t port = 1000; port < 1100; port++)
        greet(crowd, port);
    for (uint16_t port = 2000; port < 2000 + ROOM / 2; port++) {
        speak(crowd, port, 21, 5);
        assert_int_equal(crowd->octets[port], 4 * 26);
    }
    crowd_free(crowd);
}

/* They do not take all the room: behind a crowd that said something and went silent others are heard. */
static void room_is_left_for_newcomers(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_new();
    for (uint16_t port = 1000; port < 1100; port++) {
        greet(crowd, port);
        speak(crowd, port, 1, 5);
    }
    greet(crowd, 2000);
    speak(crowd, 2000, 1, 20);
    assert_int_equal(crowd->octets[2000], 84);
    /* And the first of the crowd were not thrown out for the others. */
    speak(crowd, 1000, 6, 5);
    assert_int_equal(crowd->octets[1000], 44);
    crowd_free(crowd);
}

/* Where nobody gives way new ones are not followed, and those that are open come to their end. */
static void better_some_whole(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_new();
    struct tcp_consumer without = consumer;
    without.speaks = NULL;
    const struct tcp_limits limits = {
        .held = 1 << 20, .connections = ROOM * CONNECTION_OCTETS, .tombstones = 1 << 16, .crowd = TCP_CROWD
    };
    tcp_table_free(crowd->table);
    crowd->table = tcp_table_new(&without, crowd, &limits);
    for (uint16_t port = 1000; port < 1100; port++)
        greet(crowd, port);
    for (uint16_t port = 1000; port < 1100; port++)
        speak(crowd, port, 1, 5);
    for (uint16_t port = 1000; port < 1100; port++)
        assert_int_equal(crowd->octets[port], port < 1000 + ROOM ? 24 : 0);
    assert_int_equal(tcp_table_statistics(crowd->table).given_up, 100 - ROOM);
    crowd_free(crowd);
}

/* A connection of which nothing was said is no loss, until something is. */
static void silence_is_no_loss(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_new();
    for (uint16_t port = 1000; port < 1100; port++)
        open_one(crowd, port);
    assert_int_equal(crowd->limited, 100 - ROOM);
    assert_int_equal(tcp_table_statistics(crowd->table).given_up, 0);
    for (unsigned again = 0; again < 2; again++)
        play(crowd, 1000, &(struct step){ 'C', "A", 1, 1, "EHLO" });
    assert_int_equal(tcp_table_statistics(crowd->table).given_up, 1);
    assert_int_equal(crowd->octets[1000], 0);
    crowd_free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greeters_give_way),          cmocka_unit_test(who_speaks_stays),
        cmocka_unit_test(room_is_left_for_newcomers), cmocka_unit_test(better_some_whole),
        cmocka_unit_test(silence_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
