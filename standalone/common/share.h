/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SHARE_H
#define SMTPSCOPE_SHARE_H

/*
 * Where the program's own files are: the captures of the lessons. They are looked for beside the
 * program, in ../share, so that an installation can be moved; the build tree is laid out like one. $SMTPSCOPE_SHARE
 * overrides that.
 */

#include <glib.h>

/* The path of a file or folder in "share", such as "smtpscope/captures". Free with g_free. */
char *share_path(const char *name);

#endif
