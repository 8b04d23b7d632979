/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pcapng.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "language.h"

#define ORDER_MAGIC 0x1a2b3c4du
#define NANOSECONDS UINT64_C(1000000000)

/* Type and length stand in front of a block's body, its length once more behind it. */
#define START_OCTETS 8u
#define TRAILER_OCTETS 4u
#define FRAME_OCTETS (START_OCTETS + TRAILER_OCTETS)

/* Longer secrets are not handed on. */
#define SECRETS_LIMIT ((uint32_t)1 << 20)

enum block_type {
    INTERFACE_DESCRIPTION = 1,
    OLD_PACKET = 2,
    SIMPLE_PACKET = 3,
    INTERFACE_STATISTICS = 5,
    ENHANCED_PACKET = 6,
    JOURNAL_ENTRY = 9,
    DECRYPTION_SECRETS = 10,
    SYSDIG_EVENT = 0x204,
    SYSDIG_EVENT_FLAGS = 0x208,
    SYSDIG_EVENT_2 = 0x216,
    SYSDIG_EVENT_FLAGS_2 = 0x217,
    SYSDIG_EVENT_LARGE = 0x221,
    SYSDIG_EVENT_FLAGS_LARGE = 0x222,
    CUSTOM = 0xbad,
    SECTION_HEADER = 0x0a0d0d0a, /* the same in both byte orders */
    CUSTOM_NOT_COPIED = 0x40000bad,
};

enum option {
    OPTION_END = 0,
    OPTION_PACKETS_LOST = 4,   /* of an enhanced packet: in front of it */
    OPTION_INTERFACE_LOST = 5, /* of an interface's statistics */
    OPTION_SYSTEM_LOST = 7,
    OPTION_TIME_RESOLUTION = 9, /* of an interface */
    OPTION_TIME_OFFSET = 14,
};

struct interface {
    uint16_t link_type;
    uint8_t resolution;      /* if_tsresol */
    uint32_t snap;           /* octets; 0: no limit */
    int64_t offset;          /* seconds */
    uint64_t lost, reported; /* packets: as its packets say, as its statistics say */
};

struct pcapng {
    FILE *stream;
    struct pcapng_hooks hooks;
    bool big_endian;
    GArray *interfaces; /* of the section */
    GByteArray *body;   /* of the block, without its trailer */
    uint64_t at;        /* octet of the stream where the block begins */
    uint64_t next;      /* and where the next one does */
    uint32_t type, length;
    uint64_t number;    /* of the last packet */
    uint64_t lost;      /* of the sections before */
    bool secrets_only;  /* packets are passed over; the stream can be sought in */
    bool any_interface; /* so far */
    bool fine;          /* the first one is finer than microseconds */
    char *problem;
};

static uint32_t get4(const struct pcapng *pcapng, const uint8_t *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return pcapng->big_endian ? GUINT32_FROM_BE(number) : GUINT32_FROM_LE(number);
}

static uint16_t get2(const struct pcapng *pcapng, const uint8_t *at)
{
    unsigned number = pcapng->big_endian ? (unsigned)at[0] << 8 | at[1] : (unsigned)at[1] << 8 | at[0];
    return (uint16_t)number;
}

static uint64_t get8(const struct pcapng *pcapng, const uint8_t *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return pcapng->big_endian ? GUINT64_FROM_BE(number) : GUINT64_FROM_LE(number);
}

/* ---- what is wrong ---- */

/* Takes the sentence over. */
static enum pcapng_result wrong(struct pcapng *pcapng, char *problem)
{
    g_free(pcapng->problem);
    pcapng->problem = problem;
    return PCAPNG_WRONG;
}

static enum pcapng_result ends_within(struct pcapng *pcapng)
{
    if (ferror(pcapng->stream))
        return wrong(pcapng, g_strdup(g_strerror(errno)));
    return wrong(pcapng, g_strdup_printf(_("truncated: the block at octet %" PRIu64 " is not whole"), pcapng->at));
}

static enum pcapng_result impossible_length(struct pcapng *pcapng)
{
    return wrong(pcapng, g_strdup_printf(_("the block at octet %" PRIu64 " cannot have a length of %" PRIu32),
                                         pcapng->at, pcapng->length));
}

/* ---- blocks ---- */

