/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "account.h"

/* Remembers a secret with this label; 0: with its own. Returns the label. */
static unsigned learn(struct account *account, const struct smtp_secret *secret, unsigned label)
{
    const struct keeping *keeping = &account->keeping;
    if (label == 0)
        label = secrets_label(&account->secrets, keeping, secret);
    secrets_learn(&account->secrets, keeping, secret, label, logins_identity(&account->logins, secret));
    return label;
}

/* ---- commands ---- */

static bool argument_matters(enum smtp_verb verb)
{
    return smtp_verb_names_sender(verb) || refusals_names_address(verb) || greetings_greets(verb);
}

static void take_command(struct account *account, const struct smtp_event *event, struct told *told)
{
    const struct keeping *keeping = &account->keeping;
    const struct smtp_command_event *command = &event->command;
    enum smtp_verb verb = command->parsed.verb;
    struct sent sent = {
        .number = command->number, .verb = verb, .encrypted = event->encrypted, .place = keeping_place(keeping, event)
    };
    if (keeping->lines || command->secret.kind != SMTP_SECRET_NONE)
        told->line = secrets_guard(&account->secrets, keeping, command->line.text, &command->secret,
                                   command->near_login, logins_identity(&account->logins, &command->secret));
    if (argument_matters(verb) && keeping->texts)
        sent.argument = secrets_kept(&account->secrets, keeping, command->parsed.argument, command->near_login);
    if (greetings_greets(verb))
        greetings_take_command(&account->greetings, &sent);
    if (smtp_verb_names_sender(verb))
        account->findings.related[SMTP_RELATED_MAIL] = sent.place;
    account->command_count++;
    account->lmtp = account->lmtp || verb == SMTP_VERB_LHLO;
    account->quit = account->quit || verb == SMTP_VERB_QUIT;
    told->command = commands_add(&account->commands, keeping, &sent);
}

static void take_response(struct account *account, const struct smtp_event *event, struct told *told)
{
    const struct keeping *keeping = &account->keeping;
    const struct smtp_auth_response_event *response = &event->auth_response;
    if (response->sasl.has_identity)
        told->identity = secrets_identity(&account->secrets, keeping, response->sasl.identity);
    told->line = secrets_guard(&account->secrets, keeping, response->line.text, &response->secret, false,
                               logins_identity(&account->logins, &response->secret));
    logins_take_response(&account->logins, keeping, &response->sasl, told->identity);
    told->login = logins_last(&account->logins);
    account->response = (struct answerable){ .place = keeping_place(keeping, event) };
}

/* ---- replies ---- */

static void take_reply_line(struct account *account, const struct smtp_event *event, struct told *told)
{
    const struct smtp_reply_line_event *line = &event->reply_line;
    if (line->secret.kind != SMTP_SECRET_NONE)
        learn(account, &line->secret, 0);
    told->words = secrets_shown(&account->secrets, &account->keeping, line->parsed.text, line->near_login);
    replies_take_line(&account->replies, &account->keeping, told->words);
    if (line->is_keyword && account->keeping.texts)
        greetings_take_extension(&account->greetings, &account->keeping, told->words);
}

static void take_greeting(struct account *account, const struct sent *sent, struct place place)
{
    uint16_t code = account->replies.last.code;
    bool behind_tls = tls_is_behind(&account->tls);
    bool extended = sent->verb != SMTP_VERB_HELO;
    struct offers *offers = behind_tls ? &account->greetings.tls : &account->greetings.clear;
    if (code < 200 || code > 299)
        return;
    account->findings.related[SMTP_RELATED_GREETING] = place;
    if (extended && !behind_tls)
        account->findings.related[SMTP_RELATED_CLEAR_EHLO] = place;
    greetings_accept(&account->greetings, &account->keeping, sent, extended && !account->turned ? offers : NULL);
}

