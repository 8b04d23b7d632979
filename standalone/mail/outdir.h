/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OUTDIR_H
#define SMTPSCOPE_OUTDIR_H

/*
 * A directory that evidence is written to. Nothing in it is ever overwritten, no symbolic link in it is followed, and what is being
 * written has a temporary name (OUTDIR_TEMPORARY...) until it is whole. The first thing that fails is remembered in words, and nothing
 * more is written behind it. It is for whoever wrote it alone: modes 0700 and 0600, unless the directory was there before. One thread at a time, but for outdir_failed.
 */

#include <stdbool.h>
#include <stdint.h>

#define OUTDIR_TEMPORARY ".smtpscope-"

struct outdir;

/* Opens `path`, and creates it where it is absent (not its parents). Never NULL; see outdir_problem. */
struct outdir *outdir_open(const char *path);
void outdir_free(struct outdir *directory);

const char *outdir_path(const struct outdir *directory);

/* Its descriptor, for openat(2) and its kin; -1 if it could not be opened. */
int outdir_descriptor(const struct outdir *directory);

/* What failed first, as a sentence without its end that names the file; NULL: nothing did. */
const char *outdir_problem(const struct outdir *directory);

/* The same without the words, for any thread. */
bool outdir_failed(const struct outdir *directory);

/* Remembers that something failed, with errno as the reason (and leaves it as it is). `name`: the file's, or NULL for the directory itself. */
void outdir_fail(struct outdir *directory, const char *name);

/* Something has failed: adds to the problem what became of the rest, or what can be done. */
void outdir_add_to_problem(struct outdir *directory, const char *words);

/* Creates a file that must not exist, to be written to. Returns its descriptor, or -1 (the problem is remembered). */
int outdir_create(struct outdir *directory, const char *name);

/* The same under a temporary name of the directory's choice; g_free `*name`. */
int outdir_create_temporary(struct outdir *directory, char **name);

/* Writes all of it. Returns false where that fails (the problem is remembered). */
bool outdir_write(struct outdir *directory, int descriptor, const char *name, const void *octets, uint64_t length);

/* Gives a temporary file its name. Returns false where that fails, above all if a file has that name already. */
bool outdir_rename(struct outdir *directory, const char *temporary, const char *name);

void outdir_remove(struct outdir *directory, const char *name);

/* Removes the directory itself, if outdir_open made it and nothing is in it. */
void outdir_remove_if_made(struct outdir *directory);

#endif
