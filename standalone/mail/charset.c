/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "charset.h"

#include <gmime/gmime.h>
#include <string.h>

#include "text.h"

/* Names that programs write, and systems do not know. */
static const char *known_name(const char *name)
{
    static const struct {
        const char *name, *known;
    } aliases[] = {
        { "big5_tw", "big5" },                /* Python's own names of two */
        { "eucgb2312_cn", "gb2312" },
        { "gb_2312-80", "gb2312" },
        { "cp-1252", "windows-1252" },
        { "cp50220", "iso-2022-jp" },
        { "cp50221", "iso-2022-jp" },
        { "iso-2022-jp-ms", "iso-2022-jp" },
        { "mac-roman", "macintosh" },
        { "unicode-1-1-utf-7", "utf-7" },
        { "windows-949", "cp949" },
    };
    if (g_ascii_strncasecmp(name, "x-", 2) == 0)
        name += 2;
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
        if (g_ascii_strcasecmp(name, aliases[i].name) == 0)
            return aliases[i].known;
    return name;
}

bool charset_system_name(struct smtp_span name, char system[CHARSET_LIMIT])
{
    char copy[CHARSET_LIMIT];
    if (name.length == 0 || name.length >= sizeof copy)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        if (!g_ascii_isalnum((char)name.octets[i]) && (name.octets[i] == 0 || strchr("-_.:+", name.octets[i]) == NULL))
            return false; /* above all no '/', behind which the system is told how to convert */
        copy[i] = (char)name.octets[i];
    }
    copy[name.length] = '\0';
    return g_strlcpy(system, g_mime_charset_iconv_name(known_name(copy)), CHARSET_LIMIT) < CHARSET_LIMIT;
}

static bool convert(GString *out, const char *system, struct smtp_span octets)
{
    gsize written = 0;
    char *text = g_convert((const char *)octets.octets, (gssize)octets.length, "UTF-8", system, NULL, &written, NULL);
    if (text == NULL)
        return false;
    g_string_append_len(out, text, (gssize)written);
    g_free(text);
    return true;
}

bool charset_append(GString *out, const char *system, struct smtp_span octets)
{
    static const struct {
        const char *name, *larger;
    } charsets[] = {
        { "big5", "BIG5-HKSCS" }, { "euc-jp", "EUC-JP-MS" },          { "euc-kr", "CP949" },
        { "gbk", "GB18030" },     { "iso-2022-jp", "ISO-2022-JP-3" }, { "shift-jis", "CP932" },
    };
    if (g_ascii_strcasecmp(system, "UTF-8") == 0) {
        if (!text_is_utf8(octets))
            return false;
        g_string_append_len(out, (const char *)octets.octets, (gssize)octets.length);
        return true;
    }
    if (octets.length == 0)
        return true;
    if (convert(out, system, octets))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++)
        if (g_ascii_strcasecmp(system, charsets[i].name) == 0)
            return convert(out, charsets[i].larger, octets);
    return false;
}
