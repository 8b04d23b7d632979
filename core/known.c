/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "known.h"

#include <stdio.h>

#define PIECE 5u       /* octets of a secret that are hashed together */
#define SHORT 3u       /* a secret of so many octets is looked for as a word; a shorter one is in every second line */
#define PLAIN_PIECE 8u /* octets of a piece that give it away wherever it stands */
#define SECRET_LIMIT ((size_t)16384) /* octets of one that are learned */
#define ENCODED_LIMIT ((size_t)64)   /* octets of one whose base64 is learned, in case that comes in other case */
#define ENCODED_PIECE 64u            /* digits of base64 that are learned at once */
#define FIRST_CAPACITY 128u
#define CAPACITY_LIMIT 65536u
#define LABEL_MASK 0x0fffffffu
#define WHOLE_SHIFT 28 /* above the label: octets of the whole secret, PLAIN_PIECE at the most */

/* ---- hashes ---- */

static uint32_t hash_of(const uint8_t *octets, size_t length)
{
    uint32_t sum = 0x811c9dc5u + (uint32_t)length; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ smtp_ascii_upper(octets[i])) * 0x01000193u;
    sum ^= sum >> 15;
    return sum * 0x2c1b3c6du;
}

/* The slot with this hash, or the free one where it belongs. There is always a free one. */
static struct smtp_known_slot *slot_of(const struct smtp_known *known, uint32_t hash)
{
    uint32_t at = hash >> 3;
    for (at &= known->capacity - 1; known->slots[at].label != 0; at = (at + 1) & (known->capacity - 1))
        if (known->slots[at].hash == hash)
            break;
    return &known->slots[at];
}

static void keep(struct smtp_known *known, uint32_t hash, uint32_t label)
{
    if (known->capacity == 0 || known->used >= known->capacity / 4 * 3) {
        known->full = true;
        return;
    }
    struct smtp_known_slot *slot = slot_of(known, hash);
    if (slot->label != 0)
        return;
    *slot = (struct smtp_known_slot){ .hash = hash, .label = label };
    known->used++;
}

/* ---- learning ---- */

static bool is_alphanumeric(uint8_t octet)
{
    return smtp_ascii_is_letter(octet) || smtp_ascii_is_digit(octet);
}

static bool is_base64_octet(uint8_t octet)
{
    return is_alphanumeric(octet) || octet == '+' || octet == '/' || octet == '-' || octet == '_';
}

static bool is_part_of(const uint8_t *octets, size_t length, struct smtp_span whole)
{
    for (size_t i = 0; i + length <= whole.length; i++)
        if (smtp_span_same_letters(smtp_span(octets, length), smtp_span_first(smtp_span_from(whole, i), length)))
            return true;
    return false;
}

static void learn_text(struct smtp_known *known, struct smtp_span text, uint32_t label, struct smtp_span identity)
{
    uint32_t whole = (uint32_t)(text.length < PLAIN_PIECE ? text.length : PLAIN_PIECE) << WHOLE_SHIFT;
    text = smtp_span_first(text, SECRET_LIMIT);
    if (text.length >= SHORT && text.length < PIECE && !is_part_of(text.octets, text.length, identity))
        keep(known, hash_of(text.octets, text.length), (label & LABEL_MASK) | whole);
    for (size_t i = 0; i + PIECE <= text.length; i++)
        if (memchr(text.octets + i, '\0', PIECE) == NULL && !is_part_of(text.octets + i, PIECE, identity))
            keep(known, hash_of(text.octets + i, PIECE), (label & LABEL_MASK) | whole);
}

/* What stands between NULs: a password of three letters is a word of its own there. */
static void learn_parts(struct smtp_known *known, struct smtp_span text, uint32_t label, struct smtp_span identity)
{
    while (text.length > 0) {
        const uint8_t *nul = memchr(text.octets, '\0', text.length);
        struct smtp_span part = smtp_span_first(text, nul != NULL ? (size_t)(nul - text.octets) : text.length);
        learn_text(known, part, label, identity);
        text = smtp_span_from(text, part.length + 1);
    }
}

