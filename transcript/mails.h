/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_MAILS_H
#define TRANSCRIPT_MAILS_H

/* The mail transactions (RFC 5321 section 3.3): who sent what to whom, and what the server made of each recipient and
 * of the mail. */

#include "commands.h"
#include "replies.h"

struct message; /* the shell's: the content of a mail */

struct recipient {
    GList link;
    struct smtp_span address;
    uint16_t code;             /* 0: no reply was seen */
    struct smtp_span enhanced; /* octets NULL: none */
    struct smtp_span text;
    uint16_t delivery_code;             /* LMTP, PRDR: of the reply for it behind the content; 0: none was seen */
    struct smtp_span delivery_enhanced; /* octets NULL: none */
    struct smtp_span delivery_text;
};

/* LMTP (RFC 2033 section 4.2), PRDR: a reply behind the content, for one of the recipients that were accepted. */
struct delivery {
    GList link;
    uint16_t code;
    struct smtp_span enhanced; /* octets NULL: none */
    struct smtp_span text;
    void *entry;               /* the shell's, for the reply; NULL: none */
    uint32_t number, place;    /* as struct smtp_reply has them */
    uint32_t recipient_number; /* of the recipient that it is for, among those accepted, from 1; 0: it cannot be told */
    const struct recipient *recipient; /* it; NULL: it cannot be told */
};

struct transaction {
    GList link;
    uint32_t id; /* in its session, from 1 */
    bool mail_seen;
    bool in_tls;    /* it was read under TLS */
    bool lmtp;      /* each recipient has a reply of its own behind the content */
    bool delivered; /* each recipient has a reply behind the content (PRDR, and LMTP) */
    bool ended;     /* `outcome` is known */
    struct smtp_span mail_from;
    GQueue recipients; /* struct recipient */
    enum smtp_outcome outcome;
    uint16_t code;
    struct smtp_span enhanced, reply;
    struct message *message; /* NULL: none */
    struct place place;      /* of MAIL; frame 0: it was not seen */
    struct place first;      /* of MAIL; where that was not seen, of the first that was. frame 0: of nothing */
    struct place last;       /* of the reply that ended it; without one, of the last that was seen of it */
    struct smtp_span helo;   /* the client's name when it began; octets NULL: none was seen */
    /* The shell's. */
    GList over_link;
    bool indexed;
};

/* A reply that refused, or decided on, a message before its transaction is known to end by it. */
struct verdict {
    uint16_t code; /* 0: there was none */
    struct smtp_span text, enhanced;
};

/* All zero: there were none. */
struct mails {
    GQueue list;             /* struct transaction, by id */
    GQueue deliveries;       /* struct delivery: of the content at hand */
    struct verdict refusal;  /* of the transaction at hand, before its content */
    struct verdict decision; /* LMTP: behind its content */
};

static inline struct transaction *mails_last(const struct mails *mails)
{
    return mails->list.tail != NULL ? mails->list.tail->data : NULL;
}

/* The transaction with this number: mostly the last one. NULL: there is none. */
struct transaction *mails_find(const struct mails *mails, uint32_t id);

/* It begins with this command; NULL: it was not seen. `helo` is the client's name then. */
struct transaction *mails_begin(struct mails *mails, const struct keeping *keeping, const struct smtp_event *event,
                                const struct sent *sent, struct smtp_span helo, bool lmtp);

/* The recipient that this command names belongs to it. */
void mails_take_recipient(struct mails *mails, const struct keeping *keeping, const struct smtp_event *event,
                          const struct sent *sent, struct replies *replies);

/* A reply came: what it says of the transaction at hand. Returns the delivery that it is; NULL: it is none. */
struct delivery *mails_take_reply(struct mails *mails, const struct keeping *keeping, struct replies *replies);

/* Octets of the message were seen there. */
void mails_take_content(struct mails *mails, const struct keeping *keeping, const struct message *message,
                        struct place place);

/* It is over. Returns it; NULL: there is none. From here on each delivery says whom it was for. */
struct transaction *mails_end(struct mails *mails, const struct keeping *keeping, const struct smtp_event *event,
                              struct replies *replies, bool lmtp);

#endif
