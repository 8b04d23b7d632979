/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replies.h"

#include <stdio.h>

/* Of a reply without end no more is kept. */
#define WORDS_LIMIT ((size_t)65536)

/* Most replies are short: those need no memory of their own. */
static void add(struct replies *replies, const struct keeping *keeping, struct smtp_span text)
{
    text = smtp_span_first(text, WORDS_LIMIT - replies->octets);
    if (text.length == 0 || !keeping->texts)
        return;
    size_t octets = replies->octets + text.length;
    uint8_t *words = replies->short_words;
    if (octets > sizeof replies->short_words) {
        if (octets > replies->room) {
            size_t room = MAX(octets, 2 * replies->room);
            replies->long_words = keeping->hooks->resize(keeping->context, replies->long_words, replies->room, room);
            replies->room = room;
        }
        if (replies->octets <= sizeof replies->short_words)
            memcpy(replies->long_words, replies->short_words, replies->octets);
        words = replies->long_words;
    }
    memcpy(words + replies->octets, text.octets, text.length);
    replies->octets = octets;
}

void replies_take_line(struct replies *replies, const struct keeping *keeping, struct smtp_span text)
{
    if (replies->begins) {
        replies->begins = false;
        replies->lines = 0;
        replies->octets = 0;
    }
    if (replies->lines++ > 0)
        add(replies, keeping, smtp_span("\n", 1));
    add(replies, keeping, text);
}

void replies_take(struct replies *replies, const struct smtp_reply *reply)
{
    replies->count++;
    replies->last = *reply;
    replies->last.enhanced.present = reply->enhanced.present && replies->lines > 0;
    replies->kept = smtp_span(NULL, 0);
}

struct smtp_span replies_words(struct replies *replies, const struct keeping *keeping)
{
    bool is_short = replies->octets <= sizeof replies->short_words;
    if (replies->kept.octets == NULL)
        replies->kept =
            keeping_copy(keeping, smtp_span(is_short ? replies->short_words : replies->long_words, replies->octets));
    return replies->kept;
}

struct smtp_span replies_enhanced(const struct replies *replies, const struct keeping *keeping)
{
    const struct smtp_enhanced_status *enhanced = &replies->last.enhanced;
    char status[32];
    if (!enhanced->present || !keeping->texts)
        return smtp_span(NULL, 0);
    snprintf(status, sizeof status, "%u.%u.%u", enhanced->class_digit, enhanced->subject, enhanced->detail);
    return keeping_text(keeping, status);
}

void replies_forget(struct replies *replies, const struct keeping *keeping)
{
    if (replies->long_words != NULL)
        keeping->hooks->resize(keeping->context, replies->long_words, replies->room, 0);
    replies->long_words = NULL;
    replies->room = 0;
}
