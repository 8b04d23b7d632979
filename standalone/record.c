/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include "path.h"

/* What is remembered of each command until its reply, and its transaction, are known. */
struct sent {
    struct item *item; /* NULL without keep_items */
    enum smtp_verb verb;
    uint64_t frame;
    int64_t time;
    uint64_t content_frame;    /* of the last octet of the content behind it; 0: there is none */
    int64_t content_time;
    uint16_t code;             /* of its last reply; 0: none was seen */
    struct smtp_span argument; /* of the verbs whose argument matters later */
};

static struct smtp_span keep(struct record *record, struct smtp_span span)
{
    if (span.length == 0)
        return smtp_span("", 0);
    return smtp_span(g_string_chunk_insert_len(record->memory, (const char *)span.octets, (gssize)span.length), span.length);
}

static void free_transaction(void *pointer)
{
    struct transaction *transaction = pointer;
    g_array_free(transaction->recipients, TRUE);
    g_free(transaction);
}

static void free_item(void *pointer)
{
    struct item *item = pointer;
    g_free(item->lines);
    g_free(item);
}

static void free_message(void *pointer)
{
    message_free(pointer);
}

struct record *record_new(struct secrets *secrets, bool keep_items, bool keep_content)
{
    struct record *record = g_new0(struct record, 1);
    record->memory = g_string_chunk_new(1024);
    record->secrets = secrets;
    record->keep_items = keep_items;
    record->keep_content = keep_content;
    record->extensions = g_array_new(FALSE, FALSE, sizeof(struct smtp_span));
    record->new_extensions = g_array_new(FALSE, FALSE, sizeof(struct smtp_span));
    record->auths = g_array_new(FALSE, TRUE, sizeof(struct auth));
    record->transactions = g_ptr_array_new_with_free_func(free_transaction);
    record->messages = g_ptr_array_new_with_free_func(free_message);
    record->findings = g_array_new(FALSE, FALSE, sizeof(struct finding));
    record->gaps = g_array_new(FALSE, FALSE, sizeof(struct gap));
    record->items = g_ptr_array_new_with_free_func(free_item);
    record->sent = g_array_new(FALSE, TRUE, sizeof(struct sent));
    record->lines = g_ptr_array_new_with_free_func(g_free);
    return record;
}

void record_free(struct record *record)
{
    g_array_free(record->extensions, TRUE);
    g_array_free(record->new_extensions, TRUE);
    g_array_free(record->auths, TRUE);
    g_ptr_array_free(record->transactions, TRUE);
    g_ptr_array_free(record->messages, TRUE);
    g_array_free(record->findings, TRUE);
    g_array_free(record->gaps, TRUE);
    g_ptr_array_free(record->items, TRUE);
    g_array_free(record->sent, TRUE);
    g_ptr_array_free(record->lines, TRUE);
    g_string_chunk_free(record->memory);
    g_free(record);
}

static struct place place_of(struct record *record, const struct smtp_event *event)
{
    return record->locate(record->locate_context, event->role, event->offset, event->octets);
}

static struct item *add_item(struct record *record, enum item_kind kind, const struct smtp_event *event)
{
    if (!record->keep_items)
        return NULL;
    struct item *item = g_new0(struct item, 1);
    item->kind = kind;
    item->role = event->role;
    item->place = place_of(record, event);
    item->in_tls = record->tls.seen;
    g_ptr_array_add(record->items, item);
    return item;
}

static struct sent *sent_command(struct record *record, uint32_t number)
{
    if (number == 0 || number > record->sent->len)
        return NULL;
    return &g_array_index(record->sent, struct sent, number - 1);
}

/* ---- commands ---- */

static bool is_base64_word(struct smtp_span line)
{
    if (line.length < 4)
        return false;
    for (size_t i = 0; i < line.length; i++)
        if (!g_ascii_isalnum((char)line.octets[i]) && strchr("+/=", line.octets[i]) == NULL)
            return false;
    return true;
}

static struct guarded guard(struct record *record, struct smtp_span before, struct smtp_span secret)
{
    struct guarded guarded = { .before = keep(record, before), .secret = smtp_span(NULL, 0) };
    if (secret.length > 0) {
        guarded.secret = keep(record, secret);
        guarded.label = secrets_label(record->secrets, secret);
    }
    return guarded;
}

