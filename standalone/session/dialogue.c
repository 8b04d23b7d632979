/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dialogue.h"

#include "address_text.h"
#include "conversation.h"
#include "marks.h"
#include "prefetch.h"
#include "under_tls.h"

/* Of a dialogue, what is allocated around it: buffers at their smallest, its place in the order of sessions. */
#define DIALOGUE_OVERHEAD ((size_t)512)

/* What was looked at to close so many is taken out of memory again. */
#define CLOSED_BETWEEN_COOLING 4

/* Segments that say the same octets differently, seen before the connection was recognised. */
#define EARLY_CONFLICTS 8

/* Of what is no SMTP, so many octets of each side are shown: enough to know most protocols, too few for a password. */
#define NOT_SMTP_SHOWN ((size_t)8)

struct conflict {
    int half;
    uint64_t offset, octets;
    struct place first, second;
};

/* What cannot be true of a half's packets. */
struct contradiction {
    int half;
    enum tcp_contradiction what;
    struct place place;
};

/* A segment of a half with a wrong checksum. */
struct mismatch {
    int half;
    struct place place;
};

struct dialogue {
    struct smtp_conversation conversation;
    struct record *record;     /* NULL until it is recognised */
    uint32_t deliveries;       /* of octets, so far */
    struct dialogues *owner;
    struct tcp_connection *connection;
    struct marks marks[2]; /* by half */
    struct session_order_entry *order;
    GArray *conflicts; /* NULL, or struct conflict */
    GArray *contradictions;       /* NULL, or struct contradiction */
    unsigned contradictions_told; /* a bit for each kind and half */
    GArray *mismatches;           /* NULL, or struct mismatch */
    struct under_tls *under_tls; /* NULL: there is no TLS, or it is `shut` */
    bool shut;                   /* nothing of TLS is in clear any more, and there are no keys */
    int tls_client;              /* half of the client of TLS */
    uint64_t plain[2]; /* offset of the next octet of each half that TLS carries, behind those that stood in clear */
    struct smtp_session own_session; /* undefined until then */
};

struct dialogues {
    struct dialogues_options options;
    struct labels *labels;
    struct session_order *order;
    uint64_t not_smtp;
    uint64_t closed;
};

struct dialogues *dialogues_new(const struct dialogues_options *options)
{
    struct dialogues *dialogues = g_new0(struct dialogues, 1);
    dialogues->options = *options;
    dialogues->labels = labels_new(options->pool);
    dialogues->order = session_order_new(options->by_start, &options->order);
    return dialogues;
}

void dialogues_free(struct dialogues *dialogues)
{
    session_order_free(dialogues->order);
    labels_free(dialogues->labels);
    g_free(dialogues);
}

void dialogues_finish(struct dialogues *dialogues)
{
    session_order_finish(dialogues->order);
}

uint64_t dialogues_not_smtp(const struct dialogues *dialogues)
{
    return dialogues->not_smtp;
}

static struct place locate(void *context, enum smtp_role role, uint64_t offset)
{
    const struct dialogue *dialogue = context;
    return marks_place(&dialogue->marks[smtp_conversation_half(&dialogue->conversation, role)], offset);
}

/* ---- what the conversation asks for ---- */

/* The session gets what the handshake told, and what became of the keys. */
static void tell_of_tls(struct dialogue *dialogue)
{
    const struct tls_connection *connection = under_tls_connection(dialogue->under_tls);
    record_tls(dialogue->record, tls_connection_facts(connection));
    dialogue->record->tls_read.decrypted = dialogue->conversation.decrypted;
    if (tls_keys_any(dialogue->owner->options.keys))
        dialogue->record->tls_read.reason = tls_connection_reason(connection);
}

