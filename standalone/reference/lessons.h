/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_LESSONS_H
#define SMTPSCOPE_LESSONS_H

/* The sessions that `learn` walks through. Data only; texts in English, to be translated. */

#include <stddef.h>
#include <stdint.h>

struct lesson {
    const char *name;    /* "delivery" */
    const char *title;   /* "An ordinary mail from client to server" */
    const char *capture; /* in share/smtpscope/captures */
    uint64_t session;    /* of the capture */
    const char *about;
    const char *connect; /* the command with which one could type the session by hand */
    const char *hint;    /* about typing it; NULL: none */
    const char *unseen;  /* what the capture cannot show; NULL: it shows all */
};

extern const struct lesson lessons[];
extern const size_t lesson_count;

/* The lesson of that name, or NULL. */
const struct lesson *lesson_find(const char *name);

#endif
