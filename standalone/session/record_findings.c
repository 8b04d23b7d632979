/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The findings of a session: what the core says, what the shell sees, what only shows when all is known. */

#include "record_private.h"

#define DOMAIN_OCTETS ((size_t)255) /* RFC 5321 section 4.5.3.1.2 */

static struct place place_of(const struct record *record, const struct smtp_event *event)
{
    return record->locate(record->locate_context, event->role, event->offset);
}

/* Whether so many of that name are kept that no more are; most sessions have fewer findings in all. */
static bool is_beyond(struct record *record, enum smtp_finding name)
{
    unsigned count = 0;
    if (record->findings.length < FINDINGS_KEPT)
        return false;
    for (const GList *link = record->findings.head; link != NULL; link = link->next)
        count += ((const struct finding *)link->data)->finding == name;
    return count >= FINDINGS_KEPT;
}

static void count_beyond(struct record *record, enum smtp_finding name)
{
    if (record->findings_beyond == NULL)
        record->findings_beyond = arena_take(record->arena, SMTP_FINDING_COUNT * sizeof *record->findings_beyond);
    record->findings_beyond[name]++;
}

static void add_proof(struct record *record, struct finding *finding, struct place place)
{
    const struct proof *last = g_queue_peek_tail(&finding->proofs);
    bool own = place_same_frame(&place, &finding->place);
    bool again = last != NULL && place_same_frame(&place, &last->place);
    if (place.frame == 0 || own || again || finding->proofs.length == SMTP_RELATED_KEPT)
        return;
    struct proof *proof = arena_take(record->arena, sizeof *proof);
    proof->place = place;
    proof->link.data = proof;
    g_queue_push_tail_link(&finding->proofs, &proof->link);
}

/* NULL: there are too many of that name. */
static struct finding *add_finding(struct record *record, enum smtp_finding finding, struct place place,
                                   const char *detail)
{
    if (is_beyond(record, finding)) {
        count_beyond(record, finding);
        return NULL;
    }
    struct finding *found = arena_take(record->arena, sizeof *found);
    found->finding = finding;
    found->place = place;
    found->detail = arena_copy(record->arena, smtp_span_of_text(detail));
    found->link.data = found;
    g_queue_push_tail_link(&record->findings, &found->link);
    return found;
}

void record_finding(struct record *record, enum smtp_finding finding, struct place place, struct place proof,
                    const char *detail)
{
    struct finding *found = add_finding(record, finding, place, detail);
    if (found != NULL)
        add_proof(record, found, proof);
}

/* The logins that were denied before: the last ones, if there are many. One place is left for a login that is accepted. */
static void add_denials(struct record *record, struct finding *finding)
{
    unsigned denied = 0;
    for (const GList *link = record->auths.head; link != record->auths.tail; link = record_next(record, link))
        denied += ((const struct auth *)link->data)->denied;
    for (const GList *link = record->auths.head; link != record->auths.tail; link = record_next(record, link)) {
        const struct auth *auth = link->data;
        if (auth->denied && denied-- < SMTP_RELATED_KEPT)
            add_proof(record, finding, auth->result_place);
    }
}

/* What was seen before and proves it, too. */
static void add_related(struct record *record, struct finding *finding, const struct smtp_event *event)
{
    enum smtp_related related = smtp_finding_related(finding->finding, event->finding.of_offer);
    if (related == SMTP_RELATED_DENIALS)
        add_denials(record, finding);
    else
        add_proof(record, finding, record->related[related]);
}

/* A capture with holes has many: the first of each side stands for all. */
void record_take_finding(struct record *record, const struct smtp_event *event)
{
    bool gap = event->finding.finding == SMTP_FINDING_CAPTURE_GAP;
    if (gap && record->gap_findings[event->role] != NULL)
        return;
    struct place place = place_of(record, event);
    struct finding *found = add_finding(record, event->finding.finding, place, event->finding.detail);
    if (found != NULL)
        add_related(record, found, event);
    if (gap)
        record->gap_findings[event->role] = g_queue_peek_tail(&record->findings);
}

static struct finding *last_finding(const struct record *record, enum smtp_finding name)
{
    const GList *link = record->findings.tail;
    while (link != NULL && ((const struct finding *)link->data)->finding != name)
        link = link->prev;
    return link != NULL ? link->data : NULL;
}

static void say_more(struct record *record, struct finding *finding, const char *more)
{
    char *detail = g_strdup_printf("%.*s; %s", (int)finding->detail.length, (const char *)finding->detail.octets, more);
    finding->detail = arena_copy(record->arena, smtp_span_of_text(detail));
    g_free(detail);
}

/* The frame of octets that are told of when much has come behind them: until then it would be forgotten. */
void record_note_proof_place(struct record *record, const struct smtp_event *event)
{
    record->proof_place[event->role].offset = event->offset;
    record->proof_place[event->role].place = place_of(record, event);
}