/* Without keys TLS is at its end when nothing stands in clear any more. */
static void end_of_clear(struct dialogue *dialogue)
{
    if (!tls_connection_is_shut(under_tls_connection(dialogue->under_tls)) || tls_keys_any(dialogue->owner->options.keys))
        return;
    tell_of_tls(dialogue);
    under_tls_free(dialogue->under_tls);
    dialogue->under_tls = NULL;
    dialogue->shut = true;
}

/* Records and the holes in them go to TLS as well: for what is in clear of them, and, where there are keys, for all. */
static void take_records(struct dialogue *dialogue, const struct smtp_event *event)
{
    bool records = event->kind == SMTP_EVENT_TLS_OCTETS;
    struct tls_keys *keys = dialogue->owner->options.keys;
    if (records && dialogue->under_tls == NULL && keys != NULL && !dialogue->shut) {
        dialogue->under_tls = under_tls_new(keys);
        dialogue->tls_client = dialogue->conversation.client;
    }
    if (dialogue->under_tls == NULL || dialogue->conversation.decrypted)
        return;
    if (records)
        tls_connection_octets(under_tls_connection(dialogue->under_tls), event->role, event->offset,
                              event->tls_octets.text);
    else if (event->kind == SMTP_EVENT_GAP)
        tls_connection_gap(under_tls_connection(dialogue->under_tls), event->role, event->offset, event->octets);
    end_of_clear(dialogue);
}

static void take_event(void *context, const struct smtp_event *event)
{
    struct dialogue *dialogue = context;
    if (event->kind == SMTP_EVENT_TLS_OCTETS || event->kind == SMTP_EVENT_GAP)
        take_records(dialogue, event);
    record_event(dialogue->record, event);
}

static size_t memory_of_marks(void *context, int half)
{
    return marks_memory(&((struct dialogue *)context)->marks[half]);
}

/* ---- what TLS carries ---- */

static enum smtp_role tls_role(const struct dialogue *dialogue, int half)
{
    return half == dialogue->tls_client ? SMTP_CLIENT : SMTP_SERVER;
}

/* From here on the session gets what TLS carries; of the records, what waits to become whole goes to TLS at once. */
static void begin_decrypted(struct dialogue *dialogue, int first, struct place place)
{
    struct smtp_conversation *conversation = &dialogue->conversation;
    for (int half = 0; half < 2; half++) {
        struct smtp_waiting *waiting = &conversation->waiting[half];
        uint64_t offset;
        struct smtp_span octets;
        while (smtp_waiting_first(waiting, &offset, &octets)) {
            tls_connection_octets(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half), offset, octets);
            smtp_waiting_take(waiting, conversation->hooks->resize, octets.length);
        }
        marks_clear(&dialogue->marks[half]);
        dialogue->plain[half] = conversation->session->half[smtp_conversation_role(conversation, half)].offset;
        marks_add(&dialogue->marks[half], dialogue->plain[half], place);
    }
    smtp_conversation_decrypted(conversation, first, dialogue->plain);
}

/* Gives the session what TLS carried, as if it came in the frame at `place`, where its record is whole. */
static void feed_decrypted(struct dialogue *dialogue, struct place place)
{
    struct under_tls_piece piece;
    while (dialogue->under_tls != NULL && under_tls_next(dialogue->under_tls, &piece)) {
        int half = piece.role == SMTP_CLIENT ? dialogue->tls_client : 1 - dialogue->tls_client;
        if (!dialogue->conversation.decrypted)
            begin_decrypted(dialogue, half, place);
        dialogue->plain[half] += piece.missing;
        if (piece.missing > 0)
            smtp_conversation_gap(&dialogue->conversation, half, dialogue->plain[half]);
        if (piece.text.length > 0) {
            marks_add(&dialogue->marks[half], dialogue->plain[half], place);
            smtp_conversation_octets(&dialogue->conversation, half, dialogue->plain[half], piece.text);
            dialogue->plain[half] += piece.text.length;
        }
        if (piece.finished)
            smtp_conversation_finished(&dialogue->conversation, half);
    }
}

