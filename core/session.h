/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

/*
 * One SMTP session as a passive reader sees it (RFC 5321, and the extensions that change what an octet is).
 *
 * The shell holds the two streams of octets; the session says what the next unit in each is, and how long (a
 * conversation does this):
 *
 *     smtp_session_start(&session, false);
 *     while there are octets of either role, in the order in which they were sent:
 *         used = smtp_session_feed(&session, role, octets, at_end, &sink);
 *         drop `used` octets; keep the rest, and offer what is left of both roles again until session.units stands
 * still smtp_session_gap() where octets are missing; smtp_session_finished() when a stream ends
 *     smtp_session_end(&session, &sink);
 *
 * What an octet of the client is may depend on the server's reply (is this message content, or a command?): then the
 * session leaves it alone until the reply was fed, or the reply is known to be lost. However the octets are cut into
 * calls, as long as their order is the same, the events are the same.
 *
 * The struct is plain: it may be copied and forgotten. Nothing in it points anywhere; nothing allocates. One session is
 * not safe for two threads at once.
 */

#include "event.h"
#include "guesses.h"

/* Commands that wait for their replies; the next command then waits for the server (RFC 2920 leaves the number open). */
#define SMTP_QUEUE_LIMIT 256

/* A line longer than this is given in parts (the first as a line without end, the rest as SKIPPED). Octets. */
#define SMTP_LINE_LIMIT ((size_t)65536)

/* How far behind a doubtful end-of-data mark the real one is looked for before it is taken as content. Octets. */
#define SMTP_DOUBT_LIMIT ((size_t)16384)

/* How the content's last octets look: what a dot may mean next. */
enum smtp_content_state {
    SMTP_CONTENT_AFTER_CRLF,
    SMTP_CONTENT_AFTER_LF, /* a bare one */
    SMTP_CONTENT_AFTER_CR, /* bare or first half of a CRLF */
    SMTP_CONTENT_AFTER_NUL, /* a line that begins with NULs, and has nothing else yet */
    SMTP_CONTENT_IN_LINE,
};

struct smtp_content_scan {
    enum smtp_content_state state;
    uint32_t line_octets; /* of the line so far */
    bool overlong;        /* a line had more octets than SMTP_TEXT_LINE_LIMIT */
    bool bare_lf, bare_cr, nul;
};

/* What is known of a message smuggled inside another. */
struct smtp_smuggling {
    uint8_t state;          /* enum in session_private.h */
    bool armed;             /* a doubtful mark was passed: does a command follow? */
    bool goes_on;           /* behind the reply to the message another command was answered */
    uint8_t own_end;        /* how the DATA command's line ended (enum smtp_line_end) */
    bool own_mark;          /* the doubtful mark at hand ends its lines in that way, too */
    uint32_t mark_octets;   /* of that mark */
    uint8_t mark_length, line_length;
    char mark[24];          /* as it is shown, "\\n.\\r\\n" */
    char line[160];         /* what follows it, as far as it can be a command */
    uint64_t offset;        /* of the mark's dot, in the client's stream */
    uint64_t answer_offset; /* of the reply to the message */
    uint16_t code;          /* of that reply */
};

struct smtp_half {
    uint8_t mode;       /* enum in session_private.h */
    bool resync;        /* behind a gap, or in the middle of a dialogue: look for a line that can only be one thing */
    bool finished;      /* no more octets will come */
    bool gap;           /* octets of this stream are missing somewhere */
    bool skip_line;     /* the rest of an overlong line is being skipped */
    bool seen;          /* octets or a gap came */
    uint64_t offset;    /* of the next octet, in the stream */
    uint64_t remaining; /* octets of the chunk, or of the TLS record */
    uint64_t pending;   /* octets that were offered and left */
    bool held;          /* they are left for the peer's sake, not because a line is half there */
    bool tls_lost;      /* inside TLS, behind a gap: records cannot be told apart any more */
    bool tls_encrypted; /* ChangeCipherSpec or application data was seen */
    uint32_t scanned;   /* octets that were offered and left, in which no TLS begins */
    bool tls_finished;  /* application data long enough to be a Finished message, or more, was seen */
};

