/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_LABELS_H
#define SMTPSCOPE_LABELS_H

/*
 * Passwords, tokens and challenge responses are shown as labels: secret-1, secret-2, ... by first appearance in the
 * run; equal secrets get equal labels, so that reuse shows without revealing anything. Only a digest of each is kept.
 */

#include <glib.h>

#include "arena.h"

struct labels;

/* `pool` must outlive it. */
struct labels *labels_new(struct arena_pool *pool);
void labels_free(struct labels *labels);

/* The number of the label of `secret`, from 1. */
unsigned labels_number(struct labels *labels, struct smtp_span secret);

#endif
