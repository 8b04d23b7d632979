/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include "options_json.h"
#include "version.h"

static void write_input(struct json *json, const char *name, const char *digest)
{
    json_begin_object(json, NULL);
    json_wire_text(json, "capture", name);
    json_text(json, "sha256", digest);
    json_end_object(json);
}

static void write_inputs(struct json *json, const struct summary *summary)
{
    json_begin_array(json, "inputs");
    for (unsigned i = 0; summary->captures != NULL && i < summary->options->count; i++)
        write_input(json, capture_set_name(summary->captures, i), capture_set_digest(summary->captures, i));
    for (char **name = summary->options->explain_captures; name != NULL && *name != NULL; name++)
        write_input(json, *name, NULL);
    json_end_array(json);
}

bool summary_differs(const struct summary *summary)
{
    for (int result = VERIFY_AGREES + 1; result < VERIFY_RESULTS; result++)
        if (summary->verified[result] > 0)
            return true;
    return false;
}

static void write_verified(struct json *json, const struct summary *summary)
{
    json_begin_object(json, "verified");
    for (int result = VERIFY_AGREES; result < VERIFY_RESULTS; result++)
        json_number(json, verify_result_name((enum verify_result)result), summary->verified[result]);
    json_end_object(json);
}

void summary_json(struct json *json, const struct summary *summary)
{
    json_begin_object(json, NULL);
    json_text(json, "record", "summary");
    json_text(json, "version", SMTPSCOPE_VERSION);
    options_json(json, summary->options);
    write_inputs(json, summary);
    json_number(json, "captures", summary->totals.captures);
    json_number(json, "frames", summary->totals.frames);
    json_number(json, "octets", summary->totals.octets);
    json_number(json, "sessions", summary->sessions);
    json_number(json, "messages", summary->messages);
    json_number(json, "findings", summary->findings);
    json_bool(json, "truncated", summary->totals.truncated);
    if (summary->options->verify != NULL)
        write_verified(json, summary);
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
    if (summary->mismatches > 0)
        json_number(json, "checksum-mismatch", summary->mismatches);
    if (summary->late > 0)
        json_number(json, "too-late", summary->late);
    if (summary->not_smtp > 0)
        json_number(json, "not-smtp", summary->not_smtp);
    if (summary->forgotten > 0)
        json_number(json, "forgotten", summary->forgotten);
    if (summary->totals.lost > 0)
        json_number(json, "lost-at-capture", summary->totals.lost);
    json_end_object(json);
    json_end_object(json);
    json_end_line(json);
}
