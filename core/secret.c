/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- words ---- */

static bool is_alphanumeric(uint8_t octet)
{
    return smtp_ascii_is_letter(octet) || smtp_ascii_is_digit(octet);
}

/* A word such as the answers to challenges are, and commands in a pinch too. */
static bool is_base64_word(struct smtp_span word)
{
    return word.length >= 4 && smtp_base64_is_made_of(word);
}

static bool is_made_of_letters(struct smtp_span word)
{
    for (size_t i = 0; i < word.length; i++)
        if (!smtp_ascii_is_letter(word.octets[i]))
            return false;
    return true;
}

bool smtp_secret_is_telling(struct smtp_span word)
{
    return is_base64_word(word) && (!smtp_ascii_is_of_one_case(word) || !is_made_of_letters(word));
}

/* Letters and digits in a row, at the front of `*rest` or behind something else. Empty: there are no more. */
static struct smtp_span next_token(struct smtp_span *rest)
{
    size_t begin = 0;
    while (begin < rest->length && !is_alphanumeric(rest->octets[begin]))
        begin++;
    *rest = smtp_span_from(*rest, begin);
    size_t length = 0;
    while (length < rest->length && is_alphanumeric(rest->octets[length]))
        length++;
    struct smtp_span token = smtp_span_first(*rest, length);
    *rest = smtp_span_from(*rest, length);
    return token;
}

/* Whether two words of four letters or more differ by one letter only, or by two that changed places: "AUHT", "AUT",
 * "LOGINN". */
static bool is_misspelt(struct smtp_span word, const char *right)
{
    size_t length = strlen(right);
    size_t front = 0;
    size_t back = 0;
    if (length < 4 || word.length + 1 < length || word.length > length + 1)
        return false;
    while (front < word.length && front < length && smtp_ascii_upper(word.octets[front]) == (uint8_t)right[front])
        front++;
    while (back + front < word.length && back + front < length &&
           smtp_ascii_upper(word.octets[word.length - 1 - back]) == (uint8_t)right[length - 1 - back])
        back++;
    size_t of_word = word.length - front - back;
    size_t of_right = length - front - back;
    if (of_word <= 1 && of_right <= 1)
        return true;
    return of_word == 2 && of_right == 2 && smtp_ascii_upper(word.octets[front]) == (uint8_t)right[front + 1] &&
           smtp_ascii_upper(word.octets[front + 1]) == (uint8_t)right[front];
}

/* ---- what is hidden ---- */

static struct smtp_secret no_secret(void)
{
    return (struct smtp_secret){ .kind = SMTP_SECRET_NONE };
}

/* The line is a secret from `from` on, which points into it. */
static struct smtp_secret hide_from(struct smtp_span line, enum smtp_secret_kind kind, const uint8_t *from,
                                    struct smtp_span named)
{
    struct smtp_span octets = smtp_span_from(line, (size_t)(from - line.octets));
    if (octets.length == 0)
        return no_secret();
    return (struct smtp_secret){ .kind = kind, .octets = octets, .named = named.length > 0 ? named : octets };
}

/* A response of SASL in `line` is a secret; whose it is and whether it is readable is told as far as it was decoded. */
static struct smtp_secret hide_response(struct smtp_span line, enum smtp_secret_kind kind, struct smtp_span response,
                                        const struct smtp_sasl_response *sasl)
{
    struct smtp_secret secret = hide_from(line, kind, response.octets, sasl->has_secret ? sasl->secret : response);
    secret.readable = sasl->has_secret && sasl->secret.length > 0;
    secret.identity = sasl->has_identity ? sasl->identity : smtp_span(NULL, 0);
    return secret;
}

