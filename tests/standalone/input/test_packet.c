/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From a frame to its segment, for each link type and each way in which a frame can be none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packet.h"

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW = 12,
    LINK_802_11 = 105,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276
};

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        .octets = (const uint8_t *)(literal), .length = sizeof(literal) - 1                                            \
    }

#define MACS "\x02\0\0\0\0\x01\x02\0\0\0\0\x02"
/* 20 octets of TCP: ports 40000 and 25, sequence 0x01020304, acknowledgement 0x05060708, PSH and ACK */
#define TCP "\x9c\x40\x00\x19\x01\x02\x03\x04\x05\x06\x07\x08\x50\x18\xff\xff\0\0\0\0"
#define TCP_OPTIONS "\x9c\x40\x00\x19\x01\x02\x03\x04\x05\x06\x07\x08\x60\x18\xff\xff\0\0\0\0\x01\x01\x01\x01"
#define IP4_ADDRESSES "\xc0\0\x02\x01\xc0\0\x02\x02"
#define IP4(length) "\x45\0\0" length "\0\0\0\0\x40\x06\0\0" IP4_ADDRESSES
#define IP6_ADDRESSES "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define IP6(length, next) "\x60\0\0\0\0" length next "\x40" IP6_ADDRESSES
#define PLAIN4 IP4("\x2c") TCP "QUIT"         /* 20 + 20 + 4 = 44 */
#define PLAIN6 IP6("\x18", "\x06") TCP "QUIT" /* 20 + 4 = 24 */

struct row {
    const char *name;
    int link;
    struct smtp_span frame;
    enum packet_result result;
    const char *payload;
    uint32_t payload_octets;
    uint32_t wire; /* the frame's length on the wire; 0: all of it was captured */
};

