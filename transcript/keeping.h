/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_KEEPING_H
#define TRANSCRIPT_KEEPING_H

/* Who keeps a transcript: the memory that all of it lies in, and what only the shell knows. */

#include <glib.h>

#include "event.h"
#include "place.h"

struct transcript_hooks {
    /* Memory, all zero, that lives as long as the transcript. */
    void *(*take)(void *context, size_t octets);
    /* Memory that is given back or grows: `from` octets of it were there (0: none), `to` are to be (0: none). Not
     * zeroed. */
    void *(*resize)(void *context, void *memory, size_t from, size_t to);
    /* Memory that was taken before is about to change: who wants to undo it remembers it. NULL: nobody does. */
    void (*change)(void *context, void *where, size_t octets);
    /* An element was looked at of a list that may be very long. NULL: nobody wants to know. */
    void (*looked)(void *context);
    /* Where the octet at `offset` of what `role` says came in; frame 0: that is not known. */
    struct place (*where)(void *context, enum smtp_role role, uint64_t offset);
    /* The number of a secret, from 1: equal secrets have equal ones. */
    uint32_t (*label)(void *context, struct smtp_span secret);
};

struct keeping {
    const struct transcript_hooks *hooks;
    void *context;
    bool lines;        /* all lines of the client are wanted as they may be shown, not just those with secrets */
    bool texts;        /* what the server says, and addresses, are kept */
    bool show_secrets; /* those that are repeated, too: they are not looked for */
};

static inline void *keeping_take(const struct keeping *keeping, size_t octets)
{
    return keeping->hooks->take(keeping->context, octets);
}

static inline void keeping_change(const struct keeping *keeping, void *where, size_t octets)
{
    if (keeping->hooks->change != NULL)
        keeping->hooks->change(keeping->context, where, octets);
}

static inline struct place keeping_where(const struct keeping *keeping, enum smtp_role role, uint64_t offset)
{
    return keeping->hooks->where(keeping->context, role, offset);
}

/* Where an event begins. */
static inline struct place keeping_place(const struct keeping *keeping, const struct smtp_event *event)
{
    return keeping_where(keeping, event->role, event->offset);
}

/* A copy; of nothing, something that is not NULL. */
static inline struct smtp_span keeping_copy(const struct keeping *keeping, struct smtp_span span)
{
    if (span.length == 0)
        return smtp_span("", 0);
    return smtp_span(memcpy(keeping_take(keeping, span.length), span.octets, span.length), span.length);
}

static inline struct smtp_span keeping_text(const struct keeping *keeping, const char *text)
{
    return keeping_copy(keeping, smtp_span_of_text(text));
}

/* The next link of a list that may be very long. */
static inline const GList *keeping_next(const struct keeping *keeping, const GList *link)
{
    if (keeping->hooks->looked != NULL)
        keeping->hooks->looked(keeping->context);
    return link->next;
}

/* Appends an element, by the link in it, to a list. */
static inline void keeping_append(const struct keeping *keeping, GQueue *list, GList *link, void *element)
{
    link->data = element;
    if (list->tail != NULL)
        keeping_change(keeping, list->tail, sizeof *list->tail);
    keeping_change(keeping, list, sizeof *list);
    g_queue_push_tail_link(list, link);
}

#endif
