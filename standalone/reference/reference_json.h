/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REFERENCE_JSON_H
#define SMTPSCOPE_REFERENCE_JSON_H

/* Entries of the reference as `reference` records (docs/json.md). */

#include "json.h"
#include "topics.h"

void reference_json(struct json *json, const struct topic *topic);

#endif
