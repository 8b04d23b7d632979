/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index_reader.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"

#define READ_AT_ONCE 65536

/* A record has fewer levels than this. */
#define DEPTH_LIMIT 8

/* Octets of a key, a number, or a name of a record; what is longer is none that is looked for. */
#define WORD_LIMIT 32

struct word {
    char text[WORD_LIMIT + 1];
    size_t length; /* WORD_LIMIT + 1: it is longer */
};

/* Where in a character of UTF-8 (RFC 3629 section 4) a string is. */
struct utf8 {
    unsigned left;          /* octets that the character still has */
    uint8_t lowest, highest; /* what the next of them may be */
};

/*
 * A line as it comes. Whatever is no JSON makes another digest than a record has; only in what is left out - the names of captures, with
 * the exact octets that may stand behind them - it must be looked for: octets that are no UTF-8, and halves of characters in escapes.
 */
struct index_record {
    struct digest *digest;
    char out[4096];               /* on its way to the digest */
    size_t out_length;
    char held[WORD_LIMIT + 4];    /* a comma and the key behind it: perhaps they are left out */
    size_t held_length;

    unsigned depth;
    bool object[DEPTH_LIMIT + 1]; /* by depth: it is one, not an array */
    struct word key[DEPTH_LIMIT + 1]; /* the last one at each depth */
    struct word word;             /* the string or number that comes in */
    bool in_string, escaped, key_next, is_key;
    bool name;                    /* the string is the name of a capture */
    bool dropping;                /* the key was left out, and its value will be */
    unsigned hex;                 /* digits that the escape still has */
    unsigned unit;                /* they make this */
    bool high;                    /* the first half of a character came: the second one must follow */
    struct utf8 utf8;
    bool closed, broken;

    enum index_kind kind;
    bool kind_known;
    struct index_entry entry;
};

/* ---- words ---- */

static void add_to_word(struct word *word, char octet)
{
    if (word->length < WORD_LIMIT)
        word->text[word->length] = octet;
    word->length = MIN(word->length + 1, WORD_LIMIT + 1);
}

static bool word_is(const struct word *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

static uint64_t number_of(const struct word *word)
{
    guint64 number = 0;
    char text[WORD_LIMIT + 1];
    if (word->length > WORD_LIMIT)
        return 0;
    memcpy(text, word->text, word->length);
    text[word->length] = '\0';
    return g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT64, &number, NULL) ? number : 0;
}

/* ---- to the digest ---- */

static void flush(struct index_record *reader)
{
    digest_add(reader->digest, smtp_span(reader->out, reader->out_length));
    reader->out_length = 0;
}

static void put(struct index_record *reader, char octet)
{
    if (reader->out_length == sizeof reader->out)
        flush(reader);
    reader->out[reader->out_length++] = octet;
}

static void put_held(struct index_record *reader)
{
    for (size_t i = 0; i < reader->held_length; i++)
        put(reader, reader->held[i]);
    reader->held_length = 0;
}

static void hold(struct index_record *reader, char octet)
{
    if (reader->held_length == sizeof reader->held)
        put_held(reader);
    reader->held[reader->held_length++] = octet;
}

/* What stands outside of strings. */
static void put_sign(struct index_record *reader, char octet)
{
    put_held(reader);
    put(reader, octet);
}

/* ---- values ---- */

/* Whether the keys here may be names of captures: in the record itself, and in its message. */
static bool has_names(const struct index_record *reader)
{
    return (reader->depth == 1 || (reader->depth == 2 && word_is(&reader->key[1], "message"))) && reader->object[reader->depth];
}

static void take_text(struct index_record *reader)
{
    const struct word *key = &reader->key[reader->depth];
    if (reader->depth == 1 && word_is(key, "record") && !reader->kind_known) {
        reader->kind = word_is(&reader->word, "message") ? INDEX_MESSAGE : word_is(&reader->word, "summary") ? INDEX_SUMMARY : INDEX_NO_RECORD;
        reader->kind_known = true;
    }
    if (reader->depth == 4 && word_is(key, "path") && word_is(&reader->key[1], "message") && word_is(&reader->key[2], "attachments"))
        reader->entry.attachments = true;
}

/* The first of a name counts: a second one makes another digest anyway. */
static void take_number(struct index_record *reader)
{
    const struct word *key = &reader->key[reader->depth];
    if (reader->depth == 1 && word_is(key, "session") && reader->entry.session == 0)
        reader->entry.session = number_of(&reader->word);
    if (reader->depth == 1 && word_is(key, "transaction") && reader->entry.transaction == 0)
        reader->entry.transaction = number_of(&reader->word);
    reader->word.length = 0;
}

