/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Fragments of IPv4 packets: in any order, twice, of other packets with the same identification, contradicting each
 * other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fragments.h"

enum { LINK_RAW = 101, MILLISECOND = 1000000, SIZE = 48 };

#define TCP_HEADER "\x9c\x40\x00\x19\x01\x02\x03\x04\x05\x06\x07\x08\x50\x18\xff\xff\0\0\0\0"
#define OTHER_HEADER "\x9c\x40\x00\x19\x01\x02\x03\x24\x05\x06\x07\x08\x50\x18\xff\xff\0\0\0\0"
#define FIN_HEADER "\x9c\x40\x00\x19\x01\x02\x03\x04\x05\x06\x07\x08\x50\x11\xff\xff\0\0\0\0"
/* Payloads of IP packets, each of two fragments of 24 octets, or of three of 16. */
static const char one[] = TCP_HEADER "one: 0123456789 and so on...";
static const char other[] = OTHER_HEADER "two: abcdefghij, that's it..";

struct sender {
    struct fragments *fragments;
    struct capture_frame frame; /* of the next frame: number, file and time */
    struct packet packet;
    uint8_t octets[2048];
};

static struct sender *start(void)
{
    static struct sender sender;
    sender = (struct sender){ .fragments = fragments_new(), .frame = { .number = 1, .link_type = LINK_RAW } };
    return &sender;
}

static void put16(uint8_t *octets, uint32_t value)
{
    octets[0] = (uint8_t)(value >> 8);
    octets[1] = (uint8_t)value;
}

/* A frame with an IPv4 header and `length` octets; time goes on by a millisecond. */
static enum packet_result give_as(struct sender *sender, uint16_t identification, uint32_t offset, bool more,
                                  const void *octets, size_t length)
{
    uint32_t place = (more ? 0x2000 : 0) | offset / 8;
    uint8_t header[20] = "\x45\0\0\0\0\0\0\0\x40\x06\0\0\xc0\0\x02\x01\xc0\0\x02\x02";
    put16(header + 2, (uint32_t)(sizeof header + length));
    put16(header + 4, identification);
    put16(header + 6, place);
    memcpy(sender->octets, header, sizeof header);
    memcpy(sender->octets + sizeof header, octets, length);
    sender->frame.octets = smtp_span(sender->octets, sizeof header + length);
    sender->frame.original_octets = (uint32_t)sender->frame.octets.length;
    enum packet_result result = fragments_decode(sender->fragments, &sender->frame, &sender->packet);
    sender->frame.number++;
    sender->frame.time += MILLISECOND;
    return result;
}

/* Octets `from` to `to` of a packet of SIZE octets, identification 7. */
static enum packet_result give(struct sender *sender, const char *packet, uint32_t from, uint32_t to)
{
    return give_as(sender, 7, from, to < SIZE, packet + from, to - from);
}

static bool holds(const struct sender *sender, const char *packet)
{
    const struct packet_segment *segment = &sender->packet.segment;
    return segment->payload.length == SIZE - 20 && memcmp(segment->payload.octets, packet + 20, SIZE - 20) == 0;
}

static void assert_conflict(const struct packet_segment *segment, uint64_t octets, uint64_t first, uint64_t second)
{
    assert_int_equal(segment->conflict.octets, octets);
    assert_int_equal(segment->conflict.first_frame, first);
    assert_int_equal(segment->conflict.second_frame, second);
}

static void assert_lost(struct sender *sender, uint64_t frames)
{
    struct packet_segment segment;
    assert_false(fragments_last_conflict(sender->fragments, &sender->frame, &segment));
    assert_int_equal(fragments_lost(sender->fragments, true), frames);
    fragments_free(sender->fragments);
}

static void any_order(void **state)
{
    (void)state;
    static const uint32_t orders[][3] = { { 0, 16, 32 }, { 0, 32, 16 }, { 16, 0, 32 },
                                          { 16, 32, 0 }, { 32, 0, 16 }, { 32, 16, 0 } };
    struct sender *sender = start();
    for (unsigned i = 0; i < 6; i++) {
        const char *packet = i % 2 == 0 ? one : other; /* the next one has the same identification */
        for (unsigned part = 0; part < 3; part++)
            assert_int_equal(give(sender, packet, orders[i][part], orders[i][part] + 16),
                             part < 2 ? PACKET_HELD : PACKET_SEGMENT);
        assert_true(holds(sender, packet));
        assert_conflict(&sender->packet.segment, 0, 0, 0);
        sender->packet.segment.conflict = (struct packet_conflict){ .octets = 0 };
    }
    assert_lost(sender, 0);
}

