/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_VERB_H
#define SMTP_VERB_H

/*
 * The verbs that the state machine treats in a way of their own. What a verb *means* to a reader stands in
 * core/reference/; this is only what a parser needs to tell them apart.
 */

#include "keyword.h"
#include "span.h"

enum smtp_verb {
    SMTP_VERB_NONE,    /* an empty line */
    SMTP_VERB_UNKNOWN, /* a word that no table knows */
    SMTP_VERB_EHLO,
    SMTP_VERB_HELO,
    SMTP_VERB_LHLO,
    SMTP_VERB_MAIL,
    SMTP_VERB_RCPT,
    SMTP_VERB_DATA,
    SMTP_VERB_BDAT,
    SMTP_VERB_BURL,
    SMTP_VERB_RSET,
    SMTP_VERB_NOOP,
    SMTP_VERB_QUIT,
    SMTP_VERB_VRFY,
    SMTP_VERB_EXPN,
    SMTP_VERB_HELP,
    SMTP_VERB_AUTH,
    SMTP_VERB_STARTTLS,
    SMTP_VERB_ETRN,
    SMTP_VERB_ATRN,
    SMTP_VERB_TURN,
    SMTP_VERB_SEND,
    SMTP_VERB_SOML,
    SMTP_VERB_SAML,
    SMTP_VERB_XCLIENT,
    SMTP_VERB_XFORWARD,
    SMTP_VERB_X_EXPS,
    SMTP_VERB_X_LINK2STATE,
    SMTP_VERB_XEXCH50,
    SMTP_VERB_X_ANONYMOUSTLS,
    SMTP_VERB_OTHER, /* known by name (XADR, XSTA, ...), but nothing hangs on it */
    SMTP_VERB_COUNT
};

/* The verb that `word` spells, in any case. SMTP_VERB_NONE for an empty word. */
enum smtp_verb smtp_verb_of(struct smtp_span word);

/* Its name in upper case; "" for NONE, UNKNOWN and OTHER. Static memory. */
const char *smtp_verb_name(enum smtp_verb verb);

/* What a verb does, and what its argument may hold: columns of the table in verb.c. */
enum smtp_verb_trait {
    SMTP_TRAIT_ANYWHERE =
        1 << 0, /* it may stand anywhere in a pipelined group; all others must be the last of one (RFC 2920
                   section 3.1, RFC 3030 for BDAT, RFC 4468 for BURL, Postfix's XFORWARD_README) */
    SMTP_TRAIT_GREETS = 1 << 1,        /* its argument is the client's name */
    SMTP_TRAIT_EXTENDED = 1 << 2,      /* the reply to this greeting lists extensions */
    SMTP_TRAIT_SENDER = 1 << 3,        /* it opens a mail transaction, its argument is a reverse-path */
    SMTP_TRAIT_RECIPIENT = 1 << 4,     /* its argument is a forward-path */
    SMTP_TRAIT_CHUNK = 1 << 5,         /* its reply is that to message content */
    SMTP_TRAIT_GOES_AHEAD = 1 << 6,    /* 354 answers it, and octets that are no commands follow */
    SMTP_TRAIT_RESETS = 1 << 7,        /* accepted, it ends the mail transaction */
    SMTP_TRAIT_ABORTS = 1 << 8,        /* it ends the mail transaction whatever the reply */
    SMTP_TRAIT_AUTHENTICATES = 1 << 9, /* it begins a SASL exchange */
    SMTP_TRAIT_STARTS_TLS = 1 << 10,
    SMTP_TRAIT_GREETED = 1 << 11, /* 220 is an answer to it, and no banner */
    SMTP_TRAIT_TURNS = 1 << 12,   /* accepted, client and server change roles */
    SMTP_TRAIT_NAMES = 1 << 13,   /* its argument names somebody: pieces of passwords stand in it by chance */
    SMTP_TRAIT_KNOWS = 1 << 14,   /* its reply says whether an address is known */
    SMTP_TRAIT_FREE = 1 << 15,    /* its argument is anybody's to choose, or there is none: a secret may stand there */
    SMTP_TRAIT_QUOTED = 1 << 16,  /* its reply may quote the argument */
    SMTP_TRAIT_SMUGGLES =
        1 << 17, /* behind a doubtful end-of-data mark it only makes sense to a server which took that for the end;
                    QUIT and NOOP do nothing there, and stand behind the lone dot of many a careless script */
};

/* What the argument of a command of this verb looks like (command.c). */
enum smtp_verb_shape {
    SMTP_SHAPE_UNCERTAIN, /* nothing tells it from prose */
    SMTP_SHAPE_NOTHING,
    SMTP_SHAPE_SOMETHING,
    SMTP_SHAPE_WORD, /* one, or nothing */
    SMTP_SHAPE_DOMAIN,
    SMTP_SHAPE_REVERSE_PATH, /* "FROM:<...>" */
    SMTP_SHAPE_FORWARD_PATH, /* "TO:<...>" */
    SMTP_SHAPE_CHUNK,        /* "n", "n LAST" */
    SMTP_SHAPE_IMAP_URL,
    SMTP_SHAPE_MECHANISM,  /* and an initial response, perhaps */
    SMTP_SHAPE_VERB,       /* or nothing */
    SMTP_SHAPE_ATTRIBUTES, /* "NAME=value" words */
    SMTP_SHAPE_TWO_NUMBERS,
    SMTP_SHAPE_COUNT
};

/* Whether the verb has the trait. */
bool smtp_verb_has(enum smtp_verb verb, enum smtp_verb_trait trait);

enum smtp_verb_shape smtp_verb_shape(enum smtp_verb verb);

/* The keyword that a server must announce before the verb may be used; SMTP_KEYWORD_OTHER: none. */
enum smtp_keyword smtp_verb_keyword(enum smtp_verb verb);

static inline bool smtp_verb_greets(enum smtp_verb verb)
{
    return smtp_verb_has(verb, SMTP_TRAIT_GREETS);
}

static inline bool smtp_verb_names_sender(enum smtp_verb verb)
{
    return smtp_verb_has(verb, SMTP_TRAIT_SENDER);
}

static inline bool smtp_verb_names_recipient(enum smtp_verb verb)
{
    return smtp_verb_has(verb, SMTP_TRAIT_RECIPIENT);
}

#endif