/* The line of an AUTH command: its initial response is a secret, but for a LOGIN user name. */
static struct guarded guard_auth(struct record *record, const struct smtp_event *event)
{
    struct smtp_span line = event->line.text;
    struct smtp_span rest = event->command.argument;
    struct smtp_span mechanism = smtp_span_next_word(&rest);
    struct smtp_span response = smtp_span_trim(rest);
    bool open = response.length == 0 || smtp_span_is(response, "=") || smtp_mechanism_of(mechanism) == SMTP_MECHANISM_LOGIN;
    if (open)
        return guard(record, line, smtp_span(NULL, 0));
    return guard(record, smtp_span_first(line, (size_t)(response.octets - line.octets)), response);
}

static bool argument_matters(enum smtp_verb verb)
{
    return verb == SMTP_VERB_MAIL || verb == SMTP_VERB_RCPT || verb == SMTP_VERB_EHLO || verb == SMTP_VERB_HELO
           || verb == SMTP_VERB_LHLO || verb == SMTP_VERB_SEND || verb == SMTP_VERB_SOML || verb == SMTP_VERB_SAML;
}

static void take_command(struct record *record, const struct smtp_event *event)
{
    struct place place = place_of(record, event);
    const struct smtp_command *command = &event->command;
    bool authenticates = command->verb == SMTP_VERB_AUTH || command->verb == SMTP_VERB_X_EXPS;
    struct sent sent = { .verb = command->verb, .frame = place.frame, .time = place.time };
    if (argument_matters(command->verb))
        sent.argument = keep(record, command->argument);
    record->commands++;
    record->lmtp = record->lmtp || command->verb == SMTP_VERB_LHLO;
    record->quit = record->quit || command->verb == SMTP_VERB_QUIT;
    /* A refused AUTH may be followed by responses that nobody asked for: they read as unknown commands, and are secrets. */
    bool stray = record->auth_failed && command->verb == SMTP_VERB_UNKNOWN && is_base64_word(event->line.text);
    record->auth_failed = record->auth_failed && stray;
    struct item *item = add_item(record, ITEM_COMMAND, event);
    if (item != NULL) {
        item->verb = command->verb;
        item->word = stray ? smtp_span("", 0) : keep(record, command->word);
        item->line_end = event->line.end;
        item->phase = event->phase;
        if (authenticates)
            item->line = guard_auth(record, event);
        else if (stray)
            item->line = guard(record, smtp_span(NULL, 0), event->line.text);
        else
            item->line = guard(record, event->line.text, smtp_span(NULL, 0));
        sent.item = item;
    }
    g_array_append_val(record->sent, sent);
}

static void take_response(struct record *record, const struct smtp_event *event)
{
    struct auth *auth = record->auths->len > 0 ? &g_array_index(record->auths, struct auth, record->auths->len - 1) : NULL;
    const struct smtp_sasl_response *sasl = &event->sasl;
    if (auth != NULL && sasl->has_identity)
        auth->identity = keep(record, sasl->identity);
    if (auth != NULL && sasl->has_secret)
        auth->secret = keep(record, sasl->secret);
    struct item *item = add_item(record, ITEM_RESPONSE, event);
    record->response = item;
    if (item == NULL)
        return;
    bool user_name = event->mechanism == SMTP_MECHANISM_LOGIN && event->index == 0 && !sasl->bad_base64;
    bool open = event->cancelled || event->line.text.length == 0 || smtp_span_is(event->line.text, "=") || user_name;
    item->line = open ? guard(record, event->line.text, smtp_span(NULL, 0))
                      : guard(record, smtp_span(NULL, 0), sasl->has_secret ? sasl->secret : event->line.text);
    if (!open)
        item->line.secret = keep(record, event->line.text);
    item->line_end = event->line.end;
    item->mechanism = event->mechanism;
    item->cancelled = event->cancelled;
    item->malformed = !event->cancelled && (sasl->bad_base64 || sasl->malformed);
    item->decoded = sasl->has_identity ? keep(record, sasl->identity) : smtp_span(NULL, 0);
    item->auth = (uint32_t)record->auths->len;
    item->boundary = SMTP_BOUNDARY_AUTH;
    item->step = SMTP_STEP_RESPONSE;
}

