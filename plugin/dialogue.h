/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_DIALOGUE_H
#define ESMTP_DIALOGUE_H

/*
 * One conversation: puts the octets of the dissector's calls in order, recognises SMTP, feeds the core, and finds the facts
 * of a call again when its frame is shown later.
 */

#include "conversation.h"
#include "facts.h"
#include "stream.h"

struct dialogue {
    struct dialogue *next;        /* of all */
    conversation_t *conversation;
    struct dialogue *saved;       /* as it was before it was brought to an end, while that is provisional */
    uint32_t number;              /* of its session, from 1 */
    uint32_t first_frame;
    bool handed;                  /* TLS takes what follows */
    address opener;
    struct stream stream;
    uint64_t offset[2];           /* of the next octet of each half */
    struct smtp_conversation smtp;
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

/* It is not SMTP. */
static inline bool dialogue_is_refused(const struct dialogue *dialogue)
{
    return dialogue->smtp.state == SMTP_CONVERSATION_REFUSED;
}

static inline enum smtp_role dialogue_role(const struct dialogue *dialogue, unsigned half)
{
    return smtp_conversation_role(&dialogue->smtp, (int)half);
}

static inline unsigned dialogue_half(const struct dialogue *dialogue, enum smtp_role role)
{
    return (unsigned)smtp_conversation_half(&dialogue->smtp, role);
}

#endif
