/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_WORDS_H
#define TRANSCRIPT_WORDS_H

/*
 * The words for a fact, one sentence for all who state it: transcript, report, Wireshark's packet list and tree. They
 * are in the language of the user (language.h), are appended to `out`, and what stands in them from the wire is visible
 * (text.h).
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "path.h"
#include "proxy.h"

/* Why octets are missing, as far as the shell can tell. */
enum words_lost {
    WORDS_NOT_CAPTURED,
    WORDS_NOT_HANDED_OVER, /* by Wireshark's TCP, whether they were captured or not */
};

/* "12.3 ms", "1.20 s", "3 min 20 s". */
void words_duration(GString *out, int64_t nanoseconds);

/* ---- lines of the client ---- */

/* What a command asks for. `stray`: the whole line is hidden, because it looks like an answer to AUTH. */
void words_command(GString *out, struct smtp_span word, bool stray);

/* What is special about a path: that it is null, or its brackets. Nothing, mostly. */
void words_path(GString *out, const struct smtp_path *path);

/* A line in an AUTH exchange. `identity`: the user that it names, `octets` NULL for none. */
void words_response(GString *out, bool cancelled, bool malformed, struct smtp_span identity);

/* ---- replies ---- */

/* What the code means where it stands; NULL: it is no code of the standards. Static memory. */
const char *words_code_meaning(const struct smtp_reply *reply);

/* Whether an enhanced status says what the code does not; and what it means, NULL: it is not registered. Static memory.
 */
bool words_status_matters(const struct smtp_enhanced_status *status);
const char *words_status_meaning(const struct smtp_enhanced_status *status);

/* What code and enhanced status mean. */
void words_code(GString *out, const struct smtp_reply *reply);

/* What a reply answers. */
struct words_answered {
    uint64_t frame;             /* 0: it is not known */
    int64_t delay;              /* nanoseconds since then */
    struct smtp_span recipient; /* address that the reply is for; `octets` NULL: it is not known */
};

/* What was asked, where, and how long ago. */
void words_answers(GString *out, const struct smtp_reply *reply, const struct words_answered *answered,
                   enum words_lost lost);

/* The challenge in a line, where it is text, in quotation marks if `quoted`; the names of the server in one of NTLM.
 * False: nothing. */
bool words_challenge(GString *out, struct smtp_span text, bool quoted);

/* What the extension means that a line of an EHLO reply announces. */
void words_keyword(GString *out, struct smtp_span text);

/* ---- content ---- */

struct words_content {
    enum smtp_transport transport;
    enum smtp_end_mark mark;
    uint64_t octets;
    uint64_t last_frame; /* of its octets; 0: it is not said */
    bool last, complete; /* last: no chunk follows */
    bool sum;            /* the octets are those of all chunks so far */
};

/* How much came, and whether that is all. */
void words_content(GString *out, const struct words_content *content);

/* What is wrong with it; "" for nothing. Static memory. */
const char *words_content_note(const struct words_content *content, enum words_lost lost);

/* ---- between the lines ---- */

/* What a row means for whoever reads on. */
enum words_tone {
    WORDS_SILENT, /* it needs no row of its own */
    WORDS_NOTE,   /* something is offered or asked for */
    WORDS_TURN,   /* another part of the session begins */
    WORDS_GOOD,
    WORDS_BAD,
};

struct words_boundary {
    enum smtp_boundary boundary;
    enum smtp_step step;
    uint64_t frame;             /* 0: it is not said */
    struct smtp_span alert;     /* of TLS; empty for none */
    struct smtp_span mechanism; /* AUTH; `octets` NULL: it was not seen */
    struct smtp_span identity;  /* AUTH; `octets` NULL: it was not seen */
    bool encrypted;             /* AUTH: under TLS */
    bool decrypted;             /* TLS: there were keys */
    bool clear_behind;          /* STARTTLS: clear text follows its acceptance */
};

enum words_tone words_boundary(GString *out, const struct words_boundary *boundary);

/* A mechanism of AUTH; `octets` NULL: it was not seen. */
void words_mechanism(GString *out, struct smtp_span mechanism);

/* A hole. `after`: the frame in front of it; 0: it is not said. */
void words_missing(GString *out, enum smtp_role role, uint64_t octets, uint64_t after, enum words_lost lost);

/* Octets that have no place in the dialogue. */
void words_skipped(GString *out, enum smtp_role role, uint64_t octets);

/* What a header of the PROXY protocol says. */
void words_proxy(GString *out, struct smtp_span octets);

/* "192.0.2.1:4000", "[2001:db8::1]:4000"; nothing where the header has no addresses. */
void words_proxy_endpoint(GString *out, const struct smtp_proxy_header *header,
                          const struct smtp_proxy_endpoint *endpoint);

/* Client and server change roles. Static memory. */
const char *words_turned(void);

/* What proves a finding. Details are data and in English: in another language, what the finding means goes in front. */
void words_finding(GString *out, enum smtp_finding finding, struct smtp_span detail);

#endif
