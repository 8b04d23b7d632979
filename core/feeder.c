/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feeder.h"

/* Octets of the client that wait for the server's reply, before the session must decide without it. */
#define WAITING_LIMIT ((size_t)1024 * 1024)

static size_t feed(struct smtp_feeder *feeder, const struct smtp_sink *sink, int half, struct smtp_span octets, bool at_end)
{
    size_t used = smtp_session_feed(feeder->session, smtp_feeder_role(feeder, half), octets, at_end, sink);
    if (feeder->session->turned)
        feeder->client = 1 - feeder->client;
    return used;
}

/* What did not come yet, at the time that is replayed, is not there; nor is it known what follows. */
static struct smtp_span hide_later(const struct smtp_feeder *feeder, int half, uint64_t offset, struct smtp_span octets, bool *at_end)
{
    uint64_t shown = feeder->shown[half] - offset;
    *at_end = *at_end && shown > octets.length;
    return shown < octets.length ? smtp_span_first(octets, (size_t)shown) : octets;
}

/* Feeds what waits of one half, and tells the session of the holes in it. */
static void pump_half(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half)
{
    const struct smtp_sink sink = { .event = shell->event, .context = context };
    uint64_t offset;
    struct smtp_span octets;
    while (shell->first(context, half, &offset, &octets)) {
        if (feeder->replaying && offset + (octets.length > 0) > feeder->shown[half])
            return;
        enum smtp_role role = smtp_feeder_role(feeder, half);
        uint64_t expected = feeder->session->half[role].offset;
        if (offset > expected)
            smtp_session_gap(feeder->session, role, offset - expected, &sink);
        bool at_end = shell->hole_follows(context, half) || feeder->finished[half];
        if (feeder->replaying)
            octets = hide_later(feeder, half, offset, octets, &at_end);
        size_t used = feed(feeder, &sink, half, octets, at_end);
        shell->take(context, half, used);
        if (used < octets.length)
            return;
    }
}

void smtp_feeder_pump(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half)
{
    uint64_t before;
    do {
        before = feeder->session->units;
        pump_half(feeder, shell, context, half);
        pump_half(feeder, shell, context, 1 - half);
    } while (feeder->session->units != before);
    if (shell->waiting(context, feeder->client) > WAITING_LIMIT && !feeder->session->force) {
        smtp_session_force(feeder->session);
        smtp_feeder_pump(feeder, shell, context, feeder->client);
    }
}

void smtp_feeder_note(struct smtp_feeder *feeder, int half, uint64_t end)
{
    unsigned last = feeder->turns;
    if (last == 0 || feeder->turn_half[last - 1] != half) {
        if (last == SMTP_FEEDER_TURNS)
            return;
        feeder->turn_half[last] = (uint8_t)half;
        feeder->turns++;
        last++;
    }
    feeder->turn_end[last - 1] = end;
}

void smtp_feeder_begin(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context)
{
    feeder->replaying = true;
    for (unsigned turn = 0; turn < feeder->turns; turn++) {
        int half = feeder->turn_half[turn];
        feeder->shown[half] = feeder->turn_end[turn];
        smtp_feeder_pump(feeder, shell, context, half);
    }
    feeder->replaying = false;
    for (int half = 0; half < 2; half++)
        if (feeder->finished[half])
            smtp_session_finished(feeder->session, smtp_feeder_role(feeder, half));
    smtp_feeder_pump(feeder, shell, context, 1 - feeder->client);
}

void smtp_feeder_octets(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half, uint64_t offset,
                        struct smtp_span octets)
{
    const struct smtp_sink sink = { .event = shell->event, .context = context };
    uint64_t first;
    struct smtp_span waiting;
    bool straight = !shell->first(context, half, &first, &waiting)
                    && feeder->session->half[smtp_feeder_role(feeder, half)].offset == offset;
    size_t used = straight ? feed(feeder, &sink, half, octets, false) : 0;
    if (used < octets.length)
        shell->append(context, half, offset + used, smtp_span_from(octets, used));
    smtp_feeder_pump(feeder, shell, context, straight ? 1 - half : half);
}

void smtp_feeder_gap(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half, uint64_t offset)
{
    shell->append(context, half, offset, smtp_span(NULL, 0));
    smtp_feeder_pump(feeder, shell, context, half);
}

void smtp_feeder_finished(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half)
{
    feeder->finished[half] = true;
    smtp_session_finished(feeder->session, smtp_feeder_role(feeder, half));
    smtp_feeder_pump(feeder, shell, context, half);
}

void smtp_feeder_resumed(struct smtp_feeder *feeder, int half)
{
    feeder->finished[half] = false;
    feeder->session->half[smtp_feeder_role(feeder, half)].finished = false;
}

void smtp_feeder_end(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context)
{
    const struct smtp_sink sink = { .event = shell->event, .context = context };
    for (int half = 0; half < 2; half++) {
        feeder->finished[half] = true;
        smtp_session_finished(feeder->session, smtp_feeder_role(feeder, half));
    }
    smtp_feeder_pump(feeder, shell, context, feeder->client);
    smtp_session_end(feeder->session, &sink);
}
