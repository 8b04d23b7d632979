/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

/*
 * Reply lines (RFC 5321 section 4.2) and enhanced status codes (RFC 2034, RFC 3463). Any line is valid
 * input. Nothing is copied: every span points into the line.
 */

#include "span.h"

/* class.subject.detail; `present` false means there is none, and the numbers are 0. */
struct smtp_enhanced_status {
    bool present;
    uint16_t class_digit; /* 2, 4 or 5 */
    uint16_t subject;     /* 0..999 */
    uint16_t detail;      /* 0..999 */
    struct smtp_span text;/* as sent, "5.7.1" */
};

struct smtp_reply_line {
    bool valid;               /* three digits, the first 1..5, then '-', a space or the line's end */
    uint16_t code;            /* 100..599; 0 unless valid */
    bool last;                /* false if '-' follows the code: more lines follow. True for an invalid line. */
    bool no_separator;        /* the code is followed by something else than a digit, as in "250ok"; `valid` is false then */
    struct smtp_enhanced_status enhanced;
    struct smtp_span text;    /* behind code and separator, enhanced status included; the whole line if invalid */
};

/*
 * Whether a reply code settles anything: 2yz, 4yz and 5yz do. 1yz and 3yz are preliminary (RFC 5321 section 4.2.1), and a line
 * without a code (0) says nothing that can be relied on.
 */
static inline bool smtp_reply_code_decides(unsigned code)
{
    return code >= 200 && code / 100 != 3;
}

/* Parses a reply line without its line end. */
struct smtp_reply_line smtp_reply_line_parse(struct smtp_span line);

/* Parses a reply line as servers mean it: "250ok", three digits and no separator, has a code too, and is a last line.
 */
struct smtp_reply_line smtp_reply_line_read(struct smtp_span line);

/*
 * Parses the enhanced status code that `text` begins with: one digit 2, 4 or 5, '.', 1-3 digits, '.', 1-3 digits,
 * then a space, a tab or the end. `present` is false where there is none.
 */
struct smtp_enhanced_status smtp_enhanced_status_parse(struct smtp_span text);

#endif
