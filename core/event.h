/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_EVENT_H
#define SMTP_EVENT_H

/*
 * What the session tells its shell. An event and every span in it live during the call only. Octets are named by role
 * and offset in that role's stream, so that a shell can say which frame each came from.
 */

#include "command.h"
#include "finding.h"
#include "keyword.h"
#include "line.h"
#include "reply.h"
#include "sasl.h"
#include "secret.h"
#include "span.h"
#include "tls.h"

enum smtp_role {
    SMTP_CLIENT,
    SMTP_SERVER,
};

enum smtp_event_kind {
    SMTP_EVENT_PROXY, /* a PROXY protocol header (v1 or v2) in front of the dialogue */
    SMTP_EVENT_COMMAND,
    SMTP_EVENT_REPLY_LINE,
    SMTP_EVENT_REPLY,         /* the whole reply, behind its lines */
    SMTP_EVENT_CONTENT_BEGIN, /* of a DATA or of one BDAT chunk */
    SMTP_EVENT_CONTENT,       /* a stretch of content as the receiver stores it */
    SMTP_EVENT_CONTENT_END,   /* of a DATA or of one BDAT chunk */
    SMTP_EVENT_BOUNDARY,      /* a step of STARTTLS, of AUTH, or of TLS from the beginning on */
    SMTP_EVENT_AUTH_RESPONSE, /* a client line of an AUTH exchange */
    SMTP_EVENT_TLS_HELLO,
    SMTP_EVENT_TLS_OCTETS, /* of TLS records */
    SMTP_EVENT_TRANSACTION_BEGIN,
    SMTP_EVENT_TRANSACTION_RCPT,
    SMTP_EVENT_TRANSACTION_CONTENT, /* a message belongs to the transaction */
    SMTP_EVENT_TRANSACTION_END,
    SMTP_EVENT_GAP,     /* octets of `role` are not in the capture */
    SMTP_EVENT_SKIPPED, /* octets that could not be placed */
    SMTP_EVENT_TURNED,  /* ATRN or TURN accepted: client and server change roles from here on. No members of its own */
    SMTP_EVENT_FINDING,
    SMTP_EVENT_FINDING_PROOF, /* more about the last finding of that name, from other octets */
    SMTP_EVENT_PROOF_PLACE,   /* octets that a later FINDING_PROOF may name by their offset */
};

/* Where the client's dialogue stands when it sends a command (RFC 5321 section 4.1.4). */
enum smtp_phase {
    SMTP_PHASE_CONNECT,     /* no greeting of the client was accepted yet */
    SMTP_PHASE_SESSION,     /* greeted, no mail transaction */
    SMTP_PHASE_TRANSACTION, /* MAIL was sent, no RCPT */
    SMTP_PHASE_RECIPIENTS,  /* MAIL and RCPT were sent */
    SMTP_PHASE_CHUNKS,      /* a BDAT was sent, the last one not */
};

/* "connect", "session", "transaction", "recipients", "chunks". Static memory. */
const char *smtp_phase_name(enum smtp_phase phase);

/* What a reply answers. */
enum smtp_answers {
    SMTP_ANSWERS_NOTHING,     /* nobody asked */
    SMTP_ANSWERS_GREETING,    /* the banner: it answers the connection */
    SMTP_ANSWERS_COMMAND,
    SMTP_ANSWERS_CONTENT,     /* the end of data, or of a XEXCH50 */
    SMTP_ANSWERS_RESPONSE,    /* a client's line of an AUTH exchange */
    SMTP_ANSWERS_EMPTY_LINE,  /* a line of the client with nothing in it */
    SMTP_ANSWERS_UNKNOWN,     /* a command of a gap, or one of several behind a gap: which one cannot be told */
};

struct smtp_reply {
    uint16_t code;      /* of the last line; 0 if no line had one */
    uint32_t lines;
    struct smtp_enhanced_status enhanced; /* of the last line that has one; .text is empty */
    enum smtp_answers answers;
    enum smtp_verb verb;    /* of the command it belongs to (DATA for the end of data, AUTH for a response) */
    uint32_t delivery;      /* LMTP and PRDR behind the content: which of the replies to it, from 1; else 0 */
    uint32_t place;         /* the same, where each line without a code and each hole in front of it is a reply, too */
    uint32_t recipient;     /* the recipient that such a reply is for, as far as can be told when it comes: of those that were
                               accepted, or whose replies are lost, from 1; else 0 */
    uint32_t text_lines;    /* lines without a code in front of the first that has one; all of them if none has */
    bool partial;           /* its last line was not seen */
    bool codes_differ;      /* its lines have different codes */
    bool of_token;          /* it refuses a login with a token, not with a password */
    uint16_t token_status;  /* that the challenge before it gave for that (RFC 7628 section 3.2.2); 0: none */
    bool without_code;      /* a line of it has no reply code */
    bool glued_code;        /* text follows a code directly, as in "250ok" */
    bool disorder;          /* answers UNKNOWN because a line without a code came among the replies to several commands */
};

