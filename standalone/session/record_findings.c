/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The findings of a session that the core does not see: those of the shell, and what only shows when all is known. */

#include "record_private.h"

#define DOMAIN_OCTETS ((size_t)255) /* RFC 5321 section 4.5.3.1.2 */

void record_finding(struct record *record, enum smtp_finding finding, struct place place, struct place proof,
                    const char *detail)
{
    findings_add(&record->account.findings, &record->account.keeping, finding, place, proof, detail);
}

/* What is not in the list of findings, in the words of those that are. */
static void sum_up_findings(struct record *record)
{
    const struct account *account = &record->account;
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
        if (holes > 1 && account->findings.gaps[role] != NULL)
            findings_say_more(&account->keeping, account->findings.gaps[role], more);
    }
    for (int name = 0; name < SMTP_FINDING_COUNT && account->findings.beyond != NULL; name++) {
        if (account->findings.beyond[name] == 0)
            continue;
        g_snprintf(more, sizeof more, "and %u more of this kind", account->findings.beyond[name]);
        findings_say_more(&account->keeping, findings_last(&account->findings, (enum smtp_finding)name), more);
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
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link))
        check_sender(record, link->data);
    sum_up_findings(record);
}
