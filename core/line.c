/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "line.h"

static bool holds(struct smtp_span span, uint8_t octet)
{
    return span.length > 0 && memchr(span.octets, octet, span.length) != NULL;
}

/* The length of `octets` without the CRs at its end. */
static size_t without_crs(struct smtp_span octets)
{
    size_t length = octets.length;
    while (length > 0 && octets.octets[length - 1] == '\r')
        length--;
    return length;
}

/* The length of the text in front of the LF at `at`, and how that line ends. */
static enum smtp_line_end end_at_lf(struct smtp_span octets, size_t at, size_t *length)
{
    *length = without_crs(smtp_span_first(octets, at));
    if (*length == at)
        return SMTP_LINE_END_LF;
    return *length + 1 == at ? SMTP_LINE_END_CRLF : SMTP_LINE_END_CRCRLF;
}

/* The stream is over and no LF came: what is there is the line. */
static enum smtp_line_end end_at_end(struct smtp_span octets, size_t *length)
{
    *length = without_crs(octets);
    return *length < octets.length ? SMTP_LINE_END_CR : SMTP_LINE_END_NONE;
}

bool smtp_line_find(struct smtp_span octets, bool at_end, struct smtp_line *line)
{
    if (octets.length == 0)
        return false;
    const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
    if (lf == NULL && !at_end)
        return false;

    size_t length;
    enum smtp_line_end end;
    size_t total = octets.length;
    if (lf != NULL) {
        end = end_at_lf(octets, (size_t)(lf - octets.octets), &length);
        total = (size_t)(lf - octets.octets) + 1;
    } else {
        end = end_at_end(octets, &length);
    }
    struct smtp_span text = smtp_span_first(octets, length);
    *line = (struct smtp_line){
        .text = text,
        .end = end,
        .octets = total,
        .bare_cr = end == SMTP_LINE_END_CRCRLF || holds(text, '\r'),
        .nul = holds(text, '\0'),
    };
    return true;
}

const char *smtp_line_end_name(enum smtp_line_end end)
{
    switch (end) {
    case SMTP_LINE_END_CRLF:
        return "crlf";
    case SMTP_LINE_END_LF:
        return "lf";
    case SMTP_LINE_END_CR:
        return "cr";
    case SMTP_LINE_END_CRCRLF:
        return "crcrlf";
    case SMTP_LINE_END_NONE:
        break;
    }
    return "none";
}
