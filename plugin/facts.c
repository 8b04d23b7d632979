/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts_private.h"

/* ---- secrets ---- */

static wmem_map_t *labels; /* secret: label */
void facts_reset(void)
{
    labels = NULL;
    facts_forget_memory();
    facts_forget_fresh();
}

static char *keep_text(struct smtp_span span)
{
    return wmem_strndup(wmem_file_scope(), (const char *)span.octets, span.length);
}

static uint32_t label_of(void *context, struct smtp_span secret)
{
    (void)context;
    if (labels == NULL)
        labels = wmem_map_new(wmem_file_scope(), wmem_str_hash, g_str_equal);
    char *text = keep_text(secret);
    void *found = wmem_map_lookup(labels, text);
    if (found != NULL)
        return GPOINTER_TO_UINT(found);
    uint32_t label = wmem_map_size(labels) + 1;
    wmem_map_insert(labels, text, GUINT_TO_POINTER(label));
    return label;
}

/* The text as it may be shown, with the label in the place of the secret at its end. */
static struct masked masked_of(const struct guarded *line, struct smtp_span text)
{
    if (line->label == 0 && line->before.octets == text.octets)
        return (struct masked){ .octets = NULL };
    uint8_t *octets = wmem_alloc(wmem_file_scope(), line->before.length + SMTP_LABEL_OCTETS);
    size_t length = line->before.length;
    if (length > 0)
        memcpy(octets, line->before.octets, length);
    if (line->label != 0)
        length += (size_t)g_snprintf((char *)octets + length, SMTP_LABEL_OCTETS, "[secret-%u]", line->label);
    return (struct masked){ .octets = octets, .length = (uint32_t)length };
}

/* ---- the account ---- */

static void *take_memory(void *context, size_t octets)
{
    (void)context;
    return facts_memory(octets);
}

/* What a saved copy knows too is left to it. */
static void *resize(void *context, void *memory, size_t from, size_t to)
{
    (void)context;
    if (to > 0)
        return facts_grow(memory, MIN(from, to), to);
    if (!facts_are_provisional())
        wmem_free(wmem_file_scope(), memory);
    return NULL;
}

static void change(void *context, void *where, size_t octets)
{
    (void)context;
    facts_change(where, octets);
}

static struct place where(void *context, enum smtp_role role, uint64_t offset)
{
    const struct dialogue *dialogue = context;
    const struct piece *piece = facts_piece(&dialogue->facts, dialogue_half(dialogue, role), offset);
    if (piece == NULL)
        return (struct place){ .frame = 0 };
    return (struct place){ .frame = piece->call->frame, .time = piece->call->time };
}

static const struct transcript_hooks hooks = {
    .take = take_memory, .resize = resize, .change = change, .where = where, .label = label_of
};

void facts_begin(struct dialogue *dialogue)
{
    dialogue->facts.account = wmem_new0(wmem_file_scope(), struct account);
    dialogue->facts.account->keeping = (struct keeping){ .hooks = &hooks, .context = dialogue, .lines = true };
}

/* The transaction at hand; NULL: there is none. */
static struct transaction *open_transaction(const struct facts *facts)
{
    struct transaction *last = mails_last(&facts->account->mails);
    return last != NULL && !last->ended ? last : NULL;
}

/* ---- lines ---- */

/* What few lines have: made when it is needed. */
static struct line_extra *extra_of(struct line_fact *line)
{
    if (line->extra == NULL)
        CHANGE(line->extra, facts_memory(sizeof *line->extra));
    return line->extra;
}

static void hide_part(struct line_fact *line, const struct guarded *guarded, struct smtp_span text,
                      const struct smtp_secret *secret)
{
    struct masked masked = masked_of(guarded, text);
    if (masked.octets == NULL)
        return;
    extra_of(line)->hidden = (struct secret_part){ .octets = (uint32_t)secret->octets.length,
                                                   .kind = (uint8_t)secret->kind,
                                                   .label = guarded->label };
    extra_of(line)->masked = masked;
}

