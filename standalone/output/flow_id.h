/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FLOW_ID_H
#define SMTPSCOPE_FLOW_ID_H

/*
 * Identifiers of connections and of what is in them, with the looks of other programs' ones. Those draw them by lot; these are digests
 * of the endpoints and the time of the first packet, and so the same in each run, each shard, and each format.
 */

#include "record.h"

/* "C" or "F" and 17 letters and digits, with a NUL. */
#define FLOW_ID_UID 19

/* Of the connection: CHhAvVGS1DHFjwGM9. */
void flow_id_uid(const struct record *record, char uid[static FLOW_ID_UID]);

/* Of the body `part`, from 1, of the mail `mail`, from 1: F92xQs2qVTQbHLB0k3. */
void flow_id_fuid(const struct record *record, uint32_t mail, uint64_t part, char fuid[static FLOW_ID_UID]);

/* Of the connection: a number of 51 bits, which JSON readers keep whole. */
uint64_t flow_id_number(const struct record *record);

#endif
