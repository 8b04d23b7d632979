/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index_lines.h"

bool index_lines_next(FILE *file, GString *line, size_t limit, bool *too_long)
{
    int octet = getc_unlocked(file);
    g_string_truncate(line, 0);
    *too_long = false;
    if (octet == EOF)
        return false;
    for (; octet != EOF && octet != '\n'; octet = getc_unlocked(file)) {
        *too_long = *too_long || line->len == limit;
        if (!*too_long)
            g_string_append_c(line, (char)octet);
    }
    if (*too_long)
        g_string_truncate(line, 0);
    return true;
}
