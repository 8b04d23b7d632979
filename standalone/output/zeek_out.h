/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_ZEEK_OUT_H
#define SMTPSCOPE_ZEEK_OUT_H

/* Zeek's smtp.log, as Zeek writes it: tab-separated values with a heading, or one JSON object a line. */

#include "record.h"
#include "relief.h"

/* The lines in front of all others; `open`: the time of the first frame, NULL: there is none. TSV only. */
void zeek_out_heading(GString *out, const int64_t *open);

/* The last line; `close`: the time of the last frame, NULL: there is none. TSV only. */
void zeek_out_closing(GString *out, const int64_t *close);

/* A line for each mail of a session, and one for what goes on under TLS behind STARTTLS. */
void zeek_out_session(GString *out, const struct record *record, bool json, const struct relief *relief);

#endif
