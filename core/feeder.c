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

/* Feeds what waits of one half, and tells the session of the holes in it. */
static void pump_half(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context, int half)
{
    const struct smtp_sink sink = { .event = shell->event, .context = context };
    uint64_t offset;
    struct smtp_span octets;
    while (shell->first(context, half, &offset, &octets)) {
        enum smtp_role role = smtp_feeder_role(feeder, half);
        uint64_t expected = feeder->session->half[role].offset;
        if (offset > expected)
            smtp_session_gap(feeder->session, role, offset - expected, &sink);
        bool at_end = shell->hole_follows(context, half) || feeder->finished[half];
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

void smtp_feeder_begin(struct smtp_feeder *feeder, const struct smtp_shell *shell, void *context)
{
    bool in_the_middle = feeder->session->mid_stream && feeder->spoke_first != 0;
    smtp_feeder_pump(feeder, shell, context, in_the_middle ? feeder->spoke_first - 1 : 1 - feeder->client);
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
