/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SESSION_JSON_H
#define SMTPSCOPE_SESSION_JSON_H

#include "json.h"
#include "record.h"

/* Writes CONTRACT's `session` record, one line. */
void session_json(struct json *json, const struct record *record, bool show_secrets);

/* Writes {"ip":...,"port":...} of the client's or the server's end. */
void session_json_endpoint(struct json *json, const char *key, const struct record *record, enum smtp_role role);

/* The same of an end that a PROXY header names; null if it names none. */
void session_json_proxy_endpoint(struct json *json, const char *key, const struct smtp_proxy_header *header,
                                 const struct smtp_proxy_endpoint *endpoint);

#endif
