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

struct smtp_session {
    struct smtp_half half[2]; /* by role */
    uint64_t units;       /* taken so far, of both roles: while it moves, what is left of either must be offered again */
    bool lmtp;
    bool mid_stream;      /* the beginning of the connection is not in the capture */
    bool greeting_seen;   /* the banner, or a first reply that shows that it was missed */
    bool greeted;         /* an EHLO, HELO or LHLO was accepted (or its reply lost) */
    bool ending;          /* smtp_session_end is at work: replies that did not come will not */
    bool force;           /* the shell cannot hold more: decide by the octets, without the reply */

    /* Commands without a reply yet, oldest first: a ring. */
    uint16_t queue[SMTP_QUEUE_LIMIT];
    uint16_t queue_first, queue_length;
    uint16_t uncertain;   /* so many at its front may have lost their replies in a gap */
    uint64_t before_gap;  /* what stands in front of here in the client's stream had been sent when that gap came */
    uint32_t commands;    /* so far */
    uint32_t answered;    /* commands taken off the queue */
    uint32_t current;     /* the command that replies to content and AUTH responses belong to */
    enum smtp_verb current_verb;

    /* The reply whose lines are coming in. */
    struct smtp_reply reply;
    uint64_t reply_offset;
    uint64_t cut;         /* the client spoke when the server's stream was here, in the middle of a reply; 0 none */
    bool reply_open;
    bool reply_ehlo;      /* it answers an EHLO */
    bool reply_masked;    /* its lines so far are asterisks, as a firewall writes them */
    uint32_t reply_asterisks; /* how many */
    bool hole_before_reply; /* what comes next may be the rest of a reply whose middle is lost */
    bool turning;         /* ATRN or TURN was accepted: behind this reply the roles change */
    bool turned;          /* they did, in the last call of smtp_session_feed */

    /* The client's side, as it sends. */
    enum smtp_phase phase;
    bool bdat_open;
    bool doubt;           /* the client's stream stands at a doubtful end-of-data mark */
    bool content_answered;/* a reply to the content came before its end */
    uint16_t content_code;
    bool content_gap;     /* a hole in the content */
    bool content_start_unknown;
    bool chunks_unknown;  /* chunks of the message may be lost in a hole, or before the capture begins */
    uint32_t doubt_scanned; /* octets behind a doubtful mark that hold no strict one */
    bool challenged;      /* the server's last reply is a challenge, and nothing of it is lost behind that */
    bool auth_begun;      /* the mechanism of the exchange was said */
    bool response_assumed;/* a 334 that answers no AUTH: what follows may be a response all the same */
    bool gap_answered;    /* a reply came to what was lost in the client's last hole, before it went on */
    bool pipelines;       /* the client sends commands without waiting for replies */
    bool order_lost;      /* which reply answers which command cannot be told, until one can answer one verb only */

    /* Replies that settle nothing: lines without a code, 1yz, 3yz (unsettled.c). */
    uint8_t unsettled;    /* enum in session_private.h: what such a reply means if the client goes on behind it */
    uint64_t heard;       /* the client's stream was here when it came */
    uint64_t arrived;     /* and here when octets of the server came last: they may have to wait before it is known what they are */
    uint32_t disordered;  /* replies since the order was lost for such a line; 0: that is not why, or it was not lost */
    bool octets_decide;   /* the reply that says what the client's octets are is such a one: they must say it themselves */
    struct smtp_content_scan content;
    struct smtp_smuggling smuggling;
    uint32_t message;     /* content's number */
    uint64_t chunk_octets;/* announced by the BDAT (or XEXCH50) at hand */
    bool chunk_last;
    bool chunk_refused;   /* its refusal came before its first octet */
    enum smtp_transport transport;
    uint64_t content_octets; /* of the message so far */
    uint64_t content_lines;  /* line feeds in it; counted where MAIL declared a size */

