/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pcapng.h"

#include <glib.h>
#include <string.h>

#define ORDER_MAGIC 0x1a2b3c4du
#define OPTION_TIME_OFFSET 14u

/* Type and length of a block; and its length once more, behind it. */
#define START_OCTETS 8u
#define TRAILER_OCTETS 4u

/* What an Enhanced Packet Block has more than a simple one. */
#define ENHANCED_OCTETS 16u

enum block_type {
    INTERFACE_DESCRIPTION = 1,
    OLD_PACKET = 2,
    SIMPLE_PACKET = 3,
    ENHANCED_PACKET = 6,
    SECTION_HEADER = 0x0a0d0d0a, /* the same in both byte orders */
};

/* The first numbers of the blocks that libpcap looks into: a digit each says of how many octets. */
static const struct layout {
    uint32_t type, octets;
    const char *numbers;
} layouts[] = {
    { SECTION_HEADER, 24, "444228" },
    { INTERFACE_DESCRIPTION, 16, "44224" },
    { OLD_PACKET, 28, "44224444" },
    { SIMPLE_PACKET, 12, "444" },
    { ENHANCED_PACKET, 28, "4444444" },
};

static const struct layout any_block = { 0, START_OCTETS, "44" };

static uint32_t get4(const uint8_t *at, bool big_endian)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return big_endian ? GUINT32_FROM_BE(number) : GUINT32_FROM_LE(number);
}

static uint32_t get2(const uint8_t *at, bool big_endian)
{
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return (uint32_t)(big_endian ? GUINT16_FROM_BE(number) : GUINT16_FROM_LE(number));
}

static void put4(uint8_t *at, uint32_t number, bool big_endian)
{
    number = big_endian ? GUINT32_TO_BE(number) : GUINT32_TO_LE(number);
    memcpy(at, &number, sizeof number);
}

static bool is_turned(const struct pcapng *pcapng)
{
    return pcapng->big_endian != pcapng->wanted_big_endian;
}

/* Gives numbers the byte order that is wanted. */
static void turn(const struct pcapng *pcapng, uint8_t *at, const char *numbers)
{
    for (; is_turned(pcapng) && *numbers != '\0'; numbers++) {
        size_t octets = (size_t)(*numbers - '0');
        for (size_t i = 0; i < octets / 2; i++) {
            uint8_t other = at[i];
            at[i] = at[octets - 1 - i];
            at[octets - 1 - i] = other;
        }
        at += octets;
    }
}

static const struct layout *layout_of(uint32_t type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++)
        if (layouts[i].type == type)
            return &layouts[i];
    return &any_block;
}

/* Which block begins here, of which START_OCTETS are at hand. In a section as it is, packets need no look but for their length. */
static const struct layout *look(const struct pcapng *pcapng, const uint8_t *at)
{
    uint32_t type = get4(at, pcapng->big_endian);
    if (type == SECTION_HEADER)
        return layout_of(type);
    if (!is_turned(pcapng) && type != INTERFACE_DESCRIPTION && type != SIMPLE_PACKET)
        return &any_block;
    const struct layout *layout = layout_of(type);
    return get4(at + 4, pcapng->big_endian) >= layout->octets + TRAILER_OCTETS ? layout : &any_block;
}

/* Goes through to the block's end. */
static void pass_block(struct pcapng *pcapng, uint32_t used)
{
    pcapng->pass = pcapng->length - used;
    pcapng->next = PCAPNG_BLOCK;
    if (!is_turned(pcapng) && pcapng->new_length == pcapng->length)
        return;
    pcapng->pass -= TRAILER_OCTETS;
    pcapng->next = PCAPNG_TRAILER;
}

/* Behind so many octets of options comes another one, or the trailer. */
static void pass_options(struct pcapng *pcapng, uint32_t octets)
{
    pcapng->pass = MIN(octets, pcapng->options);
    pcapng->options -= (uint32_t)pcapng->pass;
    pcapng->next = pcapng->options > 0 ? PCAPNG_OPTION : PCAPNG_TRAILER;
}

static bool begin_section(struct pcapng *pcapng, const uint8_t *at)
{
    bool big_endian = get4(at + 8, true) == ORDER_MAGIC;
    if (!big_endian && get4(at + 8, false) != ORDER_MAGIC)
        return false;
    if (!pcapng->any_section)
        pcapng->wanted_big_endian = big_endian;
    pcapng->any_section = true;
    pcapng->any_interface = false;
    pcapng->snap = 0;
    pcapng->big_endian = big_endian;
    return true;
}

static void describe_interface(struct pcapng *pcapng, uint8_t *at)
{
    if (!pcapng->any_interface)
        pcapng->snap = get4(at + 12, pcapng->big_endian);
    pcapng->any_interface = true;
    put4(at + 12, 0, true);
}

/* A simple packet block that the snap length cut: only that tells how much is captured, and libpcap is not told it. */
static bool is_cut(const struct pcapng *pcapng, const uint8_t *at)
{
    return get4(at + 8, pcapng->big_endian) > pcapng->length - 12 - TRAILER_OCTETS;
}

