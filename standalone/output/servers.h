/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SERVERS_H
#define SMTPSCOPE_SERVERS_H

/*
 * The output of `servers`: what each server address announced, in clear and under TLS, over all sessions with it. It is
 * written when all was read, by address. So many servers are remembered and no more; those forgotten are counted.
 */

#include "json.h"
#include "page.h"
#include "record.h"
#include "relief.h"

struct servers;

/* The part of the memory limit that is meant for it; `memory`: octets that it may take, more or less. */
#define SERVERS_PART 8u
struct servers *servers_new(uint64_t memory);
void servers_free(struct servers *servers);

void servers_session(struct servers *servers, const struct record *record);

void servers_json(const struct servers *servers, struct json *json);
/* `relief` is given between the servers. */
void servers_text(const struct servers *servers, struct page *page, const struct relief *relief);

/* Servers forgotten to make room. */
uint64_t servers_forgotten(const struct servers *servers);

#endif
