/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _POSIX_C_SOURCE 200809L /* fmemopen */

/* Packets out of pcapng blocks, of both byte orders; and what is said of streams that are none, or damaged. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "pcapng.h"

#define SECTION 0x0a0d0d0a
#define TIME_RESOLUTION 9
#define TIME_OFFSET 14

struct writer {
    GByteArray *octets;
    bool big_endian;
    guint block;
};

static void number(struct writer *writer, unsigned octets, uint64_t value)
{
    for (unsigned i = 0; i < octets; i++) {
        guint8 octet = (guint8)(value >> 8 * (writer->big_endian ? octets - 1 - i : i));
        g_byte_array_append(writer->octets, &octet, 1);
    }
}

static void text(struct writer *writer, const char *octets)
{
    size_t length = strlen(octets);
    g_byte_array_append(writer->octets, (const guint8 *)octets, (guint)length);
    while (length++ % 4 != 0)
        g_byte_array_append(writer->octets, (const guint8 *)"", 1);
}

static void begin(struct writer *writer, uint32_t type)
{
    writer->block = writer->octets->len;
    number(writer, 4, type);
    number(writer, 4, 0);
}

static void end(struct writer *writer)
{
    guint after = writer->octets->len;
    number(writer, 4, after + 4 - writer->block);
    memcpy(writer->octets->data + writer->block + 4, writer->octets->data + after, 4);
}

static void section(struct writer *writer, unsigned major)
{
    begin(writer, SECTION);
    number(writer, 4, 0x1a2b3c4d);
    number(writer, 2, major);
    number(writer, 2, 0);
    number(writer, 8, UINT64_MAX);
    number(writer, 2, 1); /* a comment */
    number(writer, 2, 5);
    text(writer, "hello");
    end(writer);
}

static void option(struct writer *writer, unsigned code, unsigned octets, uint64_t value)
{
    number(writer, 2, code);
    number(writer, 2, octets);
    number(writer, octets, value);
    while (octets++ % 4 != 0)
        number(writer, 1, 0);
}

/* `resolution` 0 and `offset` 0: not said. */
static void interface(struct writer *writer, unsigned link, uint32_t snap, unsigned resolution, int64_t offset)
{
    begin(writer, 1);
    number(writer, 2, link);
    number(writer, 2, 0);
    number(writer, 4, snap);
    number(writer, 2, 2);
    number(writer, 2, 4);
    text(writer, "eth0");
    if (resolution != 0)
        option(writer, TIME_RESOLUTION, 1, resolution);
    if (offset != 0)
        option(writer, TIME_OFFSET, 8, (uint64_t)offset);
    number(writer, 4, 0);
    end(writer);
}

static void begin_packet(struct writer *writer, uint32_t index, uint64_t stamp, uint32_t captured, uint32_t original)
{
    begin(writer, 6);
    number(writer, 4, index);
    number(writer, 4, stamp >> 32);
    number(writer, 4, stamp & UINT32_MAX);
    number(writer, 4, captured);
    number(writer, 4, original);
}

static void packet(struct writer *writer, uint32_t index, uint64_t stamp, const char *octets)
{
    begin_packet(writer, index, stamp, (uint32_t)strlen(octets), (uint32_t)strlen(octets));
    text(writer, octets);
    end(writer);
}

/* All packets, and what is said at the end: "1 link 101 at 5 'abc' of 3\n", "lost 2\n", "wrong: ...\n". */
static char *read_all(const struct writer *writer, const struct pcapng_hooks *hooks)
{
    GString *log = g_string_new(NULL);
    FILE *stream = fmemopen(writer->octets->data, writer->octets->len, "rb");
    struct pcapng *pcapng = pcapng_new(stream, hooks);
    struct pcapng_packet packet;
    enum pcapng_result result = pcapng_begin(pcapng);
    while (result == PCAPNG_PACKET && (result = pcapng_next(pcapng, &packet)) == PCAPNG_PACKET)
        g_string_append_printf(log, "%" G_GUINT64_FORMAT " link %d at %" G_GINT64_FORMAT " '%.*s' of %u\n",
                               packet.number, packet.link_type, packet.time, (int)packet.octets.length,
                               (const char *)packet.octets.octets, packet.original_octets);
    if (pcapng_lost(pcapng) > 0)
        g_string_append_printf(log, "lost %" G_GUINT64_FORMAT "\n", pcapng_lost(pcapng));
    if (result == PCAPNG_WRONG)
        g_string_append_printf(log, "wrong: %s\n", pcapng_problem(pcapng));
    pcapng_free(pcapng);
    fclose(stream);
    return g_string_free(log, FALSE);
}

