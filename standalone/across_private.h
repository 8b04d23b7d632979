/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ACROSS_PRIVATE_H
#define SMTPSCOPE_ACROSS_PRIVATE_H

/* What the files behind across.h share. */

#include "across.h"
#include "lru.h"

/* Login attempts that a server denied, of one client, or of one identity at one server. */
#define GUESSES_PROVE 5u  /* different ones */
#define REPEATS_PROVE 10u /* whatever they are */
#define IDENTITIES_KEPT 8u

struct guesses {
    uint64_t guess[GUESSES_PROVE];        /* hashes of identity and secret */
    uint64_t identities[IDENTITIES_KEPT]; /* hashes of identities that were denied */
    unsigned guess_count, identity_count;
    uint32_t denied;
    uint64_t last_session;
    uint32_t sessions;
    struct packet_address client; /* the first one */
    bool many_clients;
    struct evidence evidence[EVIDENCE_LIMIT - 1]; /* one a session, the first ones */
    unsigned evidence_count;
    bool told, told_success;
};

/* Addresses that servers refused as unknown, of one client. */
struct enumeration {
    uint64_t addresses[REFUSED_ADDRESSES_KEPT];
    unsigned address_count;
    uint64_t refused, accepted;
    uint32_t sessions;
    struct evidence evidence[EVIDENCE_LIMIT - 1];
    unsigned evidence_count;
    bool told;
};

struct across {
    void (*tell)(void *context, const struct told_finding *told);
    void *context;
    struct lru *servers;     /* by address and port */
    struct lru *guessers;    /* struct guesses, by the client's address */
    struct lru *guessed;     /* struct guesses, by the server's address and the identity */
    struct lru *enumerators; /* by the client's address */
    uint64_t unheld;         /* clients that were no longer kept apart */
    GString *text;           /* for keys */
};

const struct tcp_endpoint *across_endpoint(const struct record *record, enum smtp_role role);

/* A key for an lru: valid until the next one is made. */
struct smtp_span across_key(struct across *across, const struct tcp_endpoint *endpoint, bool with_port,
                            struct smtp_span more);

struct evidence across_evidence(const struct record *record, uint64_t frame, unsigned capture);

/* Tells it, with this detail, which is freed. */
void across_tell(struct across *across, struct told_finding *told, GString *detail);

/* across_guesses.c, across_enumeration.c: the two that count. */
void across_guesses(struct across *across, const struct record *record);
void across_enumeration(struct across *across, const struct record *record);

#endif
