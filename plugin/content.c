/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages on their way to the dissector of their format, which also feeds the export of objects. */

#include "fields.h"
#include "view.h"

void view_message(const struct view *view, const struct end_fact *end)
{
    const struct message *message = end->message;
    if (!end->last || !message_is_whole(message) || imf_handle == NULL || message->octets > INT_MAX)
        return;
    unsigned octets = (unsigned)message->octets;
    uint8_t *content = wmem_alloc(view->pinfo->pool, MAX(octets, 1));
    size_t at = 0;
    for (const struct stretch *stretch = message->first; stretch != NULL; at += stretch->octets, stretch = stretch->next)
        memcpy(content + at, stretch->content, stretch->octets);
    tvbuff_t *tvb = tvb_new_child_real_data(view->tvb, content, octets, (int)octets);
    add_new_data_source(view->pinfo, tvb, "Message");
    /* The packet list goes on with what the message says; the protocol shown there stays. */
    col_append_str(view->pinfo->cinfo, COL_INFO, "  ");
    col_set_fence(view->pinfo->cinfo, COL_INFO);
    col_set_fence(view->pinfo->cinfo, COL_PROTOCOL);
    col_set_writable(view->pinfo->cinfo, COL_PROTOCOL, FALSE);
    call_dissector_only(imf_handle, tvb, view->pinfo, view->top, NULL);
    col_set_writable(view->pinfo->cinfo, COL_PROTOCOL, TRUE);
    col_set_fence(view->pinfo->cinfo, COL_INFO);
}
