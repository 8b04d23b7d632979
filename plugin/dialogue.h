/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_DIALOGUE_H
#define ESMTP_DIALOGUE_H

/*
 * One conversation: puts the octets of the dissector's calls in order, recognises SMTP, feeds the core, and finds the facts
 * of a call again when its frame is shown later.
 */

#include "facts.h"
#include "feeder.h"
#include "stream.h"
#include "waiting.h"

enum dialogue_state {
    DIALOGUE_UNDECIDED,
    DIALOGUE_ACCEPTED,
    DIALOGUE_REFUSED, /* not SMTP */
};

struct dialogue {
    struct dialogue *next;        /* of all */
    conversation_t *conversation;
    struct dialogue *saved;       /* as it was before it was brought to an end, while that is provisional */
    uint32_t number;              /* of its session, from 1 */
    uint32_t first_frame;
    uint8_t state;                /* enum dialogue_state */
    bool believed;                /* somebody said that it is SMTP: a port, or TLS */
    bool opener_known, middle;
    bool decrypted;               /* its octets come out of TLS by now */
    bool handed;                  /* TLS takes what follows */
    address opener;
    uint16_t port[2];             /* of each half; half 0 is the opener's */
    uint16_t believed_port;
    struct stream stream;
    struct waiting waiting[2];
    uint64_t offset[2];           /* of the next octet of each half */
    struct smtp_feeder feeder;    /* without a session until it was recognised */
    struct facts facts;
};

/* How a dissector was called. */
struct dialogue_input {
    tvbuff_t *tvb;
    packet_info *pinfo;
    void *data;       /* as TCP passes it */
    enum call_parent parent;
    bool believed;    /* not by heuristics */
};

/* The capture file is new. */
void dialogue_reset(void);

/*
 * The call that the input is, in the facts: taken into the dialogue if the frame is seen for the first time, found again if not.
 * NULL if it cannot be SMTP, or nothing is known of it.
 */
struct call *dialogue_take(const struct dialogue_input *input);

/* Whether the first octets of TLS stand in the input and are not whole: how many more are needed (DESEGMENT_ONE_MORE_SEGMENT). 0: no. */
uint32_t dialogue_wants_more(const struct dialogue_input *input);

/* The dialogue of the packet's conversation; NULL if there is none. */
struct dialogue *dialogue_of(packet_info *pinfo);

static inline enum smtp_role dialogue_role(const struct dialogue *dialogue, unsigned half)
{
    return smtp_feeder_role(&dialogue->feeder, (int)half);
}

static inline unsigned dialogue_half(const struct dialogue *dialogue, enum smtp_role role)
{
    return (unsigned)smtp_feeder_half(&dialogue->feeder, role);
}

#endif
