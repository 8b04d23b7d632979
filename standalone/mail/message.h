/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MESSAGE_H
#define SMTPSCOPE_MESSAGE_H

/*
 * One message on its way through: its digest, its size, the first of its octets for the header, the file it goes to. What costs time
 * is done by the worker; what it fills in is there for jobs that are posted behind message_finish.
 */

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "event.h"
#include "header_fields.h"
#include "header_filter.h"
#include "mime.h"
#include "outfile.h"
#include "place.h"
#include "worker.h"

/* What is wanted of messages, beside their headers. */
struct message_options {
    bool digest;
    bool attachments; /* are looked for */
    bool parts;       /* and go to files, too */
    bool content; /* all of it, as a list of pieces */
    bool fields;  /* of the header as they were sent, not what they say to people */
    struct outdir *directory; /* each goes to a file there; NULL: none */
    struct worker *worker;
    struct arena_pool *pool;
};

struct message_piece {
    GList link;
    struct smtp_span octets; /* empty: a hole */
    uint64_t missing;        /* of so many octets */
};

/* What of the content is not in the capture. */
struct message_hole {
    GList link;
    uint64_t offset; /* octets of the content that were captured in front of it; MESSAGE_UNKNOWN: nothing says where it is */
    uint64_t octets; /* of the stream that are missing there; MESSAGE_UNKNOWN: nothing says how many */
};

#define MESSAGE_UNKNOWN UINT64_MAX

struct message {
    GList link;
    struct arena *home; /* it lies there */
    struct lazy_arena *common; /* the worker's, of all messages of a session */
    const struct message_options *options;
    uint32_t number; /* in its session, from 1 */
    enum smtp_transport transport;
    enum smtp_end_mark end_mark;
    uint64_t octets;
    bool broken;          /* a chunk of it is not whole */
    bool ended;           /* its end was seen */
    bool finished;        /* message_finish was called */
    bool complete;        /* known from then on */
    bool contradicted;    /* something else was captured in the place of some of it: it is not complete (from
                             record_conclude on) */
    uint64_t begins, ends;      /* where it stands in the client's stream; `ends` is 0 while it goes on */
    struct place place;         /* of its first octet */
    uint64_t last_frame;        /* of its last one */
    GQueue missing;       /* struct message_hole */
    bool header_cut;      /* of its fields not all was kept (header_filter.h) */
    bool header_ended;    /* the empty line behind it was seen */
    struct header_filter *header; /* NULL once the worker has what it keeps */

    /* The worker's. */
    atomic_size_t heap;   /* octets that it has outside of arenas while the content comes in; for any thread */
    char *sha256;         /* hex, of what was captured of it; NULL unless wanted */
    struct digest *digest; /* NULL when done */
    GQueue content;       /* struct message_piece */
    struct mime *mime;    /* looks for attachments; NULL: not yet, or not any more */
    bool mime_over;
    struct mime_parts parts;
    struct outfile *file; /* NULL: none */
    char *path;           /* the file's name in the directory; NULL: it has none yet */
    char *subject, *from, *to, *date, *message_id; /* decoded, UTF-8; NULL where absent, or only `fields` are wanted */
    char *from_domain;    /* of the first address in From */
    GQueue fields;        /* struct header_field; empty unless wanted */
};

/* `options` and `common` must outlive the message, which lies in `arena`; what the worker adds to it lies in `common`. */
struct message *message_new(struct arena *arena, struct lazy_arena *common, const struct message_options *options, uint32_t number, enum smtp_transport transport);

/* By the worker, or when it has no more to do. */
void message_free(struct message *message);

void message_add(struct message *message, struct smtp_span octets);

/* A hole of so many octets in the content, or (of a hole without an end) up to it. `more`: more of it may be missing there. */
void message_gap(struct message *message, uint64_t octets, bool more);

/* What comes is not the beginning of the content: no header is read from it. */
void message_lost_beginning(struct message *message);

/* What comes begins like a message, behind what came of another one: a header is looked for, and parts. */
void message_begin_again(struct message *message);

/* Octets of the stream that are missing from it; MESSAGE_UNKNOWN: nothing says how many. */
uint64_t message_missing(const struct message *message);

/* Octets that it takes, those in arenas aside. */
size_t message_memory(const struct message *message);

/* Whether all of its header was there to be read. */
bool message_header_is_whole(const struct message *message);

/* The content ended, or will not go on. Does nothing the second time. */
void message_finish(struct message *message, bool complete);

#endif