/* The base64 of a text that has `before` octets in front of it: what of it does not hang on those. */
static void learn_base64(struct smtp_known *known, struct smtp_span text, size_t before, uint32_t label)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t piece[ENCODED_PIECE];
    size_t length = 0;
    for (size_t bit = (before * 8 + 5) / 6 * 6; bit + 6 <= (before + text.length) * 8; bit += 6) {
        size_t at = bit / 8 - before;
        unsigned pair = (unsigned)text.octets[at] << 8 | (at + 1 < text.length ? text.octets[at + 1] : 0u);
        piece[length++] = (uint8_t)digits[pair >> (10 - bit % 8) & 63u];
        if (length < sizeof piece)
            continue;
        learn_text(known, smtp_span(piece, length), label, smtp_span(NULL, 0));
        memmove(piece, piece + length - (PIECE - 1), PIECE - 1);
        length = PIECE - 1;
    }
    if (length >= PIECE)
        learn_text(known, smtp_span(piece, length), label, smtp_span(NULL, 0));
}

/* Where `named` stands in `text`; its length if it does not. */
static size_t place_in(struct smtp_span text, struct smtp_span named)
{
    for (size_t i = 0; i + named.length <= text.length; i++)
        if (memcmp(text.octets + i, named.octets, named.length) == 0)
            return i;
    return text.length;
}

static int base64_value(uint8_t octet)
{
    if (octet >= 'A' && octet <= 'Z')
        return octet - 'A';
    if (octet >= 'a' && octet <= 'z')
        return octet - 'a' + 26;
    if (smtp_ascii_is_digit(octet))
        return octet - '0' + 52;
    return octet == '+' || octet == '-' ? 62 : 63;
}

static bool is_text(struct smtp_span octets)
{
    for (size_t i = 0; i < octets.length; i++)
        if ((octets.octets[i] < 0x20 && octets.octets[i] != 0 && octets.octets[i] != '\n' &&
             octets.octets[i] != '\r') ||
            octets.octets[i] == 0x7f)
            return false;
    return octets.length >= SHORT;
}

/* Base64 that is not whole: its padding is missing, signs stand around it, or its beginning is in a hole. */
static void learn_torn(struct smtp_known *known, struct smtp_span word, uint32_t label, struct smtp_span name)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    for (size_t shift = 0; shift < 4 && shift < word.length; shift++) {
        size_t length = 0;
        uint32_t sum = 0;
        unsigned held = 0;
        for (size_t i = shift; i < word.length && length < sizeof decoded; i++) {
            if (!is_base64_octet(word.octets[i]))
                continue;
            sum = sum << 6 | (uint32_t)base64_value(word.octets[i]);
            held += 6;
            if (held < 8)
                continue;
            held -= 8;
            decoded[length++] = (uint8_t)(sum >> held);
        }
        if (is_text(smtp_span(decoded, length)))
            learn_parts(known, smtp_span(decoded, length), label, name);
    }
}

/* A word of what was hidden, as it was sent. The name of the user in it is nothing to hide, so only the secret in it is
 * learned. */
static void learn_word(struct smtp_known *known, struct smtp_span word, const struct smtp_secret *secret,
                       uint32_t label, struct smtp_span name)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    bool bad = word.length < 4;
    bool cut = false;
    struct smtp_span said = bad ? smtp_span(NULL, 0) : smtp_base64_decode(word, decoded, sizeof decoded, &bad, &cut);
    size_t at = secret->named.length > 0 ? place_in(said, secret->named) : said.length;
    if (!bad && at < said.length) {
        learn_base64(known, secret->named, at % 3, label);
        return;
    }
    learn_text(known, word, label, name);
    learn_torn(known, word, label, name);
}

