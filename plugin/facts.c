/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <stdalign.h>

#include "dialogue.h"

/* ---- memory ---- */

#define SLAB_OCTETS ((size_t)32768)
#define CONTENT_SLAB_OCTETS ((size_t)262144)
#define STRETCH_LEAST 64

static uint8_t *slab;
static size_t slab_left;
static uint8_t *content_slab; /* content has slabs of its own */
static size_t content_left;

void *facts_memory(size_t octets)
{
    octets = (octets + 7) & ~(size_t)7;
    if (octets > SLAB_OCTETS / 4) /* a text from the wire may have any length */
        return wmem_alloc0(wmem_file_scope(), octets);
    if (octets > slab_left) {
        slab = wmem_alloc(wmem_file_scope(), SLAB_OCTETS);
        slab_left = SLAB_OCTETS;
    }
    uint8_t *memory = slab;
    slab += octets;
    slab_left -= octets;
    memset(memory, 0, octets);
    return memory;
}

/* ---- what can be undone ---- */

struct change {
    struct change *before;
    void *where;
    size_t octets;
    uint8_t was[];
};

static bool provisional;
static struct change *last_change;

/* Remembers memory that is about to be changed. */
static void note_change(void *where, size_t octets)
{
    if (!provisional)
        return;
    struct change *change = wmem_alloc(wmem_file_scope(), sizeof *change + octets);
    change->before = last_change;
    change->where = where;
    change->octets = octets;
    memcpy(change->was, where, octets);
    last_change = change;
}

/* Changes a member of a fact that was there before. */
#define CHANGE(member, value)                                                                                               \
    do {                                                                                                                    \
        note_change(&(member), sizeof(member));                                                                             \
        (member) = (value);                                                                                                 \
    } while (0)

void facts_begin_provisional(void)
{
    provisional = true;
}

void facts_end_provisional(void)
{
    provisional = false;
}

void facts_roll_back(void)
{
    while (last_change != NULL) {
        struct change *change = last_change;
        memcpy(change->where, change->was, change->octets);
        last_change = change->before;
        wmem_free(wmem_file_scope(), change);
    }
}

/* Makes an array larger. One that a saved copy knows too is left alone. */
static void *grow(void *array, size_t old_octets, size_t octets)
{
    if (!provisional)
        return wmem_realloc(wmem_file_scope(), array, octets);
    void *larger = wmem_alloc(wmem_file_scope(), octets);
    if (old_octets > 0)
        memcpy(larger, array, old_octets);
    return larger;
}

/* ---- secrets ---- */

static wmem_map_t *labels; /* secret: label */
static GPtrArray *fresh;

struct fact *const *facts_fresh(unsigned *count)
{
    *count = fresh != NULL ? fresh->len : 0;
    return fresh != NULL ? (struct fact *const *)fresh->pdata : NULL;
}

void facts_forget_fresh(void)
{
    if (fresh != NULL && fresh->len > 0)
        g_ptr_array_set_size(fresh, 0);
}