/* Records of a session that is decrypted: they are counted as before. */
static void take_encrypted(struct dialogue *dialogue, int half, uint64_t offset, struct smtp_span octets,
                           struct place place)
{
    const struct smtp_event event = { .kind = SMTP_EVENT_TLS_OCTETS,
                                      .role = smtp_conversation_role(&dialogue->conversation, half),
                                      .octets = octets.length,
                                      .tls_octets = { .text = octets } };
    record_event(dialogue->record, &event);
    tls_connection_octets(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half), offset, octets);
    feed_decrypted(dialogue, place);
}

/* ---- recognising ---- */

static void report_conflict(struct dialogue *dialogue, const struct conflict *conflict)
{
    const struct dialogues_options *options = &dialogue->owner->options;
    bool elsewhere = conflict->first.file != conflict->second.file; /* the finding is in the second one's file */
    char *detail = g_strdup_printf(
        "frame %" G_GUINT64_FORMAT " claims %" G_GUINT64_FORMAT " octet%s that frame %" G_GUINT64_FORMAT
        "%s%s has with other content; the first copy was used",
        conflict->second.frame, conflict->octets, conflict->octets == 1 ? "" : "s", conflict->first.frame,
        elsewhere ? " of " : "", elsewhere ? options->capture_name(options->context, conflict->first.file) : "");
    record_finding(dialogue->record, SMTP_FINDING_OVERLAP_CONFLICT, conflict->second, conflict->first, detail);
    g_free(detail);
    if (dialogue->conversation.decrypted) /* its octets are records of TLS: what is in them stands elsewhere */
        record_contradiction(dialogue->record);
    else if (conflict->half == dialogue->record->client_half)
        record_conflict(dialogue->record, conflict->offset, conflict->octets);
}

/* One of each kind, of each half: what begins to go wrong goes on so. */
static void report_contradiction(struct dialogue *dialogue, const struct contradiction *contradiction)
{
    static const char *const details[TCP_CONTRADICTIONS] = {
        [TCP_DATA_BEHIND_FIN] =
            "the %s sends on behind its FIN, which was acknowledged: the FIN was not its own, or what follows is not",
        [TCP_DATA_BEHIND_RST] = "the %s sends on behind its RST: that was not its own, or what follows is not",
        [TCP_DATA_BEHIND_END] =
            "the %s sends on behind the end of the connection: the session before is part of this one",
        [TCP_DATA_BEFORE_SYN] = "the %s sends octets that stand in front of its SYN's: they were not used",
        [TCP_SECOND_SYN] = "the %s has two SYNs with different numbers: the acknowledged one counts",
        [TCP_OPENED_WITHIN] =
            "SYN and SYN+ACK of another connection stand within this one, and the %s goes on as if they were not there",
    };
    unsigned kind = 1u << (2 * (unsigned)contradiction->what + (unsigned)contradiction->half);
    record_contradiction(dialogue->record);
    if (dialogue->contradictions_told & kind)
        return;
    dialogue->contradictions_told |= kind;
    bool client = contradiction->half == dialogue->record->client_half;
    char *detail = g_strdup_printf(details[contradiction->what], client ? "client" : "server");
    record_finding(dialogue->record, SMTP_FINDING_TCP_CONTRADICTION, contradiction->place, (struct place){ .frame = 0 },
                   detail);
    g_free(detail);
}

static void report_mismatch(struct dialogue *dialogue, const struct mismatch *mismatch)
{
    bool client = mismatch->half == dialogue->record->client_half;
    char *detail =
        g_strdup_printf("a segment of the %s has a wrong checksum, so the receiver dropped it: it was not used",
                        client ? "client" : "server");
    record_finding(dialogue->record, SMTP_FINDING_CHECKSUM_MISMATCH, mismatch->place, (struct place){ .frame = 0 },
                   detail);
    g_free(detail);
}

