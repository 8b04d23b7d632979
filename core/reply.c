/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reply.h"

#define CODE_DIGITS 3

/* One to three digits at `*at`, moved behind them. */
static bool read_digits(struct smtp_span text, size_t *at, uint16_t *number)
{
    unsigned value = 0;
    size_t begin = *at;
    while (*at < text.length && *at - begin < 3 && smtp_ascii_is_digit(text.octets[*at])) {
        value = value * 10 + (unsigned)(text.octets[*at] - '0');
        (*at)++;
    }
    *number = (uint16_t)value;
    return *at > begin;
}

static bool read_dot(struct smtp_span text, size_t *at)
{
    if (*at >= text.length || text.octets[*at] != '.')
        return false;
    (*at)++;
    return true;
}

struct smtp_enhanced_status smtp_enhanced_status_parse(struct smtp_span text)
{
    const struct smtp_enhanced_status none = { .present = false };
    if (text.length == 0 || (text.octets[0] != '2' && text.octets[0] != '4' && text.octets[0] != '5'))
        return none;
    size_t at = 1;
    uint16_t subject = 0;
    uint16_t detail = 0;
    if (!read_dot(text, &at) || !read_digits(text, &at, &subject))
        return none;
    if (!read_dot(text, &at) || !read_digits(text, &at, &detail))
        return none;
    if (at < text.length && text.octets[at] != ' ' && text.octets[at] != '\t')
        return none;
    return (struct smtp_enhanced_status){
        .present = true,
        .class_digit = (uint16_t)(text.octets[0] - '0'),
        .subject = subject,
        .detail = detail,
        .text = smtp_span_first(text, at),
    };
}

/* The code that the line begins with; 0 if it begins with none. */
static uint16_t read_code(struct smtp_span line)
{
    if (line.length < CODE_DIGITS || line.octets[0] < '1' || line.octets[0] > '5')
        return 0;
    uint16_t code = 0;
    size_t at = 0;
    return read_digits(line, &at, &code) && at == CODE_DIGITS ? code : 0;
}

struct smtp_reply_line smtp_reply_line_parse(struct smtp_span line)
{
    struct smtp_reply_line reply = { .valid = false, .last = true, .text = line };
    uint16_t code = read_code(line);
    if (code == 0)
        return reply;
    uint8_t separator = line.length > CODE_DIGITS ? line.octets[CODE_DIGITS] : ' ';
    if (separator != ' ' && separator != '-') {
        reply.no_separator = !smtp_ascii_is_digit(separator);
        return reply;
    }
    reply.valid = true;
    reply.code = code;
    reply.last = separator == ' ';
    reply.text = smtp_span_from(line, CODE_DIGITS + 1);
    reply.enhanced = smtp_enhanced_status_parse(reply.text);
    return reply;
}

struct smtp_reply_line smtp_reply_line_read(struct smtp_span text)
{
    struct smtp_reply_line line = smtp_reply_line_parse(text);
    if (line.valid || text.length < 4)
        return line;
    for (size_t i = 0; i < 3; i++)
        if (!smtp_ascii_is_digit(text.octets[i]))
            return line;
    if (text.octets[0] < '2' || text.octets[0] > '5' || smtp_ascii_is_digit(text.octets[3]))
        return line;
    line.code = (uint16_t)((text.octets[0] - '0') * 100 + (text.octets[1] - '0') * 10 + (text.octets[2] - '0'));
    line.last = true;
    line.text = smtp_span_from(text, 3);
    return line;
}
