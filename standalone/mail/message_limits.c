/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message_limits.h"

#include "language.h"

static const struct message_limit limits[] = {
    { 0, "header", N_("fields of the header are longer than what is kept of them") },
    { MIME_LIMIT_DEPTH, "depth", N_("parts that are nested too deep are not opened") },
    { MIME_LIMIT_ATTACHMENTS, "attachments", N_("there are more attachments than are listed") },
    { MIME_LIMIT_FIELD, "field", N_("a header field of a part is longer than what is read of it") },
    { MIME_LIMIT_ENCODING, "encoding", N_("an attachment has more than could be decoded") },
};

const struct message_limit *message_limit_next(const struct message *message, const struct message_limit *before)
{
    const struct message_limit *limit = before != NULL ? before + 1 : limits;
    for (; limit < limits + G_N_ELEMENTS(limits); limit++)
        if (limit->limit != 0 ? (message->parts.limits & limit->limit) != 0 : message->header_cut)
            return limit;
    return NULL;
}
