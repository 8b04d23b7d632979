/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_VERB_H
#define SMTP_VERB_H

/*
 * The verbs that the state machine treats in a way of their own. What a verb *means* to a reader stands in
 * core/reference/; this is only what a parser needs to tell them apart.
 */

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

/*
 * Whether the verb may stand anywhere in a pipelined group; all others must be the last of one
 * (RFC 2920 section 3.1, RFC 3030 for BDAT, RFC 4468 for BURL, Postfix's XFORWARD_README for XFORWARD).
 */
bool smtp_verb_may_be_followed(enum smtp_verb verb);

/* Whether its argument is a reverse-path (MAIL, and SEND, SOML, SAML of RFC 821), or a forward-path (RCPT). */
bool smtp_verb_names_sender(enum smtp_verb verb);
bool smtp_verb_names_recipient(enum smtp_verb verb);

#endif