/* Reads `octets` more of the block's body. */
static bool read_body(struct pcapng *pcapng, uint32_t octets)
{
    guint length = pcapng->body->len;
    g_byte_array_set_size(pcapng->body, length + octets);
    return fread(pcapng->body->data + length, 1, octets, pcapng->stream) == octets;
}

/* Longer stretches are sought over, where that can be done: shorter ones are in the stream's buffer. */
#define SEEK_OCTETS 65536u

/* Passes over `octets` of the stream. */
static bool pass(struct pcapng *pcapng, uint64_t octets)
{
    uint8_t rest[4096];
    if (pcapng->secrets_only && octets > SEEK_OCTETS)
        return fseeko(pcapng->stream, (off_t)octets, SEEK_CUR) == 0;
    while (octets > 0) {
        size_t now = (size_t)MIN(octets, sizeof rest);
        if (fread(rest, 1, now, pcapng->stream) != now)
            return false;
        octets -= now;
    }
    return true;
}

/* Octets of the body that a block of this type has at the least; 0: it is passed over. */
static uint32_t least_octets(uint32_t type)
{
    switch (type) {
    case SECTION_HEADER:
        return 16;
    case INTERFACE_DESCRIPTION:
        return 8;
    case OLD_PACKET:
    case ENHANCED_PACKET:
        return 20;
    case SIMPLE_PACKET:
        return 4;
    case INTERFACE_STATISTICS:
        return 12;
    case DECRYPTION_SECRETS:
        return 8;
    default:
        return 0;
    }
}

/* Whether the body is wanted, and not too long to be. */
static bool is_wanted(const struct pcapng *pcapng)
{
    if (pcapng->type == DECRYPTION_SECRETS)
        return pcapng->hooks.secrets != NULL && pcapng->length <= SECRETS_LIMIT;
    if (pcapng->secrets_only)
        return pcapng->type == SECTION_HEADER;
    return least_octets(pcapng->type) > 0;
}

static enum pcapng_result read_trailer(struct pcapng *pcapng)
{
    uint8_t trailer[TRAILER_OCTETS];
    if (fread(trailer, 1, sizeof trailer, pcapng->stream) != sizeof trailer)
        return ends_within(pcapng);
    if (get4(pcapng, trailer) != pcapng->length)
        return wrong(pcapng, g_strdup_printf(_("the block at octet %" PRIu64 " has two lengths, %" PRIu32
                                               " in front and %" PRIu32 " behind"),
                                             pcapng->at, pcapng->length, get4(pcapng, trailer)));
    return PCAPNG_PACKET;
}

/* A section tells its byte order behind its length, which is in that order, too. */
static enum pcapng_result read_order(struct pcapng *pcapng)
{
    if (!read_body(pcapng, 4))
        return ends_within(pcapng);
    pcapng->big_endian = true;
    if (get4(pcapng, pcapng->body->data) == ORDER_MAGIC)
        return PCAPNG_PACKET;
    pcapng->big_endian = false;
    if (get4(pcapng, pcapng->body->data) == ORDER_MAGIC)
        return PCAPNG_PACKET;
    return wrong(pcapng,
                 g_strdup_printf(_("the section at octet %" PRIu64 " does not say its byte order"), pcapng->at));
}

/* Reads the next block; PCAPNG_PACKET: it is there, with its body if that is wanted. */
static enum pcapng_result read_block(struct pcapng *pcapng)
{
    uint8_t start[START_OCTETS];
    pcapng->at = pcapng->next;
    g_byte_array_set_size(pcapng->body, 0);
    size_t got = fread(start, 1, sizeof start, pcapng->stream);
    if (got == 0 && !ferror(pcapng->stream))
        return PCAPNG_END;
    if (got < sizeof start)
        return ends_within(pcapng);
    pcapng->type = get4(pcapng, start);
    enum pcapng_result result = pcapng->type == SECTION_HEADER ? read_order(pcapng) : PCAPNG_PACKET;
    if (result != PCAPNG_PACKET)
        return result;
    pcapng->length = get4(pcapng, start + 4);
    pcapng->next = pcapng->at + pcapng->length;
    bool body = is_wanted(pcapng);
    if (pcapng->length < FRAME_OCTETS + least_octets(pcapng->type) || pcapng->length % 4 != 0 ||
        (body && pcapng->length > PCAPNG_BLOCK_LIMIT))
        return impossible_length(pcapng);
    uint32_t left = pcapng->length - FRAME_OCTETS - pcapng->body->len;
    if (body ? !read_body(pcapng, left) : !pass(pcapng, left))
        return ends_within(pcapng);
    return read_trailer(pcapng);
}

