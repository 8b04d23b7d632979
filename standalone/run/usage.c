/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage.h"

#include <stdarg.h>
#include <stdio.h>

#include "language.h"
#include "options.h"
#include "text.h"

bool usage_wrong(int *status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *problem = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    GString *visible = g_string_new(NULL);
    text_append_diagnostic(visible, smtp_span_of_text(problem));
    fprintf(stderr, "smtpscope: %s; %s\n", visible->str, _("try smtpscope --help"));
    g_string_free(visible, TRUE);
    g_free(problem);
    *status = EXIT_STATUS_USAGE;
    return false;
}
