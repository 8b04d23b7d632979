/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SERVERS_H
#define SMTPSCOPE_SERVERS_H

/*
 * What each server address announced, in clear and under TLS, over all sessions with it: collected here, written by
 * servers_out.c. So many servers are remembered and no more; those forgotten are counted.
 */

#include "lru.h"
#include "record.h"

struct servers;

enum server_list { SERVER_BANNERS, SERVER_CLEAR, SERVER_CLEAR_AUTH, SERVER_TLS, SERVER_TLS_AUTH, SERVER_LISTS };

/* Something a server said, and in how many sessions. */
struct word {
    uint8_t *text;
    size_t length;
    uint64_t sessions, last_session;
};

struct server {
    struct servers *owner; /* NULL: new */
    struct tcp_endpoint endpoint;
    uint64_t sessions, last_session;
    GPtrArray *lists[SERVER_LISTS];      /* struct word, by first appearance */
    uint64_t clear_lists;                /* sessions with an EHLO reply in clear */
    uint64_t omitted;                    /* times that a word was not kept: there were too many */
    bool tls_seen, tls_read;             /* TLS was there; an EHLO reply behind its beginning could be read */
    uint64_t offered, accepted, refused; /* sessions */
};

/* The part of the memory limit that is meant for it; `memory`: octets that it may take, more or less. */
#define SERVERS_PART 8u
struct servers *servers_new(uint64_t memory);
void servers_free(struct servers *servers);

void servers_session(struct servers *servers, const struct record *record);

/* struct server, to be freed with g_ptr_array_free; they belong to `servers`. */
GPtrArray *servers_by_address(const struct servers *servers);

/* Servers forgotten to make room. */
uint64_t servers_forgotten(const struct servers *servers);

#endif
