/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decompress.h"

#include <glib.h>
#include <lz4frame.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_OCTETS ((size_t)65536)

struct decompressor;

enum step {
    STEP_GOES_ON,
    STEP_FRAME_ENDS, /* another one may follow */
    STEP_FAILED,
};

/* One format: decodes from what is at hand, `raw` and `raw_length` of the decompressor, into `octets`; *got says how many. */
struct format {
    const char *damaged, *truncated;
    bool (*start)(struct decompressor *decompressor);
    enum step (*decode)(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got);
    void (*end)(struct decompressor *decompressor);
};

struct decompressor {
    const struct format *format;
    union {
        z_stream gzip;
        ZSTD_DStream *zstd;
        LZ4F_dctx *lz4;
    } state;
    bool in_frame; /* it has begun and not ended */
    bool ended;    /* no more compressed octets will come */
    const uint8_t *raw;
    size_t raw_length;
    uint8_t buffer[RAW_OCTETS];
};

static void used(struct decompressor *decompressor, size_t count)
{
    decompressor->raw += count;
    decompressor->raw_length -= count;
}

/* ---- gzip (RFC 1952) ---- */

static bool gzip_start(struct decompressor *decompressor)
{
    return inflateInit2(&decompressor->state.gzip, 15 + 16) == Z_OK; /* 16: gzip, and nothing else */
}

static enum step gzip_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    z_stream *stream = &decompressor->state.gzip;
    stream->next_in = (Bytef *)(uintptr_t)decompressor->raw;
    stream->avail_in = (uInt)decompressor->raw_length;
    stream->next_out = octets;
    stream->avail_out = (uInt)MIN(length, RAW_OCTETS);
    uInt room = stream->avail_out;
    int result = inflate(stream, Z_NO_FLUSH);
    used(decompressor, decompressor->raw_length - stream->avail_in);
    *got = room - stream->avail_out;
    if (result == Z_STREAM_END)
        return inflateReset(stream) == Z_OK ? STEP_FRAME_ENDS : STEP_FAILED;
    return result == Z_OK || result == Z_BUF_ERROR ? STEP_GOES_ON : STEP_FAILED;
}

static void gzip_end(struct decompressor *decompressor)
{
    inflateEnd(&decompressor->state.gzip);
}

/* ---- zstd (RFC 8878) ---- */

static bool zstd_start(struct decompressor *decompressor)
{
    decompressor->state.zstd = ZSTD_createDStream();
    return decompressor->state.zstd != NULL;
}

static enum step zstd_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    ZSTD_inBuffer in = { .src = decompressor->raw, .size = decompressor->raw_length };
    ZSTD_outBuffer out = { .dst = octets, .size = length };
    size_t result = ZSTD_decompressStream(decompressor->state.zstd, &out, &in);
    used(decompressor, in.pos);
    *got = out.pos;
    if (ZSTD_isError(result))
        return STEP_FAILED;
    return result == 0 ? STEP_FRAME_ENDS : STEP_GOES_ON;
}

static void zstd_end(struct decompressor *decompressor)
{
    ZSTD_freeDStream(decompressor->state.zstd);
}

/* ---- lz4 ---- */

static bool lz4_start(struct decompressor *decompressor)
{
    return !LZ4F_isError(LZ4F_createDecompressionContext(&decompressor->state.lz4, LZ4F_VERSION));
}

static enum step lz4_decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    size_t in = decompressor->raw_length;
    *got = length;
    size_t result = LZ4F_decompress(decompressor->state.lz4, octets, got, decompressor->raw, &in, NULL);
    used(decompressor, in);
    if (LZ4F_isError(result)) {
        *got = 0;
        return STEP_FAILED;
    }
    return result == 0 ? STEP_FRAME_ENDS : STEP_GOES_ON;
}

static void lz4_end(struct decompressor *decompressor)
{
    LZ4F_freeDecompressionContext(decompressor->state.lz4);
}

/* ---- any of them ---- */

static const struct {
    uint8_t signature[DECOMPRESS_SIGNATURE];
    size_t length;
    struct format format;
} formats[] = {
    { { 0x1f, 0x8b }, 2, { "its gzip data is damaged", "its gzip data ends early", gzip_start, gzip_decode, gzip_end } },
    { { 0x28, 0xb5, 0x2f, 0xfd }, 4, { "its zstd data is damaged", "its zstd data ends early", zstd_start, zstd_decode, zstd_end } },
    { { 0x04, 0x22, 0x4d, 0x18 }, 4, { "its lz4 data is damaged", "its lz4 data ends early", lz4_start, lz4_decode, lz4_end } },
};

struct decompressor *decompressor_new(const uint8_t signature[static DECOMPRESS_SIGNATURE])
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (memcmp(signature, formats[i].signature, formats[i].length) != 0)
            continue;
        struct decompressor *decompressor = g_new0(struct decompressor, 1);
        decompressor->format = &formats[i].format;
        if (decompressor->format->start(decompressor))
            return decompressor;
        g_free(decompressor);
    }
    return NULL;
}

void decompressor_free(struct decompressor *decompressor)
{
    decompressor->format->end(decompressor);
    g_free(decompressor);
}

ssize_t decompressor_read(struct decompressor *decompressor, void *octets, size_t length,
                          ssize_t (*read_raw)(void *context, void *octets, size_t length), void *context, const char **problem)
{
    size_t got = 0;
    while (got == 0 && length > 0) {
        if (decompressor->raw_length == 0 && !decompressor->ended) {
            ssize_t raw = read_raw(context, decompressor->buffer, sizeof decompressor->buffer);
            if (raw < 0)
                return -1;
            decompressor->ended = raw == 0;
            decompressor->raw = decompressor->buffer;
            decompressor->raw_length = (size_t)raw;
        }
        if (decompressor->raw_length == 0 && !decompressor->in_frame)
            return 0;
        bool starved = decompressor->raw_length == 0;
        decompressor->in_frame = true;
        enum step step = decompressor->format->decode(decompressor, octets, length, &got);
        if (step == STEP_FRAME_ENDS)
            decompressor->in_frame = false;
        if (step == STEP_FAILED || (starved && got == 0 && step == STEP_GOES_ON)) {
            *problem = step == STEP_FAILED ? decompressor->format->damaged : decompressor->format->truncated;
            return -1;
        }
    }
    return (ssize_t)got;
}
