/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RECORD_H
#define SMTPSCOPE_RECORD_H

/*
 * What is kept of a session until it is printed: the facts of CONTRACT's `session` record, and, where a transcript is asked
 * for, every line of it. All text lives in the record and goes with it.
 */

#include "arena.h"
#include "event.h"
#include "known.h"
#include "message.h"
#include "place.h"
#include "proxied.h"
#include "proxy.h"
#include "refusals.h"
#include "secrets.h"
#include "tcp.h"
#include "timing.h"
#include "tls_connection.h"
#include "tls_seen.h"

/* Every span below is a copy in the record's memory. Where "there is none" must be told from "empty", `octets` is NULL. */

/* Text whose end may be a secret. What is repeated of others is masked in `before`, unless secrets are shown. */
struct guarded {
    struct smtp_span before;     /* may be shown */
    struct smtp_span secret;     /* must not, without --show-secrets */
    unsigned label;  /* its number, 0: there is no secret */
};

/* A piece of what could not be placed. Where one was hidden, all that follow without text between them are it, too. */
struct skipped_piece {
    GList link;
    struct guarded text;
};

/* Of octets that could not be placed and stand together, so many are kept and shown. */
#define SKIPPED_KEPT ((uint64_t)65536)

/* A line of a reply, of which there may be millions: no larger than it must be. */
struct record_line {
    GList link;
    const struct place *place; /* of a frame's lines those behind the first have the first one's */
    uint32_t length, behind;   /* octets of the line without its end; those of its code and separator */
    enum smtp_line_end end;
    uint8_t octets[];
};

static inline struct smtp_span record_line_text(const struct record_line *line)
{
    return smtp_span(line->octets, line->length);
}

/* What is said behind the code. */
static inline struct smtp_span record_line_words(const struct record_line *line)
{
    return smtp_span_from(record_line_text(line), line->behind);
}

enum item_kind {
    ITEM_COMMAND,
    ITEM_RESPONSE, /* a client line of an AUTH exchange */
    ITEM_REPLY,
    ITEM_REPLY_PART, /* lines of a reply that came before what stands behind them, and the others later */
    ITEM_DATA,     /* the content of DATA, or one BDAT chunk */
    ITEM_BOUNDARY,
    ITEM_GAP,
    ITEM_SKIPPED,
    ITEM_PROXY,
    ITEM_TURNED,
};

/* There may be millions: what only some kinds have shares its place with what others have. */
struct item {
    GList link;
    enum item_kind kind;
    enum smtp_role role;
    struct place place;  /* of its first octet */
    uint64_t last_frame; /* of its last one */
    uint64_t offset;     /* of the first in the stream */
    enum smtp_line_end line_end;
    bool encrypted; /* it came out of TLS */
    enum smtp_boundary boundary; /* BOUNDARY, RESPONSE; and the following two */
    enum smtp_step step;
    const struct auth *auth; /* NULL: none */
    uint64_t octets;         /* DATA, GAP, SKIPPED, PROXY */
    union {
        struct { /* COMMAND, RESPONSE */
            enum smtp_verb verb;
            enum smtp_phase phase;
            enum smtp_mechanism mechanism;
            bool cancelled, malformed;
            bool answered;
            struct smtp_span word;               /* as sent */
            struct guarded line;
            struct smtp_span decoded;            /* what a response says, where it is no secret */
            uint64_t reply_frame;
            int64_t reply_time;      /* nanoseconds since 1970 */
        };
        struct { /* REPLY, REPLY_PART */
            struct smtp_reply reply;
            GQueue lines;            /* struct record_line */
            struct item *whole;      /* REPLY_PART: the reply */
            const GList *lines_here; /* of the lines, the first one that stands here; NULL: none does */
            unsigned first_line, end_line; /* from 0; the lines that stand here, the others are in parts of their own */
            bool has_command;        /* `command_frame` and `command_time` are known */
            uint64_t command_frame;
            const struct recipient *recipient; /* that it is for (LMTP, PRDR); NULL: none, or it cannot be told */
            uint64_t answered_frame; /* of the response, or of the end of the content, that it answers; 0: of the command */
            int64_t command_time;    /* of what it answers */
        };
        struct { /* DATA, GAP */
            enum smtp_transport transport;
            enum smtp_end_mark end_mark;
            struct message *message; /* belongs to the record */
            bool complete, last;
            bool in_content;         /* GAP: the whole content shows it in its place */
        };
        struct { /* BOUNDARY */
            struct smtp_span note;   /* TLS alert */
            bool clear_behind;       /* STARTTLS accepted: clear text follows, and no handshake */
        };
        struct smtp_span text;       /* PROXY */
        struct { /* SKIPPED */
            bool opaque;             /* under a security layer: `skipped` is empty */
            GQueue skipped;          /* struct skipped_piece */
            uint64_t skipped_kept;   /* octets in them */
        };
    };
};

