/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OUTFILE_H
#define SMTPSCOPE_OUTFILE_H

/*
 * A file whose octets come piece by piece, one of thousands at a time, and whose name is known at the end only. The first
 * OUTFILE_HELD octets are held in an arena; what is more goes to a temporary file, which is open only while it is written to.
 */

#include "arena.h"
#include "outdir.h"

#define OUTFILE_HELD ((size_t)64 * 1024)

struct outfile;

/* It lies in `arena`. Directory and pool must outlive the file. */
struct outfile *outfile_new(struct arena *arena, struct outdir *directory, struct arena_pool *pool);

/* It is not needed any more; what has no name yet is removed. */
void outfile_free(struct outfile *file);

void outfile_add(struct outfile *file, struct smtp_span octets);

/* All octets came: what is held is written. */
void outfile_end(struct outfile *file);

/* Gives the file its name, behind outfile_end. Returns false where that fails (the directory says why). */
bool outfile_name(struct outfile *file, const char *name);

#endif