static void fill_line(struct dialogue *dialogue, struct line_fact *line, uint32_t number, const struct smtp_line *sent)
{
    line->number = number;
    line->text = (uint32_t)sent->text.length;
    line->line_end = (uint8_t)sent->end;
    if (!facts_place_unit(dialogue, &line->fact))
        extra_of(line)->copy = wmem_memdup(wmem_file_scope(), sent->text.octets, sent->octets);
}

static void take_command(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_command_event *command = &event->command;
    struct line_fact *line = facts_new(dialogue, sizeof *line, FACT_COMMAND, event);
    line->verb = (uint8_t)command->parsed.verb;
    line->phase = (uint8_t)command->phase;
    hide_part(line, &told->line, command->line.text, &command->secret);
    fill_line(dialogue, line, command->number, &command->line);
    told->command->entry = line;
}

static void take_response(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_auth_response_event *response = &event->auth_response;
    struct line_fact *line = facts_new(dialogue, sizeof *line, FACT_RESPONSE, event);
    line->cancelled = response->cancelled;
    line->malformed = !response->cancelled && (response->sasl.bad_base64 || response->sasl.malformed);
    hide_part(line, &told->line, response->line.text, &response->secret);
    if (told->identity.octets != NULL)
        extra_of(line)->identity = keep_text(told->identity);
    if (response->sasl.has_secret)
        extra_of(line)->secret = keep_text(response->sasl.secret);
    fill_line(dialogue, line, response->number, &response->line);
    dialogue->facts.account->response.entry = line;
}

/* ---- replies ---- */

/* Of a reply without end no more is kept, in case it is not in one piece. */
#define REPLY_LIMIT ((size_t)1024 * 1024)

/* A buffer that a saved copy knows too is left to it. */
static void own_buffer(struct facts *facts)
{
    if (!facts->shared)
        return;
    facts->shared = false;
    facts->reply_octets = wmem_memdup(wmem_file_scope(), facts->reply_octets, facts->reply_length);
    facts->reply_capacity = facts->reply_length;
}

static void take_reply_line(struct facts *facts, const struct smtp_event *event)
{
    size_t octets = MIN(event->octets, REPLY_LIMIT);
    own_buffer(facts);
    if (event->reply_line.index == 0)
        facts->reply_length = 0;
    facts->reply_extensions = event->reply_line.is_keyword || (event->reply_line.index > 0 && facts->reply_extensions);
    facts->reply_end = (uint8_t)event->reply_line.line.end;
    facts->reply_near_login = event->reply_line.near_login || (event->reply_line.index > 0 && facts->reply_near_login);
    if (facts->reply_length + octets > REPLY_LIMIT)
        return;
    if (facts->reply_length + octets > facts->reply_capacity) {
        facts->reply_capacity = (uint32_t)MAX(facts->reply_length + octets, 2 * facts->reply_capacity);
        facts->reply_octets = wmem_realloc(wmem_file_scope(), facts->reply_octets, facts->reply_capacity);
    }
    memcpy(facts->reply_octets + facts->reply_length, event->reply_line.line.text.octets, octets);
    facts->reply_length += (uint32_t)octets;
}

/* The reply coming in, without what it repeats of secrets; its codes stay. */
static struct masked mask_reply(const struct facts *facts)
{
    struct smtp_span rest = smtp_span(facts->reply_octets, facts->reply_length);
    struct smtp_line line;
    bool hides = false;
    if (facts->account->secrets.known.used == 0)
        return (struct masked){ .octets = NULL };
    GByteArray *all = g_byte_array_new();
    for (; smtp_line_find(rest, true, &line); rest = smtp_span_from(rest, line.octets)) {
        struct smtp_span text = smtp_reply_line_read(line.text).text;
        size_t front = (size_t)(text.octets - line.text.octets);
        struct smtp_span shown =
            secrets_shown(&facts->account->secrets, &facts->account->keeping, text, facts->reply_near_login);
        g_byte_array_append(all, rest.octets, (guint)front);
        g_byte_array_append(all, shown.octets, (guint)shown.length);
        size_t behind = front + text.length;
        g_byte_array_append(all, rest.octets + behind, (guint)(line.octets - behind));
        hides = hides || shown.octets != text.octets;
    }
    struct masked whole = { .octets = NULL };
    if (hides)
        whole = (struct masked){ .octets = wmem_memdup(wmem_file_scope(), all->data, all->len), .length = all->len };
    g_byte_array_free(all, TRUE);
    return whole;
}

