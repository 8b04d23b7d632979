/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_SESSION_PRIVATE_H
#define SMTP_SESSION_PRIVATE_H

/* What the files that make up the session share. Framing reads the session, applying a unit changes it. */

#include "session.h"

enum client_mode {
    CLIENT_START,         /* nothing came yet: a PROXY header may */
    CLIENT_COMMAND,
    CLIENT_WAIT_DATA,     /* DATA (or XEXCH50) was sent: its reply decides what the next octets are */
    CLIENT_DATA,
    CLIENT_VARIANT_END,   /* the server honoured the doubtful mark that the stream stands at */
    CLIENT_CHUNK,
    CLIENT_WAIT_AUTH,     /* AUTH or a response was sent */
    CLIENT_RESPONSE,      /* 334 came: the next line is a response */
    CLIENT_WAIT_STARTTLS,
    CLIENT_TLS,
    CLIENT_OPAQUE,
};

enum server_mode {
    SERVER_REPLY,
    SERVER_TLS,
    SERVER_OPAQUE,
};

enum unit_kind {
    UNIT_PROXY,
    UNIT_COMMAND,
    UNIT_RESPONSE,
    UNIT_REPLY_LINE,
    UNIT_REPLY_CLOSE,    /* no octets: the open reply ends here although no last line came */
    UNIT_SKIPPED,
    UNIT_INJECTED,       /* a piece of a line that stands behind STARTTLS, in front of TLS */
    UNIT_ASSUME_CONTENT, /* no octets: the reply to DATA is lost, and what follows is content */
    UNIT_ASSUME_COMMAND, /* no octets: the reply to DATA, AUTH or STARTTLS is lost, and what follows is a command */
    UNIT_ASSUME_RESPONSE,
    UNIT_ABANDON_CHUNK,  /* no octets: BDAT was refused and its octets never came */
    UNIT_GOES_ON,        /* no octets: the client speaks behind a reply that settled nothing, and takes it for the answer */
    UNIT_CONTENT,
    UNIT_STUFFED_DOT,    /* a dot that the sender put in front of a line */
    UNIT_END_OF_DATA,
    UNIT_VARIANT_END,    /* the octets of a doubtful mark that the server honoured */
    UNIT_CHUNK,
    UNIT_TLS_BEGIN,      /* no octets: a TLS record begins */
    UNIT_TLS_RECORD,     /* header and as much of the body as is needed */
    UNIT_TLS_BODY,       /* the rest of a record */
    UNIT_TLS_END,        /* no octets: clear text follows a handshake that did not get through */
    UNIT_OPAQUE_BEGIN,
    UNIT_OPAQUE,
};

struct unit {
    enum unit_kind kind;
    size_t octets;
    struct smtp_span text; /* the octets themselves */
    struct smtp_line line;
    struct smtp_content_scan scan; /* CONTENT: the state behind it */
    bool variant;                  /* CONTENT, STUFFED_DOT: the dot of an end mark that only some receivers honour */
    bool unterminated;             /* the stream, or what is known of it, ends here */
    struct smtp_tls_record record;
    uint32_t scanned;              /* where it is no unit yet: octets in which no TLS begins */
};

enum frame {
    FRAME_UNIT,
    FRAME_MORE,  /* more octets of this role are needed */
    FRAME_PEER,  /* the peer's next octets decide */
    FRAME_DOUBT, /* FRAME_PEER, at a doubtful end-of-data mark */
};

struct entry;

/* frame.c, content.c: pure, the session is not changed. */
enum frame smtp_frame(const struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                      struct unit *unit);
enum frame smtp_frame_content(const struct smtp_session *session, struct smtp_span octets, bool at_end,
                              struct unit *unit);

/* RFC 4954 section 4: octets of a challenge or response, with its line end. */
#define SMTP_AUTH_LINE_LIMIT ((size_t)12288)

