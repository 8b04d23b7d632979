/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MESSAGE_LIMITS_H
#define SMTPSCOPE_MESSAGE_LIMITS_H

/* Where not all of a message was looked at. */

#include "message.h"

struct message_limit {
    unsigned limit;   /* enum mime_limit; 0: of the message's own header */
    const char *name; /* in JSON */
    const char *text; /* to be translated */
};

/* The limit that was met behind `before` (NULL: the first); NULL: no more. Static memory. */
const struct message_limit *message_limit_next(const struct message *message, const struct message_limit *before);

#endif