/* What a reply answers learns of it. */
static void tie(const struct facts *facts, struct reply_fact *reply, const struct told *told)
{
    struct transaction *transaction = open_transaction(facts);
    struct line_fact *command = told->command != NULL ? told->command->entry : NULL;
    struct line_fact *response = facts->account->response.entry;
    /* Where its own reply was lost, that to its content or to a response is the first one seen. */
    if (told->answers_command && command != NULL)
        CHANGE(command->reply, &reply->fact);
    if (told->answers_response && response != NULL)
        CHANGE(response->reply, &reply->fact);
    reply->request = told->request;
    if (reply->request != NULL && reply->request->kind == FACT_END &&
        ((struct end_fact *)reply->request)->reply == NULL)
        CHANGE(((struct end_fact *)reply->request)->reply, &reply->fact);
    if (transaction == NULL || command == NULL)
        return;
    reply->transaction = transaction;
    if (command->transaction == NULL && reply->answers == SMTP_ANSWERS_COMMAND)
        CHANGE(command->transaction, transaction);
}

static void take_reply(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    struct facts *facts = &dialogue->facts;
    struct reply_fact *reply = facts_new(dialogue, sizeof *reply, FACT_REPLY, event);
    reply->number = event->reply.number;
    reply->ordinal = ++facts->replies;
    reply->lines = event->reply.whole.lines;
    reply->text_lines = event->reply.whole.text_lines;
    reply->recipient = event->reply.whole.recipient;
    reply->disorder = event->reply.whole.disorder;
    if (told->delivery != NULL)
        told->delivery->entry = reply;
    reply->code = event->reply.whole.code;
    if (event->reply.whole.enhanced.present) {
        reply->class_digit = (uint8_t)event->reply.whole.enhanced.class_digit;
        reply->subject = event->reply.whole.enhanced.subject;
        reply->detail = event->reply.whole.enhanced.detail;
    }
    reply->answers = (uint8_t)event->reply.whole.answers;
    reply->verb = (uint8_t)event->reply.whole.verb;
    reply->partial = event->reply.whole.partial;
    reply->codes_differ = event->reply.whole.codes_differ;
    reply->of_token = event->reply.whole.of_token;
    reply->token_status = event->reply.whole.token_status;
    reply->extensions = facts->reply_extensions;
    reply->line_end = facts->reply_end;
    if (!facts_place_unit(dialogue, &reply->fact)) {
        reply->copy = wmem_memdup(wmem_file_scope(), facts->reply_octets, facts->reply_length);
        reply->fact.octets = MIN(reply->fact.octets, facts->reply_length);
    }
    reply->masked = mask_reply(facts);
    facts->reply_length = 0;
    facts->reply_extensions = false;
    facts->reply = reply;
    tie(facts, reply, told);
}

/* ---- content ---- */

static struct message *message_of(struct facts *facts, uint32_t number, enum smtp_transport transport)
{
    struct message *message = facts->message;
    if (message != NULL && message->number == number)
        return message;
    message = facts_memory(sizeof *message);
    message->number = number;
    message->transport = (uint8_t)transport;
    message->before = facts->message;
    facts->message = message;
    return message;
}

