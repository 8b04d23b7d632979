/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_CHARSET_H
#define SMTPSCOPE_CHARSET_H

/* Text in the charsets that mail names (RFC 2045 section 5.1, RFC 2047, RFC 2231). */

#include <glib.h>
#include <stdbool.h>

#include "span.h"

/* Names are short: so many octets with the NUL. */
#define CHARSET_LIMIT 64

/* What the system calls a charset. Returns false where `name` can be none's. */
bool charset_system_name(struct smtp_span name, char system[CHARSET_LIMIT]);

/*
 * Appends `octets` as UTF-8. Returns false, and appends nothing, where the charset (as charset_system_name gives it) is not known, or the
 * octets are not all text in it. Octets of some charsets are read as the larger one that programs mean by its name.
 */
bool charset_append(GString *out, const char *system, struct smtp_span octets);

#endif
