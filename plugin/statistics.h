/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_STATISTICS_H
#define ESMTP_STATISTICS_H

/* Statistics > ESMTP, response times, and the filter for one session. They are fed with the facts of each frame. */

#include "facts.h"

void statistics_register(void);

/* Feeds one fact. */
void statistics_take(packet_info *pinfo, const struct fact *fact);

/* Whether anybody listens. */
bool statistics_wanted(void);

#endif
