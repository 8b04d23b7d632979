/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bzip2: blocks of up to 900 kB, each of which is read as a whole before anything of it is given. */

#include <glib.h>
#include <string.h>

#include "decompress_private.h"

/* What the library takes for the largest blocks. */
#define BZIP2_OCTETS ((size_t)4 * 1024 * 1024)

static bool bzip2_start(struct decompressor *decompressor)
{
    decompressor->state.bzip2 = (bz_stream){ .next_in = NULL };
    return true;
}

static void bzip2_end(struct decompressor *decompressor)
{
    BZ2_bzDecompressEnd(&decompressor->state.bzip2); /* of one that never began it does nothing */
}

static void bzip2_begin_frame(struct decompressor *decompressor)
{
    decompressor->fresh = true;
}

static bool begin_stream(struct decompressor *decompressor)
{
    bzip2_end(decompressor);
    decompressor->state.bzip2 = (bz_stream){ .next_in = NULL };
    decompressor->fresh = false;
    return BZ2_bzDecompressInit(&decompressor->state.bzip2, 0, 0) == BZ_OK;
}

static enum step bzip2_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    bz_stream *stream = &decompressor->state.bzip2;
    if (decompressor->fresh && !begin_stream(decompressor))
        return STEP_DAMAGED;
    unsigned room = (unsigned)MIN(length, (size_t)1 << 30);
    stream->next_in = (char *)(uintptr_t)decompressor->raw;
    stream->avail_in = (unsigned)decompressor->raw_length;
    stream->next_out = (char *)octets;
    stream->avail_out = room;
    int result = BZ2_bzDecompress(stream);
    decompressor_used(decompressor, decompressor->raw_length - stream->avail_in);
    *got = room - stream->avail_out;
    if (result == BZ_STREAM_END)
        return STEP_FRAME_ENDS;
    return result == BZ_OK ? STEP_GOES_ON : STEP_DAMAGED;
}

static size_t bzip2_octets(const struct decompressor *decompressor)
{
    (void)decompressor;
    return BZIP2_OCTETS;
}

const struct format format_bzip2 = {
    .name = "bzip2",
    .signature = "bzip2",
    .start = bzip2_start,
    .begin_frame = bzip2_begin_frame,
    .decode = bzip2_decode,
    .end = bzip2_end,
    .octets = bzip2_octets,
};
