/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include <string.h>

/* Octets of the client that wait for the server's reply, before the session must decide without it. */
#define WAITING_LIMIT ((size_t)1024 * 1024)

/* ---- feeding ---- */

static struct smtp_sink sink_of(const struct smtp_conversation *conversation)
{
    return (struct smtp_sink){ .event = conversation->hooks->event, .context = conversation->context };
}

static size_t feed(struct smtp_conversation *conversation, int half, struct smtp_span octets, bool at_end)
{
    struct smtp_session *session = conversation->session;
    const struct smtp_sink sink = sink_of(conversation);
    size_t used = smtp_session_feed(session, smtp_conversation_role(conversation, half), octets, at_end, &sink);
    if (session->turned)
        conversation->client = !conversation->client;
    return used;
}

/* What did not come yet, at the time that is replayed, is not there; nor is it known what follows. */
static struct smtp_span hide_later(const struct smtp_conversation *conversation, int half, uint64_t offset,
                                   struct smtp_span octets, bool *at_end)
{
    uint64_t shown = conversation->shown[half] - offset;
    *at_end = *at_end && shown > octets.length;
    return shown < octets.length ? smtp_span_first(octets, (size_t)shown) : octets;
}

/* Feeds what waits of one half, and tells the session of the holes in it. */
static void pump_half(struct smtp_conversation *conversation, int half)
{
    const struct smtp_sink sink = sink_of(conversation);
    struct smtp_waiting *waiting = &conversation->waiting[half];
    uint64_t offset;
    struct smtp_span octets;
    while (smtp_waiting_first(waiting, &offset, &octets)) {
        if (conversation->replaying && offset + (octets.length > 0) > conversation->shown[half])
            return;
        enum smtp_role role = smtp_conversation_role(conversation, half);
        uint64_t expected = conversation->session->half[role].offset;
        if (offset > expected)
            smtp_session_gap(conversation->session, role, offset - expected, &sink);
        bool at_end = smtp_waiting_hole_follows(waiting) || conversation->finished[half];
        if (conversation->replaying)
            octets = hide_later(conversation, half, offset, octets, &at_end);
        size_t used = feed(conversation, half, octets, at_end);
        smtp_waiting_take(waiting, conversation->hooks->resize, used);
        if (used < octets.length)
            return;
    }
}

static bool too_much_waits(const struct smtp_conversation *conversation)
{
    int half = conversation->client;
    size_t memory = smtp_waiting_needs(&conversation->waiting[half]);
    if (conversation->hooks->memory != NULL)
        memory += conversation->hooks->memory(conversation->context, half);
    return memory > WAITING_LIMIT;
}

/* Feeds what waits of both halves, this one first, as far as it goes. */
static void pump(struct smtp_conversation *conversation, int half)
{
    uint64_t before;
    do {
        before = conversation->session->units;
        pump_half(conversation, half);
        pump_half(conversation, 1 - half);
    } while (conversation->session->units != before);
    if (!conversation->session->force && too_much_waits(conversation)) {
        smtp_session_force(conversation->session);
        pump(conversation, conversation->client);
    }
}

/* ---- before it is known what they speak ---- */

/* Octets of a half up to `end` wait, or a hole up to there. */
static void note_turn(struct smtp_conversation *conversation, int half, uint64_t end)
{
    unsigned last = conversation->turns;
    if (last == 0 || conversation->turn_half[last - 1] != half) {
        if (last == SMTP_CONVERSATION_TURNS)
            return;
        conversation->turn_half[last] = (uint8_t)half;
        conversation->turns++;
        last++;
    }
    conversation->turn_end[last - 1] = end;
}

/* Feeds what waits, in the order in which it came. */
static void replay(struct smtp_conversation *conversation)
{
    conversation->replaying = true;
    for (unsigned turn = 0; turn < conversation->turns; turn++) {
        int half = conversation->turn_half[turn];
        conversation->shown[half] = conversation->turn_end[turn];
        pump(conversation, half);
    }
    conversation->replaying = false;
    for (int half = 0; half < 2; half++)
        if (conversation->finished[half])
            smtp_session_finished(conversation->session, smtp_conversation_role(conversation, half));
    pump(conversation, 1 - conversation->client);
}

