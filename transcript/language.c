/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "language.h"

#include <glib.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "texts.h"

#define ALWAYS_THERE "C.UTF-8" /* a locale that glibc brings along */

static const char *in_use = "en";
/*
 * Text in English -> struct texts_translation; NULL for English, which costs nothing: transcripts are long. Not
 * libintl's: newer ones translate nothing in "C.UTF-8", and no other locale is sure to be installed.
 */
static GHashTable *translations;

const char *language_text(const char *text)
{
    const struct texts_translation *found = translations != NULL ? g_hash_table_lookup(translations, text) : NULL;
    return found != NULL ? found->one : text;
}

const char *language_plural(const char *one, const char *many, uint64_t count)
{
    const struct texts_translation *found = translations != NULL ? g_hash_table_lookup(translations, one) : NULL;
    if (found != NULL)
        return count == 1 ? found->one : found->many;
    return count == 1 ? one : many;
}

/* The value of --lang, or NULL. */
static const char *asked_for(int argc, char **argv)
{
    const char *found = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (g_str_has_prefix(argv[i], "--lang="))
            found = argv[i] + strlen("--lang=");
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            found = argv[++i];
    }
    return found;
}

/* The name of the locale that the environment asks for, NULL for none. */
static const char *locale_name(const char *category)
{
    const char *const names[] = { "LC_ALL", category, "LANG" };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = g_getenv(names[i]);
        if (value != NULL && *value != '\0')
            return strcmp(value, "C") == 0 || strcmp(value, "POSIX") == 0 ? NULL : value;
    }
    return NULL;
}

static bool names_utf8(const char *locale)
{
    const char *codeset = locale != NULL ? strchr(locale, '.') : NULL;
    return codeset != NULL &&
           (g_ascii_strncasecmp(codeset, ".UTF-8", 6) == 0 || g_ascii_strncasecmp(codeset, ".UTF8", 5) == 0);
}

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The catalogue of that language, or NULL. */
static const struct texts_language *catalogue_of(const char *language)
{
    for (const struct texts_language *row = texts_languages; row->name != NULL; row++)
        if (strcmp(row->name, language) == 0)
            return row;
    return NULL;
}

bool language_is_known(const char *language)
{
    return strcmp(language, "en") == 0 || catalogue_of(language) != NULL;
}

/* The first language of "ja_JP.UTF-8:en" that there are texts in, or NULL. Free with g_free. */
static char *first_known(const char *list)
{
    char *found = NULL;
    char **names = g_strsplit(list, ":", -1);
    for (char **name = names; *name != NULL && found == NULL; name++) {
        (*name)[strcspn(*name, "_.@")] = '\0';
        if (language_is_known(*name))
            found = g_strdup(*name);
    }
    g_strfreev(names);
    return found;
}

/* What the environment asks for: $LANGUAGE in front of the locale, as gettext has it. */
static char *of_environment(void)
{
    const char *locale = locale_name("LC_MESSAGES");
    const char *languages = g_getenv("LANGUAGE");
    char *found = NULL;
    if (locale != NULL && languages != NULL && *languages != '\0')
        found = first_known(languages);
    if (found == NULL && locale != NULL)
        found = first_known(locale);
    return found;
}

static void use(const struct texts_language *language)
{
    translations = g_hash_table_new(g_str_hash, g_str_equal);
    for (const struct texts_translation *row = language->translations; row->text != NULL; row++)
        g_hash_table_insert(translations, (char *)row->text, (struct texts_translation *)row);
    in_use = language->name;
}

/* GLib's own texts come from gettext, which goes by $LANGUAGE. */
static void speak(const struct texts_language *language)
{
    const char *locale = setlocale(LC_MESSAGES, "");
    if (locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
        setlocale(LC_MESSAGES, ALWAYS_THERE);
    g_setenv("LANGUAGE", language->name, TRUE);
    use(language);
}

void language_start(int argc, char **argv)
{
    if (setlocale(LC_CTYPE, "") == NULL && names_utf8(locale_name("LC_CTYPE")))
        setlocale(LC_CTYPE, ALWAYS_THERE);
    const char *asked = asked_for(argc, argv);
    char *language = asked != NULL ? g_strdup(asked) : of_environment();
    if (asked != NULL && !is_utf8() && strcmp(asked, "en") != 0)
        setlocale(LC_CTYPE, ALWAYS_THERE);
    const struct texts_language *catalogue = language != NULL ? catalogue_of(language) : NULL;
    if (catalogue != NULL && is_utf8())
        speak(catalogue);
    g_free(language);
}

void language_follow_environment(void)
{
    char *language = of_environment();
    const struct texts_language *catalogue = language != NULL ? catalogue_of(language) : NULL;
    if (catalogue != NULL && (is_utf8() || names_utf8(locale_name("LC_CTYPE"))))
        use(catalogue);
    g_free(language);
}

const char *language_in_use(void)
{
    return in_use;
}
