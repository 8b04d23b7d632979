/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ADDRESS_LIST_H
#define SMTPSCOPE_ADDRESS_LIST_H

/* What stands in a header field with addresses (RFC 5322 section 3.4): mailboxes, as they were sent. */

#include <stdbool.h>

#include "quoted_text.h"
#include "span.h"

struct address_list {
    struct smtp_span rest;
    struct quoted_text quoted;
};

static inline struct address_list address_list_of(struct smtp_span value)
{
    return (struct address_list){ .rest = value };
}

/*
 * Takes the next one off the front of the list, without the white space around it: `"Doe, Jane" <jane@example.com>`. They end at commas
 * outside of quoted strings and comments; a quote or a comment that is never closed is none. Empty ones are passed over; groups are not
 * opened: their names stay with their first mailbox. Returns false when there is none.
 */
bool address_list_next(struct address_list *list, struct smtp_span *mailbox);

#endif