static void begin(struct smtp_conversation *conversation, bool opener_is_client)
{
    conversation->state = SMTP_CONVERSATION_ACCEPTED;
    conversation->client = opener_is_client ? 0 : 1;
    conversation->session = conversation->hooks->begins(conversation->context);
    smtp_session_start(conversation->session, conversation->middle);
    for (int half = 0; half < 2; half++)
        conversation->session->half[smtp_conversation_role(conversation, half)].offset = conversation->used[half];
}

static void refuse(struct smtp_conversation *conversation)
{
    conversation->state = SMTP_CONVERSATION_REFUSED;
    conversation->hooks->refused(conversation->context);
    smtp_conversation_clear(conversation);
}

static struct smtp_span first_octets(const struct smtp_conversation *conversation, int half)
{
    uint64_t offset;
    struct smtp_span octets = smtp_span(NULL, 0);
    return smtp_waiting_first(&conversation->waiting[half], &offset, &octets) ? octets : smtp_span(NULL, 0);
}

static bool beginning_is_lost(const struct smtp_conversation *conversation, int half)
{
    uint64_t offset;
    struct smtp_span octets;
    return smtp_waiting_first(&conversation->waiting[half], &offset, &octets) && offset != conversation->used[half];
}

/* Takes off the handshake of a proxy. Returns false while it is not whole. */
static bool pass_proxy(struct smtp_conversation *conversation, bool ended)
{
    struct smtp_proxied handshake;
    smtp_resize *resize = conversation->hooks->resize;
    if (!conversation->proxies || conversation->used[0] > 0)
        return true;
    switch (smtp_proxied_look(first_octets(conversation, 0), first_octets(conversation, 1), &handshake)) {
    case SMTP_PROXIED_NO:
        return true;
    case SMTP_PROXIED_MORE:
        return ended || smtp_waiting_octets(&conversation->waiting[0]) == 0;
    case SMTP_PROXIED_YES:
        break;
    }
    conversation->used[0] = handshake.client_octets;
    conversation->used[1] = handshake.server_octets;
    for (int half = 0; half < 2; half++)
        smtp_waiting_take(&conversation->waiting[half], resize, (size_t)conversation->used[half]);
    conversation->proxied = resize(NULL, sizeof handshake);
    *conversation->proxied = handshake;
    return true;
}

static void decide(struct smtp_conversation *conversation, bool ended)
{
    bool opener_is_client = true;
    if (!pass_proxy(conversation, ended) && smtp_waiting_octets(&conversation->waiting[0]) < SMTP_RECOGNISE_LIMIT)
        return;
    const struct smtp_first_octets seen = smtp_conversation_seen(conversation, ended);
    switch (smtp_recognise(&seen, &opener_is_client)) {
    case SMTP_RECOGNISED_YES:
        begin(conversation, opener_is_client);
        replay(conversation);
        break;
    case SMTP_RECOGNISED_NO:
        refuse(conversation);
        break;
    case SMTP_RECOGNISED_MORE:
        break;
    }
}

struct smtp_first_octets smtp_conversation_seen(const struct smtp_conversation *conversation, bool ended)
{
    return (struct smtp_first_octets){
        .opener = first_octets(conversation, 0),
        .other = first_octets(conversation, 1),
        .opener_cut = beginning_is_lost(conversation, 0),
        .other_cut = beginning_is_lost(conversation, 1),
        .opener_port = conversation->port[0],
        .other_port = conversation->port[1],
        .opener_known = conversation->opener_known,
        .believed = conversation->believed,
        .ended = ended,
    };
}

/* ---- what comes in ---- */

