/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MAIL_FACTS_H
#define SMTPSCOPE_MAIL_FACTS_H

/* What the logs with a line for each mail (zeek_line.c, eve.c) say of it alike. */

#include "record.h"

/* Appends the last line of a reply, of which `text` has all lines without their codes: "250 2.0.0 Ok: queued". */
void mail_facts_append_line(GString *out, uint16_t code, struct smtp_span text);

/*
 * Appends that of the reply that decided on the mail; where none did, of the last refusal of a recipient. A reply that says yes to less
 * than the mail would read as if it said yes to the mail. Returns false where there is none.
 */
bool mail_facts_append_reply(GString *out, const struct transaction *transaction);

/* When the mail began and ended, as far as it was seen; of one of which nothing has a place, the session. */
struct place mail_facts_first(const struct record *record, const struct transaction *transaction);
struct place mail_facts_last(const struct record *record, const struct transaction *transaction);

/* By the reply to RCPT; of LMTP also by the one for it behind the message. */
bool mail_facts_refused(const struct recipient *recipient);

/* Whether a session goes on under TLS behind STARTTLS, and no mail behind it can be read. */
bool mail_facts_hidden(const struct record *record);

/*
 * For whoever passes over the mails of a session with their header fields, of which each may have very many: now and then what was looked
 * at is taken out of memory again. `looked_at`: how many mails so far.
 */
void mail_facts_cool(const struct record *record, unsigned looked_at);

/* Whether the server answered to the end of the content: the next mail of the session is one deeper. */
bool mail_facts_transferred(const struct transaction *transaction);

#endif
