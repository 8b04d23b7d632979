/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Addresses that one client tries out over several sessions: more are refused as unknown than accepted. */

#include "across_private.h"
#include "address_text.h"

static void add_address(struct enumeration *seen, uint64_t hash)
{
    for (unsigned i = 0; i < seen->address_count; i++)
        if (seen->addresses[i] == hash)
            return;
    if (seen->address_count < REFUSED_ADDRESSES_KEPT)
        seen->addresses[seen->address_count++] = hash;
}

static void tell(struct across *across, const struct enumeration *seen, const struct record *record,
                 const struct evidence *last)
{
    struct told_finding told = { .finding = SMTP_FINDING_RECIPIENT_ENUMERATION, .severity = SMTP_SEVERITY_MEDIUM };
    GString *detail = g_string_new("client ");
    text_append_address(detail, &across_endpoint(record, SMTP_CLIENT)->address);
    g_string_append_printf(detail,
                           " named %" G_GUINT64_FORMAT " addresses that were refused as unknown, and %" G_GUINT64_FORMAT
                           " that were accepted, in %u sessions",
                           seen->refused, seen->accepted, seen->sessions);
    told.evidence[told.count++] = *last;
    for (unsigned i = 0; i < seen->evidence_count; i++)
        if (seen->evidence[i].session != last->session)
            told.evidence[told.count++] = seen->evidence[i];
    across_tell(across, &told, detail);
}

void across_enumeration(struct across *across, const struct record *record)
{
    const struct refusals *refusals = record->account.refusals;
    bool refused = refusals != NULL && refusals->refused > 0;
    if (!refused && record->account.accepted_addresses == 0)
        return;
    const struct tcp_endpoint *client = across_endpoint(record, SMTP_CLIENT);
    struct enumeration *seen = lru_get(across->enumerators, across_key(across, client, false, smtp_span("", 0)));
    seen->accepted += record->account.accepted_addresses;
    if (!refused)
        return;
    struct evidence evidence = across_evidence(record, refusals->place);
    seen->refused += refusals->refused;
    seen->sessions++;
    for (unsigned i = 0; i < refusals->address_count; i++)
        add_address(seen, refusals->addresses[i]);
    if (seen->evidence_count < G_N_ELEMENTS(seen->evidence))
        seen->evidence[seen->evidence_count++] = evidence;
    bool enough = seen->sessions > 1 && seen->address_count == REFUSED_ADDRESSES_KEPT && seen->refused > seen->accepted;
    if (seen->told || !enough)
        return;
    seen->told = true;
    tell(across, seen, record, &evidence);
}