static void assert_read(struct writer *writer, const char *expected)
{
    char *got = read_all(writer, NULL);
    assert_string_equal(got, expected);
    g_free(got);
    g_byte_array_free(writer->octets, TRUE);
}

static struct writer writer_new(bool big_endian)
{
    return (struct writer){ .octets = g_byte_array_new(), .big_endian = big_endian };
}

/* Each interface has its own link type, each section its own order and interfaces. */
static void sections_and_interfaces(void **state)
{
    (void)state;
    for (unsigned orders = 0; orders < 4; orders++) {
        struct writer writer = writer_new(orders & 1);
        section(&writer, 1);
        interface(&writer, 1, 9, 0, 0);
        interface(&writer, 101, 262144, 9, 0);
        packet(&writer, 0, 5, "Ethernet");
        packet(&writer, 1, UINT64_C(5000000123), "IP");
        begin(&writer, 2); /* the old way */
        number(&writer, 2, 1);
        number(&writer, 2, 0);
        number(&writer, 4, 0);
        number(&writer, 4, 7);
        number(&writer, 4, 3);
        number(&writer, 4, 1500);
        text(&writer, "old");
        end(&writer);
        writer.big_endian = orders & 2;
        section(&writer, 1);
        interface(&writer, 113, 0, 0, 0);
        packet(&writer, 0, 6, "cooked");
        assert_read(
            &writer,
            "1 link 1 at 5000 'Ethernet' of 8\n2 link 101 at 5000000123 'IP' of 2\n3 link 101 at 7 'old' of 1500\n"
            "4 link 113 at 6000 'cooked' of 6\n");
    }
}

static void simple_packets(void **state)
{
    (void)state;
    struct writer writer = writer_new(false);
    section(&writer, 1);
    interface(&writer, 1, 9, 0, 0);
    begin(&writer, 3);
    number(&writer, 4, 7);
    text(&writer, "all hers");
    end(&writer);
    begin(&writer, 3);
    number(&writer, 4, 100);
    text(&writer, "up to here?!");
    end(&writer);
    assert_read(&writer, "1 link 1 at 0 'all her' of 7\n2 link 1 at 0 'up to her' of 100\n");
}

static void times(void **state)
{
    (void)state;
    const struct {
        unsigned resolution;
        int64_t offset;
        uint64_t stamp;
        int64_t expected;
    } rows[] = {
        { 0, 0, UINT64_C(4102444800000001), INT64_C(4102444800000001000) }, /* 2100: no second has 31 bits only */
        { 3, 0, 1500, INT64_C(1500000000) },
        { 9, 0, UINT64_C(1500000000000000001), INT64_C(1500000000000000001) },
        { 12, 0, UINT64_C(1000000001999), INT64_C(1000000001) },
        { 19, 0, UINT64_C(10000000010000000000), INT64_C(1000000001) },
        { 127, 0, 5, 0 },
        { 0x80 | 1, 0, 3, INT64_C(1500000000) },
        { 0x80 | 20, 0, (1 << 20) + 1, INT64_C(1000000953) },
        { 0x80 | 40, 0, (UINT64_C(3) << 40) + (UINT64_C(1) << 39), INT64_C(3500000000) },
        { 0x80 | 127, 0, UINT64_MAX, INT64_C(1999999999) },
        { 6, 3600, 1, INT64_C(3600000001000) },
        { 6, -3600, 1, INT64_C(-3599999999000) },
        { 0x80, 0, UINT64_MAX, INT64_C(9223372035000000000) },
        { 6, INT64_MAX, 1, INT64_C(9223372035000001000) },
        { 6, INT64_MIN, 1, INT64_C(-9223372034999999000) },
    };
    for (unsigned order = 0; order < 2; order++) {
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
            struct writer writer = writer_new(order == 1);
            section(&writer, 1);
            interface(&writer, 1, 0, rows[i].resolution, rows[i].offset);
            packet(&writer, 0, rows[i].stamp, "x");
            char *expected = g_strdup_printf("1 link 1 at %" G_GINT64_FORMAT " 'x' of 1\n", rows[i].expected);
            assert_read(&writer, expected);
            g_free(expected);
        }
    }
}

