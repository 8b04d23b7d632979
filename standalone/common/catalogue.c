/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "catalogue.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAGIC 0x950412de

/* Where the header has its numbers; those of the formats that differ are in catalogues of minor revision 1 only. */
#define REVISION 4
#define TEXTS 8
#define ORIGINALS 12
#define TRANSLATIONS 16
#define MACROS 28
#define MACRO_NAMES 32
#define MACHINE_TEXTS 36
#define MACHINE_ORIGINALS 40
#define MACHINE_TRANSLATIONS 44

/* Behind the last part of a text that differs. */
#define NO_MACRO UINT32_MAX

struct catalogue {
    const char *octets;
    size_t length;
    GHashTable *texts;
};

/* A text, perhaps with a NUL in it: a plural. */
struct text {
    const char *text; /* NULL: it is not whole */
    size_t length;
};

/* The macros of <inttypes.h> that stand in formats. */
static const struct {
    const char *name, *value;
} macros[] = {
    { "PRIu32", PRIu32 },
    { "PRIu64", PRIu64 },
    { "PRIi64", PRIi64 },
};

/* The number there; 0 behind the end. */
static uint32_t number_at(const struct catalogue *catalogue, uint64_t at)
{
    uint32_t number = 0;
    if (at + sizeof number <= catalogue->length)
        memcpy(&number, catalogue->octets + at, sizeof number);
    return GUINT32_FROM_LE(number);
}

/* The text whose length and place stand there, with a NUL behind it. */
static struct text text_at(const struct catalogue *catalogue, uint64_t at)
{
    uint64_t length = number_at(catalogue, at);
    uint64_t place = number_at(catalogue, at + 4);
    bool whole = place + length < catalogue->length && catalogue->octets[place + length] == '\0';
    return (struct text){ .text = whole ? catalogue->octets + place : NULL, .length = (size_t)length };
}

/* What the macro of that number stands for; NULL: not known. */
static const char *macro_value(const struct catalogue *catalogue, uint32_t number)
{
    uint64_t at = number_at(catalogue, MACRO_NAMES) + UINT64_C(8) * number;
    uint64_t length = number_at(catalogue, at); /* with its NUL */
    uint64_t place = number_at(catalogue, at + 4);
    if (number >= number_at(catalogue, MACROS) || place + length > catalogue->length)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(macros); i++)
        if (length == strlen(macros[i].name) + 1 && memcmp(catalogue->octets + place, macros[i].name, (size_t)length) == 0)
            return macros[i].value;
    return NULL;
}

/* The text whose parts are listed there, each with the macro behind it. The caller frees it. */
static struct text machine_text_at(const struct catalogue *catalogue, uint64_t at)
{
    GString *text = g_string_new(NULL);
    uint64_t place = number_at(catalogue, at);
    for (at += 4; at + 8 <= catalogue->length; at += 8) {
        uint64_t length = number_at(catalogue, at);
        uint32_t macro = number_at(catalogue, at + 4);
        const char *value = macro != NO_MACRO ? macro_value(catalogue, macro) : "";
        if (place + length > catalogue->length || value == NULL)
            break;
        g_string_append_len(text, catalogue->octets + place, (gssize)length);
        g_string_append(text, value);
        place += length;
        if (macro != NO_MACRO)
            continue;
        size_t all = text->len > 0 ? text->len - 1 : 0; /* the NUL at its end counts in a file */
        return (struct text){ .text = g_string_free(text, FALSE), .length = all };
    }
    g_string_free(text, TRUE);
    return (struct text){ .text = NULL };
}

/* Returns false where it is not whole, or the catalogue's data about itself. */
static bool add(struct catalogue *catalogue, struct text original, struct text translated)
{
    if (original.text == NULL || translated.text == NULL || original.length == 0)
        return false;
    struct translation *found = g_new(struct translation, 1);
    size_t first = strlen(translated.text);
    found->one = translated.text;
    found->many = first < translated.length ? translated.text + first + 1 : translated.text;
    g_hash_table_insert(catalogue->texts, (char *)original.text, found);
    return true;
}

/* Its text and its translation, each listed there in parts. */
static void add_machine_text(struct catalogue *catalogue, uint64_t original_at, uint64_t translated_at)
{
    struct text original = machine_text_at(catalogue, original_at);
    struct text translated = machine_text_at(catalogue, translated_at);
    if (add(catalogue, original, translated))
        return;
    g_free((char *)original.text);
    g_free((char *)translated.text);
}

GHashTable *catalogue_read(const char *octets, size_t length)
{
    struct catalogue catalogue = { .octets = octets, .length = length };
    if (number_at(&catalogue, 0) != MAGIC)
        return NULL;
    catalogue.texts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    uint64_t originals = number_at(&catalogue, ORIGINALS), translations = number_at(&catalogue, TRANSLATIONS);
    uint32_t count = number_at(&catalogue, TEXTS);
    for (uint64_t i = 0; i < count && originals + 8 * i < length; i++)
        add(&catalogue, text_at(&catalogue, originals + 8 * i), text_at(&catalogue, translations + 8 * i));
    if ((number_at(&catalogue, REVISION) & 0xffff) == 0)
        return catalogue.texts;
    originals = number_at(&catalogue, MACHINE_ORIGINALS);
    translations = number_at(&catalogue, MACHINE_TRANSLATIONS);
    count = number_at(&catalogue, MACHINE_TEXTS);
    for (uint64_t i = 0; i < count && originals + 4 * i < length; i++)
        add_machine_text(&catalogue, number_at(&catalogue, originals + 4 * i), number_at(&catalogue, translations + 4 * i));
    return catalogue.texts;
}
