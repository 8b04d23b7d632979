/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_private.h"

#include "path.h"
#include "prefetch.h"
#include "session.h"

/* Of a reply without end no more text is kept for the facts; its lines are all in the transcript. */
#define REPLY_TEXT_LIMIT ((size_t)65536)

/* Commands that are remembered: more than can wait for a reply. */
#define SENT_AT_FIRST 4
#define SENT_LIMIT (4 * SMTP_QUEUE_LIMIT)

/* What is remembered of each command until its reply, and its transaction, are known. */
struct sent {
    uint32_t number;
    struct item *item; /* NULL without keep_items */
    enum smtp_verb verb;
    bool in_tls;               /* it was read under TLS */
    struct place place;
    struct place content_end;  /* of the content behind it; frame 0: there is none */
    struct smtp_span argument; /* of the verbs whose argument matters later */
};

static struct smtp_span keep(struct record *record, struct smtp_span span)
{
    return arena_copy(record->arena, span);
}

/* Appends an element of the record to one of its lists. */
static void append(GQueue *list, GList *link, void *element)
{
    link->data = element;
    g_queue_push_tail_link(list, link);
}

struct record *record_new(struct arena_pool *pool, struct secrets *secrets, const struct record_options *options)
{
    struct arena *arena = arena_new(pool);
    struct record *record = arena_take(arena, sizeof *record);
    record->arena = arena;
    record->message_arena.pool = pool;
    record->secrets = secrets;
    record->options = options;
    record->sent = arena_take(arena, SENT_AT_FIRST * sizeof(struct sent));
    record->sent_capacity = SENT_AT_FIRST;
    if (options->timing)
        record->timing = arena_take(arena, sizeof *record->timing);
    return record;
}

const GList *record_next(const struct record *record, const GList *link)
{
    arena_pool_looked(record->options->message.pool);
    return link->next;
}

void record_free(struct record *record)
{
    for (const GList *link = record->messages.head; link != NULL; link = record_next(record, link))
        message_free(link->data);
    lazy_arena_free(&record->message_arena);
    arena_free(record->arena);
}

void record_expect(const struct record *record, int step)
{
    if (step == 1) {
        prefetch(record, offsetof(struct record, reply_long));
        prefetch(&record->messages, 2 * sizeof record->messages);
        return;
    }
    arena_expect(record->arena);
    if (record->content != NULL)
        prefetch(record->content, sizeof *record->content);
}

static struct place place_of(struct record *record, const struct smtp_event *event)
{
    return record->locate(record->locate_context, event->role, event->offset);
}

/* The place of its last octet. */
static struct place end_of(struct record *record, const struct smtp_event *event)
{
    return record->locate(record->locate_context, event->role,
                          event->offset + (event->octets > 0 ? event->octets - 1 : 0));
}

static struct item *add_item(struct record *record, enum item_kind kind, const struct smtp_event *event)
{
    if (!record->options->items)
        return NULL;
    if (kind != ITEM_REPLY)
        record_part_reply(record);
    struct item *item = arena_take(record->arena, sizeof *item);
    item->kind = kind;
    item->role = event->role;
    item->encrypted = event->encrypted;
    item->place = place_of(record, event);
    item->last_frame = event->octets > 1 ? end_of(record, event).frame : item->place.frame;
    item->offset = event->offset;
    record_put_item(record, item);
    return item;
}

static struct sent *sent_command(const struct record *record, uint32_t number)
{
    if (number == 0 || record->sent == NULL)
        return NULL;
    struct sent *sent = &record->sent[number % record->sent_capacity];
    return sent->number == number ? sent : NULL;
}

/* The first ring lies in the arena. */
static void free_ring(struct sent *sent, uint32_t capacity)
{
    if (capacity > SENT_AT_FIRST)
        g_free(sent);
}

/* Makes the ring twice as large. */
static void widen_ring(struct record *record)
{
    uint32_t old_capacity = record->sent_capacity;
    struct sent *old = record->sent;
    record->sent_capacity = 2 * old_capacity;
    record->sent = g_new0(struct sent, record->sent_capacity);
    for (uint32_t i = 0; i < old_capacity; i++)
        record->sent[old[i].number % record->sent_capacity] = old[i];
    free_ring(old, old_capacity);
}

/* Remembers a command, as long as its reply may come; its number is one more than the last one's. */
static void remember(struct record *record, const struct sent *sent)
{
    bool crowded = sent->number - record->answered > record->sent_capacity / 2;
    if (crowded && record->sent_capacity < SENT_LIMIT)
        widen_ring(record);
    record->sent[sent->number % record->sent_capacity] = *sent;
}

/* ---- secrets ---- */

/* Remembers a secret, in case it is repeated. */
static void learn(struct record *record, const struct smtp_secret *secret, unsigned label)
{
    const struct auth *auth = g_queue_peek_tail(&record->auths);
    if (record->options->show_secrets || secret->passing)
        return;
    uint32_t capacity = smtp_known_wants(&record->known, secret);
    if (capacity > record->known.capacity) {
        struct smtp_known_slot *old = record->known.slots; /* not in the arena: it is needed until the session ends */
        smtp_known_move(&record->known, g_new0(struct smtp_known_slot, capacity), capacity);
        g_free(old);
    }
    bool response = secret->kind == SMTP_SECRET_AUTH && auth != NULL && auth->result == SMTP_STEP_STARTED;
    smtp_known_learn(&record->known, secret, label, response ? auth->identity : smtp_span(NULL, 0));
}

static unsigned label_of(struct record *record, const struct smtp_secret *secret)
{
    if (!secret->rest || record->last_label == 0)
        record->last_label = secrets_label(record->secrets, secret->named);
    return record->last_label;
}

static void forget_secrets(struct record *record)
{
    g_free(record->known.slots);
    record->known = (struct smtp_known){ .slots = NULL };
}

/* The text without the secrets that it repeats: as it is, where there are none. */
static struct smtp_span without_secrets(struct record *record, struct smtp_span text, bool near_login)
{
    struct smtp_masks masks;
    if (record->known.used == 0)
        return text;
    smtp_known_find(&record->known, text, near_login, &masks);
    if (masks.count == 0)
        return text;
    if (record->scratch == NULL)
        record->scratch = g_string_new(NULL);
    g_string_set_size(record->scratch, SMTP_MASKED_OCTETS(text.length));
    size_t length = smtp_known_mask(text, &masks, (uint8_t *)record->scratch->str);
    return keep(record, smtp_span(record->scratch->str, length));
}

