/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RECORD_PRIVATE_H
#define SMTPSCOPE_RECORD_PRIVATE_H

/* What the files behind record.h share. */

#include "record.h"

/* record_findings.c: takes a FINDING, a FINDING_PROOF, and a PROOF_PLACE. */
void record_take_finding(struct record *record, const struct smtp_event *event);
void record_add_proof(struct record *record, const struct smtp_event *event);
void record_note_proof_place(struct record *record, const struct smtp_event *event);

/* record_order.c: puts a new item in its place. Content gets its place anew when its first octet comes. */
void record_put_item(struct record *record, struct item *item);
void record_put_data(struct record *record, struct item *item);

/* What could not be placed, and octets of the same side that came as number `order` go on with; NULL: there is none. */
struct item *record_skipped_before(const struct record *record, enum smtp_role role, uint32_t order);

/* Something stands behind the lines that came of a reply so far, in front of those that are to come. */
void record_part_reply(struct record *record);

/* The reply is whole: it takes the lines that are in no part. */
void record_join_parts(struct record *record, struct item *reply);

#endif