/* RFC 5321 section 4.5.3.1.6: octets of a text line with its CRLF, the stuffed dot not counted. */
#define SMTP_TEXT_LINE_LIMIT 1000

/*
 * content_scan.c: passes over content in which nothing is to be remarked but the length of its lines, and in which no line begins
 * with a dot. Returns how many octets those are, from the front; 0 says nothing.
 */
size_t smtp_content_skip_plain(struct smtp_content_scan *scan, struct smtp_span octets);

/* How many LFs stand in `octets`. */
size_t smtp_content_line_ends(struct smtp_span octets);

/* Octets of the doubtful end-of-data mark that `octets` begin with: its dot, and a line end. */
static inline size_t smtp_mark_octets(struct smtp_span octets)
{
    size_t at = 1;
    while (at < octets.length && octets.octets[at] == '\r')
        at++;
    return at < octets.length && octets.octets[at] == '\n' ? at + 1 : 2;
}

/* client.c, server.c, encryption.c: apply one unit. */
void smtp_apply_client(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink);
void smtp_apply_server(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink);
void smtp_apply_tls(struct smtp_session *session, enum smtp_role role, const struct unit *unit,
                    const struct smtp_sink *sink);

/* server.c: the server answered STARTTLS with this code; 0: with none. */
void smtp_starttls_answered(struct smtp_session *session, uint16_t code, const struct smtp_sink *sink);

/* server.c: STARTTLS is decided, by its answer, or by what followed a doubtful one. */
void smtp_starttls_decided(struct smtp_session *session, bool accepted, const struct smtp_sink *sink);

/* encryption.c: a piece of a line stands behind STARTTLS, in front of TLS. */
void smtp_apply_injected(struct smtp_session *session, enum smtp_role role, const struct unit *unit, const struct smtp_sink *sink);

/* The client began TLS on its own, and the server answers in clear: it does not speak TLS there. */
void smtp_tls_server_in_clear(struct smtp_session *session, const struct smtp_sink *sink);

void smtp_apply_skipped(struct smtp_session *session, enum smtp_role role, const struct unit *unit,
                        const struct smtp_sink *sink);
void smtp_begin_data(struct smtp_session *session, const struct smtp_sink *sink);

/* content_events.c: the events of message content. */
void smtp_content_begin(struct smtp_session *session, enum smtp_transport transport, uint64_t offset,
                        const struct smtp_sink *sink);
void smtp_content_piece(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink);
void smtp_content_end(struct smtp_session *session, enum smtp_end_mark mark, uint64_t octets, const struct smtp_sink *sink);
void smtp_chunk_end(struct smtp_session *session, bool complete, uint64_t offset, const struct smtp_sink *sink);

/* offers.c */
void smtp_offers_command(struct smtp_session *session, const struct smtp_command *command, const struct smtp_sink *sink);
void smtp_offers_mechanism(struct smtp_session *session, struct smtp_span word, const struct smtp_sink *sink);
/* A reply begins that may announce something, and one of its lines. */
void smtp_offers_begin(struct smtp_offers *incoming);
void smtp_offers_keyword(struct smtp_offers *incoming, const struct smtp_keyword_line *line);
/* The reply to a greeting is whole: what it says holds from now on. `known`: nothing of it is missing. */
void smtp_offers_hold(struct smtp_announced *offers, bool extended, bool known);
/* Whether the extensions announced under TLS are others than those announced before it, where both are known. */
bool smtp_offers_differ(const struct smtp_offers *before, const struct smtp_offers *now);
static inline bool smtp_offers_has(const struct smtp_offers *offers, enum smtp_keyword keyword)
{
    return (offers->keywords & (UINT64_C(1) << keyword)) != 0;
}
void smtp_offers_size(struct smtp_session *session, const struct smtp_sink *sink);
/* Whether an octet above 127 in the content is more than was announced; the second function looks for one. */
bool smtp_offers_watch_octets(const struct smtp_session *session);
void smtp_offers_octets(struct smtp_session *session, struct smtp_span octets, const struct smtp_sink *sink);