static const struct row rows[] = {
    { "Ethernet, IPv4", LINK_ETHERNET, TEXT(MACS "\x08\0" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "Ethernet, IPv6", LINK_ETHERNET, TEXT(MACS "\x86\xdd" PLAIN6), PACKET_SEGMENT, "QUIT", 4 },
    { "802.1Q", LINK_ETHERNET, TEXT(MACS "\x81\0\0\x05\x08\0" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "Q-in-Q", LINK_ETHERNET, TEXT(MACS "\x88\xa8\0\x05\x81\0\0\x06\x08\0" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "padding is no data", LINK_ETHERNET, TEXT(MACS "\x08\0" IP4("\x28") TCP "\0\0\0\0\0\0"), PACKET_SEGMENT, "", 0 },
    { "snap length cuts the payload", LINK_ETHERNET, TEXT(MACS "\x08\0" IP4("\x32") TCP "QUIT"), PACKET_SEGMENT, "QUIT",
      10, 64 },
    { "snap length cuts the TCP header", LINK_ETHERNET, TEXT(MACS "\x08\0" IP4("\x2c") "\x9c\x40\0\x19"), PACKET_CUT,
      NULL, 0, 58 },
    { "snap length cuts the IP header", LINK_ETHERNET, TEXT(MACS "\x08\0\x45\0\0\x2c"), PACKET_CUT, NULL, 0, 58 },
    { "segmentation offload: length 0", LINK_ETHERNET, TEXT(MACS "\x08\0" IP4("\0") TCP "QUIT"), PACKET_SEGMENT, "QUIT",
      4 },
    { "TCP options", LINK_ETHERNET, TEXT(MACS "\x08\0" IP4("\x30") TCP_OPTIONS "QUIT"), PACKET_SEGMENT, "QUIT", 4 },
    { "IPv4 options", LINK_ETHERNET,
      TEXT(MACS "\x08\0\x46\0\0\x30\0\0\0\0\x40\x06\0\0" IP4_ADDRESSES "\x01\x01\x01\x01" TCP "QUIT"), PACKET_SEGMENT,
      "QUIT", 4 },
    { "IPv6 hop-by-hop options", LINK_ETHERNET,
      TEXT(MACS "\x86\xdd" IP6("\x20", "\0") "\x06\0\x01\x04\0\0\0\0" TCP "QUIT"), PACKET_SEGMENT, "QUIT", 4 },
    { "raw IPv4", LINK_RAW, TEXT(PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "raw IPv6", LINK_RAW, TEXT(PLAIN6), PACKET_SEGMENT, "QUIT", 4 },
    { "IPv4 link type", LINK_IPV4, TEXT(PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "IPv6 link type", LINK_IPV6, TEXT(PLAIN6), PACKET_SEGMENT, "QUIT", 4 },
    { "BSD null, little-endian", LINK_NULL, TEXT("\x02\0\0\0" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "BSD null, big-endian", LINK_NULL, TEXT("\0\0\0\x02" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "BSD null, IPv6 of macOS", LINK_NULL, TEXT("\x1e\0\0\0" PLAIN6), PACKET_SEGMENT, "QUIT", 4 },
    { "OpenBSD loop", LINK_LOOP, TEXT("\0\0\0\x02" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "Linux cooked", LINK_SLL, TEXT("\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x08\0" PLAIN4), PACKET_SEGMENT, "QUIT", 4 },
    { "Linux cooked 2", LINK_SLL2, TEXT("\x08\0\0\0\0\0\0\x01\0\x01\0\x06\x02\0\0\0\0\x01\0\0" PLAIN4), PACKET_SEGMENT,
      "QUIT", 4 },
    { "ARP", LINK_ETHERNET, TEXT(MACS "\x08\x06\0\x01\x08\0"), PACKET_NOT_TCP, NULL, 0 },
    { "UDP", LINK_ETHERNET, TEXT(MACS "\x08\0\x45\0\0\x1c\0\0\0\0\x40\x11\0\0" IP4_ADDRESSES "\0\x35\0\x35\0\x08\0\0"),
      PACKET_NOT_TCP, NULL, 0 },
    { "ICMP that quotes TCP", LINK_ETHERNET,
      TEXT(MACS "\x08\0\x45\0\0\x48\0\0\0\0\x40\x01\0\0" IP4_ADDRESSES "\x03\x01\0\0\0\0\0\0" PLAIN4), PACKET_NOT_TCP,
      NULL, 0 },
    { "first fragment", LINK_ETHERNET, TEXT(MACS "\x08\0\x45\0\0\x2c\0\0\x20\0\x40\x06\0\0" IP4_ADDRESSES TCP "QUIT"),
      PACKET_FRAGMENT, NULL, 0 },
    { "later fragment", LINK_ETHERNET, TEXT(MACS "\x08\0\x45\0\0\x2c\0\0\0\x08\x40\x06\0\0" IP4_ADDRESSES TCP "QUIT"),
      PACKET_FRAGMENT, NULL, 0 },
    { "don't fragment is no fragment", LINK_ETHERNET,
      TEXT(MACS "\x08\0\x45\0\0\x2c\0\0\x40\0\x40\x06\0\0" IP4_ADDRESSES TCP "QUIT"), PACKET_SEGMENT, "QUIT", 4 },
    { "IPv4 header length below 20", LINK_ETHERNET,
      TEXT(MACS "\x08\0\x44\0\0\x2c\0\0\0\0\x40\x06\0\0" IP4_ADDRESSES TCP "QUIT"), PACKET_MALFORMED, NULL, 0 },
    { "IPv4 length below its header", LINK_ETHERNET, TEXT(MACS "\x08\0" IP4("\x0a") TCP "QUIT"), PACKET_MALFORMED, NULL,
      0 },
    { "TCP header length below 20", LINK_ETHERNET,
      TEXT(MACS "\x08\0" IP4("\x2c") "\x9c\x40\x00\x19\x01\x02\x03\x04\x05\x06\x07\x08\x40\x18\xff\xff\0\0\0\0QUIT"),
      PACKET_MALFORMED, NULL, 0 },
    { "TCP header beyond the packet", LINK_ETHERNET,
      TEXT(MACS "\x08\0" IP4("\x2c") "\x9c\x40\x00\x19\x01\x02\x03\x04\x05\x06\x07\x08\xf0\x18\xff\xff\0\0\0\0QUIT"),
      PACKET_MALFORMED, NULL, 0 },
    { "no IP version", LINK_RAW, TEXT("\x90\0\0\x2c"), PACKET_MALFORMED, NULL, 0 },
    { "a link type of another world", 9999, TEXT(PLAIN4), PACKET_LINK_UNKNOWN, NULL, 0 },
};

/* In memory of exactly the frame's length: an octet read too far is seen. */
static enum packet_result decode(const struct row *row, size_t kept, uint8_t **memory, struct packet *packet)
{
    *memory = malloc(kept > 0 ? kept : 1);
    assert_non_null(*memory);
    memcpy(*memory, row->frame.octets, kept);
    uint32_t wire = row->wire != 0 ? row->wire : (uint32_t)row->frame.length;
    return packet_decode(row->link, smtp_span(*memory, kept), wire, packet);
}

static void decodes(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        uint8_t *memory;
        struct packet packet;
        enum packet_result result = decode(row, row->frame.length, &memory, &packet);
        const struct packet_segment segment = packet.segment;
        bool same = result == row->result;
        if (same && result == PACKET_SEGMENT)
            same = segment.payload.length == strlen(row->payload) &&
                   memcmp(segment.payload.octets, row->payload, segment.payload.length) == 0 &&
                   segment.payload_octets == row->payload_octets && segment.source_port == 40000 &&
                   segment.destination_port == 25 && segment.sequence == 0x01020304 &&
                   segment.acknowledgement == 0x05060708 && segment.flags == (PACKET_TCP_PSH | PACKET_TCP_ACK) &&
                   segment.source.octets[segment.source.version == 4 ? 3 : 15] == 1;
        if (!same)
            print_error("%s: %s\n", row->name, packet_result_name(result));
        good = good && same;
        free(memory);
    }
    assert_true(good);
}

/* Cut anywhere, a frame is never more than it was, and nothing outside of it is read. */
static void decodes_cut_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t kept = 0; kept < rows[i].frame.length; kept++) {
            uint8_t *memory;
            struct packet packet;
            if (decode(&rows[i], kept, &memory, &packet) == PACKET_SEGMENT) {
                const struct packet_segment segment = packet.segment;
                assert_true(segment.payload.length == 0 ||
                            segment.payload.octets + segment.payload.length <= memory + kept);
                assert_true(segment.payload.length <= segment.payload_octets);
            }
            free(memory);
        }
    }
}

#define A_MSDU "\x88\x01\0\0" MACS "\x02\0\0\0\0\x03\0\0\x80\0"
#define SUBFRAME(length, packet) MACS length "\xaa\xaa\x03\0\0\0\x08" packet
#define CHECK_SEQUENCE "\1\2\3\4"

/* 802.11 A-MSDU: ARP, 32 octets in all; a packet of 45 octets and three of padding; another, and a frame's check
 * sequence. */
static const char aggregated[] = A_MSDU SUBFRAME("\0\x12", "\x06"
                                                           "0123456789")
    SUBFRAME("\0\x35", "\0" IP4("\x2d") TCP "QUIT1") "\0" SUBFRAME("\0\x36", "\0" IP4("\x2e") TCP "QUIT23")
        CHECK_SEQUENCE;

static void decodes_aggregates(void **state)
{
    (void)state;
    static const struct {
        enum packet_result result;
        const char *payload;
    } expected[] = { { PACKET_NOT_TCP, "" }, { PACKET_SEGMENT, "QUIT1" }, { PACKET_SEGMENT, "QUIT23" } };
    for (size_t kept = 0; kept < sizeof aggregated; kept++) {
        struct row row = { .link = LINK_802_11, .frame = smtp_span(aggregated, sizeof aggregated - 1) };
        uint8_t *memory;
        struct packet packet;
        enum packet_result result = decode(&row, kept, &memory, &packet);
        unsigned seen = 0;
        bool cut = result == PACKET_CUT;
        while (packet.following.wire > 0) {
            if (!cut) {
                const char *payload = expected[seen].payload;
                assert_int_equal(result, expected[seen].result);
                if (result == PACKET_SEGMENT)
                    assert_memory_equal(packet.segment.payload.octets, payload, packet.segment.payload.length);
                seen++;
            }
            result = packet_decode_following(&packet);
            cut = cut || result == PACKET_CUT;
        }
        if (kept + 1 == sizeof aggregated) {
            assert_int_equal(seen, 2);
            assert_int_equal(result, PACKET_SEGMENT);
            assert_int_equal(packet.segment.payload.length, 6);
        }
        free(memory);
    }
}

/* ---- checksums ---- */

/* RFC 1071 by the book: words of the network. */
static uint32_t add_words(uint32_t sum, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

struct made {
    uint8_t octets[1600];
    size_t length, ip; /* all of it; the IP header */
};

static void put16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

/* An IP packet with the payload, and with right checksums. */
static void make(struct made *made, unsigned version, size_t payload)
{
    made->ip = version == 4 ? 20 : 40;
    made->length = made->ip + 20 + payload;
    memcpy(made->octets, version == 4 ? IP4("\0") : IP6("\0", "\x06"), made->ip);
    memcpy(made->octets + made->ip, TCP, 20);
    put16(made->octets + (version == 4 ? 2 : 4), (uint32_t)(version == 4 ? made->length : 20 + payload));
    for (size_t i = 0; i < payload; i++)
        made->octets[made->ip + 20 + i] = (uint8_t)(i * 37 + payload);
    if (version == 4)
        put16(made->octets + 10, 0xffff - add_words(0, made->octets, 20));
    uint32_t sum =
        add_words((uint32_t)(6 + 20 + payload), made->octets + (version == 4 ? 12 : 8), version == 4 ? 8 : 32);
    put16(made->octets + made->ip + 16, 0xffff - add_words(sum, made->octets + made->ip, 20 + payload));
}

static struct packet_segment decoded(const struct made *made, size_t captured)
{
    struct packet packet;
    uint8_t *memory = malloc(captured);
    memcpy(memory, made->octets, captured);
    assert_int_equal(packet_decode(LINK_RAW, smtp_span(memory, captured), (uint32_t)made->length, &packet),
                     PACKET_SEGMENT);
    bool right = packet.segment.has_checksum && packet_checksum_is_right(&packet.segment);
    packet.segment.most = right; /* as its octets are gone */
    free(memory);
    return packet.segment;
}

static void assert_checksum(const struct made *made, bool right)
{
    struct packet_segment segment = decoded(made, made->length);
    assert_true(segment.has_checksum);
    assert_int_equal(segment.most, right);
}

static void checks_checksums(void **state)
{
    (void)state;
    struct made made;
    for (unsigned version = 4; version <= 6; version += 2) {
        for (size_t payload = 1; payload < 1500; payload += payload < 70 ? 1 : 97) {
            make(&made, version, payload);
            assert_checksum(&made, true);
            for (size_t at = version == 4 ? 12 : 8; at < made.length; at += at < 80 ? 1 : 31) {
                if (at == made.ip + 12 || at == made.ip + 13) /* the header's length and the flags */
                    continue;
                made.octets[at] ^= 0x20;
                assert_checksum(&made, false);
                made.octets[at] ^= 0x20;
            }
            assert_false(decoded(&made, made.length - 1).has_checksum);
        }
    }
}

/* Both forms of zero are right, and no other number is. */
static void knows_both_zeros(void **state)
{
    (void)state;
    struct made made;
    make(&made, 4, 2);
    uint8_t *sum = made.octets + made.ip + 16;
    uint32_t word = add_words((uint32_t)sum[0] << 8 | sum[1], made.octets + made.ip + 20, 2);
    put16(made.octets + made.ip + 20, word);
    put16(sum, 0);
    assert_checksum(&made, true);
    put16(sum, 0xffff);
    assert_checksum(&made, true);
    for (uint32_t other = 1; other < 0xffff; other += 251) {
        put16(sum, other);
        assert_checksum(&made, false);
    }
}

/* What the network card fills in is not wrong; what a header may have changed on the way is not judged. */
static void knows_what_cannot_be_told(void **state)
{
    (void)state;
    struct made made;
    make(&made, 4, 10);
    put16(made.octets + 10, 0);
    assert_checksum(&made, true);
    put16(made.octets + 10, 1);
    assert_checksum(&made, false);
    make(&made, 4, 10);
    put16(made.octets + 2, 0); /* an IP length of 0 */
    assert_false(decoded(&made, made.length).has_checksum);
    make(&made, 4, 0); /* an acknowledgement */
    assert_false(decoded(&made, made.length).has_checksum);
    made.octets[made.ip + 13] = PACKET_TCP_RST;
    assert_true(decoded(&made, made.length).has_checksum);
}

static void reads_the_largest_segment(void **state)
{
    (void)state;
    static const struct {
        struct smtp_span options;
        uint16_t expected;
    } options[] = {
        { TEXT("\x02\x04\x05\xb4"), 1460 },
        { TEXT("\x01\x01\x01\0\x02\x04\x05\xb4"), 0 },
        { TEXT("\x01\x02\x04\x05\xb4\0\0\0"), 1460 },
        { TEXT("\x03\x03\x07\x02\x04\x05\xb4\0"), 1460 },
        { TEXT("\x01\x01\x02\x04"), 0 },
        { TEXT("\x09\0\x02\x04"), 0 },
        { TEXT("\x02\x03\x05\x05"), 0 },
        { TEXT("\x01\x01\x01\x09"), 0 },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct made made;
        struct packet packet;
        make(&made, 4, (options[i].options.length + 3) / 4 * 4);
        memset(made.octets + 40, 0, made.length - 40);
        memcpy(made.octets + 40, options[i].options.octets, options[i].options.length);
        made.octets[20 + 12] = (uint8_t)((made.length - 20) / 4 << 4);
        made.octets[20 + 13] = PACKET_TCP_SYN;
        assert_int_equal(packet_decode(LINK_RAW, smtp_span(made.octets, made.length), (uint32_t)made.length, &packet),
                         PACKET_SEGMENT);
        assert_int_equal(packet.segment.most, options[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(decodes_cut_frames),
        cmocka_unit_test(decodes_aggregates),
        cmocka_unit_test(checks_checksums),
        cmocka_unit_test(knows_both_zeros),
        cmocka_unit_test(knows_what_cannot_be_told),
        cmocka_unit_test(reads_the_largest_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
