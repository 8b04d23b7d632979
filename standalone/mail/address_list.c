/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address_list.h"

/* How many octets a quoted string takes from its quote on; 1 where it is not closed. */
static size_t quoted(struct smtp_span text)
{
    for (size_t i = 1; i < text.length; i++) {
        if (text.octets[i] == '\\')
            i++;
        else if (text.octets[i] == '"')
            return i + 1;
    }
    return 1;
}

/* The same of a comment, which may hold comments. */
static size_t comment(struct smtp_span text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.octets[i] == '\\')
            i++;
        else if (text.octets[i] == '(')
            depth++;
        else if (text.octets[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 1;
}

/* Octets in front of the comma. */
static size_t length_of_first(struct address_list *list)
{
    struct smtp_span text = list->rest;
    size_t at = 0;
    while (at < text.length && text.octets[at] != ',') {
        size_t step = 1;
        if (text.octets[at] == '"' && !list->no_quotes) {
            step = quoted(smtp_span_from(text, at));
            list->no_quotes = step == 1;
        } else if (text.octets[at] == '(' && !list->no_comments) {
            step = comment(smtp_span_from(text, at));
            list->no_comments = step == 1;
        } else if (text.octets[at] == '\\') {
            step = 2;
        }
        at += step;
    }
    return at < text.length ? at : text.length;
}

bool address_list_next(struct address_list *list, struct smtp_span *mailbox)
{
    while (list->rest.length > 0) {
        size_t length = length_of_first(list);
        *mailbox = smtp_span_trim(smtp_span_first(list->rest, length));
        list->rest = smtp_span_from(list->rest, length + 1);
        if (mailbox->length > 0)
            return true;
    }
    return false;
}
