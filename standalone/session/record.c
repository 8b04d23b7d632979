/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_private.h"

#include "prefetch.h"

static struct smtp_span keep(struct record *record, struct smtp_span span)
{
    return arena_copy(record->arena, span);
}

/* ---- who keeps the account ---- */

static void *take(void *context, size_t octets)
{
    return arena_take(((struct record *)context)->arena, octets);
}

/* What goes before the session ends does not lie in the arena. */
static void *resize(void *context, void *memory, size_t from, size_t to)
{
    (void)context;
    (void)from;
    return g_realloc(memory, to);
}

static void looked(void *context)
{
    arena_pool_looked(((const struct record *)context)->options->message.pool);
}

static struct place where(void *context, enum smtp_role role, uint64_t offset)
{
    return record_where(context, role, offset);
}

static uint32_t label(void *context, struct smtp_span secret)
{
    return labels_number(((const struct record *)context)->labels, secret);
}

static const struct transcript_hooks hooks = {
    .take = take, .resize = resize, .looked = looked, .where = where, .label = label
};

struct record *record_new(struct arena_pool *pool, struct labels *labels, const struct record_options *options)
{
    struct arena *arena = arena_new(pool);
    struct record *record = arena_take(arena, sizeof *record);
    record->arena = arena;
    record->message_arena.pool = pool;
    record->labels = labels;
    record->options = options;
    record->account.keeping = (struct keeping){ .hooks = &hooks,
                                                .context = record,
                                                .lines = options->items,
                                                .texts = true,
                                                .show_secrets = options->show_secrets };
    record->account.findings.limit = FINDINGS_KEPT;
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
        prefetch(record, offsetof(struct record, account.greetings));
        prefetch(&record->messages, 2 * sizeof record->messages);
        return;
    }
    arena_expect(record->arena);
    if (record->content != NULL)
        prefetch(record->content, sizeof *record->content);
}

/* The place of its last octet. */
static struct place end_of(struct record *record, const struct smtp_event *event)
{
    return record_where(record, event->role, event->offset + (event->octets > 0 ? event->octets - 1 : 0));
}

struct item *record_add_item(struct record *record, enum item_kind kind, const struct smtp_event *event)
{
    if (!record->options->items)
        return NULL;
    if (kind != ITEM_REPLY)
        record_part_reply(record);
    struct item *item = arena_take(record->arena, sizeof *item);
    item->kind = kind;
    item->role = event->role;
    item->encrypted = event->encrypted;
    item->place = record_place(record, event);
    item->last_frame = event->octets > 1 ? end_of(record, event).frame : item->place.frame;
    item->offset = event->offset;
    record_put_item(record, item);
    return item;
}

/* ---- commands ---- */