/* ---- replies ---- */

static void take_reply_line(struct record *record, const struct smtp_event *event)
{
    struct record_line *line = g_new0(struct record_line, 1);
    line->text = keep(record, event->line.text);
    line->end = event->line.end;
    line->reply = event->reply_line;
    size_t behind = (size_t)(event->reply_line.text.octets - event->line.text.octets);
    line->reply.text = smtp_span_from(line->text, behind);
    line->reply.enhanced = smtp_enhanced_status_parse(line->reply.text);
    g_ptr_array_add(record->lines, line);
    if (event->is_keyword && !record->tls.seen && !record->starttls.accepted) {
        struct smtp_span extension = line->reply.text;
        g_array_append_val(record->new_extensions, extension);
    }
}

/* All lines of the reply, their codes left out. */
static struct smtp_span joined_text(struct record *record)
{
    GString *joined = g_string_new(NULL);
    for (unsigned i = 0; i < record->lines->len; i++) {
        const struct record_line *line = record->lines->pdata[i];
        if (i > 0)
            g_string_append_c(joined, '\n');
        g_string_append_len(joined, (const char *)line->reply.text.octets, (gssize)line->reply.text.length);
    }
    struct smtp_span kept = keep(record, smtp_span(joined->str, joined->len));
    g_string_free(joined, TRUE);
    return kept;
}

static void take_greeting(struct record *record, const struct sent *sent, const struct smtp_reply *reply)
{
    if (reply->code < 200 || reply->code > 299)
        return;
    record->helo_seen = true;
    record->helo_verb = sent->verb;
    record->helo = sent->argument;
    if (sent->verb == SMTP_VERB_HELO || record->tls.seen || record->starttls.accepted)
        return;
    g_array_set_size(record->extensions, 0);
    g_array_append_vals(record->extensions, record->new_extensions->data, record->new_extensions->len);
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
    item->line_count = record->lines->len;
    item->lines = g_new0(struct record_line, record->lines->len);
    for (unsigned i = 0; i < record->lines->len; i++)
        item->lines[i] = *(struct record_line *)record->lines->pdata[i];
    item->line_end = item->line_count > 0 ? item->lines[item->line_count - 1].end : SMTP_LINE_END_NONE;
}

/* STARTTLS is offered in the middle of a reply; the boundary is for behind it, as all the others are. */
static void put_offer_behind(struct record *record)
{
    unsigned count = record->items->len;
    if (count < 2)
        return;
    gpointer *last = &record->items->pdata[count - 2];
    const struct item *before = last[0];
    if (before->kind != ITEM_BOUNDARY || before->step != SMTP_STEP_OFFERED)
        return;
    gpointer reply = last[1];
    last[1] = last[0];
    last[0] = reply;
}

static void take_reply(struct record *record, const struct smtp_event *event)
{
    const struct smtp_reply *reply = &event->reply;
    struct place place = place_of(record, event);
    struct sent *sent = sent_command(record, event->number);
    record->replies++;
    if (sent != NULL)
        sent->code = reply->code;
    record->last_reply = joined_text(record);
    record->last_enhanced = smtp_span(NULL, 0);
    if (reply->enhanced.present && record->lines->len > 0) {
        char status[32];
        g_snprintf(status, sizeof status, "%u.%u.%u", reply->enhanced.class_digit, reply->enhanced.subject,
                   reply->enhanced.detail);
        record->last_enhanced = keep(record, smtp_span_of_text(status));
    }
    if (reply->answers == SMTP_ANSWERS_GREETING && !record->banner_seen) {
        record->banner_seen = true;
        record->banner_code = reply->code;
        record->banner = record->last_reply;
    }
    if (reply->answers == SMTP_ANSWERS_COMMAND && sent != NULL
        && (reply->verb == SMTP_VERB_EHLO || reply->verb == SMTP_VERB_HELO || reply->verb == SMTP_VERB_LHLO))
        take_greeting(record, sent, reply);
    if ((reply->verb == SMTP_VERB_DATA || reply->verb == SMTP_VERB_BDAT) && reply->code >= 400) {
        record->refusal = record->last_reply;
        record->refusal_enhanced = record->last_enhanced;
        record->refusal_code = reply->code;
    }
    struct item *item = add_item(record, ITEM_REPLY, event);
    if (item != NULL) {
        put_offer_behind(record);
        item->reply = *reply;
        keep_lines(record, item);
        if (sent != NULL) {
            item->has_command = true;
            item->command_frame = sent->frame;
            item->command_time = sent->time;
            answer_item(sent->item, &place);
        }
        if (sent != NULL && reply->answers == SMTP_ANSWERS_CONTENT && sent->content_frame != 0) {
            item->answered_frame = sent->content_frame;
            item->command_time = sent->content_time;
        }
        if (reply->answers == SMTP_ANSWERS_RESPONSE && record->response != NULL) {
            item->answered_frame = record->response->place.frame;
            item->command_time = record->response->place.time;
            answer_item(record->response, &place);
        }
    }
    g_ptr_array_set_size(record->lines, 0);
    g_array_set_size(record->new_extensions, 0);
}

