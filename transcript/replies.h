/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_REPLIES_H
#define TRANSCRIPT_REPLIES_H

/* What the server said last: its words, all lines, their codes left out. Kept when somebody wants them. */

#include "secrets.h"

/* All zero: nothing was said. */
struct replies {
    uint64_t count;
    struct smtp_reply last; /* the last whole one */
    struct smtp_span kept;  /* its words; octets NULL: nobody wanted them yet */
    unsigned lines;         /* of it, or of the one coming in */
    bool begins;            /* the next line is another reply's */
    size_t octets;          /* of the words */
    size_t room;            /* of `long_words` */
    uint8_t *long_words;    /* the words; NULL: they fit into */
    uint8_t short_words[120];
};

/* A line came, and of it `text` may be shown. */
void replies_take_line(struct replies *replies, const struct keeping *keeping, struct smtp_span text);

/* The reply is whole. */
void replies_take(struct replies *replies, const struct smtp_reply *reply);

/* Its words, kept. */
struct smtp_span replies_words(struct replies *replies, const struct keeping *keeping);

/* Its enhanced status code, kept; octets NULL: it has none. */
struct smtp_span replies_enhanced(const struct replies *replies, const struct keeping *keeping);

/* The session is over. */
void replies_forget(struct replies *replies, const struct keeping *keeping);

#endif