/* ---- options ---- */

/* Takes the first option off. False: there is none. */
static bool next_option(const struct pcapng *pcapng, struct smtp_span *options, uint16_t *code, struct smtp_span *value)
{
    if (options->length < 4)
        return false;
    *code = get2(pcapng, options->octets);
    size_t length = get2(pcapng, options->octets + 2);
    *options = smtp_span_from(*options, 4);
    *value = smtp_span_first(*options, length);
    *options = smtp_span_from(*options, MIN((length + 3) & ~(size_t)3, options->length));
    return *code != OPTION_END && value->length == length;
}

/* The number in an option of 8 octets; 0 in another one. */
static uint64_t number_in(const struct pcapng *pcapng, struct smtp_span value)
{
    return value.length == 8 ? get8(pcapng, value.octets) : 0;
}

static struct smtp_span behind(const struct pcapng *pcapng, size_t octets)
{
    return smtp_span_from(smtp_span(pcapng->body->data, pcapng->body->len), MIN(octets, pcapng->body->len));
}

/* ---- sections and interfaces ---- */

static uint64_t lost_of(const struct pcapng *pcapng)
{
    uint64_t lost = 0;
    for (guint i = 0; i < pcapng->interfaces->len; i++) {
        const struct interface *interface = &g_array_index(pcapng->interfaces, struct interface, i);
        lost += MAX(interface->lost, interface->reported);
    }
    return lost;
}

static enum pcapng_result begin_section(struct pcapng *pcapng)
{
    unsigned major = get2(pcapng, pcapng->body->data + 4);
    pcapng->lost += lost_of(pcapng);
    g_array_set_size(pcapng->interfaces, 0);
    if (major == 1)
        return PCAPNG_PACKET;
    return wrong(pcapng, g_strdup_printf(_("the section at octet %" PRIu64 " is of version %u, which is not known"),
                                         pcapng->at, major));
}

/* Whether if_tsresol is finer than microseconds: a negative power of ten, or of two where the high bit is set. */
static bool is_fine(uint8_t resolution)
{
    return resolution & 0x80 ? (resolution & 0x7f) >= 20 : resolution > 6;
}

static enum pcapng_result describe_interface(struct pcapng *pcapng)
{
    const uint8_t *body = pcapng->body->data;
    struct interface interface = { .link_type = get2(pcapng, body), .snap = get4(pcapng, body + 4), .resolution = 6 };
    struct smtp_span options = behind(pcapng, 8);
    struct smtp_span value;
    uint16_t code;
    if (pcapng->interfaces->len == PCAPNG_INTERFACES)
        return wrong(pcapng, g_strdup_printf(_("the section has more interfaces than %u, at octet %" PRIu64),
                                             PCAPNG_INTERFACES, pcapng->at));
    while (next_option(pcapng, &options, &code, &value)) {
        if (code == OPTION_TIME_RESOLUTION && value.length == 1)
            interface.resolution = value.octets[0];
        if (code == OPTION_TIME_OFFSET)
            interface.offset = (int64_t)number_in(pcapng, value);
    }
    if (!pcapng->any_interface)
        pcapng->fine = is_fine(interface.resolution);
    pcapng->any_interface = true;
    g_array_append_val(pcapng->interfaces, interface);
    return PCAPNG_PACKET;
}

static struct interface *interface_of(const struct pcapng *pcapng, uint32_t index)
{
    return index < pcapng->interfaces->len ? &g_array_index(pcapng->interfaces, struct interface, index) : NULL;
}

/* The last statistics of an interface count from its beginning. */
static void take_statistics(struct pcapng *pcapng)
{
    struct interface *interface = interface_of(pcapng, get4(pcapng, pcapng->body->data));
    struct smtp_span options = behind(pcapng, 12);
    struct smtp_span value;
    uint64_t lost = 0;
    uint16_t code;
    if (interface == NULL)
        return;
    while (next_option(pcapng, &options, &code, &value))
        if (code == OPTION_INTERFACE_LOST || code == OPTION_SYSTEM_LOST)
            lost += MIN(number_in(pcapng, value), UINT32_MAX);
    interface->reported = lost;
}

