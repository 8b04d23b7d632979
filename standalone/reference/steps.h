/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_STEPS_H
#define SMTPSCOPE_STEPS_H

/* A session as steps of a lesson: each line, who says it, what it means, what may come next. */

#include <glib.h>

#include "record.h"

enum speaker {
    SPEAKER_CLIENT,
    SPEAKER_SERVER,
    SPEAKER_NOBODY, /* something happens between the lines */
};

struct step {
    enum speaker speaker;
    uint64_t frame;
    double seconds; /* since the session's first packet */
    char *line;     /* as sent, visible */
    char *means;    /* one line */
    char *more;     /* a paragraph, or NULL */
    char *next;     /* what may come next, or NULL */
};

/* The session's steps, in the language of the user. Free with g_ptr_array_unref. */
GPtrArray *steps_of(const struct record *record);

#endif
