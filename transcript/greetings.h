/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_GREETINGS_H
#define TRANSCRIPT_GREETINGS_H

/* How the sides greeted each other, and what the server offered then. */

#include "commands.h"
#include "replies.h"

/* A line of text that is one of several. */
struct text_line {
    GList link;
    struct smtp_span text;
};

/* Different lines of a session's EHLO replies that are kept of those that were replaced. */
#define EXTENSIONS_KEPT 96u

/* What the server announced: of EHLO replies in clear before TLS, or of those behind it. */
struct offers {
    bool seen;      /* there was such a reply */
    GQueue list;    /* struct text_line; of the last one */
    GQueue earlier; /* the same; of those before it, each different one once */
};

/* All zero: nobody greeted. */
struct greetings {
    struct smtp_span banner;
    uint16_t banner_code;
    bool banner_seen;
    bool helo_seen;
    enum smtp_verb helo_verb;
    struct smtp_span helo; /* the client's name; octets NULL: none was seen */
    struct greeting {
        uint32_t number; /* of the command; 0: none */
        enum smtp_verb verb;
        struct smtp_span name;
    } waiting[2];  /* the last ones without a reply, the newer one first */
    GQueue coming; /* struct text_line; of the reply coming in */
    struct offers clear, tls;
    uint32_t extensions_beyond; /* lines of them that were not kept */
};

static inline bool greetings_greets(enum smtp_verb verb)
{
    return smtp_verb_greets(verb);
}

/* The client greets. */
void greetings_take_command(struct greetings *greetings, const struct sent *sent);

/* A line of the reply coming in is one of an EHLO's. */
void greetings_take_extension(struct greetings *greetings, const struct keeping *keeping, struct smtp_span text);

/* The server's first words. */
void greetings_take_banner(struct greetings *greetings, const struct keeping *keeping, struct replies *replies);

/* A reply that decides on a greeting with this number came: it need not be assumed any more. */
void greetings_take_answer(struct greetings *greetings, uint32_t number);

/* The greeting was accepted: `offers` are what the lines of the reply replace; NULL: nothing. */
void greetings_accept(struct greetings *greetings, const struct keeping *keeping, const struct sent *sent,
                      struct offers *offers);

/* The client's name at a command (0: now): a greeting counts until it is refused. octets NULL: it has none. */
struct smtp_span greetings_name(const struct greetings *greetings, uint32_t command);

/* The session is over: a greeting counts even where its reply is lost, for nothing says that it was refused. */
void greetings_assume(struct greetings *greetings);

#endif