/* What is known now of the last finding of that name: it is said behind what was said of it before. */
void record_add_proof(struct record *record, const struct smtp_event *event)
{
    struct finding *finding = last_finding(record, event->finding_proof.finding);
    bool beyond = record->findings_beyond != NULL && record->findings_beyond[event->finding_proof.finding] > 0;
    if (finding == NULL || beyond)
        return;
    struct place place = place_of(record, event);
    bool noted =
        record->proof_place[event->role].place.frame != 0 && record->proof_place[event->role].offset == event->offset;
    add_proof(record, finding, noted ? record->proof_place[event->role].place : place);
    say_more(record, finding, event->finding_proof.detail);
}

/* What is not in the list of findings, in the words of those that are. */
static void sum_up_findings(struct record *record)
{
    char more[96];
    for (int role = SMTP_CLIENT; role <= SMTP_SERVER; role++) {
        uint64_t holes = 0;
        uint64_t octets = 0;
        for (const GList *link = record->gaps.head; link != NULL; link = record_next(record, link)) {
            const struct gap *gap = link->data;
            holes += gap->from == (enum smtp_role)role;
            octets += gap->from == (enum smtp_role)role ? gap->octets : 0;
        }
        g_snprintf(more, sizeof more, "in all %" G_GUINT64_FORMAT " octets in %" G_GUINT64_FORMAT " holes", octets, holes);
        if (holes > 1 && record->gap_findings[role] != NULL)
            say_more(record, record->gap_findings[role], more);
    }
    for (int name = 0; name < SMTP_FINDING_COUNT && record->findings_beyond != NULL; name++) {
        if (record->findings_beyond[name] == 0)
            continue;
        g_snprintf(more, sizeof more, "and %u more of this kind", record->findings_beyond[name]);
        say_more(record, last_finding(record, (enum smtp_finding)name), more);
    }
}

/* Whether a domain is the other, or below it: bounces often have a host of their own. */
static bool is_within(struct smtp_span domain, struct smtp_span other)
{
    if (other.length == 0 || other.length > domain.length)
        return false;
    size_t front = domain.length - other.length;
    bool same = g_ascii_strncasecmp((const char *)domain.octets + front, (const char *)other.octets, other.length) == 0;
    return same && (front == 0 || domain.octets[front - 1] == '.');
}

/* A domain as it is compared: without the root's dot, U-labels as A-labels (RFC 5890 section 2.3.2.1). To be freed. */
static char *comparable(struct smtp_span domain)
{
    char *text = g_strndup((const char *)domain.octets, smtp_span_first(domain, DOMAIN_OCTETS).length);
    size_t length = strlen(text);
    if (length > 1 && text[length - 1] == '.')
        text[length - 1] = '\0';
    bool international = g_utf8_validate(text, -1, NULL) && g_hostname_is_non_ascii(text);
    char *ascii = international ? g_hostname_to_ascii(text) : NULL;
    if (ascii == NULL)
        return text;
    g_free(text);
    return ascii;
}

static bool related_domains(struct smtp_span one, struct smtp_span other)
{
    char *first = comparable(one);
    char *second = comparable(other);
    bool related = is_within(smtp_span_of_text(first), smtp_span_of_text(second))
                   || is_within(smtp_span_of_text(second), smtp_span_of_text(first));
    g_free(first);
    g_free(second);
    return related;
}

/* Who the message says it is from, and whom the envelope names, are of different domains: common, and worth knowing. */
static void check_sender(struct record *record, const struct transaction *transaction)
{
    const struct message *message = transaction->message;
    if (!transaction->mail_seen || transaction->mail_from.length == 0 || message == NULL || message->from_domain == NULL)
        return;
    struct smtp_span argument = transaction->mail_from;
    size_t at = argument.length;
    while (at > 0 && argument.octets[at - 1] != '@')
        at--;
    struct smtp_span domain = smtp_span_from(argument, at);
    struct smtp_span from = smtp_span_of_text(message->from_domain);
    if (at == 0 || related_domains(domain, from))
        return;
    char *detail = g_strdup_printf("the envelope's sender is of %.*s, the message's From field of %s",
                                   (int)smtp_span_first(domain, DOMAIN_OCTETS).length, (const char *)domain.octets, message->from_domain);
    record_finding(record, SMTP_FINDING_ENVELOPE_HEADER_MISMATCH, transaction->place, message->place, detail);
    g_free(detail);
}

void record_conclude(struct record *record)
{
    for (const GList *link = record->messages.head; link != NULL; link = record_next(record, link)) {
        struct message *message = link->data;
        message->complete = message->complete && !message->contradicted;
    }
    for (const GList *link = record->transactions.head; link != NULL; link = record_next(record, link))
        check_sender(record, link->data);
    sum_up_findings(record);
}
