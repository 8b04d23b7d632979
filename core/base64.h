/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_BASE64_H
#define SMTP_BASE64_H

/* Base64 (RFC 4648 section 4) as SASL uses it: no line breaks, no foreign characters, padding as it must be. */

#include "span.h"

/* Whether the octet may stand in base64: a digit of it, or padding. */
static inline bool smtp_base64_has(uint8_t octet)
{
    return smtp_ascii_is_letter(octet) || smtp_ascii_is_digit(octet) || octet == '+' || octet == '/' || octet == '=';
}

/* Whether only such octets stand in the word; true for an empty one. */
static inline bool smtp_base64_is_made_of(struct smtp_span word)
{
    for (size_t i = 0; i < word.length; i++)
        if (!smtp_base64_has(word.octets[i]))
            return false;
    return true;
}

/*
 * Decodes base64 into `buffer`; returns the decoded octets as a span into it.
 * Sets `*bad` if a character is outside the alphabet, padding is missing or misplaced; sets `*cut` if `limit` octets
 * were not enough. On bad input the span is empty.
 */
struct smtp_span smtp_base64_decode(struct smtp_span text, uint8_t *buffer, size_t limit, bool *bad, bool *cut);

#endif