void smtp_known_learn(struct smtp_known *known, const struct smtp_secret *secret, uint32_t label,
                      struct smtp_span identity)
{
    struct smtp_span name = secret->identity.length > 0 ? secret->identity : identity;
    struct smtp_span rest = secret->octets;
    learn_parts(known, secret->named, label, name);
    for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
        learn_word(known, word, secret, label, name);
    if (secret->named.length > ENCODED_LIMIT || is_part_of(secret->named.octets, secret->named.length, name))
        return;
    for (size_t before = 0; before < 3; before++)
        learn_base64(known, secret->named, before, label);
}

uint32_t smtp_known_wants(const struct smtp_known *known, const struct smtp_secret *secret)
{
    size_t encoded = secret->named.length <= ENCODED_LIMIT ? 4 * secret->named.length : 0;
    size_t octets = 3 * secret->named.length + 4 * secret->octets.length + encoded;
    uint32_t capacity = known->capacity > 0 ? known->capacity : FIRST_CAPACITY;
    while (capacity < CAPACITY_LIMIT && known->used + octets >= capacity / 4 * 3)
        capacity *= 2;
    return capacity;
}

void smtp_known_move(struct smtp_known *known, struct smtp_known_slot *slots, uint32_t capacity)
{
    struct smtp_known larger = { .slots = slots, .capacity = capacity, .full = known->full };
    for (uint32_t i = 0; i < known->capacity; i++)
        if (known->slots[i].label != 0)
            keep(&larger, known->slots[i].hash, known->slots[i].label);
    *known = larger;
}

/* ---- finding ---- */

/* Octets of a text, as they stand there or decoded, and the pieces of secrets in them. */
struct scan {
    const struct smtp_known *known;
    struct smtp_masks *masks;
    bool near_login;
    bool decoded; /* all of `outer` is masked, where one is found */
    struct smtp_mask outer;
    uint8_t window[PIECE]; /* the last octets, and where each stands */
    struct smtp_mask place[PIECE];
    unsigned filled;
    struct smtp_mask run; /* pieces one behind the other; label 0: none */
    unsigned run_octets, run_whole;
    bool run_telling; /* more than letters, or capitals in the middle */
    uint8_t run_last;
    uint8_t run_text[16];
    uint8_t word[PIECE]; /* the letters and digits since the last other octet */
    size_t word_begin;
    unsigned word_octets;
};

static bool overlaps(const struct smtp_mask *one, const struct smtp_mask *other)
{
    return one->begin <= other->end && other->begin <= one->end;
}

/* In order of their places. Where there are too many, all from the first on is masked. */
static void add_mask(struct smtp_masks *masks, struct smtp_mask mask)
{
    for (unsigned i = 0; i < masks->count;) {
        if (!overlaps(&masks->mask[i], &mask)) {
            i++;
            continue;
        }
        struct smtp_mask other = masks->mask[i];
        mask.label = other.begin < mask.begin || mask.label == 0 ? other.label : mask.label;
        mask.begin = other.begin < mask.begin ? other.begin : mask.begin;
        mask.end = other.end > mask.end ? other.end : mask.end;
        memmove(&masks->mask[i], &masks->mask[i + 1], (masks->count - i - 1) * sizeof mask);
        masks->count--;
    }
    unsigned at = masks->count;
    while (at > 0 && masks->mask[at - 1].begin > mask.begin)
        at--;
    if (masks->count == SMTP_MASKS) {
        masks->mask[0].begin = masks->mask[0].begin < mask.begin ? masks->mask[0].begin : mask.begin;
        masks->mask[0].end = SIZE_MAX;
        masks->count = 1;
        return;
    }
    memmove(&masks->mask[at + 1], &masks->mask[at], (masks->count - at) * sizeof mask);
    masks->mask[at] = mask;
    masks->count++;
}

