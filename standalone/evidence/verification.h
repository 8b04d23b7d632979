/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_VERIFICATION_H
#define SMTPSCOPE_VERIFICATION_H

/* What --verify found, in words. */

#include "json.h"
#include "page.h"
#include "verify.h"

/* The `verification` record, one line. `directory`: as it was named. */
void verification_json(struct json *json, const char *directory, const struct verification *verification);

/* One line; nothing where a record of the index agrees, and no more is to be said. */
void verification_text(struct page *page, const struct verification *verification);

/* The last line. `counts`: by enum verify_result. */
void verification_text_end(struct page *page, const uint64_t counts[static VERIFY_RESULTS]);

#endif