/* client.c: the findings on the form of a command's line, or a response's. `limit`: octets that it may have, with its
 * end. */
void smtp_check_command_line(struct smtp_session *session, const struct smtp_line *line, size_t limit,
                             const struct smtp_sink *sink);

/* auth.c: the client sends AUTH, and a line behind it. */
void smtp_auth_begin(struct smtp_session *session, const struct smtp_command *command, const struct smtp_line *line,
                     struct entry *entry, const struct smtp_sink *sink);
void smtp_auth_apply_response(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink);
/* The server answers AUTH, or a client line behind AUTH. */
void smtp_auth_answered(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                        const struct smtp_sink *sink);
/* A reply to which the capture holds no command may answer AUTH, or a client line behind AUTH: nothing happens if not.
 */
void smtp_auth_answer_unseen(struct smtp_session *session, const struct smtp_reply *reply, bool challenged,
                             const struct smtp_sink *sink);
/* Whether the command is a response that the client sent although AUTH was refused; says so if its secret is readable.
 */
bool smtp_auth_is_stray(struct smtp_session *session, const struct smtp_command *command, const struct smtp_line *line,
                        const struct smtp_sink *sink);
/* Sets `secret->passing` where the client's line is one of many that look like responses. */
void smtp_auth_count_strays(struct smtp_login *login, struct smtp_secret *secret);
/* The finding on a readable secret in a line that is no AUTH command. */
void smtp_auth_report_misplaced(struct smtp_session *session, const struct smtp_secret *secret,
                                const struct smtp_sink *sink);

/* guesses.c: a login begins, its client sends a response, the server denies or accepts it. */
void smtp_login_begin(struct smtp_login *login);
void smtp_login_response(struct smtp_login *login, const struct smtp_sasl_response *response);
void smtp_login_denied(struct smtp_session *session, const struct smtp_sink *sink);
void smtp_login_accepted(struct smtp_session *session, const struct smtp_sink *sink);

/* smuggling.c */
enum smtp_smuggling_state {
    SMTP_SMUGGLING_NONE,
    SMTP_SMUGGLING_FOUND,    /* and said; its message goes on */
    SMTP_SMUGGLING_SENT,     /* the message ended, its reply is to come */
    SMTP_SMUGGLING_ANSWERED, /* by one reply: another would prove that the mark was honoured */
    SMTP_SMUGGLING_AT_MARK,  /* the server answered at a mark behind which more was waiting */
};
void smtp_smuggling_mark(struct smtp_session *session, enum smtp_content_state before);
void smtp_smuggling_text(struct smtp_session *session, struct smtp_span text, const struct smtp_sink *sink);
void smtp_smuggling_doubt(struct smtp_smuggling *smuggling, struct smtp_span octets);
void smtp_smuggling_sent(struct smtp_smuggling *smuggling);
void smtp_smuggling_at_mark(struct smtp_session *session);
void smtp_smuggling_mark_end(struct smtp_smuggling *smuggling, struct smtp_span mark);
void smtp_smuggling_command(struct smtp_session *session, const struct smtp_command *command, const struct smtp_sink *sink);
void smtp_smuggling_answer(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink);
void smtp_smuggling_settle(struct smtp_session *session, const struct smtp_sink *sink);

void smtp_report_early_talk(struct smtp_session *session, const struct smtp_sink *sink);

/*
 * server.c: closes the reply whose lines are coming in; `end` is the offset behind the reply. `next` is the code that
 * the server's next line has, where that is why; else 0.
 */
void smtp_reply_close(struct smtp_session *session, bool partial, uint64_t end, unsigned next, const struct smtp_sink *sink);

/* answers.c: the replies to the first `count` entries are lost: what the client did since is all there is to go by. */
void smtp_drop(struct smtp_session *session, unsigned count, const struct smtp_sink *sink);