static void take_secrets(const struct pcapng *pcapng)
{
    if (pcapng->hooks.secrets == NULL || pcapng->body->len < 8)
        return;
    struct smtp_span secrets = smtp_span_first(behind(pcapng, 8), get4(pcapng, pcapng->body->data + 4));
    pcapng->hooks.secrets(pcapng->hooks.context, get4(pcapng, pcapng->body->data), secrets);
}

/* ---- times ---- */

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* Of a second that is divided into 2 to the power of `bits` so many parts, in nanoseconds. */
static uint64_t nanoseconds_of_binary(uint64_t parts, unsigned bits)
{
    unsigned shift = bits > 34 ? bits - 34 : 0; /* so that the product fits */
    return (parts >> shift) * NANOSECONDS >> (bits - shift);
}

static int64_t time_of(const struct interface *interface, uint64_t stamp)
{
    const int64_t limit = INT64_MAX / (int64_t)NANOSECONDS - 1;
    unsigned exponent = interface->resolution & 0x7f;
    uint64_t seconds = 0;
    uint64_t nanoseconds = 0;
    if (interface->resolution & 0x80) {
        exponent = MIN(exponent, 63u);
        seconds = stamp >> exponent;
        nanoseconds = nanoseconds_of_binary(stamp - (seconds << exponent), exponent);
    } else {
        exponent = MIN(exponent, 19u);
        uint64_t unit = power_of_ten(exponent);
        seconds = stamp / unit;
        nanoseconds =
            exponent > 9 ? stamp % unit / power_of_ten(exponent - 9) : stamp % unit * power_of_ten(9 - exponent);
    }
    int64_t offset = CLAMP(interface->offset, -limit, limit);
    int64_t sum = CLAMP((int64_t)MIN(seconds, (uint64_t)limit) + offset, -limit, limit);
    return sum * (int64_t)NANOSECONDS + (int64_t)nanoseconds;
}

static uint64_t stamp_at(const struct pcapng *pcapng, const uint8_t *at)
{
    return (uint64_t)get4(pcapng, at) << 32 | get4(pcapng, at + 4);
}

/* ---- packets ---- */

static enum pcapng_result give(struct pcapng *pcapng, struct pcapng_packet *packet, size_t from, uint32_t captured)
{
    struct smtp_span stored = behind(pcapng, from);
    if (captured > stored.length)
        return wrong(pcapng, g_strdup_printf(_("the packet at octet %" PRIu64 " says that it has %" PRIu32
                                               " octets, and has no more than %zu"),
                                             pcapng->at, captured, stored.length));
    packet->octets = smtp_span_first(stored, captured);
    packet->number = ++pcapng->number;
    return PCAPNG_PACKET;
}

static enum pcapng_result unknown_interface(struct pcapng *pcapng, uint32_t index)
{
    return wrong(pcapng, g_strdup_printf(
                             _("the packet at octet %" PRIu64 " is of interface %" PRIu32 ", which is not described"),
                             pcapng->at, index));
}

static enum pcapng_result give_simple(struct pcapng *pcapng, struct pcapng_packet *packet)
{
    const struct interface *interface = interface_of(pcapng, 0);
    if (interface == NULL)
        return unknown_interface(pcapng, 0);
    /* How much is captured is said by the snap length, or by the end of the block. */
    uint32_t original = get4(pcapng, pcapng->body->data);
    uint32_t captured = MIN(original, pcapng->body->len - 4);
    if (original > captured && interface->snap > 0)
        captured = MIN(captured, interface->snap);
    *packet = (struct pcapng_packet){ .original_octets = original,
                                      .number = pcapng->number,
                                      .link_type = interface->link_type };
    return give(pcapng, packet, 4, captured);
}