/* ---- content ---- */

static struct message *message_of(struct record *record, const struct smtp_event *event)
{
    while (record->messages->len < event->message)
        g_ptr_array_add(record->messages,
                        message_new((uint32_t)record->messages->len + 1, event->transport, record->keep_content));
    return event->message > 0 ? record->messages->pdata[event->message - 1] : NULL;
}

/* Content begins with an octet that had not come when the server asked for it. */
static void place_content(struct record *record, struct item *item)
{
    if (item->octets == 0)
        item->place = record->locate(record->locate_context, item->role, item->place.offset, 1);
}

static void take_content_end(struct record *record, const struct smtp_event *event)
{
    struct message *message = message_of(record, event);
    struct smtp_event last = *event;
    last.offset += event->octets;
    last.offset -= last.offset > 0 ? 1 : 0;
    last.octets = 0;
    struct place end = place_of(record, &last);
    struct sent *sent = sent_command(record, event->number);
    if (sent != NULL) {
        sent->content_frame = end.last_frame;
        sent->content_time = end.time;
    }
    message->broken = message->broken || !event->complete;
    message->end_mark = event->end_mark;
    if (record->data != NULL) {
        struct item *item = record->data;
        place_content(record, item);
        item->place.last_frame = end.last_frame;
        item->complete = event->complete;
        item->last = event->last;
        item->end_mark = event->end_mark;
        record->data = NULL;
    }
    if (event->last)
        message_finish(message, !message->broken);
}

/* ---- boundaries ---- */

static void take_auth_step(struct record *record, const struct smtp_event *event)
{
    if (event->step == SMTP_STEP_STARTED) {
        const struct sent *sent = sent_command(record, event->number);
        struct auth auth = { .mechanism = keep(record, event->text),
                             .result = SMTP_STEP_STARTED,
                             .frame = sent != NULL ? sent->frame : 0,
                             .command = event->number };
        if (event->sasl.has_identity)
            auth.identity = keep(record, event->sasl.identity);
        if (event->sasl.has_secret)
            auth.secret = keep(record, event->sasl.secret);
        g_array_append_val(record->auths, auth);
    }
    if (record->auths->len == 0)
        return;
    struct auth *auth = &g_array_index(record->auths, struct auth, record->auths->len - 1);
    if (event->step == SMTP_STEP_ACCEPTED || event->step == SMTP_STEP_REJECTED || event->step == SMTP_STEP_CANCELLED) {
        auth->result = event->step;
        auth->code = event->code;
        record->auth_failed = event->step != SMTP_STEP_ACCEPTED;
    }
}

static void take_boundary(struct record *record, const struct smtp_event *event)
{
    if (event->boundary == SMTP_BOUNDARY_AUTH)
        take_auth_step(record, event);
    if (event->boundary == SMTP_BOUNDARY_STARTTLS) {
        record->starttls.offered = record->starttls.offered || event->step == SMTP_STEP_OFFERED;
        record->starttls.requested = record->starttls.requested || event->step == SMTP_STEP_REQUESTED;
        record->starttls.accepted = record->starttls.accepted || event->step == SMTP_STEP_ACCEPTED;
        record->starttls.refused = record->starttls.refused || event->step == SMTP_STEP_REFUSED;
    }
    if (event->step == SMTP_STEP_HANDSHAKE) {
        record->tls.seen = true;
        record->tls.implicit = event->boundary == SMTP_BOUNDARY_IMPLICIT_TLS;
        record->tls.first_frame = place_of(record, event).frame;
    }
    record->tls.established = record->tls.established || event->step == SMTP_STEP_ESTABLISHED;
    if (event->boundary != SMTP_BOUNDARY_AUTH)
        record->tls.failed = record->tls.failed || event->step == SMTP_STEP_FAILED;
    struct item *item = add_item(record, ITEM_BOUNDARY, event);
    if (item == NULL)
        return;
    item->boundary = event->boundary;
    item->step = event->step;
    item->note = event->step == SMTP_STEP_FAILED ? keep(record, event->text) : smtp_span(NULL, 0);
    item->auth = event->boundary == SMTP_BOUNDARY_AUTH ? (uint32_t)record->auths->len : 0;
}

