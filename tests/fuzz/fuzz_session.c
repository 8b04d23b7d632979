/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The core under arbitrary dialogues. The input is a list of pieces: one octet says who speaks (bit 0), whether it is a hole
 * (bit 1) and its length (the other bits), then the octets follow. Played twice, once octet by octet: the commands and
 * replies must be as many.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

struct count {
    uint64_t commands, replies, content, skipped;
    int turned;
};

static void take_event(void *context, const struct smtp_event *event)
{
    struct count *count = context;
    count->turned += event->kind == SMTP_EVENT_TURNED;
    count->skipped += event->kind == SMTP_EVENT_SKIPPED ? event->octets : 0;
    count->commands += event->kind == SMTP_EVENT_COMMAND;
    count->replies += event->kind == SMTP_EVENT_REPLY;
    count->content += event->kind == SMTP_EVENT_CONTENT ? event->content.text.length : 0;
}

struct side {
    uint8_t *octets;
    size_t length;
};

struct player {
    struct smtp_session session;
    struct smtp_sink sink;
    struct side side[2];
    const struct count *count;
};

static enum smtp_role role_of(const struct player *player, int which)
{
    return (which + player->count->turned) % 2 == 0 ? SMTP_CLIENT : SMTP_SERVER;
}

static void feed(struct player *player, int which, bool at_end)
{
    struct side *side = &player->side[which];
    enum smtp_role role = role_of(player, which);
    size_t used = smtp_session_feed(&player->session, role, smtp_span(side->octets, side->length), at_end, &player->sink);
    if (used > side->length)
        abort();
    memmove(side->octets, side->octets + used, side->length - used);
    side->length -= used;
}

static void pump(struct player *player, int which, bool at_end)
{
    uint64_t before;
    do {
        before = player->session.units;
        feed(player, which, at_end);
        feed(player, 1 - which, false);
    } while (player->session.units != before);
}

static struct count play(const uint8_t *data, size_t size, bool octets)
{
    struct count count = { 0 };
    struct player player = { .sink = { .event = take_event, .context = &count }, .count = &count };
    smtp_session_start(&player.session, size > 0 && (data[0] & 0x80));
    for (int which = 0; which < 2; which++)
        player.side[which].octets = malloc(size + 1);
    while (size > 0) {
        uint8_t head = *data++;
        size--;
        int which = head & 1;
        size_t length = (head >> 2) + 1u;
        if (head & 2) {
            pump(&player, which, true);
            if (player.side[which].length == 0)
                smtp_session_gap(&player.session, role_of(&player, which), length, &player.sink);
            pump(&player, which, false);
            continue;
        }
        length = length < size ? length : size;
        for (size_t at = 0; at < length;) {
            size_t piece = octets ? 1 : length;
            struct side *side = &player.side[which];
            memcpy(side->octets + side->length, data + at, piece);
            side->length += piece;
            pump(&player, which, false);
            at += piece;
        }
        data += length;
        size -= length;
    }
    smtp_session_finished(&player.session, SMTP_CLIENT);
    smtp_session_finished(&player.session, SMTP_SERVER);
    for (int which = 0; which < 2; which++)
        pump(&player, which, true);
    smtp_session_end(&player.session, &player.sink);
    for (int which = 0; which < 2; which++)
        free(player.side[which].octets);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0;
    struct count whole = play(data, size, false);
    struct count cut = play(data, size, true);
    if (memcmp(&whole, &cut, sizeof whole) != 0)
        abort();
    return 0;
}