/* A name as it may be shown: some type their password where the user name is asked for. */
static struct smtp_span keep_identity(struct record *record, struct smtp_span identity)
{
    char text[SMTP_LABEL_OCTETS];
    uint32_t label = smtp_known_label(&record->known, identity);
    if (label == 0)
        return keep(record, identity);
    g_snprintf(text, sizeof text, "[secret-%u]", label);
    return keep(record, smtp_span_of_text(text));
}

/* The line, its secret apart, if there is one. */
static struct guarded guard_line(struct record *record, struct smtp_span line, const struct smtp_secret *secret,
                                 bool near_login)
{
    struct smtp_span before = smtp_span_first(line, line.length - secret->octets.length);
    struct smtp_span shown = without_secrets(record, before, near_login);
    struct guarded guarded = { .before = shown.octets == before.octets ? keep(record, before) : shown,
                               .secret = smtp_span(NULL, 0) };
    if (secret->octets.length == 0)
        return guarded;
    guarded.secret = keep(record, secret->octets);
    guarded.label = label_of(record, secret);
    learn(record, secret, guarded.label);
    return guarded;
}

/* ---- commands ---- */

static bool greets(enum smtp_verb verb)
{
    return verb == SMTP_VERB_EHLO || verb == SMTP_VERB_HELO || verb == SMTP_VERB_LHLO;
}

static bool argument_matters(enum smtp_verb verb)
{
    return verb == SMTP_VERB_MAIL || verb == SMTP_VERB_RCPT || greets(verb) || verb == SMTP_VERB_VRFY || verb == SMTP_VERB_EXPN || verb == SMTP_VERB_SEND || verb == SMTP_VERB_SOML || verb == SMTP_VERB_SAML;
}

/* As much of a command's first word as may be shown. */
static struct smtp_span shown_word(struct record *record, struct smtp_span word, const struct guarded *line)
{
    struct smtp_span rest = line->before;
    struct smtp_span first = smtp_span_next_word(&rest);
    if (first.length > word.length || memcmp(first.octets, word.octets, first.length) != 0)
        return smtp_span("", 0); /* masked */
    return first.length > 0 ? keep(record, first) : smtp_span("", 0);
}

static void take_command(struct record *record, const struct smtp_event *event)
{
    struct place place = place_of(record, event);
    const struct smtp_command *command = &event->command.parsed;
    struct sent sent = { .number = event->command.number, .verb = command->verb, .place = place };
    sent.in_tls = event->encrypted;
    bool secret = event->command.secret.kind != SMTP_SECRET_NONE;
    struct guarded line =
        secret || record->options->items
            ? guard_line(record, event->command.line.text, &event->command.secret, event->command.near_login)
            : (struct guarded){ .label = 0 };
    if (argument_matters(command->verb)) {
        struct smtp_span shown = without_secrets(record, command->argument, event->command.near_login);
        sent.argument = shown.octets == command->argument.octets ? keep(record, shown) : shown;
    }
    if (greets(command->verb)) {
        record->greetings[1] = record->greetings[0];
        record->greetings[0] =
            (struct greeting){ .number = event->command.number, .verb = command->verb, .name = sent.argument };
    }
    if (smtp_verb_names_sender(command->verb))
        record->related[SMTP_RELATED_MAIL] = place;
    record->commands++;
    record->lmtp = record->lmtp || command->verb == SMTP_VERB_LHLO;
    record->quit = record->quit || command->verb == SMTP_VERB_QUIT;
    struct item *item = add_item(record, ITEM_COMMAND, event);
    if (item != NULL) {
        item->verb = command->verb;
        item->word = shown_word(record, command->word, &line);
        item->line_end = event->command.line.end;
        item->phase = event->command.phase;
        item->line = line;
        sent.item = item;
    }
    remember(record, &sent);
}

static void take_response(struct record *record, const struct smtp_event *event)
{
    struct auth *auth = g_queue_peek_tail(&record->auths);
    const struct smtp_sasl_response *sasl = &event->auth_response.sasl;
    struct smtp_span identity = sasl->has_identity ? keep_identity(record, sasl->identity) : smtp_span(NULL, 0);
    struct guarded line = guard_line(record, event->auth_response.line.text, &event->auth_response.secret, false);
    if (auth != NULL && sasl->has_identity)
        auth->identity = identity;
    if (auth != NULL && sasl->has_secret)
        auth->secret = keep(record, sasl->secret);
    struct item *item = add_item(record, ITEM_RESPONSE, event);
    record->response = item;
    if (item == NULL)
        return;
    item->line = line;
    item->line_end = event->auth_response.line.end;
    item->mechanism = event->auth_response.mechanism;
    item->cancelled = event->auth_response.cancelled;
    item->malformed = !event->auth_response.cancelled && (sasl->bad_base64 || sasl->malformed);
    item->decoded = identity;
    item->auth = auth;
    item->boundary = SMTP_BOUNDARY_AUTH;
    item->step = SMTP_STEP_RESPONSE;
}

/* ---- replies ---- */

static void add_text_line(struct record *record, GQueue *list, struct smtp_span text)
{
    struct text_line *line = arena_take(record->arena, sizeof *line);
    line->text = keep(record, text);
    append(list, &line->link, line);
}

/* Most replies are short: those need no memory of their own. */
static void add_reply_text(struct record *record, struct smtp_span text)
{
    size_t length = MIN(text.length, REPLY_TEXT_LIMIT - record->reply_octets);
    if (length == 0)
        return;
    if (record->reply_octets + length <= sizeof record->reply_short) {
        memcpy(record->reply_short + record->reply_octets, text.octets, length);
    } else {
        if (record->reply_long == NULL)
            record->reply_long = g_string_new(NULL);
        if (record->reply_octets <= sizeof record->reply_short) {
            g_string_truncate(record->reply_long, 0);
            g_string_append_len(record->reply_long, record->reply_short, (gssize)record->reply_octets);
        }
        g_string_append_len(record->reply_long, (const char *)text.octets, (gssize)length);
    }
    record->reply_octets += length;
}

static struct smtp_span reply_text(const struct record *record)
{
    bool is_short = record->reply_octets <= sizeof record->reply_short;
    return smtp_span(is_short ? record->reply_short : record->reply_long->str, record->reply_octets);
}

/* The first line of a reply, or of a part of it, has a place of its own. */
static const struct place *place_of_line(struct record *record, const struct smtp_event *event)
{
    struct place place = place_of(record, event);
    const struct record_line *last = record->untold != NULL ? g_queue_peek_tail(&record->lines) : NULL;
    if (last != NULL && place_same_frame(last->place, &place) && last->place->time == place.time)
        return last->place;
    struct place *kept = arena_take(record->arena, sizeof *kept);
    *kept = place;
    return kept;
}

