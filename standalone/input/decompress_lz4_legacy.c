/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What "lz4 -l" writes: blocks of up to 8 MiB, each behind its compressed length. Nothing says where the last one is: a frame ends
 * with the stream, or with what cannot be a length.
 */

#include <glib.h>
#include <lz4.h>
#include <string.h>

#include "decompress_private.h"

#define BLOCK_OCTETS ((size_t)8 * 1024 * 1024)
#define LENGTH_OCTETS 4

struct lz4_legacy {
    char *block, *packed;
    size_t packed_octets, packed_length; /* that the block has, that are there */
    size_t length, given;                /* octets of the block, and those that were given */
    bool begins;                         /* the magic number comes first */
};

static bool legacy_start(struct decompressor *decompressor)
{
    struct lz4_legacy *legacy = decompressor->state.lz4_legacy = g_new0(struct lz4_legacy, 1);
    legacy->block = g_malloc(BLOCK_OCTETS);
    return true;
}

static void legacy_begin_frame(struct decompressor *decompressor)
{
    decompressor->state.lz4_legacy->begins = true;
    decompressor->need = LENGTH_OCTETS;
}

static enum step begin_block(struct decompressor *decompressor)
{
    struct lz4_legacy *legacy = decompressor->state.lz4_legacy;
    uint32_t octets = 0;
    if (decompressor->raw_length == 0)
        return STEP_FRAME_ENDS;
    if (decompressor->raw_length < LENGTH_OCTETS)
        return STEP_GOES_ON;
    memcpy(&octets, decompressor->raw, sizeof octets);
    octets = GUINT32_FROM_LE(octets);
    bool begins = legacy->begins;
    legacy->begins = false;
    if (!begins && (octets == 0 || octets > (uint32_t)LZ4_compressBound((int)BLOCK_OCTETS)))
        return STEP_FRAME_ENDS;
    decompressor_used(decompressor, LENGTH_OCTETS);
    if (begins)
        return STEP_GOES_ON;
    legacy->packed = g_realloc(legacy->packed, octets);
    legacy->packed_octets = octets;
    legacy->packed_length = 0;
    decompressor->need = 1;
    return STEP_GOES_ON;
}

/* Takes what is there of the block, and decodes it when it is whole. */
static enum step take_block(struct decompressor *decompressor)
{
    struct lz4_legacy *legacy = decompressor->state.lz4_legacy;
    size_t octets = MIN(legacy->packed_octets - legacy->packed_length, decompressor->raw_length);
    memcpy(legacy->packed + legacy->packed_length, decompressor->raw, octets);
    legacy->packed_length += octets;
    decompressor_used(decompressor, octets);
    if (legacy->packed_length < legacy->packed_octets)
        return STEP_GOES_ON;
    int length = LZ4_decompress_safe(legacy->packed, legacy->block, (int)legacy->packed_octets, (int)BLOCK_OCTETS);
    if (length < 0)
        return STEP_DAMAGED;
    legacy->packed_octets = 0;
    legacy->length = (size_t)length;
    legacy->given = 0;
    decompressor->need = LENGTH_OCTETS;
    return STEP_GOES_ON;
}

static enum step legacy_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    struct lz4_legacy *legacy = decompressor->state.lz4_legacy;
    if (legacy->given == legacy->length) {
        enum step step = legacy->packed_octets > 0 ? take_block(decompressor) : begin_block(decompressor);
        if (step != STEP_GOES_ON)
            return step;
    }
    *got = MIN(legacy->length - legacy->given, length);
    memcpy(octets, legacy->block + legacy->given, *got);
    legacy->given += *got;
    return STEP_GOES_ON;
}

static void legacy_end(struct decompressor *decompressor)
{
    struct lz4_legacy *legacy = decompressor->state.lz4_legacy;
    g_free(legacy->block);
    g_free(legacy->packed);
    g_free(legacy);
}

static size_t legacy_octets(const struct decompressor *decompressor)
{
    (void)decompressor;
    return 2 * BLOCK_OCTETS;
}

const struct format format_lz4_legacy = {
    .name = "lz4",
    .signature = "lz4 (legacy)",
    .start = legacy_start,
    .begin_frame = legacy_begin_frame,
    .decode = legacy_decode,
    .end = legacy_end,
    .octets = legacy_octets,
};
