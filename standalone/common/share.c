/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "share.h"

#include "version.h"

char *share_path(const char *name)
{
    const char *given = g_getenv("SMTPSCOPE_SHARE");
    if (given != NULL && *given != '\0')
        return g_build_filename(given, name, NULL);
    char *program = g_file_read_link("/proc/self/exe", NULL);
    if (program == NULL)
        return g_build_filename(SMTPSCOPE_DATADIR, name, NULL);
    char *folder = g_path_get_dirname(program);
    char *above = g_path_get_dirname(folder);
    char *path = g_build_filename(above, "share", name, NULL);
    g_free(above);
    g_free(folder);
    g_free(program);
    return path;
}
