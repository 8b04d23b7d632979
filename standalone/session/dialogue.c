/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dialogue.h"

#include "feeder.h"
#include "prefetch.h"
#include "proxied.h"
#include "recognise.h"
#include "stream_buffer.h"
#include "text.h"
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
    struct smtp_feeder feeder; /* of `own_session`, once it was recognised */
    struct record *record;     /* NULL until then */
    bool refused;              /* not SMTP */
    uint32_t deliveries;       /* of octets, so far */
    struct dialogues *owner;
    struct tcp_connection *connection;
    struct stream_buffer buffer[2];
    uint64_t used[2];  /* octets of each half that belong to a proxy's handshake */
    struct proxied_handshake *proxied; /* it, until the session is recognised; NULL: none */
    struct session_order_entry *order;
    GArray *conflicts; /* NULL, or struct conflict */
    GArray *contradictions;       /* NULL, or struct contradiction */
    unsigned contradictions_told; /* a bit for each kind and half */
    GArray *mismatches;           /* NULL, or struct mismatch */
    struct under_tls *under_tls; /* NULL: there is no TLS, or it is `shut` */
    bool shut;                   /* nothing of TLS is in clear any more, and there are no keys */
    bool decrypted;              /* the buffers hold what TLS carries, and not its records */
    int tls_client;              /* half of the client of TLS */
    uint64_t plain[2]; /* offset of the next octet of each half that TLS carries, behind those that stood in clear */
    struct smtp_session own_session; /* undefined until then */
};

struct dialogues {
    struct dialogues_options options;
    struct secrets *secrets;
    struct session_order *order;
    uint64_t not_smtp;
    uint64_t closed;
};

struct dialogues *dialogues_new(const struct dialogues_options *options)
{
    struct dialogues *dialogues = g_new0(struct dialogues, 1);
    dialogues->options = *options;
    dialogues->secrets = secrets_new(options->pool);
    dialogues->order = session_order_new(options->by_start, &options->order);
    return dialogues;
}

void dialogues_free(struct dialogues *dialogues)
{
    session_order_free(dialogues->order);
    secrets_free(dialogues->secrets);
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
    return stream_buffer_place(&dialogue->buffer[smtp_feeder_half(&dialogue->feeder, role)], offset);
}

/* ---- what the core's feeder asks for ---- */

/* The session gets what the handshake told, and what became of the keys. */
static void tell_of_tls(struct dialogue *dialogue)
{
    const struct tls_connection *connection = under_tls_connection(dialogue->under_tls);
    record_tls(dialogue->record, tls_connection_facts(connection));
    dialogue->record->tls.decrypted = dialogue->decrypted;
    if (tls_keys_any(dialogue->owner->options.keys))
        dialogue->record->tls.reason = tls_connection_reason(connection);
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
        dialogue->tls_client = dialogue->feeder.client;
    }
    if (dialogue->under_tls == NULL || dialogue->decrypted)
        return;
    if (records)
        tls_connection_octets(under_tls_connection(dialogue->under_tls), event->role, event->offset, event->text);
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

static bool first_waiting(void *context, int half, uint64_t *offset, struct smtp_span *octets)
{
    struct run run;
    if (!stream_buffer_first(&((struct dialogue *)context)->buffer[half], &run, octets))
        return false;
    *offset = run.offset;
    return true;
}

static bool hole_follows(void *context, int half)
{
    return stream_buffer_hole_follows(&((struct dialogue *)context)->buffer[half]);
}

static void take_waiting(void *context, int half, size_t octets)
{
    stream_buffer_take(&((struct dialogue *)context)->buffer[half], octets);
}

static void append_waiting(void *context, int half, uint64_t offset, struct smtp_span octets)
{
    stream_buffer_append(&((struct dialogue *)context)->buffer[half], offset, octets);
}

static size_t memory_waiting(void *context, int half)
{
    return stream_buffer_memory(&((struct dialogue *)context)->buffer[half]);
}

static const struct smtp_shell shell = {
    .event = take_event,
    .first = first_waiting,
    .hole_follows = hole_follows,
    .take = take_waiting,
    .append = append_waiting,
    .waiting = memory_waiting,
};

/* ---- what TLS carries ---- */

static enum smtp_role tls_role(const struct dialogue *dialogue, int half)
{
    return half == dialogue->tls_client ? SMTP_CLIENT : SMTP_SERVER;
}