/* An enhanced packet block, or an old one. */
static enum pcapng_result give_packet(struct pcapng *pcapng, struct pcapng_packet *packet)
{
    const uint8_t *body = pcapng->body->data;
    bool old = pcapng->type == OLD_PACKET;
    uint32_t index = old ? get2(pcapng, body) : get4(pcapng, body);
    struct interface *interface = interface_of(pcapng, index);
    if (interface == NULL)
        return unknown_interface(pcapng, index);
    *packet = (struct pcapng_packet){
        .original_octets = get4(pcapng, body + 16),
        .number = pcapng->number,
        .link_type = interface->link_type,
        .time = time_of(interface, stamp_at(pcapng, body + 4)),
    };
    uint32_t captured = get4(pcapng, body + 12);
    enum pcapng_result result = give(pcapng, packet, 20, captured);
    if (result != PCAPNG_PACKET)
        return result;
    unsigned lost = old ? get2(pcapng, body + 2) : 0;
    interface->lost += lost != UINT16_MAX ? lost : 0; /* that is "not known" */
    struct smtp_span options = behind(pcapng, 20 + (((size_t)captured + 3) & ~(size_t)3));
    struct smtp_span value;
    uint16_t code;
    while (!old && next_option(pcapng, &options, &code, &value))
        if (code == OPTION_PACKETS_LOST)
            interface->lost += MIN(number_in(pcapng, value), UINT32_MAX);
    return PCAPNG_PACKET;
}

/* ---- the whole ---- */

struct pcapng *pcapng_new(FILE *stream, const struct pcapng_hooks *hooks)
{
    struct pcapng *pcapng = g_new0(struct pcapng, 1);
    pcapng->stream = stream;
    if (hooks != NULL)
        pcapng->hooks = *hooks;
    pcapng->interfaces = g_array_new(FALSE, FALSE, sizeof(struct interface));
    pcapng->body = g_byte_array_new();
    return pcapng;
}

void pcapng_free(struct pcapng *pcapng)
{
    g_array_free(pcapng->interfaces, TRUE);
    g_byte_array_free(pcapng->body, TRUE);
    g_free(pcapng->problem);
    g_free(pcapng);
}

enum pcapng_result pcapng_begin(struct pcapng *pcapng)
{
    enum pcapng_result result = read_block(pcapng);
    if (result == PCAPNG_END)
        return ends_within(pcapng);
    if (result == PCAPNG_PACKET && pcapng->type != SECTION_HEADER)
        return wrong(pcapng, g_strdup(_("it does not begin with a section")));
    return result == PCAPNG_PACKET ? begin_section(pcapng) : result;
}

enum pcapng_result pcapng_next(struct pcapng *pcapng, struct pcapng_packet *packet)
{
    for (;;) {
        enum pcapng_result result = read_block(pcapng);
        if (result != PCAPNG_PACKET)
            return result;
        switch (pcapng->type) {
        case ENHANCED_PACKET:
        case OLD_PACKET:
            return give_packet(pcapng, packet);
        case SIMPLE_PACKET:
            return give_simple(pcapng, packet);
        case SECTION_HEADER:
            result = begin_section(pcapng);
            break;
        case INTERFACE_DESCRIPTION:
            result = describe_interface(pcapng);
            break;
        case INTERFACE_STATISTICS:
            take_statistics(pcapng);
            break;
        case DECRYPTION_SECRETS:
            take_secrets(pcapng);
            break;
        case JOURNAL_ENTRY: /* Wireshark shows these as frames */
        case SYSDIG_EVENT:
        case SYSDIG_EVENT_FLAGS:
        case SYSDIG_EVENT_2:
        case SYSDIG_EVENT_FLAGS_2:
        case SYSDIG_EVENT_LARGE:
        case SYSDIG_EVENT_FLAGS_LARGE:
        case CUSTOM:
        case CUSTOM_NOT_COPIED:
            pcapng->number++;
            break;
        default:
            break;
        }
        if (result != PCAPNG_PACKET)
            return result;
    }
}

void pcapng_find_secrets(FILE *file, const struct pcapng_hooks *hooks)
{
    struct pcapng *pcapng = pcapng_new(file, hooks);
    pcapng->secrets_only = true;
    if (pcapng_begin(pcapng) == PCAPNG_PACKET)
        while (read_block(pcapng) == PCAPNG_PACKET)
            if (pcapng->type == DECRYPTION_SECRETS)
                take_secrets(pcapng);
    pcapng_free(pcapng);
}

const char *pcapng_problem(const struct pcapng *pcapng)
{
    return pcapng->problem;
}

unsigned pcapng_precision(const struct pcapng *pcapng)
{
    return pcapng->fine ? 9 : 6;
}

uint64_t pcapng_lost(const struct pcapng *pcapng)
{
    return pcapng->lost + lost_of(pcapng);
}
