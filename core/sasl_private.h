/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_SASL_PRIVATE_H
#define SMTP_SASL_PRIVATE_H

/* What the readers of the mechanisms share. */

#include "sasl.h"

/* The rest of the caller's buffer: decoded copies go there. */
struct smtp_room {
    uint8_t *next;
    size_t left;
    bool exceeded; /* a copy did not fit, and is cut */
};

static inline void smtp_room_add(struct smtp_room *room, uint8_t octet)
{
    if (room->left == 0) {
        room->exceeded = true;
        return;
    }
    *room->next++ = octet;
    room->left--;
}

static inline struct smtp_span smtp_room_since(const struct smtp_room *room, const uint8_t *begin)
{
    return smtp_span(begin, (size_t)(room->next - begin));
}

/* An empty name names nobody. */
static inline void smtp_sasl_set_identity(struct smtp_sasl_response *response, struct smtp_span identity)
{
    response->has_identity = identity.length > 0;
    response->identity = identity;
}

/* ntlm.c: reads a client's message, decoded in `response`. */
void smtp_ntlm_read(struct smtp_sasl_response *response, struct smtp_room *room);

#endif