/* From here on the session gets what TLS carries; of the records, what waits to become whole goes to TLS at once. */
static void begin_decrypted(struct dialogue *dialogue, enum smtp_role role, struct place place)
{
    struct smtp_session *session = &dialogue->own_session;
    const struct smtp_sink sink = { .event = take_event, .context = dialogue };
    for (int half = 0; half < 2; half++) {
        struct stream_buffer *buffer = &dialogue->buffer[half];
        struct run run;
        struct smtp_span octets;
        while (stream_buffer_first(buffer, &run, &octets)) {
            tls_connection_octets(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half), run.offset,
                                  octets);
            stream_buffer_take(buffer, octets.length);
        }
        stream_buffer_clear(buffer);
        dialogue->plain[half] = session->half[smtp_feeder_role(&dialogue->feeder, half)].offset;
        stream_buffer_mark(buffer, dialogue->plain[half], place);
    }
    dialogue->decrypted = true;
    smtp_session_decrypted(session, role, &sink);
}

/* Gives the session what TLS carried, as if it came in the frame at `place`, where its record is whole. */
static void feed_decrypted(struct dialogue *dialogue, struct place place)
{
    struct under_tls_piece piece;
    while (dialogue->under_tls != NULL && under_tls_next(dialogue->under_tls, &piece)) {
        int half = piece.role == SMTP_CLIENT ? dialogue->tls_client : 1 - dialogue->tls_client;
        if (!dialogue->decrypted)
            begin_decrypted(dialogue, smtp_feeder_role(&dialogue->feeder, half), place);
        dialogue->plain[half] += piece.missing;
        if (piece.missing > 0)
            smtp_feeder_gap(&dialogue->feeder, &shell, dialogue, half, dialogue->plain[half]);
        if (piece.text.length > 0) {
            stream_buffer_mark(&dialogue->buffer[half], dialogue->plain[half], place);
            smtp_feeder_octets(&dialogue->feeder, &shell, dialogue, half, dialogue->plain[half], piece.text);
            dialogue->plain[half] += piece.text.length;
        }
        if (piece.finished)
            smtp_feeder_finished(&dialogue->feeder, &shell, dialogue, half);
    }
}

/* Records of a session that is decrypted: they are counted as before. */
static void take_encrypted(struct dialogue *dialogue, int half, uint64_t offset, struct smtp_span octets,
                           struct place place)
{
    const struct smtp_event event = { .kind = SMTP_EVENT_TLS_OCTETS,
                                      .role = smtp_feeder_role(&dialogue->feeder, half),
                                      .octets = octets.length };
    record_event(dialogue->record, &event);
    tls_connection_octets(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half), offset, octets);
    feed_decrypted(dialogue, place);
}

/* ---- recognising ---- */

static struct smtp_span first_octets(const struct stream_buffer *buffer)
{
    struct run run;
    struct smtp_span octets = smtp_span(NULL, 0);
    return stream_buffer_first(buffer, &run, &octets) ? octets : smtp_span(NULL, 0);
}

static bool beginning_is_lost(const struct dialogue *dialogue, int half)
{
    struct run run;
    struct smtp_span octets;
    return stream_buffer_first(&dialogue->buffer[half], &run, &octets) && run.offset != dialogue->used[half];
}

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
    if (dialogue->decrypted) /* its octets are records of TLS: what is in them stands elsewhere */
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

static void start_session(struct dialogue *dialogue, bool opener_is_client)
{
    const struct dialogues_options *options = &dialogue->owner->options;
    const struct tcp_connection *connection = dialogue->connection;
    int client = opener_is_client ? 0 : 1;
    struct smtp_session *session = &dialogue->own_session;
    smtp_session_start(session, !connection->syn[0] && !connection->syn[1]);
    session->half[SMTP_CLIENT].offset = dialogue->used[client];
    session->half[SMTP_SERVER].offset = dialogue->used[1 - client];
    dialogue->feeder.session = session;
    dialogue->feeder.client = client;
    struct record *record = record_new(options->pool, dialogue->owner->secrets, &options->records);
    record->locate = locate;
    record->locate_context = dialogue;
    record->client_half = client;
    record->capture_name = options->capture_name;
    record->capture_context = options->context;
    record->precision = options->capture_precision(options->context, connection->capture);
    if (dialogue->proxied != NULL)
        record_proxied(record, dialogue->proxied);
    dialogue->record = record;
    for (unsigned i = 0; dialogue->conflicts != NULL && i < dialogue->conflicts->len; i++)
        report_conflict(dialogue, &g_array_index(dialogue->conflicts, struct conflict, i));
    for (unsigned i = 0; dialogue->contradictions != NULL && i < dialogue->contradictions->len; i++)
        report_contradiction(dialogue, &g_array_index(dialogue->contradictions, struct contradiction, i));
    for (unsigned i = 0; dialogue->mismatches != NULL && i < dialogue->mismatches->len; i++)
        report_mismatch(dialogue, &g_array_index(dialogue->mismatches, struct mismatch, i));
    session_order_accept(dialogue->owner->order, dialogue->order, record);
}

