/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

/*
 * The argument of MAIL and RCPT: a path and its parameters (RFC 5321 sections 4.1.1.2, 4.1.1.3, 4.1.2).
 * Any input is valid input. Nothing is copied: every span points into the argument.
 */

#include "command.h"
#include "span.h"

struct smtp_path {
    bool found;                 /* FROM: or TO: was there, and something (or <>) behind it */
    bool null;                  /* the null reverse-path, <> */
    struct smtp_span address;   /* local-part@domain without brackets and source route; empty for <> */
    struct smtp_span route;     /* the source route "@a,@b" without its colon; empty if there is none */
    struct smtp_span local_part;/* as sent, quotes kept */
    struct smtp_span domain;    /* behind the last @ outside quotes; a literal keeps its brackets */
    struct smtp_span parameters;/* all that follows the path, trimmed; walk it with smtp_parameter_next */
    bool space_after_colon;     /* "FROM: <a>": against the RFC, common */
    bool no_brackets;           /* "FROM:a@b" */
    bool unclosed;              /* "<a@b" without its ">" */
    bool wrapped;               /* a name or brackets stand around the bracketed address: "Foo <a@b>", "<Foo <a@b>>", "<<a@b>>" */
};

/*
 * Parses "FROM:<a@b> SIZE=10" with keyword "FROM", "TO:<a@b>" with keyword "TO"; the keyword in any case,
 * spaces before and behind the colon allowed. A '>' inside a quoted local-part does not close the path.
 * Without brackets the path ends at the first space outside quotes. Of brackets in brackets, and behind a name, the
 * innermost hold the address, as servers take it; comments around it, "(Foo)", are none of it. The brackets of a value,
 * "AUTH=<>", hold none.
 */
struct smtp_path smtp_path_parse(struct smtp_span argument, const char *keyword);

/* The path of a command that names a sender or a recipient; `found` is false for any other. */
struct smtp_path smtp_path_of(const struct smtp_command *command);

/* One esmtp-param: "SIZE=10" or "SMTPUTF8". */
struct smtp_parameter {
    struct smtp_span keyword;
    struct smtp_span value; /* behind the '='; empty if there is none */
    bool has_value;
};

/* Takes the next parameter off the front of `*rest`. Returns false when there is none. */
bool smtp_parameter_next(struct smtp_span *rest, struct smtp_parameter *parameter);

#endif
