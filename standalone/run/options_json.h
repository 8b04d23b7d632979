/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OPTIONS_JSON_H
#define SMTPSCOPE_OPTIONS_JSON_H

#include "json.h"
#include "options.h"

/* Writes the object `options`: what was asked for, defaults too; not where the output goes to, nor how it looks. */
void options_json(struct json *json, const struct options *options);

#endif
