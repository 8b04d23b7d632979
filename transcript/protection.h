/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_PROTECTION_H
#define TRANSCRIPT_PROTECTION_H

/* STARTTLS, and TLS: what was offered and asked for, what the handshake says, and whether the dialogue is under it. */

#include "greetings.h"

/* Whether the dialogue is under TLS: the one answer of all outputs. */
enum protection {
    PROTECTION_NONE,     /* what was seen last is in clear */
    PROTECTION_NOT_SEEN, /* STARTTLS was accepted, and nothing behind it is in the capture */
    PROTECTION_TLS,      /* a handshake was seen, and did not fail */
};

struct starttls {
    bool offered, requested, accepted, refused;
    struct place offer;     /* the first one */
    struct place place;     /* of the reply that accepted it; this and the following only where it was */
    struct smtp_span reply; /* its lines, the codes left out */
    uint16_t code;
    struct smtp_span helo; /* the client's name then; octets NULL: none was seen */
};

/* All zero: there was nothing of it. */
struct tls {
    bool seen, implicit;
    bool behind_starttls;                    /* it was accepted, and no handshake failed since */
    uint8_t protection;                      /* enum protection: now, in the end of the session */
    uint16_t client_version, server_version; /* 0: not seen */
    uint16_t cipher;                         /* the suite that the server chose; 0: not seen */
    struct smtp_span sni, alpn;
    struct place first; /* of the handshake */
    uint64_t octets[2]; /* by role */
    struct starttls starttls;
};

/* A step of STARTTLS, or of TLS from the beginning on. */
void tls_take_step(struct tls *tls, const struct keeping *keeping, const struct smtp_event *event,
                   const struct greetings *greetings, struct replies *replies);

/* A hello of a handshake. */
void tls_take_hello(struct tls *tls, const struct keeping *keeping, const struct smtp_tls_hello *hello);

/* A line, or a reply, was read: behind STARTTLS that tells that it is in clear. */
void tls_note_readable(struct tls *tls);

/* Whether what is said now is protected, or was to be. */
static inline bool tls_is_behind(const struct tls *tls)
{
    return tls->behind_starttls || tls->protection == PROTECTION_TLS;
}

#endif