/* ---- strings ---- */

static void begin_string(struct index_record *reader)
{
    reader->in_string = true;
    reader->is_key = reader->key_next;
    reader->word.length = 0;
    reader->name = !reader->is_key && !reader->dropping && has_names(reader) && word_is(&reader->key[reader->depth], "capture");
    if (reader->is_key)
        hold(reader, '"');
    else if (!reader->dropping)
        put_sign(reader, '"');
}

static void end_key(struct index_record *reader)
{
    struct word *key = &reader->key[reader->depth];
    bool behind_name = has_names(reader) && word_is(key, "capture");
    *key = reader->word;
    reader->key_next = false;
    reader->dropping = behind_name && word_is(key, "capture_base64");
    if (reader->dropping)
        reader->held_length = 0;
    else
        hold(reader, '"');
    put_held(reader);
}

static void end_string(struct index_record *reader)
{
    reader->in_string = false;
    if (reader->is_key) {
        end_key(reader);
    } else {
        take_text(reader);
        if (!reader->dropping)
            put(reader, '"');
        reader->dropping = reader->name = false;
    }
    reader->word.length = 0;
}

/* Whether an octet may come next in UTF-8. */
static bool utf8_goes_on(struct utf8 *utf8, uint8_t octet)
{
    if (utf8->left > 0) {
        bool good = octet >= utf8->lowest && octet <= utf8->highest;
        *utf8 = (struct utf8){ .left = utf8->left - 1, .lowest = 0x80, .highest = 0xbf };
        return good;
    }
    if (octet < 0x80)
        return true;
    if (octet < 0xc2 || octet > 0xf4)
        return false;
    *utf8 = (struct utf8){
        .left = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3,
        .lowest = octet == 0xe0 ? 0xa0 : octet == 0xf0 ? 0x90 : 0x80,
        .highest = octet == 0xed ? 0x9f : octet == 0xf4 ? 0x8f : 0xbf,
    };
    return true;
}

/* Whether the escape that is whole now may stand there: no half of a character alone, and no NUL in a name, as no file has. */
static bool unit_is_good(struct index_record *reader)
{
    bool high = reader->unit >= 0xd800 && reader->unit < 0xdc00;
    bool low = reader->unit >= 0xdc00 && reader->unit < 0xe000;
    bool good = (reader->unit != 0 || !reader->name) && low == reader->high;
    reader->high = high;
    return good;
}

/* Whether an octet may stand in a string. */
static bool is_good(struct index_record *reader, char octet)
{
    if (reader->hex > 0) {
        reader->unit = reader->unit * 16 + (unsigned)g_ascii_xdigit_value(octet);
        return g_ascii_isxdigit(octet) && (reader->hex > 1 || unit_is_good(reader));
    }
    if (reader->escaped)
        return octet != '\0' && strchr("\"\\/bfnrtu", octet) != NULL && (octet == 'u' || !reader->high);
    return (uint8_t)octet >= 0x20 && (octet == '\\' || !reader->high) && utf8_goes_on(&reader->utf8, (uint8_t)octet)
           && (octet != '"' || reader->utf8.left == 0);
}

static void begin_escape(struct index_record *reader)
{
    reader->hex = 4;
    reader->unit = 0;
}

static void take_in_string(struct index_record *reader, char octet)
{
    reader->broken = reader->broken || !is_good(reader, octet);
    if (octet == '"' && !reader->escaped) {
        end_string(reader);
        return;
    }
    if (reader->hex > 0)
        reader->hex--;
    else if (reader->escaped && octet == 'u')
        begin_escape(reader);
    reader->escaped = octet == '\\' && !reader->escaped;
    add_to_word(&reader->word, octet);
    if (reader->is_key)
        hold(reader, octet);
    else if (!reader->name && !reader->dropping)
        put(reader, octet);
}

/* ---- all else ---- */

static void open_level(struct index_record *reader, bool object)
{
    reader->broken = reader->broken || reader->dropping || reader->depth == DEPTH_LIMIT || (reader->depth == 0 && !object);
    if (reader->broken)
        return;
    reader->depth++;
    reader->object[reader->depth] = reader->key_next = object;
    reader->key[reader->depth].length = 0;
    reader->word.length = 0;
}

static void close_level(struct index_record *reader)
{
    take_number(reader);
    reader->broken = reader->broken || reader->dropping || reader->depth == 0;
    if (reader->broken)
        return;
    reader->depth--;
    reader->key_next = false;
    reader->closed = reader->depth == 0;
}