/* Octets, or a hole, that nobody can make something of yet. */
static void keep(struct smtp_conversation *conversation, int half, uint64_t offset, struct smtp_span octets)
{
    smtp_waiting_append(&conversation->waiting[half], conversation->hooks->resize, offset, octets);
    if (conversation->state == SMTP_CONVERSATION_UNDECIDED)
        note_turn(conversation, half, offset + octets.length);
}

void smtp_conversation_octets(struct smtp_conversation *conversation, int half, uint64_t offset,
                              struct smtp_span octets)
{
    uint64_t first;
    struct smtp_span waiting;
    if (conversation->state == SMTP_CONVERSATION_REFUSED)
        return;
    if (conversation->state == SMTP_CONVERSATION_UNDECIDED) {
        keep(conversation, half, offset, octets);
        decide(conversation, false);
        return;
    }
    enum smtp_role role = smtp_conversation_role(conversation, half);
    bool straight = !smtp_waiting_first(&conversation->waiting[half], &first, &waiting) &&
                    conversation->session->half[role].offset == offset;
    size_t used = straight ? feed(conversation, half, octets, false) : 0;
    if (used < octets.length)
        keep(conversation, half, offset + used, smtp_span_from(octets, used));
    pump(conversation, straight ? 1 - half : half);
}

void smtp_conversation_gap(struct smtp_conversation *conversation, int half, uint64_t offset)
{
    if (conversation->state == SMTP_CONVERSATION_REFUSED)
        return;
    keep(conversation, half, offset, smtp_span(NULL, 0));
    if (conversation->session != NULL)
        pump(conversation, half);
}

void smtp_conversation_decrypted(struct smtp_conversation *conversation, int half, const uint64_t from[2])
{
    const struct smtp_sink sink = sink_of(conversation);
    if (conversation->session == NULL)
        begin(conversation, true);
    for (int each = 0; each < 2; each++) {
        smtp_waiting_free(&conversation->waiting[each], conversation->hooks->resize);
        conversation->session->half[smtp_conversation_role(conversation, each)].offset = from[each];
    }
    conversation->decrypted = true;
    smtp_session_decrypted(conversation->session, smtp_conversation_role(conversation, half), &sink);
}

void smtp_conversation_finished(struct smtp_conversation *conversation, int half)
{
    conversation->finished[half] = true;
    if (conversation->session == NULL)
        return;
    smtp_session_finished(conversation->session, smtp_conversation_role(conversation, half));
    pump(conversation, half);
}

void smtp_conversation_resumed(struct smtp_conversation *conversation, int half)
{
    conversation->finished[half] = false;
    if (conversation->session != NULL)
        conversation->session->half[smtp_conversation_role(conversation, half)].finished = false;
}

void smtp_conversation_settle(struct smtp_conversation *conversation)
{
    if (conversation->state == SMTP_CONVERSATION_UNDECIDED)
        decide(conversation, true);
    if (conversation->state == SMTP_CONVERSATION_UNDECIDED)
        refuse(conversation);
}

void smtp_conversation_end(struct smtp_conversation *conversation)
{
    const struct smtp_sink sink = sink_of(conversation);
    smtp_conversation_settle(conversation);
    if (conversation->session == NULL)
        return;
    for (int half = 0; half < 2; half++) {
        conversation->finished[half] = true;
        smtp_session_finished(conversation->session, smtp_conversation_role(conversation, half));
    }
    pump(conversation, conversation->client);
    smtp_session_end(conversation->session, &sink);
}

size_t smtp_conversation_memory(const struct smtp_conversation *conversation)
{
    return smtp_waiting_memory(&conversation->waiting[0]) + smtp_waiting_memory(&conversation->waiting[1]) +
           (conversation->proxied != NULL ? sizeof *conversation->proxied : 0);
}

void smtp_conversation_clear(struct smtp_conversation *conversation)
{
    for (int half = 0; half < 2; half++)
        smtp_waiting_free(&conversation->waiting[half], conversation->hooks->resize);
    if (conversation->proxied != NULL)
        conversation->hooks->resize(conversation->proxied, 0);
    conversation->proxied = NULL;
}
