/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SUMMARY_H
#define SMTPSCOPE_SUMMARY_H

#include "capture.h"
#include "json.h"
#include "options.h"
#include "packet.h"
#include "verify_result.h"

/* What the run came to: CONTRACT's last line. */
struct summary {
    const struct options *options;
    const struct capture_set *captures;
    struct capture_totals totals;
    bool interrupted;
    uint64_t sessions, messages, findings; /* of the sessions asked for */
    uint64_t sessions_seen;                /* all of them */
    uint64_t hidden;                       /* of those asked for: went on under TLS */
    int64_t newest;                        /* time of the newest frame, nanoseconds since 1970; 0 frames: 0 */
    uint64_t frames[PACKET_RESULTS]; /* by enum packet_result */
    uint64_t verified[VERIFY_RESULTS];     /* with --verify: what was found, by result */
    uint64_t not_smtp, implausible, late, mismatches, given_up, not_waited_for;
    uint64_t forgotten; /* parties of whom no more was remembered, where sessions are held against each other */
};

/* Whether --verify found anything that is not as it should be. */
bool summary_differs(const struct summary *summary);

void summary_json(struct json *json, const struct summary *summary);

#endif
