/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MIME_PARAMETER_H
#define SMTPSCOPE_MIME_PARAMETER_H

/*
 * Parameters of Content-Type and Content-Disposition: "attachment; filename=a.pdf" (RFC 2045 section 5.1, RFC 2183, RFC 2231). Fields are
 * given unfolded, with any octets. What is against the grammar is read as most programs read it, and nothing of a name is left out:
 * neither behind a NUL, nor behind white space or a quoted string, nor because a part in front of it is missing.
 */

#include <glib.h>

#include "span.h"

/* What stands in front of the parameters: "attachment". */
struct smtp_span mime_parameter_front(struct smtp_span field);

/*
 * The name of a file: of parameters in parts (name*0, name*1*) all that are there, in their order; encoded octets in their charset, or as
 * they are where that is not known; encoded words decoded (encoded_words.h), which no standard allows and many programs write. One with
 * a charset of its own (name*=) counts more than one without, and then the first. NULL: there is none.
 */
GString *mime_parameter_name(struct smtp_span field, const char *name);

/* The first of a name as it stands, without its quotes. NULL: there is none. */
GString *mime_parameter_plain(struct smtp_span field, const char *name);

#endif
