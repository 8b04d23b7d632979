/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ZEEK_LINE_H
#define SMTPSCOPE_ZEEK_LINE_H

/* What a line of Zeek's smtp.log says of a mail, and a few columns more. How it is written is zeek_out.c's. */

#include <glib.h>

#include "recipient_set.h"

enum zeek_type {
    ZEEK_TIME,
    ZEEK_STRING,
    ZEEK_ADDRESS,
    ZEEK_PORT,
    ZEEK_COUNT,
    ZEEK_BOOL,
    ZEEK_STRINGS,        /* a set */
    ZEEK_STRING_VECTOR,
    ZEEK_ADDRESS_VECTOR,
};

/* The columns, in their order. */
enum zeek_column {
    ZEEK_TS,
    ZEEK_UID,
    ZEEK_ORIG_H,
    ZEEK_ORIG_P,
    ZEEK_RESP_H,
    ZEEK_RESP_P,
    ZEEK_TRANS_DEPTH,
    ZEEK_HELO,
    ZEEK_MAILFROM,
    ZEEK_RCPTTO,
    ZEEK_DATE,
    ZEEK_FROM,
    ZEEK_TO,
    ZEEK_CC,
    ZEEK_REPLY_TO,
    ZEEK_MSG_ID,
    ZEEK_IN_REPLY_TO,
    ZEEK_SUBJECT,
    ZEEK_X_ORIGINATING_IP,
    ZEEK_FIRST_RECEIVED,
    ZEEK_SECOND_RECEIVED,
    ZEEK_LAST_REPLY,
    ZEEK_PATH,
    ZEEK_USER_AGENT,
    ZEEK_TLS,
    ZEEK_FUIDS,
    /* Ours. */
    ZEEK_SESSION,
    ZEEK_MAIL,
    ZEEK_OUTCOME,
    ZEEK_REFUSED,
    ZEEK_OCTETS,
    ZEEK_COMPLETE,
    ZEEK_MISSING,
    ZEEK_LIMITS_MET,
    ZEEK_GAPS,
    ZEEK_COLUMNS,
};

struct zeek_value {
    bool set;              /* else nothing else is */
    uint64_t number;       /* PORT, COUNT, BOOL */
    int64_t time;          /* nanoseconds since 1970 */
    struct smtp_span text; /* STRING, ADDRESS */
    GArray *list;          /* of the others: struct smtp_span; NULL: */
    const struct recipient_set *recipients; /* it has these */
};

struct zeek_line {
    struct zeek_value values[ZEEK_COLUMNS];

    /* What the values point to, beside the record. */
    GStringChunk *texts;
    GArray *lists[ZEEK_COLUMNS]; /* NULL: not needed yet */
    struct recipient_set recipients, refused;
};

/* Static memory. */
const char *zeek_line_name(enum zeek_column column);
enum zeek_type zeek_line_type(enum zeek_column column);

void zeek_line_start(struct zeek_line *line);
void zeek_line_free(struct zeek_line *line);

/* Fills the line of a mail; `depth`: its trans_depth. The values hold until the line is filled again, or the record goes. */
void zeek_line_mail(struct zeek_line *line, const struct record *record, const struct transaction *transaction, uint64_t depth);

/* The line of a session that goes on under TLS. */
void zeek_line_starttls(struct zeek_line *line, const struct record *record, uint64_t depth);

#endif
