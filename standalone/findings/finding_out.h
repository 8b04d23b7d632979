/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FINDING_OUT_H
#define SMTPSCOPE_FINDING_OUT_H

/* A finding as it is written out, whether one session proves it, several together, or a stream that is no session. */

#include "json.h"
#include "page.h"
#include "record.h"

/* A frame that proves something. */
struct evidence {
    uint64_t session;    /* 0: of no session */
    uint64_t frame;      /* 0: of no frame */
    const char *capture; /* file of the frame, as named */
};

#define EVIDENCE_LIMIT 8u

struct told_finding {
    enum smtp_finding finding;
    enum smtp_severity severity;
    struct smtp_span detail;
    struct evidence evidence[EVIDENCE_LIMIT]; /* the first is where it stands */
    unsigned count;                           /* of them, at least 1 */
};

/* The finding of one session; points into the record. */
struct told_finding finding_told(const struct record *record, const struct finding *finding);

/* The keys of a finding, into an object that the caller has begun. */
void finding_out_json(struct json *json, const struct told_finding *told);

/* One line. `captures`: more than one is read, so that a frame needs the name of its file. */
void finding_out_text(struct page *page, const struct told_finding *told, bool captures);

/* How a severity is shown, and what it is called in the language of the user. Static memory. */
enum page_colour finding_colour(enum smtp_severity severity);
const char *finding_severity(enum smtp_severity severity);

/* The other frames that prove it, as " (see frame 7)"; nothing if there is none. */
void finding_append_proofs(GString *out, const struct record *record, const struct finding *finding);

#endif