struct auth {
    GList link;
    struct smtp_span mechanism;          /* octets NULL: not seen, or no name of a mechanism */
    struct smtp_span identity;           /* octets NULL: not seen */
    struct smtp_span secret;             /* octets NULL: none revealed */
    enum smtp_step result;   /* ACCEPTED, REJECTED, CANCELLED; STARTED while unfinished */
    uint16_t code;
    uint64_t frame;
    bool denied;             /* for its user or password */
    struct place result_place; /* of the reply that decided; frame 0: none did */
    uint32_t command;
    bool encrypted;          /* it came out of TLS */
};

struct recipient {
    GList link;
    struct smtp_span address;
    uint16_t code;           /* 0: no reply was seen */
    struct smtp_span enhanced;           /* octets NULL: none */
    struct smtp_span text;
    uint16_t delivery_code;  /* LMTP, PRDR: of the reply for it behind the content; 0: none was seen */
    struct smtp_span delivery_enhanced; /* octets NULL: none */
    struct smtp_span delivery_text;
};

/* LMTP, PRDR: a reply behind the content, until it is known whom it is for. */
struct recipient_reply {
    GList link;
    uint32_t number, place; /* as struct smtp_reply has them */
    uint16_t code;
    struct smtp_span enhanced; /* octets NULL: none */
    struct smtp_span text;
    struct item *item;         /* NULL without items */
};

struct transaction {
    GList link, over_link;
    uint32_t id;             /* in its session, from 1 */
    bool mail_seen;
    struct smtp_span mail_from;
    GQueue recipients;       /* struct recipient */
    enum smtp_outcome outcome;
    uint16_t code;
    struct smtp_span enhanced, reply;
    bool delivered;          /* each recipient has a reply behind the content (PRDR, and LMTP) */
    struct message *message;
    struct place place;      /* of MAIL; frame 0: it was not seen */
    struct place first;      /* of MAIL; where that was not seen, of the first that was. frame 0: of nothing */
    struct place last;       /* of the reply that ended it; without one, of the last that was seen of it */
    struct smtp_span helo;   /* the client's name when it began; octets NULL: none was seen */
    bool in_tls;             /* it was read under TLS */
    bool lmtp;               /* each recipient has a reply of its own behind the content */
    bool indexed;            /* the worker's: its mail has its name, and its record is in the index */
};

/* Another frame that proves a finding. */
struct proof {
    GList link;
    struct place place;
};

struct finding {
    GList link;
    enum smtp_finding finding;
    struct place place;
    GQueue proofs;    /* struct proof */
    struct smtp_span detail;
};

struct gap {
    GList link;
    enum smtp_role from;
    uint64_t octets, after_frame;
};

struct tls {
    bool seen, implicit;
    bool decrypted;          /* what follows the handshake is in the record, as far as the keys go */
    enum tls_reason reason;  /* why not, or not all; NONE also where nobody tried */
    uint16_t client_version, server_version; /* 0: not seen */
    uint16_t cipher;         /* the suite that the server chose; 0: not seen */
    struct smtp_span sni, alpn;
    const struct tls_seen *handshake; /* NULL: nothing of it was seen */
    uint64_t first_frame;
    uint64_t octets[2];      /* by role */
};

/* Whether the dialogue is under TLS: the one answer of all outputs. */
enum protection {
    PROTECTION_NONE,     /* what was seen last is in clear */
    PROTECTION_NOT_SEEN, /* STARTTLS was accepted, and nothing behind it is in the capture */
    PROTECTION_TLS,      /* a handshake was seen, and did not fail */
};

struct starttls {
    bool offered, requested, accepted, refused;
    struct place offer;     /* the first one */
    struct place place;     /* of the reply that accepted it; this and the following only where it was */
    struct smtp_span reply; /* its lines, the codes left out */
    uint16_t code;
    struct smtp_span helo;  /* the client's name then; octets NULL: none was seen */
};

