/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_DIALOGUE_H
#define SMTPSCOPE_DIALOGUE_H

/*
 * Between reassembly and the core: holds what the core cannot take yet, recognises SMTP, knows the frame of each octet.
 * One dialogue a connection; its record is handed on when the connection ends.
 */

#include "record.h"
#include "session_order.h"
#include "tcp.h"
#include "tls_keys.h"

struct dialogues_options {
    struct arena_pool *pool;
    struct record_options records;
    struct tls_keys *keys; /* NULL: what is under TLS is only counted */
    const char *(*capture_name)(void *context, unsigned index);
    unsigned (*capture_precision)(void *context, unsigned index);
    /* A connection on an SMTP port carries something else, from the frame at `first` on. */
    void (*not_smtp)(void *context, const struct tcp_connection *connection, struct place first, const char *detail);
    void *context;
    /* What becomes of records when their sessions have ended. */
    struct session_order_hooks order;
    bool by_start;
};

struct dialogues;

struct dialogues *dialogues_new(const struct dialogues_options *options);
void dialogues_free(struct dialogues *dialogues);

/* The consumer for a tcp_table; its context is the `struct dialogues`. */
extern const struct tcp_consumer dialogues_consumer;

/* All was read (tcp_table_finish was called): hands on what was held back for the sake of the order. */
void dialogues_finish(struct dialogues *dialogues);

/* Streams on port 25 and its kin that carried octets but no SMTP. */
uint64_t dialogues_not_smtp(const struct dialogues *dialogues);

#endif
