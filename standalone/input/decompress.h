/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_DECOMPRESS_H
#define SMTPSCOPE_DECOMPRESS_H

/* Streams compressed with gzip, zstd, xz, bzip2 or lz4 (its frames, and the legacy format), several of them behind one another too. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct decompressor;

/* Octets that tell whether a stream is compressed. */
#define DECOMPRESS_SIGNATURE 4

/* Of the memory that the program may use, a decompressor takes one part in so many. */
#define DECOMPRESS_SHARE 4

/* Whether a stream that begins with these octets is compressed. */
bool decompress_knows(const uint8_t signature[static DECOMPRESS_SIGNATURE]);

/*
 * A decompressor for a stream that begins with these octets; NULL: it is not compressed. A stream that needs more than its share
 * of `memory_limit` octets is not decompressed.
 */
struct decompressor *decompressor_new(const uint8_t signature[static DECOMPRESS_SIGNATURE], uint64_t memory_limit);

void decompressor_free(struct decompressor *decompressor);

/*
 * Reads up to `length` octets of what was compressed; 0 at its end, -1 on an error. What is in front of a damage is given first.
 * `read_raw` gives compressed octets: as read(2), with `context`.
 */
ssize_t decompressor_read(struct decompressor *decompressor, void *octets, size_t length,
                          ssize_t (*read_raw)(void *context, void *octets, size_t length), void *context);

/* Why the last read failed, as it can be put behind "because"; NULL if it did not, or `read_raw` did. */
const char *decompressor_problem(const struct decompressor *decompressor);

/* Whether that was for want of memory only. */
bool decompressor_wants_memory(const struct decompressor *decompressor);

/* Octets of memory that it has taken. */
size_t decompressor_octets(const struct decompressor *decompressor);

#endif
