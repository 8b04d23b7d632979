/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TIMING_OUT_H
#define SMTPSCOPE_TIMING_OUT_H

#include "json.h"
#include "page.h"
#include "timing.h"

/* The key `timing` of a session. */
void timing_json(struct json *json, const struct timing *timing, unsigned precision);

/* A table to stand below the line of a session. */
void timing_text(struct page *page, const struct timing *timing);

#endif
