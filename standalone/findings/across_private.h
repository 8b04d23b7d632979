/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ACROSS_PRIVATE_H
#define SMTPSCOPE_ACROSS_PRIVATE_H

/* What the files behind across.h share. */

#include "across.h"
#include "guesses.h"
#include "lru.h"

/* Logins that a server denied: of one client, by identity; or of one identity at one server, by client. */
#define GUESSES_KEPT 16u

struct guesses {
    struct smtp_guess guess[GUESSES_KEPT];
    struct evidence evidence[GUESSES_KEPT]; /* the first reply to each */
    uint64_t accepted[GUESSES_KEPT];        /* different ones that were accepted: as smtp_guess.who */
    unsigned accepted_count;
    enum smtp_severity told; /* what was told of them; SMTP_SEVERITY_INFO: nothing */
    bool told_success;
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
    struct lru *guessers;    /* struct guesses, by the client's address: who is the identity */
    struct lru *guessed;     /* struct guesses, by the server's address and the identity: who is the client's address */
    struct lru *enumerators; /* by the client's address */
    uint64_t unheld;         /* clients that were no longer kept apart */
    GString *text;           /* for keys */
};

const struct tcp_endpoint *across_endpoint(const struct record *record, enum smtp_role role);

/* A key for an lru: valid until the next one is made. */
struct smtp_span across_key(struct across *across, const struct tcp_endpoint *endpoint, bool with_port,
                            struct smtp_span more);

struct evidence across_evidence(const struct record *record, struct place place);

/* Tells it, with this detail, which is freed. */
void across_tell(struct across *across, struct told_finding *told, GString *detail);

/* across_guesses.c, across_enumeration.c: the two that count. */
void across_guesses(struct across *across, const struct record *record);
void across_enumeration(struct across *across, const struct record *record);

#endif
