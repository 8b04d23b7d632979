/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_SPAN_H
#define SMTP_SPAN_H

/*
 * A span is a stretch of octets that belongs to somebody else: a pointer and a length, never a copy.
 * Whoever hands a span out says how long the octets behind it live. An empty span has length 0; its
 * pointer may then be NULL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct smtp_span {
    const uint8_t *octets;
    size_t length; /* octets */
};

static inline struct smtp_span smtp_span(const void *octets, size_t length)
{
    return (struct smtp_span){ .octets = octets, .length = length };
}

/* The span of a NUL-terminated string, without its NUL. */
static inline struct smtp_span smtp_span_of_text(const char *text)
{
    return smtp_span(text, strlen(text));
}

/* The octets of `span` from `from` (clamped to its end) up to its end. */
static inline struct smtp_span smtp_span_from(struct smtp_span span, size_t from)
{
    if (from >= span.length)
        return smtp_span(span.octets ? span.octets + span.length : NULL, 0);
    return smtp_span(span.octets + from, span.length - from);
}

/* The first `length` octets of `span`, or all of it if it is shorter. */
static inline struct smtp_span smtp_span_first(struct smtp_span span, size_t length)
{
    return smtp_span(span.octets, length < span.length ? length : span.length);
}

/* ASCII only, whatever the locale: protocol words are never anything else. */
static inline uint8_t smtp_ascii_upper(uint8_t octet)
{
    return octet >= 'a' && octet <= 'z' ? (uint8_t)(octet - 'a' + 'A') : octet;
}

static inline bool smtp_ascii_is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

static inline bool smtp_ascii_is_letter(uint8_t octet)
{
    return smtp_ascii_upper(octet) >= 'A' && smtp_ascii_upper(octet) <= 'Z';
}

/* Whether no letter of both cases stands in it: "DATA" and "data" are typed by programs, "Data" begins a sentence. */
static inline bool smtp_ascii_is_of_one_case(struct smtp_span span)
{
    bool upper = false;
    bool lower = false;
    for (size_t i = 0; i < span.length; i++) {
        bool letter = smtp_ascii_is_letter(span.octets[i]);
        bool capital = smtp_ascii_upper(span.octets[i]) == span.octets[i];
        upper = upper || (letter && capital);
        lower = lower || (letter && !capital);
    }
    return !(upper && lower);
}

/* Whether `span` begins with `prefix`, ASCII letters compared without case. */
static inline bool smtp_span_starts_with(struct smtp_span span, const char *prefix)
{
    size_t i = 0;
    for (; prefix[i] != '\0'; i++)
        if (i >= span.length || smtp_ascii_upper(span.octets[i]) != smtp_ascii_upper((uint8_t)prefix[i]))
            return false;
    return true;
}

/* Whether `span` is `text`, ASCII letters compared without case. */
static inline bool smtp_span_is(struct smtp_span span, const char *text)
{
    return span.length == strlen(text) && smtp_span_starts_with(span, text);
}

/* Reads a decimal number below 2^63, and nothing but digits. False, and `*number` as it was, for anything else. */
static inline bool smtp_span_number(struct smtp_span digits, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.length; i++) {
        uint64_t digit = (uint64_t)(digits.octets[i] - '0');
        if (!smtp_ascii_is_digit(digits.octets[i]) || value > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (digits.length > 0)
        *number = value;
    return digits.length > 0;
}

/* Whether two spans hold the same octets. */
static inline bool smtp_span_same(struct smtp_span a, struct smtp_span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.octets, b.octets, a.length) == 0);
}

/* Whether two spans hold the same octets, ASCII letters compared without case. */
static inline bool smtp_span_same_letters(struct smtp_span a, struct smtp_span b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (smtp_ascii_upper(a.octets[i]) != smtp_ascii_upper(b.octets[i]))
            return false;
    return true;
}

/* Without spaces and tabs at either end. */
static inline struct smtp_span smtp_span_trim(struct smtp_span span)
{
    while (span.length > 0 && (span.octets[0] == ' ' || span.octets[0] == '\t'))
        span = smtp_span_from(span, 1);
    while (span.length > 0 && (span.octets[span.length - 1] == ' ' || span.octets[span.length - 1] == '\t'))
        span.length--;
    return span;
}

/*
 * Takes the next word off the front of `*rest`: skips spaces and tabs, returns the octets up to the next
 * space, tab or end, and moves `*rest` behind them. An empty span when there is no further word.
 */
static inline struct smtp_span smtp_span_next_word(struct smtp_span *rest)
{
    struct smtp_span word = *rest;
    while (word.length > 0 && (word.octets[0] == ' ' || word.octets[0] == '\t'))
        word = smtp_span_from(word, 1);
    size_t end = 0;
    while (end < word.length && word.octets[end] != ' ' && word.octets[end] != '\t')
        end++;
    *rest = smtp_span_from(word, end);
    return smtp_span_first(word, end);
}

#endif
