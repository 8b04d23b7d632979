/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SESSION_ORDER_H
#define SMTPSCOPE_SESSION_ORDER_H

/*
 * Sessions are numbered by their first packets, but printed when they end, and whether a connection is a session at all
 * is known only some packets into it. So a number is given once every connection that began earlier is known for what it is,
 * and a record that ended waits for its number. A connection that stays silent for SESSION_ORDER_PATIENCE is not waited
 * for, nor any connection where there is no memory for waiting; should it turn out to be a session after all, it gets the next
 * number that is free.
 */

#include "record.h"

#define SESSION_ORDER_PATIENCE INT64_C(30000000000) /* nanoseconds of capture time */

struct session_order;
struct session_order_entry;

struct session_order_hooks {
    /* A record has its number, perhaps long before it ends. May be NULL. */
    void (*numbered)(void *context, struct record *record);
    /* A record ended and has its number. Whoever takes it frees it. */
    void (*ended)(void *context, struct record *record, bool in_turn);
    /* It is the turn of a record that was given to `ended` with `in_turn` false. */
    void (*turn)(void *context, uint64_t id);
    /* The smallest ordinal that may yet be opened; UINT64_MAX: none. May be NULL. */
    uint64_t (*pending)(void *context);
    /* There is no memory for records that wait for their numbers. May be NULL. */
    bool (*is_full)(void *context);
    void *context;
};

/* `by_start`: the turn of records comes in the order of their numbers; else each one's when it has ended and has a number. */
struct session_order *session_order_new(bool by_start, const struct session_order_hooks *hooks);
void session_order_free(struct session_order *order);

/* A connection began. `ordinal` grows with the order of first packets, though connections may be opened in another order. */
struct session_order_entry *session_order_open(struct session_order *order, uint64_t ordinal, int64_t start);

/* It is a session; its record is being made. */
void session_order_accept(struct session_order *order, struct session_order_entry *entry, struct record *record);

/* It is none. The entry is freed. */
void session_order_refuse(struct session_order *order, struct session_order_entry *entry);

/* The session ended: its record goes to the hook `ended`, now or when it has its number. The entry is freed. */
void session_order_end(struct session_order *order, struct session_order_entry *entry);

/* No connection will begin or end any more: hands on all that is held back. */
void session_order_finish(struct session_order *order);

#endif