/* The last statistics count, or what the packets say, of each interface; an old section's are kept. */
static void counts_what_was_lost(void **state)
{
    (void)state;
    struct writer writer = writer_new(true);
    section(&writer, 1);
    interface(&writer, 1, 0, 0, 0);
    interface(&writer, 1, 0, 0, 0);
    for (unsigned lost = 3; lost < 5; lost++) {
        begin(&writer, 5);
        number(&writer, 4, 0);
        number(&writer, 8, 0);
        option(&writer, 4, 8, 1000); /* received */
        option(&writer, 5, 8, lost);
        option(&writer, 7, 8, 10);
        number(&writer, 4, 0);
        end(&writer);
    }
    begin_packet(&writer, 1, 1, 1, 1);
    text(&writer, "x");
    option(&writer, 2, 4, 0);
    option(&writer, 4, 8, 5);
    end(&writer);
    section(&writer, 1);
    interface(&writer, 1, 0, 0, 0);
    begin(&writer, 2);
    number(&writer, 2, 0);
    number(&writer, 2, 100);
    for (unsigned i = 0; i < 4; i++)
        number(&writer, 4, 0);
    end(&writer);
    assert_read(&writer, "1 link 1 at 1000 'x' of 1\n2 link 1 at 0 '' of 0\nlost 119\n");
}

/* What carries no packet is passed over; what Wireshark shows as a frame has a number. */
static void other_blocks(void **state)
{
    (void)state;
    struct writer writer = writer_new(false);
    section(&writer, 1);
    interface(&writer, 1, 0, 0, 0);
    const uint32_t types[] = { 4, 10, 77, 0x80000001, 9, 0xbad, 0x204 };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        begin(&writer, types[i]);
        for (unsigned octets = 0; octets < 10000; octets += 4)
            number(&writer, 4, 6);
        end(&writer);
    }
    packet(&writer, 0, 1, "x");
    assert_read(&writer, "4 link 1 at 1000 'x' of 1\n");
}

static void take_secrets(void *context, uint32_t type, struct smtp_span secrets)
{
    g_string_append_printf(context, "%x '%.*s'\n", type, (int)secrets.length, (const char *)secrets.octets);
}

static void hands_secrets_on(void **state)
{
    (void)state;
    GString *log = g_string_new(NULL);
    const struct pcapng_hooks hooks = { .secrets = take_secrets, .context = log };
    struct writer writer = writer_new(true);
    section(&writer, 1);
    for (unsigned i = 0; i < 2; i++) {
        begin(&writer, 10);
        number(&writer, 4, 0x544c534b);
        number(&writer, 4, i == 0 ? 14 : 0xffffffff);
        text(&writer, "CLIENT_RANDOM ");
        end(&writer);
    }
    char *got = read_all(&writer, &hooks);
    assert_string_equal(got, "");
    assert_memory_equal(log->str, "544c534b 'CLIENT_RANDOM '\n544c534b 'CLIENT_RANDOM ", 49);
    g_free(got);
    g_string_free(log, TRUE);
    g_byte_array_free(writer.octets, TRUE);
}

