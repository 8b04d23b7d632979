/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RECORD_H
#define SMTPSCOPE_RECORD_H

/*
 * What is kept of a session until it is printed: the facts of CONTRACT's `session` record, and, where a transcript is asked
 * for, every line of it. All text lives in the record and goes with it.
 */

#include "account.h"
#include "arena.h"
#include "event.h"
#include "labels.h"
#include "message.h"
#include "place.h"
#include "proxied.h"
#include "proxy.h"
#include "tcp.h"
#include "timing.h"
#include "tls_connection.h"
#include "tls_seen.h"

/* Every span below is a copy in the record's memory. Where "there is none" must be told from "empty", `octets` is NULL. */

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
    const struct login *login; /* NULL: none */
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

struct gap {
    GList link;
    enum smtp_role from;
    uint64_t octets, after_frame;
};

/* What became of TLS beside what stands in clear of it. */
struct tls_read {
    bool decrypted;                   /* what follows the handshake is in the record, as far as the keys go */
    enum tls_reason reason;           /* why not, or not all; NONE also where nobody tried */
    const struct tls_seen *handshake; /* NULL: nothing of it was seen */
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
    struct account account;
    struct labels *labels;
    struct item *data;                /* the content coming in */
    struct message *content;          /* and its message */
    GQueue lines;                     /* struct record_line: of the reply coming in */
    bool gap, complete;
    GList *last_item[2];              /* by role; NULL: there is none */
    GList *before_data;               /* the item of the client in front of the content coming in; NULL: there is none */
    const struct record_line *untold; /* of the reply coming in, the first line that is in no part; NULL: there is none */
    uint64_t untold_last_frame;       /* of the last octet of it */
    unsigned told;                    /* lines of it that are in parts */
    struct item *parts;               /* the last of them, by `whole` the one before; NULL: there are none */
    struct item *starttls_item;       /* the last STARTTLS that was accepted; NULL: none, or items are not kept */

    /* The facts. */
    struct lazy_arena message_arena;  /* the worker's: what it learns of messages */
    GQueue messages;                  /* struct message, by number */
    GQueue over;  /* struct transaction; those that are over, and wait for the number of the session */
    GQueue items; /* struct item, in order; empty without keep_items */
    GQueue gaps;                      /* struct gap */
    uint64_t gap_octets;              /* of all of them */
    struct conflicts *conflicts;      /* of the client's stream; NULL: there are none */
    struct timing *timing;            /* NULL: not asked for */
    const char *proxy;                /* "SOCKS5": its handshake stands in front of the dialogue; NULL: none does */
    struct smtp_span proxy_target;    /* whom the client asked it for */
    struct smtp_proxy_header balancer; /* PROXY protocol; `version` 0: no header was seen; its spans are empty */
    struct tls_read tls_read;

    uint64_t id;
    const char *(*capture_name)(void *context, unsigned index); /* by the worker, too */
    void *capture_context;
    unsigned precision;
    struct tcp_connection connection; /* a copy, made when the session ends */
    int client_half;                  /* which half of it is the client */
    enum tcp_end end;
};

/* `pool`, `labels` and `options` must outlive the record. */
struct record *record_new(struct arena_pool *pool, struct labels *labels, const struct record_options *options);

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

/* "accepted", "rejected", "cancelled", "unfinished". */
const char *record_login_result(const struct login *login);

#endif
