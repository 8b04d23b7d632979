/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "overwrite.h"

#include <glib.h>
#include <stdio.h>
#include <sys/stat.h>

#include "export.h"
#include "language.h"
#include "signature.h"
#include "text.h"

static bool is_one_of(const struct stat *output, char *const *inputs, unsigned count)
{
    struct stat input;
    for (unsigned i = 0; i < count; i++)
        if (stat(inputs[i], &input) == 0 && input.st_dev == output->st_dev && input.st_ino == output->st_ino)
            return true;
    return false;
}

/* A sentence about the file, in the language of the user, with %s for its name; NULL: it may be overwritten. */
static const char *why_not(const char *name, char *const *inputs, unsigned count)
{
    struct stat output;
    if (stat(name, &output) != 0 || !S_ISREG(output.st_mode))
        return NULL;
    if (is_one_of(&output, inputs, count) || signature_of_file(name) != NULL)
        return _("smtpscope: %s: is a capture, and would be overwritten\n");
    if (export_has_written(name))
        return _("smtpscope: %s: belongs to mails that --output-dir wrote, and would be overwritten\n");
    return NULL;
}

bool overwrite_allowed(const char *name, char *const *inputs, unsigned count)
{
    const char *sentence = why_not(name, inputs, count);
    if (sentence == NULL)
        return true;
    GString *visible = g_string_new(NULL);
    text_append_visible(visible, smtp_span_of_text(name));
    fprintf(stderr, sentence, visible->str);
    g_string_free(visible, TRUE);
    return false;
}
