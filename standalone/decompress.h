/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_DECOMPRESS_H
#define SMTPSCOPE_DECOMPRESS_H

/* Streams compressed with gzip, zstd or lz4 (frame format), several of them behind one another too. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct decompressor;

/* Octets that tell whether a stream is compressed. */
#define DECOMPRESS_SIGNATURE 4

/* A decompressor for a stream that begins with these octets; NULL: it is not compressed. */
struct decompressor *decompressor_new(const uint8_t signature[static DECOMPRESS_SIGNATURE]);

void decompressor_free(struct decompressor *decompressor);

/*
 * Reads up to `length` octets of what was compressed; 0 at its end, -1 on an error, with *problem (static memory) saying what is
 * wrong. `read_raw` gives compressed octets: as read(2), with `context`.
 */
ssize_t decompressor_read(struct decompressor *decompressor, void *octets, size_t length,
                          ssize_t (*read_raw)(void *context, void *octets, size_t length), void *context, const char **problem);

#endif
