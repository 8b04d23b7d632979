/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

void summary_json(struct json *json, const struct summary *summary)
{
    json_begin_object(json, NULL);
    json_text(json, "record", "summary");
    json_number(json, "captures", summary->totals.captures);
    json_number(json, "frames", summary->totals.frames);
    json_number(json, "octets", summary->totals.octets);
    json_number(json, "sessions", summary->sessions);
    json_number(json, "messages", summary->messages);
    json_number(json, "findings", summary->findings);
    json_bool(json, "truncated", summary->totals.truncated);
    json_begin_object(json, "dropped");
    for (int result = PACKET_FRAGMENT; result < PACKET_RESULTS; result++)
        if (summary->frames[result] > 0)
            json_number(json, packet_result_name((enum packet_result)result), summary->frames[result]);
    if (summary->given_up > 0)
        json_number(json, "memory-limit", summary->given_up);
    if (summary->not_waited_for > 0)
        json_number(json, "reassembly-limit", summary->not_waited_for);
    if (summary->implausible > 0)
        json_number(json, "implausible-sequence", summary->implausible);
    if (summary->not_smtp > 0)
        json_number(json, "not-smtp", summary->not_smtp);
    json_end_object(json);
    json_end_object(json);
    json_end_line(json);
}