/* What a reply answers learns of it. */
static void tie(struct account *account, struct told *told)
{
    const struct keeping *keeping = &account->keeping;
    struct sent *sent = told->command;
    struct answerable *response = &account->response;
    enum smtp_answers answers = account->replies.last.answers;
    if (sent != NULL && !sent->answered) {
        keeping_change(keeping, sent, sizeof *sent);
        sent->answered = told->answers_command = true;
    }
    if (answers == SMTP_ANSWERS_RESPONSE && response->place.frame != 0) {
        told->request = response->entry;
        told->request_end = response->place;
        told->answers_response = !response->answered;
        response->answered = true;
    } else if (answers == SMTP_ANSWERS_CONTENT && sent != NULL) {
        told->request = sent->end_entry != NULL ? sent->end_entry : sent->entry;
        told->request_end = sent->content_end;
    } else if (answers == SMTP_ANSWERS_COMMAND && sent != NULL) {
        told->request = sent->entry;
    }
}

static void take_reply(struct account *account, const struct smtp_event *event, struct told *told)
{
    const struct keeping *keeping = &account->keeping;
    const struct smtp_reply *reply = &event->reply.whole;
    struct place place = keeping_place(keeping, event);
    struct sent *sent = told->command;
    account->commands.answered = MAX(account->commands.answered, event->reply.number);
    if (smtp_reply_code_decides(reply->code))
        greetings_take_answer(&account->greetings, event->reply.number);
    replies_take(&account->replies, reply);
    if (reply->answers == SMTP_ANSWERS_GREETING && !account->turned)
        greetings_take_banner(&account->greetings, keeping, &account->replies);
    if (reply->answers == SMTP_ANSWERS_COMMAND && sent != NULL && greetings_greets(reply->verb))
        take_greeting(account, sent, place);
    if (sent != NULL && refusals_names_address(reply->verb) && reply->code / 100 == 2)
        account->accepted_addresses++;
    refusals_take_reply(&account->refusals, keeping, &account->replies, sent, place);
    told->delivery = mails_take_reply(&account->mails, keeping, &account->replies);
    tie(account, told);
    account->greetings.coming = (GQueue)G_QUEUE_INIT;
    account->replies.begins = true;
}

/* ---- boundaries ---- */

static void take_auth_step(struct account *account, const struct smtp_event *event, struct told *told)
{
    const struct keeping *keeping = &account->keeping;
    logins_take_step(&account->logins, keeping, &account->secrets, event, told->command,
                     &account->replies.last.enhanced);
    told->login = logins_last(&account->logins);
    if (told->login != NULL && event->boundary.step == SMTP_STEP_REJECTED)
        refusals_add(&account->refusals, keeping, REFUSAL_LOGIN, &account->replies, event->boundary.code,
                     keeping_place(keeping, event));
}

static void take_tls_step(struct account *account, const struct smtp_event *event)
{
    const struct keeping *keeping = &account->keeping;
    enum smtp_step step = event->boundary.step;
    bool starttls = event->boundary.boundary == SMTP_BOUNDARY_STARTTLS;
    tls_take_step(&account->tls, keeping, event, &account->greetings, &account->replies);
    if (starttls && (step == SMTP_STEP_REFUSED || step == SMTP_STEP_FAILED))
        account->findings.related[SMTP_RELATED_STARTTLS_FAILED] = keeping_place(keeping, event);
    if (starttls && step == SMTP_STEP_REFUSED)
        refusals_add(&account->refusals, keeping, REFUSAL_STARTTLS, &account->replies, account->replies.last.code,
                     keeping_place(keeping, event));
}

/* ---- content ---- */

static void take_content_end(struct account *account, const struct smtp_event *event, struct told *told)
{
    const struct smtp_content_end_event *content = &event->content_end;
    uint64_t end = event->offset + event->octets;
    struct sent *sent = told->command;
    bool end_seen = content->transport != SMTP_TRANSPORT_DATA || content->end_mark != SMTP_END_NONE;
    if (sent == NULL || !end_seen)
        return;
    keeping_change(&account->keeping, sent, sizeof *sent);
    sent->content_end = keeping_where(&account->keeping, event->role, end > 0 ? end - 1 : 0);
}

