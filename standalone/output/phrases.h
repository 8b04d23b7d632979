/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PHRASES_H
#define SMTPSCOPE_PHRASES_H

/*
 * What the transcript and the report say of a session in the same words. Each appends to `out` in the language of the
 * user, and what it takes from the wire is visible (text.h).
 */

#include "record.h"
#include "words.h"

/* Octets of a line that are shown where not all of it is wanted. */
#define PHRASE_LINE_SHOWN ((size_t)400)

/* Of the name of a file so much, at its end. */
#define PHRASE_ENDING_SHOWN ((size_t)100)

/* The first `limit` octets, and how many more there are. */
void phrase_cut(GString *out, struct smtp_span text, size_t limit);

/* The name of a file: of one of more than PHRASE_LINE_SHOWN octets the middle is left out. Between two marks where `mark` is no NUL. */
void phrase_file_name(GString *out, struct smtp_span name, char mark);

/* A line of the client; its secret as a label, unless `show_secrets`. */
void phrase_guarded(GString *out, const struct guarded *line, size_t limit, bool show_secrets);

/* How the line ended, if not as it should. */
void phrase_line_end(GString *out, enum smtp_line_end end);

/* What became of a mail, in the language of the user. Static memory. */
const char *phrase_outcome(const struct transaction *transaction);

/* The octets themselves, as they came, as far as they are kept; a secret among them as its label, unless `show_secrets`. */
void phrase_skipped_octets(GString *out, const struct item *item, bool show_secrets);

/* Of octets that could not be placed, so many lines are shown. */
#define PHRASE_SKIPPED_LINES 20u

/* What is known of the TLS part. */
void phrase_tls(GString *out, const struct record *record);

/* The frames of the session, with the captures they are in. */
void phrase_frames(GString *out, const struct record *record);

/* ", AUTH PLAIN rejected 3 times, AUTH LOGIN accepted", each behind `separator`: equal ones in a row as one, accepted
 * ones in any case. */
void phrase_logins(GString *out, const struct record *record, const char *separator);

/* The session's client or server: address and port. */
void phrase_endpoint(GString *out, const struct record *record, enum smtp_role role);

/* What became of TLS in it. */
void phrase_starttls(GString *out, const struct record *record);

/* How it ended, and what of it is not in the capture. */
void phrase_ending(GString *out, const struct record *record);

/* The session in one line: how much was said, what became of mails, TLS and logins, how it ended. */
void phrase_session(GString *out, const struct record *record);

/* "a SOCKS5 proxy, asked for mail.example.com:25". */
void phrase_proxy(GString *out, const struct record *record);

#endif