static struct smtp_session *start_session(void *context)
{
    struct dialogue *dialogue = context;
    const struct dialogues_options *options = &dialogue->owner->options;
    struct record *record = record_new(options->pool, dialogue->owner->labels, &options->records);
    record->locate = locate;
    record->locate_context = dialogue;
    record->client_half = dialogue->conversation.client;
    record->capture_name = options->capture_name;
    record->capture_context = options->context;
    record->precision = options->capture_precision(options->context, dialogue->connection->capture);
    if (dialogue->conversation.proxied != NULL)
        record_proxied(record, dialogue->conversation.proxied);
    dialogue->record = record;
    for (unsigned i = 0; dialogue->conflicts != NULL && i < dialogue->conflicts->len; i++)
        report_conflict(dialogue, &g_array_index(dialogue->conflicts, struct conflict, i));
    for (unsigned i = 0; dialogue->contradictions != NULL && i < dialogue->contradictions->len; i++)
        report_contradiction(dialogue, &g_array_index(dialogue->contradictions, struct contradiction, i));
    for (unsigned i = 0; dialogue->mismatches != NULL && i < dialogue->mismatches->len; i++)
        report_mismatch(dialogue, &g_array_index(dialogue->mismatches, struct mismatch, i));
    session_order_accept(dialogue->owner->order, dialogue->order, record);
    return &dialogue->own_session;
}

/* Says who speaks what instead of SMTP: the first octets of either side tell a person more than any guess. */
static void report_not_smtp(struct dialogue *dialogue, const struct smtp_first_octets *seen)
{
    const struct dialogues_options *options = &dialogue->owner->options;
    const struct tcp_connection *connection = dialogue->connection;
    struct place first = { .frame = 0 };
    GString *detail = g_string_new("no SMTP between ");
    for (int half = 0; half < 2; half++) {
        g_string_append(detail, half == 0 ? "" : " and ");
        text_append_endpoint(detail, &connection->endpoint[half].address, connection->endpoint[half].port);
    }
    for (int half = 0; half < 2; half++) {
        struct smtp_span octets = half == 0 ? seen->opener : seen->other;
        if (octets.length == 0)
            continue;
        struct place place = marks_place(&dialogue->marks[half], dialogue->conversation.used[half]);
        if (first.frame == 0 || place.time < first.time)
            first = place;
        g_string_append(detail, half == 0 ? "; the first says \"" : "; the second says \"");
        for (size_t i = 0; i < octets.length && i < NOT_SMTP_SHOWN; i++)
            g_string_append_c(detail, g_ascii_isprint((char)octets.octets[i]) ? (char)octets.octets[i] : '.');
        g_string_append(detail, octets.length > NOT_SMTP_SHOWN ? "...\"" : "\"");
    }
    options->not_smtp(options->context, connection, first, detail->str);
    g_string_free(detail, TRUE);
}

static void refuse(void *context)
{
    struct dialogue *dialogue = context;
    const struct smtp_first_octets seen = smtp_conversation_seen(&dialogue->conversation, true);
    if (seen.opener.length + seen.other.length > 0 && smtp_is_on_known_port(&seen)) {
        dialogue->owner->not_smtp++;
        if (dialogue->owner->options.not_smtp != NULL)
            report_not_smtp(dialogue, &seen);
    }
    session_order_refuse(dialogue->owner->order, dialogue->order);
    dialogue->order = NULL;
}

static const struct smtp_conversation_hooks hooks = {
    .event = take_event,
    .begins = start_session,
    .refused = refuse,
    .resize = g_realloc,
    .memory = memory_of_marks,
};

/* ---- the consumer of reassembly ---- */

static void opened(void *context, struct tcp_connection *connection)
{
    struct dialogues *dialogues = context;
    struct dialogue *dialogue = connection->user;
    memset(dialogue, 0, offsetof(struct dialogue, own_session));
    dialogue->owner = dialogues;
    dialogue->connection = connection;
    dialogue->conversation = (struct smtp_conversation){
        .hooks = &hooks,
        .context = dialogue,
        .port = { connection->endpoint[0].port, connection->endpoint[1].port },
        .proxies = true,
    };
    dialogue->order = session_order_open(dialogues->order, connection->ordinal, connection->start);
}