/* A response of PLAIN, in base64 or not: two NULs stand in it. */
static bool is_triple(struct smtp_span word, struct smtp_sasl_response *sasl, uint8_t *buffer)
{
    *sasl = smtp_sasl_decode(SMTP_MECHANISM_PLAIN, 0, word, buffer);
    const uint8_t *nul = sasl->decoded.length > 0 ? memchr(sasl->decoded.octets, '\0', sasl->decoded.length) : NULL;
    if (sasl->bad_base64 || nul == NULL)
        return false;
    struct smtp_span rest = smtp_span_from(sasl->decoded, (size_t)(nul - sasl->decoded.octets) + 1);
    for (size_t i = 0; i < sasl->decoded.length; i++)
        if (sasl->decoded.octets[i] != 0 && sasl->decoded.octets[i] < 0x20)
            return false;
    return rest.length > 0 && memchr(rest.octets, '\0', rest.length) != NULL;
}

/* ---- AUTH ---- */

/* LOGIN: a user name may stand there, and some put the password behind it. */
static struct smtp_secret secret_of_login(struct smtp_span line, struct smtp_span response, uint8_t *buffer)
{
    struct smtp_span behind = response;
    struct smtp_span user = smtp_span_next_word(&behind);
    behind = smtp_span_trim(behind);
    struct smtp_sasl_response sasl = smtp_sasl_decode(SMTP_MECHANISM_LOGIN, 0, user, buffer);
    if (behind.length == 0)
        return sasl.open ? no_secret() : hide_response(line, SMTP_SECRET_AUTH, response, &sasl);
    bool open = sasl.open;
    sasl = smtp_sasl_decode(SMTP_MECHANISM_LOGIN, 1, behind, buffer);
    return hide_response(line, SMTP_SECRET_AUTH, open ? behind : response, &sasl);
}

/* The line of an AUTH command: its initial response is a secret, but for a user name; and so is what is no mechanism.
 */
static struct smtp_secret secret_of_auth(const struct smtp_command *command, struct smtp_span line, uint8_t *buffer)
{
    struct smtp_span rest = command->argument;
    struct smtp_span word = smtp_span_next_word(&rest);
    struct smtp_span response = smtp_span_trim(rest);
    struct smtp_sasl_response sasl;
    if (word.length == 0)
        return no_secret();
    if (!smtp_mechanism_is_name(word)) {
        struct smtp_secret secret = hide_from(line, SMTP_SECRET_AUTH, word.octets, smtp_span(NULL, 0));
        if (is_triple(word, &sasl, buffer))
            secret =
                hide_response(line, SMTP_SECRET_AUTH, smtp_span_from(line, (size_t)(word.octets - line.octets)), &sasl);
        return secret;
    }
    if (response.length == 0 || smtp_span_is(response, "="))
        return no_secret();
    enum smtp_mechanism mechanism = smtp_mechanism_of(word);
    if (mechanism == SMTP_MECHANISM_LOGIN)
        return secret_of_login(line, response, buffer);
    sasl = smtp_sasl_decode(mechanism, 0, response, buffer);
    return sasl.open ? no_secret() : hide_response(line, SMTP_SECRET_AUTH, response, &sasl);
}

/* ---- lines that are no AUTH ---- */

/*
 * What stands behind these words is a secret, or may be one: what clients of other protocols send, or somebody who
 * types, or who misspells. "PASS secret", "USER bob secret", "a LOGIN bob secret", "AUHT PLAIN AGJvYgBzZWNyZXQ=",
 * "Authorization: Basic Ym9iOnNlY3JldA==".
 */
