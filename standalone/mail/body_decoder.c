/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "body_decoder.h"

#include <glib.h>
#include <string.h>

/* Octets are decoded in pieces of so many. A decoder of GMime's gives no more than it gets, and what it has kept of three before. */
#define DECODED_AT_ONCE ((size_t)4096)
#define DECODED_ROOM (DECODED_AT_ONCE + 16)

struct body_decoder {
    GMimeEncoding encoding; /* `state` of base64: digits that wait for others; of quoted-printable: 2 is "=X" */
    void (*give)(void *context, struct smtp_span octets);
    void *context;
    unsigned losses;        /* enum body_loss */
    bool over;              /* base64: the padding came */
    GString *white_space;   /* quoted-printable: at what may be the end of a line, perhaps with the CR; NULL: there was none yet */
    bool much;              /* in front of it was more */
};

/* Octets on their way to quoted-printable's decoder. */
struct quoted {
    struct body_decoder *decoder;
    size_t length;
    char octets[DECODED_AT_ONCE];
};

struct body_decoder *body_decoder_new(GMimeContentEncoding encoding, void (*give)(void *context, struct smtp_span octets), void *context)
{
    struct body_decoder *decoder = g_new0(struct body_decoder, 1);
    g_mime_encoding_init_decode(&decoder->encoding, encoding);
    decoder->give = give;
    decoder->context = context;
    return decoder;
}

static void decode(struct body_decoder *decoder, struct smtp_span octets)
{
    char decoded[DECODED_ROOM];
    while (octets.length > 0) {
        struct smtp_span now = smtp_span_first(octets, MIN(octets.length, DECODED_AT_ONCE));
        size_t length = g_mime_encoding_step(&decoder->encoding, (const char *)now.octets, now.length, decoded);
        if (length > 0)
            decoder->give(decoder->context, smtp_span(decoded, length));
        octets = smtp_span_from(octets, now.length);
    }
}

/* ---- base64 ---- */

/* The padding, or the body's end: gives the octets that are whole. */
static void end_base64(struct body_decoder *decoder)
{
    if (decoder->encoding.state == 1)
        decoder->losses |= BODY_LONE_DIGIT;
    else if (decoder->encoding.state > 1)
        decode(decoder, smtp_span_of_text("="));
    decoder->over = true;
}

static void look_behind_padding(struct body_decoder *decoder, struct smtp_span octets)
{
    for (size_t i = 0; i < octets.length && !(decoder->losses & BODY_BEHIND_PADDING); i++)
        if (g_ascii_isalnum((char)octets.octets[i]) || octets.octets[i] == '+' || octets.octets[i] == '/')
            decoder->losses |= BODY_BEHIND_PADDING;
}

static void add_base64(struct body_decoder *decoder, struct smtp_span octets)
{
    if (decoder->over) {
        look_behind_padding(decoder, octets);
        return;
    }
    const uint8_t *padding = memchr(octets.octets, '=', octets.length);
    size_t length = padding != NULL ? (size_t)(padding - octets.octets) : octets.length;
    decode(decoder, smtp_span_first(octets, length));
    if (padding == NULL)
        return;
    end_base64(decoder);
    look_behind_padding(decoder, smtp_span_from(octets, length));
}

/* ---- quoted-printable ---- */

static void flush_quoted(struct quoted *quoted)
{
    decode(quoted->decoder, smtp_span(quoted->octets, quoted->length));
    quoted->length = 0;
}

static void put_quoted(struct quoted *quoted, struct smtp_span octets)
{
    while (octets.length > 0) {
        size_t length = MIN(octets.length, sizeof quoted->octets - quoted->length);
        memcpy(quoted->octets + quoted->length, octets.octets, length);
        quoted->length += length;
        octets = smtp_span_from(octets, length);
        if (quoted->length == sizeof quoted->octets)
            flush_quoted(quoted);
    }
}

static bool holds_cr(const struct body_decoder *decoder)
{
    const GString *held = decoder->white_space;
    return held != NULL && held->len > 0 && held->str[held->len - 1] == '\r';
}