static void twice(void **state)
{
    (void)state;
    struct sender *sender = start();
    for (unsigned i = 0; i < 4; i++) {
        const char *packet = i % 2 == 0 ? one : other;
        assert_int_equal(give(sender, packet, 0, 24), PACKET_HELD);
        assert_int_equal(give(sender, packet, 0, 24), PACKET_HELD);
        assert_int_equal(give(sender, packet, 24, 48), PACKET_SEGMENT);
        assert_true(holds(sender, packet));
        assert_int_equal(sender->packet.segment.conflict.octets, 0);
        assert_int_equal(give(sender, packet, 24, 48), PACKET_HELD);
        sender->frame.time -= 10 * MILLISECOND; /* of another clock, and cut anew */
        assert_int_equal(give(sender, packet, 0, 32), PACKET_HELD);
        assert_int_equal(give(sender, packet, 32, 48), PACKET_HELD);
        sender->frame.time += 10 * MILLISECOND;
    }
    assert_lost(sender, 0);
}

static void first_copy_wins(void **state)
{
    (void)state;
    struct sender *sender = start();
    give(sender, one, 0, 24);
    give(sender, other, 0, 24);
    assert_int_equal(give(sender, one, 24, 48), PACKET_SEGMENT);
    assert_true(holds(sender, one));
    assert_conflict(&sender->packet.segment, 24, 1, 2);
    assert_lost(sender, 0);
}

/* The last fragment says where the packet ends; others may claim octets behind that, or another end. */
static void ends_differ(void **state)
{
    (void)state;
    struct sender *sender = start();
    give(sender, one, 24, 40);
    give_as(sender, 7, 40, false, one + 40, 8);
    give_as(sender, 7, 48, true, "beyond..", 8);
    assert_int_equal(give(sender, one, 0, 24), PACKET_SEGMENT);
    assert_true(holds(sender, one));
    assert_conflict(&sender->packet.segment, 8, 2, 3);
    give_as(sender, 8, 48, true, "beyond..", 8);
    give_as(sender, 8, 24, false, one + 24, 24);
    give_as(sender, 8, 24, false, one + 24, 16);
    assert_int_equal(give_as(sender, 8, 0, true, one, 24), PACKET_SEGMENT);
    assert_true(holds(sender, one));
    assert_conflict(&sender->packet.segment, 16, 5, 6);
    assert_lost(sender, 0);
}

/* A packet, and a fragment that contradicts it: another packet might begin so. */
static struct sender *contradict(void)
{
    struct sender *sender = start();
    give(sender, one, 0, 24);
    assert_int_equal(give(sender, one, 24, 48), PACKET_SEGMENT);
    assert_int_equal(sender->packet.segment.conflict.octets, 0);
    sender->frame.capture = 1;
    assert_int_equal(give(sender, other, 24, 48), PACKET_HELD);
    return sender;
}

static void contradicts_whole(void **state)
{
    (void)state;
    struct sender *sender = contradict();
    assert_int_equal(give_as(sender, 0, 0, false, other, SIZE), PACKET_SEGMENT);
    assert_int_equal(sender->packet.segment.conflict.octets, 0); /* too early to tell */
    assert_int_equal(give_as(sender, 0, 0, false, FIN_HEADER, 20), PACKET_SEGMENT);
    assert_conflict(&sender->packet.segment, 24, 2, 3);
    assert_int_equal(sender->packet.segment.conflict.first_capture, 0);
    assert_int_equal(sender->packet.segment.conflict.second_capture, 1);
    assert_int_equal(give_as(sender, 0, 0, false, FIN_HEADER, 20), PACKET_SEGMENT);
    assert_int_equal(sender->packet.segment.conflict.octets, 0);
    assert_lost(sender, 1);

    sender = contradict();
    sender->frame.time += 200 * (int64_t)MILLISECOND;
    assert_int_equal(give_as(sender, 0, 0, false, other, SIZE), PACKET_SEGMENT);
    assert_conflict(&sender->packet.segment, 24, 2, 3);
    assert_lost(sender, 1);
}

