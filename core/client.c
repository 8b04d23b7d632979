/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the client's units do to the session. */

#include "path.h"
#include "session_private.h"

/* RFC 5321 section 4.5.3.1.4. Octets, with the line end. */
#define COMMAND_LINE_LIMIT 512
/* What the parameters of extensions may add to MAIL and RCPT lines; each RFC names its own amount. */
#define PARAMETERS_LIMIT 1536

static uint64_t offset_of(const struct smtp_session *session)
{
    return session->half[SMTP_CLIENT].offset;
}

/* ---- findings on lines ---- */

void smtp_check_command_line(struct smtp_session *session, const struct smtp_line *line, size_t limit,
                             const struct smtp_sink *sink)
{
    uint64_t offset = offset_of(session);
    if (line->end == SMTP_LINE_END_LF)
        smtp_report_once(session, SMTP_FINDING_BARE_LINE_FEED, SMTP_CLIENT, offset, sink,
                         "a command line ends in a line feed without a carriage return");
    if (line->bare_cr || line->end == SMTP_LINE_END_CR)
        smtp_report_once(session, SMTP_FINDING_BARE_CARRIAGE_RETURN, SMTP_CLIENT, offset, sink,
                         "a command line holds a carriage return without a line feed behind it");
    if (line->nul)
        smtp_report_once(session, SMTP_FINDING_NUL_OCTET, SMTP_CLIENT, offset, sink, "a command line holds a NUL octet");
    if (line->octets > limit)
        smtp_report_once(session, SMTP_FINDING_OVERLONG_LINE, SMTP_CLIENT, offset, sink,
                         "a command line of %s%zu octets, where %zu are allowed", smtp_line_is_cut(line) ? "more than " : "", line->octets,
                         limit);
}

/* ---- findings on commands ---- */

static void check_order(struct smtp_session *session, enum smtp_verb verb, const struct smtp_sink *sink)
{
    struct entry last;
    bool server_heard = session->half[SMTP_SERVER].seen && !session->half[SMTP_SERVER].gap;
    const struct smtp_half *server = &session->half[SMTP_SERVER];
    bool server_speaks = session->reading.open || (server->pending > 0 && !server->held);
    if (!session->greeting_seen || !server_heard || server_speaks || session->queue.uncertain > 0 ||
        session->disorder.order_lost || session->queue.length == 0)
        return;
    smtp_queue_peek(&session->queue, session->queue.length - 1u, &last);
    bool may_be_followed = smtp_verb_has(last.verb, SMTP_TRAIT_ANYWHERE) || (last.flags & ENTRY_NO_CHALLENGE);
    if (last.kind == ENTRY_COMMAND && !may_be_followed && !smtp_verb_has(last.verb, SMTP_TRAIT_STARTS_TLS))
        smtp_report_once(session, SMTP_FINDING_PIPELINING_VIOLATION, SMTP_CLIENT, offset_of(session), sink,
                         "%s was sent before the reply to %s, which must be the last of a group (RFC 2920)",
                         *smtp_verb_name(verb) ? smtp_verb_name(verb) : "a line",
                         *smtp_verb_name(last.verb) ? smtp_verb_name(last.verb) : "an unknown command");
    else if (session->offers.now.known && !smtp_offers_has(&session->offers.now, SMTP_KEYWORD_PIPELINING) &&
             last.kind != ENTRY_GAP && last.kind != ENTRY_EMPTY_LINE)
        smtp_report_once(session, SMTP_FINDING_PIPELINING_VIOLATION, SMTP_CLIENT, offset_of(session), sink,
                         "%s was sent before the reply to what went before, and the server did not offer PIPELINING",
                         *smtp_verb_name(verb) ? smtp_verb_name(verb) : "a line");
}

static void check_clear(struct smtp_session *session, enum smtp_verb verb, const struct smtp_sink *sink)
{
    bool failed = session->tls.failed && !session->tls.implicit;
    bool fell_back = ((session->starttls.refused && !session->starttls.accepted) || failed) && !session->encrypted;
    if (fell_back && (smtp_verb_names_sender(verb) || smtp_verb_has(verb, SMTP_TRAIT_AUTHENTICATES)))
        smtp_report_once(session, SMTP_FINDING_STARTTLS_FALLBACK_TO_CLEAR, SMTP_CLIENT, offset_of(session), sink,
                         "STARTTLS did not succeed, and the client went on in clear with %s", smtp_verb_name(verb));
}