/* Words that servers use: who has one of them for a password, or as a part of it, is not given away by them. */
static const char ordinary[] =
    "ACCEPTED ACCESS ACCOUNT ADDRESS AUTHENTICATE AUTHENTICATED AUTHENTICATION AUTHENTICATOR AUTHORIZATION BEARER "
    "CANNOT CHALLENGE CLIENT "
    "CLOSING COMMAND CONNECTION CREDENTIALS DENIED DISABLED EMAIL ENABLED ENCRYPTION ERROR EXAMPLE.COM EXAMPLE.NET "
    "EXAMPLE.ORG "
    "FAILED FAILURE GOODBYE GOOGLE HELLO INCORRECT INTERNAL INVALID LATER LOCALHOST LOGIN MAILBOX MECHANISM MESSAGE "
    "METHOD "
    "MICROSOFT MISSING OUTLOOK PASSWD PASSWORD PLAIN PLEASE POLICY RECIPIENT REJECTED REQUIRED RESPONSE SECURE SENDER "
    "SERVER SERVICE SUCCESSFUL "
    "SYNTAX SYSTEM TEMPORARY TOKEN TRANSMISSION UNABLE UNKNOWN UNRECOGNIZED UNSUPPORTED USERNAME VALID WELCOME WRONG";

static bool is_ordinary(const struct scan *scan)
{
    if (scan->run_telling || scan->run_octets > sizeof scan->run_text)
        return false;
    for (const char *at = ordinary; strlen(at) >= scan->run_octets; at++)
        if (memcmp(at, scan->run_text, scan->run_octets) == 0)
            return true;
    return false;
}

static void end_run(struct scan *scan)
{
    bool enough = scan->near_login || scan->run_telling || scan->run_octets >= scan->run_whole;
    if (scan->run.label != 0 && enough && !is_ordinary(scan)) {
        struct smtp_mask found = scan->decoded ? scan->outer : scan->run;
        found.label = scan->run.label;
        add_mask(scan->masks, found);
    }
    scan->run.label = 0;
}

static void note_octet(struct scan *scan, uint8_t octet)
{
    uint8_t upper = smtp_ascii_upper(octet);
    bool letter = smtp_ascii_is_letter(octet);
    bool common = octet != 0 && strchr(" .-_@<>:", octet) != NULL;
    bool capital_inside =
        octet >= 'A' && octet <= 'Z' && scan->run_octets > 0 && scan->run_last >= 'a' && scan->run_last <= 'z';
    scan->run_telling = scan->run_telling || !(letter || common) || capital_inside;
    scan->run_last = octet;
    if (scan->run_octets < sizeof scan->run_text)
        scan->run_text[scan->run_octets] = upper;
    scan->run_octets++;
}

/* The last five octets are known. */
static void take_piece(struct scan *scan, uint32_t label)
{
    unsigned from = PIECE - 1;
    if (scan->run.label == 0) {
        scan->run = scan->place[0];
        scan->run.label = label & LABEL_MASK;
        scan->run_octets = 0;
        scan->run_telling = false;
        from = 0;
    }
    scan->run_whole = label >> WHOLE_SHIFT;
    scan->run.end = scan->place[PIECE - 1].end;
    for (unsigned i = from; i < PIECE; i++)
        note_octet(scan, scan->window[i]);
}

/* A word of three or four letters and digits has ended. */
static void end_word(struct scan *scan, size_t end)
{
    if (scan->word_octets >= SHORT && scan->word_octets < PIECE) {
        uint32_t label = slot_of(scan->known, hash_of(scan->word, scan->word_octets))->label;
        if (label >> WHOLE_SHIFT == scan->word_octets) {
            struct smtp_mask found =
                scan->decoded ? scan->outer : (struct smtp_mask){ .begin = scan->word_begin, .end = end };
            found.label = label & LABEL_MASK;
            add_mask(scan->masks, found);
        }
    }
    scan->word_octets = 0;
}