/* Whether its lines behind the first one, and behind its text lines, are extensions of the server (RFC 5321
 * section 4.1.1.1). */
static inline bool smtp_reply_lists_extensions(const struct smtp_reply *reply)
{
    return reply->code == 250 && smtp_verb_has(reply->verb, SMTP_TRAIT_EXTENDED);
}

/* Whether it refuses an address as such (RFC 5321 section 4.2.3), and not the sender, or by policy (RFC 3463 section 3.2). */
bool smtp_reply_refuses_address(const struct smtp_reply *reply);

enum smtp_transport {
    SMTP_TRANSPORT_DATA,
    SMTP_TRANSPORT_BDAT,
    SMTP_TRANSPORT_XEXCH50, /* binary octets of Exchange, no message */
};

/* How the content ended. */
enum smtp_end_mark {
    SMTP_END_NONE,    /* it was not seen */
    SMTP_END_STRICT,  /* CRLF.CRLF, or the count of BDAT */
    SMTP_END_VARIANT, /* another mark (a bare LF or CR in it): the server answered to it, so it honoured it */
};

enum smtp_boundary {
    SMTP_BOUNDARY_STARTTLS,
    SMTP_BOUNDARY_AUTH,
    SMTP_BOUNDARY_IMPLICIT_TLS,
};

enum smtp_step {
    SMTP_STEP_OFFERED,
    SMTP_STEP_REQUESTED,
    SMTP_STEP_ACCEPTED,
    SMTP_STEP_REFUSED,
    SMTP_STEP_HANDSHAKE,
    SMTP_STEP_ESTABLISHED,
    SMTP_STEP_FAILED,
    SMTP_STEP_STARTED,
    SMTP_STEP_CHALLENGE,
    SMTP_STEP_RESPONSE,
    SMTP_STEP_REJECTED,
    SMTP_STEP_CANCELLED,
};

/* "starttls", "auth", "implicit-tls"; "offered", "requested", ... Static memory. */
const char *smtp_boundary_name(enum smtp_boundary boundary);
const char *smtp_step_name(enum smtp_step step);

enum smtp_outcome {
    SMTP_OUTCOME_UNKNOWN,    /* the deciding reply was lost, or decides nothing: it has no code, or one of 3yz */
    SMTP_OUTCOME_ACCEPTED,
    SMTP_OUTCOME_REJECTED,
    SMTP_OUTCOME_ABORTED,    /* RSET, a new greeting or MAIL, or QUIT, before the content */
    SMTP_OUTCOME_UNFINISHED, /* the capture ends first */
};

/* TRANSACTION_END: whom the replies behind the content were for, where each recipient has one (LMTP, PRDR), in order. */
enum smtp_deliveries {
    SMTP_DELIVERIES_NONE,        /* there were none, or it cannot be told */
    SMTP_DELIVERIES_OF_ACCEPTED, /* recipients whose RCPT was accepted */
    SMTP_DELIVERIES_OF_ALL,      /* those, and recipients with no reply to RCPT that decides: they were accepted, too */
};

/* "accepted", "rejected", "aborted", "unfinished"; NULL for unknown. Static memory. */
const char *smtp_outcome_name(enum smtp_outcome outcome);

/*
 * What each kind of event says, the member of struct smtp_event that has its name in small letters:
 * `event->content_end` of SMTP_EVENT_CONTENT_END. All members of that struct are set, and no other one may be read.
 */
struct smtp_proxy_event {
    struct smtp_span text; /* the header as sent: proxy.h reads it */
};

struct smtp_command_event {
    uint32_t number; /* in the session, from 1 */
    struct smtp_command parsed;
    struct smtp_line line;
    enum smtp_phase phase;     /* before it */
    struct smtp_secret secret; /* the part of the line that must not be shown */
    bool near_login; /* passwords, sent before, are to be expected again in it, even pieces of them (see known.h) */
};

struct smtp_reply_line_event {
    uint32_t index; /* of the line in its reply, from 0 */
    struct smtp_line line;
    struct smtp_reply_line parsed;
    bool is_keyword;                  /* the line is one of an accepted EHLO's extensions */
    struct smtp_keyword_line keyword; /* all zero unless `is_keyword` */
    bool near_login;                  /* as of a command */
    struct smtp_secret secret;        /* of a client, that the line quotes */
};

struct smtp_reply_event {
    uint32_t number; /* of the command that it belongs to; 0 for none */
    struct smtp_reply whole;
};

struct smtp_content_begin_event {
    uint32_t message; /* content's number in the session, from 1 */
    uint32_t number;  /* of the command sent last */
    enum smtp_transport transport;
    bool complete; /* nothing in front of it was lost */
};

