/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_BOUNDED_JSON_H
#define SMTPSCOPE_BOUNDED_JSON_H

/* Jansson, within a limit: a line of a few octets each for numbers or empty objects takes fifty times its size. One thread at a time. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

/*
 * Reads a JSON object in which no key stands twice. From here on jansson takes no more than `memory` octets in all, until the next
 * call. Returns NULL if it is none, or too large for that; json_decref it.
 */
json_t *bounded_json_read(struct smtp_span text, uint64_t memory);

/* Whether that was for want of memory. */
bool bounded_json_exceeded(void);

#endif