/* Says who speaks what instead of SMTP: the first octets of either side tell a person more than any guess. */
static void report_not_smtp(struct dialogue *dialogue)
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
        struct smtp_span octets = first_octets(&dialogue->buffer[half]);
        if (octets.length == 0)
            continue;
        struct place place = stream_buffer_place(&dialogue->buffer[half], dialogue->used[half]);
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

static struct smtp_first_octets what_was_seen(const struct dialogue *dialogue, bool ended)
{
    const struct tcp_connection *connection = dialogue->connection;
    return (struct smtp_first_octets){
        .opener = first_octets(&dialogue->buffer[0]),
        .other = first_octets(&dialogue->buffer[1]),
        .opener_cut = beginning_is_lost(dialogue, 0),
        .other_cut = beginning_is_lost(dialogue, 1),
        .opener_port = connection->endpoint[0].port,
        .other_port = connection->endpoint[1].port,
        .opener_known = connection->syn[0] || connection->syn[1],
        .ended = ended,
    };
}

static void refuse(struct dialogue *dialogue)
{
    dialogue->refused = true;
    bool octets = stream_buffer_waiting(&dialogue->buffer[0]) > 0 || stream_buffer_waiting(&dialogue->buffer[1]) > 0;
    const struct smtp_first_octets seen = what_was_seen(dialogue, true);
    if (octets && smtp_is_on_known_port(&seen)) {
        dialogue->owner->not_smtp++;
        if (dialogue->owner->options.not_smtp != NULL)
            report_not_smtp(dialogue);
    }
    session_order_refuse(dialogue->owner->order, dialogue->order);
    dialogue->order = NULL;
}

/* A proxy's own handshake in front of the dialogue is taken away. Returns false while it is not whole. */
static bool pass_proxy(struct dialogue *dialogue, bool ended)
{
    struct proxied_handshake handshake;
    if (dialogue->used[0] > 0)
        return true;
    switch (proxied_look(first_octets(&dialogue->buffer[0]), first_octets(&dialogue->buffer[1]), &handshake)) {
    case PROXIED_NO:
        return true;
    case PROXIED_MORE:
        return ended || stream_buffer_waiting(&dialogue->buffer[0]) == 0;
    case PROXIED_YES:
        break;
    }
    stream_buffer_take(&dialogue->buffer[0], handshake.client_octets);
    stream_buffer_take(&dialogue->buffer[1], handshake.server_octets);
    dialogue->used[0] = handshake.client_octets;
    dialogue->used[1] = handshake.server_octets;
    dialogue->proxied = g_memdup2(&handshake, sizeof handshake);
    return true;
}

static void decide(struct dialogue *dialogue, bool ended)
{
    if (!pass_proxy(dialogue, ended) && stream_buffer_waiting(&dialogue->buffer[0]) < SMTP_RECOGNISE_LIMIT)
        return;
    const struct smtp_first_octets seen = what_was_seen(dialogue, ended);
    bool opener_is_client = true;
    switch (smtp_recognise(&seen, &opener_is_client)) {
    case SMTP_RECOGNISED_YES:
        start_session(dialogue, opener_is_client);
        smtp_feeder_begin(&dialogue->feeder, &shell, dialogue);
        break;
    case SMTP_RECOGNISED_NO:
        refuse(dialogue);
        break;
    case SMTP_RECOGNISED_MORE:
        break;
    }
}

/* ---- the consumer of reassembly ---- */

static void opened(void *context, struct tcp_connection *connection)
{
    struct dialogues *dialogues = context;
    struct dialogue *dialogue = connection->user;
    memset(dialogue, 0, offsetof(struct dialogue, own_session));
    dialogue->owner = dialogues;
    dialogue->connection = connection;
    dialogue->order = session_order_open(dialogues->order, connection->ordinal, connection->start);
}

