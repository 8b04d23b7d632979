/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_ACCOUNT_H
#define TRANSCRIPT_ACCOUNT_H

/*
 * The account of a session: events of the core in, what happened out. The lines of the dialogue are the shell's, as
 * large or small as it wants them; of each event the account says what it belongs to. All that it keeps lies in the
 * shell's memory; the struct itself is plain and may be copied, and what it points to changes behind the hook `change`
 * only.
 */

#include "findings.h"
#include "mails.h"
#include "protection.h"
#include "refusals.h"

struct account {
    struct keeping keeping;
    struct commands commands;
    uint64_t command_count;
    bool lmtp, quit;
    bool turned; /* ATRN or TURN: the server is the client now. What it announced is kept from before. */
    uint32_t accepted_addresses; /* RCPT, VRFY and EXPN that the server accepted */
    struct answerable {
        void *entry; /* the shell's; NULL: none */
        struct place place;
        bool answered;
    } response; /* the last one of a login */
    struct secrets secrets;
    struct replies replies;
    struct greetings greetings;
    struct logins logins;
    struct mails mails;
    struct tls tls;
    const struct starttls *starttls_before_turn; /* NULL: the roles were not changed */
    struct findings findings;
    struct refusals *refusals; /* NULL: the server said no to nothing */
};

/* What an event is part of. What its kind does not have is zero. Lives until the next event. */
struct told {
    struct sent *command; /* COMMAND: itself. Of others, that they belong to; NULL: not known */
    struct guarded line;  /* COMMAND, AUTH_RESPONSE: the text; see secrets_guard. SKIPPED: `secret` and `label` of it */
    struct smtp_span words; /* REPLY_LINE: the text behind the code; the octets of the event, or a copy that is kept */
    struct smtp_span identity; /* AUTH_RESPONSE: that it reveals; octets NULL: none */
    struct login *login;       /* AUTH_RESPONSE, BOUNDARY of AUTH; NULL: not seen */
    void *request; /* REPLY: the shell's entry of what it answers: of a command, the end of a content, a response; NULL:
                      none */
    struct place request_end;        /* of that, where it is not the command; else zeros */
    bool answers_command;            /* it is the first one that belongs to the command, */
    bool answers_response;           /* and to the response */
    struct delivery *delivery;       /* LMTP, PRDR; NULL: it is none */
    struct transaction *transaction; /* TRANSACTION_...: it; NULL: not known */
    const GQueue *deliveries;        /* TRANSACTION_END: struct delivery, what they turned out to be */
    struct finding *finding;         /* FINDING, FINDING_PROOF; NULL: it is not kept */
};

/* `label`: of what goes on with what was skipped before it, and was hidden; else 0. */
struct told account_event(struct account *account, const struct smtp_event *event, unsigned label);

/* The session is over. */
void account_finish(struct account *account);

/* Octets of memory that are given back when it is over. */
size_t account_memory(const struct account *account);

/* What became of STARTTLS while the server was the server. */
const struct starttls *account_server_starttls(const struct account *account);

#endif
