/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "header_fields.h"

static const char *const names[] = {
    [HEADER_BCC] = "Bcc",
    [HEADER_CC] = "Cc",
    [HEADER_CONTENT_MD5] = "Content-MD5",
    [HEADER_DATE] = "Date",
    [HEADER_FROM] = "From",
    [HEADER_IMPORTANCE] = "Importance",
    [HEADER_IN_REPLY_TO] = "In-Reply-To",
    [HEADER_MESSAGE_ID] = "Message-ID",
    [HEADER_ORGANIZATION] = "Organization",
    [HEADER_PRIORITY] = "Priority",
    [HEADER_RECEIVED] = "Received",
    [HEADER_REFERENCES] = "References",
    [HEADER_REPLY_TO] = "Reply-To",
    [HEADER_SENSITIVITY] = "Sensitivity",
    [HEADER_SUBJECT] = "Subject",
    [HEADER_TO] = "To",
    [HEADER_USER_AGENT] = "User-Agent",
    [HEADER_X_MAILER] = "X-Mailer",
    [HEADER_X_ORIGINATING_IP] = "X-Originating-IP",
    [HEADER_X_USER_AGENT] = "X-User-Agent",
};

const struct header_names header_fields_kept = { names, G_N_ELEMENTS(names), false };

/* A copy without the line ends that fold it: what is behind them stays as it is. */
static struct smtp_span unfold(struct arena *arena, struct smtp_span value)
{
    uint8_t *unfolded = arena_take(arena, value.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        bool end = value.octets[i] == '\n' || (value.octets[i] == '\r' && i + 1 < value.length && value.octets[i + 1] == '\n');
        if (!end)
            unfolded[length++] = value.octets[i];
    }
    return smtp_span(unfolded, length);
}

void header_fields_keep(GQueue *fields, struct arena *arena, struct smtp_span name, struct smtp_span value)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!smtp_span_is(name, names[i]))
            continue;
        struct header_field *field = arena_take(arena, sizeof *field);
        *field = (struct header_field){ .link.data = field, .name = (enum header_name)i, .value = unfold(arena, value) };
        g_queue_push_tail_link(fields, &field->link);
        return;
    }
}

/* From `link` on, in one of both directions. */
static const struct header_field *find(const GList *link, enum header_name name, bool back)
{
    while (link != NULL && ((const struct header_field *)link->data)->name != name)
        link = back ? link->prev : link->next;
    return link != NULL ? link->data : NULL;
}

const struct header_field *header_fields_first(const GQueue *fields, enum header_name name)
{
    return find(fields->head, name, false);
}

const struct header_field *header_fields_last(const GQueue *fields, enum header_name name)
{
    return find(fields->tail, name, true);
}

const struct header_field *header_fields_next(const struct header_field *field)
{
    return find(field->link.next, field->name, false);
}

const struct header_field *header_fields_before(const struct header_field *field)
{
    return find(field->link.prev, field->name, true);
}