static void take_content(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    struct message *message = message_of(facts, event->content.message, event->content.transport);
    unsigned half = dialogue_half(dialogue, event->role);
    CHANGE(message->octets, message->octets + event->content.text.length);
    if (!message->broken)
        facts_gather(message, event->content.text);
    uint64_t end = event->offset + event->octets;
    for (uint64_t at = event->offset; at < end;) {
        struct piece *piece = facts_piece(facts, half, at);
        if (piece == NULL || at >= piece->offset + piece->length)
            return;
        uint64_t here = MIN(end, piece->offset + piece->length) - at;
        struct content_fact *last = (struct content_fact *)piece->last;
        if (message->first_frame == 0)
            message->first_frame = piece->call->frame;
        /* A dot that was put in front of a line may stand between two stretches. */
        if (last != NULL && last->fact.kind == FACT_CONTENT && last->message == message
            && at - (last->fact.offset + last->fact.octets) <= 1) {
            CHANGE(last->fact.octets, (uint32_t)(at + here - last->fact.offset));
            CHANGE(last->stored, last->stored + (uint32_t)here);
        } else {
            struct content_fact *fact = facts_new(dialogue, sizeof *fact, FACT_CONTENT, event);
            fact->fact.offset = at;
            fact->fact.octets = (uint32_t)here;
            fact->stored = (uint32_t)here;
            fact->message = message;
            facts_append(piece, &fact->fact);
        }
        at += here;
    }
}

static void take_content_end(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    struct facts *facts = &dialogue->facts;
    struct message *message = message_of(facts, event->content_end.message, event->content_end.transport);
    struct end_fact *end = facts_new(dialogue, sizeof *end, FACT_END, event);
    end->message = message;
    end->number = event->content_end.number;
    end->mark = (uint8_t)event->content_end.end_mark;
    end->last = event->content_end.last;
    end->complete = event->content_end.complete;
    uint64_t behind = event->offset + event->octets;
    facts_change(message, sizeof *message);
    message->broken = message->broken || !event->content_end.complete;
    if (!facts_place(dialogue, &end->fact, behind > 0 ? behind - 1 : 0))
        return;
    if (told->command != NULL && told->command->entry != NULL) {
        CHANGE(extra_of(told->command->entry)->end, &end->fact);
        CHANGE(told->command->end_entry, end);
    }
    message->end = end;
    message->ended = event->content_end.last;
    message->last_frame = fact_frame(&end->fact);
}

/* ---- boundaries ---- */

static void take_auth_step(struct facts *facts, const struct smtp_event *event, const struct told *told)
{
    struct line_fact *command = told->command != NULL ? told->command->entry : NULL;
    const struct smtp_sasl_response *sasl = &event->boundary.sasl;
    if (event->boundary.step == SMTP_STEP_CHALLENGE && facts->reply != NULL)
        CHANGE(facts->reply->challenge, true);
    if (event->boundary.step != SMTP_STEP_STARTED || command == NULL)
        return;
    if (sasl->has_identity)
        extra_of(command)->identity = keep_text(told->login->identity);
    if (sasl->has_secret)
        extra_of(command)->secret = keep_text(sasl->secret);
}

static void take_boundary(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    struct facts *facts = &dialogue->facts;
    bool auth = event->boundary.boundary == SMTP_BOUNDARY_AUTH;
    if (auth)
        take_auth_step(facts, event, told);
    struct boundary_fact *fact = facts_new(dialogue, sizeof *fact, FACT_BOUNDARY, event);
    fact->boundary = (uint8_t)event->boundary.boundary;
    fact->step = (uint8_t)event->boundary.step;
    fact->number = event->boundary.number;
    if (auth && told->login != NULL) {
        fact->mechanism = told->login->mechanism.octets != NULL ? keep_text(told->login->mechanism) : NULL;
        fact->identity = told->login->identity.octets != NULL ? keep_text(told->login->identity) : NULL;
    } else if (event->boundary.text.length > 0) {
        fact->note = keep_text(event->boundary.text);
    }
    /* It stands behind the line or reply that made it. */
    struct fact *unit = facts->unit[event->role];
    if (unit != NULL && event->offset >= unit->offset && event->offset < unit->offset + unit->octets)
        facts_append(unit->piece, &fact->fact);
    else
        facts_place(dialogue, &fact->fact, event->offset);
}

