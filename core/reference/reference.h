/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_REFERENCE_H
#define SMTP_REFERENCE_H

/*
 * What the protocol's words mean: tables, data only, one file a subject. Every text is static memory, in English. A
 * meaning has no final full stop and is short enough to stand behind a line of a transcript (at most 60 characters);
 * the other texts are for whoever looks a word up. What may be translated is marked for xgettext with N_().
 */

#include "event.h"

/* Marks a text for translation where it stands; whoever prints it translates it. */
#define N_(text) text

/* A text that a word's kind has no use for is NULL. */
struct smtp_reference_entry {
    const char *name;    /* "STARTTLS", "550", "X.7.1", "PIPELINING", "CRAM-MD5", "SIZE" */
    const char *meaning; /* "asks to switch this connection to TLS" */
    const char *source;  /* "RFC 3207"; "seen in practice" for words no standard defines; "smtpscope" for its own */
    const char *section; /* of the source, "4.1.1.1" */

    const char *category;    /* of a command: "session", "auth" or "message" */
    const char *syntax;      /* "MAIL FROM:<address> [parameters]" */
    const char *example;     /* a line as it is sent */
    const char *description; /* a sentence or a few */

    /* Commands. */
    const char *success, *intermediate, *failure; /* reply codes to expect, "250 251" */
    const char *phase;                            /* when it may be sent */
    const char *next;                             /* what may come once it is accepted */

    /* Replies. */
    const char *action; /* what the sender should do */
    const char *causes; /* where it usually comes from */

    const char *codes;   /* enhanced status codes: the reply codes they stand with, as the registry has them */
    const char *carrier; /* parameters: the commands that carry it, "MAIL", "RCPT" */
    const char *keyword; /* parameters: the EHLO keywords that announce it */

    /* Mechanisms. */
    const char *wire;    /* what goes over the wire */
    const char *reveals; /* what a capture reveals of it */
    const char *clear;   /* whether it is safe without TLS */
};

/* A whole table; `entries` has `count` rows sorted as people would read them. */
struct smtp_reference_table {
    const struct smtp_reference_entry *entries;
    size_t count;
    const char *kind; /* "command", "reply", "status", "keyword", "mechanism", "parameter", "class", "finding" */
};

extern const struct smtp_reference_table smtp_reference_commands;   /* core/reference/commands.c */
extern const struct smtp_reference_table smtp_reference_replies;    /* core/reference/replies.c */
extern const struct smtp_reference_table smtp_reference_statuses;   /* core/reference/statuses.c: "X.7.1" */
extern const struct smtp_reference_table smtp_reference_keywords;   /* core/reference/keywords.c */
extern const struct smtp_reference_table smtp_reference_mechanisms; /* core/reference/mechanisms.c */
extern const struct smtp_reference_table smtp_reference_parameters; /* core/reference/parameters.c: of MAIL and RCPT */
extern const struct smtp_reference_table
    smtp_reference_classes; /* core/reference/classes.c: "5yz", "5.XXX.XXX", "X.7.XXX" */
extern const struct smtp_reference_table smtp_reference_findings; /* core/reference/findings.c: "smtp-smuggling" */

/* All of them, in the order in which a reader would want them. */
#define SMTP_REFERENCE_TABLES 8
extern const struct smtp_reference_table *const smtp_reference_tables[SMTP_REFERENCE_TABLES];

/* One text of an entry, for whoever prints them all. */
struct smtp_reference_field {
    const char *key;   /* "syntax": for programs */
    const char *label; /* "Syntax": for people, to be translated */
    size_t offset;     /* of the text in struct smtp_reference_entry */
    bool prose;        /* to be translated; else protocol words */
};

/* The fields behind name, meaning, source and section, in the order in which they are read. */
#define SMTP_REFERENCE_FIELDS 16
extern const struct smtp_reference_field smtp_reference_fields[SMTP_REFERENCE_FIELDS];

/* The entry's text for `field`, in English, or NULL. */
const char *smtp_reference_text(const struct smtp_reference_entry *entry, const struct smtp_reference_field *field);

/* The entry named `word` (any case), or NULL. */
const struct smtp_reference_entry *smtp_reference_find(const struct smtp_reference_table *table, struct smtp_span word);

/* The entry of a reply code, or NULL. 100..599. */
const struct smtp_reference_entry *smtp_reference_reply(unsigned code);

/* What a reply code means in answer to that (of which command), in English; NULL if it has no entry. Static memory. */
const char *smtp_reference_reply_meaning(unsigned code, enum smtp_answers answers, enum smtp_verb verb);

/* Whether a refusal with it, and with this enhanced status code (0.0: none), says only that a login or TLS must come first. */
bool smtp_reference_asks_for_login_or_tls(unsigned code, unsigned subject, unsigned detail);

/* The same for a refusal of a login that was tried with a token: no password was wrong. NULL: the code does not speak of those. */
const char *smtp_reference_token_meaning(unsigned code);

/* The entry of a finding by its name, or NULL. */
const struct smtp_reference_entry *smtp_reference_finding(const char *name);

/* The entry of an enhanced status code by subject and detail ("X.7.1"), or NULL. */
const struct smtp_reference_entry *smtp_reference_status(unsigned subject, unsigned detail);

/* What a subject is about ("addressing"), RFC 3463 section 3; NULL if not 0..7. */
const char *smtp_reference_subject(unsigned subject);

/*
 * What the code says by its first digit alone: "success", "intermediate", "try again later", "refused for good";
 * NULL for any other.
 */
const char *smtp_reference_class(unsigned code);

#endif
