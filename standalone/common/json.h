/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_JSON_H
#define SMTPSCOPE_JSON_H

/*
 * Writes JSON values into a GString, one call a value, commas and escapes done here. A writer of our own because
 * records stream out one line at a time and hold text that may be no UTF-8 at all.
 * `key` is NULL inside arrays.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "relief.h"
#include "span.h"

struct json {
    GString *out;
    bool comma; /* a value stands in front of the next one */
    const struct relief *relief; /* asked in front of a value, when much was written; NULL: none */
};

void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);

/* Ends the record: a newline, and the writer is as new. */
void json_end_line(struct json *json);

void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
void json_number(struct json *json, const char *key, uint64_t value);
/* null where there is none: 0. */
void json_number_or_null(struct json *json, const char *key, uint64_t value);
/* A duration or offset in time: nanoseconds, written as seconds with `precision` digits. */
void json_seconds(struct json *json, const char *key, int64_t nanoseconds, unsigned precision);
void json_time(struct json *json, const char *key, int64_t time, unsigned precision);

/* ASCII or UTF-8 text of our own; NULL is written as null. */
void json_text(struct json *json, const char *key, const char *text);

/* What json_span cannot do inside an array: whether a sibling with the exact octets is needed, and one of its elements. */
bool json_needs_base64(struct smtp_span span);
void json_base64(struct json *json, struct smtp_span span);

/*
 * Text from the wire. Invalid UTF-8 is written as \xNN, and then the sibling `key`_base64 holds the exact octets.
 * Inside arrays there is no sibling.
 */
void json_span(struct json *json, const char *key, struct smtp_span span);

/* The same without a sibling: for records whose keys are another program's. */
void json_octets(struct json *json, const char *key, struct smtp_span span);

/* null where there is none: `octets` is NULL. */
void json_span_or_null(struct json *json, const char *key, struct smtp_span span);

/* The same of text that ends with a NUL; null if it is NULL. */
void json_wire_text(struct json *json, const char *key, const char *text);

#endif
