/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_REFERENCE_H
#define SMTP_REFERENCE_H

/*
 * What the protocol's words mean: tables, data only, one file a subject. Every text is static memory, in English,
 * without a final full stop, short enough to stand behind a line of a transcript (at most 60 characters).
 */

#include "span.h"

struct smtp_reference_entry {
    const char *name;    /* "STARTTLS", "550", "X.7.1", "PIPELINING", "CRAM-MD5", "SIZE" */
    const char *meaning; /* "asks to switch this connection to TLS" */
    const char *source;  /* "RFC 3207"; or "seen in practice" for words no standard defines */
};

/* A whole table; `entries` has `count` rows sorted as people would read them. */
struct smtp_reference_table {
    const struct smtp_reference_entry *entries;
    size_t count;
};

extern const struct smtp_reference_table smtp_reference_commands;   /* core/reference/commands.c */
extern const struct smtp_reference_table smtp_reference_replies;    /* core/reference/replies.c */
extern const struct smtp_reference_table smtp_reference_statuses;   /* core/reference/statuses.c: "X.7.1" */
extern const struct smtp_reference_table smtp_reference_keywords;   /* core/reference/keywords.c */
extern const struct smtp_reference_table smtp_reference_mechanisms; /* core/reference/mechanisms.c */
extern const struct smtp_reference_table smtp_reference_parameters; /* core/reference/parameters.c: of MAIL and RCPT */

/* The entry named `word` (any case), or NULL. */
const struct smtp_reference_entry *smtp_reference_find(const struct smtp_reference_table *table, struct smtp_span word);

/* The entry of a reply code, or NULL. 100..599. */
const struct smtp_reference_entry *smtp_reference_reply(unsigned code);

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
