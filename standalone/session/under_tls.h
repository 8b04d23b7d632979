/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_UNDER_TLS_H
#define SMTPSCOPE_UNDER_TLS_H

/*
 * What TLS carries in a session whose keys are at hand: the octets of its records are given in, what they carried is
 * taken out, piece by piece, in the order in which it came. Of the client of TLS the role is SMTP_CLIENT, whatever ATRN
 * makes of it later.
 */

#include "tls_connection.h"

struct under_tls;

struct under_tls_piece {
    enum smtp_role role;
    uint64_t missing;      /* octets in front of `text` that are lost */
    struct smtp_span text; /* valid until the next call */
    bool finished;         /* the role says no more; `text` is empty */
};

/* `keys` outlives it. */
struct under_tls *under_tls_new(struct tls_keys *keys);

/* NULL is allowed. */
void under_tls_free(struct under_tls *under);

/* The connection that the octets, holes and ends of records go to. */
struct tls_connection *under_tls_connection(const struct under_tls *under);

/* The next piece. Returns false if there is none. */
bool under_tls_next(struct under_tls *under, struct under_tls_piece *piece);

/* Octets that it holds. NULL: none. */
size_t under_tls_memory(const struct under_tls *under);

#endif