struct smtp_content_event {
    uint32_t message;
    enum smtp_transport transport;
    struct smtp_span text;
};

/* Its octets are those of the end-of-data mark. */
struct smtp_content_end_event {
    uint32_t message;
    uint32_t number; /* of the command sent last */
    enum smtp_transport transport;
    enum smtp_end_mark end_mark;
    bool last;     /* of its message */
    bool complete; /* all of it was seen, from its beginning to its end */
};

struct smtp_boundary_event {
    enum smtp_boundary boundary;
    enum smtp_step step;
    uint32_t number;               /* of the command; 0 where it is none's */
    enum smtp_mechanism mechanism; /* AUTH: of the exchange; else OTHER */
    uint16_t code;                 /* AUTH: of the reply that makes the step; else 0 */
    struct smtp_span
        text; /* AUTH STARTED: the mechanism as sent; FAILED: the TLS alert; else, or where not known, empty */
    struct smtp_sasl_response sasl; /* AUTH STARTED: the initial response; all zero where there is none */
};

struct smtp_auth_response_event {
    uint32_t number; /* of the AUTH command */
    uint32_t index;  /* of the response in the exchange, from 0; an initial one counts */
    struct smtp_line line;
    enum smtp_mechanism mechanism;
    bool cancelled;                 /* it is "*" */
    struct smtp_sasl_response sasl; /* all zero if cancelled */
    struct smtp_secret secret;      /* the part of the line that must not be shown */
};

struct smtp_tls_octets_event {
    struct smtp_span text;
};

struct smtp_transaction_begin_event {
    uint32_t transaction; /* number in the session, from 1 */
    uint32_t number;      /* of MAIL; 0 if it was not seen */
};

struct smtp_transaction_rcpt_event {
    uint32_t transaction;
    uint32_t number; /* of RCPT */
    uint16_t code;   /* of its reply; 0: none was seen, or it has none */
    bool replied;    /* a reply came, with or without a code */
};

struct smtp_transaction_content_event {
    uint32_t transaction;
    uint32_t message;
};

struct smtp_transaction_end_event {
    uint32_t transaction;
    enum smtp_outcome outcome;
    uint16_t code; /* of the reply that decided; 0: none did */
    bool replied;
    enum smtp_deliveries deliveries;
    uint32_t replies; /* so many of those, from the first on, can be told to be for whom */
    bool in_place;    /* a line without a code or a hole among them is a reply of its own: the replies' `place` counts */
};

struct smtp_gap_event {
    uint64_t content; /* so many of the octets, or of those up to its end, are of a message */
    bool more;        /* what else of it may be among them nothing says */
};

struct smtp_skipped_event {
    struct smtp_span text;
    struct smtp_line line;     /* where it is a line, or its beginning; else all zero */
    bool opaque;               /* under a security layer of SASL, so nobody can read it */
    struct smtp_secret secret; /* the part of the text that must not be shown (the client's) */
    bool near_login;           /* as of a command */
};

struct smtp_finding_event {
    enum smtp_finding finding;
    bool of_offer; /* what the server's last reply to a greeting says proves it, too */
    const char *detail;
};

struct smtp_finding_proof_event {
    enum smtp_finding finding;
    const char *detail;
};

struct smtp_proof_place_event {
    enum smtp_finding finding;
};

struct smtp_event {
    enum smtp_event_kind kind;
    enum smtp_role role; /* who sent the octets */
    bool encrypted;      /* the octets came out of TLS */
    uint64_t offset;     /* of the first octet, in the role's stream, from 0 */
    uint64_t octets;     /* that the event covers; 0 where it marks a place between octets */
    union {
        struct smtp_proxy_event proxy;
        struct smtp_command_event command;
        struct smtp_reply_line_event reply_line;
        struct smtp_reply_event reply;
        struct smtp_content_begin_event content_begin;
        struct smtp_content_event content;
        struct smtp_content_end_event content_end;
        struct smtp_boundary_event boundary;
        struct smtp_auth_response_event auth_response;
        struct smtp_tls_hello tls_hello;
        struct smtp_tls_octets_event tls_octets;
        struct smtp_transaction_begin_event transaction_begin;
        struct smtp_transaction_rcpt_event transaction_rcpt;
        struct smtp_transaction_content_event transaction_content;
        struct smtp_transaction_end_event transaction_end;
        struct smtp_gap_event gap;
        struct smtp_skipped_event skipped;
        struct smtp_finding_event finding;
        struct smtp_finding_proof_event finding_proof;
        struct smtp_proof_place_event proof_place;
    };
};

/* Where events go. */
struct smtp_sink {
    void (*event)(void *context, const struct smtp_event *event);
    void *context;
};

#endif