/* The commands, and those of them that have no reply yet, oldest first: a ring (queue.c). */
struct smtp_queue {
    uint16_t waiting[SMTP_QUEUE_LIMIT];
    uint16_t first, length;
    uint16_t uncertain;  /* so many at its front may have lost their replies in a gap */
    bool pipelines;      /* the client sends commands without waiting for replies */
    bool gap_answered;   /* a reply came to what was lost in the client's last hole, before it went on */
    uint64_t before_gap; /* what stands in front of here in the client's stream had been sent when that gap came */
    uint32_t sent;       /* commands so far */
    uint32_t answered;   /* commands taken off the queue */
    uint32_t current;    /* the command that replies to content and AUTH responses belong to */
    enum smtp_verb current_verb;
    uint32_t gap_behind; /* the command that the client's last hole stands behind */
};

/* The reply whose lines are coming in. */
struct smtp_reading {
    struct smtp_reply reply;
    uint64_t offset;
    uint64_t abandoned_at; /* offset in the server's stream at which the client went on although this reply had no last
                              line; 0: none */
    uint32_t asterisks;    /* in its lines so far */
    bool open;
    bool of_ehlo;     /* it answers an EHLO */
    bool masked;      /* its lines so far are asterisks, as a firewall writes them */
    bool behind_hole; /* what comes next may be the rest of a reply whose middle is lost */
};

/* Replies that settle nothing, lines without a code, 1yz and 3yz, and the order that is lost for them (unsettled.c). */
struct smtp_disorder {
    uint64_t heard;    /* the client's stream was here when such a reply came */
    uint64_t arrived;  /* and here when octets of the server came last: they may have to wait before it is known what
                          they are */
    uint32_t replies;  /* since the order was lost for such a line; 0: that is not why, or it was not lost */
    uint8_t unsettled; /* enum smtp_unsettled: what such a reply means if the client goes on behind it */
    bool
        octets_decide; /* the reply that says what the client's octets are is such a one: they must say it themselves */
    bool order_lost;   /* which reply answers which command cannot be told, until one can answer one verb only */
};

/* The message content at hand, as the client sends it. */
struct smtp_content {
    struct smtp_content_scan scan;
    uint32_t number; /* in the session, from 1 */
    enum smtp_transport transport;
    uint64_t octets;        /* of the message so far */
    uint64_t lines;         /* line feeds in it; counted where MAIL declared a size */
    uint64_t chunk_octets;  /* announced by the BDAT (or XEXCH50) at hand */
    uint32_t doubt_scanned; /* octets behind a doubtful end-of-data mark that hold no strict one */
    uint16_t code;          /* of the reply that came before its end */
    bool answered;          /* a reply to it came before its end */
    bool doubt;             /* the client's stream stands at a doubtful end-of-data mark */
    bool gap;               /* there is a hole in it */
    bool start_unknown;
    bool sent_early;     /* before the reply to DATA */
    bool chunks_open;    /* a BDAT came, the last one not */
    bool chunks_unknown; /* chunks of the message may be lost in a hole, or before the capture begins */
    bool chunk_last;
    bool chunk_refused; /* the refusal of the BDAT came before the chunk's first octet */
};

