/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What nearly all message content is: lines that end with CRLF, without NUL, none of which begins with a dot. It is
 * told from the rest many octets at a time; the rest is for content.c to look at closely.
 */

#define _GNU_SOURCE /* memrchr */

#include "session_private.h"

/* Octets that are looked at together. */
#define BLOCK 64

typedef uint8_t lane __attribute__((vector_size(16)));

static lane load(const uint8_t *at)
{
    lane octets;
    memcpy(&octets, at, sizeof octets);
    return octets;
}

/* Whether the next octet is what it may be behind each of the block's: reads BLOCK + 1 octets. */
static bool is_plain(const uint8_t *at)
{
    lane odd = { 0 };
    for (size_t i = 0; i < BLOCK; i += sizeof odd) {
        lane here = load(at + i);
        lane next = load(at + i + 1);
        odd |= (lane)(here == 0);
        odd |= (lane)((here == '\r') ^ (next == '\n'));
        odd |= (lane)((here == '\n') & (next == '.'));
    }
    uint64_t halves[2];
    memcpy(halves, &odd, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* Counts the length of the lines, which end with LF; `octets` is all plain. */
static void count_lines(struct smtp_content_scan *scan, struct smtp_span octets)
{
    size_t line = 0; /* where it starts */
    while (line < octets.length) {
        size_t room = scan->line_octets < SMTP_TEXT_LINE_LIMIT ? SMTP_TEXT_LINE_LIMIT - scan->line_octets : 0;
        size_t window = room < octets.length - line ? room : octets.length - line;
        /* The last LF within the limit: the lines before it are short enough, whatever their number. */
        const uint8_t *last = memrchr(octets.octets + line, '\n', window);
        size_t end = last != NULL ? (size_t)(last - octets.octets) + 1 : line;
        if (end == line && window == room && room < octets.length - line) {
            const uint8_t *lf = memchr(octets.octets + line, '\n', octets.length - line);
            scan->overlong = true;
            end = lf != NULL ? (size_t)(lf - octets.octets) + 1 : line;
        }
        if (end == line) {
            scan->line_octets += (uint32_t)(octets.length - line);
            return;
        }
        scan->line_octets = 0;
        line = end;
    }
}

/* Lanes of octets that count up to 255 each. */
#define COUNTED_TOGETHER ((size_t)255)

size_t smtp_content_line_ends(struct smtp_span octets)
{
    size_t count = 0;
    size_t at = 0;
    while (octets.length - at >= sizeof(lane)) {
        size_t lanes = (octets.length - at) / sizeof(lane);
        lane found = { 0 };
        for (size_t i = lanes < COUNTED_TOGETHER ? lanes : COUNTED_TOGETHER; i > 0; i--, at += sizeof(lane))
            found -= (lane)(load(octets.octets + at) == '\n'); /* -1 where it is one */
        for (size_t i = 0; i < sizeof found; i++)
            count += found[i];
    }
    for (; at < octets.length; at++)
        count += octets.octets[at] == '\n';
    return count;
}

size_t smtp_content_skip_plain(struct smtp_content_scan *scan, struct smtp_span octets)
{
    size_t length = 0;
    if (octets.length <= BLOCK || scan->state == SMTP_CONTENT_AFTER_CR || octets.octets[0] == '\n')
        return 0;
    if (octets.octets[0] == '.' && scan->state != SMTP_CONTENT_IN_LINE)
        return 0;
    while (octets.length - length > BLOCK && is_plain(octets.octets + length))
        length += BLOCK;
    if (length == 0)
        return 0;
    count_lines(scan, smtp_span_first(octets, length));
    uint8_t last = octets.octets[length - 1];
    scan->state = last == '\r' ? SMTP_CONTENT_AFTER_CR : last == '\n' ? SMTP_CONTENT_AFTER_CRLF : SMTP_CONTENT_IN_LINE;
    return length;
}
