/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_JSON_H
#define SMTPSCOPE_TLS_JSON_H

#include "json.h"
#include "record.h"

/* The member `tls` of a session record. */
void tls_json(struct json *json, const struct record *record);

#endif
