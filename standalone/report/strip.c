/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strip.h"

#include <glib.h>

#include "temporary.h"

struct strip {
    GString *memory; /* the end of the text: what is not in the file */
    FILE *file;      /* NULL: not needed yet */
};

struct strip *strip_new(void)
{
    struct strip *strip = g_new0(struct strip, 1);
    strip->memory = g_string_new(NULL);
    return strip;
}

void strip_free(struct strip *strip)
{
    if (strip == NULL)
        return;
    if (strip->file != NULL)
        fclose(strip->file);
    g_string_free(strip->memory, TRUE);
    g_free(strip);
}

static bool empty_memory(struct strip *strip)
{
    if (strip->file == NULL)
        strip->file = temporary_stream();
    if (strip->file == NULL)
        return false;
    size_t length = strip->memory->len;
    bool good = fwrite(strip->memory->str, 1, length, strip->file) == length;
    g_string_truncate(strip->memory, 0);
    return good;
}

bool strip_add(struct strip *strip, struct smtp_span text)
{
    while (text.length > 0) {
        struct smtp_span part = smtp_span_first(text, STRIP_MEMORY - strip->memory->len);
        g_string_append_len(strip->memory, (const char *)part.octets, (gssize)part.length);
        text = smtp_span_from(text, part.length);
        if (strip->memory->len == STRIP_MEMORY && !empty_memory(strip))
            return false;
    }
    return true;
}

static bool copy_file(FILE *from, FILE *to)
{
    char piece[65536];
    size_t length;
    rewind(from);
    while ((length = fread(piece, 1, sizeof piece, from)) > 0)
        if (fwrite(piece, 1, length, to) != length)
            return false;
    return ferror(from) == 0;
}

bool strip_give(struct strip *strip, FILE *out)
{
    if (strip->file != NULL && !copy_file(strip->file, out))
        return false;
    return fwrite(strip->memory->str, 1, strip->memory->len, out) == strip->memory->len;
}
