/* SPDX-License-Identifier: GPL-2.0-or-later */

/* xz, with liblzma: a stream says in front of its octets how much of what was before they refer to, and that must be kept. */

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "decompress_private.h"
#include "language.h"

static uint64_t allowed_memory(const struct decompressor *decompressor)
{
    return decompressor->memory_limit / DECOMPRESS_SHARE;
}

static void xz_begin_frame(struct decompressor *decompressor)
{
    decompressor->fresh = true;
}

static bool xz_start(struct decompressor *decompressor)
{
    decompressor->state.xz = (lzma_stream)LZMA_STREAM_INIT;
    return true;
}

static uint64_t mebibytes(uint64_t octets)
{
    return (octets + 0xfffff) >> 20;
}

static enum step xz_ask_for_memory(struct decompressor *decompressor)
{
    uint64_t needed = lzma_memusage(&decompressor->state.xz);
    g_free(decompressor->problem);
    decompressor->problem = g_strdup_printf(_("its xz data needs %" PRIu64 " MiB of memory: use --memory-limit %" PRIu64 "M"), mebibytes(needed),
                                            mebibytes(needed * DECOMPRESS_SHARE));
    decompressor->wants_memory = true;
    return STEP_FAILED;
}

static enum step xz_step(struct decompressor *decompressor, lzma_ret result)
{
    switch (result) {
    case LZMA_OK:
    case LZMA_BUF_ERROR: /* more octets are needed */
        return STEP_GOES_ON;
    case LZMA_STREAM_END:
        return STEP_FRAME_ENDS;
    case LZMA_MEMLIMIT_ERROR:
    case LZMA_MEM_ERROR:
        return xz_ask_for_memory(decompressor);
    default:
        return STEP_DAMAGED;
    }
}

static enum step xz_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    lzma_stream *stream = &decompressor->state.xz;
    if (decompressor->fresh && lzma_stream_decoder(stream, allowed_memory(decompressor), 0) != LZMA_OK)
        return xz_ask_for_memory(decompressor);
    decompressor->fresh = false;
    stream->next_in = decompressor->raw;
    stream->avail_in = decompressor->raw_length;
    stream->next_out = octets;
    stream->avail_out = length;
    lzma_ret result = lzma_code(stream, LZMA_RUN);
    decompressor_used(decompressor, decompressor->raw_length - stream->avail_in);
    *got = length - stream->avail_out;
    return xz_step(decompressor, result);
}

static void xz_end(struct decompressor *decompressor)
{
    lzma_end(&decompressor->state.xz);
}

static size_t xz_octets(const struct decompressor *decompressor)
{
    return (size_t)lzma_memusage(&decompressor->state.xz);
}

const struct format format_xz = {
    .name = "xz",
    .signature = "xz",
    .start = xz_start,
    .begin_frame = xz_begin_frame,
    .decode = xz_decode,
    .end = xz_end,
    .octets = xz_octets,
};