static void replace_simple_packet(struct pcapng *pcapng, const uint8_t *at, struct pcapng_done *done)
{
    uint32_t stored = pcapng->length - 12 - TRAILER_OCTETS;
    uint32_t captured = pcapng->snap > 0 ? MIN(stored, pcapng->snap) : stored;
    pcapng->new_length = pcapng->length + ENHANCED_OCTETS;
    const uint32_t numbers[] = { ENHANCED_PACKET, pcapng->new_length, 0, 0, 0, captured, get4(at + 8, pcapng->big_endian) };
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        put4(done->head + 4 * i, numbers[i], pcapng->wanted_big_endian);
    done->head_length = PCAPNG_HEAD;
    done->used = 12;
}

/* ---- what comes next; each is whole when it is called ---- */

static void rewrite_block(struct pcapng *pcapng, uint8_t *at, struct pcapng_done *done)
{
    const struct layout *layout = look(pcapng, at);
    bool begins = layout->type != SECTION_HEADER ? pcapng->any_section : begin_section(pcapng, at);
    pcapng->length = pcapng->new_length = get4(at + 4, pcapng->big_endian);
    if (!begins || pcapng->length < layout->octets + TRAILER_OCTETS || pcapng->length % 4 != 0) {
        pcapng->next = PCAPNG_NOTHING;
        return;
    }
    if (layout->type == SIMPLE_PACKET && is_cut(pcapng, at)) {
        replace_simple_packet(pcapng, at, done);
        pass_block(pcapng, layout->octets);
        return;
    }
    if (layout->type == INTERFACE_DESCRIPTION)
        describe_interface(pcapng, at);
    turn(pcapng, at, layout->numbers);
    pass_block(pcapng, layout->octets);
    if (layout->type == INTERFACE_DESCRIPTION && is_turned(pcapng)) {
        pcapng->options = (uint32_t)pcapng->pass;
        pass_options(pcapng, 0);
    }
    done->octets += layout->octets;
}

static void rewrite_option(struct pcapng *pcapng, uint8_t *at, struct pcapng_done *done)
{
    uint32_t option = get2(at, pcapng->big_endian);
    uint32_t octets = (get2(at + 2, pcapng->big_endian) + 3) & ~3u;
    turn(pcapng, at, "22");
    done->octets += 4;
    pcapng->options -= 4;
    bool number = option == OPTION_TIME_OFFSET && octets == 8 && pcapng->options >= 8;
    pass_options(pcapng, number ? 0 : octets);
    if (number)
        pcapng->next = PCAPNG_OPTION_VALUE;
}

static void rewrite_option_value(struct pcapng *pcapng, uint8_t *at, struct pcapng_done *done)
{
    turn(pcapng, at, "8");
    done->octets += 8;
    pcapng->options -= 8;
    pass_options(pcapng, 0);
}

static void rewrite_trailer(struct pcapng *pcapng, uint8_t *at, struct pcapng_done *done)
{
    /* Where it is wrong it stays wrong, for libpcap to say so. */
    uint32_t wrong = get4(at, pcapng->big_endian) ^ pcapng->length;
    put4(at, pcapng->new_length ^ wrong, pcapng->wanted_big_endian);
    done->octets += TRAILER_OCTETS;
    pcapng->next = PCAPNG_BLOCK;
}

/* Octets of what comes next, if the first START_OCTETS of a block, or less of the others, are at hand. */
static size_t octets_of_next(const struct pcapng *pcapng, const uint8_t *at, size_t length)
{
    switch (pcapng->next) {
    case PCAPNG_BLOCK:
        return length < START_OCTETS ? START_OCTETS : look(pcapng, at)->octets;
    case PCAPNG_OPTION_VALUE:
        return 8;
    case PCAPNG_OPTION:
    case PCAPNG_TRAILER:
        return 4;
    case PCAPNG_NOTHING:
        break;
    }
    return 0;
}

void pcapng_rewrite(struct pcapng *pcapng, uint8_t *octets, size_t length, struct pcapng_done *done)
{
    done->octets = done->used = done->head_length = 0;
    while (done->head_length == 0) {
        size_t left = length - done->octets;
        if (pcapng->next == PCAPNG_NOTHING)
            pcapng->pass = left;
        size_t pass = (size_t)MIN(pcapng->pass, left);
        done->octets += pass;
        pcapng->pass -= pass;
        left -= pass;
        uint8_t *at = octets + done->octets;
        if (left == 0 || left < octets_of_next(pcapng, at, left))
            return;
        switch (pcapng->next) {
        case PCAPNG_BLOCK:
            rewrite_block(pcapng, at, done);
            break;
        case PCAPNG_OPTION:
            rewrite_option(pcapng, at, done);
            break;
        case PCAPNG_OPTION_VALUE:
            rewrite_option_value(pcapng, at, done);
            break;
        case PCAPNG_TRAILER:
            rewrite_trailer(pcapng, at, done);
            break;
        case PCAPNG_NOTHING:
            return;
        }
    }
}
