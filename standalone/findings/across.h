/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ACROSS_H
#define SMTPSCOPE_ACROSS_H

/*
 * What several sessions prove together and none alone: STARTTLS missing or masked for some clients of a server that
 * offers it to others; guessing of passwords; recipients tried out. A finding comes behind the session that completes
 * the proof and names the others. What is remembered is bounded; who was forgotten is counted.
 */

#include "finding_out.h"

struct across;

/* The part of the memory limit that is meant for it. */
#define ACROSS_PART 16u

/* `memory`: octets that it may take, more or less. `tell` is called for each finding, during across_session. */
struct across *across_new(uint64_t memory, void (*tell)(void *context, const struct told_finding *told), void *context);
void across_free(struct across *across);

/* The next session, in the order in which they are printed. */
void across_session(struct across *across, const struct record *record);

/* Parties (servers, clients, identities) that were forgotten to make room for others. */
uint64_t across_forgotten(const struct across *across);

#endif
