/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SAFE_NAME_H
#define SMTPSCOPE_SAFE_NAME_H

#include "span.h"

/* Octets of a safe name at the most. */
#define SAFE_NAME_LIMIT 120

/*
 * A file name that is safe on any system, made from one that came over the wire: valid UTF-8 without path separators, control characters,
 * characters that mislead the eye, wildcards or quotes (an underscore stands for each); it does not begin with a dot, a hyphen or a
 * space, nor end with a dot or a space, is no device name of Windows, has no ".partial" as or in its
 * extensions (by which files are known that are not whole: an underscore stands for that dot), and has 1 to SAFE_NAME_LIMIT octets; of a long name the
 * middle is left out, and its ending kept. Not unique: that is for the caller to see to. g_free it.
 */
char *safe_name(struct smtp_span name);

#endif