/* A line that is too long without its parameters is too long, whatever those may add. */
static size_t limit_with_parameters(const struct smtp_command *command)
{
    struct smtp_path path =
        smtp_path_parse(command->argument, smtp_verb_names_recipient(command->verb) ? "TO" : "FROM");
    size_t parameters = path.parameters.length;
    return COMMAND_LINE_LIMIT + (parameters < PARAMETERS_LIMIT ? parameters : PARAMETERS_LIMIT);
}

static void check_command(struct smtp_session *session, const struct smtp_command *command, const struct smtp_line *line,
                          const struct smtp_sink *sink)
{
    enum smtp_verb verb = command->verb;
    size_t limit = COMMAND_LINE_LIMIT;
    if (smtp_verb_has(verb, SMTP_TRAIT_AUTHENTICATES))
        limit = SMTP_AUTH_LINE_LIMIT;
    else if (smtp_verb_names_sender(verb) || smtp_verb_names_recipient(verb))
        limit = limit_with_parameters(command);
    smtp_check_command_line(session, line, limit, sink);
    check_order(session, verb, sink);
    check_clear(session, verb, sink);
    smtp_offers_command(session, command, sink);
    if (verb == SMTP_VERB_UNKNOWN)
        smtp_report_once(session, SMTP_FINDING_UNKNOWN_COMMAND, SMTP_CLIENT, offset_of(session), sink,
                         "a line that is no known command");
}

/* ---- commands ---- */

static void start_chunk(struct smtp_session *session, const struct smtp_command *command, size_t line_octets,
                        struct entry *entry, const struct smtp_sink *sink)
{
    struct smtp_bdat bdat = smtp_bdat_parse(command->argument);
    if (!bdat.valid)
        return;
    if (!session->content.chunks_open) {
        session->content.number++;
        session->content.octets = 0;
        session->content.lines = 0;
        session->content.gap = session->content.chunks_unknown;
        session->content.start_unknown = session->content.chunks_unknown;
        entry->flags |= ENTRY_NEW_MESSAGE;
    }
    entry->flags |= (uint8_t)(ENTRY_CHUNK | (bdat.last ? ENTRY_LAST : 0));
    session->content.chunks_open = !bdat.last;
    session->content.chunk_octets = bdat.octets;
    session->content.chunk_last = bdat.last;
    session->content.chunk_refused = false;
    session->half[SMTP_CLIENT].remaining = bdat.octets;
    session->content.chunks_unknown = session->content.chunks_unknown && !bdat.last;
    smtp_content_begin(session, SMTP_TRANSPORT_BDAT, offset_of(session) + line_octets, sink);
    session->content.start_unknown = false;
    if (bdat.octets > 0)
        session->half[SMTP_CLIENT].mode = CLIENT_CHUNK;
    else
        smtp_chunk_end(session, true, offset_of(session) + line_octets, sink);
}

/* The client's own view of where it stands, as it sends: replies may be far behind. */
static void move_phase(struct smtp_session *session, const struct entry *entry)
{
    enum smtp_verb verb = entry->verb;
    if (smtp_verb_names_sender(verb)) {
        session->phase = SMTP_PHASE_TRANSACTION;
        session->content.chunks_open = false;
        session->content.chunks_unknown = false;
    } else if (smtp_verb_names_recipient(verb) && session->phase == SMTP_PHASE_TRANSACTION) {
        session->phase = SMTP_PHASE_RECIPIENTS;
    } else if (verb == SMTP_VERB_BDAT && (entry->flags & ENTRY_CHUNK)) {
        session->phase = entry->flags & ENTRY_LAST ? SMTP_PHASE_SESSION : SMTP_PHASE_CHUNKS;
    } else if (smtp_verb_greets(verb) || verb == SMTP_VERB_RSET) {
        session->content.chunks_open = false;
        session->content.chunks_unknown = false;
        if (session->phase != SMTP_PHASE_CONNECT)
            session->phase = SMTP_PHASE_SESSION;
    }
}

