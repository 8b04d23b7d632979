/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What libraries decode: gzip, zstd, lz4. */

#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <zstd_errors.h>

#include "decompress_private.h"
#include "language.h"

/* ---- gzip (RFC 1952) ---- */

#define GZIP_OCTETS ((size_t)48 * 1024)

static bool gzip_start(struct decompressor *decompressor)
{
    memset(&decompressor->state, 0, sizeof decompressor->state);
    return inflateInit2(&decompressor->state.gzip, 15 + 16) == Z_OK; /* 16: gzip, and nothing else */
}

static bool is_wrong_check(const char *message)
{
    return message != NULL && (strcmp(message, "incorrect data check") == 0 || strcmp(message, "incorrect length check") == 0);
}

static enum step gzip_step(z_stream *stream, int result)
{
    switch (result) {
    case Z_OK:
    case Z_BUF_ERROR:
        return STEP_GOES_ON;
    case Z_STREAM_END:
        return inflateReset(stream) == Z_OK ? STEP_FRAME_ENDS : STEP_DAMAGED;
    default:
        return is_wrong_check(stream->msg) ? STEP_WRONG_CHECKSUM : STEP_DAMAGED;
    }
}

static enum step gzip_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    z_stream *stream = &decompressor->state.gzip;
    stream->next_in = (Bytef *)(uintptr_t)decompressor->raw;
    stream->avail_in = (uInt)decompressor->raw_length;
    stream->next_out = octets;
    stream->avail_out = (uInt)MIN(length, (size_t)1 << 30);
    uInt room = stream->avail_out;
    int result = inflate(stream, Z_NO_FLUSH);
    decompressor_used(decompressor, decompressor->raw_length - stream->avail_in);
    *got = room - stream->avail_out;
    return gzip_step(stream, result);
}

static void gzip_end(struct decompressor *decompressor)
{
    inflateEnd(&decompressor->state.gzip);
}

static size_t gzip_octets(const struct decompressor *decompressor)
{
    (void)decompressor;
    return GZIP_OCTETS;
}

const struct format format_gzip = {
    .name = "gzip",
    .signature = "gzip",
    .start = gzip_start,
    .decode = gzip_decode,
    .end = gzip_end,
    .octets = gzip_octets,
};

/* The library gets so many octets: the first ones of a frame tell how much memory it takes. */
static void note_head(struct decompressor *decompressor, size_t octets)
{
    size_t head = MIN(octets, ZSTD_HEAD - decompressor->head_octets);
    memcpy(decompressor->head + decompressor->head_octets, decompressor->raw, head);
    decompressor->head_octets += head;
}

/* ---- zstd (RFC 8878) ---- */

/* The most that the library decodes, as a power of two; and the octets of the next block's header, which it asks for in advance. */
#define ZSTD_LOG_LIMIT 31
#define ZSTD_LOG_LEAST 10
#define ZSTD_BLOCK_HEADER 3
#define ZSTD_FIRST 5

/* The largest window that is allowed, as a power of two. */
static int allowed_window(uint64_t memory_limit)
{
    int power = ZSTD_LOG_LEAST;
    while (power < ZSTD_LOG_LIMIT && (memory_limit / DECOMPRESS_SHARE) >> (power + 1) > 0)
        power++;
    return power;
}

static bool zstd_start(struct decompressor *decompressor)
{
    ZSTD_DStream *stream = decompressor->state.zstd = ZSTD_createDStream();
    return stream != NULL &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, allowed_window(decompressor->memory_limit)));
}

static void zstd_begin_frame(struct decompressor *decompressor)
{
    decompressor->feed = ZSTD_FIRST;
    decompressor->head_octets = 0;
}

static uint64_t little_endian(const uint8_t *at, unsigned octets)
{
    uint64_t number = 0;
    while (octets-- > 0)
        number = number << 8 | at[octets];
    return number;
}

/* The window of the frame that begins with `head` (RFC 8878 section 3.1.1.1). */
static uint64_t zstd_window(const uint8_t head[static ZSTD_HEAD])
{
    static const unsigned identifier_octets[] = { 0, 1, 2, 4 };
    uint8_t descriptor = head[4];
    unsigned size_flag = descriptor >> 6;
    if ((descriptor & 0x20) == 0) {
        uint64_t base = UINT64_C(1) << (10 + (head[5] >> 3));
        return base + base / 8 * (head[5] & 7);
    }
    const uint8_t *size = head + 5 + identifier_octets[descriptor & 3];
    return little_endian(size, 1u << size_flag) + (size_flag == 1 ? 256 : 0);
}