static const struct {
    const char *word;
    unsigned skipped; /* words behind it that are no secret */
    bool anywhere;    /* not only at the front of a line, or behind its first word */
    bool misspelt;    /* a letter wrong, and it is the same */
    bool mechanism;   /* the name of one may stand behind it */
} telling_words[] = {
    { "AUTH", 0, true, true, true },          { "XAUTH", 0, true, false, true },
    { "SASL", 0, true, false, true },         { "AUTHENTICATE", 0, true, true, true },
    { "AUTHORIZATION", 0, true, true, true }, { "AUTHINFO", 1, true, false, false },
    { "EXPS", 0, false, false, true },        { "PLAIN", 0, false, true, false },
    { "LOGIN", 1, false, true, false },       { "XOAUTH2", 0, false, true, false },
    { "OAUTHBEARER", 0, false, true, false }, { "BEARER", 0, true, false, false },
    { "BASIC", 0, true, false, false },       { "USER", 1, false, false, false },
    { "USERNAME", 1, false, false, false },   { "APOP", 1, false, false, false },
    { "OPER", 1, false, false, false },       { "IDENTIFY", 0, false, false, false },
    { "PASS", 0, true, true, false },         { "PASSWD", 0, true, true, false },
    { "PASSWORD", 0, true, true, false },     { "PASSWORT", 0, true, false, false },
    { "PASSPHRASE", 0, true, false, false },  { "PASSCODE", 0, true, false, false },
    { "PWD", 0, true, false, false },         { "PSWD", 0, true, false, false },
    { "PW", 0, false, false, false },         { "KENNWORT", 0, true, false, false },
    { "SECRET", 0, false, false, false },     { "TOKEN", 0, false, false, false },
    { "APIKEY", 0, false, false, false },     { "PIN", 0, false, false, false },
    { "OTP", 0, false, false, false },
};

enum { AT_THE_FRONT = 2 }; /* tokens in which words count that are words of a language, too */

/* What separates a word from its secret: "PASS: x", "password=x", a bare CR. */
static struct smtp_span behind_signs(struct smtp_span rest)
{
    while (rest.length > 0 &&
           (rest.octets[0] <= ' ' || (rest.octets[0] < 0x7f && strchr(":=,;\"'>", rest.octets[0]) != NULL)))
        rest = smtp_span_from(rest, 1);
    return smtp_span_trim(rest);
}

/* "User-Agent" is no "User", and neither is "user@example.com". */
static bool ends_a_word(struct smtp_span rest)
{
    return rest.length == 0 || memchr("-_./@+", rest.octets[0], 6) == NULL;
}

static unsigned count_words(struct smtp_span text)
{
    unsigned count = 0;
    while (smtp_span_next_word(&text).length > 0)
        count++;
    return count;
}

/* Steps over the names of mechanisms. Returns the last one. */
static enum smtp_mechanism skip_mechanism(struct smtp_span *rest)
{
    enum smtp_mechanism mechanism = SMTP_MECHANISM_OTHER;
    struct smtp_span behind = *rest;
    struct smtp_span word = smtp_span_next_word(&behind);
    while (word.length > 0 && (smtp_mechanism_of(word) != SMTP_MECHANISM_OTHER || smtp_span_is(word, "BASIC") ||
                               smtp_span_is(word, "BEARER"))) {
        mechanism = smtp_mechanism_of(word);
        *rest = behind_signs(behind);
        behind = *rest;
        word = smtp_span_next_word(&behind);
    }
    return mechanism;
}

/* The secret behind one of the words; `exact`: it is spelt as it should be. */
static struct smtp_secret secret_behind(struct smtp_span line, size_t row, struct smtp_span rest, bool exact, bool verb,
                                        uint8_t *buffer)
{
    enum smtp_mechanism mechanism = SMTP_MECHANISM_OTHER;
    struct smtp_sasl_response sasl;
    rest = behind_signs(rest);
    if (telling_words[row].mechanism)
        mechanism = skip_mechanism(&rest);
    else
        mechanism = smtp_mechanism_of(smtp_span_of_text(telling_words[row].word));
    for (unsigned skipped = 0; skipped < telling_words[row].skipped && !telling_words[row].mechanism; skipped++)
        smtp_span_next_word(&rest);
    struct smtp_span secret = smtp_span_trim(rest);
    if (secret.length == 0)
        return no_secret();
    if (mechanism == SMTP_MECHANISM_LOGIN && telling_words[row].mechanism) {
        struct smtp_secret of_login = secret_of_login(line, secret, buffer);
        of_login.kind = of_login.kind == SMTP_SECRET_NONE ? SMTP_SECRET_NONE : SMTP_SECRET_MISPLACED;
        return of_login;
    }
    if (mechanism != SMTP_MECHANISM_OTHER || is_triple(secret, &sasl, buffer)) {
        sasl = smtp_sasl_decode(
            mechanism != SMTP_MECHANISM_OTHER && mechanism != SMTP_MECHANISM_LOGIN ? mechanism : SMTP_MECHANISM_PLAIN,
            0, secret, buffer);
        struct smtp_secret of_sasl = hide_response(line, SMTP_SECRET_MISPLACED, secret, &sasl);
        of_sasl.readable = of_sasl.readable && (!sasl.bad_base64 || (exact && verb && count_words(secret) <= 2));
        return of_sasl;
    }
    struct smtp_secret odd = hide_from(line, SMTP_SECRET_MISPLACED, secret.octets, secret);
    odd.readable = exact && verb && count_words(secret) <= 2;
    return odd;
}