static void take_hello(struct record *record, const struct smtp_event *event)
{
    const struct smtp_tls_hello *hello = &event->hello;
    if (hello->client) {
        record->tls.client_version = hello->version;
        record->tls.sni = hello->sni.length > 0 ? keep(record, hello->sni) : smtp_span(NULL, 0);
        record->tls.alpn = hello->alpn.length > 0 ? keep(record, hello->alpn) : smtp_span(NULL, 0);
    } else {
        record->tls.server_version = hello->version;
    }
}

/* ---- transactions ---- */

static struct transaction *transaction_of(struct record *record, uint32_t number)
{
    return number > 0 && number <= record->transactions->len ? record->transactions->pdata[number - 1] : NULL;
}

static void take_transaction_begin(struct record *record, const struct smtp_event *event)
{
    struct transaction *transaction = g_new0(struct transaction, 1);
    const struct sent *sent = sent_command(record, event->number);
    transaction->recipients = g_array_new(FALSE, FALSE, sizeof(struct recipient));
    transaction->mail_seen = sent != NULL;
    transaction->outcome = SMTP_OUTCOME_UNFINISHED;
    if (sent != NULL) {
        transaction->mail_from = smtp_path_parse(sent->argument, "FROM").address;
        transaction->frame = sent->frame;
    }
    g_ptr_array_add(record->transactions, transaction);
    record->refusal_code = 0;
}

static void take_recipient(struct record *record, const struct smtp_event *event)
{
    struct transaction *transaction = transaction_of(record, event->transaction);
    const struct sent *sent = sent_command(record, event->number);
    if (transaction == NULL || sent == NULL)
        return;
    struct recipient recipient = { .address = smtp_path_parse(sent->argument, "TO").address, .code = event->code };
    if (event->code != 0) {
        recipient.enhanced = record->last_enhanced;
        recipient.text = record->last_reply;
    }
    g_array_append_val(transaction->recipients, recipient);
}

static void take_transaction_end(struct record *record, const struct smtp_event *event)
{
    struct transaction *transaction = transaction_of(record, event->transaction);
    if (transaction == NULL)
        return;
    transaction->outcome = event->outcome;
    transaction->code = event->code;
    if (event->code == 0)
        return;
    bool refused_before = record->refusal_code == event->code && event->outcome == SMTP_OUTCOME_REJECTED;
    transaction->reply = refused_before ? record->refusal : record->last_reply;
    transaction->enhanced = refused_before ? record->refusal_enhanced : record->last_enhanced;
}

/* ---- everything ---- */

void record_finding(struct record *record, enum smtp_finding finding, uint64_t frame, const char *detail)
{
    struct finding found = { .finding = finding, .frame = frame, .detail = keep(record, smtp_span_of_text(detail)) };
    g_array_append_val(record->findings, found);
}

static void take_gap(struct record *record, const struct smtp_event *event)
{
    struct smtp_event before = *event;
    before.offset = event->offset > 0 ? event->offset - 1 : 0;
    before.octets = 0;
    struct gap gap = { .from = event->role, .octets = event->octets,
                       .after_frame = event->offset > 0 ? place_of(record, &before).last_frame : 0 };
    g_array_append_val(record->gaps, gap);
    record->gap = true;
    before.octets = 0;
    struct item *item = add_item(record, ITEM_GAP, &before);
    if (item != NULL)
        item->octets = event->octets;
}

