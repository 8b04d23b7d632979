/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RECORD_PRIVATE_H
#define SMTPSCOPE_RECORD_PRIVATE_H

/* What the files behind record.h share. */

#include "record.h"

static inline struct spot record_spot(const struct place *place)
{
    return (struct spot){ .frame = place->frame, .capture = place->capture };
}

/* record_findings.c: takes a FINDING, a FINDING_PROOF, and a PROOF_PLACE. */
void record_take_finding(struct record *record, const struct smtp_event *event);
void record_add_proof(struct record *record, const struct smtp_event *event);
void record_note_proof_place(struct record *record, const struct smtp_event *event);

#endif