/* The secret that a word of a line announces, word number `number` from the front. */
static struct smtp_secret secret_of_token(struct smtp_span line, struct smtp_span token, struct smtp_span rest,
                                          unsigned number, bool verb, bool misspelt, uint8_t *buffer)
{
    bool front = number < AT_THE_FRONT;
    for (size_t i = 0; i < COUNT(telling_words) && ends_a_word(rest); i++) {
        bool same = misspelt ? telling_words[i].misspelt && is_misspelt(token, telling_words[i].word)
                             : smtp_span_is(token, telling_words[i].word);
        if (!same || !(front || (telling_words[i].anywhere && !misspelt)))
            continue;
        struct smtp_secret secret = secret_behind(line, i, rest, !misspelt, verb, buffer);
        if (secret.kind != SMTP_SECRET_NONE)
            return secret;
    }
    return no_secret();
}

/* In any line but AUTH's: `from` is where words are looked for, `line` what is hidden of. */
static struct smtp_secret secret_of_words(struct smtp_span line, struct smtp_span from, bool misspelt, uint8_t *buffer)
{
    struct smtp_span rest = from;
    unsigned number = 0;
    bool tagged = false; /* "a001 LOGIN bob secret" */
    for (struct smtp_span token = next_token(&rest); token.length > 0; token = next_token(&rest), number++) {
        bool verb = number == 0 || (number == 1 && tagged);
        tagged = number == 0 && (token.length <= 3 || !is_made_of_letters(token));
        struct smtp_secret secret = secret_of_token(line, token, rest, number, verb, misspelt, buffer);
        if (secret.kind != SMTP_SECRET_NONE)
            return secret;
    }
    return no_secret();
}

/* "CONNECT user:password@host", "GET http://user:password@host/". "FROM:<user@host>" and "mailto:user@host" are none.
 */
static struct smtp_secret secret_of_url(struct smtp_span line)
{
    for (size_t at = 0; at < line.length; at++) {
        if (line.octets[at] != '@')
            continue;
        size_t begin = at;
        while (begin > 0 && line.octets[begin - 1] > ' ' && memchr(":/<>\"", line.octets[begin - 1], 5) == NULL)
            begin--;
        size_t name = begin;
        while (name > 1 && is_alphanumeric(line.octets[name - 2]))
            name--;
        struct smtp_span scheme =
            smtp_span_from(smtp_span_first(line, begin > 0 ? begin - 1 : 0), name > 0 ? name - 1 : 0);
        bool address = smtp_span_is(scheme, "FROM") || smtp_span_is(scheme, "FORM") || smtp_span_is(scheme, "TO") ||
                       smtp_span_is(scheme, "mailto") || smtp_span_is(scheme, "CC") || smtp_span_is(scheme, "BCC") ||
                       smtp_span_is(scheme, "smtp") || smtp_span_is(scheme, "sip");
        if (begin == 0 || begin == at || line.octets[begin - 1] != ':' || scheme.length == 0 || address)
            continue;
        struct smtp_secret secret = hide_from(line, SMTP_SECRET_MISPLACED, line.octets + begin,
                                              smtp_span_from(smtp_span_first(line, at), begin));
        secret.readable = true;
        return secret;
    }
    return no_secret();
}