/* What could not be placed, or stands in front: neighbours of one kind are one item. */
static void take_skipped(struct record *record, const struct smtp_event *event)
{
    struct item *last = record->items->len > 0 ? record->items->pdata[record->items->len - 1] : NULL;
    if (last != NULL && last->kind == ITEM_SKIPPED && last->role == event->role) {
        last->octets += event->octets;
        last->place.last_frame = place_of(record, event).last_frame;
        return;
    }
    struct item *item = add_item(record, event->kind == SMTP_EVENT_PROXY ? ITEM_PROXY : ITEM_SKIPPED, event);
    if (item == NULL)
        return;
    item->octets = event->octets;
    if (event->kind == SMTP_EVENT_PROXY)
        item->text = keep(record, event->text);
}

static void take_content(struct record *record, const struct smtp_event *event)
{
    struct message *message = message_of(record, event);
    message_add(message, event->text);
    if (record->data != NULL) {
        place_content(record, record->data);
        record->data->octets += event->text.length;
    }
}

static void begin_content(struct record *record, const struct smtp_event *event)
{
    message_of(record, event);
    struct item *item = add_item(record, ITEM_DATA, event);
    record->data = item;
    if (item == NULL)
        return;
    item->transport = event->transport;
    item->message = record->messages->pdata[event->message - 1];
}

void record_event(struct record *record, const struct smtp_event *event)
{
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        take_command(record, event);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        take_response(record, event);
        break;
    case SMTP_EVENT_REPLY_LINE:
        take_reply_line(record, event);
        break;
    case SMTP_EVENT_REPLY:
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
        struct transaction *transaction = transaction_of(record, event->transaction);
        if (transaction != NULL && event->message > 0 && event->message <= record->messages->len)
            transaction->message = record->messages->pdata[event->message - 1];
        break;
    }
    case SMTP_EVENT_TRANSACTION_END:
        take_transaction_end(record, event);
        break;
    case SMTP_EVENT_GAP:
        take_gap(record, event);
        break;
    case SMTP_EVENT_SKIPPED:
    case SMTP_EVENT_PROXY:
        take_skipped(record, event);
        break;
    case SMTP_EVENT_TURNED:
        add_item(record, ITEM_TURNED, event);
        break;
    case SMTP_EVENT_FINDING:
        record_finding(record, event->finding, place_of(record, event).frame, event->detail);
        break;
    }
}

/* The greeting counts even where its reply is lost: nothing says that it was refused. */
static void assume_greeting(struct record *record)
{
    if (record->helo_seen)
        return;
    for (unsigned i = record->sent->len; i > 0; i--) {
        const struct sent *sent = sent_command(record, i);
        bool greets = sent->verb == SMTP_VERB_EHLO || sent->verb == SMTP_VERB_HELO || sent->verb == SMTP_VERB_LHLO;
        if (!greets || sent->code != 0)
            continue;
        record->helo_verb = sent->verb;
        record->helo = sent->argument;
        record->helo_seen = true;
        return;
    }
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
    if (at == 0 || smtp_span_is(domain, message->from_domain))
        return;
    char *detail = g_strdup_printf("the envelope's sender is of %.*s, the message's From field of %s",
                                   (int)smtp_span_first(domain, 255).length, (const char *)domain.octets, message->from_domain);
    record_finding(record, SMTP_FINDING_ENVELOPE_HEADER_MISMATCH, transaction->frame, detail);
    g_free(detail);
}

void record_finish(struct record *record, const struct tcp_connection *connection, enum tcp_end end)
{
    record->connection = *connection;
    record->end = end;
    assume_greeting(record);
    for (unsigned i = 0; i < record->messages->len; i++)
        message_finish(record->messages->pdata[i], false);
    for (unsigned i = 0; i < record->transactions->len; i++)
        check_sender(record, record->transactions->pdata[i]);
    record->complete = connection->syn[0] && connection->syn[1] && end == TCP_END_FIN && !record->gap;
}

const char *record_starttls(const struct record *record)
{
    if (record->starttls.accepted)
        return "accepted";
    if (record->starttls.refused)
        return "refused";
    if (record->starttls.requested)
        return "requested";
    return record->starttls.offered ? "offered" : "none";
}

const char *record_auth_result(const struct auth *auth)
{
    return auth->result == SMTP_STEP_STARTED ? "unfinished" : smtp_step_name(auth->result);
}
