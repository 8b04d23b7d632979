/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ROWS_H
#define SMTPSCOPE_ROWS_H

/* The rows of a dialogue, one after the other: what the transcript and the report draw, each as it looks there. */

#include "record.h"
#include "words.h"

enum row_kind {
    ROW_LINE,     /* as sent, by client or server */
    ROW_CONTENT,  /* of a message: how much of it came */
    ROW_BOUNDARY, /* another part of the session begins, or ends */
    ROW_NOTE,     /* more about the row above */
    ROW_TLS,      /* what is known of TLS, below its handshake */
    ROW_CAPTURE,  /* from here on the frames are those of another file */
    ROW_HOLE,     /* octets that are missing */
    ROW_STRAY,    /* octets that have no place in the dialogue, and the lines of them behind it */
    ROW_STRAY_LINE,
    ROW_LEFT_OUT, /* lines of a reply are not shown */
};

struct row {
    enum row_kind kind;
    enum smtp_role role; /* who sent it; SERVER for what nobody did */
    const struct item *item;
    const struct place *place;
    bool first;   /* its frame is not that of the row above, of the same item */
    bool last;    /* of what is sent at once */
    bool refused; /* the server says no */
    bool encrypted;
    enum words_tone tone;       /* SILENT: a boundary that is not shown */
    const char *text, *meaning; /* visible; until the next row */
};

struct rows {
    const struct record *record;
    void (*put)(void *context, const struct row *row);
    void *context;
    bool show_secrets;
    bool full;            /* content is shown as a whole: holes in it stand there */
    size_t line_octets;   /* shown of a line */
    unsigned reply_lines; /* shown of a reply; of more, the first ones and the last */
    unsigned stray_lines; /* shown of what has no place */
    uint32_t file;        /* of the frames of the last row */
};

/* Hands the rows of an item to `put`, in order. */
void rows_of(struct rows *rows, const struct item *item);

/* What a line of the client, or a reply, means: nothing for other items. */
void rows_meaning(GString *out, const struct item *item);

#endif
