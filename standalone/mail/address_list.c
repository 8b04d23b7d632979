/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address_list.h"

bool address_list_next(struct address_list *list, struct smtp_span *mailbox)
{
    while (list->rest.length > 0) {
        size_t length = quoted_text_up_to(&list->quoted, list->rest, ',');
        *mailbox = smtp_span_trim(smtp_span_first(list->rest, length));
        list->rest = smtp_span_from(list->rest, length + 1);
        if (mailbox->length > 0)
            return true;
    }
    return false;
}