static void take_octet(struct scan *scan, uint8_t octet, size_t begin, size_t end)
{
    if (is_alphanumeric(octet) || octet > 0x7f) {
        scan->word_begin = scan->word_octets == 0 ? begin : scan->word_begin;
        if (scan->word_octets < PIECE)
            scan->word[scan->word_octets] = octet;
        scan->word_octets += scan->word_octets < PIECE;
    } else {
        end_word(scan, begin);
    }
    if (octet == 0) /* UTF-16 has one in every letter */
        return;
    memmove(scan->window, scan->window + 1, PIECE - 1);
    memmove(scan->place, scan->place + 1, (PIECE - 1) * sizeof scan->place[0]);
    scan->window[PIECE - 1] = octet;
    scan->place[PIECE - 1] = (struct smtp_mask){ .begin = begin, .end = end };
    scan->filled += scan->filled < PIECE;
    if (scan->filled < PIECE)
        return;
    uint32_t label = slot_of(scan->known, hash_of(scan->window, PIECE))->label;
    if (label != 0)
        take_piece(scan, label);
    else if (scan->run.label != 0)
        end_run(scan);
}

static void end_scan(struct scan *scan, size_t end)
{
    end_word(scan, end);
    end_run(scan);
    scan->filled = 0;
}

static void find_in_clear(struct scan *scan, struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++)
        take_octet(scan, text.octets[i], i, i + 1);
    end_scan(scan, text.length);
}

static int hexadecimal_value(uint8_t octet)
{
    uint8_t upper = smtp_ascii_upper(octet);
    if (smtp_ascii_is_digit(octet))
        return octet - '0';
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

/* How long the escape is that begins at `at`: "%41", "=41", "\x41"; 0: none does. */
static size_t escape_at(struct smtp_span text, size_t at, uint8_t *octet)
{
    size_t sign =
        text.octets[at] == '\\' && at + 1 < text.length && smtp_ascii_upper(text.octets[at + 1]) == 'X' ? 2 : 1;
    if (sign == 1 && text.octets[at] != '%' && text.octets[at] != '=')
        return 0;
    if (at + sign + 2 > text.length)
        return 0;
    int high = hexadecimal_value(text.octets[at + sign]);
    int low = hexadecimal_value(text.octets[at + sign + 1]);
    if (high < 0 || low < 0)
        return 0;
    *octet = (uint8_t)(high * 16 + low);
    return sign + 2;
}

static void find_escaped(struct scan *scan, struct smtp_span text)
{
    bool any = false;
    uint8_t octet;
    for (size_t i = 0; i < text.length && !any; i++)
        any = escape_at(text, i, &octet) > 0;
    for (size_t i = 0; any && i < text.length;) {
        octet = text.octets[i];
        size_t length = escape_at(text, i, &octet);
        length = length > 0 ? length : 1;
        take_octet(scan, octet, i, i + length);
        i += length;
    }
    end_scan(scan, text.length);
}

/* What the digits say, read from each place at which a group may begin. `bits` a digit. */
static void find_in_digits(struct scan *scan, struct smtp_span digits, unsigned bits, int (*value)(uint8_t octet))
{
    unsigned group = bits == 6 ? 4 : 2;
    for (unsigned shift = 0; shift < group && shift < digits.length; shift++) {
        uint32_t sum = 0;
        unsigned held = 0;
        for (size_t i = shift; i < digits.length; i++) {
            sum = sum << bits | (uint32_t)value(digits.octets[i]);
            held += bits;
            if (held < 8)
                continue;
            held -= 8;
            take_octet(scan, (uint8_t)(sum >> held), i, i + 1);
        }
        end_scan(scan, digits.length);
    }
}

/* Words of one case and without digits are no base64. */
static bool may_be_base64(struct smtp_span run)
{
    bool letters = true;
    for (size_t i = 0; i < run.length && letters; i++)
        letters = smtp_ascii_is_letter(run.octets[i]);
    return run.length >= 4 && !(letters && smtp_ascii_is_of_one_case(run));
}

static void find_encoded(struct scan *scan, struct smtp_span text)
{
    scan->decoded = true;
    for (size_t i = 0; i < text.length;) {
        size_t length = 0;
        size_t hexadecimal = 0;
        while (i + length < text.length && is_base64_octet(text.octets[i + length]))
            length++;
        struct smtp_span run = smtp_span_first(smtp_span_from(text, i), length);
        while (hexadecimal < length && hexadecimal_value(run.octets[hexadecimal]) >= 0)
            hexadecimal++;
        size_t padded = i + length;
        while (padded < text.length && text.octets[padded] == '=')
            padded++;
        scan->outer = (struct smtp_mask){ .begin = i, .end = padded };
        if (may_be_base64(run))
            find_in_digits(scan, run, 6, base64_value);
        if (length >= 2 * SHORT && hexadecimal == length)
            find_in_digits(scan, run, 4, hexadecimal_value);
        i += length > 0 ? length : 1;
    }
    scan->decoded = false;
}

/* A text that is base64 as a whole, as a challenge is: shells show what it says. */
static void find_said(struct scan *scan, struct smtp_span text)
{
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT];
    struct smtp_masks said = { .count = 0 };
    bool bad = false;
    bool cut = false;
    struct smtp_span word = smtp_span_trim(text);
    struct smtp_span octets =
        word.length >= 8 ? smtp_base64_decode(word, decoded, sizeof decoded, &bad, &cut) : smtp_span(NULL, 0);
    struct scan inner = { .known = scan->known, .masks = &said, .near_login = scan->near_login };
    if (octets.length == 0)
        return;
    find_escaped(&inner, octets);
    find_encoded(&inner, octets);
    if (said.count > 0)
        add_mask(scan->masks, (struct smtp_mask){ .begin = 0, .end = text.length, .label = said.mask[0].label });
}

