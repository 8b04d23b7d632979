/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ADDRESS_TEXT_H
#define SMTPSCOPE_ADDRESS_TEXT_H

/* An address of the network as text. */

#include <glib.h>

#include "packet.h"

/* "192.0.2.1", "2001:db8::1". */
void text_append_address(GString *out, const struct packet_address *address);

/* "192.0.2.1:25", "[2001:db8::1]:25". */
void text_append_endpoint(GString *out, const struct packet_address *address, uint16_t port);

#endif
