/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TOPICS_H
#define SMTPSCOPE_TOPICS_H

/* From what a user types or pastes to entries of the reference. */

#include <glib.h>
#include <stdbool.h>

#include "reference/reference.h"

#define TOPIC_NAME_LIMIT 15

struct topic {
    const struct smtp_reference_table *table;
    const struct smtp_reference_entry *entry;
    /* The code as it was given, if the entry's name is not the same: "5.7.1" of X.7.1; "299" of 2yz, which has no
     * entry. */
    char given[TOPIC_NAME_LIMIT + 1];
};

/* A list of struct topic, none twice. Free with g_array_unref. */
GArray *topics_new(void);

/* Appends an entry; `given` may be NULL. */
void topics_add(GArray *topics, const struct smtp_reference_table *table, const struct smtp_reference_entry *entry,
                const char *given);

/*
 * Appends the entries that `text` is about: a word in any case ("starttls", "MAIL FROM", "5xx"), a line of a dialogue
 * ("250-PIPELINING", "auth login"), or any text with codes and words in it ("said: 550 5.7.1 Relaying denied"). Returns
 * whether there was one.
 */
bool topics_find(GArray *topics, const char *text);

/* Whether `word` may be a slip of `name`: a letter or two. */
bool topics_is_near(const char *word, const char *name);

/* Names of entries that `word` may be a slip of, separated by commas; NULL if nothing is near. Free with g_free. */
char *topics_near(const char *word);

#endif
