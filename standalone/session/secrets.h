/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SECRETS_H
#define SMTPSCOPE_SECRETS_H

/*
 * Passwords, tokens and challenge responses are shown as labels: secret-1, secret-2, ... by first appearance in the run;
 * equal secrets get equal labels, so that reuse shows without revealing anything. Only a digest of each is kept.
 */

#include <glib.h>

#include "arena.h"

struct secrets;

/* `pool` must outlive it. */
struct secrets *secrets_new(struct arena_pool *pool);
void secrets_free(struct secrets *secrets);

/* The number of the label of `secret`, from 1. */
unsigned secrets_label(struct secrets *secrets, struct smtp_span secret);

#endif
