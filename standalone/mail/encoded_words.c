/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "encoded_words.h"

#include <string.h>

#include "charset.h"

/* One word, its parts as they stand. */
struct word {
    struct smtp_span whole;
    struct smtp_span lead; /* the white space between it and the word before */
    struct smtp_span text;
    bool base64;
    char charset[CHARSET_LIMIT];
    size_t octets, length; /* where its octets lie among those of the words around it */
};

/* Words of one charset, one behind the other. */
struct run {
    GString *out;
    enum encoded_words_otherwise otherwise;
    bool behind_word; /* what was written last is a word that was decoded */
    GArray *words;    /* struct word */
    GByteArray *octets;
};

/* ---- finding them ---- */

/* How many octets of text a word has from `at` on; SIZE_MAX: it has no end. No word begins inside another. */
static size_t text_length(struct smtp_span at, bool base64)
{
    for (size_t i = 0; i + 1 < at.length; i++) {
        bool end = at.octets[i] == '?' && at.octets[i + 1] == '=';
        if (end)
            return i;
        if (at.octets[i] == '?' && base64)
            return SIZE_MAX;
        if (at.octets[i] == '=' && at.octets[i + 1] == '?' && (i + 2 == at.length || at.octets[i + 2] != '='))
            return SIZE_MAX;
    }
    return SIZE_MAX;
}

/* The word that `text` begins with. */
static bool read_word(struct smtp_span text, struct word *word)
{
    struct smtp_span charset = smtp_span_from(text, 2);
    const uint8_t *mark =
        charset.length > 0 ? memchr(charset.octets, '?', MIN(charset.length, 2 * CHARSET_LIMIT)) : NULL;
    if (mark == NULL)
        return false;
    charset.length = (size_t)(mark - charset.octets);
    struct smtp_span rest = smtp_span_from(text, charset.length + 2);
    if (rest.length < 3 || rest.octets[2] != '?' || strchr("BbQq", rest.octets[1]) == NULL || rest.octets[1] == '\0')
        return false;
    const uint8_t *language = charset.length > 0 ? memchr(charset.octets, '*', charset.length) : NULL;
    if (language != NULL)
        charset.length = (size_t)(language - charset.octets);
    word->base64 = g_ascii_toupper((char)rest.octets[1]) == 'B';
    rest = smtp_span_from(rest, 3);
    size_t length = text_length(rest, word->base64);
    if (length == SIZE_MAX || !charset_system_name(charset, word->charset))
        return false;
    word->text = smtp_span_first(rest, length);
    word->whole = smtp_span_first(text, (size_t)(word->text.octets + length + 2 - text.octets));
    return true;
}

/* The next one in `*rest`, which is moved behind it; `before` is what stands in front of it, all where there is none.
 */
static bool next_word(struct smtp_span *rest, struct smtp_span *before, struct word *word)
{
    struct smtp_span text = *rest;
    for (size_t at = 0; at + 1 < text.length; at++) {
        const uint8_t *begin = memchr(text.octets + at, '=', text.length - at - 1);
        if (begin == NULL)
            break;
        at = (size_t)(begin - text.octets);
        if (begin[1] != '?' || !read_word(smtp_span_from(text, at), word))
            continue;
        *before = smtp_span_first(text, at);
        *rest = smtp_span_from(text, at + word->whole.length);
        return true;
    }
    *before = text;
    *rest = smtp_span_from(text, text.length);
    return false;
}

/* ---- their octets ---- */

/* Gives out what so many digits of a group of four hold. */
static void append_group(GByteArray *octets, uint32_t bits, unsigned digits)
{
    bits <<= 6 * (4 - digits);
    const uint8_t group[] = { (uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits };
    if (digits > 1)
        g_byte_array_append(octets, group, digits - 1);
}

/* Padding ends a group, wherever it stands. What is no digit is passed over (RFC 2045 section 6.8). */
static void append_base64(GByteArray *octets, struct smtp_span text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned digits = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char *digit = text.octets[i] != '\0' ? strchr(alphabet, text.octets[i]) : NULL;
        if (digit == NULL && text.octets[i] != '=')
            continue;
        if (digit != NULL) {
            bits = bits << 6 | (uint32_t)(digit - alphabet);
            digits++;
        }
        if (digit == NULL || digits == 4) {
            append_group(octets, bits, digits);
            bits = digits = 0;
        }
    }
    append_group(octets, bits, digits);
}