/* The AUTH exchange at hand, or the last one. */
struct smtp_login {
    uint64_t who, secret; /* as in struct smtp_guess */
    enum smtp_mechanism mechanism;
    enum smtp_asked asked; /* by the challenge that the next response answers */
    uint32_t responses;    /* so far */
    uint32_t strays;       /* lines in a row that look like responses nobody asked for */
    uint16_t token_status; /* in the challenge; 0: none */
    struct smtp_secret_watch watch;
    bool begun;            /* the mechanism was said */
    bool challenged;       /* the server's last reply is a challenge, and nothing of it is lost behind that */
    bool user_named;       /* a response told the user */
    bool responded;        /* the client answered a challenge, or sent an initial response */
    bool response_assumed; /* a 334 that answers no AUTH: what follows may be a response all the same */
    bool cancelled;
    bool layer;           /* an accepted mechanism may have put a security layer under the dialogue */
    bool stray_responses; /* an AUTH was refused: what looks like its response may still come */
    bool
        torn_secret; /* the line that is being skipped, or lies behind the client's hole, may be the rest of a secret */
};

/* Logins and recipients that were refused: is somebody guessing? (guesses.c) */
struct smtp_guessing {
    struct smtp_guess guesses[SMTP_GUESSES_PROVE + 1];
    uint32_t denied, unreadable; /* logins; the latter: denied, and their passwords cannot be read */
    uint32_t refused_recipients, accepted_recipients;
    bool accepted; /* a login was accepted after guessing was reported, and it was said */
};

struct smtp_starttls {
    uint64_t reply_offset;
    uint64_t behind_offset;       /* of what the client sent behind STARTTLS */
    uint64_t reply_behind_offset; /* of what the server sent behind its 220 */
    uint32_t number;              /* of its command */
    uint16_t code;                /* of its last answer */
    bool offered, requested, accepted, refused;
    bool waits;          /* no answer to the last one was seen */
    bool doubtful;       /* answered with another code than 220, but no refusal, or with none: what follows decides */
    bool clear_behind;   /* the client went on in clear behind its acceptance */
    bool clear_answered; /* and the server answered in clear: the dialogue is that of who decrypted it */
    bool octets_behind;  /* octets of the client follow STARTTLS before its reply */
    bool reply_behind;   /* octets of the server follow its 220, in front of TLS */
};

struct smtp_tls {
    uint16_t version; /* of the ServerHello */
    bool begun, implicit, established, failed, handshake_said;
    bool hello_refused; /* a reply in clear said no to TLS, and was told of */
};

/* A command that came before the banner. */
struct smtp_early {
    uint64_t offset;
    bool spoke;
    bool pending; /* it is reported unless the EHLO reply allows it (PIPE_CONNECT) */
    bool allowed;
};

/* What a reply to EHLO announces. */
struct smtp_offers {
    uint64_t keywords;   /* bits of enum smtp_keyword */
    uint64_t size;       /* SIZE; UINT64_MAX: no limit */
    uint32_t recipients; /* RCPTMAX; UINT32_MAX: no limit */
    uint32_t mails;      /* MAILMAX; UINT32_MAX: no limit */
    uint16_t mechanisms; /* bits of enum smtp_mechanism */
    bool masked;         /* a keyword is overwritten, as that of STARTTLS is by some firewalls */
    bool known;          /* the reply was read whole, and nothing of the server's stream is missing before it */
};

/* What the server announced, and what the client used of it (offers.c). */
struct smtp_announced {
    struct smtp_offers now;      /* by the last greeting that was accepted; `known` until STARTTLS is */
    struct smtp_offers incoming; /* by the reply whose lines are coming in */
    struct smtp_offers before_tls;
    uint64_t starttls_offset; /* of the line that offers STARTTLS in the reply that is coming in; 0: none does */
    uint64_t declared_size;   /* SIZE= of the MAIL sent last; UINT64_MAX none */
    uint64_t recipients_named, mails_begun;
    bool extended;   /* the last greeting accepted was EHLO or LHLO */
    bool prdr_asked; /* by the MAIL sent last */
};