void smtp_known_find(const struct smtp_known *known, struct smtp_span text, bool near_login, struct smtp_masks *masks)
{
    masks->count = 0;
    if (known->used == 0 || text.length == 0)
        return;
    if (known->full && near_login) {
        add_mask(masks, (struct smtp_mask){ .begin = 0, .end = text.length });
        return;
    }
    struct scan scan = { .known = known, .masks = masks, .near_login = near_login };
    find_in_clear(&scan, text);
    find_escaped(&scan, text);
    find_encoded(&scan, text);
    find_said(&scan, text);
    if (masks->count > 0 && masks->mask[masks->count - 1].end > text.length)
        masks->mask[masks->count - 1].end = text.length;
}

uint32_t smtp_known_label(const struct smtp_known *known, struct smtp_span text)
{
    struct smtp_masks masks = { .count = 0 };
    if (known->used == 0)
        return 0;
    smtp_known_find(known, text, false, &masks);
    return masks.count == 1 && masks.mask[0].begin == 0 && masks.mask[0].end == text.length ? masks.mask[0].label : 0;
}

size_t smtp_known_mask(struct smtp_span text, const struct smtp_masks *masks, uint8_t *room)
{
    size_t length = 0;
    size_t at = 0;
    for (unsigned i = 0; i < masks->count; i++) {
        const struct smtp_mask *mask = &masks->mask[i];
        memcpy(room + length, text.octets + at, mask->begin - at);
        length += mask->begin - at;
        int label = mask->label != 0 ? snprintf((char *)room + length, SMTP_LABEL_OCTETS, "[secret-%u]", mask->label)
                                     : snprintf((char *)room + length, SMTP_LABEL_OCTETS, "[secret]");
        length += label > 0 ? (size_t)label : 0;
        at = mask->end;
    }
    if (text.length > at)
        memcpy(room + length, text.octets + at, text.length - at);
    return length + (text.length - at);
}
