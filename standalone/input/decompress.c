/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "decompress_private.h"
#include "language.h"
#include "signature.h"

/* Type and length of a frame that zstd and lz4 skip. */
#define SKIPPABLE_OCTETS 8

static const struct format *const formats[] = { &format_gzip, &format_zstd, &format_lz4, &format_lz4_legacy, &format_xz, &format_bzip2 };

void decompressor_used(struct decompressor *decompressor, size_t count)
{
    decompressor->raw += count;
    decompressor->raw_length -= count;
    decompressor->used += count;
}

/* NULL: octets that no format begins with. */
static const struct format *format_of(struct smtp_span octets)
{
    const struct signature *signature = signature_of(octets);
    for (size_t i = 0; signature != NULL && i < G_N_ELEMENTS(formats); i++)
        if (strcmp(signature->name, formats[i]->signature) == 0)
            return formats[i];
    return NULL;
}

/* 0x184D2A50 to 0x184D2A5F, the first octet first. */
static bool is_skippable(const uint8_t *signature)
{
    return signature[0] >> 4 == 5 && memcmp(signature + 1, "\x2a\x4d\x18", 3) == 0;
}

static bool use_format(struct decompressor *decompressor, const struct format *format)
{
    if (decompressor->format == format)
        return true;
    if (decompressor->format != NULL)
        decompressor->format->end(decompressor);
    decompressor->format = format->start(decompressor) ? format : NULL;
    return decompressor->format != NULL;
}

bool decompress_knows(const uint8_t signature[static DECOMPRESS_SIGNATURE])
{
    const struct signature *found = signature_of(smtp_span(signature, DECOMPRESS_SIGNATURE));
    return found != NULL && found->kind == SIGNATURE_COMPRESSED;
}

struct decompressor *decompressor_new(const uint8_t signature[static DECOMPRESS_SIGNATURE], uint64_t memory_limit)
{
    if (!decompress_knows(signature))
        return NULL;
    struct decompressor *decompressor = g_new0(struct decompressor, 1);
    decompressor->memory_limit = memory_limit;
    decompressor->need = DECOMPRESS_SIGNATURE;
    decompressor->raw = decompressor->buffer;
    return decompressor;
}

void decompressor_free(struct decompressor *decompressor)
{
    if (decompressor->format != NULL)
        decompressor->format->end(decompressor);
    g_free(decompressor->problem);
    g_free(decompressor);
}

/* Puts more octets behind those at hand. */
static bool refill(struct decompressor *decompressor, ssize_t (*read_raw)(void *context, void *octets, size_t length), void *context)
{
    size_t left = decompressor->raw_length;
    memmove(decompressor->buffer, decompressor->raw, left);
    ssize_t raw = read_raw(context, decompressor->buffer + left, sizeof decompressor->buffer - left);
    decompressor->raw = decompressor->buffer;
    if (raw < 0)
        return false;
    decompressor->ended = raw == 0;
    decompressor->raw_length += (size_t)raw;
    return true;
}

/* `problem`: a sentence in the language of the user with %s for the format, and perhaps the octets used so far behind it. */
static enum step fail(struct decompressor *decompressor, const char *problem)
{
    const char *name = decompressor->format != NULL ? decompressor->format->name : _("compressed");
    g_free(decompressor->problem);
    decompressor->problem = g_strdup_printf(problem, name, decompressor->used);
    return STEP_FAILED;
}

/* Zeros behind the last frame fill a block of a tape or a file system. Between frames of xz they may stand, too. */
static enum step pass_padding(struct decompressor *decompressor)
{
    size_t zeros = 0;
    while (zeros < decompressor->raw_length && decompressor->raw[zeros] == 0)
        zeros++;
    decompressor->padding = true;
    decompressor->need = 1;
    decompressor_used(decompressor, zeros);
    if (decompressor->raw_length > 0 && decompressor->format == &format_xz) {
        decompressor->padding = false;
        decompressor->need = DECOMPRESS_SIGNATURE;
        return STEP_GOES_ON;
    }
    return decompressor->raw_length > 0 ? fail(decompressor, _("its %s data is followed by something else")) : STEP_GOES_ON;
}