static void take_reply_line(struct record *record, const struct smtp_event *event)
{
    size_t behind = (size_t)(event->reply_line.parsed.text.octets - event->reply_line.line.text.octets);
    if (event->reply_line.secret.kind != SMTP_SECRET_NONE)
        learn(record, &event->reply_line.secret, label_of(record, &event->reply_line.secret));
    struct smtp_span text = without_secrets(record, event->reply_line.parsed.text, event->reply_line.near_login);
    if (record->reply_begins) {
        record->reply_begins = false;
        record->reply_lines = 0;
        record->reply_octets = 0;
    }
    if (record->reply_lines++ > 0)
        add_reply_text(record, smtp_span("\n", 1));
    add_reply_text(record, text);
    if (event->reply_line.is_keyword)
        add_text_line(record, &record->new_extensions, text);
    if (!record->options->items)
        return;
    struct record_line *line = arena_take(record->arena, sizeof *line + behind + text.length);
    line->length = (uint32_t)(behind + text.length);
    line->behind = (uint32_t)behind;
    line->end = event->reply_line.line.end;
    line->place = place_of_line(record, event);
    if (behind > 0)
        memcpy(line->octets, event->reply_line.line.text.octets, behind);
    if (text.length > 0)
        memcpy(line->octets + behind, text.octets, text.length);
    append(&record->lines, &line->link, line);
    if (record->untold != NULL)
        return;
    record->untold = line;
    record->untold_last_frame = event->octets > 1 ? end_of(record, event).frame : line->place->frame;
}

/* All lines of the last reply, their codes left out; copied when somebody wants it. */
static struct smtp_span last_reply(struct record *record)
{
    if (record->last_reply.octets == NULL)
        record->last_reply = keep(record, reply_text(record));
    return record->last_reply;
}

static struct smtp_span last_enhanced(struct record *record)
{
    const struct smtp_enhanced_status *enhanced = &record->last_enhanced;
    if (!enhanced->present)
        return smtp_span(NULL, 0);
    char status[32];
    g_snprintf(status, sizeof status, "%u.%u.%u", enhanced->class_digit, enhanced->subject, enhanced->detail);
    return keep(record, smtp_span_of_text(status));
}

/* The client's name at a command (0: now): a greeting counts until it is refused. octets NULL: it has none. */
static struct smtp_span name_of_client(const struct record *record, uint32_t command)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(record->greetings); i++)
        if (record->greetings[i].number != 0 && (command == 0 || record->greetings[i].number < command))
            return record->greetings[i].name;
    return record->helo_seen ? record->helo : smtp_span(NULL, 0);
}

/* Different lines of a session's EHLO replies that are kept. */
#define EXTENSIONS_KEPT 96u

static bool has_extension(const GQueue *lines, struct smtp_span text)
{
    for (const GList *link = lines->head; link != NULL; link = link->next)
        if (smtp_keyword_line_same(((const struct text_line *)link->data)->text, text))
            return true;
    return false;
}

/* An EHLO reply takes the place of the one before, whose lines go to the earlier ones. */
static void replace_extensions(struct record *record, GQueue *last, GQueue *earlier)
{
    for (GList *link = g_queue_pop_head_link(last); link != NULL; link = g_queue_pop_head_link(last)) {
        if (has_extension(earlier, ((const struct text_line *)link->data)->text))
            continue;
        if (earlier->length < EXTENSIONS_KEPT)
            g_queue_push_tail_link(earlier, link);
        else
            record->extensions_beyond++;
    }
    *last = record->new_extensions;
    record->new_extensions = (GQueue)G_QUEUE_INIT;
}

static void take_greeting(struct record *record, const struct sent *sent, const struct smtp_reply *reply, const struct place *place)
{
    if (reply->code < 200 || reply->code > 299)
        return;
    record->related[SMTP_RELATED_GREETING] = *place;
    record->helo_seen = true;
    record->helo_verb = sent->verb;
    record->helo = sent->argument;
    if (sent->verb == SMTP_VERB_HELO)
        return;
    bool behind_tls = record->behind_starttls || record->protection == PROTECTION_TLS;
    if (!behind_tls)
        record->related[SMTP_RELATED_CLEAR_EHLO] = *place;
    if (record->turned)
        return;
    if (behind_tls)
        replace_extensions(record, &record->tls_extensions, &record->earlier_tls_extensions);
    else
        replace_extensions(record, &record->extensions, &record->earlier_extensions);
    *(behind_tls ? &record->tls_extensions_seen : &record->extensions_seen) = true;
}

/* The reply to a greeting came: it need not be assumed any more. */
static void note_greeting_answered(struct record *record, uint32_t number)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(record->greetings); i++)
        if (record->greetings[i].number == number)
            record->greetings[i].number = 0;
}

static void answer_item(struct item *item, const struct place *place)
{
    if (item == NULL || item->answered)
        return;
    item->answered = true;
    item->reply_frame = place->frame;
    item->reply_time = place->time;
}

static void keep_lines(struct record *record, struct item *item)
{
    item->lines = record->lines;
    const struct record_line *last = g_queue_peek_tail(&item->lines);
    item->line_end = last != NULL ? last->end : SMTP_LINE_END_NONE;
}

/* ---- refusals ---- */

/* Most sessions have none. */
static struct refusals *refusals_of(struct record *record)
{
    if (record->refusals == NULL)
        record->refusals = arena_take(record->arena, sizeof *record->refusals);
    return record->refusals;
}

static void refuse(struct record *record, enum refusal_of of, uint16_t code, struct smtp_span address, const struct place *place)
{
    struct refusal refusal = { .of = of,
                               .code = code,
                               .enhanced = record->last_enhanced,
                               .text = last_reply(record),
                               .address = address,
                               .of_token = of == REFUSAL_LOGIN && record->last_of_token,
                               .token_status = record->last_token_status,
                               .place = *place };
    refusals_add(refusals_of(record), record->arena, &refusal);
}

