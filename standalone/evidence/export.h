/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_EXPORT_H
#define SMTPSCOPE_EXPORT_H

/*
 * The directory that messages are written to, one file each, and its index (EXPORT_INDEX). The files are written while the messages
 * come in (message.c); here they get their names, which are built from numbers. Used by the worker.
 *
 * The index has the record of a mail as soon as its session is over. If anything fails, or the run is ended by force, it holds the records
 * of the mails that are there, and has no summary.
 */

#include "outdir.h"
#include "record.h"
#include "summary.h"

#define EXPORT_INDEX "messages.ndjson"

struct export;

/* Never NULL; outdir_failed(export_directory(...)) tells whether it is of use. */
struct export *export_open(const char *path);

struct outdir *export_directory(const struct export *export);

/* Names the files of a session's messages, and notes them in the index. */
void export_session(struct export *export, const struct record *record);

/* Writes the index to its end, with the summary if nothing has failed. Returns whether everything was written. */
bool export_close(struct export *export, const struct summary *summary);

void export_free(struct export *export);

/* The name of a message's file, without a directory; g_free it. */
char *export_message_name(const struct record *record, const struct transaction *transaction);

/* The name of the file of its attachment `number`, from 1. */
char *export_attachment_name(const struct record *record, const struct transaction *transaction, const struct attachment *attachment,
                             unsigned number);

#endif