/* What is kept of the connection, but for what is in the record's arena, which has a limit of its own. */
static size_t memory(void *context, const struct tcp_connection *connection)
{
    (void)context;
    const struct dialogue *dialogue = connection->user;
    size_t octets = DIALOGUE_OVERHEAD + smtp_conversation_memory(&dialogue->conversation) +
                    marks_memory(&dialogue->marks[0]) + marks_memory(&dialogue->marks[1]);
    if (dialogue->record != NULL)
        octets += record_memory(dialogue->record);
    return octets + under_tls_memory(dialogue->under_tls);
}

/* Of the frames' marks those are needed that an event may yet tell of. */
static void forget_marks(struct dialogue *dialogue, int half)
{
    enum smtp_role role = smtp_conversation_role(&dialogue->conversation, half);
    marks_forget(&dialogue->marks[half], smtp_session_oldest(&dialogue->own_session, role));
}

/* Who greets and no more may be one of a crowd that is there to hide others. */
static bool speaks(void *context, const struct tcp_connection *connection)
{
    (void)context;
    const struct record *record = ((const struct dialogue *)connection->user)->record;
    return record != NULL && (record->account.mails.list.length > 0 || record->account.logins.list.length > 0);
}

static bool is_refused(const struct dialogue *dialogue)
{
    return dialogue->conversation.state == SMTP_CONVERSATION_REFUSED;
}

/* A SYN may be found late. */
static void know_connection(struct dialogue *dialogue)
{
    const struct tcp_connection *connection = dialogue->connection;
    dialogue->conversation.opener_known = connection->syn[0] || connection->syn[1];
    dialogue->conversation.middle = !dialogue->conversation.opener_known;
}

static bool data(void *context, struct tcp_connection *connection, int half, uint64_t offset, struct smtp_span octets,
                 struct place place)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    if (is_refused(dialogue))
        return false;
    place.order = ++dialogue->deliveries;
    if (dialogue->conversation.decrypted) {
        take_encrypted(dialogue, half, offset, octets, place);
        forget_marks(dialogue, half);
        return true;
    }
    marks_add(&dialogue->marks[half], offset, place);
    if (dialogue->record == NULL)
        know_connection(dialogue);
    smtp_conversation_octets(&dialogue->conversation, half, offset, octets);
    if (dialogue->record == NULL)
        return !is_refused(dialogue);
    feed_decrypted(dialogue, place);
    forget_marks(dialogue, half);
    return true;
}

static void expect(void *context, const struct tcp_connection *connection, int half, int step)
{
    (void)context;
    (void)half;
    const struct dialogue *dialogue = connection->user;
    if (step == 0) {
        prefetch(dialogue, offsetof(struct dialogue, own_session));
        prefetch(&dialogue->own_session, offsetof(struct smtp_session, queue));
        prefetch(&dialogue->own_session.queue.first, sizeof dialogue->own_session - offsetof(struct smtp_session, queue.first));
    } else if (dialogue->record != NULL) {
        record_expect(dialogue->record, step);
    }
}

static void gap(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                struct place before)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    if (is_refused(dialogue))
        return;
    if (dialogue->conversation.decrypted) {
        tls_connection_gap(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half), offset, octets);
        feed_decrypted(dialogue, before);
        return;
    }
    smtp_conversation_gap(&dialogue->conversation, half, offset + octets);
}

static void conflict(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                     struct place first, struct place second)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    struct conflict seen = { .half = half, .offset = offset, .octets = octets, .first = first, .second = second };
    if (is_refused(dialogue))
        return;
    if (dialogue->record != NULL) {
        report_conflict(dialogue, &seen);
        return;
    }
    if (dialogue->conflicts == NULL)
        dialogue->conflicts = g_array_new(FALSE, FALSE, sizeof(struct conflict));
    if (dialogue->conflicts->len < EARLY_CONFLICTS)
        g_array_append_val(dialogue->conflicts, seen);
}

