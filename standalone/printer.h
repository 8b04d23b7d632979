/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PRINTER_H
#define SMTPSCOPE_PRINTER_H

/* Prints sessions as the command line asks for, with the worker's time; says it if the output cannot be written. */

#include "options.h"
#include "record.h"
#include "summary.h"

struct printer;

/* Opens the output. Returns NULL, and says why on standard error, if that fails. Everything given must outlive the printer. */
struct printer *printer_open(const struct options *options, struct worker *worker, struct arena_pool *pool);

/* Where messages are to be written to; NULL: nowhere. */
struct outdir *printer_directory(const struct printer *printer);

/* Behind the first frame, before any session is printed: its time. */
void printer_begin(struct printer *printer, int64_t time);

/* A transaction is over, its session is not: what is written to the directory of messages is written. It is the printer's as well now. */
void printer_transaction(struct printer *printer, struct record *record, struct transaction *transaction);

/* The session is over; the record belongs to the printer. Unless it is printed `in_turn`, its text is kept until printer_turn. */
void printer_session(struct printer *printer, struct record *record, bool in_turn);
void printer_turn(struct printer *printer, uint64_t id);

/* A connection on an SMTP port is none, from this frame on. `capture` is the file's name, `detail` is copied. */
void printer_not_smtp(struct printer *printer, uint64_t frame, const char *capture, const char *detail);

/* All that was given so far is wanted now: nothing more may come for a while. */
void printer_flush(struct printer *printer);

/* Whether output failed: the rest of the run is of no use to anybody. */
bool printer_failed(const struct printer *printer);

/* Sessions printed so far. */
uint64_t printer_sessions(const struct printer *printer);

/*
 * The worker is done: adds what was printed to `summary`, writes the summary record where one is wanted, and closes the
 * output. Returns whether all was written.
 */
bool printer_close(struct printer *printer, struct summary *summary);

#endif
