/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_EXPORT_H
#define SMTPSCOPE_EXPORT_H

/*
 * The directory that messages are written to, one file each, and its index (EXPORT_INDEX). The files are written while the messages
 * come in (message.c); here they get their names, which are built from numbers. Used by the worker.
 *
 * A mail has its name, and its record in the index, as soon as it is whole and its transaction over, or else at the end of its session. If
 * anything fails, or the run is ended by force, the index holds the records of the mails that are there, and has no summary.
 */

#include "outdir.h"
#include "record.h"
#include "summary.h"

#define EXPORT_INDEX "messages.ndjson"

struct export;

/* Never NULL; outdir_failed(export_directory(...)) tells whether it is of use. */
struct export *export_open(const char *path);

struct outdir *export_directory(const struct export *export);

/* Names the files of a transaction's message, and notes it in the index. */
void export_transaction(struct export *export, const struct record *record, struct transaction *transaction);

/* Nobody asked for its session: what was written of it goes. */
void export_forget(struct transaction *transaction);

/* export_transaction for those of a session that is over, as far as it is not done. */
void export_session(struct export *export, const struct record *record);

/*
 * Writes the index to its end, with the summary if nothing has failed. Of captures none of which could be read nothing stays: neither the
 * index, nor a directory that was made for it. Returns whether everything was written.
 */
bool export_close(struct export *export, const struct summary *summary);

void export_free(struct export *export);

/* Whether a file that is there was written by this program to such a directory, by its name; of the index, by what is in it, too. */
bool export_has_written(const char *path);

/* The name of a message's file, without a directory; g_free it. */
char *export_message_name(const struct record *record, const struct transaction *transaction);

/* The name of the file of its attachment `number`, from 1. */
char *export_attachment_name(const struct record *record, const struct transaction *transaction, const struct attachment *attachment,
                             unsigned number);

#endif
