/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SUMMARY_H
#define SMTPSCOPE_SUMMARY_H

#include "capture.h"
#include "json.h"
#include "packet.h"

/* What the run came to: CONTRACT's last line. */
struct summary {
    struct capture_totals totals;
    uint64_t sessions, messages, findings; /* of the sessions asked for */
    uint64_t sessions_seen;                /* all of them */
    uint64_t frames[PACKET_RESULTS]; /* by enum packet_result */
    uint64_t not_smtp, implausible, given_up, not_waited_for;
};

void summary_json(struct json *json, const struct summary *summary);

#endif
