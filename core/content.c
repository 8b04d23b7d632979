/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Message content sent with DATA (RFC 5321 sections 2.3.8 and 4.5.2): where it ends, which dots are stuffed, what in it
 * is out of order. Content ends at CRLF.CRLF and nowhere else; marks with a bare CR or LF in them are doubtful: they
 * end the content only if the server answers there. So are marks with NULs in front of the dot.
 */

#include "session_private.h"

static enum frame give(struct unit *unit, enum unit_kind kind, struct smtp_span octets, size_t length,
                       struct smtp_content_scan scan)
{
    unit->kind = kind;
    unit->octets = length;
    unit->text = smtp_span_first(octets, length);
    unit->scan = scan;
    return FRAME_UNIT;
}

/* Whether the strict end of data stands somewhere in `octets`; in the first `scanned` of them it was looked for before. */
static bool strict_end_follows(struct smtp_span octets, size_t scanned)
{
    const uint8_t *at = octets.octets + (scanned > 5 && scanned < octets.length ? scanned - 5 : 0);
    const uint8_t *end = octets.octets + octets.length;
    while (at < end && (at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
        if (end - at >= 5 && memcmp(at, "\r\n.\r\n", 5) == 0)
            return true;
        at++;
    }
    return false;
}

static struct smtp_content_scan after_octet(struct smtp_content_scan scan, uint8_t octet)
{
    scan.line_octets++;
    scan.overlong |= scan.line_octets > SMTP_TEXT_LINE_LIMIT;
    if (octet == '\r') {
        scan.bare_cr |= scan.state == SMTP_CONTENT_AFTER_CR;
        scan.state = SMTP_CONTENT_AFTER_CR;
    } else if (octet == '\n') {
        scan.bare_lf |= scan.state != SMTP_CONTENT_AFTER_CR;
        scan.state = scan.state == SMTP_CONTENT_AFTER_CR ? SMTP_CONTENT_AFTER_CRLF : SMTP_CONTENT_AFTER_LF;
        scan.line_octets = 0;
    } else {
        bool begins = scan.state != SMTP_CONTENT_IN_LINE;
        scan.bare_cr |= scan.state == SMTP_CONTENT_AFTER_CR;
        scan.nul |= octet == 0;
        scan.state = octet == 0 && begins ? SMTP_CONTENT_AFTER_NUL : SMTP_CONTENT_IN_LINE;
    }
    return scan;
}

/* A dot at the start of something like a line. */
static enum frame frame_dot(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit)
{
    struct smtp_content_scan scan = session->content.scan;
    bool strict_start = scan.state == SMTP_CONTENT_AFTER_CRLF;
    struct smtp_content_scan behind = scan;
    behind.state = SMTP_CONTENT_IN_LINE; /* a stuffed dot does not count for the line's length */
    if (!strict_start)
        behind = after_octet(scan, '.');

    uint8_t next = octets.length > 1 ? octets.octets[1] : 0;
    bool too_short = octets.length < 2 || (octets.length < 3 && next == '\r');
    if (too_short && !at_end)
        return FRAME_MORE;
    if (strict_start && octets.length >= 3 && next == '\r' && octets.octets[2] == '\n') {
        scan.state = SMTP_CONTENT_AFTER_CRLF;
        return give(unit, UNIT_END_OF_DATA, octets, 3, scan);
    }
    enum unit_kind kind = strict_start ? UNIT_STUFFED_DOT : UNIT_CONTENT;
    if (octets.length < 2 || (next != '\r' && next != '\n'))
        return give(unit, octets.length < 2 ? UNIT_CONTENT : kind, octets, 1, behind);

    bool settled = session->force || session->half[SMTP_SERVER].finished || octets.length > SMTP_DOUBT_LIMIT ||
                   strict_end_follows(smtp_span_from(octets, 1), session->content.doubt_scanned);
    if (!settled)
        return FRAME_DOUBT;
    unit->variant = true;
    return give(unit, kind, octets, 1, behind);
}

/* A line without its LF, from `from` up to `to`: does a bare CR in it stand in front of a doubtful mark? */
static const uint8_t *doubtful_dot(const uint8_t *from, const uint8_t *to, const uint8_t *end, bool *bare_cr)
{
    for (const uint8_t *cr = from; cr < to && (cr = memchr(cr, '\r', (size_t)(to - cr))) != NULL; cr++) {
        if (cr + 1 == to && to < end)
            return NULL; /* the CR of the line's CRLF */
        if (cr + 1 < to) {
            *bare_cr = true;
            if (cr[1] == '.')
                return cr + 1;
        }
    }
    return NULL;
}

/* As much content as there is up to the next dot that may mean something. */
static enum frame frame_stretch(const struct smtp_session *session, struct smtp_span octets, struct unit *unit)
{
    struct smtp_content_scan scan = session->content.scan;
    const uint8_t *at = octets.octets;
    const uint8_t *end = octets.octets + octets.length;
    while (at < end) {
        at += smtp_content_skip_plain(&scan, smtp_span(at, (size_t)(end - at)));
        /* Octet by octet only where the line before leaves something open. */
        if (scan.state == SMTP_CONTENT_AFTER_CR || (*at == 0 && scan.state != SMTP_CONTENT_IN_LINE)) {
            scan = after_octet(scan, *at++);
        } else {
            const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
            const uint8_t *line_end = lf != NULL ? lf : end;
            const uint8_t *dot = doubtful_dot(at, line_end, end, &scan.bare_cr);
            if (dot != NULL)
                line_end = dot;
            size_t length = (size_t)(line_end - at);
            if (length > 0) {
                scan.nul |= memchr(at, 0, length) != NULL;
                scan.line_octets += (uint32_t)length;
                scan.overlong |= scan.line_octets > SMTP_TEXT_LINE_LIMIT;
                scan.state = line_end[-1] == '\r' ? SMTP_CONTENT_AFTER_CR : SMTP_CONTENT_IN_LINE;
            }
            at = line_end;
            if (dot == NULL && lf != NULL)
                scan = after_octet(scan, *at++);
        }
        if (at < end && *at == '.' && scan.state != SMTP_CONTENT_IN_LINE)
            break;
    }
    return give(unit, UNIT_CONTENT, octets, (size_t)(at - octets.octets), scan);
}

enum frame smtp_frame_content(const struct smtp_session *session, struct smtp_span octets, bool at_end, struct unit *unit)
{
    if (octets.octets[0] == '.' && session->content.scan.state != SMTP_CONTENT_IN_LINE)
        return frame_dot(session, octets, at_end, unit);
    return frame_stretch(session, octets, unit);
}