/*
 * answers.c: finds what a reply with this code answers and takes it off the queue into `*entry`, unless there are more
 * replies to it to come: `*stays`. `next`: as for smtp_reply_close.
 */
enum smtp_answers smtp_reply_match(struct smtp_session *session, unsigned code, unsigned next, struct entry *entry, bool *stays,
                                   const struct smtp_sink *sink);

/* Whether the code answers one verb only: such a code puts a count right that went wrong. */
static inline bool smtp_code_is_anchor(unsigned code)
{
    return code == 354 || code == 334 || code == 221;
}

/* unsettled.c: replies that settle nothing. */
enum smtp_unsettled {
    SMTP_SETTLED,
    SMTP_UNSETTLED_HEAD,  /* the command in front has its answer, unless another one comes first */
    SMTP_UNSETTLED_TAIL,  /* a line behind a hole that may be the end of any reply: those to what was sent before it are lost */
    SMTP_UNSETTLED_GROUP, /* the order of replies is lost: if all that waits can have been answered, it begins anew */
};

/* frame.c: whether `octets` begin as a reply line does; with fewer than four, whether they may. */
bool smtp_looks_like_reply(struct smtp_span octets);

/* Whether the reply whose lines are coming in has had no line with a code so far. */
static inline bool smtp_reply_is_bare(const struct smtp_reading *reading)
{
    return reading->open && reading->reply.code == 0;
}

/* A reply or line came that settles nothing. */
void smtp_unsettled(struct smtp_disorder *disorder, enum smtp_unsettled what);

/* Framing: whether the client speaks behind a reply that settled nothing. `octets`: how many of it wait. */
bool smtp_client_goes_on(const struct smtp_session *session, uint64_t octets);
void smtp_apply_goes_on(struct smtp_session *session, const struct smtp_sink *sink);

/* Whether a line without a code may be an answer: somebody waits for one. */
bool smtp_answer_is_due(const struct smtp_session *session);

/* Whether several replies are due, so that a line without a code may be any of them, or text in front of any. */
bool smtp_several_answers_are_due(const struct smtp_session *session);

/* A line without a code came among the replies to several commands: which reply is whose cannot be told; and it can
 * again. */
void smtp_lose_order(struct smtp_disorder *disorder);
void smtp_find_order(struct smtp_disorder *disorder);

/* The command was answered by a reply that settles nothing. */
void smtp_answered_unclearly(struct smtp_session *session, const struct entry *entry, const struct smtp_sink *sink);

/* The findings on lines that are no replies as RFC 5321 section 4.2 has them. */
void smtp_check_form(struct smtp_session *session, const struct smtp_reply *reply, const struct smtp_sink *sink);

/* queue.c */
enum entry_kind {
    ENTRY_COMMAND,
    ENTRY_CONTENT,  /* the end of data */
    ENTRY_RESPONSE, /* a line of an AUTH exchange */
    ENTRY_GAP,      /* commands that are not in the capture */
    ENTRY_EMPTY_LINE, /* no command; some servers answer it with an error, some not at all */
};
enum entry_flag {
    ENTRY_NEW_MESSAGE = 1, /* BDAT: the first of a message */
    ENTRY_LAST = 2,        /* BDAT, BURL: the last of a message */
    ENTRY_CHUNK = 4,       /* BDAT: well formed, its octets follow */
    ENTRY_NO_CHALLENGE = 8, /* AUTH: all was said in the command, so others may follow at once (RFC 4954 section 4) */
    ENTRY_UNSEEN = 16,     /* CONTENT: nothing of it was seen as such but its end */
    ENTRY_BARE_AUTH = 32,  /* AUTH: it names no mechanism, so that no exchange begins if it is refused */
};
struct entry {
    enum entry_kind kind;
    enum smtp_verb verb;
    uint8_t flags;
};
/* `sink` takes the events of entries that leave the ring because it is full. */
void smtp_queue_push(struct smtp_session *session, struct entry entry, const struct smtp_sink *sink);
bool smtp_queue_peek(const struct smtp_queue *queue, unsigned index, struct entry *entry);
struct entry smtp_queue_pop(struct smtp_session *session);
/* The entry in front gets a reply, and stays for others: the message that it begins is the one that is answered now. */
void smtp_queue_begin_message(struct smtp_session *session);

