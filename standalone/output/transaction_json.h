/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TRANSACTION_JSON_H
#define SMTPSCOPE_TRANSACTION_JSON_H

#include "json.h"
#include "record.h"

/* Where the files of messages are: their names are written as paths. */
struct transaction_paths {
    const char *directory; /* NULL: the names stand alone */
};

/* Writes the keys of a transaction, from `mail_from` on, into the object that is open. `paths` is NULL where no files are written. */
void transaction_json(struct json *json, const struct record *record, const struct transaction *transaction,
                      const struct transaction_paths *paths);

/* Writes the `message` record of a transaction, one line. */
void transaction_json_record(struct json *json, const struct record *record, const struct transaction *transaction,
                             const struct transaction_paths *paths);

#endif