/* Nothing of the banner came, or whole lines of it and not the last one; some servers end that one without a line end. */
static bool awaits_greeting(const struct smtp_session *session)
{
    const struct smtp_half *server = &session->half[SMTP_SERVER];
    return !server->gap && (!server->seen || (session->reading.open && server->pending == 0));
}

/* The client goes on in clear behind an accepted STARTTLS. */
static void note_clear(struct smtp_session *session)
{
    bool to_come = session->starttls.accepted && !session->starttls.clear_answered && !session->encrypted;
    if (!to_come || session->starttls.clear_behind || session->starttls.octets_behind)
        return;
    session->starttls.clear_behind = true;
    session->starttls.behind_offset = offset_of(session);
}

static void request_tls(struct smtp_session *session, const struct smtp_sink *sink)
{
    session->half[SMTP_CLIENT].mode = CLIENT_WAIT_STARTTLS;
    session->starttls.requested = true;
    session->starttls.waits = true;
    session->starttls.octets_behind = false;
    smtp_boundary(session, SMTP_BOUNDARY_STARTTLS, SMTP_STEP_REQUESTED, SMTP_CLIENT, offset_of(session),
                  session->queue.sent, sink);
}

/* Octets that are no commands may follow the command. */
static void begin_content(struct smtp_session *session, const struct smtp_command *command, const struct unit *unit,
                          struct entry *entry, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    struct smtp_span rest = command->argument;
    struct smtp_bdat size;
    switch (command->verb) {
    case SMTP_VERB_DATA:
        half->mode = CLIENT_WAIT_DATA;
        session->content.sent_early = false;
        session->smuggling.own_end = (uint8_t)unit->line.end;
        break;
    case SMTP_VERB_XEXCH50:
        size = smtp_bdat_parse(smtp_span_next_word(&rest));
        session->content.chunk_octets = size.valid ? size.octets : 0;
        if (size.valid)
            half->mode = CLIENT_WAIT_DATA;
        break;
    case SMTP_VERB_BDAT:
        start_chunk(session, command, unit->octets, entry, sink);
        break;
    case SMTP_VERB_BURL:
        if (rest.length > 5 && smtp_span_is(smtp_span_from(rest, rest.length - 5), " LAST"))
            entry->flags = ENTRY_LAST;
        break;
    default:
        break;
    }
}

static void apply_command(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    struct smtp_command command = smtp_command_parse(unit->line.text);
    half->mode = CLIENT_COMMAND;
    half->resync = false;
    half->skip_line = !unit->unterminated && unit->line.end == SMTP_LINE_END_NONE;
    if (command.verb == SMTP_VERB_NONE) { /* an empty line is no command, but there are servers that answer it */
        if (session->queue.length < SMTP_QUEUE_LIMIT / 2)
            smtp_queue_push(session, (struct entry){ .kind = ENTRY_EMPTY_LINE }, sink);
        return;
    }

    if (session->starttls.doubtful && !session->starttls.octets_behind)
        smtp_starttls_decided(session, false, sink); /* the client waited for the answer, and did not take it for a yes */
    note_clear(session);
    session->queue.sent++;
    smtp_smuggling_command(session, &command, sink);
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_COMMAND, SMTP_CLIENT);
    event.octets = unit->octets;
    event.command = (struct smtp_command_event){
        .number = session->queue.sent,
        .parsed = command,
        .line = unit->line,
        .phase = session->phase,
        .secret = smtp_secret_of_command(&session->login.watch, &command, unit->line.text, decoded),
        .near_login = !smtp_verb_has(command.verb, SMTP_TRAIT_NAMES),
    };
    struct smtp_secret *secret = &event.command.secret;
    smtp_auth_count_strays(&session->login, secret);
    session->login.torn_secret = unit->line.end == SMTP_LINE_END_NONE && secret->kind != SMTP_SECRET_NONE;
    smtp_emit(sink, &event);
    if (!smtp_auth_is_stray(session, &command, &unit->line, sink))
        check_command(session, &command, &unit->line, sink);
    smtp_auth_report_misplaced(session, secret, sink);
    if (!session->greeting_seen && !session->early.spoke && awaits_greeting(session)) {
        session->early.spoke = true; /* said when the banner comes, if it does */
        session->early.offset = half->offset;
    }

    struct entry entry = { .kind = ENTRY_COMMAND, .verb = command.verb };
    struct entry last;
    session->queue.pipelines |= session->queue.length > 0 &&
                                smtp_queue_peek(&session->queue, session->queue.length - 1u, &last) &&
                                last.kind == ENTRY_COMMAND;
    if (smtp_verb_has(command.verb, SMTP_TRAIT_AUTHENTICATES))
        smtp_auth_begin(session, &command, &unit->line, &entry, sink);
    else if (smtp_verb_has(command.verb, SMTP_TRAIT_STARTS_TLS))
        request_tls(session, sink);
    else
        begin_content(session, &command, unit, &entry, sink);
    session->lmtp = session->lmtp || command.verb == SMTP_VERB_LHLO;
    move_phase(session, &entry);
    smtp_queue_push(session, entry, sink);
}

