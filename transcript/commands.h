/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_COMMANDS_H
#define TRANSCRIPT_COMMANDS_H

/* The commands that were sent last: each as long as its reply may come. */

#include "keeping.h"

struct mail;

/* What is remembered of a command until its reply, and its transaction, are known. */
struct sent {
    uint32_t number; /* in the session, from 1 */
    enum smtp_verb verb;
    bool encrypted;    /* it came out of TLS */
    bool answered;     /* a reply that belongs to it came */
    void *entry;       /* the shell's, for the command; NULL: none */
    void *end_entry;   /* the same for the end of the content behind it */
    struct mail *mail; /* that it belongs to; NULL: none, or it is not known yet */
    struct place place;
    struct place content_end;  /* of the content behind it; frame 0: there is none */
    struct smtp_span argument; /* as it may be shown, of the verbs whose argument matters later */
};

/* All zero: none was sent. */
struct commands {
    struct sent *ring;
    uint32_t capacity, answered; /* `answered`: number of the last command that a reply was for */
};

/* Remembers a command; its number is one more than the last one's. */
struct sent *commands_add(struct commands *commands, const struct keeping *keeping, const struct sent *sent);

/* The command with this number; NULL: there is none, or it is long ago. */
struct sent *commands_find(const struct commands *commands, uint32_t number);

/* The session is over. */
void commands_forget(struct commands *commands, const struct keeping *keeping);

size_t commands_memory(const struct commands *commands);

#endif