void facts_reset(void)
{
    labels = NULL;
    slab_left = 0;
    content_left = 0;
    last_change = NULL;
    provisional = false;
    if (fresh == NULL)
        fresh = g_ptr_array_new();
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

/* ---- pieces ---- */

static struct piece *new_piece(struct call *call)
{
    struct piece *last = &call->piece;
    if (!call->any) {
        CHANGE(call->any, true);
        return last;
    }
    while (last->next != NULL)
        last = last->next;
    struct piece *piece = facts_memory(sizeof *piece);
    CHANGE(last->next, piece);
    return piece;
}

void facts_add_piece(struct facts *facts, unsigned half, struct call *call, uint64_t offset, uint32_t skip, uint32_t length)
{
    struct piece *piece = new_piece(call);
    *piece = (struct piece){ .call = call, .offset = offset, .skip = skip, .length = length };
    if (facts->piece_count[half] == facts->piece_capacity[half]) {
        facts->piece_capacity[half] = MAX(4, facts->piece_capacity[half] + facts->piece_capacity[half] / 2);
        facts->pieces[half] = grow(facts->pieces[half], facts->piece_count[half] * sizeof *facts->pieces[half],
                                   facts->piece_capacity[half] * sizeof *facts->pieces[half]);
    }
    facts->pieces[half][facts->piece_count[half]++] = piece;
}

/* The index of the last piece that begins at or before `offset`; 0 if there is none. */
static uint32_t find_piece(const struct facts *facts, unsigned half, uint64_t offset)
{
    uint32_t low = 0;
    uint32_t high = facts->piece_count[half];
    if (high > 0 && facts->pieces[half][high - 1]->offset <= offset)
        return high - 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (facts->pieces[half][middle]->offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct piece *facts_piece(const struct facts *facts, unsigned half, uint64_t offset)
{
    if (facts->piece_count[half] == 0)
        return NULL;
    return facts->pieces[half][find_piece(facts, half, offset)];
}

static bool is_in(const struct piece *piece, uint64_t offset, uint64_t octets)
{
    return offset >= piece->offset && offset + octets <= piece->offset + piece->length;
}

/* ---- making facts ---- */

static void append(struct piece *piece, struct fact *fact)
{
    fact->piece = piece;
    if (!provisional && fresh != NULL)
        g_ptr_array_add(fresh, fact);
    if (piece->last != NULL)
        CHANGE(piece->last->next, fact);
    else
        CHANGE(piece->first, fact);
    CHANGE(piece->last, fact);
}

static void *new_fact(const struct dialogue *dialogue, size_t size, enum fact_kind kind, const struct smtp_event *event)
{
    struct fact *fact = facts_memory(size);
    fact->kind = (uint8_t)kind;
    fact->role = (uint8_t)event->role;
    fact->offset = event->offset;
    fact->octets = (uint32_t)MIN(event->octets, UINT32_MAX);
    fact->encrypted = dialogue->smtp.decrypted;
    return fact;
}

/* Hangs a fact on the piece with its octet at `offset`. False if no octet of that half was ever seen. */
static bool place(struct dialogue *dialogue, struct fact *fact, uint64_t offset)
{
    struct piece *piece = facts_piece(&dialogue->facts, dialogue_half(dialogue, fact->role), offset);
    if (piece == NULL)
        piece = facts_piece(&dialogue->facts, 1 - dialogue_half(dialogue, fact->role), UINT64_MAX);
    if (piece == NULL)
        return false;
    append(piece, fact);
    return true;
}

/* Hangs a unit on the piece with its last octet; the pieces with the others of them say so. Returns whether one piece has all. */
static bool place_unit(struct dialogue *dialogue, struct fact *fact)
{
    struct facts *facts = &dialogue->facts;
    unsigned half = dialogue_half(dialogue, fact->role);
    uint64_t end = fact->offset + (fact->octets > 0 ? fact->octets : 1);
    place(dialogue, fact, end - 1);
    facts->unit[fact->role] = fact;
    if (is_in(fact->piece, fact->offset, fact->octets))
        return true;
    for (uint32_t i = find_piece(facts, half, fact->offset); i < facts->piece_count[half]; i++) {
        struct piece *piece = facts->pieces[half][i];
        if (piece == fact->piece || piece->offset >= end)
            break;
        if (piece->offset + piece->length <= fact->offset)
            continue;
        struct part_fact *part = facts_memory(sizeof *part);
        part->fact = *fact;
        part->fact.next = NULL;
        part->fact.kind = FACT_PART;
        part->fact.offset = MAX(fact->offset, piece->offset);
        part->fact.octets = (uint32_t)(MIN(end, piece->offset + piece->length) - part->fact.offset);
        part->whole = fact;
        append(piece, &part->fact);
    }
    return false;
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
        return grow(memory, MIN(from, to), to);
    if (!provisional)
        wmem_free(wmem_file_scope(), memory);
    return NULL;
}

static void change(void *context, void *where, size_t octets)
{
    (void)context;
    note_change(where, octets);
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
    if (!place_unit(dialogue, &line->fact))
        extra_of(line)->copy = wmem_memdup(wmem_file_scope(), sent->text.octets, sent->octets);
}

static void take_command(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_command_event *command = &event->command;
    struct line_fact *line = new_fact(dialogue, sizeof *line, FACT_COMMAND, event);
    line->verb = (uint8_t)command->parsed.verb;
    line->phase = (uint8_t)command->phase;
    hide_part(line, &told->line, command->line.text, &command->secret);
    fill_line(dialogue, line, command->number, &command->line);
    told->command->entry = line;
}

static void take_response(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    const struct smtp_auth_response_event *response = &event->auth_response;
    struct line_fact *line = new_fact(dialogue, sizeof *line, FACT_RESPONSE, event);
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
    struct reply_fact *reply = new_fact(dialogue, sizeof *reply, FACT_REPLY, event);
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
    if (!place_unit(dialogue, &reply->fact)) {
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

/* Begins a new stretch, with room for some octets at least. */
static struct stretch *new_stretch(struct message *message)
{
    size_t gap = -(uintptr_t)content_slab & (alignof(struct stretch) - 1);
    content_slab += gap;
    content_left -= MIN(gap, content_left);
    if (content_left < sizeof(struct stretch) + STRETCH_LEAST) {
        content_slab = wmem_alloc(wmem_file_scope(), CONTENT_SLAB_OCTETS);
        content_left = CONTENT_SLAB_OCTETS;
    }
    struct stretch *stretch = (struct stretch *)(void *)content_slab;
    *stretch = (struct stretch){ .next = NULL };
    content_slab = stretch->content;
    content_left -= offsetof(struct stretch, content);
    if (message->last != NULL)
        CHANGE(message->last->next, stretch);
    else
        CHANGE(message->first, stretch);
    CHANGE(message->last, stretch);
    return stretch;
}

/* Adds octets to the message: to its last stretch, if that is the last thing in the slab. */
static void gather(struct message *message, struct smtp_span octets)
{
    while (octets.length > 0) {
        struct stretch *stretch = message->last;
        bool grows = stretch != NULL && stretch->content + stretch->octets == content_slab && content_left > 0 && !provisional;
        if (!grows)
            stretch = new_stretch(message);
        size_t taken = MIN(octets.length, content_left);
        memcpy(content_slab, octets.octets, taken);
        stretch->octets += (uint32_t)taken;
        content_slab += taken;
        content_left -= taken;
        octets = smtp_span_from(octets, taken);
    }
}

static void take_content(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    struct message *message = message_of(facts, event->content.message, event->content.transport);
    unsigned half = dialogue_half(dialogue, event->role);
    CHANGE(message->octets, message->octets + event->content.text.length);
    if (!message->broken)
        gather(message, event->content.text);
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
            struct content_fact *fact = new_fact(dialogue, sizeof *fact, FACT_CONTENT, event);
            fact->fact.offset = at;
            fact->fact.octets = (uint32_t)here;
            fact->stored = (uint32_t)here;
            fact->message = message;
            append(piece, &fact->fact);
        }
        at += here;
    }
}

static void take_content_end(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    struct facts *facts = &dialogue->facts;
    struct message *message = message_of(facts, event->content_end.message, event->content_end.transport);
    struct end_fact *end = new_fact(dialogue, sizeof *end, FACT_END, event);
    end->message = message;
    end->number = event->content_end.number;
    end->mark = (uint8_t)event->content_end.end_mark;
    end->last = event->content_end.last;
    end->complete = event->content_end.complete;
    uint64_t behind = event->offset + event->octets;
    note_change(message, sizeof *message);
    message->broken = message->broken || !event->content_end.complete;
    if (!place(dialogue, &end->fact, behind > 0 ? behind - 1 : 0))
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
    struct boundary_fact *fact = new_fact(dialogue, sizeof *fact, FACT_BOUNDARY, event);
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
        append(unit->piece, &fact->fact);
    else
        place(dialogue, &fact->fact, event->offset);
}

static void take_hello(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct hello_fact *hello = new_fact(dialogue, sizeof *hello, FACT_HELLO, event);
    hello->client = event->tls_hello.client;
    hello->version = event->tls_hello.version;
    hello->name = event->tls_hello.sni.length > 0 ? keep_text(event->tls_hello.sni) : NULL;
    hello->alpn = event->tls_hello.alpn.length > 0 ? keep_text(event->tls_hello.alpn) : NULL;
    place(dialogue, &hello->fact, event->offset);
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
    struct gap_fact *gap = new_fact(dialogue, sizeof *gap, FACT_GAP, event);
    gap->fact.octets = 0;
    gap->missing = event->octets;
    if (event->role == SMTP_CLIENT && message != NULL && !message->ended) {
        CHANGE(message->missing, message->missing + event->gap.content);
        CHANGE(message->broken, true);
    }
    place(dialogue, &gap->fact, event->offset + event->octets);
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
            struct fact *fact = new_fact(dialogue, sizeof *fact, kind, event);
            fact->offset = at;
            fact->octets = (uint32_t)here;
            fact->hidden = hidden;
            fact->opaque = kind == FACT_SKIPPED && event->skipped.opaque;
            append(piece, fact);
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
    struct finding_fact *finding = new_fact(dialogue, sizeof *finding, FACT_FINDING, event);
    finding->finding = told->finding;
    finding->detail = gap ? hole_detail(event) : wmem_strdup(wmem_file_scope(), event->finding.detail);
    place(dialogue, &finding->fact, event->offset);
}

/* More about the last finding of that name. */
static void take_proof(struct dialogue *dialogue, const struct smtp_event *event, const struct told *told)
{
    if (told->finding == NULL)
        return;
    struct proof_fact *proof = new_fact(dialogue, sizeof *proof, FACT_PROOF, event);
    proof->finding = told->finding;
    proof->detail = wmem_strdup(wmem_file_scope(), event->finding_proof.detail);
    place(dialogue, &proof->fact, event->offset);
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
        place_unit(dialogue, new_fact(dialogue, sizeof(struct fact), FACT_PROXY, event));
        break;
    case SMTP_EVENT_TURNED: {
        struct fact *turned = new_fact(dialogue, sizeof *turned, FACT_TURNED, event);
        struct fact *unit = dialogue->facts.unit[event->role];
        if (unit != NULL)
            append(unit->piece, turned);
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