/* A no to what may be refused; of logins and STARTTLS the boundary tells. */
static void take_refusal(struct record *record, const struct smtp_reply *reply, const struct sent *sent, const struct place *place)
{
    struct smtp_span none = smtp_span("", 0);
    struct smtp_span argument = sent != NULL ? sent->argument : none;
    bool command = reply->answers == SMTP_ANSWERS_COMMAND || reply->answers == SMTP_ANSWERS_CONTENT;
    if (reply->answers == SMTP_ANSWERS_GREETING)
        refuse(record, REFUSAL_SESSION, reply->code, none, place);
    else if ((reply->answers == SMTP_ANSWERS_NOTHING || reply->answers == SMTP_ANSWERS_UNKNOWN) && reply->code == 421)
        refuse(record, REFUSAL_CLOSED, reply->code, none, place);
    else if (reply->answers == SMTP_ANSWERS_UNKNOWN && reply->verb == SMTP_VERB_NONE)
        refuse(record, REFUSAL_UNSEEN, reply->code, none, place);
    else if (!command)
        return;
    else if (greets(reply->verb))
        refuse(record, REFUSAL_GREETING, reply->code, none, place);
    else if (reply->verb == SMTP_VERB_MAIL)
        refuse(record, REFUSAL_SENDER, reply->code, smtp_path_parse(argument, "FROM").address, place);
    else if (reply->verb == SMTP_VERB_RCPT)
        refuse(record, REFUSAL_RECIPIENT, reply->code, smtp_path_parse(argument, "TO").address, place);
    else if (reply->verb == SMTP_VERB_DATA || reply->verb == SMTP_VERB_BDAT)
        refuse(record, reply->answers == SMTP_ANSWERS_CONTENT ? REFUSAL_MESSAGE : REFUSAL_DATA, reply->code, none, place);
}

static void note_verdicts(struct record *record, const struct smtp_reply *reply, const struct sent *sent, const struct place *place)
{
    bool address = reply->verb == SMTP_VERB_RCPT || reply->verb == SMTP_VERB_VRFY || reply->verb == SMTP_VERB_EXPN;
    if (address && sent != NULL && reply->code / 100 == 2)
        record->accepted_addresses++;
    if (address && sent != NULL && smtp_reply_refuses_address(reply))
        refusals_note_address(refusals_of(record), sent->argument, *place);
    if (reply->code >= 400)
        take_refusal(record, reply, sent, place);
}

/* LMTP (RFC 2033 section 4.2), PRDR: a reply behind the content for one of the recipients that were accepted. */
static struct recipient_reply *add_delivery(struct record *record, const struct smtp_reply *reply)
{
    struct recipient_reply *delivery = arena_take(record->arena, sizeof *delivery);
    delivery->number = reply->delivery;
    delivery->place = reply->place;
    delivery->code = reply->code;
    delivery->enhanced = last_enhanced(record);
    delivery->text = last_reply(record);
    append(&record->deliveries, &delivery->link, delivery);
    return delivery;
}

static void take_reply(struct record *record, const struct smtp_event *event)
{
    const struct smtp_reply *reply = &event->reply.whole;
    struct place place = place_of(record, event);
    struct sent *sent = sent_command(record, event->reply.number);
    record->replies++;
    record->answered = MAX(record->answered, event->reply.number);
    if (smtp_reply_code_decides(reply->code))
        note_greeting_answered(record, event->reply.number);
    record->last_reply = smtp_span(NULL, 0);
    record->last_code = reply->code;
    record->last_enhanced = reply->enhanced;
    record->last_of_token = reply->of_token;
    record->last_token_status = reply->token_status;
    record->last_enhanced.present = reply->enhanced.present && record->reply_lines > 0;
    bool preliminary = record->banner_seen && record->banner_code != 0 && !smtp_reply_code_decides(record->banner_code);
    if (reply->answers == SMTP_ANSWERS_GREETING && (!record->banner_seen || preliminary) && !record->turned) {
        record->banner_seen = true;
        record->banner_code = reply->code;
        record->banner = last_reply(record);
    }
    if (reply->answers == SMTP_ANSWERS_COMMAND && sent != NULL && greets(reply->verb))
        take_greeting(record, sent, reply, &place);
    if ((reply->verb == SMTP_VERB_DATA || reply->verb == SMTP_VERB_BDAT) && reply->code >= 400) {
        record->refusal = last_reply(record);
        record->refusal_enhanced = last_enhanced(record);
        record->refusal_code = reply->code;
    }
    note_verdicts(record, reply, sent, &place);
    struct recipient_reply *delivery = reply->delivery > 0 ? add_delivery(record, reply) : NULL;
    /* LMTP: of the replies to one message the one counts that decides. */
    if (reply->delivery == 1 || (reply->delivery > 1 && reply->code / 100 == 2 && record->verdict_code / 100 != 2)) {
        record->verdict_code = reply->code;
        record->verdict = last_reply(record);
        record->verdict_enhanced = last_enhanced(record);
    }
    struct item *item = add_item(record, ITEM_REPLY, event);
    if (item != NULL) {
        item->reply = *reply;
        if (delivery != NULL)
            delivery->item = item;
        record_join_parts(record, item);
        keep_lines(record, item);
        if (sent != NULL) {
            item->has_command = true;
            item->command_frame = sent->place.frame;
            item->command_time = sent->place.time;
            answer_item(sent->item, &place);
        }
        if (sent != NULL && reply->answers == SMTP_ANSWERS_CONTENT && sent->content_end.frame != 0) {
            item->answered_frame = sent->content_end.frame;
            item->command_time = sent->content_end.time;
        }
        if (reply->answers == SMTP_ANSWERS_RESPONSE && record->response != NULL) {
            item->answered_frame = record->response->place.frame;
            item->command_time = record->response->place.time;
            answer_item(record->response, &place);
        }
    }
    record->lines = (GQueue)G_QUEUE_INIT;
    record->new_extensions = (GQueue)G_QUEUE_INIT;
    record->reply_begins = true;
}

/* ---- content ---- */

/* Something of a transaction was seen there. */
static void note_seen(struct transaction *transaction, struct place place)
{
    if (place.frame == 0)
        return;
    if (transaction->first.frame == 0)
        transaction->first = place;
    transaction->last = place;
}

/* Something of a message was: of the transaction that it belongs to. */
static void note_content(const struct record *record, const struct message *message, struct place place)
{
    struct transaction *transaction = record->transactions.tail != NULL ? record->transactions.tail->data : NULL;
    if (transaction != NULL && transaction->message == message)
        note_seen(transaction, place);
}

/* The message with this number: mostly the last one. */
static struct message *message_of(struct record *record, uint32_t number, enum smtp_transport transport)
{
    if (record->content != NULL && record->content->number == number)
        return record->content;
    while (record->messages.length < number) {
        struct message *message = message_new(record->arena, &record->message_arena, &record->options->message,
                                              record->messages.length + 1, transport);
        g_queue_push_tail_link(&record->messages, &message->link);
    }
    const GList *link = record->messages.tail;
    while (link != NULL && ((const struct message *)link->data)->number != number)
        link = link->prev;
    return link != NULL ? link->data : NULL;
}