static void contradicts_at_the_end(void **state)
{
    (void)state;
    struct sender *sender = contradict();
    struct capture_frame frame;
    struct packet_segment segment;
    assert_true(fragments_last_conflict(sender->fragments, &frame, &segment));
    assert_conflict(&segment, 24, 2, 3);
    assert_true(segment.only_conflict);
    assert_int_equal(segment.destination_port, 25);
    assert_int_equal(frame.number, 3);
    assert_int_equal(frame.capture, 1);
    assert_lost(sender, 1);
}

static void contradicts_and_becomes_whole(void **state)
{
    (void)state;
    struct sender *sender = contradict();
    assert_int_equal(give(sender, other, 0, 24), PACKET_SEGMENT);
    assert_true(holds(sender, other));
    assert_int_equal(sender->packet.segment.conflict.octets, 0);
    assert_int_equal(give_as(sender, 0, 0, false, FIN_HEADER, 20), PACKET_SEGMENT);
    assert_int_equal(sender->packet.segment.conflict.octets, 0);
    assert_lost(sender, 0);
}

/* A packet that others were in tells of what contradicted it, too. */
static void in_fragmented_tunnel(void **state)
{
    (void)state;
    struct sender *sender = start();
    uint8_t inner[20 + 24];
    for (uint32_t part = 0; part < 2; part++) {
        memcpy(inner, "\x45\0\0\x2c\0\x09\0\0\x40\x06\0\0\x0a\0\0\x01\x0a\0\0\x02", 20);
        put16(inner + 6, part == 0 ? 0x2000 : 3);
        memcpy(inner + 20, one + part * 24, 24);
        for (uint32_t at = 0; at < sizeof inner; at += 24) {
            uint32_t length = at + 24 < sizeof inner ? 24 : (uint32_t)sizeof inner - at;
            give_as(sender, (uint16_t)(100 + part), at, at + 24 < sizeof inner, inner + at, length);
            sender->octets[9] = 4; /* IP in IP */
            sender->frame.number--;
            enum packet_result result = fragments_decode(sender->fragments, &sender->frame, &sender->packet);
            sender->frame.number++;
            assert_int_equal(result, part == 1 && at > 0 ? PACKET_SEGMENT : PACKET_HELD);
            if (part == 0 && at == 0) {
                sender->octets[30] ^= 1;
                assert_int_equal(fragments_decode(sender->fragments, &sender->frame, &sender->packet), PACKET_HELD);
                sender->frame.number++;
            }
        }
    }
    assert_true(holds(sender, one));
    assert_conflict(&sender->packet.segment, 24, 1, 2);
    fragments_free(sender->fragments);
}

/* What waits is bounded, and what had to go for that is counted. */
static void too_many(void **state)
{
    (void)state;
    struct sender *sender = start();
    uint8_t octets[1480] = { 0 };
    for (unsigned i = 0; i < 60000; i++) {
        sender->frame.time = 0;
        assert_int_equal(give_as(sender, (uint16_t)i, 0, true, octets, i % 2 == 0 ? 8 : 1480), PACKET_HELD);
    }
    assert_true(fragments_lost(sender->fragments, false) >= 60000 - 4096);
    assert_lost(sender, 60000);
}

/* Seconds of processor time for a fragment that comes again and again, when there are so many pieces. */
static double time_with(unsigned pieces)
{
    struct sender *sender = start();
    for (unsigned i = 1; i <= pieces; i++)
        give_as(sender, 7, i * 8, true, "xxxxxxxx", 8);
    clock_t began = clock();
    for (unsigned i = 0; i < 100000; i++) {
        sender->frame.time = 0;
        give_as(sender, 7, pieces * 8, true, "yyyyyyyy", 8);
    }
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    fragments_free(sender->fragments);
    return seconds;
}

static void many_pieces(void **state)
{
    (void)state;
    double few = time_with(200);
    double many = time_with(8000);
    if (many > 4 * few)
        print_error("200 pieces %.3f s, 8000 pieces %.3f s\n", few, many);
    assert_true(many <= 4 * few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order),
        cmocka_unit_test(twice),
        cmocka_unit_test(first_copy_wins),
        cmocka_unit_test(ends_differ),
        cmocka_unit_test(contradicts_whole),
        cmocka_unit_test(contradicts_at_the_end),
        cmocka_unit_test(contradicts_and_becomes_whole),
        cmocka_unit_test(in_fragmented_tunnel),
        cmocka_unit_test(too_many),
        cmocka_unit_test(many_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