static bool holds_url(struct smtp_span line)
{
    for (size_t i = 1; i + 2 < line.length; i++)
        if (line.octets[i] == '/' && line.octets[i - 1] == ':' && line.octets[i + 1] == '/')
            return true;
    return false;
}

/* "imap://bob@host/box;uid=1;urlauth=submit+bob:internal:91354a47": whoever has the token has the message (RFC 4467). */
static struct smtp_secret secret_of_burl(struct smtp_span line)
{
    struct smtp_secret secret = secret_of_url(line);
    for (size_t i = 0; i < line.length && secret.kind == SMTP_SECRET_NONE; i++) {
        if (!smtp_span_starts_with(smtp_span_from(line, i), ";URLAUTH="))
            continue;
        struct smtp_span rest = smtp_span_from(line, i);
        struct smtp_span token = smtp_span_next_word(&rest);
        while (token.length > 0 && memchr(token.octets, ':', token.length) != NULL)
            token = smtp_span_from(token, (size_t)((const uint8_t *)memchr(token.octets, ':', token.length) - token.octets) + 1);
        secret = token.length > 0 ? hide_from(line, SMTP_SECRET_MISPLACED, token.octets, token) : secret;
        secret.readable = secret.kind != SMTP_SECRET_NONE;
    }
    return secret;
}

/* A response of PLAIN that stands in a line, wherever it does. */
static struct smtp_secret secret_of_triples(struct smtp_span line, uint8_t *buffer)
{
    struct smtp_span rest = line;
    struct smtp_sasl_response sasl;
    for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
        if (smtp_secret_is_telling(word) && is_triple(word, &sasl, buffer))
            return hide_response(line, SMTP_SECRET_MISPLACED, smtp_span_from(line, (size_t)(word.octets - line.octets)),
                                 &sasl);
    return no_secret();
}

/*
 * Lines that read as unknown commands and may be answers to a challenge: what looks like base64 behind an AUTH that was
 * refused, or like anything but words; and behind any AUTH what looks like nothing else.
 */
static bool may_be_response(const struct smtp_secret_watch *watch, struct smtp_span line)
{
    struct smtp_span rest = smtp_span_trim(line);
    struct smtp_span word = smtp_span_next_word(&rest);
    if (!watch->auth_seen || word.length == 0)
        return false;
    if (is_base64_word(word) && smtp_span_trim(rest).length == 0)
        return watch->auth_failed || smtp_secret_is_telling(word);
    if (!watch->auth_failed)
        return false;
    struct smtp_span second = smtp_span_next_word(&rest);
    return smtp_span_trim(rest).length == 0 && !(is_made_of_letters(word) && is_made_of_letters(second));
}

/* "AUTHPLAIN ...", "AUTH=PLAIN ...": no command, but what is behind AUTH may be a secret. */
static bool begins_with_auth(struct smtp_span word)
{
    return word.length > 4 && smtp_span_starts_with(word, "AUTH") && !smtp_span_starts_with(word, "AUTHORI");
}

static struct smtp_secret secret_glued_to_auth(const struct smtp_command *command, struct smtp_span line,
                                               uint8_t *buffer)
{
    struct smtp_span octets = smtp_span_from(line, (size_t)(command->word.octets - line.octets) + 4);
    struct smtp_secret secret = hide_from(line, SMTP_SECRET_MISPLACED, octets.octets, octets);
    struct smtp_span rest = octets;
    struct smtp_sasl_response sasl;
    for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
        if (is_triple(word, &sasl, buffer))
            return hide_response(line, SMTP_SECRET_MISPLACED, octets, &sasl);
    return secret;
}

