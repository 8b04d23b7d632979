/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "under_tls.h"

#include <glib.h>

struct queued {
    enum smtp_role role;
    uint64_t missing;
    size_t length; /* octets of `text` */
    bool finished;
};

struct under_tls {
    struct tls_connection *connection;
    GArray *pieces;   /* struct queued */
    guint next;       /* of them */
    GByteArray *text; /* of the pieces that are not taken */
    size_t taken;     /* octets of it */
};

static void add(struct under_tls *under, const struct queued *piece, struct smtp_span text)
{
    g_array_append_vals(under->pieces, piece, 1);
    if (text.length > 0)
        g_byte_array_append(under->text, text.octets, (guint)text.length);
}

static void take_plain(void *context, enum smtp_role role, uint64_t offset, uint64_t octets, struct smtp_span plain)
{
    (void)offset;
    (void)octets;
    add(context, &(struct queued){ .role = role, .length = plain.length }, plain);
}

static void take_hole(void *context, enum smtp_role role, uint64_t offset, uint64_t octets, uint64_t plain)
{
    (void)offset;
    (void)octets;
    add(context, &(struct queued){ .role = role, .missing = plain }, smtp_span(NULL, 0));
}

static void take_end(void *context, enum smtp_role role)
{
    add(context, &(struct queued){ .role = role, .finished = true }, smtp_span(NULL, 0));
}

static const struct tls_consumer consumer = { .plain = take_plain, .hole = take_hole, .finished = take_end };

struct under_tls *under_tls_new(struct tls_keys *keys)
{
    struct under_tls *under = g_new0(struct under_tls, 1);
    under->connection = tls_connection_new(keys, &consumer, under);
    under->pieces = g_array_new(FALSE, FALSE, sizeof(struct queued));
    under->text = g_byte_array_new();
    return under;
}

void under_tls_free(struct under_tls *under)
{
    if (under == NULL)
        return;
    tls_connection_free(under->connection);
    g_array_free(under->pieces, TRUE);
    g_byte_array_free(under->text, TRUE);
    g_free(under);
}

struct tls_connection *under_tls_connection(const struct under_tls *under)
{
    return under->connection;
}

bool under_tls_next(struct under_tls *under, struct under_tls_piece *piece)
{
    if (under->next == under->pieces->len) { /* all were taken */
        g_array_set_size(under->pieces, 0);
        g_byte_array_set_size(under->text, 0);
        under->next = 0;
        under->taken = 0;
        return false;
    }
    const struct queued *queued = &g_array_index(under->pieces, struct queued, under->next++);
    *piece = (struct under_tls_piece){ .role = queued->role, .missing = queued->missing, .finished = queued->finished };
    if (queued->length > 0)
        piece->text = smtp_span(under->text->data + under->taken, queued->length);
    under->taken += queued->length;
    return true;
}

size_t under_tls_memory(const struct under_tls *under)
{
    if (under == NULL)
        return 0;
    return sizeof *under + tls_connection_memory(under->connection) + under->text->len +
           under->pieces->len * sizeof(struct queued);
}
