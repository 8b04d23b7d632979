/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_VIEW_H
#define ESMTP_VIEW_H

/* How the facts of one call are shown: in the tree, in the packet list, to the dissectors of what is carried. */

#include "facts.h"

struct view {
    tvbuff_t *tvb;      /* of the call */
    packet_info *pinfo;
    proto_tree *top;    /* where other protocols are shown; may be NULL */
    proto_tree *tree;   /* the protocol's own; may be NULL */
    const struct call *call;
};

/* Octets of a fact: where they are. */
struct view_octets {
    tvbuff_t *tvb;
    int start, length;
    struct smtp_span span;
};

/* `copy`: a copy of all of them, or NULL if the fact's piece has them; it becomes a data source of that name. */
struct view_octets view_octets(const struct view *view, const struct fact *fact, const uint8_t *copy, const char *name);

/* Whether octets with secrets hidden stand for those of the packet; and those. */
bool view_is_masked(struct masked masked);
struct view_octets view_masked(const struct view *view, struct masked masked, const char *name);

/* The tree (tree.c). */
void view_tree(const struct view *view);

/* The Info column (column.c). */
void view_column(const struct view *view);

/* Hands a message that is complete to the dissector of messages (content.c). */
void view_message(const struct view *view, const struct end_fact *end);

#endif
