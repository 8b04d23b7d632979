/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_LINE_H
#define SMTP_LINE_H

/*
 * Lines of the dialogue (RFC 5321 section 2.3.8). A line ends in CRLF; a bare LF ends a line too, because
 * servers read it so, and is flagged. So does a LF with several CRs in front of it, of which only the last belongs there: programs
 * that write CRLF through a file in text mode send CR CR LF. A bare CR elsewhere is part of the line, and flagged.
 */

#include "span.h"

enum smtp_line_end {
    SMTP_LINE_END_NONE, /* the stream ended, or a gap began, before the line's end was seen */
    SMTP_LINE_END_CRLF,
    SMTP_LINE_END_LF,
    SMTP_LINE_END_CR, /* a bare CR was the last octet of the stream */
    SMTP_LINE_END_CRCRLF, /* a LF with more than one CR in front of it; flagged as a bare CR, too */
};

struct smtp_line {
    struct smtp_span text; /* without its line end; points into the octets searched */
    enum smtp_line_end end;
    size_t octets; /* of the line with its line end */
    bool bare_cr;  /* a CR that no LF follows stands inside the text, or in front of the line end */
    bool nul;      /* a NUL octet stands inside the text */
};

/*
 * Finds the line that `octets` begins with.
 * Returns true and fills `*line`. Returns false, and leaves `*line` alone, if no line end is there yet;
 * with `at_end` set the octets are all there will ever be, and what is there is the line (false then only
 * if `octets` is empty).
 */
bool smtp_line_find(struct smtp_span octets, bool at_end, struct smtp_line *line);

/* The name CONTRACT's `line_end` has for it: "crlf", "lf", "cr", "none"; and "crcrlf". Static memory. */
const char *smtp_line_end_name(enum smtp_line_end end);

#endif
