/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refusals.h"

#include "greetings.h"
#include "path.h"

static uint64_t add_to_hash(uint64_t hash, struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++) /* FNV-1a */
        hash = (hash ^ smtp_ascii_upper(text.octets[i])) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t refusals_hash(struct smtp_span text)
{
    return add_to_hash(UINT64_C(0xcbf29ce484222325), text);
}

/* Of the words so many octets are compared, and an address that is longer than any path may be is not looked for. */
#define WORDS_COMPARED ((size_t)1024)
#define ADDRESS_LIMIT ((size_t)256)

/* The words without the address, which a server may repeat in any case. */
static uint64_t hash_words(struct smtp_span text, struct smtp_span address)
{
    text = smtp_span_first(text, WORDS_COMPARED);
    if (address.length > ADDRESS_LIMIT)
        address = smtp_span("", 0);
    uint64_t hash = refusals_hash(smtp_span("", 0));
    size_t from = 0;
    for (size_t at = 0; address.length > 0 && at + address.length <= text.length;) {
        struct smtp_span here = smtp_span(text.octets + at, address.length);
        if (g_ascii_strncasecmp((const char *)here.octets, (const char *)address.octets, address.length) != 0) {
            at++;
            continue;
        }
        hash = add_to_hash(hash, smtp_span(text.octets + from, at - from));
        at += address.length;
        from = at;
    }
    return add_to_hash(hash, smtp_span_from(text, from));
}

static bool same_reason(const struct refusal *one, const struct refusal *other)
{
    return one->of == other->of && one->code == other->code && one->words == other->words &&
           one->of_token == other->of_token;
}

/* Most sessions have none. */
static struct refusals *get(struct refusals **refusals, const struct keeping *keeping)
{
    if (*refusals == NULL)
        *refusals = keeping_take(keeping, sizeof **refusals);
    return *refusals;
}

static void add(struct refusals *refusals, const struct keeping *keeping, const struct refusal *refusal)
{
    struct refusal wanted = *refusal;
    wanted.words = hash_words(refusal->text, refusal->address);
    wanted.count = 1;
    for (GList *link = refusals->list.head; link != NULL; link = link->next) {
        struct refusal *known = link->data;
        if (!same_reason(known, &wanted))
            continue;
        keeping_change(keeping, &known->count, sizeof known->count);
        known->count++;
        return;
    }
    keeping_change(keeping, refusals, sizeof *refusals);
    if (refusals->list.length >= REFUSALS_KEPT) {
        refusals->beyond++;
        return;
    }
    struct refusal *kept = keeping_take(keeping, sizeof *kept);
    *kept = wanted;
    kept->link = (GList){ .data = NULL };
    keeping_append(keeping, &refusals->list, &kept->link, kept);
}

static void refuse(struct refusals **refusals, const struct keeping *keeping, enum refusal_of of,
                   struct replies *replies, uint16_t code, struct smtp_span address, struct place place)
{
    if (!keeping->texts)
        return;
    struct refusal refusal = { .of = of,
                               .code = code,
                               .enhanced = replies->last.enhanced,
                               .text = replies_words(replies, keeping),
                               .address = address,
                               .of_token = of == REFUSAL_LOGIN && replies->last.of_token,
                               .token_status = replies->last.token_status,
                               .place = place };
    add(get(refusals, keeping), keeping, &refusal);
}

void refusals_add(struct refusals **refusals, const struct keeping *keeping, enum refusal_of of,
                  struct replies *replies, uint16_t code, struct place place)
{
    refuse(refusals, keeping, of, replies, code, smtp_span("", 0), place);
}

/* An address that RCPT, VRFY or EXPN named was refused as such. */
static void note_address(struct refusals *refusals, struct smtp_span argument, struct place place)
{
    if (refusals->refused++ == 0)
        refusals->place = place;
    uint64_t hash = refusals_hash(argument);
    for (unsigned i = 0; i < refusals->address_count; i++)
        if (refusals->addresses[i] == hash)
            return;
    if (refusals->address_count < REFUSED_ADDRESSES_KEPT)
        refusals->addresses[refusals->address_count++] = hash;
}

/* What a reply says no to. False: to nothing that is told of here; of logins and STARTTLS the boundary tells. */
static bool is_refusal(const struct smtp_reply *reply, enum refusal_of *of)
{
    bool unasked = reply->answers == SMTP_ANSWERS_NOTHING || reply->answers == SMTP_ANSWERS_UNKNOWN;
    bool command = reply->answers == SMTP_ANSWERS_COMMAND || reply->answers == SMTP_ANSWERS_CONTENT;
    if (reply->answers == SMTP_ANSWERS_GREETING)
        *of = REFUSAL_SESSION;
    else if (unasked && reply->code == 421)
        *of = REFUSAL_CLOSED;
    else if (reply->answers == SMTP_ANSWERS_UNKNOWN && reply->verb == SMTP_VERB_NONE)
        *of = REFUSAL_UNSEEN;
    else if (command && greetings_greets(reply->verb))
        *of = REFUSAL_GREETING;
    else if (command && reply->verb == SMTP_VERB_MAIL)
        *of = REFUSAL_SENDER;
    else if (command && reply->verb == SMTP_VERB_RCPT)
        *of = REFUSAL_RECIPIENT;
    else if (command && (reply->verb == SMTP_VERB_DATA || reply->verb == SMTP_VERB_BDAT))
        *of = reply->answers == SMTP_ANSWERS_CONTENT ? REFUSAL_MESSAGE : REFUSAL_DATA;
    else
        return false;
    return reply->code >= 400;
}

void refusals_take_reply(struct refusals **refusals, const struct keeping *keeping, struct replies *replies,
                         const struct sent *sent, struct place place)
{
    const struct smtp_reply *reply = &replies->last;
    struct smtp_span argument = sent != NULL ? sent->argument : smtp_span("", 0);
    struct smtp_span address = smtp_span("", 0);
    enum refusal_of of;
    if (sent != NULL && refusals_names_address(reply->verb) && smtp_reply_refuses_address(reply))
        note_address(get(refusals, keeping), argument, place);
    if (!is_refusal(reply, &of))
        return;
    if (of == REFUSAL_SENDER)
        address = smtp_path_parse(argument, "FROM").address;
    else if (of == REFUSAL_RECIPIENT)
        address = smtp_path_parse(argument, "TO").address;
    refuse(refusals, keeping, of, replies, reply->code, address, place);
}
