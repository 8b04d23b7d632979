/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ADDRESSES_IN_H
#define SMTPSCOPE_ADDRESSES_IN_H

/* IP addresses in the text of header fields. */

#include "packet.h"
#include "span.h"

/*
 * Takes the next address off the front of `*rest`; "IPv6:" in front of one is passed over (RFC 5321 section 4.1.3). Returns false when
 * there is none.
 */
bool addresses_in_any(struct smtp_span *rest, struct packet_address *address);

/*
 * The address of the host that a Received field is from: of those in brackets, parentheses, braces or between spaces the second one, as
 * the first one is what the host called itself; if there is one only, that. Returns false if there is none.
 */
bool addresses_in_received(struct smtp_span value, struct packet_address *address);

#endif