static void take_skipped(struct account *account, const struct smtp_event *event, unsigned label, struct told *told)
{
    const struct smtp_skipped_event *skipped = &event->skipped;
    struct smtp_span secret = skipped->secret.octets;
    if (secret.length > 0)
        told->line = (struct guarded){ .secret = secret, .label = learn(account, &skipped->secret, label) };
}

/* ---- everything ---- */

struct told account_event(struct account *account, const struct smtp_event *event, unsigned label)
{
    const struct keeping *keeping = &account->keeping;
    struct told told = { .command = NULL };
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        tls_note_readable(&account->tls);
        take_command(account, event, &told);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        take_response(account, event, &told);
        break;
    case SMTP_EVENT_REPLY_LINE:
        take_reply_line(account, event, &told);
        break;
    case SMTP_EVENT_REPLY:
        tls_note_readable(&account->tls);
        told.command = commands_find(&account->commands, event->reply.number);
        take_reply(account, event, &told);
        break;
    case SMTP_EVENT_CONTENT_END:
        told.command = commands_find(&account->commands, event->content_end.number);
        take_content_end(account, event, &told);
        break;
    case SMTP_EVENT_BOUNDARY:
        told.command = commands_find(&account->commands, event->boundary.number);
        if (event->boundary.boundary == SMTP_BOUNDARY_AUTH)
            take_auth_step(account, event, &told);
        else
            take_tls_step(account, event);
        break;
    case SMTP_EVENT_TLS_HELLO:
        tls_take_hello(&account->tls, keeping, &event->tls_hello);
        break;
    case SMTP_EVENT_TLS_OCTETS:
        account->tls.octets[event->role] += event->octets;
        break;
    case SMTP_EVENT_TRANSACTION_BEGIN:
        told.command = commands_find(&account->commands, event->transaction_begin.number);
        told.transaction =
            mails_begin(&account->mails, keeping, event, told.command,
                        greetings_name(&account->greetings, event->transaction_begin.number), account->lmtp);
        break;
    case SMTP_EVENT_TRANSACTION_RCPT:
        told.command = commands_find(&account->commands, event->transaction_rcpt.number);
        told.transaction = mails_find(&account->mails, event->transaction_rcpt.transaction);
        mails_take_recipient(&account->mails, keeping, event, told.command, &account->replies);
        break;
    case SMTP_EVENT_TRANSACTION_CONTENT:
        told.transaction = mails_find(&account->mails, event->transaction_content.transaction);
        break;
    case SMTP_EVENT_TRANSACTION_END:
        told.transaction = mails_end(&account->mails, keeping, event, &account->replies, account->lmtp);
        told.deliveries = &account->mails.deliveries;
        break;
    case SMTP_EVENT_SKIPPED:
        take_skipped(account, event, label, &told);
        break;
    case SMTP_EVENT_TURNED:
        if (!account->turned)
            account->starttls_before_turn = memcpy(keeping_take(keeping, sizeof account->tls.starttls),
                                                   &account->tls.starttls, sizeof account->tls.starttls);
        account->turned = true;
        break;
    case SMTP_EVENT_FINDING:
        told.finding = findings_take(&account->findings, keeping, event, &account->logins);
        break;
    case SMTP_EVENT_FINDING_PROOF:
        told.finding = findings_take_proof(&account->findings, keeping, event);
        break;
    case SMTP_EVENT_PROOF_PLACE:
        findings_take_place(&account->findings, keeping, event);
        break;
    case SMTP_EVENT_CONTENT_BEGIN:
    case SMTP_EVENT_CONTENT:
    case SMTP_EVENT_GAP:
    case SMTP_EVENT_PROXY:
        break;
    }
    return told;
}

void account_finish(struct account *account)
{
    greetings_assume(&account->greetings);
    secrets_forget(&account->secrets, &account->keeping);
    commands_forget(&account->commands, &account->keeping);
    replies_forget(&account->replies, &account->keeping);
}

size_t account_memory(const struct account *account)
{
    return secrets_memory(&account->secrets) + commands_memory(&account->commands) + account->replies.room;
}

const struct starttls *account_server_starttls(const struct account *account)
{
    return account->turned ? account->starttls_before_turn : &account->tls.starttls;
}