static void take_hello(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct hello_fact *hello = facts_new(dialogue, sizeof *hello, FACT_HELLO, event);
    hello->client = event->tls_hello.client;
    hello->version = event->tls_hello.version;
    hello->name = event->tls_hello.sni.length > 0 ? keep_text(event->tls_hello.sni) : NULL;
    hello->alpn = event->tls_hello.alpn.length > 0 ? keep_text(event->tls_hello.alpn) : NULL;
    facts_place(dialogue, &hello->fact, event->offset);
}

/* ---- transactions ---- */

/* Whom the replies behind the content were for is known now. */
static void settle_deliveries(const GQueue *deliveries)
{
    for (const GList *link = deliveries->head; link != NULL; link = link->next) {
        const struct delivery *delivery = link->data;
        struct reply_fact *reply = delivery->entry;
        if (reply != NULL && reply->recipient != delivery->recipient_number)
            CHANGE(reply->recipient, delivery->recipient_number);
    }
}

/* The reply that decides is the transaction's, also where no command of it was seen. */
static void tie_verdict(const struct facts *facts, const struct smtp_event *event,
                        const struct transaction *transaction)
{
    struct reply_fact *reply = facts->reply;
    if (event->transaction_end.code != 0 && reply != NULL && reply->transaction == NULL &&
        reply->fact.offset == event->offset)
        CHANGE(reply->transaction, transaction);
}

static void take_transaction(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    struct facts *facts = &dialogue->facts;
    struct line_fact *command = told->command != NULL ? told->command->entry : NULL;
    if (command != NULL)
        CHANGE(command->transaction, told->transaction);
    if (event->kind == SMTP_EVENT_TRANSACTION_BEGIN && command != NULL && facts->reply != NULL &&
        facts->reply->request == &command->fact)
        CHANGE(facts->reply->transaction, told->transaction);
    if (event->kind == SMTP_EVENT_TRANSACTION_CONTENT)
        for (struct message *message = facts->message; message != NULL; message = message->before)
            if (message->number == event->transaction_content.message)
                CHANGE(message->transaction, told->transaction);
    if (event->kind != SMTP_EVENT_TRANSACTION_END || told->transaction == NULL)
        return;
    settle_deliveries(told->deliveries);
    tie_verdict(facts, event, told->transaction);
}

/* ---- the rest ---- */

static void take_gap(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct message *message = dialogue->facts.message;
    struct gap_fact *gap = facts_new(dialogue, sizeof *gap, FACT_GAP, event);
    gap->fact.octets = 0;
    gap->missing = event->octets;
    if (event->role == SMTP_CLIENT && message != NULL && !message->ended) {
        CHANGE(message->missing, message->missing + event->gap.content);
        CHANGE(message->broken, true);
    }
    facts_place(dialogue, &gap->fact, event->offset + event->octets);
}

static void take_octets(struct dialogue *dialogue, enum fact_kind kind, const struct smtp_event *event, bool hidden)
{
    struct facts *facts = &dialogue->facts;
    unsigned half = dialogue_half(dialogue, event->role);
    uint64_t end = event->offset + event->octets;
    for (uint64_t at = event->offset; at < end;) {
        struct piece *piece = facts_piece(facts, half, at);
        if (piece == NULL || at >= piece->offset + piece->length)
            return;
        uint64_t here = MIN(end, piece->offset + piece->length) - at;
        struct fact *last = piece->last;
        if (last != NULL && last->kind == kind && last->hidden == hidden && last->offset + last->octets == at) {
            CHANGE(last->octets, last->octets + (uint32_t)here);
        } else {
            struct fact *fact = facts_new(dialogue, sizeof *fact, kind, event);
            fact->offset = at;
            fact->octets = (uint32_t)here;
            fact->hidden = hidden;
            fact->opaque = kind == FACT_SKIPPED && event->skipped.opaque;
            facts_append(piece, fact);
        }
        at += here;
    }
}

static void take_skipped(struct dialogue *dialogue, const struct smtp_event *event)
{
    const struct account *account = dialogue->facts.account;
    const struct smtp_skipped_event *skipped = &event->skipped;
    struct smtp_span shown = secrets_shown(&account->secrets, &account->keeping, skipped->text, skipped->near_login);
    take_octets(dialogue, FACT_SKIPPED, event,
                shown.octets != skipped->text.octets || skipped->secret.octets.length > 0);
}

