/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <errno.h>
#include <stdio.h>

#include "language.h"
#include "text.h"

void output_say_failed(const char *name)
{
    int reason = errno;
    if (reason == EPIPE)
        return;
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(name != NULL ? name : _("standard output")));
    fprintf(stderr, _("smtpscope: %s: cannot write: %s\n"), visible->str, g_strerror(reason));
    g_string_free(visible, TRUE);
}

void output_say_is_capture(const char *name)
{
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(name));
    fprintf(stderr, _("smtpscope: %s: is a capture, and would be overwritten\n"), visible->str);
    g_string_free(visible, TRUE);
}