/* What is kept of the connection, but for what is in the record's arena, which has a limit of its own. */
static size_t memory(void *context, const struct tcp_connection *connection)
{
    (void)context;
    const struct dialogue *dialogue = connection->user;
    size_t octets = DIALOGUE_OVERHEAD + stream_buffer_memory(&dialogue->buffer[0])
                    + stream_buffer_memory(&dialogue->buffer[1]);
    if (dialogue->record != NULL)
        octets += record_memory(dialogue->record);
    return octets + under_tls_memory(dialogue->under_tls);
}

/* Of the frames' marks those are needed that an event may yet tell of. */
static void forget_marks(struct dialogue *dialogue, int half)
{
    enum smtp_role role = smtp_feeder_role(&dialogue->feeder, half);
    stream_buffer_forget_marks(&dialogue->buffer[half], smtp_session_oldest(&dialogue->own_session, role));
}

/* Who greets and no more may be one of a crowd that is there to hide others. */
static bool speaks(void *context, const struct tcp_connection *connection)
{
    (void)context;
    const struct record *record = ((const struct dialogue *)connection->user)->record;
    return record != NULL && (record->transactions.length > 0 || record->auths.length > 0);
}

static bool data(void *context, struct tcp_connection *connection, int half, uint64_t offset, struct smtp_span octets,
                 struct place place)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    struct stream_buffer *buffer = &dialogue->buffer[half];
    if (dialogue->refused)
        return false;
    place.order = ++dialogue->deliveries;
    if (dialogue->decrypted) {
        take_encrypted(dialogue, half, offset, octets, place);
        forget_marks(dialogue, half);
        return true;
    }
    stream_buffer_mark(buffer, offset, place);
    if (dialogue->record == NULL) {
        stream_buffer_append(buffer, offset, octets);
        smtp_feeder_note(&dialogue->feeder, half, offset + octets.length);
        decide(dialogue, false);
        return !dialogue->refused;
    }
    smtp_feeder_octets(&dialogue->feeder, &shell, dialogue, half, offset, octets);
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
        prefetch(&dialogue->own_session.queue_first, sizeof dialogue->own_session - offsetof(struct smtp_session, queue_first));
    } else if (dialogue->record != NULL) {
        record_expect(dialogue->record, step);
    }
}

static void gap(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                struct place before)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    if (dialogue->refused)
        return;
    if (dialogue->decrypted) {
        tls_connection_gap(under_tls_connection(dialogue->under_tls), tls_role(dialogue, half), offset, octets);
        feed_decrypted(dialogue, before);
        return;
    }
    if (dialogue->record != NULL) {
        smtp_feeder_gap(&dialogue->feeder, &shell, dialogue, half, offset + octets);
        return;
    }
    stream_buffer_append(&dialogue->buffer[half], offset + octets, smtp_span(NULL, 0));
    smtp_feeder_note(&dialogue->feeder, half, offset + octets);
}

static void conflict(void *context, struct tcp_connection *connection, int half, uint64_t offset, uint64_t octets,
                     struct place first, struct place second)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    struct conflict seen = { .half = half, .offset = offset, .octets = octets, .first = first, .second = second };
    if (dialogue->refused)
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
    feed_decrypted(dialogue, stream_buffer_place(&dialogue->buffer[half], UINT64_MAX));
}

static void contradicts(void *context, struct tcp_connection *connection, int half, enum tcp_contradiction what,
                        struct place place)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    struct contradiction seen = { .half = half, .what = what, .place = place };
    if (dialogue->refused)
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
    if (dialogue->refused)
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
    dialogue->feeder.finished[half] = false;
    if (dialogue->record != NULL)
        smtp_feeder_resumed(&dialogue->feeder, half);
}

static void finished(void *context, struct tcp_connection *connection, int half)
{
    (void)context;
    struct dialogue *dialogue = connection->user;
    end_of_records(dialogue, half);
    if (dialogue->record != NULL)
        smtp_feeder_finished(&dialogue->feeder, &shell, dialogue, half);
    else
        dialogue->feeder.finished[half] = true;
}

static void end_session(struct dialogue *dialogue, enum tcp_end end)
{
    for (int half = 0; half < 2; half++)
        end_of_records(dialogue, half);
    smtp_feeder_end(&dialogue->feeder, &shell, dialogue);
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
    if (!dialogue->refused && dialogue->record == NULL)
        decide(dialogue, true);
    if (dialogue->record != NULL)
        end_session(dialogue, end);
    else if (!dialogue->refused)
        refuse(dialogue);
    for (int half = 0; half < 2; half++)
        stream_buffer_clear(&dialogue->buffer[half]);
    g_free(dialogue->proxied);
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