/* No more records will come of that half: what is left of them is looked at. */
static void end_of_records(struct dialogue *dialogue, int half)
{
    if (dialogue->under_tls == NULL)
        return;
    tls_connection_end(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half));
    feed_decrypted(dialogue, marks_place(&dialogue->marks[half], UINT64_MAX));
}

static void contradicts(void *context, struct tcp_connection *connection, int half, enum tcp_contradiction what,
                        struct place place)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    struct contradiction seen = { .half = half, .what = what, .place = place };
    if (is_refused(dialogue))
        return;
    if (dialogue->record != NULL) {
        report_contradiction(dialogue, &seen);
        return;
    }
    if (dialogue->contradictions == NULL)
        dialogue->contradictions = g_array_new(FALSE, FALSE, sizeof(struct contradiction));
    if (dialogue->contradictions->len < EARLY_CONFLICTS)
        g_array_append_val(dialogue->contradictions, seen);
}

static void mismatch(void *context, struct tcp_connection *connection, int half, struct place place)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    struct mismatch seen = { .half = half, .place = place };
    if (is_refused(dialogue))
        return;
    if (dialogue->record != NULL) {
        report_mismatch(dialogue, &seen);
        return;
    }
    if (dialogue->mismatches == NULL)
        dialogue->mismatches = g_array_new(FALSE, FALSE, sizeof(struct mismatch));
    if (dialogue->mismatches->len < EARLY_CONFLICTS)
        g_array_append_val(dialogue->mismatches, seen);
}

static void resumed(void *context, struct tcp_connection *connection, int half)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    smtp_conversation_resumed(&dialogue->conversation, half);
}

static void finished(void *context, struct tcp_connection *connection, int half)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    end_of_records(dialogue, half);
    smtp_conversation_finished(&dialogue->conversation, half);
}

static void end_session(struct dialogue *dialogue, enum tcp_end end)
{
    for (int half = 0; half < 2; half++)
        end_of_records(dialogue, half);
    smtp_conversation_end(&dialogue->conversation);
    if (dialogue->under_tls != NULL)
        tell_of_tls(dialogue);
    record_finish(dialogue->record, dialogue->connection, end);
    session_order_end(dialogue->owner->order, dialogue->order);
    dialogue->order = NULL;
}

static void closed(void *context, struct tcp_connection *connection, enum tcp_end end)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    if (dialogue->record == NULL)
        know_connection(dialogue);
    smtp_conversation_settle(&dialogue->conversation);
    if (dialogue->record != NULL)
        end_session(dialogue, end);
    smtp_conversation_clear(&dialogue->conversation);
    for (int half = 0; half < 2; half++)
        marks_clear(&dialogue->marks[half]);
    under_tls_free(dialogue->under_tls);
    if (dialogue->conflicts != NULL)
        g_array_free(dialogue->conflicts, TRUE);
    if (dialogue->contradictions != NULL)
        g_array_free(dialogue->contradictions, TRUE);
    if (dialogue->mismatches != NULL)
        g_array_free(dialogue->mismatches, TRUE);
    struct dialogues *dialogues = dialogue->owner;
    if (++dialogues->closed % CLOSED_BETWEEN_COOLING == 0)
        arena_pool_cool(dialogues->options.pool);
}

const struct tcp_consumer dialogues_consumer = {
    .user_octets = sizeof(struct dialogue),
    .opened = opened,
    .data = data,
    .gap = gap,
    .conflict = conflict,
    .mismatch = mismatch,
    .contradicts = contradicts,
    .finished = finished,
    .resumed = resumed,
    .closed = closed,
    .expect = expect,
    .memory = memory,
    .speaks = speaks,
};
