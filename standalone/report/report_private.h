/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REPORT_PRIVATE_H
#define SMTPSCOPE_REPORT_PRIVATE_H

/* Between the parts of the report. */

#include "across.h"
#include "face.h"
#include "html.h"
#include "relief.h"
#include "report_timeline.h"
#include "spool.h"
#include "strip.h"

/* What a page holds at the most. */
#define REPORT_ROWS 50000u           /* sessions in the table */
#define REPORT_DIALOGUES 1000u       /* sessions whose dialogue is shown: the first ones, */
#define REPORT_DIALOGUES_FOUND 1000u /* and so many of the others, if they have a finding of these severities: */
#define REPORT_FOUND_SEVERITY SMTP_SEVERITY_MEDIUM
#define REPORT_OPEN 20u           /* dialogues that are open when the page is, and rows of a table of findings */
#define REPORT_OPEN_ROWS 500u     /* rows of the table of sessions */
#define REPORT_ITEMS 250u         /* of a dialogue: so many at its beginning, and at its end; */
#define REPORT_TURNS 100u         /* and of those between: boundaries and holes */
#define REPORT_LINES 100u         /* of a reply */
#define REPORT_MAILS 2000u        /* mails */
#define REPORT_SESSION_MAILS 200u /* of a session */
#define REPORT_RECIPIENTS 50u     /* of a mail: so many, and so many more that were refused */
#define REPORT_ATTACHMENTS 50u
#define REPORT_FINDINGS 500u        /* of one name and severity */
#define REPORT_SESSION_FINDINGS 30u /* below a dialogue */

/* The page's parts that wait. Of findings one for each name and severity. */
enum report_part {
    REPORT_PART_ROWS,
    REPORT_PART_DIALOGUES,
    REPORT_PART_MAILS,
    REPORT_PART_FINDINGS,
    REPORT_PARTS = REPORT_PART_FINDINGS + SMTP_FINDING_COUNT * (SMTP_SEVERITY_HIGH + 1),
};

struct report_counts {
    uint64_t sessions, whole; /* whole: from SYN to an orderly end with no gap */
    uint64_t rows, dialogues, dialogues_found, mails_shown;
    uint64_t hidden;                          /* went on under TLS */
    uint64_t starttls_refused, gaps, missing; /* missing: octets of gaps */
    uint64_t logins, logins_accepted;         /* in clear */
    uint64_t mails, outcomes[SMTP_OUTCOME_UNFINISHED + 1];
    uint64_t contents, contents_whole;
    uint64_t recipients, recipients_refused;
    uint64_t severities[SMTP_SEVERITY_HIGH + 1];
    uint64_t findings[REPORT_PARTS]; /* by part */
};

struct report {
    const struct options *options;
    struct arena_pool *pool;
    struct relief relief; /* between two pieces of a part */
    struct html html;     /* of the part that is being written */
    unsigned part;
    struct strip *strips[REPORT_PARTS]; /* NULL: nothing yet */
    struct spool *spool;                /* sessions whose turn is not yet */
    bool early;                         /* such a session is being written */
    int problem;
    struct across *across;
    GHashTable *dialogues; /* numbers of sessions whose dialogues are shown: what can be linked to */
    struct timeline *timeline;
    struct report_counts counts;
};

/* What of a mail is on the page: a dialogue links to it. */
struct report_mail {
    uint32_t message; /* number in its session */
    uint32_t transaction;
};

/* ---- report_parts.c ---- */

/* Begins a part of the session; what is written is kept there. */
void report_begin(struct report *report, unsigned part);
void report_end(struct report *report);

/* Hands on what is written so far, if it is much; for relief. */
void report_relieve(void *report);

/* Unless `good`, errno says why what was written could not be kept. */
void report_note(struct report *report, bool good);

/* It is the turn of a session that was written early. */
void report_turn(struct report *report, uint64_t session);

/* Writes out what stands in report->html; and behind it a part. False, with errno set: it could not be written. */
bool report_give(struct report *report, FILE *out);
bool report_give_part(struct report *report, unsigned part, FILE *out);

/* ---- report_pieces.c ---- */

/* "3", a link to the session's dialogue if it is there. */
void report_link(struct report *report, uint64_t session);

/* A fact of a list: its name, and what follows is its value until report_fact_end. */
void report_fact(struct html *html, const char *name);
void report_fact_end(struct html *html);

/* Begins what can be closed, with a line that says what it is; </details> ends it. */
void report_fold(struct html *html, bool open, const char *what);

/* What the column is, seen only where there is no room for columns. */
void report_narrow(struct html *html, const char *heading);

/* The severity as a label. */
void report_severity(struct html *html, enum smtp_severity severity);

/* Findings shown or counted. */
uint64_t report_findings(const struct report *report);

/* The most severe finding of a session; -1: there is none. */
int report_worst(const struct record *record);

/* ---- of a session, in its part ---- */

/* report_sessions.c */
void report_row(struct report *report, const struct record *record, bool dialogue);
void report_dialogue(struct report *report, const struct record *record, const GArray *mails);

/* report_ladder.c. `mails`: struct report_mail of this session. */
void report_ladder(struct report *report, const struct record *record, const GArray *mails);

/* report_messages.c. Appends to `mails` what is on the page. */
void report_mails(struct report *report, const struct record *record, GArray *mails);

/* report_findings.c */
void report_tell(struct report *report, const struct told_finding *told);
bool report_findings_heading(struct report *report, unsigned part); /* false: there are none of it */
void report_findings_rest(struct report *report, unsigned part);

/* ---- of the whole, into report->html ---- */

/* report_page.c. Writes the page. False, with errno set: it could not be written. */
bool report_page(struct report *report, const struct summary *summary, FILE *out);

/* report_head.c */
void report_captures(struct report *report, const struct summary *summary);
void report_losses(struct report *report, const struct summary *summary);
void report_overview(struct report *report);

#endif
