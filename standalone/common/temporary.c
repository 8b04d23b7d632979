/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

int temporary_open(void)
{
    char *name = g_build_filename(g_get_tmp_dir(), "smtpscope-XXXXXX", NULL);
    int file = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    int problem = errno;
    if (file >= 0)
        unlink(name);
    g_free(name);
    errno = problem;
    return file;
}

FILE *temporary_stream(void)
{
    int file = temporary_open();
    return file >= 0 ? fdopen(file, "w+") : NULL;
}
