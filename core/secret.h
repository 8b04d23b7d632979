/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_SECRET_H
#define SMTP_SECRET_H

/*
 * Which part of what a client says is a password, a token, or an answer to a challenge: a shell that shows lines hides
 * it. That goes beyond AUTH itself, because lines that look like answers come out of place, verbs are misspelt, and
 * clients of other protocols come to the wrong door. What may be a secret is hidden when in doubt.
 */

#include "command.h"
#include "sasl.h"

/* What AUTH did so far in the session. All zero at its beginning. */
struct smtp_secret_watch {
    bool auth_seen;   /* an AUTH, or something like one: lines may be responses out of place */
    bool auth_failed; /* what looks like base64 next may be a response nobody asked for */
};

enum smtp_secret_kind {
    SMTP_SECRET_NONE,
    SMTP_SECRET_AUTH,      /* behind AUTH and its mechanism */
    SMTP_SECRET_MISPLACED, /* AUTH glued to its argument, or another protocol's login: "AUTHPLAIN x", "PASS x" */
    SMTP_SECRET_STRAY,     /* the whole line looks like a response that nobody asked for */
};

struct smtp_secret {
    enum smtp_secret_kind kind;
    struct smtp_span octets; /* as it stands in the line, up to the line's end; empty if there is none */
    struct smtp_span named;  /* the secret as such, where `octets` is an encoding of it: equal ones are equal secrets */
    struct smtp_span identity; /* whose it is, where that stands in `octets`, too; else empty */
    bool passing;              /* one of many lines of a kind, as in a mail's base64: hidden, but not to be remembered */
    bool rest;     /* of the secret before, in a line that is too long to be taken at once: it has the same label */
    bool readable; /* whoever reads the line has it: a password or a token, not an answer to a challenge or a guess */
};

/* Of a command's line. `buffer` takes what is decoded: `named` and `identity` may point into it. Moves the watch. */
struct smtp_secret smtp_secret_of_command(struct smtp_secret_watch *watch, const struct smtp_command *command,
                                          struct smtp_span line, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT]);

/* Of a client's line in an AUTH exchange, decoded as `sasl`. Moves the watch. */
struct smtp_secret smtp_secret_of_response(struct smtp_secret_watch *watch, bool cancelled, struct smtp_span line,
                                           const struct smtp_sasl_response *sasl);

/* Of a client's octets that cannot be placed: a line, or the end of one if `torn`. */
struct smtp_secret smtp_secret_of_skipped(const struct smtp_secret_watch *watch, struct smtp_span text, bool torn,
                                          uint8_t buffer[static SMTP_SASL_DECODED_LIMIT]);

/* Of a server's line that quotes what a client sent: that may be all of it that is in the capture. */
struct smtp_secret smtp_secret_of_reply(unsigned code, struct smtp_span text, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT]);

/* An AUTH exchange ended. */
void smtp_secret_auth_ended(struct smtp_secret_watch *watch, bool accepted);

/* Whether a word is base64, and no word of a language: letters of both cases, digits or signs stand in it. */
bool smtp_secret_is_telling(struct smtp_span word);

#endif