/* "CRAM-MD5 dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw": AUTH is missing. */
static struct smtp_secret secret_of_mechanism(struct smtp_span line, uint8_t *buffer)
{
    struct smtp_span rest = line;
    enum smtp_mechanism mechanism = smtp_mechanism_of(smtp_span_next_word(&rest));
    struct smtp_span response = smtp_span_trim(rest);
    if (mechanism == SMTP_MECHANISM_OTHER || mechanism == SMTP_MECHANISM_LOGIN || response.length == 0)
        return no_secret();
    struct smtp_sasl_response sasl = smtp_sasl_decode(mechanism, 0, response, buffer);
    struct smtp_secret secret = hide_response(line, SMTP_SECRET_MISPLACED, response, &sasl);
    secret.readable = secret.readable && count_words(response) <= 2;
    return secret;
}

static struct smtp_secret secret_of_unknown(struct smtp_span line, uint8_t *buffer)
{
    struct smtp_secret secret = secret_of_mechanism(line, buffer);
    if (secret.kind != SMTP_SECRET_NONE)
        return secret;
    secret = secret_of_words(line, line, false, buffer);
    if (secret.kind == SMTP_SECRET_NONE)
        secret = secret_of_words(line, line, true, buffer);
    struct smtp_secret url = secret_of_url(line);
    if (url.kind != SMTP_SECRET_NONE && url.octets.length > secret.octets.length)
        secret = url;
    return secret.kind != SMTP_SECRET_NONE ? secret : secret_of_triples(line, buffer);
}

/* A bare CR may hide another command behind it. */
static struct smtp_secret secret_behind_cr(struct smtp_span line, uint8_t *buffer)
{
    const uint8_t *cr = line.length > 0 ? memchr(line.octets, '\r', line.length) : NULL;
    if (cr == NULL)
        return no_secret();
    struct smtp_span behind = smtp_span_from(line, (size_t)(cr - line.octets));
    struct smtp_secret secret = secret_of_words(line, behind, false, buffer);
    return secret.kind != SMTP_SECRET_NONE ? secret : secret_of_triples(behind, buffer);
}

struct smtp_secret smtp_secret_of_command(struct smtp_secret_watch *watch, const struct smtp_command *command,
                                          struct smtp_span line, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT])
{
    bool authenticates = smtp_verb_has(command->verb, SMTP_TRAIT_AUTHENTICATES);
    bool unknown = command->verb == SMTP_VERB_UNKNOWN;
    bool odd = unknown && begins_with_auth(command->word);
    bool stray = unknown && !odd && may_be_response(watch, line);
    watch->auth_failed = watch->auth_failed && unknown;
    watch->auth_seen = watch->auth_seen || authenticates || odd;
    if (authenticates)
        return secret_of_auth(command, line, buffer);
    if (odd)
        return secret_glued_to_auth(command, line, buffer);
    if (stray)
        return hide_from(line, SMTP_SECRET_STRAY, line.octets, smtp_span_trim(line));
    struct smtp_secret secret = no_secret();
    if (unknown)
        secret = secret_of_unknown(line, buffer);
    else if (command->verb == SMTP_VERB_BURL)
        secret = secret_of_burl(line);
    else if (holds_url(line))
        secret = secret_of_url(line);
    else if (smtp_verb_has(command->verb, SMTP_TRAIT_FREE) && command->argument.length > 0)
        secret = secret_of_words(line, smtp_span_from(line, (size_t)(command->argument.octets - line.octets)), false,
                                 buffer);
    else
        secret = secret_behind_cr(line, buffer);
    watch->auth_seen = watch->auth_seen || secret.kind != SMTP_SECRET_NONE;
    return secret;
}

struct smtp_secret smtp_secret_of_response(struct smtp_secret_watch *watch, bool cancelled, struct smtp_span line,
                                           const struct smtp_sasl_response *sasl)
{
    watch->auth_seen = true;
    if (cancelled || line.length == 0 || smtp_span_is(line, "=") || sasl->open)
        return no_secret();
    return hide_response(line, SMTP_SECRET_AUTH, line, sasl);
}

