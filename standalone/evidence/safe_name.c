/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "safe_name.h"

#include <glib.h>
#include <string.h>

#include "text.h"

/* Octets of the end of a name, with the dot of its extension, that are kept. */
#define ENDING_LIMIT ((size_t)32)

static bool is_safe(gunichar character)
{
    if (character < 0x80 && strchr("/\\:*?\"<>|$`~&;'!%{}", (int)character) != NULL) /* a NUL is found, too */
        return false;
    return !text_misleads(character) && !(g_unichar_isspace(character) && character != ' ');
}

/* Each character that is not safe, and each octet of what is no character, becomes an underscore. */
static GString *replace_unsafe(struct smtp_span name)
{
    GString *safe = g_string_new(NULL);
    while (name.length > 0) {
        gunichar character = name.octets[0] == 0 ? 0 : g_utf8_get_char_validated((const char *)name.octets, (gssize)MIN(name.length, 6));
        bool valid = character != (gunichar)-1 && character != (gunichar)-2;
        size_t length = valid && name.octets[0] >= 0x80 ? (size_t)g_unichar_to_utf8(character, NULL) : 1;
        if (valid && is_safe(character))
            g_string_append_len(safe, (const char *)name.octets, (gssize)length);
        else
            g_string_append_c(safe, '_');
        name = smtp_span_from(name, length);
    }
    return safe;
}

/* Cuts behind `length` octets at the most, and not inside a character. */
static void cut(GString *name, size_t length)
{
    while (length > 0 && ((uint8_t)name->str[length] & 0xc0) == 0x80)
        length--;
    g_string_truncate(name, length);
}

/* What a system drops at the end of a name. */
static void drop_end(GString *name)
{
    while (name->len > 0 && strchr(". ", name->str[name->len - 1]) != NULL)
        g_string_truncate(name, name->len - 1);
}

/* Where the ending begins that is kept: the extension and what is in front of it, or the beginning of a very long extension. */
static char *ending_of(const GString *name)
{
    size_t length = name->len;
    while (length > 1 && name->str[length - 1] == '_') /* of what was replaced, one says enough */
        length--;
    length = MIN(length + 1, name->len);
    size_t from = length > ENDING_LIMIT ? length - ENDING_LIMIT : 0;
    const char *dot = g_strrstr_len(name->str, (gssize)length, ".");
    if (dot != NULL && (size_t)(dot - name->str) < from) {
        from = (size_t)(dot - name->str);
        length = from + ENDING_LIMIT;
    }
    while (((uint8_t)name->str[from] & 0xc0) == 0x80)
        from++;
    while (length > from && ((uint8_t)name->str[length] & 0xc0) == 0x80)
        length--;
    return g_strndup(name->str + from, length - from);
}

/* Of a name that is too long the middle is left out. */
static void shorten(GString *name)
{
    if (name->len <= SAFE_NAME_LIMIT)
        return;
    char *ending = ending_of(name);
    cut(name, SAFE_NAME_LIMIT - strlen(ending));
    g_string_append(name, ending);
    g_free(ending);
}

/* Ends that a system drops, or a program takes for something else. */
static void mend_ends(GString *name)
{
    drop_end(name);
    if (name->len == 0)
        g_string_assign(name, "unnamed");
    if (strchr(".- ", name->str[0]) != NULL)
        name->str[0] = '_';
}

/* ".partial" says of a file that it is not whole: no name from the wire may say so. */
static void deny_partial(GString *name)
{
    static const char partial[] = ".partial";
    const size_t length = sizeof partial - 1;
    for (size_t at = 0; at + length <= name->len; at++)
        if (g_ascii_strncasecmp(name->str + at, partial, length) == 0 && (name->str[at + length] == '.' || name->str[at + length] == '\0'))
            name->str[at] = '_';
}

/* Windows: with any extension, and white space in front of it. */
static bool is_device(const char *name)
{
    static const char *const devices[] = { "CON", "PRN", "AUX", "NUL", "CONIN_", "CONOUT_", "CLOCK_" }; /* the last with a $, which is replaced */
    size_t length = strcspn(name, ". ");
    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++)
        if (strlen(devices[i]) == length && g_ascii_strncasecmp(name, devices[i], length) == 0)
            return true;
    bool port = g_ascii_strncasecmp(name, "COM", 3) == 0 || g_ascii_strncasecmp(name, "LPT", 3) == 0;
    bool digit = length == 4 && g_ascii_isdigit(name[3]);
    bool superscript = length == 5 && (memcmp(name + 3, "\xc2\xb9", 2) == 0 || memcmp(name + 3, "\xc2\xb2", 2) == 0
                                       || memcmp(name + 3, "\xc2\xb3", 2) == 0);
    return port && (digit || superscript);
}

char *safe_name(struct smtp_span name)
{
    GString *safe = replace_unsafe(name);
    drop_end(safe); /* first: behind it the extension is found */
    shorten(safe);
    mend_ends(safe);
    if (is_device(safe->str)) {
        g_string_prepend_c(safe, '_');
        shorten(safe);
    }
    deny_partial(safe);
    return g_string_free(safe, FALSE);
}
