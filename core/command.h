/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

/*
 * Command lines (RFC 5321 section 4.1.1). Any line is valid input; a malformed one gives a struct that
 * says what is wrong with it. Nothing is copied: every span points into the line.
 */

#include "span.h"
#include "verb.h"

struct smtp_command {
    enum smtp_verb verb;
    struct smtp_span word;     /* the verb as sent */
    struct smtp_span argument; /* what follows it, without the spaces around it */
};

/*
 * Parses a command line without its line end. "MAIL FROM:<a@b>" gives MAIL with the argument "FROM:<a@b>".
 * Spaces in front of the verb are skipped.
 */
struct smtp_command smtp_command_parse(struct smtp_span line);

/*
 * Whether a line can hardly be anything but a command: a known verb, with an argument of the shape that
 * the verb asks for (MAIL FROM:, RCPT TO:, BDAT and a number, none behind DATA, RSET, QUIT and STARTTLS, ...).
 * This is how the reader finds its feet again behind a gap, so prose must not pass: "Data was lost" does not.
 */
bool smtp_command_is_certain(struct smtp_span line);

/* BDAT (RFC 3030 section 2). */
struct smtp_bdat {
    bool valid;      /* "n" or "n LAST", n a decimal number below 2^63, and nothing else */
    uint64_t octets; /* of the chunk; 0 unless valid */
    bool last;
};
struct smtp_bdat smtp_bdat_parse(struct smtp_span argument);

#endif
