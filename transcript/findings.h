/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRANSCRIPT_FINDINGS_H
#define TRANSCRIPT_FINDINGS_H

/* What somebody who looks into a session should look at, and the frames that prove it. */

#include "logins.h"

/* Another frame that proves a finding. */
struct proof {
    GList link;
    struct place place;
};

struct finding {
    GList link;
    enum smtp_finding finding;
    struct place place;
    GQueue proofs; /* struct proof; as many as SMTP_RELATED_KEPT */
    struct smtp_span detail;
};

/* All zero but for `limit`: there are none. */
struct findings {
    unsigned limit;                           /* of one name so many are kept; 0: all */
    GQueue list;                              /* struct finding */
    uint32_t *beyond;                         /* by name, how many were not kept; NULL: none */
    struct finding *gaps[2];                  /* by role: the one that stands for all holes; NULL: there is none */
    struct place related[SMTP_RELATED_COUNT]; /* what may prove a finding later, but for denials */
    struct noted_place {
        uint64_t offset;
        struct place place;
    } noted[2]; /* by role: of PROOF_PLACE */
};

/* Adds a finding that the core cannot see. `proof` is another frame that proves it, or zeros. NULL: there are too many
 * of that name. */
struct finding *findings_add(struct findings *findings, const struct keeping *keeping, enum smtp_finding finding,
                             struct place place, struct place proof, const char *detail);

/* A FINDING. NULL: it is not kept; a capture with holes has many, the first of each side stands for all. */
struct finding *findings_take(struct findings *findings, const struct keeping *keeping, const struct smtp_event *event,
                              const struct logins *logins);

/* A PROOF_PLACE: the frame of octets that are told of when much has come behind them, until then it would be forgotten.
 */
void findings_take_place(struct findings *findings, const struct keeping *keeping, const struct smtp_event *event);

/* A FINDING_PROOF: it is said behind what was said before of the last finding of that name. Returns that; NULL: there
 * is none. */
struct finding *findings_take_proof(struct findings *findings, const struct keeping *keeping,
                                    const struct smtp_event *event);

/* Says more of a finding, behind what was said before. */
void findings_say_more(const struct keeping *keeping, struct finding *finding, const char *more);

/* The last one of that name; NULL: there is none. */
struct finding *findings_last(const struct findings *findings, enum smtp_finding name);

#endif