/* Content begins with an octet that had not come when the server asked for it. */
static void place_content(struct record *record, struct item *item)
{
    if (item->octets > 0)
        return;
    item->place = record->locate(record->locate_context, item->role, item->offset);
    item->last_frame = item->place.frame;
    record_put_data(record, item);
}

/* Stretches of the client's stream that were captured with two contents; of very many the last one stands for all that
 * follow. */
#define CONFLICTS_KEPT 16u

struct conflicts {
    unsigned count;
    struct {
        uint64_t from, to;
    } stretch[CONFLICTS_KEPT];
};

static void note_conflicts(const struct record *record, struct message *message)
{
    const struct conflicts *conflicts = record->conflicts;
    uint64_t end = message->ends > 0 ? message->ends : UINT64_MAX;
    for (unsigned i = 0; conflicts != NULL && message->octets > 0 && i < conflicts->count; i++)
        if (conflicts->stretch[i].from < end && conflicts->stretch[i].to > message->begins)
            message->contradicted = true;
}

void record_conflict(struct record *record, uint64_t offset, uint64_t octets)
{
    if (record->conflicts == NULL)
        record->conflicts = arena_take(record->arena, sizeof *record->conflicts);
    struct conflicts *conflicts = record->conflicts;
    unsigned last = MIN(conflicts->count, CONFLICTS_KEPT - 1);
    uint64_t news = MIN(offset, conflicts->count < CONFLICTS_KEPT ? offset : conflicts->stretch[last].to);
    if (conflicts->count < CONFLICTS_KEPT) {
        conflicts->stretch[conflicts->count++].from = offset;
    } else {
        conflicts->stretch[last].from = MIN(conflicts->stretch[last].from, offset);
        offset = MAX(offset, conflicts->stretch[last].to - MIN(octets, conflicts->stretch[last].to));
    }
    conflicts->stretch[last].to = offset + octets;
    for (const GList *link = record->messages.tail; link != NULL; link = link->prev) {
        const struct message *message = link->data;
        if (message->ends > 0 && message->ends <= news) /* what is in front was noted, or is not touched */
            break;
        note_conflicts(record, link->data);
    }
}

void record_contradiction(struct record *record)
{
    if (record->content != NULL)
        record->content->contradicted = true;
}

static void take_content_end(struct record *record, const struct smtp_event *event)
{
    struct message *message = message_of(record, event->content_end.message, event->content_end.transport);
    struct smtp_event last = *event;
    last.offset += event->octets;
    last.offset -= last.offset > 0 ? 1 : 0;
    last.octets = 0;
    struct place end = place_of(record, &last);
    struct sent *sent = sent_command(record, event->content_end.number);
    bool end_seen = event->content_end.transport != SMTP_TRANSPORT_DATA || event->content_end.end_mark != SMTP_END_NONE;
    if (sent != NULL && end_seen) {
        sent->content_end = end;
    }
    record->content = NULL;
    message->ends = event->offset + event->octets;
    note_conflicts(record, message);
    message->broken = message->broken || !event->content_end.complete;
    message->end_mark = event->content_end.end_mark;
    message->ended = event->content_end.last && event->content_end.end_mark != SMTP_END_NONE;
    if (message->octets > 0)
        message->last_frame = end.frame;
    if (record->data != NULL) {
        struct item *item = record->data;
        place_content(record, item);
        item->last_frame = end.frame;
        item->complete = event->content_end.complete;
        item->last = event->content_end.last;
        item->end_mark = event->content_end.end_mark;
        record->data = NULL;
    }
    note_content(record, message, end);
    if (event->content_end.last)
        message_finish(message, !message->broken);
}

/* ---- boundaries ---- */

/* The names of mechanisms are in capitals (RFC 4422 section 3.1). */
static struct smtp_span keep_upper(struct record *record, struct smtp_span name)
{
    uint8_t *upper = arena_take(record->arena, name.length);
    for (size_t i = 0; i < name.length; i++)
        upper[i] = smtp_ascii_upper(name.octets[i]);
    return smtp_span(upper, name.length);
}

static void take_auth_step(struct record *record, const struct smtp_event *event)
{
    if (event->boundary.step == SMTP_STEP_STARTED) {
        const struct sent *sent = sent_command(record, event->boundary.number);
        struct auth *started = arena_take(record->arena, sizeof *started);
        started->mechanism =
            event->boundary.text.length > 0 ? keep_upper(record, event->boundary.text) : smtp_span(NULL, 0);
        started->result = SMTP_STEP_STARTED;
        started->frame = sent != NULL ? sent->place.frame : 0;
        started->encrypted = event->encrypted;
        if (event->boundary.sasl.has_identity)
            started->identity = keep_identity(record, event->boundary.sasl.identity);
        if (event->boundary.sasl.has_secret)
            started->secret = keep(record, event->boundary.sasl.secret);
        append(&record->auths, &started->link, started);
    }
    struct auth *auth = g_queue_peek_tail(&record->auths);
    if (auth == NULL)
        return;
    if (event->boundary.step == SMTP_STEP_ACCEPTED || event->boundary.step == SMTP_STEP_REJECTED ||
        event->boundary.step == SMTP_STEP_CANCELLED) {
        auth->result = event->boundary.step;
        auth->code = event->boundary.code;
        auth->denied = event->boundary.step == SMTP_STEP_REJECTED &&
                       smtp_denies_credentials(event->boundary.code, &record->last_enhanced);
        struct place place = place_of(record, event);
        auth->result_place = place;
        if (event->boundary.step == SMTP_STEP_REJECTED)
            refuse(record, REFUSAL_LOGIN, event->boundary.code, smtp_span("", 0), &place);
    }
}

/* A step of STARTTLS, or of TLS from the beginning on. */
static void note_protection(struct record *record, enum smtp_step step)
{
    switch (step) {
    case SMTP_STEP_ACCEPTED:
        record->behind_starttls = true;
        record->protection = PROTECTION_NOT_SEEN;
        break;
    case SMTP_STEP_HANDSHAKE:
    case SMTP_STEP_ESTABLISHED:
        record->protection = PROTECTION_TLS;
        if (record->starttls_item != NULL)
            record->starttls_item->clear_behind = false;
        break;
    case SMTP_STEP_FAILED:
        record->behind_starttls = false;
        record->protection = PROTECTION_NONE;
        break;
    default:
        break;
    }
}

/* A line, or content, was read. */
static void note_readable(struct record *record)
{
    if (record->protection != PROTECTION_NOT_SEEN)
        return;
    record->protection = PROTECTION_NONE;
    if (record->starttls_item != NULL)
        record->starttls_item->clear_behind = true;
}