static void hold(struct body_decoder *decoder, char octet)
{
    if (decoder->white_space == NULL)
        decoder->white_space = g_string_new(NULL);
    g_string_append_c(decoder->white_space, octet);
}

/* It was no white space at the end of a line. */
static void put_held(struct quoted *quoted)
{
    GString *held = quoted->decoder->white_space;
    if (held == NULL || held->len == 0)
        return;
    put_quoted(quoted, smtp_span(held->str, held->len));
    g_string_truncate(held, 0);
}

/* A line ends behind it. */
static void drop_held(struct body_decoder *decoder)
{
    if (decoder->much)
        decoder->losses |= BODY_WHITE_SPACE;
    decoder->much = false;
    if (decoder->white_space != NULL)
        g_string_truncate(decoder->white_space, 0);
}

static void take_line_end(struct quoted *quoted)
{
    bool cr = holds_cr(quoted->decoder);
    drop_held(quoted->decoder);
    put_quoted(quoted, smtp_span_of_text(cr ? "\r\n" : "\n"));
}

static void take_white_space(struct quoted *quoted, char octet)
{
    struct body_decoder *decoder = quoted->decoder;
    bool cr = holds_cr(decoder); /* and no line end behind it */
    if (cr)
        decoder->much = false;
    else if (decoder->white_space != NULL && decoder->white_space->len == BODY_WHITE_SPACE_LIMIT)
        decoder->much = true;
    if (cr || decoder->much)
        put_held(quoted);
    hold(decoder, octet);
}

static void take_text(struct quoted *quoted, struct smtp_span octets)
{
    if (octets.length == 0)
        return;
    put_held(quoted);
    quoted->decoder->much = false;
    put_quoted(quoted, octets);
}

static bool is_white_space(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r';
}

static void add_quoted(struct body_decoder *decoder, struct smtp_span octets)
{
    struct quoted quoted;
    quoted.decoder = decoder;
    quoted.length = 0;
    while (octets.length > 0) {
        const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
        size_t length = lf != NULL ? (size_t)(lf - octets.octets) : octets.length;
        size_t text = length;
        while (text > 0 && is_white_space(octets.octets[text - 1]))
            text--;
        take_text(&quoted, smtp_span_first(octets, text));
        for (size_t i = text; i < length; i++)
            take_white_space(&quoted, (char)octets.octets[i]);
        if (lf != NULL)
            take_line_end(&quoted);
        octets = smtp_span_from(octets, length + (lf != NULL ? 1 : 0));
    }
    flush_quoted(&quoted);
}

static void end_quoted(struct body_decoder *decoder, bool whole)
{
    struct quoted quoted;
    bool cr = holds_cr(decoder);
    quoted.decoder = decoder;
    quoted.length = 0;
    if (whole && !cr)
        drop_held(decoder);
    put_held(&quoted);
    flush_quoted(&quoted);
    if (decoder->encoding.state == 2 && decoder->encoding.save != '\r') { /* half a sign stays as it is; a soft line break is none */
        const char half[] = { '=', (char)decoder->encoding.save };
        decoder->give(decoder->context, smtp_span(half, sizeof half));
    }
}

/* ---- both ---- */

static bool is_base64(const struct body_decoder *decoder)
{
    return decoder->encoding.encoding == GMIME_CONTENT_ENCODING_BASE64;
}

void body_decoder_add(struct body_decoder *decoder, struct smtp_span octets)
{
    if (octets.length == 0)
        return;
    if (is_base64(decoder))
        add_base64(decoder, octets);
    else
        add_quoted(decoder, octets);
}

size_t body_decoder_memory(const struct body_decoder *decoder)
{
    return sizeof *decoder + (decoder->white_space != NULL ? sizeof *decoder->white_space + decoder->white_space->allocated_len : 0);
}

unsigned body_decoder_end(struct body_decoder *decoder, bool whole)
{
    if (!is_base64(decoder))
        end_quoted(decoder, whole);
    else if (!decoder->over)
        end_base64(decoder);
    unsigned losses = decoder->losses;
    if (decoder->white_space != NULL)
        g_string_free(decoder->white_space, TRUE);
    g_free(decoder);
    return losses;
}
