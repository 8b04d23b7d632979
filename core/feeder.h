/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_FEEDER_H
#define SMTP_FEEDER_H

/*
 * Feeds a session from the two half-streams of a connection: what one side said may be what the other side's octets have to wait
 * for. Half 0 and 1 are whose they are all the time; which of them is the client's may change (ATRN, RFC 2645).
 */

#include "session.h"

/* How a shell keeps the octets that wait, and what it does with events. */
struct smtp_shell {
    void (*event)(void *context, const struct smtp_event *event);
    /* The first octets of a half that wait, up to the next hole, and where they stand in the stream. False: nothing waits. */
    bool (*first)(void *context, int half, uint64_t *offset, struct smtp_span *octets);
    /* Whether a hole follows them. */
    bool (*hole_follows)(void *context, int half);
    /* So many of them wait no longer. */
    void (*take)(void *context, int half, size_t octets);
    /* Octets at `offset` wait; a hole is in front of them where they do not follow the last ones. None: the hole alone. */
    void (*append)(void *context, int half, uint64_t offset, struct smtp_span octets);
    /* How many octets of a half wait, or what they take in memory. */
    size_t (*waiting)(void *context, int half);
};

/* How often the sides may take turns before it is known what they speak, so that what waits is still fed in the order in which it came. */
#define SMTP_FEEDER_TURNS 8

/* All zero: nothing was recognised yet. Plain: it may be copied. */
struct smtp_feeder {
    struct smtp_session *session; /* the shell's; started, before anything is fed */
    int client;                   /* the half that is the client's */
    bool finished[2];             /* no more octets of the half will come */
    bool replaying;               /* only octets in front of `shown` count yet, of each half */
    uint64_t shown[2];
    uint8_t turns;                /* before the session began; each by one half, up to an offset in its stream */
    uint8_t turn_half[SMTP_FEEDER_TURNS];
    uint64_t turn_end[SMTP_FEEDER_TURNS];
};

static inline enum smtp_role smtp_feeder_role(const struct smtp_feeder *feeder, int half)
{
    return half == feeder->client ? SMTP_CLIENT : SMTP_SERVER;
}

static inline int smtp_feeder_half(const struct smtp_feeder *feeder, enum smtp_role role)
{
    return role == SMTP_CLIENT ? feeder->client : 1 - feeder->client;
}

/* Before the session began: the shell keeps the octets of a half up to `end`, or a hole up to there. */
void smtp_feeder_note(struct smtp_feeder *feeder, int half, uint64_t end);

/* The session has begun: feeds what waits, in the order in which it came. */
void smtp_feeder_begin(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context);

/* The next octets of a half, at `offset`: what can be taken is fed, the rest waits. */
void smtp_feeder_octets(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half, uint64_t offset,
                        struct smtp_span octets);

/* The octets of a half up to `offset` are missing. */
void smtp_feeder_gap(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half, uint64_t offset);

/* Feeds what waits of both halves, this one first, as far as it goes. */
void smtp_feeder_pump(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half);

/* A half ended. */
void smtp_feeder_finished(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half);

/* The half did not end after all: octets follow. */
void smtp_feeder_resumed(struct smtp_feeder *feeder, int half);

/* Nothing more will come of either: feeds what waits, and ends the session. */
void smtp_feeder_end(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context);

#endif
