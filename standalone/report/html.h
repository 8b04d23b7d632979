/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_HTML_H
#define SMTPSCOPE_HTML_H

/*
 * Writes HTML. Marks are literals of the program, or of its template (report.html), all else is text: it goes through
 * html_text, which lets nothing in it begin an element, end an attribute, or reorder or hide what stands around it.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "span.h"

struct html {
    GString *out;    /* appended to by html.c only, and by html_mark */
    GString *phrase; /* see html_phrase */
};

void html_begin(struct html *html);
void html_end(struct html *html);

/* Elements and attributes, as they stand in the program: literals only. */
#define html_mark(html, literal) g_string_append_len((html)->out, "" literal "", (gssize)sizeof(literal) - 1)

/* Text that is UTF-8: the program's own, or made visible before (text.h). */
void html_text(struct html *html, const char *text);
void html_printf(struct html *html, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Octets from the wire, made visible; isolated, so that their direction is their own. What is long is cut, and it is
 * said. */
void html_wire(struct html *html, struct smtp_span octets);

/* The name of a file; of a long one its end, too. */
void html_file_name(struct html *html, struct smtp_span name);

/* ` name="text"`; `name` is of the program. */
void html_attribute(struct html *html, const char *name, const char *text);

/* "1234", as in an id; and "1,234". */
void html_number(struct html *html, uint64_t number);
void html_count(struct html *html, uint64_t number);

/* A time element; `time` in nanoseconds since 1970. */
void html_time(struct html *html, int64_t time, unsigned precision);

/* An empty text, to be filled with words; they are given out, and the text is empty again. */
GString *html_phrase(struct html *html);
void html_give(struct html *html);

/* A piece of the page's template, its style sheet or script: of the program, as it stands. */
void html_source(struct html *html, struct smtp_span content);

/* "sha256-..." of an element's content, as a Content-Security-Policy wants it. */
void html_source_hash(struct html *html, const char *content);

#endif