/* The mail transaction, as the server answers (transaction.c). */
struct smtp_mail {
    uint32_t number;       /* in the session, from 1 */
    uint32_t accepted;     /* recipients */
    uint32_t lost;         /* recipients, counted as accepted, whose replies are lost or decide nothing */
    uint32_t answered;     /* LMTP, PRDR: replies to the content so far */
    uint32_t garbled;      /* and lines without a code, and holes, among them */
    uint32_t plain;        /* replies in front of the first of those */
    uint32_t message;      /* content's number, on the server's side */
    uint16_t refused_code; /* of its DATA or BDAT */
    uint16_t verdict;      /* LMTP: the best reply to the content so far; PRDR: the last one */
    bool open;
    bool chunks; /* BDAT was sent in it */
    bool whole;  /* all of its commands were seen */
    bool prdr;   /* 353 came, or may have: a reply for each recipient, and one for the message follow */
};

struct smtp_session {
    struct smtp_half half[2]; /* by role */
    uint64_t units; /* taken so far, of both roles: while it moves, what is left of either must be offered again */
    uint64_t reported;    /* findings said once: bits of enum smtp_finding */
    enum smtp_phase phase; /* of the client's side, as it sends */
    bool lmtp;
    bool mid_stream;    /* the beginning of the connection is not in the capture */
    bool greeting_seen; /* the banner, or a first reply that shows that it was missed */
    bool greeted;       /* an EHLO, HELO or LHLO was accepted (or its reply lost) */
    bool ending;        /* smtp_session_end is at work: replies that did not come will not */
    bool force;         /* the shell cannot hold more: decide by the octets, without the reply */
    bool encrypted;     /* the octets are what TLS carried: nobody on the path reads them */
    bool turning;       /* ATRN or TURN was accepted: behind this reply the roles change */
    bool turned;        /* they did, in the last call of smtp_session_feed */

    struct smtp_queue queue;
    struct smtp_reading reading;
    struct smtp_disorder disorder;
    struct smtp_content content;
    struct smtp_smuggling smuggling;
    struct smtp_login login;
    struct smtp_guessing guessing;
    struct smtp_starttls starttls;
    struct smtp_tls tls;
    struct smtp_early early;
    struct smtp_announced offers;
    struct smtp_mail mail;
};

/*
 * Begins a session. `mid_stream`: the capture does not hold the beginning of the connection, so nothing is known of what
 * went before. `lmtp` is set by itself when LHLO is seen.
 */
void smtp_session_start(struct smtp_session *session, bool mid_stream);

/*
 * Takes as many whole units as it can off the front of `octets`, the next ones of `role`'s stream, and gives their events.
 * Returns how many octets it took. What is left must be offered again, in front of what follows it: when more octets
 * of the role came, and as long as session->units moves, after the peer's octets that wait. `at_end`: a gap or the stream's end follows directly behind `octets`.
 */
size_t smtp_session_feed(struct smtp_session *session, enum smtp_role role, struct smtp_span octets, bool at_end,
                         const struct smtp_sink *sink);

/* `octets` of `role`'s stream are missing here. All before was offered with `at_end` and taken. */
void smtp_session_gap(struct smtp_session *session, enum smtp_role role, uint64_t octets, const struct smtp_sink *sink);

/*
 * The shell has the keys: from here on the octets of both roles are what TLS carries, in place of its records. `role` is
 * whose octets come next. What was offered of the records and left is forgotten.
 */
void smtp_session_decrypted(struct smtp_session *session, enum smtp_role role, const struct smtp_sink *sink);

/* `role`'s stream ended; offer what is left of both once more. */
void smtp_session_finished(struct smtp_session *session, enum smtp_role role);

/* The shell cannot hold the client's octets any longer: from the next call on the session decides by the octets alone. */
void smtp_session_force(struct smtp_session *session);

/* The lowest offset in `role`'s stream that an event may yet tell of: what stands before it need not be located any more. */
uint64_t smtp_session_oldest(const struct smtp_session *session, enum smtp_role role);

/* Whether nothing is open, so that smtp_session_end would have nothing to say. */
bool smtp_session_is_idle(const struct smtp_session *session);

/* Nothing more will come: what is open is closed as unfinished. */
void smtp_session_end(struct smtp_session *session, const struct smtp_sink *sink);

#endif
