/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_EVE_H
#define SMTPSCOPE_EVE_H

/* Events of the type `smtp` as Suricata's EVE output has them: one for each mail, and one for what goes on under TLS behind STARTTLS. */

#include "json.h"
#include "record.h"

void eve_session(struct json *json, const struct record *record);

#endif