static void note_starttls(struct record *record, const struct smtp_event *event)
{
    struct place place = place_of(record, event);
    if (event->boundary.step == SMTP_STEP_OFFERED && !record->starttls.offered) {
        record->starttls.offer = place;
    }
    if (event->boundary.step == SMTP_STEP_ACCEPTED) {
        record->starttls.place = place;
        record->starttls.code = record->last_code;
        record->starttls.reply = last_reply(record);
        record->starttls.helo = name_of_client(record, event->boundary.number);
    }
    if (event->boundary.step == SMTP_STEP_REFUSED || event->boundary.step == SMTP_STEP_FAILED)
        record->related[SMTP_RELATED_STARTTLS_FAILED] = place;
    if (event->boundary.step == SMTP_STEP_REFUSED)
        refuse(record, REFUSAL_STARTTLS, record->last_code, smtp_span("", 0), &place);
}

static void take_boundary(struct record *record, const struct smtp_event *event)
{
    if (event->boundary.boundary == SMTP_BOUNDARY_AUTH)
        take_auth_step(record, event);
    if (event->boundary.boundary == SMTP_BOUNDARY_STARTTLS) {
        note_starttls(record, event);
        record->starttls.offered = record->starttls.offered || event->boundary.step == SMTP_STEP_OFFERED;
        record->starttls.requested = record->starttls.requested || event->boundary.step == SMTP_STEP_REQUESTED;
        record->starttls.accepted = record->starttls.accepted || event->boundary.step == SMTP_STEP_ACCEPTED;
        record->starttls.refused = record->starttls.refused || event->boundary.step == SMTP_STEP_REFUSED;
    }
    if (event->boundary.step == SMTP_STEP_HANDSHAKE) {
        record->tls.seen = true;
        record->tls.implicit = event->boundary.boundary == SMTP_BOUNDARY_IMPLICIT_TLS;
        record->tls.first_frame = place_of(record, event).frame;
    }
    if (event->boundary.boundary != SMTP_BOUNDARY_AUTH)
        note_protection(record, event->boundary.step);
    struct item *item = add_item(record, ITEM_BOUNDARY, event);
    if (item == NULL)
        return;
    item->boundary = event->boundary.boundary;
    item->step = event->boundary.step;
    item->note = event->boundary.step == SMTP_STEP_FAILED ? keep(record, event->boundary.text) : smtp_span(NULL, 0);
    item->auth = event->boundary.boundary == SMTP_BOUNDARY_AUTH ? g_queue_peek_tail(&record->auths) : NULL;
    if (event->boundary.boundary == SMTP_BOUNDARY_STARTTLS && event->boundary.step == SMTP_STEP_ACCEPTED)
        record->starttls_item = item;
}

static void take_hello(struct record *record, const struct smtp_event *event)
{
    const struct smtp_tls_hello *hello = &event->tls_hello;
    if (hello->client) {
        record->tls.client_version = hello->version;
        record->tls.sni = hello->sni.length > 0 ? keep(record, hello->sni) : smtp_span(NULL, 0);
        record->tls.alpn = hello->alpn.length > 0 ? keep(record, hello->alpn) : smtp_span(NULL, 0);
    } else {
        record->tls.server_version = hello->version;
        record->tls.cipher = hello->cipher;
    }
}

/* ---- transactions ---- */

/* The transaction with this number: mostly the last one. */
static struct transaction *transaction_of(const struct record *record, uint32_t id)
{
    const GList *link = record->transactions.tail;
    while (link != NULL && ((const struct transaction *)link->data)->id != id)
        link = link->prev;
    return link != NULL ? link->data : NULL;
}

static void take_transaction_begin(struct record *record, const struct smtp_event *event)
{
    struct transaction *transaction = arena_take(record->arena, sizeof *transaction);
    const struct sent *sent = sent_command(record, event->transaction_begin.number);
    transaction->id = event->transaction_begin.transaction;
    transaction->mail_seen = sent != NULL;
    transaction->outcome = SMTP_OUTCOME_UNFINISHED;
    transaction->helo = name_of_client(record, event->transaction_begin.number);
    transaction->in_tls = sent != NULL ? sent->in_tls : event->encrypted;
    transaction->lmtp = record->lmtp;
    if (sent != NULL) {
        transaction->mail_from = smtp_path_parse(sent->argument, "FROM").address;
        transaction->place = sent->place;
        note_seen(transaction, sent->place);
    }
    append(&record->transactions, &transaction->link, transaction);
    record->refusal_code = 0;
    g_queue_init(&record->deliveries);
}

static void take_recipient(struct record *record, const struct smtp_event *event)
{
    struct transaction *transaction = transaction_of(record, event->transaction_rcpt.transaction);
    const struct sent *sent = sent_command(record, event->transaction_rcpt.number);
    if (transaction == NULL || sent == NULL)
        return;
    struct recipient *recipient = arena_take(record->arena, sizeof *recipient);
    recipient->address = smtp_path_parse(sent->argument, "TO").address;
    recipient->code = event->transaction_rcpt.code;
    note_seen(transaction, sent->place);
    if (event->transaction_rcpt.replied) {
        struct place place = place_of(record, event);
        note_seen(transaction, place);
        recipient->enhanced = last_enhanced(record);
        recipient->text = last_reply(record);
    }
    append(&transaction->recipients, &recipient->link, recipient);
}

static bool was_accepted(const struct recipient *recipient, enum smtp_deliveries of)
{
    return recipient->code / 100 == 2 || (of == SMTP_DELIVERIES_OF_ALL && !smtp_reply_code_decides(recipient->code));
}

/* Each reply behind the content goes to its recipient, where it is known whom it is for. */
static void give_deliveries(struct record *record, struct transaction *transaction, const struct smtp_event *event)
{
    const GList *recipient = NULL, *next = transaction->recipients.head;
    uint32_t reached = 0; /* the number of `recipient` among those that were accepted */
    transaction->delivered = false;
    for (const GList *link = record->deliveries.head; link != NULL; link = record_next(record, link)) {
        const struct recipient_reply *delivery = link->data;
        uint32_t number = event->transaction_end.in_place ? delivery->place : delivery->number;
        bool told =
            event->transaction_end.deliveries != SMTP_DELIVERIES_NONE && number <= event->transaction_end.replies;
        while (told && reached < number) {
            recipient = next;
            told = recipient != NULL;
            next = told ? record_next(record, recipient) : NULL;
            reached += told && was_accepted(recipient->data, event->transaction_end.deliveries);
        }
        if (delivery->item != NULL) {
            delivery->item->reply.recipient = told ? number : 0;
            delivery->item->recipient = told ? recipient->data : NULL;
        }
        if (!told)
            continue;
        struct recipient *receives = recipient->data;
        receives->delivery_code = delivery->code;
        receives->delivery_enhanced = delivery->enhanced;
        receives->delivery_text = delivery->text;
        transaction->delivered = true;
    }
    g_queue_init(&record->deliveries);
}

