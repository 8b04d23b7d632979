/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timing.h"

#include "language.h"

#define SECOND INT64_C(1000000000)

static const struct {
    const char *name;
    unsigned server, client; /* seconds, RFC 5321 section 4.5.3.2.1 to .7 */
} phases[TIMING_PHASES] = {
    [TIMING_GREETING] = { N_("greeting"), 300, 0 }, [TIMING_EHLO] = { N_("ehlo"), 0, 300 },
    [TIMING_STARTTLS] = { N_("starttls"), 0, 300 }, [TIMING_AUTH] = { N_("auth"), 0, 300 },
    [TIMING_MAIL] = { N_("mail"), 300, 300 },       [TIMING_RCPT] = { N_("rcpt"), 300, 300 },
    [TIMING_DATA] = { N_("data"), 120, 300 },       [TIMING_CONTENT] = { N_("content"), 0, 0 },
    [TIMING_PAUSE] = { N_("pause"), 0, 180 },       [TIMING_END] = { N_("end"), 600, 0 },
    [TIMING_QUIT] = { N_("quit"), 0, 300 },         [TIMING_OTHER] = { N_("other"), 0, 300 },
};

const char *timing_phase_name(enum timing_phase phase)
{
    return phases[phase].name;
}

unsigned timing_limit(enum timing_phase phase, enum smtp_role role)
{
    return role == SMTP_SERVER ? phases[phase].server : phases[phase].client;
}

bool timing_exceeds(const struct timing_sum *sum, enum timing_phase phase, enum smtp_role role)
{
    unsigned limit = timing_limit(phase, role);
    return limit > 0 && sum->count > 0 && sum->longest > (int64_t)limit * SECOND;
}

static enum timing_phase phase_of(enum smtp_verb verb)
{
    if (smtp_verb_greets(verb))
        return TIMING_EHLO;
    if (smtp_verb_has(verb, SMTP_TRAIT_STARTS_TLS))
        return TIMING_STARTTLS;
    if (smtp_verb_has(verb, SMTP_TRAIT_AUTHENTICATES))
        return TIMING_AUTH;
    switch (verb) {
    case SMTP_VERB_MAIL:
        return TIMING_MAIL;
    case SMTP_VERB_RCPT:
        return TIMING_RCPT;
    case SMTP_VERB_DATA:
    case SMTP_VERB_BDAT:
        return TIMING_DATA;
    case SMTP_VERB_QUIT:
        return TIMING_QUIT;
    default:
        return TIMING_OTHER;
    }
}

static void add(struct timing_sum *sum, int64_t span, uint64_t frame)
{
    if (span < 0) /* the clock of the capture went back, or packets stand in it in another order */
        span = 0;
    sum->total += span;
    if (sum->count++ == 0 || span > sum->longest) {
        sum->longest = span;
        sum->frame = frame;
    }
}

/* The client says something that a reply must follow. */
static struct timing_sent take_sent(struct timing *timing, enum timing_phase phase, struct place first,
                                    struct place last)
{
    if (timing->answered < timing->sent)
        timing->pipelined[phase]++;
    else if (timing->reply_end != 0)
        add(&timing->client[phase], first.time - timing->reply_end, first.frame);
    return (struct timing_sent){ .ordinal = ++timing->sent, .end = last.time };
}

static void note_reply(struct timing *timing, struct place last)
{
    timing->reply_end = last.time;
    timing->reply_frame = last.frame;
}

static void take_reply(struct timing *timing, const struct smtp_event *event, struct place last)
{
    const struct smtp_reply *reply = &event->reply.whole;
    enum timing_phase phase = phase_of(reply->verb);
    struct timing_sent sent = timing->commands[event->reply.number % TIMING_SENT];
    bool chunk = reply->answers == SMTP_ANSWERS_COMMAND && reply->verb == SMTP_VERB_BDAT;
    if (reply->answers == SMTP_ANSWERS_GREETING) {
        timing->greeting_end = last.time;
        timing->greeting_frame = last.frame;
        note_reply(timing, last);
        return;
    }
    if (reply->answers == SMTP_ANSWERS_CONTENT || chunk) {
        sent.end = timing->content.end;
        phase = TIMING_END;
    }
    if (reply->answers == SMTP_ANSWERS_CONTENT)
        sent.ordinal = timing->content.ordinal;
    else if (reply->answers == SMTP_ANSWERS_RESPONSE)
        sent = timing->response;
    else if (reply->answers != SMTP_ANSWERS_COMMAND)
        return;
    bool behind_another = sent.end < timing->reply_end && last.frame == timing->reply_frame;
    if (sent.end != 0 && !behind_another)
        add(&timing->server[phase], last.time - MAX(sent.end, timing->reply_end), last.frame);
    timing->answered = MAX(timing->answered, sent.ordinal);
    timing->content_last = reply->code == 354 ? last.time : 0;
    note_reply(timing, last);
}

static void note_pause(struct timing *timing, struct place first)
{
    int64_t pause = timing->content_last != 0 ? first.time - timing->content_last : 0;
    if (pause < timing->pause || (pause == timing->pause && timing->pause_frame != 0))
        return;
    timing->pause = pause;
    timing->pause_frame = first.frame;
}

static void take_content_end(struct timing *timing, const struct smtp_event *event, struct place last)
{
    note_pause(timing, last);
    timing->content.end = last.time;
    if (event->content_end.transport == SMTP_TRANSPORT_DATA) {
        add(&timing->client[TIMING_CONTENT], last.time - timing->content_begin, last.frame);
        add(&timing->client[TIMING_PAUSE], timing->pause, timing->pause_frame);
        timing->content.ordinal = ++timing->sent;
    }
    timing->content_last = 0;
}

void timing_event(struct timing *timing, const struct smtp_event *event, struct place first, struct place last)
{
    switch (event->kind) {
    case SMTP_EVENT_COMMAND:
        timing->commands[event->command.number % TIMING_SENT] =
            take_sent(timing, phase_of(event->command.parsed.verb), first, last);
        break;
    case SMTP_EVENT_AUTH_RESPONSE:
        timing->response = take_sent(timing, TIMING_AUTH, first, last);
        break;
    case SMTP_EVENT_REPLY:
        take_reply(timing, event, last);
        break;
    case SMTP_EVENT_CONTENT_BEGIN:
        timing->content_begin = timing->content_last != 0 ? timing->content_last : first.time;
        timing->pause = 0;
        timing->pause_frame = 0;
        break;
    case SMTP_EVENT_CONTENT:
        note_pause(timing, first);
        timing->content_last = last.time;
        break;
    case SMTP_EVENT_CONTENT_END:
        take_content_end(timing, event, last);
        break;
    default:
        break;
    }
}

void timing_finish(struct timing *timing, int64_t start)
{
    if (timing->greeting_end != 0)
        add(&timing->server[TIMING_GREETING], timing->greeting_end - start, timing->greeting_frame);
}
