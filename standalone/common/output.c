/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "language.h"
#include "text.h"

bool output_open(struct output *output, const char *name)
{
    *output = (struct output){ .name = name, .stream = stdout, .begun = name == NULL };
    if (name == NULL)
        return true;
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    output->created = file >= 0;
    if (file < 0)
        file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    output->stream = file >= 0 ? fdopen(file, "w") : NULL;
    return output->stream != NULL;
}

/* What is no file has nothing that could go. */
FILE *output_stream(struct output *output)
{
    struct stat status;
    int file = fileno(output->stream);
    if (!output->begun && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(file, 0) != 0)
        g_warning("%s: %s", output->name, g_strerror(errno)); /* and it is written over */
    output->begun = true;
    return output->stream;
}

bool output_flush(struct output *output)
{
    return !output->begun || fflush(output->stream) == 0;
}

bool output_close(struct output *output, bool good)
{
    if (output->stream == NULL)
        return true;
    if (good)
        output_stream(output);
    if (output->name == NULL)
        return fflush(output->stream) == 0;
    if (!output->begun && output->created)
        unlink(output->name);
    bool closed = fclose(output->stream) == 0;
    output->stream = NULL;
    return closed;
}

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
