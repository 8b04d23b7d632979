/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TIMING_H
#define SMTPSCOPE_TIMING_H

/*
 * How long the sides of a session let each other wait, by phase, as seen where the capture was made. The server's delay
 * is counted from the last octet of what it answers, or from its own reply before that if it came later (commands that
 * were pipelined wait in line), to the last octet of its reply; not for a reply that came in one frame with the reply
 * before it, for how long the server took for each does not show. The client's is counted from the reply to its next
 * command; not for a command that it sent while replies were outstanding, for that one waited for nothing.
 */

#include <glib.h>

#include "event.h"
#include "place.h"

enum timing_phase {
    TIMING_GREETING,
    TIMING_EHLO,
    TIMING_STARTTLS,
    TIMING_AUTH,
    TIMING_MAIL,
    TIMING_RCPT,
    TIMING_DATA,
    TIMING_CONTENT, /* the client's alone: from go-ahead to end */
    TIMING_PAUSE,   /* and the longest pause in it */
    TIMING_END,     /* the reply to the message, or to a chunk */
    TIMING_QUIT,
    TIMING_OTHER,
    TIMING_PHASES
};

struct timing_sum {
    uint64_t count;
    int64_t total, longest; /* nanoseconds */
    uint64_t frame;         /* that ended the longest */
};

/* Commands that can be outstanding, and be told from each other. */
#define TIMING_SENT 256u

struct timing {
    struct timing_sum server[TIMING_PHASES], client[TIMING_PHASES];
    uint64_t pipelined[TIMING_PHASES]; /* commands sent while replies were outstanding */
    uint64_t sent, answered;           /* commands, responses and contents; and the last one that a reply was for */
    struct timing_sent {
        uint64_t ordinal;                       /* among all that was sent */
        int64_t end;                            /* of its last octet; 0: not known */
    } commands[TIMING_SENT], response, content; /* commands by number */
    int64_t content_last; /* of the content's last octet so far, or of the reply that asked for it; 0: none */
    int64_t content_begin, pause;
    uint64_t pause_frame; /* behind it */
    int64_t reply_end;    /* of the last reply; 0: there was none */
    uint64_t reply_frame;
    int64_t greeting_end; /* of the banner; 0: none was seen */
    uint64_t greeting_frame;
};

/* One event, with the places of its first and last octet. */
void timing_event(struct timing *timing, const struct smtp_event *event, struct place first, struct place last);

/* The connection began then. */
void timing_finish(struct timing *timing, int64_t start);

/* "greeting", "ehlo", ... Static memory. */
const char *timing_phase_name(enum timing_phase phase);

/* RFC 5321 section 4.5.3.2, in seconds: how long the other side has to wait at the least; 0: it does not say. */
unsigned timing_limit(enum timing_phase phase, enum smtp_role role);

bool timing_exceeds(const struct timing_sum *sum, enum timing_phase phase, enum smtp_role role);

#endif
