/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_FACTS_H
#define ESMTP_FACTS_H

/*
 * What the core said, kept for each frame. Wireshark shows packets in any order after the first pass; then these facts are
 * all that is looked at. They live as long as the capture file. A fact may learn more later (the reply to a command).
 */

#include "wireshark_compat.h"

#include "account.h"

struct call;
struct dialogue;

enum fact_kind {
    FACT_COMMAND,
    FACT_RESPONSE, /* a client's line in an AUTH exchange */
    FACT_REPLY,
    FACT_CONTENT,  /* octets of message content in this piece */
    FACT_END,      /* the content, or a chunk of it, ends here */
    FACT_PART,     /* octets of a unit that is completed, and shown, in another frame */
    FACT_BOUNDARY,
    FACT_HELLO,    /* of TLS */
    FACT_TLS,      /* octets of TLS records */
    FACT_GAP,
    FACT_SKIPPED,
    FACT_PROXY,
    FACT_TURNED,
    FACT_FINDING,
    FACT_PROOF,    /* of a finding in another frame */
};

struct fact {
    struct fact *next;
    struct piece *piece;  /* on which it hangs */
    uint64_t offset;      /* of its first octet in the half-stream */
    uint32_t octets;
    uint8_t kind;         /* enum fact_kind */
    uint8_t role;         /* enum smtp_role */
    bool encrypted;
    bool hidden;          /* SKIPPED: a secret may stand in them */
    bool opaque;          /* SKIPPED: under a security layer */
};

/* Octets of one half-stream that came in one call of the dissector, and what they are. */
struct piece {
    struct piece *next;   /* of the same call */
    struct call *call;
    uint64_t offset;      /* in the half-stream */
    uint32_t skip;        /* in the call's buffer */
    uint32_t length;
    struct fact *first, *last;
};

/* Who calls the dissector. */
enum call_parent {
    CALL_FROM_TCP,   /* with sequence numbers */
    CALL_FROM_TLS,
    CALL_FROM_OTHER, /* who puts octets in order */
};

/* One call of the dissector in a frame. */
struct call {
    struct call *next;    /* in the same frame */
    struct dialogue *dialogue;
    int64_t time;         /* of the frame, nanoseconds */
    uint32_t frame;
    uint32_t key, length; /* what tells it from other calls in the frame */
    uint8_t parent;       /* enum call_parent */
    uint8_t half;
    bool tls;             /* its octets are handed on to TLS */
    bool any;             /* there is a piece; else its octets came before */
    struct piece piece;   /* the first one, mostly the only one */
};

/* Text whose end may be a secret. */
struct secret_part {
    uint32_t octets;      /* of it, at the line's end; 0: there is none */
    uint32_t label;       /* equal secrets have equal labels */
    uint8_t kind;         /* enum smtp_secret_kind */
};

/* Octets as they may be shown, where secrets are hidden in them: "[secret-1]" stands in their place. */
struct masked {
    const uint8_t *octets; /* NULL: nothing is hidden */
    uint32_t length;
};

/* What few lines have. */
struct line_extra {
    const uint8_t *copy;  /* its octets, where they are not all in one piece */
    struct masked masked; /* without its line end */
    struct fact *end;     /* COMMAND: of the content behind it */
    const char *identity; /* that it reveals; NULL: none */
    const char *secret;   /* that it reveals; NULL: none */
    struct secret_part hidden;
};

struct line_fact { /* COMMAND, RESPONSE */
    struct fact fact;
    struct line_extra *extra; /* NULL: nothing */
    struct fact *reply;   /* NULL: none was seen */
    const struct transaction *transaction;
    uint32_t number;      /* COMMAND: in the session; RESPONSE: of the command */
    uint32_t text;        /* octets without the line end */
    uint8_t verb, phase, line_end;
    bool cancelled, malformed;
};

struct reply_fact {
    struct fact fact;
    const uint8_t *copy;
    struct masked masked;
    struct fact *request; /* what it answers: command, response or end of content; NULL: unknown */
    const struct transaction *transaction;
    uint32_t number;      /* of the command that it belongs to; 0: none */
    uint32_t ordinal;     /* its own number in the session */
    uint32_t lines, text_lines, recipient;
    uint16_t code, subject, detail; /* of the enhanced status the latter two */
    uint8_t class_digit;  /* of the enhanced status; 0: there is none */
    uint8_t answers, verb; /* enum smtp_answers, enum smtp_verb */
    uint8_t line_end;
    bool partial, codes_differ, disorder;
    bool of_token;        /* it refuses a token */
    uint16_t token_status;
    bool extensions;      /* its lines are the extensions of an EHLO */
    bool challenge;
};

/* Content stands in memory in stretches, each behind the one before it. */
struct end_fact;

struct stretch {
    struct stretch *next;
    uint32_t octets;
    uint8_t content[];
};