    /* AUTH. */
    enum smtp_mechanism mechanism;
    struct smtp_secret_watch watch;
    uint16_t token_status; /* in the challenge of the exchange at hand; 0: none */
    enum smtp_asked asked; /* by the challenge that the next response answers */
    bool user_named;      /* a response of the exchange at hand told the user */
    uint32_t strays;      /* lines in a row that look like responses nobody asked for */
    bool torn_secret;     /* the line that is being skipped, or lies behind the client's hole, may be the rest of a secret */
    uint32_t responses;   /* so far */
    bool cancelled;
    bool layer;           /* an accepted mechanism may have put a security layer under the dialogue */
    bool stray_responses; /* an AUTH was refused: what looks like its response may still come */
    uint64_t login_who, login_secret; /* of the exchange at hand, as in struct smtp_guess */
    struct smtp_guess guesses[SMTP_GUESSES_PROVE + 1];
    bool login_responded; /* the client answered a challenge, or sent an initial response */
    uint32_t denied_logins, unreadable_logins; /* the latter: denied, and their passwords cannot be read */
    bool guess_accepted;  /* a login was accepted after guessing was reported, and it was said */
    uint32_t refused_recipients, accepted_recipients;

    /* STARTTLS and TLS. */
    bool starttls_offered, starttls_requested, starttls_accepted, starttls_refused;
    bool starttls_doubtful; /* answered with another code than 220, but no refusal, or with none: what follows decides */
    uint16_t starttls_code; /* of its last answer */
    uint32_t starttls_number; /* of its command */
    uint64_t starttls_reply_offset;
    bool clear_behind;      /* the client went on in clear behind its acceptance */
    bool clear_answered;    /* and the server answered in clear: the dialogue is that of who decrypted it */
    bool octets_behind_starttls;
    bool octets_behind_data; /* content was sent before the reply to DATA */
    bool reply_behind_220;
    uint64_t behind_offset, reply_behind_offset;
    bool early_talk;      /* it did; whether that was allowed is still to be seen */
    bool early_allowed;
    bool early_talker;    /* a command came before the banner did */
    uint64_t early_offset;
    bool hello_refused;   /* a reply in clear said no to TLS, and was told of */
    bool tls_begun, tls_implicit, tls_established, tls_failed, tls_handshake_said;
    bool encrypted;       /* the octets are what TLS carried: nobody on the path reads them */
    uint16_t tls_version;

    /* What the server announced: bits of enum smtp_keyword. */
    bool ehlo_seen;       /* an EHLO reply was read whole since the last greeting */
    uint64_t keywords;
    uint64_t keywords_before_tls;
    bool before_tls_known;
    uint32_t mechanisms;  /* bits of enum smtp_mechanism */
    uint64_t new_keywords;/* of the EHLO reply that is coming in */
    uint32_t new_mechanisms;
    uint64_t new_starttls_offset; /* of the line that offers STARTTLS in it; 0: none does */
    bool other_mechanism; /* a mechanism that no table knows was announced */
    bool masked;
    bool extended;        /* the last greeting accepted was EHLO or LHLO */
    /* SIZE, RCPTMAX and MAILMAX as announced (UINT64_MAX: no limit), and what was used of the latter. */
    uint64_t limit_size, limit_recipients, limit_mails;
    uint64_t new_limit_size, new_limit_recipients, new_limit_mails;
    uint64_t recipients_named, mails_begun;

    /* The mail transaction, as the server answers. */
    bool transaction_open;
    bool transaction_chunks; /* BDAT was sent in it */
    uint32_t transaction;
    uint32_t transaction_accepted;  /* recipients */
    bool transaction_whole;         /* all of its commands were seen */
    uint32_t gap_behind;            /* the command that the client's last hole stands behind */
    bool prdr_asked;                /* by the MAIL sent last */
    bool prdr; /* 353 came, or may have: a reply for each recipient, and one for the message follow */
    uint32_t transaction_lost;      /* recipients, counted as accepted, whose replies are lost or decide nothing */
    uint32_t transaction_answered;  /* LMTP, PRDR: replies to the content so far */
    uint32_t transaction_garbled;   /* and lines without a code, and holes, among them */
    uint32_t transaction_plain;     /* replies in front of the first of those */
    uint16_t refused_code;          /* of its DATA or BDAT */
    uint16_t content_verdict;       /* LMTP: the best reply to the content so far; PRDR: the last one */
    uint32_t answered_message;      /* content's number, on the server's side */
    uint64_t declared_size;         /* SIZE= of the MAIL sent last; UINT64_MAX none */

    uint64_t reported;    /* findings said once: bits of enum smtp_finding */
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