/* transaction.c: what a reply does to the mail transaction. `reply` is NULL where the reply is lost, or never came
   because the session is `ending`. */
void smtp_transaction_apply(struct smtp_session *session, const struct entry *entry, const struct smtp_reply *reply,
                            const struct smtp_sink *sink);
/* The client goes on behind a reply that settled nothing: no other reply will come to this entry. */
void smtp_transaction_settle(struct smtp_session *session, const struct entry *entry, const struct smtp_sink *sink);
void smtp_transaction_end(struct smtp_session *session, enum smtp_outcome outcome, uint16_t code, bool replied,
                          const struct smtp_sink *sink);
void smtp_transaction_lost_open(struct smtp_session *session, const struct smtp_sink *sink);
/* Says that content number `message` belongs to the transaction; `offset` of `role` shows it. */
void smtp_transaction_content(const struct smtp_session *session, enum smtp_role role, uint64_t offset,
                              uint32_t message, const struct smtp_sink *sink);

/*
 * LMTP and PRDR: how many replies the content has is not known, as the envelope is not whole, and some came. What comes
 * next may be one of them, or the answer to what was sent behind the content.
 */
bool smtp_transaction_is_uncounted(struct smtp_session *session);

/* A hole in the server's stream: replies to the content may be lost in it. */
void smtp_transaction_hole(struct smtp_session *session);

/* LMTP (RFC 2033 section 4.2) and PRDR: whether the content has more replies behind one with this code. */
bool smtp_transaction_more_replies(const struct smtp_session *session, unsigned code);

/* report.c */
struct smtp_event smtp_event_at(const struct smtp_session *session, enum smtp_event_kind kind, enum smtp_role role);
void smtp_emit(const struct smtp_sink *sink, const struct smtp_event *event);
void smtp_report(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                 const struct smtp_sink *sink, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Reports a finding that contradicts what the server announced. */
void smtp_report_offer(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                       const struct smtp_sink *sink, const char *format, ...) __attribute__((format(printf, 6, 7)));
void smtp_report_once(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                      const struct smtp_sink *sink, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Whether a finding of this name was reported. */
static inline bool smtp_reported(const struct smtp_session *session, enum smtp_finding finding)
{
    return (session->reported & (UINT64_C(1) << finding)) != 0;
}

/* Adds a proof, the octets at `offset` and a text, to the last finding of this name. */
void smtp_report_proof(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                       const struct smtp_sink *sink, const char *format, ...) __attribute__((format(printf, 6, 7)));
void smtp_boundary(struct smtp_session *session, enum smtp_boundary boundary, enum smtp_step step, enum smtp_role role,
                   uint64_t offset, uint32_t number, const struct smtp_sink *sink);

/* Whether the line was taken in parts, being longer than SMTP_LINE_LIMIT. */
static inline bool smtp_line_is_cut(const struct smtp_line *line)
{
    return line->end == SMTP_LINE_END_NONE && line->octets == SMTP_LINE_LIMIT;
}

static inline bool smtp_code_is_success(unsigned code)
{
    return code >= 200 && code < 300;
}

/* Whether a reply to content of LMTP is for all recipients, not for the next one: the command failed as such. */
static inline bool smtp_code_is_for_all(unsigned code)
{
    return code == 421 || (code >= 500 && code <= 503);
}

static inline bool smtp_mechanism_has_token(enum smtp_mechanism mechanism)
{
    return mechanism == SMTP_MECHANISM_XOAUTH2 || mechanism == SMTP_MECHANISM_OAUTHBEARER;
}

#endif
