/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SESSION_JSON_H
#define SMTPSCOPE_SESSION_JSON_H

#include "json.h"
#include "record.h"

/* Writes CONTRACT's `session` record, one line. */
void session_json(struct json *json, const struct record *record, bool show_secrets);

/* Writes {"ip":...,"port":...} of the client's or the server's end. */
void session_json_endpoint(struct json *json, const char *key, const struct record *record, enum smtp_role role);

#endif