/* At the end of a frame, and of the stream. */
static enum step begin_frame(struct decompressor *decompressor)
{
    const uint8_t *raw = decompressor->raw;
    if (decompressor->any_frame && (decompressor->padding || raw[0] == 0))
        return pass_padding(decompressor);
    decompressor->need = DECOMPRESS_SIGNATURE;
    if (decompressor->raw_length >= DECOMPRESS_SIGNATURE && is_skippable(raw)) {
        decompressor->need = SKIPPABLE_OCTETS;
        if (decompressor->raw_length < SKIPPABLE_OCTETS)
            return decompressor->ended ? fail(decompressor, _("its %s data ends early")) : STEP_GOES_ON;
        uint32_t octets;
        memcpy(&octets, raw + 4, sizeof octets);
        decompressor->skip = GUINT32_FROM_LE(octets);
        decompressor_used(decompressor, SKIPPABLE_OCTETS);
        decompressor->need = 1;
        return STEP_GOES_ON;
    }
    const struct signature *signature = signature_of(smtp_span(raw, decompressor->raw_length));
    const struct format *format = format_of(smtp_span_first(smtp_span(raw, decompressor->raw_length), SIGNATURE_LEAST));
    if (format == NULL || signature == NULL)
        return fail(decompressor, decompressor->any_frame ? _("its %s data is followed by something else") : _("its %s data is of an unknown kind"));
    decompressor->need = signature->length;
    if (decompressor->raw_length < decompressor->need)
        return decompressor->ended ? fail(decompressor, _("its %s data ends early")) : STEP_GOES_ON;
    if (!use_format(decompressor, format))
        return fail(decompressor, _("its %s data cannot be decompressed"));
    decompressor->in_frame = true;
    decompressor->any_frame = true;
    decompressor->need = 1;
    if (format->begin_frame != NULL)
        format->begin_frame(decompressor);
    return STEP_GOES_ON;
}

static enum step skip(struct decompressor *decompressor)
{
    if (decompressor->raw_length == 0)
        return fail(decompressor, _("its %s data ends early"));
    size_t octets = (size_t)MIN(decompressor->skip, decompressor->raw_length);
    decompressor_used(decompressor, octets);
    decompressor->skip -= octets;
    if (decompressor->skip == 0)
        decompressor->need = DECOMPRESS_SIGNATURE;
    return STEP_GOES_ON;
}

static enum step decode(struct decompressor *decompressor, uint8_t *octets, size_t length, size_t *got)
{
    uint64_t before = decompressor->used;
    enum step step = decompressor->format->decode(decompressor, octets, length, got);
    decompressor->filled = *got == length;
    if (step == STEP_FRAME_ENDS) {
        decompressor->in_frame = false;
        decompressor->filled = false;
        decompressor->need = DECOMPRESS_SIGNATURE;
    }
    if (step == STEP_DAMAGED)
        return fail(decompressor, _("its %s data is damaged near its octet %" PRIu64));
    if (step == STEP_WRONG_CHECKSUM)
        return fail(decompressor, _("its %s data has a wrong checksum: something in it is not as it was"));
    if (step == STEP_GOES_ON && decompressor->ended && *got == 0 && decompressor->used == before && !decompressor->filled)
        return fail(decompressor, _("its %s data ends early"));
    return step;
}

ssize_t decompressor_read(struct decompressor *decompressor, void *octets, size_t length,
                          ssize_t (*read_raw)(void *context, void *octets, size_t length), void *context)
{
    size_t got = 0;
    while (got == 0 && length > 0) {
        if (decompressor->problem != NULL)
            return -1;
        if (decompressor->raw_length < decompressor->need && !decompressor->ended && !decompressor->filled) {
            if (!refill(decompressor, read_raw, context))
                return -1;
            continue;
        }
        if (decompressor->skip > 0)
            skip(decompressor);
        else if (decompressor->in_frame)
            decode(decompressor, octets, length, &got);
        else if (decompressor->raw_length == 0)
            return 0;
        else
            begin_frame(decompressor);
    }
    return (ssize_t)got;
}

const char *decompressor_problem(const struct decompressor *decompressor)
{
    return decompressor->problem;
}

bool decompressor_wants_memory(const struct decompressor *decompressor)
{
    return decompressor->wants_memory;
}

size_t decompressor_octets(const struct decompressor *decompressor)
{
    return sizeof *decompressor + (decompressor->format != NULL ? decompressor->format->octets(decompressor) : 0);
}
