/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_CONVERSATION_H
#define TRANSCRIPT_CONVERSATION_H

/*
 * The one way in for the octets of a connection. A conversation recognises SMTP, takes off the handshake of a proxy
 * that stands in front of it (SOCKS, HTTP CONNECT; the header of the PROXY protocol is the session's), feeds the
 * session with what each side said in the order in which it can be understood, and goes on with what comes out of TLS.
 * Half 0 is the opener's, half 1 the other's, all the time; which of them is the client's may change (ATRN, RFC 2645).
 */

#include "proxied.h"
#include "recognise.h"
#include "session.h"
#include "waiting.h"

struct smtp_conversation_hooks {
    /* Something happened. */
    void (*event)(void *context, const struct smtp_event *event);
    /* SMTP was recognised, and `client` is set: memory for the session, of any content, that lives as long as the
     * conversation. */
    struct smtp_session *(*begins)(void *context);
    /* It is not SMTP. What waits can be looked at during the call. */
    void (*refused)(void *context);
    smtp_resize *resize;
    /* Octets of memory that the shell needs for each piece of a half that waits; NULL: none. */
    size_t (*memory)(void *context, int half);
};

enum smtp_conversation_state {
    SMTP_CONVERSATION_UNDECIDED,
    SMTP_CONVERSATION_ACCEPTED,
    SMTP_CONVERSATION_REFUSED, /* not SMTP: nothing is taken any more */
};

/* Turns of the sides that are remembered until it is known what they speak, so that what waits is fed in the order in
 * which it came. */
#define SMTP_CONVERSATION_TURNS 8

/*
 * All zero, but for `hooks` and `context` and what is known of the connection. A copy must have memory of its own for
 * what waits (smtp_waiting_copy) and for the session.
 */
struct smtp_conversation {
    const struct smtp_conversation_hooks *hooks;
    void *context;
    /* Of the connection, by who gives the octets; it may be learned until the session begins. */
    uint16_t port[2];
    bool opener_known; /* half 0 is known to be who opened it */
    bool believed;     /* somebody said that it is SMTP */
    bool middle;       /* its beginning is not there */
    bool proxies;      /* a proxy's handshake may stand in front */

    uint8_t state;    /* enum smtp_conversation_state */
    bool finished[2]; /* no more octets of the half will come */
    bool replaying;   /* only octets in front of `shown` count yet, of each half */
    bool decrypted;   /* what comes in came out of TLS */
    uint8_t client;   /* the half that is the client's, once accepted */
    uint8_t turns;    /* before the session began; each by one half, up to an offset in its stream */
    uint8_t turn_half[SMTP_CONVERSATION_TURNS];
    uint64_t turn_end[SMTP_CONVERSATION_TURNS];
    uint64_t shown[2];
    uint64_t used[2];             /* octets of each half that belong to a proxy's handshake */
    struct smtp_proxied *proxied; /* it; NULL: there is none */
    struct smtp_session *session; /* NULL until it was recognised */
    struct smtp_waiting waiting[2];
};

static inline enum smtp_role smtp_conversation_role(const struct smtp_conversation *conversation, int half)
{
    return half == conversation->client ? SMTP_CLIENT : SMTP_SERVER;
}

static inline int smtp_conversation_half(const struct smtp_conversation *conversation, enum smtp_role role)
{
    return role == SMTP_CLIENT ? conversation->client : 1 - conversation->client;
}

/* The next octets of a half, at `offset` in its stream: what can be taken is fed, the rest waits. */
void smtp_conversation_octets(struct smtp_conversation *conversation, int half, uint64_t offset,
                              struct smtp_span octets);

/* The octets of a half up to `offset` are missing. */
void smtp_conversation_gap(struct smtp_conversation *conversation, int half, uint64_t offset);

/*
 * The octets that are given from here on came out of TLS, those of `half` first; their streams go on at `from`, which
 * is not in front of what the session knows of each half. What waits is dropped: it is records. It is SMTP, if that is
 * not known yet.
 */
void smtp_conversation_decrypted(struct smtp_conversation *conversation, int half, const uint64_t from[2]);

/* The half ended. */
void smtp_conversation_finished(struct smtp_conversation *conversation, int half);

/* The half did not end after all: octets follow. */
void smtp_conversation_resumed(struct smtp_conversation *conversation, int half);

/* Nothing more will come of either half: what waits decides what it is, SMTP or not. */
void smtp_conversation_settle(struct smtp_conversation *conversation);

/* It is settled, what waits is fed, and the session ends. */
void smtp_conversation_end(struct smtp_conversation *conversation);

/* What can be said of it when it is recognised, or refused; `ended`: nothing more will come. */
struct smtp_first_octets smtp_conversation_seen(const struct smtp_conversation *conversation, bool ended);

/* Octets of memory that it has. */
size_t smtp_conversation_memory(const struct smtp_conversation *conversation);

/* Gives back its memory. */
void smtp_conversation_clear(struct smtp_conversation *conversation);

#endif
