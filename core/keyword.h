/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_KEYWORD_H
#define SMTP_KEYWORD_H

/*
 * EHLO keywords (RFC 5321 section 4.1.1.1): the lines of an EHLO reply behind its first. "SIZE 1000" is a
 * keyword with a parameter; "AUTH=LOGIN PLAIN", the form of old servers, counts as AUTH, and "X-EXPS=LOGIN" as X-EXPS.
 */

#include "span.h"

/* The keywords that commands, parameters or findings depend on; each also names a bit of a set. */
enum smtp_keyword {
    SMTP_KEYWORD_OTHER, /* any other word, known to core/reference or not */
    SMTP_KEYWORD_SIZE,
    SMTP_KEYWORD_8BITMIME,
    SMTP_KEYWORD_PIPELINING,
    SMTP_KEYWORD_CHUNKING,
    SMTP_KEYWORD_BINARYMIME,
    SMTP_KEYWORD_DSN,
    SMTP_KEYWORD_ENHANCEDSTATUSCODES,
    SMTP_KEYWORD_STARTTLS,
    SMTP_KEYWORD_AUTH,
    SMTP_KEYWORD_SMTPUTF8,
    SMTP_KEYWORD_DELIVERBY,
    SMTP_KEYWORD_FUTURERELEASE,
    SMTP_KEYWORD_MT_PRIORITY,
    SMTP_KEYWORD_REQUIRETLS,
    SMTP_KEYWORD_LIMITS,
    SMTP_KEYWORD_ETRN,
    SMTP_KEYWORD_ATRN,
    SMTP_KEYWORD_BURL,
    SMTP_KEYWORD_CONPERM,
    SMTP_KEYWORD_CONNEG,
    SMTP_KEYWORD_MTRK,
    SMTP_KEYWORD_NO_SOLICITING,
    SMTP_KEYWORD_SUBMITTER,
    SMTP_KEYWORD_RRVS,
    SMTP_KEYWORD_CHECKPOINT,
    SMTP_KEYWORD_VERP,
    SMTP_KEYWORD_XCLIENT,
    SMTP_KEYWORD_XFORWARD,
    SMTP_KEYWORD_X_EXPS,
    SMTP_KEYWORD_X_ANONYMOUSTLS,
    SMTP_KEYWORD_XRDST,
    SMTP_KEYWORD_HELP,
    SMTP_KEYWORD_EXPN,
    SMTP_KEYWORD_VRFY,
    SMTP_KEYWORD_COUNT /* at most 64: sets are a uint64_t */
};

struct smtp_keyword_line {
    enum smtp_keyword keyword;
    struct smtp_span word;       /* the keyword as sent ("AUTH" for "AUTH=LOGIN") */
    struct smtp_span parameters; /* what follows it, trimmed ("LOGIN PLAIN") */
    bool masked;                 /* a STARTTLS overwritten in transit: eight letters, all X but for the last one or none
                                    ("XXXXXXXA", "XXXXXXXX") */
};

/* Its name in upper case; "" for OTHER. Static memory. */
const char *smtp_keyword_name(enum smtp_keyword keyword);

/* Parses the text of one line of an EHLO reply (behind code and separator). */
struct smtp_keyword_line smtp_keyword_line_parse(struct smtp_span text);

/*
 * Whether two lines say the same (RFC 5321 section 2.4): letters in any case, but for the parameters of a keyword of which it is
 * not known whether their case means something.
 */
bool smtp_keyword_line_same(struct smtp_span one, struct smtp_span other);

#endif