/* ---- findings ---- */

/* What the core calls not captured may be in the capture: Wireshark's TCP did not hand it over. */
static const char *hole_detail(const struct smtp_event *event)
{
    return wmem_strdup_printf(wmem_file_scope(), "octets of the %s's stream were not handed over by Wireshark's TCP",
                              event->role == SMTP_CLIENT ? "client" : "server");
}

/* It stands where its first octet is, as everywhere. */
static void take_finding(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    bool gap = event->finding.finding == SMTP_FINDING_CAPTURE_GAP;
    if (told->finding == NULL)
        return;
    struct finding_fact *finding = facts_new(dialogue, sizeof *finding, FACT_FINDING, event);
    finding->finding = told->finding;
    finding->detail = gap ? hole_detail(event) : wmem_strdup(wmem_file_scope(), event->finding.detail);
    facts_place(dialogue, &finding->fact, event->offset);
}

/* More about the last finding of that name. */
static void take_proof(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    if (told->finding == NULL)
        return;
    struct proof_fact *proof = facts_new(dialogue, sizeof *proof, FACT_PROOF, event);
    proof->finding = told->finding;
    proof->detail = wmem_strdup(wmem_file_scope(), event->finding_proof.detail);
    facts_place(dialogue, &proof->fact, event->offset);
}

void facts_event(struct dialogue *dialogue, const struct smtp_event *event)
{
    if (dialogue->facts.piece_count[0] + dialogue->facts.piece_count[1] == 0)
        return; /* there is no frame to show it in */
    const struct told told = account_event(dialogue->facts.account, event, 0);
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        take_command(dialogue, event, &told);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        take_response(dialogue, event, &told);
        break;
    case SMTP_EVENT_REPLY_LINE:
        take_reply_line(&dialogue->facts, event);
        break;
    case SMTP_EVENT_REPLY:
        take_reply(dialogue, event, &told);
        break;
    case SMTP_EVENT_CONTENT_BEGIN: {
        struct message *message =
            message_of(&dialogue->facts, event->content_begin.message, event->content_begin.transport);
        CHANGE(message->broken, message->broken || !event->content_begin.complete);
        break;
    }
    case SMTP_EVENT_CONTENT:
        take_content(dialogue, event);
        break;
    case SMTP_EVENT_CONTENT_END:
        take_content_end(dialogue, event, &told);
        break;
    case SMTP_EVENT_BOUNDARY:
        take_boundary(dialogue, event, &told);
        break;
    case SMTP_EVENT_TLS_HELLO:
        take_hello(dialogue, event);
        break;
    case SMTP_EVENT_TLS_OCTETS:
        take_octets(dialogue, FACT_TLS, event, false);
        break;
    case SMTP_EVENT_TRANSACTION_BEGIN:
    case SMTP_EVENT_TRANSACTION_RCPT:
    case SMTP_EVENT_TRANSACTION_CONTENT:
    case SMTP_EVENT_TRANSACTION_END:
        take_transaction(dialogue, event, &told);
        break;
    case SMTP_EVENT_GAP:
        take_gap(dialogue, event);
        break;
    case SMTP_EVENT_SKIPPED:
        take_skipped(dialogue, event);
        break;
    case SMTP_EVENT_PROXY:
        facts_place_unit(dialogue, facts_new(dialogue, sizeof(struct fact), FACT_PROXY, event));
        break;
    case SMTP_EVENT_TURNED: {
        struct fact *turned = facts_new(dialogue, sizeof *turned, FACT_TURNED, event);
        struct fact *unit = dialogue->facts.unit[event->role];
        if (unit != NULL)
            facts_append(unit->piece, turned);
        break;
    }
    case SMTP_EVENT_FINDING:
        take_finding(dialogue, event, &told);
        break;
    case SMTP_EVENT_FINDING_PROOF:
        take_proof(dialogue, event, &told);
        break;
    case SMTP_EVENT_PROOF_PLACE: /* all places are kept */
        break;
    }
}
