/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_REFUSALS_H
#define TRANSCRIPT_REFUSALS_H

/*
 * What the server said no to in a session, each reason once: replies that differ in the address only are one. Bounded,
 * whatever the session.
 */

#include "commands.h"
#include "replies.h"

enum refusal_of {
    REFUSAL_SESSION,  /* the greeting */
    REFUSAL_GREETING, /* EHLO, HELO */
    REFUSAL_STARTTLS,
    REFUSAL_LOGIN,
    REFUSAL_SENDER, /* MAIL */
    REFUSAL_RECIPIENT,
    REFUSAL_DATA,    /* DATA or BDAT, not a message */
    REFUSAL_MESSAGE, /* its content */
    REFUSAL_CLOSED,  /* a 421 that nothing asked for */
    REFUSAL_UNSEEN,  /* what was refused is not in the capture, or cannot be told */
};

struct refusal {
    GList link;
    enum refusal_of of;
    uint16_t code;
    struct smtp_enhanced_status enhanced;
    struct smtp_span text;    /* the server's words, all lines, without the code */
    struct smtp_span address; /* of the first sender or recipient; else empty */
    uint64_t words;           /* what is the same in replies of one reason */
    struct place place;       /* of the first reply */
    uint32_t count;           /* replies */
    bool of_token;            /* LOGIN: with a token, and no password */
    uint16_t token_status;    /* that the challenge gave for it; 0: none */
};

/* Reasons that are kept; and of addresses refused as such, how many are told from each other. */
#define REFUSALS_KEPT 24u
#define REFUSED_ADDRESSES_KEPT 10u

struct refusals {
    GQueue list;     /* struct refusal, by first reply */
    uint32_t beyond; /* replies with reasons that are not kept */

    /* Of RCPT, VRFY and EXPN: addresses refused as such, with the first one's place. */
    uint64_t addresses[REFUSED_ADDRESSES_KEPT];
    unsigned address_count; /* different ones, up to REFUSED_ADDRESSES_KEPT */
    uint32_t refused;
    struct place place;
};

/* Whether a command's argument is an address that a server may refuse as such: RCPT, VRFY, EXPN. */
static inline bool refusals_names_address(enum smtp_verb verb)
{
    return smtp_verb_has(verb, SMTP_TRAIT_KNOWS);
}

/* A no to a login or to STARTTLS: the last reply. */
void refusals_add(struct refusals **refusals, const struct keeping *keeping, enum refusal_of of,
                  struct replies *replies, uint16_t code, struct place place);

/* The last reply, of whatever kind; `sent`: the command that it is for, NULL: not seen. `*refusals` is made when it is
 * needed. */
void refusals_take_reply(struct refusals **refusals, const struct keeping *keeping, struct replies *replies,
                         const struct sent *sent, struct place place);

/* A hash for telling texts from each other; nobody's safety hangs on it. ASCII letters in any case are the same. */
uint64_t refusals_hash(struct smtp_span text);

#endif
