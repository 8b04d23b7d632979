/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "findings.h"

/* Whether so many of that name are kept that no more are; most sessions have fewer findings in all. */
static bool is_beyond(const struct findings *findings, enum smtp_finding name)
{
    unsigned count = 0;
    if (findings->limit == 0 || findings->list.length < findings->limit)
        return false;
    for (const GList *link = findings->list.head; link != NULL; link = link->next)
        count += ((const struct finding *)link->data)->finding == name;
    return count >= findings->limit;
}

static void count_beyond(struct findings *findings, const struct keeping *keeping, enum smtp_finding name)
{
    if (findings->beyond == NULL)
        findings->beyond = keeping_take(keeping, SMTP_FINDING_COUNT * sizeof *findings->beyond);
    keeping_change(keeping, &findings->beyond[name], sizeof findings->beyond[name]);
    findings->beyond[name]++;
}

static void add_proof(const struct keeping *keeping, struct finding *finding, struct place place)
{
    const struct proof *last = finding->proofs.tail != NULL ? finding->proofs.tail->data : NULL;
    bool own = place_same_frame(&place, &finding->place);
    bool again = last != NULL && place_same_frame(&place, &last->place);
    if (place.frame == 0 || own || again || finding->proofs.length == SMTP_RELATED_KEPT)
        return;
    struct proof *proof = keeping_take(keeping, sizeof *proof);
    proof->place = place;
    keeping_append(keeping, &finding->proofs, &proof->link, proof);
}

struct finding *findings_add(struct findings *findings, const struct keeping *keeping, enum smtp_finding finding,
                             struct place place, struct place proof, const char *detail)
{
    if (is_beyond(findings, finding)) {
        count_beyond(findings, keeping, finding);
        return NULL;
    }
    struct finding *found = keeping_take(keeping, sizeof *found);
    found->finding = finding;
    found->place = place;
    found->detail = keeping_text(keeping, detail);
    keeping_append(keeping, &findings->list, &found->link, found);
    add_proof(keeping, found, proof);
    return found;
}

/* The logins that were denied before: the last ones, if there are many. One place is left for a login that is accepted.
 */
static void add_denials(const struct keeping *keeping, struct finding *finding, const struct logins *logins)
{
    unsigned denied = 0;
    for (const GList *link = logins->list.head; link != logins->list.tail; link = keeping_next(keeping, link))
        denied += ((const struct login *)link->data)->denied;
    for (const GList *link = logins->list.head; link != logins->list.tail; link = keeping_next(keeping, link)) {
        const struct login *login = link->data;
        if (login->denied && denied-- < SMTP_RELATED_KEPT)
            add_proof(keeping, finding, login->result_place);
    }
}

struct finding *findings_take(struct findings *findings, const struct keeping *keeping, const struct smtp_event *event,
                              const struct logins *logins)
{
    enum smtp_finding name = event->finding.finding;
    enum smtp_related related = smtp_finding_related(name, event->finding.of_offer);
    bool gap = name == SMTP_FINDING_CAPTURE_GAP;
    if (gap && findings->gaps[event->role] != NULL)
        return NULL;
    struct place place = keeping_place(keeping, event);
    struct finding *found =
        findings_add(findings, keeping, name, place, findings->related[related], event->finding.detail);
    if (found != NULL && related == SMTP_RELATED_DENIALS)
        add_denials(keeping, found, logins);
    if (gap)
        findings->gaps[event->role] = found;
    return found;
}

struct finding *findings_last(const struct findings *findings, enum smtp_finding name)
{
    const GList *link = findings->list.tail;
    while (link != NULL && ((const struct finding *)link->data)->finding != name)
        link = link->prev;
    return link != NULL ? link->data : NULL;
}

void findings_say_more(const struct keeping *keeping, struct finding *finding, const char *more)
{
    char *detail = g_strdup_printf("%.*s; %s", (int)finding->detail.length, (const char *)finding->detail.octets, more);
    keeping_change(keeping, &finding->detail, sizeof finding->detail);
    finding->detail = keeping_text(keeping, detail);
    g_free(detail);
}

void findings_take_place(struct findings *findings, const struct keeping *keeping, const struct smtp_event *event)
{
    findings->noted[event->role] =
        (struct noted_place){ .offset = event->offset, .place = keeping_place(keeping, event) };
}

struct finding *findings_take_proof(struct findings *findings, const struct keeping *keeping,
                                    const struct smtp_event *event)
{
    enum smtp_finding name = event->finding_proof.finding;
    const struct noted_place *noted = &findings->noted[event->role];
    struct finding *finding = findings_last(findings, name);
    bool beyond = findings->beyond != NULL && findings->beyond[name] > 0;
    if (finding == NULL || beyond)
        return NULL;
    bool known = noted->place.frame != 0 && noted->offset == event->offset;
    add_proof(keeping, finding, known ? noted->place : keeping_place(keeping, event));
    findings_say_more(keeping, finding, event->finding_proof.detail);
    return finding;
}
