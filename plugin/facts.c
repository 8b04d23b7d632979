/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <stdalign.h>

#include "dialogue.h"
#include "guesses.h"

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

/* The names of mechanisms are in capitals. */
static char *keep_upper(struct smtp_span name)
{
    char *text = keep_text(name);
    for (char *at = text; *at != '\0'; at++)
        *at = g_ascii_toupper(*at);
    return text;
}

static uint32_t label_of(struct smtp_span secret)
{
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

static uint32_t label_of_secret(struct facts *facts, const struct smtp_secret *secret)
{
    if (!secret->rest || facts->last_label == 0)
        facts->last_label = label_of(secret->named);
    return facts->last_label;
}

/* Remembers a secret, in case it is repeated. A table that a saved copy knows too is left to it. */
static void learn(struct facts *facts, const struct smtp_secret *secret, uint32_t label)
{
    struct smtp_known *known = &facts->known;
    if (secret->passing)
        return;
    uint32_t capacity = smtp_known_wants(known, secret);
    if (capacity > known->capacity || facts->known_shared) {
        struct smtp_known_slot *old = facts->known_shared ? NULL : known->slots;
        size_t octets = MAX(capacity, known->capacity) * sizeof *known->slots;
        smtp_known_move(known, memset(wmem_alloc(wmem_file_scope(), octets), 0, octets),
                        MAX(capacity, known->capacity));
        wmem_free(wmem_file_scope(), old);
        facts->known_shared = false;
    }
    smtp_known_learn(known, secret, label,
                     facts->identity != NULL ? smtp_span_of_text(facts->identity) : smtp_span(NULL, 0));
}

/* The text without what it repeats of secrets, and without the last `hidden` octets. */
static struct masked mask(const struct facts *facts, struct smtp_span text, bool near_login, struct secret_part hidden)
{
    struct smtp_masks masks;
    struct smtp_span before = smtp_span_first(text, text.length - hidden.octets);
    smtp_known_find(&facts->known, before, near_login, &masks);
    if (masks.count == 0 && hidden.octets == 0)
        return (struct masked){ .octets = NULL };
    uint8_t *octets = wmem_alloc(wmem_file_scope(), SMTP_MASKED_OCTETS(text.length) + SMTP_LABEL_OCTETS);
    size_t length = smtp_known_mask(before, &masks, octets);
    if (hidden.octets > 0)
        length += (size_t)g_snprintf((char *)octets + length, SMTP_LABEL_OCTETS, "[secret-%u]", hidden.label);
    return (struct masked){ .octets = octets, .length = (uint32_t)length };
}

/* A name as it may be shown: some type their password where the user name is asked for. */
static char *keep_identity(const struct facts *facts, struct smtp_span identity)
{
    uint32_t label = smtp_known_label(&facts->known, identity);
    return label == 0 ? keep_text(identity) : wmem_strdup_printf(wmem_file_scope(), "[secret-%u]", label);
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

/* The frame with the octet at `offset`; 0: none was seen. */
static uint32_t frame_of(const struct dialogue *dialogue, enum smtp_role role, uint64_t offset)
{
    const struct piece *piece = facts_piece(&dialogue->facts, dialogue_half(dialogue, role), offset);
    return piece != NULL ? piece->call->frame : 0;
}

/* Octets that may prove a finding later. */
static void note_related(struct dialogue *dialogue, enum smtp_related related, const struct smtp_event *event)
{
    dialogue->facts.related[related] = frame_of(dialogue, event->role, event->offset);
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

static struct line_fact *command_of(const struct facts *facts, uint32_t number)
{
    return number > 0 && number <= facts->command_count ? facts->commands[number - 1] : NULL;
}

/* ---- lines ---- */

static void remember_command(struct facts *facts, struct line_fact *command)
{
    if (facts->command_count == facts->command_capacity) {
        facts->command_capacity = MAX(8, 2 * facts->command_capacity);
        facts->commands = grow(facts->commands, facts->command_count * sizeof *facts->commands,
                               facts->command_capacity * sizeof *facts->commands);
    }
    facts->commands[facts->command_count++] = command;
}

/* What few lines have: made when it is needed. */
static struct line_extra *extra_of(struct line_fact *line)
{
    if (line->extra == NULL)
        CHANGE(line->extra, facts_memory(sizeof *line->extra));
    return line->extra;
}

static void hide_part(struct facts *facts, struct line_fact *line, struct smtp_span text,
                      const struct smtp_secret *secret, bool near_login)
{
    struct secret_part hidden = { .octets = (uint32_t)secret->octets.length, .kind = (uint8_t)secret->kind };
    if (hidden.octets > 0)
        hidden.label = label_of_secret(facts, secret);
    struct masked masked = mask(facts, text, near_login, hidden);
    if (masked.octets == NULL)
        return;
    extra_of(line)->hidden = hidden;
    extra_of(line)->masked = masked;
    if (hidden.octets > 0)
        learn(facts, secret, hidden.label);
}

static void fill_line(struct dialogue *dialogue, struct line_fact *line, uint32_t number, const struct smtp_line *sent)
{
    line->number = number;
    line->text = (uint32_t)sent->text.length;
    line->line_end = (uint8_t)sent->end;
    if (!place_unit(dialogue, &line->fact))
        extra_of(line)->copy = wmem_memdup(wmem_file_scope(), sent->text.octets, sent->octets);
}

static void take_command(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    struct line_fact *line = new_fact(dialogue, sizeof *line, FACT_COMMAND, event);
    line->verb = (uint8_t)event->command.parsed.verb;
    line->phase = (uint8_t)event->command.phase;
    hide_part(facts, line, event->command.line.text, &event->command.secret, event->command.near_login);
    fill_line(dialogue, line, event->command.number, &event->command.line);
    remember_command(facts, line);
    if (smtp_verb_names_sender(event->command.parsed.verb))
        note_related(dialogue, SMTP_RELATED_MAIL, event);
}

static void take_response(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    const struct smtp_sasl_response *sasl = &event->auth_response.sasl;
    struct line_fact *line = new_fact(dialogue, sizeof *line, FACT_RESPONSE, event);
    line->cancelled = event->auth_response.cancelled;
    line->malformed = !event->auth_response.cancelled && (sasl->bad_base64 || sasl->malformed);
    char *identity = sasl->has_identity ? keep_identity(facts, sasl->identity) : NULL;
    hide_part(facts, line, event->auth_response.line.text, &event->auth_response.secret, false);
    if (identity != NULL)
        facts->identity = extra_of(line)->identity = identity;
    if (sasl->has_secret)
        extra_of(line)->secret = keep_text(sasl->secret);
    fill_line(dialogue, line, event->auth_response.number, &event->auth_response.line);
    facts->response = line;
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
    if (event->reply_line.secret.kind != SMTP_SECRET_NONE)
        learn(facts, &event->reply_line.secret, label_of_secret(facts, &event->reply_line.secret));
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
    if (facts->known.used == 0)
        return (struct masked){ .octets = NULL };
    GByteArray *all = g_byte_array_new();
    for (; smtp_line_find(rest, true, &line); rest = smtp_span_from(rest, line.octets)) {
        struct smtp_span text = smtp_reply_line_read(line.text).text;
        size_t front = (size_t)(text.octets - line.text.octets);
        struct masked masked = mask(facts, text, facts->reply_near_login, (struct secret_part){ .octets = 0 });
        g_byte_array_append(all, rest.octets, (guint)front);
        g_byte_array_append(all, masked.octets != NULL ? masked.octets : text.octets,
                            masked.octets != NULL ? masked.length : (guint)text.length);
        size_t behind = front + text.length;
        g_byte_array_append(all, rest.octets + behind, (guint)(line.octets - behind));
        hides = hides || masked.octets != NULL;
    }
    struct masked whole = { .octets = NULL };
    if (hides)
        whole = (struct masked){ .octets = wmem_memdup(wmem_file_scope(), all->data, all->len), .length = all->len };
    g_byte_array_free(all, TRUE);
    return whole;
}

/* What a reply answers learns of it. */
static void tie(struct facts *facts, struct reply_fact *reply)
{
    struct line_fact *command = command_of(facts, reply->number);
    /* Where its own reply was lost, that to its content or to a response is the first one seen. */
    if (command != NULL && command->reply == NULL)
        CHANGE(command->reply, &reply->fact);
    switch ((enum smtp_answers)reply->answers) {
    case SMTP_ANSWERS_COMMAND:
        if (command != NULL)
            reply->request = &command->fact;
        break;
    case SMTP_ANSWERS_CONTENT:
        if (command == NULL)
            break;
        reply->request = &command->fact;
        if (command->extra == NULL || command->extra->end == NULL)
            break;
        reply->request = command->extra->end;
        if (((struct end_fact *)reply->request)->reply == NULL)
            CHANGE(((struct end_fact *)reply->request)->reply, &reply->fact);
        break;
    case SMTP_ANSWERS_RESPONSE:
        if (facts->response == NULL)
            break;
        reply->request = &facts->response->fact;
        if (facts->response->reply == NULL)
            CHANGE(facts->response->reply, &reply->fact);
        break;
    default:
        break;
    }
    if (facts->transaction == NULL || command == NULL)
        return;
    reply->transaction = facts->transaction;
    if (command->transaction == NULL && reply->answers == SMTP_ANSWERS_COMMAND)
        CHANGE(command->transaction, facts->transaction);
}

static void note_greeting(struct dialogue *dialogue, const struct smtp_event *event)
{
    const struct smtp_reply *reply = &event->reply.whole;
    if (reply->answers != SMTP_ANSWERS_COMMAND || !smtp_verb_greets(reply->verb) || reply->code / 100 != 2)
        return;
    note_related(dialogue, SMTP_RELATED_GREETING, event);
    if (reply->verb != SMTP_VERB_HELO && !dialogue->facts.behind_starttls && !dialogue->smtp.decrypted)
        note_related(dialogue, SMTP_RELATED_CLEAR_EHLO, event);
}

static void take_reply(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    struct reply_fact *reply = new_fact(dialogue, sizeof *reply, FACT_REPLY, event);
    reply->number = event->reply.number;
    reply->ordinal = ++facts->replies;
    reply->lines = event->reply.whole.lines;
    reply->text_lines = event->reply.whole.text_lines;
    reply->recipient = event->reply.whole.recipient;
    reply->disorder = event->reply.whole.disorder;
    reply->delivery = event->reply.whole.delivery;
    reply->place = event->reply.whole.place;
    if (event->reply.whole.delivery > 0) {
        reply->delivery_before = event->reply.whole.delivery > 1 ? facts->delivery : NULL;
        facts->delivery = reply;
    }
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
    tie(facts, reply);
    note_greeting(dialogue, event);
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

static void take_content_end(struct dialogue *dialogue, const struct smtp_event *event)
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
    struct line_fact *command = command_of(facts, event->content_end.number);
    if (command != NULL)
        CHANGE(extra_of(command)->end, &end->fact);
    message->end = end;
    message->ended = event->content_end.last;
    message->last_frame = fact_frame(&end->fact);
}

/* ---- boundaries ---- */

static void note_denial(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    const struct smtp_enhanced_status enhanced = facts->reply != NULL ? reply_enhanced(facts->reply) : (struct smtp_enhanced_status){ 0 };
    if (event->boundary.step == SMTP_STEP_REJECTED && smtp_denies_credentials(event->boundary.code, &enhanced))
        facts->denials[facts->denial_count++ % SMTP_RELATED_KEPT] = frame_of(dialogue, event->role, event->offset);
}

static void take_auth_step(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    note_denial(dialogue, event);
    if (event->boundary.step == SMTP_STEP_STARTED) {
        struct line_fact *command = command_of(facts, event->boundary.number);
        facts->mechanism = event->boundary.text.length > 0 ? keep_upper(event->boundary.text) : NULL;
        facts->identity =
            event->boundary.sasl.has_identity ? keep_identity(facts, event->boundary.sasl.identity) : NULL;
        if (command == NULL)
            return;
        if (facts->identity != NULL)
            extra_of(command)->identity = facts->identity;
        if (event->boundary.sasl.has_secret)
            extra_of(command)->secret = keep_text(event->boundary.sasl.secret);
    } else if (event->boundary.step == SMTP_STEP_CHALLENGE) {
        if (facts->reply != NULL)
            facts->reply->challenge = true;
    }
}

static void take_tls_step(struct dialogue *dialogue, const struct smtp_event *event)
{
    if (event->boundary.step == SMTP_STEP_REFUSED || event->boundary.step == SMTP_STEP_FAILED)
        note_related(dialogue, SMTP_RELATED_STARTTLS_FAILED, event);
    if (event->boundary.step == SMTP_STEP_ACCEPTED || event->boundary.step == SMTP_STEP_FAILED)
        dialogue->facts.behind_starttls = event->boundary.step == SMTP_STEP_ACCEPTED;
}

static void take_boundary(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    bool auth = event->boundary.boundary == SMTP_BOUNDARY_AUTH;
    if (auth)
        take_auth_step(dialogue, event);
    else
        take_tls_step(dialogue, event);
    struct boundary_fact *fact = new_fact(dialogue, sizeof *fact, FACT_BOUNDARY, event);
    fact->boundary = (uint8_t)event->boundary.boundary;
    fact->step = (uint8_t)event->boundary.step;
    fact->number = event->boundary.number;
    if (auth) {
        fact->mechanism = facts->mechanism;
        fact->identity = facts->identity;
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

/* Whom the replies behind the content were for is known now, as far as it can be told. */
static void settle_deliveries(struct facts *facts, const struct smtp_transaction_end_event *end)
{
    for (struct reply_fact *reply = facts->delivery; reply != NULL; reply = reply->delivery_before) {
        uint32_t number = end->in_place ? reply->place : reply->delivery;
        uint32_t recipient = end->deliveries == SMTP_DELIVERIES_NONE || number > end->replies ? 0 : number;
        if (reply->recipient != recipient)
            CHANGE(reply->recipient, recipient);
    }
    facts->delivery = NULL;
}

/* The reply that decides is the transaction's, also where no command of it was seen. */
static void tie_verdict(struct facts *facts, const struct smtp_event *event)
{
    struct reply_fact *reply = facts->reply;
    if (reply != NULL && reply->transaction == NULL && reply->fact.offset == event->offset)
        CHANGE(reply->transaction, facts->transaction);
}

static void take_transaction(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    struct line_fact *command = NULL;
    struct piece *here = facts_piece(facts, dialogue_half(dialogue, event->role), event->offset);
    switch (event->kind) {
    case SMTP_EVENT_TRANSACTION_BEGIN:
        facts->transaction = facts_memory(sizeof *facts->transaction);
        facts->transaction->number = event->transaction_begin.transaction;
        command = command_of(facts, event->transaction_begin.number);
        if (command != NULL) {
            facts->transaction->first_frame = fact_frame(&command->fact);
            CHANGE(command->transaction, facts->transaction);
            if (facts->reply != NULL && facts->reply->request == &command->fact)
                CHANGE(facts->reply->transaction, facts->transaction);
        }
        break;
    case SMTP_EVENT_TRANSACTION_RCPT:
        command = command_of(facts, event->transaction_rcpt.number);
        if (command != NULL)
            CHANGE(command->transaction, facts->transaction);
        break;
    case SMTP_EVENT_TRANSACTION_CONTENT:
        for (struct message *message = facts->message; message != NULL; message = message->before)
            if (message->number == event->transaction_content.message)
                CHANGE(message->transaction, facts->transaction);
        break;
    default:
        settle_deliveries(facts, &event->transaction_end);
        if (facts->transaction == NULL)
            break;
        if (event->transaction_end.code != 0)
            tie_verdict(facts, event);
        note_change(facts->transaction, sizeof *facts->transaction);
        facts->transaction->ended = true;
        facts->transaction->outcome = (uint8_t)event->transaction_end.outcome;
        facts->transaction->code = event->transaction_end.code;
        facts->transaction->last_frame = here != NULL ? here->call->frame : 0;
        facts->transaction = NULL;
        break;
    }
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
    struct masked masked =
        mask(&dialogue->facts, event->skipped.text, event->skipped.near_login, (struct secret_part){ .octets = 0 });
    take_octets(dialogue, FACT_SKIPPED, event, masked.octets != NULL || event->skipped.secret.octets.length > 0);
    if (event->skipped.secret.octets.length > 0)
        learn(&dialogue->facts, &event->skipped.secret, label_of_secret(&dialogue->facts, &event->skipped.secret));
}

/* ---- findings ---- */

static void add_related(struct finding_fact *finding, uint32_t frame)
{
    bool again = finding->last != NULL && finding->last->frame == frame;
    if (frame == 0 || frame == fact_frame(&finding->fact) || again || finding->related_count == SMTP_RELATED_KEPT)
        return;
    struct related *related = facts_memory(sizeof *related);
    related->frame = frame;
    if (finding->last != NULL)
        CHANGE(finding->last->next, related);
    else
        CHANGE(finding->first, related);
    CHANGE(finding->last, related);
    CHANGE(finding->related_count, (uint8_t)(finding->related_count + 1));
}

/* The logins that were denied before: one place is left for a login that is accepted. */
static void add_denials(const struct facts *facts, struct finding_fact *finding)
{
    uint32_t before = facts->denial_count > 0 ? facts->denial_count - 1 : 0;
    uint32_t first = before >= SMTP_RELATED_KEPT ? before - (SMTP_RELATED_KEPT - 1) : 0;
    for (uint32_t i = first; i < before; i++)
        add_related(finding, facts->denials[i % SMTP_RELATED_KEPT]);
}

/* What the core calls not captured may be in the capture: Wireshark's TCP did not hand it over. */
static const char *hole_detail(const struct smtp_event *event)
{
    return wmem_strdup_printf(wmem_file_scope(), "octets of the %s's stream were not handed over by Wireshark's TCP",
                              event->role == SMTP_CLIENT ? "client" : "server");
}

/* It stands where its first octet is, as everywhere. */
static void take_finding(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct facts *facts = &dialogue->facts;
    enum smtp_related related = smtp_finding_related(event->finding.finding, event->finding.of_offer);
    bool gap = event->finding.finding == SMTP_FINDING_CAPTURE_GAP;
    if (gap && facts->gap_told[event->role])
        return;
    facts->gap_told[event->role] = facts->gap_told[event->role] || gap;
    struct finding_fact *finding = new_fact(dialogue, sizeof *finding, FACT_FINDING, event);
    finding->finding = (uint8_t)event->finding.finding;
    finding->detail = gap ? hole_detail(event) : wmem_strdup(wmem_file_scope(), event->finding.detail);
    finding->before = facts->finding;
    if (!place(dialogue, &finding->fact, event->offset))
        return;
    facts->finding = finding;
    if (related == SMTP_RELATED_DENIALS)
        add_denials(facts, finding);
    else if (related != SMTP_RELATED_NONE)
        add_related(finding, facts->related[related]);
}

/* More about the last finding of that name. */
static void take_proof(struct dialogue *dialogue, const struct smtp_event *event)
{
    struct finding_fact *finding = dialogue->facts.finding;
    while (finding != NULL && finding->finding != event->finding_proof.finding)
        finding = finding->before;
    if (finding == NULL)
        return;
    struct proof_fact *proof = new_fact(dialogue, sizeof *proof, FACT_PROOF, event);
    proof->finding = finding;
    proof->detail = wmem_strdup(wmem_file_scope(), event->finding_proof.detail);
    if (place(dialogue, &proof->fact, event->offset))
        add_related(finding, fact_frame(&proof->fact));
}

void facts_event(struct dialogue *dialogue, const struct smtp_event *event)
{
    if (dialogue->facts.piece_count[0] + dialogue->facts.piece_count[1] == 0)
        return; /* there is no frame to show it in */
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        take_command(dialogue, event);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        take_response(dialogue, event);
        break;
    case SMTP_EVENT_REPLY_LINE:
        take_reply_line(&dialogue->facts, event);
        break;
    case SMTP_EVENT_REPLY:
        take_reply(dialogue, event);
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
        take_content_end(dialogue, event);
        break;
    case SMTP_EVENT_BOUNDARY:
        take_boundary(dialogue, event);
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
        take_transaction(dialogue, event);
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
        take_finding(dialogue, event);
        break;
    case SMTP_EVENT_FINDING_PROOF:
        take_proof(dialogue, event);
        break;
    case SMTP_EVENT_PROOF_PLACE: /* all places are kept */
        break;
    }
}