/* It belongs to the worker from now on, as far as it is not the reader's alone. */
static void hand_over(struct record *record, struct transaction *transaction)
{
    if (record->options->over == NULL || (transaction->message != NULL && !transaction->message->finished))
        return;
    if (record->id != 0)
        record->options->over(record->options->context, record, transaction);
    else
        append(&record->over, &transaction->over_link, transaction);
}

void record_numbered(struct record *record)
{
    for (GList *link = g_queue_pop_head_link(&record->over); link != NULL; link = g_queue_pop_head_link(&record->over))
        record->options->over(record->options->context, record, link->data);
}

static void end_transaction(struct record *record, struct transaction *transaction, const struct smtp_event *event)
{
    transaction->outcome = event->transaction_end.outcome;
    transaction->code = event->transaction_end.code;
    give_deliveries(record, transaction, event);
    if (!event->transaction_end.replied)
        return;
    struct place place = place_of(record, event);
    note_seen(transaction, place);
    if (record->lmtp && record->verdict_code == event->transaction_end.code && event->transaction_end.code != 0) {
        transaction->reply = record->verdict;
        transaction->enhanced = record->verdict_enhanced;
        return;
    }
    bool refused_before =
        record->refusal_code == event->transaction_end.code && event->transaction_end.outcome == SMTP_OUTCOME_REJECTED;
    transaction->reply = refused_before ? record->refusal : last_reply(record);
    transaction->enhanced = refused_before ? record->refusal_enhanced : last_enhanced(record);
}

static void take_transaction_end(struct record *record, const struct smtp_event *event)
{
    struct transaction *transaction = transaction_of(record, event->transaction_end.transaction);
    if (transaction == NULL)
        return;
    end_transaction(record, transaction, event);
    hand_over(record, transaction);
}

/* ---- everything ---- */

static void take_gap(struct record *record, const struct smtp_event *event)
{
    struct smtp_event before = *event;
    before.offset = event->offset > 0 ? event->offset - 1 : 0;
    before.octets = 0;
    struct gap *gap = arena_take(record->arena, sizeof *gap);
    gap->from = event->role;
    gap->octets = event->octets;
    gap->after_frame = event->offset > 0 ? place_of(record, &before).frame : 0;
    append(&record->gaps, &gap->link, gap);
    record->gap_octets += gap->octets;
    if (event->role == SMTP_CLIENT && record->content != NULL)
        message_gap(record->content, event->gap.content, event->gap.more);
    record->gap = true;
    before.octets = 0;
    struct item *item = add_item(record, ITEM_GAP, &before);
    if (item == NULL)
        return;
    item->octets = event->octets;
    item->in_content = event->gap.content > 0 && event->gap.content == event->octets;
}

/* What in it must not be shown is decided in the core. Behind a secret more of them, as the lines of a mail's base64, are one. */
static unsigned label_of_skipped(struct record *record, const struct item *item, const struct smtp_event *event)
{
    const struct skipped_piece *last = item != NULL && item->skipped.tail != NULL ? item->skipped.tail->data : NULL;
    bool goes_on =
        last != NULL && last->text.label != 0 && event->skipped.secret.octets.length == event->skipped.text.length;
    return goes_on ? last->text.label : label_of(record, &event->skipped.secret);
}

/* `item`: NULL without items. */
static void add_skipped_text(struct record *record, struct item *item, const struct smtp_event *event)
{
    const struct smtp_secret *secret = &event->skipped.secret;
    unsigned label = secret->octets.length > 0 ? label_of_skipped(record, item, event) : 0;
    if (label != 0)
        learn(record, secret, label);
    if (item == NULL || event->skipped.opaque || item->skipped_kept >= SKIPPED_KEPT)
        return;
    struct smtp_span text = smtp_span_first(event->skipped.text, event->skipped.text.length - secret->octets.length);
    text = smtp_span_first(text, SKIPPED_KEPT - item->skipped_kept);
    item->skipped_kept += event->skipped.text.length;
    struct smtp_span shown = without_secrets(record, text, event->skipped.near_login);
    struct skipped_piece *piece = arena_take(record->arena, sizeof *piece);
    piece->text.before = shown.octets == text.octets ? keep(record, text) : shown;
    piece->text.secret = label != 0 ? keep(record, secret->octets) : smtp_span(NULL, 0);
    piece->text.label = label;
    append(&item->skipped, &piece->link, piece);
}

/* What could not be placed: neighbours of one kind are one item. */
static void take_skipped(struct record *record, const struct smtp_event *event)
{
    struct place place = place_of(record, event);
    struct item *item = record_skipped_before(record, event->role, place.order);
    if (item == NULL || item->opaque != event->skipped.opaque)
        item = add_item(record, ITEM_SKIPPED, event);
    if (item != NULL) {
        item->opaque = event->skipped.opaque;
        item->octets += event->octets;
        item->last_frame = end_of(record, event).frame;
    }
    add_skipped_text(record, item, event);
}

static void take_proxy(struct record *record, const struct smtp_event *event)
{
    record->balancer = smtp_proxy_parse(event->proxy.text);
    record->balancer.authority = record->balancer.tls_version = smtp_span(NULL, 0);
    struct item *item = add_item(record, ITEM_PROXY, event);
    if (item == NULL)
        return;
    item->octets = event->octets;
    item->text = keep(record, event->proxy.text);
}

static void take_content(struct record *record, const struct smtp_event *event)
{
    struct message *message = message_of(record, event->content.message, event->content.transport);
    if (message->octets == 0 && event->content.text.length > 0) {
        struct place place = place_of(record, event);
        message->place = place;
        message->begins = event->offset;
        note_content(record, message, place);
    }
    message_add(message, event->content.text);
    if (record->data != NULL) {
        place_content(record, record->data);
        record->data->octets += event->content.text.length;
    }
}

static void begin_content(struct record *record, const struct smtp_event *event)
{
    struct message *message = message_of(record, event->content_begin.message, event->content_begin.transport);
    struct item *item = add_item(record, ITEM_DATA, event);
    if (event->content_begin.transport == SMTP_TRANSPORT_DATA && message->octets > 0)
        message_begin_again(message);
    record->content = message;
    record->data = item;
    if (!event->content_begin.complete)
        message_lost_beginning(message);
    if (item == NULL)
        return;
    item->transport = event->content_begin.transport;
    item->message = message;
}

