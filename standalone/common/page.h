/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PAGE_H
#define SMTPSCOPE_PAGE_H

/* A page of text PAGE_COLUMNS wide: rules across it, two columns, colour. */

#include <glib.h>
#include <stdbool.h>

#define PAGE_COLUMNS 100u

enum page_colour {
    PAGE_PLAIN,
    PAGE_BOLD,
    PAGE_DIM,
    PAGE_CLIENT,  /* what the client says */
    PAGE_SERVER,  /* what the server says */
    PAGE_GOOD,
    PAGE_WARNING,
    PAGE_BAD,
};

struct page {
    GString *out;
    bool colour;
    bool unicode; /* the terminal's character set is UTF-8; where it is not, all else than ASCII is written as \xNN */
};

/* Characters that differ with the character set. Static memory. */
const char *page_heavy(const struct page *page);  /* a rule that cannot be overlooked: U+2501, or '=' */
const char *page_light(const struct page *page);  /* a rule: U+2500, or '-' */
const char *page_bullet(const struct page *page); /* U+00B7, or '*' */

/* Appends `text` (valid UTF-8) in a colour. */
void page_append(struct page *page, enum page_colour colour, const char *text);
void page_printf(struct page *page, enum page_colour colour, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A rule of `dash` across the page with `title` set into it behind `indent` dashes, and a newline. */
void page_rule(struct page *page, enum page_colour colour, const char *dash, unsigned indent, const char *title);

/*
 * Writes `text` and goes to the next line; where the page ends, it goes on below, `indent` columns in. `used` columns of the
 * first line are taken already. Breaks at spaces where there are some.
 */
void page_wrap(struct page *page, enum page_colour colour, unsigned used, unsigned indent, const char *text);

#endif