/* A line of text that is one of several. */
struct text_line {
    GList link;
    struct smtp_span text;
};

struct record;

struct record_options {
    bool items; /* every line is wanted, not just the facts */
    bool timing; /* delays are to be measured */
    bool show_secrets; /* those that are repeated, too */
    struct message_options message;
    /* A transaction is over, and all of its message came: nothing of it will change. NULL: nobody wants to know before the session ends. */
    void (*over)(void *context, struct record *record, struct transaction *transaction);
    void *context;
};

struct record {
    /* While it is being made. What most events need stands in front, in few lines of the processor's cache. */
    struct arena *arena; /* the record itself lies in it */
    const struct record_options *options;
    struct place (*locate)(void *context, enum smtp_role role, uint64_t offset);
    void *locate_context;
    struct sent *sent;                /* the last commands: a ring of `sent_capacity` */
    uint32_t sent_capacity, answered; /* `answered`: number of the last command that a reply was for */
    struct item *data;                /* the content coming in */
    struct message *content;          /* and its message */
    uint64_t commands, replies;
    GQueue lines;                     /* struct record_line: of the reply coming in */
    struct smtp_known known;          /* the secrets that were sent: either side may repeat them */
    unsigned last_label; /* of a secret */
    struct smtp_span last_reply;      /* octets NULL: nobody wanted it yet */
    uint16_t last_code;
    struct smtp_enhanced_status last_enhanced;
    bool last_of_token;
    uint16_t last_token_status;
    size_t reply_octets;              /* of the text of the last reply, or the one coming in */
    unsigned reply_lines;
    bool reply_begins;                /* the next line is another reply's */
    bool lmtp, quit, gap, complete, banner_seen, helo_seen;
    bool behind_starttls;             /* it was accepted, and no handshake failed since */
    uint8_t protection;               /* enum protection: now, in the end of the session */
    uint16_t refusal_code;
    uint16_t verdict_code;            /* LMTP: of the reply that decides on the message */
    char reply_short[120];            /* it, if it fits */
    GString *reply_long;              /* else; NULL until one was long */
    struct secrets *secrets;
    struct greeting {
        uint32_t number;              /* of the command; 0: none */
        enum smtp_verb verb;
        struct smtp_span name;
    } greetings[2];                   /* the last greetings without a reply, the newer one first */
    GQueue new_extensions;            /* struct text_line */
    struct smtp_span refusal, refusal_enhanced;
    struct smtp_span verdict, verdict_enhanced;
    GList *last_item[2];              /* by role; NULL: there is none */
    GList *before_data;               /* the item of the client in front of the content coming in; NULL: there is none */
    const struct record_line *untold; /* of the reply coming in, the first line that is in no part; NULL: there is none */
    uint64_t untold_last_frame;       /* of the last octet of it */
    unsigned told;                    /* lines of it that are in parts */
    struct item *parts;               /* the last of them, by `whole` the one before; NULL: there are none */
    struct item *response;            /* the response that waits for its reply */
    GQueue deliveries;                /* struct recipient_reply: of the content at hand */
    struct {
        uint64_t offset;
        struct place place;
    } proof_place[SMTP_SERVER + 1];   /* by role; of PROOF_PLACE */
    struct item *starttls_item;       /* the last STARTTLS that was accepted; NULL: none, or items are not kept */
    GString *scratch;                 /* NULL until it is needed */