/* Delays go from the last octet of one side to an octet of the other. */
static void take_time(struct record *record, const struct smtp_event *event)
{
    uint64_t end = event->offset + event->octets;
    struct place last = record->locate(record->locate_context, event->role, end > 0 ? end - 1 : 0);
    timing_event(record->timing, event, place_of(record, event), last);
}

void record_proxied(struct record *record, const struct smtp_proxied *handshake)
{
    record->proxy = handshake->protocol;
    record->proxy_target = keep(record, smtp_span(handshake->target, handshake->target_octets));
}

void record_event(struct record *record, const struct smtp_event *event)
{
    if (record->timing != NULL)
        take_time(record, event);
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        note_readable(record);
        take_command(record, event);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        take_response(record, event);
        break;
    case SMTP_EVENT_REPLY_LINE:
        take_reply_line(record, event);
        break;
    case SMTP_EVENT_REPLY:
        note_readable(record);
        take_reply(record, event);
        break;
    case SMTP_EVENT_CONTENT_BEGIN:
        begin_content(record, event);
        break;
    case SMTP_EVENT_CONTENT:
        take_content(record, event);
        break;
    case SMTP_EVENT_CONTENT_END:
        take_content_end(record, event);
        break;
    case SMTP_EVENT_BOUNDARY:
        take_boundary(record, event);
        break;
    case SMTP_EVENT_TLS_HELLO:
        take_hello(record, event);
        break;
    case SMTP_EVENT_TLS_OCTETS:
        record->tls.octets[event->role] += event->octets;
        break;
    case SMTP_EVENT_TRANSACTION_BEGIN:
        take_transaction_begin(record, event);
        break;
    case SMTP_EVENT_TRANSACTION_RCPT:
        take_recipient(record, event);
        break;
    case SMTP_EVENT_TRANSACTION_CONTENT: {
        struct transaction *transaction = transaction_of(record, event->transaction_content.transaction);
        if (transaction != NULL && event->transaction_content.message > 0 &&
            event->transaction_content.message <= record->messages.length)
            transaction->message = message_of(record, event->transaction_content.message, SMTP_TRANSPORT_DATA);
        break;
    }
    case SMTP_EVENT_TRANSACTION_END:
        take_transaction_end(record, event);
        break;
    case SMTP_EVENT_GAP:
        take_gap(record, event);
        break;
    case SMTP_EVENT_SKIPPED:
        take_skipped(record, event);
        break;
    case SMTP_EVENT_PROXY:
        take_proxy(record, event);
        break;
    case SMTP_EVENT_TURNED:
        if (!record->turned)
            record->starttls_before_turn = record->starttls;
        record->turned = true;
        add_item(record, ITEM_TURNED, event);
        break;
    case SMTP_EVENT_FINDING:
        record_take_finding(record, event);
        break;
    case SMTP_EVENT_FINDING_PROOF:
        record_add_proof(record, event);
        break;
    case SMTP_EVENT_PROOF_PLACE:
        record_note_proof_place(record, event);
        break;
    }
}

/* The greeting counts even where its reply is lost: nothing says that it was refused. */
static void assume_greeting(struct record *record)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(record->greetings) && !record->helo_seen; i++) {
        const struct greeting *greeting = &record->greetings[i];
        if (greeting->number == 0)
            continue;
        record->helo_verb = greeting->verb;
        record->helo = greeting->name;
        record->helo_seen = true;
    }
}

void record_finish(struct record *record, const struct tcp_connection *connection, enum tcp_end end)
{
    record->connection = *connection;
    record->end = end;
    if (record->timing != NULL && connection->syn[0] && record->proxy == NULL)
        timing_finish(record->timing, connection->start);
    assume_greeting(record);
    for (const GList *link = record->messages.head; link != NULL; link = record_next(record, link))
        message_finish(link->data, false);
    /* What the worker need not have: memory is best given back by the thread that took it. */
    forget_secrets(record);
    free_ring(record->sent, record->sent_capacity);
    record->sent = NULL;
    if (record->reply_long != NULL)
        g_string_free(record->reply_long, TRUE);
    if (record->scratch != NULL)
        g_string_free(record->scratch, TRUE);
    record->complete = connection->syn[0] && connection->syn[1] && end == TCP_END_FIN && !record->gap &&
                       connection->ignored == 0 && connection->contradictions == 0 && record->conflicts == NULL;
}

void record_settle(struct record *record)
{
    arena_settle(record->arena);
}

size_t record_memory(const struct record *record)
{
    size_t memory = ARENA_FIRST + (record->sent_capacity > SENT_AT_FIRST ? record->sent_capacity * sizeof(struct sent) : 0);
    memory += record->reply_long != NULL ? record->reply_long->allocated_len : 0;
    memory += record->known.capacity * sizeof *record->known.slots;
    memory += record->scratch != NULL ? record->scratch->allocated_len : 0;
    if (record->content != NULL)
        memory += sizeof *record->content + (record->content->header != NULL ? record->content->header->kept->allocated_len : 0);
    return memory;
}

void record_tls(struct record *record, const struct tls_facts *facts)
{
    record->tls.handshake = tls_seen_keep(record->arena, facts);
}

const char *record_capture(const struct record *record, unsigned index)
{
    return record->capture_name(record->capture_context, index);
}

bool record_tls_failed(const struct record *record)
{
    return record->tls.seen && record->protection == PROTECTION_NONE;
}

bool record_lacks_tls(const struct record *record)
{
    return record->starttls.accepted && !record->tls.seen;
}

bool record_is_hidden(const struct record *record)
{
    return record->protection == PROTECTION_TLS && !record->tls.decrypted;
}

/* Whether an offer of STARTTLS would have been seen: in an EHLO reply, or in what the server said from the beginning on. */
static bool saw_offers(const struct record *record)
{
    bool beginning = record->connection.syn[0] || record->connection.syn[1];
    if (record->tls.implicit)
        return true;
    return record->gap_findings[SMTP_SERVER] == NULL && record->replies > 0 && (record->extensions_seen || beginning);
}

const char *record_starttls(const struct record *record)
{
    if (record->starttls.accepted)
        return "accepted";
    if (record->starttls.refused)
        return "refused";
    if (record->starttls.requested)
        return "requested";
    if (record->starttls.offered)
        return "offered";
    return saw_offers(record) ? "none" : NULL;
}

const struct starttls *record_server_starttls(const struct record *record)
{
    return record->turned ? &record->starttls_before_turn : &record->starttls;
}

const char *record_auth_result(const struct auth *auth)
{
    return auth->result == SMTP_STEP_STARTED ? "unfinished" : smtp_step_name(auth->result);
}