/* Where a stream ends within a block, all before it was given. */
static void truncated(void **state)
{
    (void)state;
    struct writer writer = writer_new(false);
    section(&writer, 1);
    interface(&writer, 1, 0, 0, 0);
    packet(&writer, 0, 1, "one");
    guint whole = writer.octets->len;
    packet(&writer, 0, 2, "two");
    char *expected =
        g_strdup_printf("1 link 1 at 1000 'one' of 3\nwrong: truncated: the block at octet %u is not whole\n", whole);
    for (guint cut = writer.octets->len - 1; cut > whole; cut--) {
        g_byte_array_set_size(writer.octets, cut);
        char *got = read_all(&writer, NULL);
        assert_string_equal(got, expected);
        g_free(got);
    }
    g_free(expected);
    g_byte_array_free(writer.octets, TRUE);
}

static void damaged(void **state)
{
    (void)state;
    const struct {
        uint32_t type, length;
        const char *expected;
    } rows[] = {
        { 6, 0, "the block at octet 72 cannot have a length of 0" },
        { 6, 11, "the block at octet 72 cannot have a length of 11" },
        { 6, 28, "the block at octet 72 cannot have a length of 28" },
        { 1, 12, "the block at octet 72 cannot have a length of 12" },
        { 3, 12, "the block at octet 72 cannot have a length of 12" },
        { 6, 0xfffffffc, "the block at octet 72 cannot have a length of 4294967292" },
        { 77, 0xfffffffc, "truncated: the block at octet 72 is not whole" },
        { 77, 30, "the block at octet 72 cannot have a length of 30" },
        { SECTION, 32, "the section at octet 72 does not say its byte order" },
        { 6, 32, "the block at octet 72 has two lengths, 32 in front and 539785071 behind" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct writer writer = writer_new(false);
        section(&writer, 1);
        interface(&writer, 1, 0, 0, 0);
        assert_int_equal(writer.octets->len, 72);
        number(&writer, 4, rows[i].type);
        number(&writer, 4, rows[i].length);
        text(&writer, "and whatever comes now, on and on, is not for us to read");
        char *expected = g_strdup_printf("wrong: %s\n", rows[i].expected);
        assert_read(&writer, expected);
        g_free(expected);
    }
    struct writer writer = writer_new(false);
    section(&writer, 1);
    packet(&writer, 2, 0, "x");
    assert_read(&writer, "wrong: the packet at octet 40 is of interface 2, which is not described\n");
    writer = writer_new(false);
    section(&writer, 1);
    interface(&writer, 1, 0, 0, 0);
    begin_packet(&writer, 0, 0, 5, 5);
    text(&writer, "four");
    end(&writer);
    assert_read(&writer, "wrong: the packet at octet 72 says that it has 5 octets, and has no more than 4\n");
    writer = writer_new(false);
    section(&writer, 2);
    assert_read(&writer, "wrong: the section at octet 0 is of version 2, which is not known\n");
}

/* Any octets: it ends. */
static void noise(void **state)
{
    (void)state;
    GRand *random = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < 2000; round++) {
        struct writer writer = writer_new(round & 1);
        for (unsigned i = 0; i < 2; i++) {
            section(&writer, 1);
            interface(&writer, 1, 0, 9, 1);
            packet(&writer, 0, 1, "some octets");
        }
        for (unsigned i = 0; i < 4; i++)
            writer.octets->data[g_rand_int_range(random, 0, (gint32)writer.octets->len)] =
                (guint8)g_rand_int_range(random, 0, 256);
        g_free(read_all(&writer, NULL));
        g_byte_array_free(writer.octets, TRUE);
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_interfaces),
        cmocka_unit_test(simple_packets),
        cmocka_unit_test(times),
        cmocka_unit_test(counts_what_was_lost),
        cmocka_unit_test(other_blocks),
        cmocka_unit_test(hands_secrets_on),
        cmocka_unit_test(truncated),
        cmocka_unit_test(damaged),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