static enum step ask_for_memory(struct decompressor *decompressor)
{
    int power = ZSTD_LOG_LEAST;
    uint64_t window = zstd_window(decompressor->head);
    while (power < 63 && UINT64_C(1) << power < window)
        power++;
    bool possible = power <= ZSTD_LOG_LIMIT;
    g_free(decompressor->problem);
    if (possible)
        decompressor->problem =
            g_strdup_printf(_("its zstd data needs a window of %" PRIu64 " MiB: use --memory-limit %" PRIu64 "M"),
                            (window + 0xfffff) >> 20, ((UINT64_C(1) << power) * DECOMPRESS_SHARE) >> 20);
    else
        decompressor->problem =
            g_strdup_printf(_("its zstd data needs a window of %" PRIu64 " MiB, which zstd does not decode"), window >> 20);
    decompressor->wants_memory = true;
    return STEP_FAILED;
}

static enum step zstd_failure(struct decompressor *decompressor, size_t result)
{
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return ask_for_memory(decompressor);
    case ZSTD_error_checksum_wrong:
        return STEP_WRONG_CHECKSUM;
    default:
        return STEP_DAMAGED;
    }
}

static enum step zstd_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    ZSTD_inBuffer in = { .src = decompressor->raw, .size = MIN(decompressor->raw_length, decompressor->feed) };
    ZSTD_outBuffer out = { .dst = octets, .size = length };
    if (decompressor->filled)
        in.size = 0;
    note_head(decompressor, in.size);
    size_t result = ZSTD_decompressStream(decompressor->state.zstd, &out, &in);
    if (ZSTD_isError(result))
        return zstd_failure(decompressor, result);
    decompressor_used(decompressor, in.pos);
    *got = out.pos;
    decompressor->feed = result > ZSTD_BLOCK_HEADER ? result - ZSTD_BLOCK_HEADER : result;
    return result == 0 ? STEP_FRAME_ENDS : STEP_GOES_ON;
}

static void zstd_end(struct decompressor *decompressor)
{
    ZSTD_freeDStream(decompressor->state.zstd);
}

static size_t zstd_octets(const struct decompressor *decompressor)
{
    return ZSTD_sizeof_DStream(decompressor->state.zstd);
}

const struct format format_zstd = {
    .name = "zstd",
    .signature = "zstd",
    .start = zstd_start,
    .begin_frame = zstd_begin_frame,
    .decode = zstd_decode,
    .end = zstd_end,
    .octets = zstd_octets,
};

/* ---- lz4 ---- */

/* The octets of the next block's header, which the library asks for in advance; those of the least frame header. */
#define LZ4_BLOCK_HEADER 4
#define LZ4_FIRST 7

static bool lz4_start(struct decompressor *decompressor)
{
    return !LZ4F_isError(LZ4F_createDecompressionContext(&decompressor->state.lz4, LZ4F_VERSION));
}

static void lz4_begin_frame(struct decompressor *decompressor)
{
    decompressor->feed = LZ4_FIRST;
    decompressor->head_octets = 0;
}

static enum step lz4_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    size_t in = decompressor->filled ? 0 : MIN(decompressor->raw_length, decompressor->feed);
    size_t out = length;
    note_head(decompressor, in);
    size_t result = LZ4F_decompress(decompressor->state.lz4, octets, &out, decompressor->raw, &in, NULL);
    if (LZ4F_isError(result))
        return strstr(LZ4F_getErrorName(result), "hecksum") != NULL ? STEP_WRONG_CHECKSUM : STEP_DAMAGED;
    decompressor_used(decompressor, in);
    *got = out;
    decompressor->feed = result > LZ4_BLOCK_HEADER ? result - LZ4_BLOCK_HEADER : result;
    return result == 0 ? STEP_FRAME_ENDS : STEP_GOES_ON;
}

static void lz4_end(struct decompressor *decompressor)
{
    LZ4F_freeDecompressionContext(decompressor->state.lz4);
}

/* A block of input and one of output: of 4^(4 + kind) octets each, the kind being 4 to 7 for 64 KiB to 4 MiB. */
static size_t lz4_octets(const struct decompressor *decompressor)
{
    unsigned kind = decompressor->head[5] >> 4 & 7;
    return (size_t)2 << (8 + 2 * kind);
}

const struct format format_lz4 = {
    .name = "lz4",
    .signature = "lz4",
    .start = lz4_start,
    .begin_frame = lz4_begin_frame,
    .decode = lz4_decode,
    .end = lz4_end,
    .octets = lz4_octets,
};