/* The line in memory of its own, as far as it is not yet. */
static struct guarded keep_line(struct record *record, const struct guarded *line, struct smtp_span text)
{
    return (struct guarded){
        .before = line->before.octets == text.octets ? keep(record, line->before) : line->before,
        .secret = line->label != 0 ? keep(record, line->secret) : smtp_span(NULL, 0),
        .label = line->label,
    };
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

static void take_command(struct record *record, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_command_event *command = &event->command;
    struct item *item = record_add_item(record, ITEM_COMMAND, event);
    if (item == NULL)
        return;
    item->line = keep_line(record, &told->line, command->line.text);
    item->verb = command->parsed.verb;
    item->word = shown_word(record, command->parsed.word, &item->line);
    item->line_end = command->line.end;
    item->phase = command->phase;
    told->command->entry = item;
}

static void take_response(struct record *record, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_auth_response_event *response = &event->auth_response;
    struct item *item = record_add_item(record, ITEM_RESPONSE, event);
    record->account.response.entry = item;
    if (item == NULL)
        return;
    item->line = keep_line(record, &told->line, response->line.text);
    item->line_end = response->line.end;
    item->mechanism = response->mechanism;
    item->cancelled = response->cancelled;
    item->malformed = !response->cancelled && (response->sasl.bad_base64 || response->sasl.malformed);
    item->decoded = told->identity;
    item->login = told->login;
    item->boundary = SMTP_BOUNDARY_AUTH;
    item->step = SMTP_STEP_RESPONSE;
}

/* ---- replies ---- */

/* The first line of a reply, or of a part of it, has a place of its own. */
static const struct place *place_of_line(struct record *record, const struct smtp_event *event)
{
    struct place place = record_place(record, event);
    const struct record_line *last = record->untold != NULL ? g_queue_peek_tail(&record->lines) : NULL;
    if (last != NULL && place_same_frame(last->place, &place) && last->place->time == place.time)
        return last->place;
    struct place *kept = arena_take(record->arena, sizeof *kept);
    *kept = place;
    return kept;
}

static void take_reply_line(struct record *record, const struct smtp_event *event, struct smtp_span words)
{
    const struct smtp_line *whole = &event->reply_line.line;
    size_t behind = (size_t)(event->reply_line.parsed.text.octets - whole->text.octets);
    if (!record->options->items)
        return;
    struct record_line *line = arena_take(record->arena, sizeof *line + behind + words.length);
    line->length = (uint32_t)(behind + words.length);
    line->behind = (uint32_t)behind;
    line->end = whole->end;
    line->place = place_of_line(record, event);
    if (behind > 0)
        memcpy(line->octets, whole->text.octets, behind);
    if (words.length > 0)
        memcpy(line->octets + behind, words.octets, words.length);
    record_append(&record->lines, &line->link, line);
    if (record->untold != NULL)
        return;
    record->untold = line;
    record->untold_last_frame = event->octets > 1 ? end_of(record, event).frame : line->place->frame;
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

static void take_reply(struct record *record, const struct smtp_event *event, const struct told *told)
{
    struct place place = record_place(record, event);
    struct item *item = record_add_item(record, ITEM_REPLY, event);
    if (item == NULL)
        return;
    item->reply = event->reply.whole;
    if (told->delivery != NULL)
        told->delivery->entry = item;
    record_join_parts(record, item);
    keep_lines(record, item);
    record->lines = (GQueue)G_QUEUE_INIT;
    if (told->command != NULL) {
        item->has_command = true;
        item->command_frame = told->command->place.frame;
        item->command_time = told->command->place.time;
        answer_item(told->command->entry, &place);
    }
    if (told->request_end.frame != 0) {
        item->answered_frame = told->request_end.frame;
        item->command_time = told->request_end.time;
    }
    if (told->answers_response)
        answer_item(record->account.response.entry, &place);
}

/* ---- boundaries ---- */

/* That clear text follows an accepted STARTTLS is known by what came behind it. */
static void note_clear(struct record *record, uint8_t before)
{
    uint8_t now = record->account.tls.protection;
    if (record->starttls_item == NULL || before == now)
        return;
    if (now == PROTECTION_TLS)
        record->starttls_item->clear_behind = false;
    else if (now == PROTECTION_NONE && before == PROTECTION_NOT_SEEN)
        record->starttls_item->clear_behind = true;
}

static void take_boundary(struct record *record, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_boundary_event *boundary = &event->boundary;
    struct item *item = record_add_item(record, ITEM_BOUNDARY, event);
    if (item == NULL)
        return;
    item->boundary = boundary->boundary;
    item->step = boundary->step;
    item->note = boundary->step == SMTP_STEP_FAILED ? keep(record, boundary->text) : smtp_span(NULL, 0);
    item->login = told->login;
    if (boundary->boundary == SMTP_BOUNDARY_STARTTLS && boundary->step == SMTP_STEP_ACCEPTED)
        record->starttls_item = item;
}

/* ---- transactions ---- */

/* It belongs to the worker from now on, as far as it is not the reader's alone. */
static void hand_over(struct record *record, struct transaction *transaction)
{
    if (record->options->over == NULL || (transaction->message != NULL && !transaction->message->finished))
        return;
    if (record->id != 0)
        record->options->over(record->options->context, record, transaction);
    else
        record_append(&record->over, &transaction->over_link, transaction);
}

void record_numbered(struct record *record)
{
    for (GList *link = g_queue_pop_head_link(&record->over); link != NULL; link = g_queue_pop_head_link(&record->over))
        record->options->over(record->options->context, record, link->data);
}

static void take_transaction_end(struct record *record, const struct told *told)
{
    if (told->transaction == NULL)
        return;
    for (const GList *link = told->deliveries->head; link != NULL; link = record_next(record, link)) {
        const struct delivery *delivery = link->data;
        struct item *item = delivery->entry;
        if (item == NULL)
            continue;
        item->reply.recipient = delivery->recipient_number;
        item->recipient = delivery->recipient;
    }
    hand_over(record, told->transaction);
}

static void take_transaction_content(struct record *record, struct transaction *transaction, uint32_t message)
{
    if (transaction != NULL && message > 0 && message <= record->messages.length)
        transaction->message = record_message(record, message, SMTP_TRANSPORT_DATA);
}

/* ---- everything ---- */

/* What in it must not be shown is decided in the core. Behind a secret more of them, as the lines of a mail's base64, are one. */
static unsigned label_of_skipped(const struct item *item, const struct smtp_event *event)
{
    const struct skipped_piece *last = item != NULL && item->skipped.tail != NULL ? item->skipped.tail->data : NULL;
    bool whole = event->skipped.secret.octets.length == event->skipped.text.length;
    return last != NULL && whole ? last->text.label : 0;
}

static void add_skipped_text(struct record *record, struct item *item, const struct smtp_event *event,
                             const struct guarded *line)
{
    const struct account *account = &record->account;
    if (event->skipped.opaque || item->skipped_kept >= SKIPPED_KEPT)
        return;
    struct smtp_span text =
        smtp_span_first(event->skipped.text, event->skipped.text.length - event->skipped.secret.octets.length);
    text = smtp_span_first(text, SKIPPED_KEPT - item->skipped_kept);
    item->skipped_kept += event->skipped.text.length;
    struct skipped_piece *piece = arena_take(record->arena, sizeof *piece);
    piece->text.before = secrets_kept(&account->secrets, &account->keeping, text, event->skipped.near_login);
    piece->text.secret = line->label != 0 ? keep(record, line->secret) : smtp_span(NULL, 0);
    piece->text.label = line->label;
    record_append(&item->skipped, &piece->link, piece);
}

/* What could not be placed: neighbours of one kind are one item. */
static struct item *take_skipped(struct record *record, const struct smtp_event *event)
{
    struct place place = record_place(record, event);
    struct item *item = record_skipped_before(record, event->role, place.order);
    if (item == NULL || item->opaque != event->skipped.opaque)
        item = record_add_item(record, ITEM_SKIPPED, event);
    if (item != NULL) {
        item->opaque = event->skipped.opaque;
        item->octets += event->octets;
        item->last_frame = end_of(record, event).frame;
    }
    return item;
}

static void take_proxy(struct record *record, const struct smtp_event *event)
{
    record->balancer = smtp_proxy_parse(event->proxy.text);
    record->balancer.authority = record->balancer.tls_version = smtp_span(NULL, 0);
    struct item *item = record_add_item(record, ITEM_PROXY, event);
    if (item == NULL)
        return;
    item->octets = event->octets;
    item->text = keep(record, event->proxy.text);
}

/* Delays go from the last octet of one side to an octet of the other. */
static void take_time(struct record *record, const struct smtp_event *event)
{
    uint64_t end = event->offset + event->octets;
    struct place last = record_where(record, event->role, end > 0 ? end - 1 : 0);
    timing_event(record->timing, event, record_place(record, event), last);
}

void record_proxied(struct record *record, const struct smtp_proxied *handshake)
{
    record->proxy = handshake->protocol;
    record->proxy_target = keep(record, smtp_span(handshake->target, handshake->target_octets));
}

void record_event(struct record *record, const struct smtp_event *event)
{
    uint8_t protection = record->account.tls.protection;
    struct item *skipped = event->kind == SMTP_EVENT_SKIPPED ? take_skipped(record, event) : NULL;
    if (record->timing != NULL)
        take_time(record, event);
    const struct told told =
        account_event(&record->account, event, skipped != NULL ? label_of_skipped(skipped, event) : 0);
    note_clear(record, protection);
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        take_command(record, event, &told);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        take_response(record, event, &told);
        break;
    case SMTP_EVENT_REPLY_LINE:
        take_reply_line(record, event, told.words);
        break;
    case SMTP_EVENT_REPLY:
        take_reply(record, event, &told);
        break;
    case SMTP_EVENT_CONTENT_BEGIN:
        record_begin_content(record, event);
        break;
    case SMTP_EVENT_CONTENT:
        record_take_content(record, event);
        break;
    case SMTP_EVENT_CONTENT_END:
        record_take_content_end(record, event);
        break;
    case SMTP_EVENT_BOUNDARY:
        take_boundary(record, event, &told);
        break;
    case SMTP_EVENT_TRANSACTION_CONTENT:
        take_transaction_content(record, told.transaction, event->transaction_content.message);
        break;
    case SMTP_EVENT_TRANSACTION_END:
        take_transaction_end(record, &told);
        break;
    case SMTP_EVENT_GAP:
        record_take_gap(record, event);
        break;
    case SMTP_EVENT_SKIPPED:
        if (skipped != NULL)
            add_skipped_text(record, skipped, event, &told.line);
        break;
    case SMTP_EVENT_PROXY:
        take_proxy(record, event);
        break;
    case SMTP_EVENT_TURNED:
        record_add_item(record, ITEM_TURNED, event);
        break;
    default: /* they have no line of the dialogue */
        break;
    }
}

void record_finish(struct record *record, const struct tcp_connection *connection, enum tcp_end end)
{
    record->connection = *connection;
    record->end = end;
    if (record->timing != NULL && connection->syn[0] && record->proxy == NULL)
        timing_finish(record->timing, connection->start);
    for (const GList *link = record->messages.head; link != NULL; link = record_next(record, link))
        message_finish(link->data, false);
    /* What the worker need not have: memory is best given back by the thread that took it. */
    account_finish(&record->account);
    record->complete = connection->syn[0] && connection->syn[1] && end == TCP_END_FIN && !record->gap &&
                       connection->ignored == 0 && connection->contradictions == 0 && record->conflicts == NULL;
}

void record_settle(struct record *record)
{
    arena_settle(record->arena);
}

size_t record_memory(const struct record *record)
{
    size_t memory = ARENA_FIRST + account_memory(&record->account);
    if (record->content != NULL)
        memory += message_memory(record->content);
    return memory;
}

void record_tls(struct record *record, const struct tls_facts *facts)
{
    record->tls_read.handshake = tls_seen_keep(record->arena, facts);
}

const char *record_capture(const struct record *record, unsigned index)
{
    return record->capture_name(record->capture_context, index);
}

bool record_tls_failed(const struct record *record)
{
    return record->account.tls.seen && record->account.tls.protection == PROTECTION_NONE;
}

bool record_lacks_tls(const struct record *record)
{
    return record->account.tls.starttls.accepted && !record->account.tls.seen;
}

bool record_is_hidden(const struct record *record)
{
    return record->account.tls.protection == PROTECTION_TLS && !record->tls_read.decrypted;
}

/* Whether an offer of STARTTLS would have been seen: in an EHLO reply, or in what the server said from the beginning on. */
static bool saw_offers(const struct record *record)
{
    bool beginning = record->connection.syn[0] || record->connection.syn[1];
    if (record->account.tls.implicit)
        return true;
    return record->account.findings.gaps[SMTP_SERVER] == NULL && record->account.replies.count > 0 &&
           (record->account.greetings.clear.seen || beginning);
}

const char *record_starttls(const struct record *record)
{
    if (record->account.tls.starttls.accepted)
        return "accepted";
    if (record->account.tls.starttls.refused)
        return "refused";
    if (record->account.tls.starttls.requested)
        return "requested";
    if (record->account.tls.starttls.offered)
        return "offered";
    return saw_offers(record) ? "none" : NULL;
}

const char *record_login_result(const struct login *login)
{
    return login->result == SMTP_STEP_STARTED ? "unfinished" : smtp_step_name(login->result);
}