/* An underscore is a space (RFC 2047 section 4.2); a sign without its two digits stands as it is. */
static void append_q(GByteArray *octets, struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t octet = text.octets[i];
        if (octet == '_')
            octet = ' ';
        if (octet == '=' && i + 2 < text.length && g_ascii_isxdigit((char)text.octets[i + 1]) &&
            g_ascii_isxdigit((char)text.octets[i + 2])) {
            octet = (uint8_t)(g_ascii_xdigit_value((char)text.octets[i + 1]) << 4 |
                              g_ascii_xdigit_value((char)text.octets[i + 2]));
            i += 2;
        }
        g_byte_array_append(octets, &octet, 1);
    }
}

/* ---- their text ---- */

static bool is_white_space(struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!g_ascii_isspace((char)text.octets[i]))
            return false;
    return true;
}

static void append_span(GString *out, struct smtp_span text)
{
    g_string_append_len(out, (const char *)text.octets, (gssize)text.length);
}

/* White space between two words that were decoded is dropped. */
static void append_lead(struct run *run, const struct word *word, bool decoded)
{
    if (!decoded || !run->behind_word)
        append_span(run->out, word->lead);
    run->behind_word = decoded;
}

static bool can_be_shown(const struct run *run, struct smtp_span octets)
{
    return run->otherwise == ENCODED_WORDS_OCTETS || octets.length == 0 ||
           memchr(octets.octets, '\0', octets.length) == NULL;
}

/* Octets of words from `word` on, converted. */
static bool append_converted(struct run *run, const struct word *word, struct smtp_span octets)
{
    GString *text = g_string_new(NULL);
    bool good = charset_append(text, word->charset, octets) && can_be_shown(run, smtp_span(text->str, text->len));
    if (good) {
        append_lead(run, word, true);
        append_span(run->out, smtp_span(text->str, text->len));
    }
    g_string_free(text, TRUE);
    return good;
}

static void append_word(struct run *run, const struct word *word)
{
    struct smtp_span octets =
        smtp_span_first(smtp_span_from(smtp_span(run->octets->data, run->octets->len), word->octets), word->length);
    bool empty = word->length == 0 && word->text.length > 0; /* not one digit in it */
    if (!empty && append_converted(run, word, octets))
        return;
    bool as_octets = !empty && run->otherwise == ENCODED_WORDS_OCTETS;
    append_lead(run, word, as_octets);
    append_span(run->out, as_octets ? octets : word->whole);
}

static void end_run(struct run *run)
{
    const struct word *words = (const struct word *)(const void *)run->words->data;
    bool together = run->words->len > 1;
    for (guint i = 0; i < run->words->len; i++)
        together = together && (words[i].length > 0 || words[i].text.length == 0);
    if (!together || !append_converted(run, words, smtp_span(run->octets->data, run->octets->len)))
        for (guint i = 0; i < run->words->len; i++)
            append_word(run, &words[i]);
    g_array_set_size(run->words, 0);
    g_byte_array_set_size(run->octets, 0);
}

static void add_word(struct run *run, struct word *word)
{
    word->octets = run->octets->len;
    if (word->base64)
        append_base64(run->octets, word->text);
    else
        append_q(run->octets, word->text);
    word->length = run->octets->len - word->octets;
    g_array_append_val(run->words, *word);
}

static bool is_of_run(const struct run *run, const struct word *word)
{
    return run->words->len == 0 ||
           g_ascii_strcasecmp(g_array_index(run->words, struct word, 0).charset, word->charset) == 0;
}

void encoded_words_append(GString *out, struct smtp_span text, enum encoded_words_otherwise otherwise)
{
    struct run run = { .out = out,
                       .otherwise = otherwise,
                       .words = g_array_new(FALSE, FALSE, sizeof(struct word)),
                       .octets = g_byte_array_new() };
    struct smtp_span before;
    struct word word;
    bool first = true;
    while (next_word(&text, &before, &word)) {
        bool adjacent = !first && is_white_space(before);
        if (!adjacent || !is_of_run(&run, &word))
            end_run(&run);
        word.lead = adjacent ? before : smtp_span(before.octets, 0);
        if (!adjacent) {
            append_span(out, before);
            run.behind_word = false;
        }
        add_word(&run, &word);
        first = false;
    }
    end_run(&run);
    append_span(out, before);
    g_array_free(run.words, TRUE);
    g_byte_array_free(run.octets, TRUE);
}