struct message {
    struct message *before; /* in the session */
    uint32_t number;
    uint64_t octets;
    uint64_t missing;     /* octets in holes */
    struct stretch *first, *last;
    uint32_t first_frame, last_frame;
    uint8_t transport;    /* enum smtp_transport */
    bool broken, ended;
    const struct end_fact *end; /* of its last chunk so far, or its own */
    const struct transaction *transaction;
};

struct content_fact { /* CONTENT */
    struct fact fact;
    uint32_t stored;      /* octets of it that a receiver stores */
    struct message *message;
};

struct gap_fact {
    struct fact fact;
    uint64_t missing;
};

struct end_fact {
    struct fact fact;
    struct message *message;
    struct fact *reply;
    uint32_t number;      /* of the command */
    uint8_t mark;         /* enum smtp_end_mark */
    bool last, complete;
};

struct part_fact {
    struct fact fact;
    struct fact *whole;
};

struct boundary_fact {
    struct fact fact;
    const char *mechanism; /* NULL: none, or not seen */
    const char *identity;
    const char *note;      /* TLS alert */
    uint32_t number;
    uint8_t boundary, step;
};

struct hello_fact {
    struct fact fact;
    const char *name, *alpn; /* NULL: none */
    uint16_t version;
    bool client;
};

struct finding_fact {
    struct fact fact;
    const struct finding *finding;
    const char *detail;
};

struct proof_fact {
    struct fact fact;
    const struct finding *finding;
    const char *detail;
};

/* What the sink remembers of a dialogue. */
struct facts {
    struct account *account;     /* NULL until the session begins */
    struct reply_fact *reply;    /* the last one */
    uint32_t replies;            /* so far */
    struct fact *unit[2];        /* the last line or reply of each role */
    struct message *message;     /* the last one */
    uint8_t *reply_octets;       /* of the reply coming in */
    uint32_t reply_length, reply_capacity;
    bool shared; /* the buffer belongs to a copy of this struct: not to be changed */
    bool reply_near_login;
    bool reply_extensions;
    uint8_t reply_end;
    /* Where octets came in: for each half by offset. */
    struct piece **pieces[2];
    uint32_t piece_count[2], piece_capacity[2];
};

/* The capture file is new: forgets what is numbered over all sessions. */
void facts_reset(void);

/*
 * Octets of a half came in this call, `skip` octets behind its beginning. Pieces of a half come in the order of their
 * offsets.
 */
void facts_add_piece(struct facts *facts, unsigned half, struct call *call, uint64_t offset, uint32_t skip, uint32_t length);

/* The piece in which the octet at `offset` came; the nearest one if it is not in any. NULL if there is none at all. */
struct piece *facts_piece(const struct facts *facts, unsigned half, uint64_t offset);

/* The session begins: the account of it. */
void facts_begin(struct dialogue *dialogue);

/* Takes an event of the core. */
void facts_event(struct dialogue *dialogue, const struct smtp_event *event);

/* The facts that were learned since this was called last; an array of pointers, valid until then. */
struct fact *const *facts_fresh(unsigned *count);
void facts_forget_fresh(void);

/* What is changed from here on can be undone. */
void facts_begin_provisional(void);
void facts_end_provisional(void);
/* Undoes it. */
void facts_roll_back(void);

/* Memory, all zero, that lives as long as the capture file and is never given back before. */
void *facts_memory(size_t octets);

/* The first piece of a call; NULL if there is none. */
static inline const struct piece *call_pieces(const struct call *call)
{
    return call->any ? &call->piece : NULL;
}

/* Whether all of a message is there, and it may be passed on. */
static inline bool message_is_whole(const struct message *message)
{
    return message->ended && !message->broken && message->transport != SMTP_TRANSPORT_XEXCH50;
}

static inline struct secret_part line_hidden(const struct line_fact *line)
{
    return line->extra != NULL ? line->extra->hidden : (struct secret_part){ .octets = 0 };
}

static inline struct masked line_masked(const struct line_fact *line)
{
    return line->extra != NULL ? line->extra->masked : (struct masked){ .octets = NULL };
}

static inline const uint8_t *line_copy(const struct line_fact *line)
{
    return line->extra != NULL ? line->extra->copy : NULL;
}

static inline struct smtp_enhanced_status reply_enhanced(const struct reply_fact *reply)
{
    return (struct smtp_enhanced_status){ .present = reply->class_digit != 0, .class_digit = reply->class_digit,
                                          .subject = reply->subject, .detail = reply->detail };
}

/* The frame on which a fact hangs, and its time. */
static inline uint32_t fact_frame(const struct fact *fact)
{
    return fact->piece->call->frame;
}

static inline int64_t fact_time(const struct fact *fact)
{
    return fact->piece->call->time;
}

#endif