/* ---- everything else ---- */

void smtp_begin_data(struct smtp_session *session, const struct smtp_sink *sink)
{
    /*
     * No server lets DATA follow BDAT in one transaction (RFC 3030 section 2): what lies between them is in a hole, or nobody knows what
     * the server made of both. They are one message, and it is not whole. A server that refused the chunks has none yet.
     */
    bool goes_on =
        session->mail.open && session->mail.chunks && session->content.chunks_open && session->mail.refused_code == 0;
    if (!goes_on) {
        session->content.number++;
        session->content.octets = 0;
        session->content.lines = 0;
    }
    session->mail.message = session->content.number;
    session->content.gap = session->content.start_unknown || goes_on;
    session->content.answered = false;
    session->content.chunks_open = false;
    if (session->content.sent_early)
        smtp_report_once(session, SMTP_FINDING_PIPELINING_VIOLATION, SMTP_CLIENT, offset_of(session), sink,
                         "message content was sent before the reply to DATA, which must be the last of a group (RFC 2920)");
    session->content.sent_early = false;
    session->half[SMTP_CLIENT].mode = CLIENT_DATA;
    smtp_content_begin(session, SMTP_TRANSPORT_DATA, offset_of(session), sink);
    smtp_transaction_lost_open(session, sink);
    smtp_transaction_content(session, SMTP_CLIENT, offset_of(session), session->content.number, sink);
}

static void apply_end_of_data(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    smtp_content_end(session, SMTP_END_STRICT, unit->octets, sink);
    half->mode = CLIENT_COMMAND;
    session->phase = SMTP_PHASE_SESSION;
    if (!session->content.answered) {
        smtp_queue_push(session, (struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA }, sink);
        return;
    }
    struct smtp_reply reply = { .code = session->content.code };
    session->content.answered = false;
    smtp_transaction_apply(session, &(struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA }, &reply, sink);
}

static void apply_chunk(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    smtp_content_piece(session, unit, sink);
    half->remaining -= unit->octets;
    if (half->remaining > 0)
        return;
    half->mode = CLIENT_COMMAND;
    if (session->content.transport == SMTP_TRANSPORT_XEXCH50) {
        session->content.chunk_last = true;
        smtp_queue_push(session, (struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_XEXCH50 }, sink);
    }
    smtp_chunk_end(session, true, half->offset + unit->octets, sink);
}

void smtp_apply_skipped(struct smtp_session *session, enum smtp_role role, const struct unit *unit,
                        const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[role];
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_SKIPPED, role);
    event.octets = unit->octets;
    event.skipped = (struct smtp_skipped_event){
        .text = unit->text,
        .line = unit->line,
        .opaque = unit->kind == UNIT_OPAQUE,
        .near_login = true,
    };
    struct smtp_secret *secret = &event.skipped.secret;
    if (role == SMTP_CLIENT && session->login.torn_secret)
        *secret = (struct smtp_secret){ .kind = SMTP_SECRET_AUTH, .octets = unit->text, .named = unit->text, .rest = half->skip_line };
    else if (role == SMTP_CLIENT)
        *secret = smtp_secret_of_skipped(&session->login.watch, unit->text, half->resync, decoded);
    else
        *secret = smtp_secret_of_reply(0, unit->text, decoded);
    if (role == SMTP_CLIENT)
        smtp_auth_count_strays(&session->login, secret);
    if (half->skip_line && !unit->unterminated)
        half->skip_line = false;
    session->login.torn_secret = session->login.torn_secret && (role != SMTP_CLIENT || unit->unterminated);
    smtp_emit(sink, &event);
}

