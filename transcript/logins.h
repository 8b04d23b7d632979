/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_LOGINS_H
#define TRANSCRIPT_LOGINS_H

/* Who logged in, how, and what the server made of it. */

#include "commands.h"
#include "secrets.h"

struct login {
    GList link;
    struct smtp_span mechanism; /* octets NULL: not seen, or no name of a mechanism */
    struct smtp_span identity;  /* octets NULL: not seen */
    struct smtp_span secret;    /* octets NULL: none revealed */
    enum smtp_step result;      /* ACCEPTED, REJECTED, CANCELLED; STARTED while unfinished */
    uint16_t code;
    bool denied;               /* for its user or password */
    bool encrypted;            /* it came out of TLS */
    struct place place;        /* of the command; frame 0: it was not seen */
    struct place result_place; /* of the reply that decided; frame 0: none did */
};

/* All zero: nobody did. */
struct logins {
    GQueue list; /* struct login */
};

/* The last one; NULL: there is none. */
static inline struct login *logins_last(const struct logins *logins)
{
    return logins->list.tail != NULL ? logins->list.tail->data : NULL;
}

/* Whose secret the client is about to say; octets NULL: it is not known. */
struct smtp_span logins_identity(const struct logins *logins, const struct smtp_secret *secret);

/* A step of AUTH. `command`: of the login, where it began; NULL: not seen. `enhanced`: of the last reply. */
void logins_take_step(struct logins *logins, const struct keeping *keeping, const struct secrets *secrets,
                      const struct smtp_event *event, const struct sent *command,
                      const struct smtp_enhanced_status *enhanced);

/* A client's line in an exchange; `identity` is what it reveals, kept. */
void logins_take_response(struct logins *logins, const struct keeping *keeping, const struct smtp_sasl_response *sasl,
                          struct smtp_span identity);

#endif
