/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_BODY_DECODER_H
#define SMTPSCOPE_BODY_DECODER_H

/*
 * Decodes a body in base64 or quoted-printable (RFC 2045 section 6) as its octets come. GMime decodes; what it leaves to others is done
 * here: base64 that ends without its padding, white space at the ends of quoted-printable lines, which is no content.
 */

#include <gmime/gmime.h>
#include <stdbool.h>

#include "span.h"

/* Octets of white space that are held until it is seen whether a line ends behind them. */
#define BODY_WHITE_SPACE_LIMIT ((size_t)4096)

/* What was not decoded. */
enum body_loss {
    BODY_LONE_DIGIT = 1,     /* base64: six bits at the end, which are no octet */
    BODY_BEHIND_PADDING = 2, /* base64: digits behind the padding, which is the end */
    BODY_WHITE_SPACE = 4,    /* quoted-printable: more than is held at the end of a line; the first of it was taken for content */
};

struct body_decoder;

/* `encoding`: base64 or quoted-printable. `give` takes what is decoded. */
struct body_decoder *body_decoder_new(GMimeContentEncoding encoding, void (*give)(void *context, struct smtp_span octets), void *context);

void body_decoder_add(struct body_decoder *decoder, struct smtp_span octets);

/* Octets that it takes. */
size_t body_decoder_memory(const struct body_decoder *decoder);

/* No more octets come: gives the last ones, and frees the decoder. `whole`: the body ends here. Returns enum body_loss. */
unsigned body_decoder_end(struct body_decoder *decoder, bool whole);

#endif