    /* The facts. */
    struct lazy_arena message_arena;  /* the worker's: what it learns of messages */
    GQueue messages;                  /* struct message, by number */
    GQueue transactions;              /* struct transaction, by id */
    GQueue over;                      /* those of them that are over, and wait for the number of the session */
    GQueue items;                     /* struct item, in order; empty without keep_items */
    GQueue auths;                     /* struct auth */
    GQueue findings;                  /* struct finding */
    uint32_t *findings_beyond;        /* by name, how many were not kept; NULL: none */
    struct finding *gap_findings[2];  /* by role: the one that stands for all holes; NULL: there is none */
    GQueue gaps;                      /* struct gap */
    uint64_t gap_octets;              /* of all of them */
    GQueue extensions;                /* struct text_line; of the last EHLO reply in clear, before TLS */
    GQueue tls_extensions;            /* of the last one behind STARTTLS, where it can be read */
    bool extensions_seen, tls_extensions_seen;
    GQueue earlier_extensions;        /* struct text_line; of EHLO replies in clear before the last, each different one once */
    GQueue earlier_tls_extensions;    /* the same for those behind STARTTLS */
    uint32_t extensions_beyond;       /* lines of them that were not kept */
    uint16_t banner_code;
    struct smtp_span banner;
    enum smtp_verb helo_verb;
    struct smtp_span helo;
    struct starttls starttls;
    bool turned;                      /* ATRN or TURN: the server is the client now. What it announced is kept from before. */
    struct starttls starttls_before_turn;
    struct place related[SMTP_RELATED_COUNT]; /* what may prove a finding later, but for denials */
    struct refusals *refusals;        /* NULL: the server said no to nothing */
    struct conflicts *conflicts;      /* of the client's stream; NULL: there are none */
    uint32_t accepted_addresses;      /* RCPT, VRFY and EXPN that the server accepted */
    struct timing *timing;            /* NULL: not asked for */
    const char *proxy;                /* "SOCKS5": its handshake stands in front of the dialogue; NULL: none does */
    struct smtp_span proxy_target;    /* whom the client asked it for */
    struct smtp_proxy_header balancer; /* PROXY protocol; `version` 0: no header was seen; its spans are empty */
    struct tls tls;

    uint64_t id;
    const char *(*capture_name)(void *context, unsigned index); /* by the worker, too */
    void *capture_context;
    unsigned precision;
    struct tcp_connection connection; /* a copy, made when the session ends */
    int client_half;                  /* which half of it is the client */
    enum tcp_end end;
};

/* `pool`, `secrets` and `options` must outlive the record. */
struct record *record_new(struct arena_pool *pool, struct secrets *secrets, const struct record_options *options);

/* By the worker: its jobs may still be at the record's messages. */
void record_free(struct record *record);

/* Events come soon: asks for the memory that they need, in steps 1 and 2 (see tcp_consumer.expect). */
void record_expect(const struct record *record, int step);

/* The dialogue goes through a proxy. */
void record_proxied(struct record *record, const struct smtp_proxied *handshake);

/* The session has its number. */
void record_numbered(struct record *record);

/* Takes one event of the session. */
void record_event(struct record *record, const struct smtp_event *event);

/*
 * Adds a finding that the core cannot see. `detail` is copied; `proof` is another frame that proves it, or zeros. Of one name so many
 * are kept, of the others it is said how many there are.
 */
#define FINDINGS_KEPT 100u
void record_finding(struct record *record, enum smtp_finding finding, struct place place, struct place proof,
                    const char *detail);

/* What the handshake of TLS told. */
void record_tls(struct record *record, const struct tls_facts *facts);

/* The client's stream was captured with two contents there: no mail that it is in is complete. */
void record_conflict(struct record *record, uint64_t offset, uint64_t octets);

/* What the connection's packets say cannot all be true: nor is the mail complete that is under way. */
void record_contradiction(struct record *record);

/* The session is over: what hangs on its end is worked out. From then on the record may be handed to the worker. */
void record_finish(struct record *record, const struct tcp_connection *connection, enum tcp_end end);

/*
 * The next link of one of a record's lists. Any of them may be very long: now and then what was looked at is taken out of memory again
 * (arena_pool_cool).
 */
const GList *record_next(const struct record *record, const GList *link);

/* Behind record_finish: what is kept of it counts for the pool from now on. */
void record_settle(struct record *record);

/* By the worker, before the record is printed: the findings that need the messages' headers. */
void record_conclude(struct record *record);

/* The name of a capture, by its index. */
const char *record_capture(const struct record *record, unsigned index);

/* Octets that it takes, those in its arena aside. */
size_t record_memory(const struct record *record);

/* A handshake was tried and did not get through: nothing is hidden by it. */
bool record_tls_failed(const struct record *record);

/* The session goes on under TLS, and what is said there cannot be read. */
bool record_is_hidden(const struct record *record);

/* STARTTLS was accepted, and no TLS is in the capture: it never began, or who wrote the capture decrypted it. */
bool record_lacks_tls(const struct record *record);

/* "none", "offered", "requested", "accepted", "refused"; NULL: what the server offered is not in the capture. */
const char *record_starttls(const struct record *record);

/* What became of STARTTLS while the server was the server. */
const struct starttls *record_server_starttls(const struct record *record);

/* "accepted", "rejected", "cancelled", "unfinished". */
const char *record_auth_result(const struct auth *auth);

#endif
