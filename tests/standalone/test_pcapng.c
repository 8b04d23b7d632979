/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A pcapng stream, of both byte orders and in any pieces, becomes the one that libpcap reads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "pcapng.h"

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

/* A section with everything that libpcap looks at, and some that it does not. `wanted`: as libpcap is to get it. */
static void section(struct writer *writer, bool wanted, const char *name)
{
    begin(writer, 0x0a0d0d0a);
    number(writer, 4, 0x1a2b3c4d);
    number(writer, 2, 1);
    number(writer, 2, 0);
    number(writer, 8, UINT64_MAX - 1);
    end(writer);
    for (unsigned interface = 0; interface < 2; interface++) {
        begin(writer, 1);
        number(writer, 2, 1);
        number(writer, 2, 0);
        number(writer, 4, wanted ? 0 : 9 + interface);
        number(writer, 2, 2);
        number(writer, 2, strlen(name));
        text(writer, name);
        number(writer, 2, 9);
        number(writer, 2, 1);
        text(writer, "\6");
        number(writer, 2, 14);
        number(writer, 2, 8);
        number(writer, 8, 0x0102030405060708);
        number(writer, 4, 0);
        end(writer);
    }
    begin(writer, 6);
    const uint32_t enhanced[] = { 1, 0x01020304, 0x05060708, 12, 13 };
    for (unsigned i = 0; i < G_N_ELEMENTS(enhanced); i++)
        number(writer, 4, enhanced[i]);
    text(writer, "enhanced one");
    end(writer);
    begin(writer, 2);
    number(writer, 2, 1);
    number(writer, 2, 7);
    for (unsigned i = 1; i < G_N_ELEMENTS(enhanced); i++)
        number(writer, 4, enhanced[i]);
    text(writer, "the old way.");
    end(writer);
    begin(writer, 3);
    number(writer, 4, 11);
    text(writer, "all of this");
    end(writer);
    begin(writer, wanted ? 6 : 3); /* the snap length cut it */
    const uint32_t cut[] = { 0, 0, 0, 9, 100 };
    for (unsigned i = wanted ? 0 : 4; i < G_N_ELEMENTS(cut); i++)
        number(writer, 4, cut[i]);
    text(writer, "up to her");
    end(writer);
}

/* As capture_source.c does it, but with the pieces as small as it gets. */
static GByteArray *rewritten(const GByteArray *given, size_t piece)
{
    GByteArray *out = g_byte_array_new();
    GByteArray *at_hand = g_byte_array_new();
    struct pcapng pcapng = { .pass = 0 };
    for (guint at = 0; at < given->len; at += (guint)piece) {
        struct pcapng_done done;
        g_byte_array_append(at_hand, given->data + at, (guint)MIN(piece, given->len - at));
        do {
            pcapng_rewrite(&pcapng, at_hand->data, at_hand->len, &done);
            g_byte_array_append(out, at_hand->data, (guint)done.octets);
            g_byte_array_append(out, done.head, (guint)done.head_length);
            g_byte_array_remove_range(at_hand, 0, (guint)(done.octets + done.used));
        } while (done.head_length > 0);
    }
    g_byte_array_append(out, at_hand->data, at_hand->len);
    g_byte_array_free(at_hand, TRUE);
    return out;
}

static void assert_rewritten(const GByteArray *given, const GByteArray *wanted)
{
    for (size_t piece = 1; piece <= given->len; piece++) {
        GByteArray *out = rewritten(given, piece);
        assert_int_equal(out->len, wanted->len);
        assert_memory_equal(out->data, wanted->data, wanted->len);
        g_byte_array_free(out, TRUE);
    }
}

static void sections_become_alike(void **state)
{
    (void)state;
    for (unsigned orders = 0; orders < 8; orders++) {
        struct writer given = { .octets = g_byte_array_new() }, wanted = { .octets = g_byte_array_new() };
        wanted.big_endian = orders & 1;
        for (unsigned i = 0; i < 3; i++) {
            given.big_endian = orders >> i & 1;
            section(&given, false, i == 1 ? "" : "eth0");
            section(&wanted, true, i == 1 ? "" : "eth0");
        }
        assert_rewritten(given.octets, wanted.octets);
        g_byte_array_free(given.octets, TRUE);
        g_byte_array_free(wanted.octets, TRUE);
    }
}

/* Behind a length that cannot be, everything goes through as it is, but for the numbers that are turned. */
static void hostile_lengths(void **state)
{
    (void)state;
    const struct {
        uint32_t type, length;
    } blocks[] = { { 6, 0 }, { 6, 11 }, { 1, 12 }, { 3, 12 }, { 1, 0xffffffff }, { 0x0a0d0d0a, 12 }, { 77, 0x80000000 }, { 6, 30 } };
    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
        struct writer writer = { .octets = g_byte_array_new() };
        section(&writer, true, "eth0");
        number(&writer, 4, blocks[i].type);
        number(&writer, 4, blocks[i].length);
        text(&writer, "and whatever comes now, it is not for us to understand any more");
        GByteArray *out = rewritten(writer.octets, 7);
        assert_int_equal(out->len, writer.octets->len);
        if (blocks[i].type != 1)
            assert_memory_equal(out->data, writer.octets->data, out->len);
        g_byte_array_free(out, TRUE);
        g_byte_array_free(writer.octets, TRUE);
    }
}

/* Any octets: it ends, and nothing is lost. */
static void noise(void **state)
{
    (void)state;
    GRand *random = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < 2000; round++) {
        struct writer writer = { .octets = g_byte_array_new(), .big_endian = round & 1 };
        section(&writer, true, "eth0");
        writer.big_endian = round & 2;
        section(&writer, true, "eth0");
        for (unsigned i = 0; i < 4; i++)
            writer.octets->data[g_rand_int_range(random, 0, (gint32)writer.octets->len)] = (guint8)g_rand_int_range(random, 0, 256);
        GByteArray *out = rewritten(writer.octets, 1 + round % 40);
        assert_true(out->len >= writer.octets->len);
        g_byte_array_free(out, TRUE);
        g_byte_array_free(writer.octets, TRUE);
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_become_alike),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
