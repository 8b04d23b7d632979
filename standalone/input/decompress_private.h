/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_DECOMPRESS_PRIVATE_H
#define SMTPSCOPE_DECOMPRESS_PRIVATE_H

/* What the formats share. */

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "decompress.h"

#define RAW_OCTETS ((size_t)65536)

/* The longest header of a zstd frame (RFC 8878 section 3.1.1.1), with its magic number. */
#define ZSTD_HEAD 18

enum step {
    STEP_GOES_ON,
    STEP_FRAME_ENDS, /* another one may follow */
    STEP_DAMAGED,
    STEP_WRONG_CHECKSUM,
    STEP_FAILED, /* and the problem is set */
};

/*
 * One format. `decode` takes octets from `raw` into `octets`; *got says how many it gave, whether it fails or not. It is called with
 * `need` octets at hand, unless no more will come or it filled all that it was given: a damage must not take with it what was decoded
 * before, so the libraries get no more than one block at a time.
 */
struct format {
    const char *name;
    const char *signature; /* what signature.c calls it */
    bool (*start)(struct decompressor *decompressor);
    void (*begin_frame)(struct decompressor *decompressor); /* may be NULL */
    enum step (*decode)(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got);
    void (*end)(struct decompressor *decompressor);
    size_t (*octets)(const struct decompressor *decompressor);
};

struct lz4_legacy;

struct decompressor {
    const struct format *format; /* NULL: a frame to be skipped comes first */
    union {
        z_stream gzip;
        ZSTD_DStream *zstd;
        LZ4F_dctx *lz4;
        struct lz4_legacy *lz4_legacy;
        lzma_stream xz;
        bz_stream bzip2;
    } state;
    uint64_t memory_limit;
    bool in_frame;   /* it has begun and not ended */
    bool fresh;      /* and the library does not know yet */
    bool any_frame;
    bool padding;    /* zeros behind the last frame */
    bool ended;      /* no more compressed octets will come */
    bool filled;     /* the last call gave all that was asked for: there may be more without further input */
    bool wants_memory;
    uint64_t skip;   /* octets of a skippable frame */
    size_t need;     /* octets that must be at hand */
    size_t feed;     /* the library gets no more than these at a time */
    uint64_t used;   /* compressed octets so far */
    uint8_t head[ZSTD_HEAD];
    size_t head_octets;
    char *problem; /* why it failed, in the language of the user; NULL: it did not */
    const uint8_t *raw;
    size_t raw_length;
    uint8_t buffer[RAW_OCTETS];
};

extern const struct format format_gzip, format_zstd, format_lz4, format_lz4_legacy, format_xz, format_bzip2;

/* `count` octets of `raw` are used up. */
void decompressor_used(struct decompressor *decompressor, size_t count);

#endif
