/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_HEADER_FIELDS_H
#define SMTPSCOPE_HEADER_FIELDS_H

/*
 * Fields of a message's header as they were sent, in their order, for outputs that are compared with what other programs read from the
 * same octets: unfolded (RFC 5322 section 2.2.3), not decoded. How many there can be is bounded by what is kept of a header
 * (header_filter.h).
 */

#include <glib.h>

#include "arena.h"
#include "header_filter.h"
#include "span.h"

/* Those that are kept. */
enum header_name {
    HEADER_BCC,
    HEADER_CC,
    HEADER_CONTENT_MD5,
    HEADER_DATE,
    HEADER_FROM,
    HEADER_IMPORTANCE,
    HEADER_IN_REPLY_TO,
    HEADER_MESSAGE_ID,
    HEADER_ORGANIZATION,
    HEADER_PRIORITY,
    HEADER_RECEIVED,
    HEADER_REFERENCES,
    HEADER_REPLY_TO,
    HEADER_SENSITIVITY,
    HEADER_SUBJECT,
    HEADER_TO,
    HEADER_USER_AGENT,
    HEADER_X_MAILER,
    HEADER_X_ORIGINATING_IP,
    HEADER_X_USER_AGENT,
};

/* In the arena. */
struct header_field {
    GList link;
    enum header_name name;
    struct smtp_span value; /* never NULL */
};

/* All of these names. */
extern const struct header_names header_fields_kept;

/* Keeps a copy of the field behind those in `fields` (struct header_field), if its name is one of the above. `value`: as header_read gives it. */
void header_fields_keep(GQueue *fields, struct arena *arena, struct smtp_span name, struct smtp_span value);

/* The first field of a name, the last one, and the next one of its name behind `field`, in front of it; NULL: there is none. */
const struct header_field *header_fields_first(const GQueue *fields, enum header_name name);
const struct header_field *header_fields_last(const GQueue *fields, enum header_name name);
const struct header_field *header_fields_next(const struct header_field *field);
const struct header_field *header_fields_before(const struct header_field *field);

#endif
