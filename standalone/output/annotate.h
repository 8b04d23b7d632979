/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ANNOTATE_H
#define SMTPSCOPE_ANNOTATE_H

/* What is said of a session as a whole: appended to `out`. */

#include "record.h"

/* ", AUTH PLAIN rejected 3 times, AUTH LOGIN accepted", each behind `separator`: equal ones in a row as one, accepted ones in any case. */
void annotate_logins(GString *out, const struct record *record, const char *separator);

/* The session's client or server: address and port. */
void annotate_endpoint(GString *out, const struct record *record, enum smtp_role role);

/* What became of TLS in it. */
void annotate_starttls(GString *out, const struct record *record);

/* How it ended, and what of it is not in the capture. */
void annotate_ending(GString *out, const struct record *record);

#endif
