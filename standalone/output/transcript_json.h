/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TRANSCRIPT_JSON_H
#define SMTPSCOPE_TRANSCRIPT_JSON_H

#include "json.h"
#include "record.h"

/* Writes the session record, then one record for each item of the session, in order. */
void transcript_json(struct json *json, const struct record *record, bool show_secrets);

#endif