/* Entries that wait for the reply that is now known to be lost, up to and with the one the client waited for. */
static void drop_lost(struct smtp_session *session, const struct smtp_sink *sink)
{
    smtp_drop(session, session->queue.length, sink);
    smtp_find_order(&session->disorder);
}

void smtp_apply_client(struct smtp_session *session, const struct unit *unit, const struct smtp_sink *sink)
{
    struct smtp_half *half = &session->half[SMTP_CLIENT];
    switch (unit->kind) {
    case UNIT_PROXY: {
        struct smtp_event event = smtp_event_at(session, SMTP_EVENT_PROXY, SMTP_CLIENT);
        event.octets = unit->octets;
        event.proxy.text = unit->text;
        smtp_emit(sink, &event);
        half->mode = CLIENT_COMMAND;
        break;
    }
    case UNIT_COMMAND:
        apply_command(session, unit, sink);
        break;
    case UNIT_RESPONSE:
        smtp_auth_apply_response(session, unit, sink);
        break;
    case UNIT_INJECTED:
        smtp_apply_injected(session, SMTP_CLIENT, unit, sink);
        break;
    case UNIT_SKIPPED:
        smtp_apply_skipped(session, SMTP_CLIENT, unit, sink);
        if (half->resync && smtp_span_is(unit->line.text, ".") && unit->line.end == SMTP_LINE_END_CRLF)
            smtp_queue_push(session, (struct entry){ .kind = ENTRY_CONTENT, .verb = SMTP_VERB_DATA, .flags = ENTRY_UNSEEN }, sink);
        break;
    case UNIT_ASSUME_CONTENT:
        session->disorder.octets_decide = false;
        drop_lost(session, sink);
        session->queue.current = session->queue.sent;
        if (session->content.transport == SMTP_TRANSPORT_XEXCH50)
            session->content.transport = SMTP_TRANSPORT_DATA;
        smtp_begin_data(session, sink);
        break;
    case UNIT_ASSUME_RESPONSE:
        session->disorder.octets_decide = false;
        drop_lost(session, sink);
        session->queue.current = session->queue.sent;
        half->mode = CLIENT_RESPONSE;
        break;
    case UNIT_ASSUME_COMMAND:
        session->disorder.octets_decide = false;
        half->mode = CLIENT_COMMAND;
        session->login.response_assumed = false;
        break;
    case UNIT_GOES_ON:
        smtp_apply_goes_on(session, sink);
        break;
    case UNIT_ABANDON_CHUNK:
        smtp_chunk_end(session, false, half->offset, sink);
        session->content.chunks_open = false;
        half->remaining = 0;
        half->mode = CLIENT_COMMAND;
        break;
    case UNIT_CONTENT:
    case UNIT_STUFFED_DOT:
        smtp_content_piece(session, unit, sink);
        break;
    case UNIT_END_OF_DATA:
        apply_end_of_data(session, unit, sink);
        break;
    case UNIT_VARIANT_END:
        smtp_smuggling_mark_end(&session->smuggling, unit->text);
        half->mode = CLIENT_COMMAND;
        break;
    case UNIT_CHUNK:
        apply_chunk(session, unit, sink);
        break;
    case UNIT_OPAQUE_BEGIN:
        half->mode = CLIENT_OPAQUE;
        session->half[SMTP_SERVER].mode = SERVER_OPAQUE;
        break;
    case UNIT_OPAQUE:
        smtp_apply_skipped(session, SMTP_CLIENT, unit, sink);
        break;
    default:
        smtp_apply_tls(session, SMTP_CLIENT, unit, sink);
        break;
    }
}
