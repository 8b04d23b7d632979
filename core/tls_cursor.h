/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_TLS_CURSOR_H
#define SMTP_TLS_CURSOR_H

/* Reading a handshake message from its front (RFC 8446 section 3). Every length is hostile: what is not there is empty, or 0. */

#include "span.h"

/* Once something is not there, `failed` stays set. */
struct tls_cursor {
    struct smtp_span rest;
    bool failed;
};

static inline struct smtp_span tls_take(struct tls_cursor *cursor, size_t octets)
{
    if (cursor->failed || octets > cursor->rest.length) {
        cursor->failed = true;
        return smtp_span(NULL, 0);
    }
    struct smtp_span taken = smtp_span_first(cursor->rest, octets);
    cursor->rest = smtp_span_from(cursor->rest, octets);
    return taken;
}

/* A big-endian number of up to four octets. */
static inline uint32_t tls_take_number(struct tls_cursor *cursor, size_t octets)
{
    uint32_t number = 0;
    struct smtp_span taken = tls_take(cursor, octets);
    for (size_t i = 0; i < taken.length; i++)
        number = number << 8 | taken.octets[i];
    return number;
}

/* A vector: its length in `octets` octets, then itself. */
static inline struct smtp_span tls_take_vector(struct tls_cursor *cursor, size_t octets)
{
    return tls_take(cursor, tls_take_number(cursor, octets));
}

/* The next extension of a list of them (RFC 8446 section 4.2). False at the end of the list, and where it is cut. */
static inline bool tls_take_extension(struct tls_cursor *list, uint16_t *type, struct smtp_span *data)
{
    if (list->failed || list->rest.length == 0)
        return false;
    *type = (uint16_t)tls_take_number(list, 2);
    *data = tls_take_vector(list, 2);
    return !list->failed;
}

#endif