enum { TORN_LEAST = 8 }; /* octets of a word that may be a secret at the end of a line whose beginning is lost */

struct smtp_secret smtp_secret_of_skipped(const struct smtp_secret_watch *watch, struct smtp_span text, bool torn,
                                          uint8_t buffer[static SMTP_SASL_DECODED_LIMIT])
{
    struct smtp_span line = text;
    while (line.length > 0 && (line.octets[line.length - 1] == '\n' || line.octets[line.length - 1] == '\r'))
        line.length--;
    struct smtp_span rest = line;
    struct smtp_span word = smtp_span_next_word(&rest);
    bool alone = word.length > 0 && smtp_span_trim(rest).length == 0 && !smtp_span_is(word, "."); /* which ends a message */
    if (alone && (torn || watch->auth_seen || smtp_secret_is_telling(word)))
        return hide_from(text, SMTP_SECRET_STRAY, word.octets, word);
    struct smtp_span second = smtp_span_next_word(&rest); /* "IN AGJvYgBzZWNyZXQ=": the end of an AUTH */
    if (torn && second.length >= TORN_LEAST && smtp_secret_is_telling(second) && smtp_span_trim(rest).length == 0)
        return hide_from(text, SMTP_SECRET_STRAY, second.octets, second);
    return secret_of_unknown(text, buffer);
}

/* Digits of base64 in a row, wherever they stand: at the front of `*rest`, or behind something else. Empty: there are no more. */
static struct smtp_span next_base64(struct smtp_span *rest)
{
    size_t length = 0;
    while (rest->length > 0 && !smtp_base64_has(rest->octets[0]))
        *rest = smtp_span_from(*rest, 1);
    while (length < rest->length && smtp_base64_has(rest->octets[length]))
        length++;
    struct smtp_span word = smtp_span_first(*rest, length);
    *rest = smtp_span_from(*rest, length);
    return word;
}

/* "AUTH PLAIN AGJvYgBzZWNyZXQ=", or a response of PLAIN alone. EHLO's "AUTH PLAIN LOGIN" is none. */
static struct smtp_secret secret_of_quoted_auth(struct smtp_span text, uint8_t *buffer)
{
    struct smtp_span rest = text;
    struct smtp_sasl_response sasl;
    bool behind_auth = false, behind_mechanism = false;
    for (struct smtp_span word = next_base64(&rest); word.length > 0; word = next_base64(&rest)) {
        bool telling = smtp_secret_is_telling(word);
        struct smtp_span octets = smtp_span_from(text, (size_t)(word.octets - text.octets));
        if (telling && is_triple(word, &sasl, buffer))
            return hide_response(text, SMTP_SECRET_MISPLACED, smtp_span_first(octets, word.length), &sasl);
        if (telling && behind_mechanism && smtp_mechanism_of(word) == SMTP_MECHANISM_OTHER)
            return hide_from(text, SMTP_SECRET_MISPLACED, octets.octets, word);
        behind_mechanism = behind_auth && smtp_mechanism_of(word) != SMTP_MECHANISM_OTHER;
        behind_auth = smtp_span_is(word, "AUTH");
    }
    return no_secret();
}

/* Codes with which servers quote commands that they do not know. */
static bool is_of_syntax(unsigned code)
{
    return code >= 500 && code <= 504;
}

struct smtp_secret smtp_secret_of_reply(unsigned code, struct smtp_span text, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT])
{
    struct smtp_secret secret = secret_of_quoted_auth(text, buffer);
    for (size_t i = 0; is_of_syntax(code) && secret.kind == SMTP_SECRET_NONE && i < text.length; i++)
        if (memchr("\"'`<", text.octets[i], 4) != NULL)
            secret = secret_of_words(text, smtp_span_from(text, i), false, buffer);
    return secret;
}

void smtp_secret_auth_ended(struct smtp_secret_watch *watch, bool accepted)
{
    watch->auth_failed = !accepted;
}
