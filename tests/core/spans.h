/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_TEST_SPANS_H
#define SMTP_TEST_SPANS_H

/* What the tests of the parsers share: spans from literals, checks that name the row that failed, hostile lengths. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "span.h"

/* The octets of a literal, NULs in it included; fit for a static table. */
#define TEXT(literal) { .octets = (const uint8_t *)(literal), .length = sizeof(literal) - 1 }

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A failure shows which input it was. */
#define EXPECT(row, condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("\"%.*s\": %s", (int)(row).length, (row).length ? (const char *)(row).octets : "", #condition);   \
    } while (0)

static inline bool is_text(struct smtp_span span, const char *text)
{
    return span.length == strlen(text) && (span.length == 0 || memcmp(span.octets, text, span.length) == 0);
}

/* A parser may hand out nothing but stretches of what it was given. */
static inline bool is_inside(struct smtp_span span, struct smtp_span whole)
{
    if (span.length == 0)
        return true;
    return span.octets >= whole.octets && span.octets + span.length <= whole.octets + whole.length;
}

/*
 * Runs `parse` over every prefix of `input`, from nothing to all of it. Each stands in memory of exactly its own length,
 * so that AddressSanitizer sees an octet read too many.
 */
static inline void for_each_prefix(struct smtp_span input, void (*parse)(struct smtp_span prefix))
{
    parse(smtp_span(NULL, 0));
    for (size_t length = 0; length <= input.length; length++) {
        uint8_t *copy = malloc(length);
        assert_true(copy != NULL || length == 0);
        if (length > 0)
            memcpy(copy, input.octets, length);
        parse(smtp_span(copy, length));
        free(copy);
    }
}

#endif