static void take_sign(struct index_record *reader, char octet)
{
    reader->broken = reader->broken || reader->closed || (reader->depth == 0 && octet != '{') || (reader->dropping && octet != '"' && octet != ':');
    switch (octet) {
    case '"':
        begin_string(reader);
        return;
    case ',':
        take_number(reader);
        reader->key_next = reader->object[reader->depth];
        put_held(reader);
        hold(reader, octet);
        return;
    case '{':
    case '[':
        open_level(reader, octet == '{');
        break;
    case '}':
    case ']':
        close_level(reader);
        break;
    case ':':
        break;
    default:
        add_to_word(&reader->word, octet);
        break;
    }
    if (!reader->dropping)
        put_sign(reader, octet);
}

/* ---- lines ---- */

static void begin_line(struct index_record *reader)
{
    memset(reader, 0, sizeof *reader);
    reader->digest = digest_new();
}

static void add_to_line(struct index_record *reader, struct smtp_span octets)
{
    for (size_t i = 0; i < octets.length && !reader->broken; i++)
        if (reader->in_string)
            take_in_string(reader, (char)octets.octets[i]);
        else
            take_sign(reader, (char)octets.octets[i]);
}

static enum index_kind end_line(struct index_record *reader, struct index_entry *entry)
{
    put_held(reader);
    flush(reader);
    char *hex = digest_end(reader->digest);
    g_strlcpy(reader->entry.digest, hex, sizeof reader->entry.digest);
    g_free(hex);
    *entry = reader->entry;
    bool numbered = entry->session > 0 && entry->transaction > 0 && entry->transaction <= UINT32_MAX;
    bool good = reader->closed && !reader->broken && (reader->kind != INDEX_MESSAGE || numbered);
    return good ? reader->kind : INDEX_NO_RECORD;
}

struct index_record *index_record_begin(void)
{
    struct index_record *reader = g_new(struct index_record, 1);
    begin_line(reader);
    return reader;
}

void index_record_add(struct index_record *reader, struct smtp_span octets)
{
    add_to_line(reader, octets);
}

enum index_kind index_record_end(struct index_record *reader, struct index_entry *entry)
{
    enum index_kind kind = end_line(reader, entry);
    g_free(reader);
    return kind;
}

/* ---- the file ---- */

/* The line that comes in. */
struct incoming {
    struct index_record reader;
    struct index_line line;
    GString *text;
    size_t keep;
    bool begun, too_long;
    void (*take)(void *context, const struct index_line *line);
    void *context;
};

static void take_piece(struct incoming *incoming, struct smtp_span piece)
{
    if (!incoming->begun)
        begin_line(&incoming->reader);
    incoming->begun = true;
    add_to_line(&incoming->reader, piece);
    incoming->too_long = incoming->too_long || piece.length > incoming->keep - incoming->text->len;
    if (incoming->too_long)
        g_string_truncate(incoming->text, 0);
    else
        g_string_append_len(incoming->text, (const char *)piece.octets, (gssize)piece.length);
}

static void finish_line(struct incoming *incoming, bool ended)
{
    struct index_line *line = &incoming->line;
    line->number++;
    line->ended = ended;
    line->kind = end_line(&incoming->reader, &line->entry);
    line->text = incoming->too_long ? smtp_span(NULL, 0) : smtp_span(incoming->text->str, incoming->text->len);
    incoming->take(incoming->context, line);
    incoming->begun = incoming->too_long = false;
    g_string_truncate(incoming->text, 0);
}

static void take_octets(struct incoming *incoming, struct smtp_span octets)
{
    while (octets.length > 0) {
        const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
        size_t length = lf != NULL ? (size_t)(lf - octets.octets) : octets.length;
        take_piece(incoming, smtp_span_first(octets, length));
        if (lf != NULL)
            finish_line(incoming, true);
        octets = smtp_span_from(octets, length + (lf != NULL ? 1 : 0));
    }
}

bool index_read(int descriptor, size_t keep, void (*take)(void *context, const struct index_line *line), void *context)
{
    uint8_t octets[READ_AT_ONCE];
    struct incoming incoming = { .text = g_string_new(NULL), .keep = keep, .take = take, .context = context };
    ssize_t got;
    while ((got = read(descriptor, octets, sizeof octets)) > 0 || (got < 0 && errno == EINTR))
        take_octets(&incoming, smtp_span(octets, got > 0 ? (size_t)got : 0));
    int reason = errno;
    if (incoming.begun)
        finish_line(&incoming, false);
    g_string_free(incoming.text, TRUE);
    errno = reason;
    return got == 0;
}
