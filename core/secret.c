/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

static bool is_alphanumeric(uint8_t octet)
{
    return smtp_ascii_is_letter(octet) || smtp_ascii_is_digit(octet);
}

/* A word such as the answers to challenges are, and commands in a pinch too. */
static bool is_base64_word(struct smtp_span word)
{
    if (word.length < 4)
        return false;
    for (size_t i = 0; i < word.length; i++) {
        uint8_t octet = word.octets[i];
        if (!is_alphanumeric(octet) && octet != '+' && octet != '/' && octet != '=')
            return false;
    }
    return true;
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

bool smtp_mechanism_is_name(struct smtp_span word)
{
    if (word.length == 0 || word.length > 20)
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (!is_alphanumeric(word.octets[i]) && word.octets[i] != '-' && word.octets[i] != '_')
            return false;
    return smtp_ascii_is_of_one_case(word) || smtp_mechanism_of(word) != SMTP_MECHANISM_OTHER;
}

static struct smtp_secret no_secret(void)
{
    return (struct smtp_secret){ .kind = SMTP_SECRET_NONE };
}

/* From `from` on, which points into `line`, it is a secret. */
static struct smtp_secret hide_from(struct smtp_span line, enum smtp_secret_kind kind, const uint8_t *from, struct smtp_span named)
{
    return (struct smtp_secret){ .kind = kind, .octets = smtp_span_from(line, (size_t)(from - line.octets)), .named = named };
}

/* The line of an AUTH command: its initial response is a secret, but for a LOGIN user name; and so is what is no mechanism. */
static struct smtp_secret secret_of_auth(const struct smtp_command *command, struct smtp_span line, uint8_t *buffer)
{
    struct smtp_span rest = command->argument;
    struct smtp_span mechanism = smtp_span_next_word(&rest);
    struct smtp_span response = smtp_span_trim(rest);
    if (mechanism.length == 0)
        return no_secret();
    if (!smtp_mechanism_is_name(mechanism))
        return hide_from(line, SMTP_SECRET_AUTH, mechanism.octets,
                         smtp_span_from(line, (size_t)(mechanism.octets - line.octets)));
    if (response.length == 0 || smtp_span_is(response, "="))
        return no_secret();
    if (smtp_mechanism_of(mechanism) == SMTP_MECHANISM_LOGIN) {
        struct smtp_span behind = response;
        smtp_span_next_word(&behind);
        behind = smtp_span_trim(behind);
        return behind.length == 0 ? no_secret() : hide_from(line, SMTP_SECRET_AUTH, behind.octets, behind);
    }
    struct smtp_sasl_response sasl = smtp_sasl_decode(smtp_mechanism_of(mechanism), 0, response, buffer);
    return hide_from(line, SMTP_SECRET_AUTH, response.octets, sasl.has_secret ? sasl.secret : response);
}

/*
 * Lines that read as unknown commands and may be answers to a challenge: what looks like base64 behind an AUTH that was refused;
 * and behind any AUTH what looks like nothing else.
 */
static bool may_be_response(const struct smtp_secret_watch *watch, struct smtp_span line)
{
    struct smtp_span word = smtp_span_trim(line);
    if (!is_base64_word(word) || !watch->auth_seen)
        return false;
    return watch->auth_failed || smtp_secret_is_telling(word);
}

/* "AUTHPLAIN ...", "AUTH=PLAIN ...": no command, but what is behind AUTH may be a secret. */
static bool begins_with_auth(struct smtp_span word)
{
    return word.length > 4 && smtp_span_starts_with(word, "AUTH");
}

/*
 * What clients of other protocols send, or somebody who types: "PASS secret", "USER bob secret", "a LOGIN bob secret",
 * "x AUTH PLAIN AGJvYgBzZWNyZXQ=". The word that tells is one of the first two; `skipped`: words behind it that are no secret.
 */
static const struct {
    const char *word;
    unsigned skipped;
} foreign[] = { { "PASS", 0 }, { "PASSWORD", 0 }, { "USER", 1 }, { "LOGIN", 1 }, { "AUTHINFO", 1 }, { "AUTH", 1 }, { "AUTHENTICATE", 1 } };

static struct smtp_secret secret_of_foreign(struct smtp_span line)
{
    struct smtp_span rest = line;
    for (unsigned number = 0; number < 2; number++) {
        struct smtp_span word = smtp_span_next_word(&rest);
        for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
            if (!smtp_span_is(word, foreign[i].word))
                continue;
            for (unsigned skipped = 0; skipped < foreign[i].skipped; skipped++)
                smtp_span_next_word(&rest);
            struct smtp_span secret = smtp_span_trim(rest);
            return secret.length > 0 ? hide_from(line, SMTP_SECRET_ODD, secret.octets, secret) : no_secret();
        }
    }
    return no_secret();
}

struct smtp_secret smtp_secret_of_command(struct smtp_secret_watch *watch, const struct smtp_command *command,
                                          struct smtp_span line, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT])
{
    bool authenticates = command->verb == SMTP_VERB_AUTH || command->verb == SMTP_VERB_X_EXPS;
    bool unknown = command->verb == SMTP_VERB_UNKNOWN;
    bool odd = unknown && begins_with_auth(command->word);
    bool stray = unknown && !odd && may_be_response(watch, line);
    watch->auth_failed = watch->auth_failed && unknown;
    watch->auth_seen = watch->auth_seen || authenticates || odd;
    if (authenticates)
        return secret_of_auth(command, line, buffer);
    if (odd)
        return hide_from(line, SMTP_SECRET_ODD, command->word.octets + 4, smtp_span_from(command->word, 4));
    if (stray)
        return hide_from(line, SMTP_SECRET_STRAY, line.octets, smtp_span_trim(line));
    return unknown ? secret_of_foreign(line) : no_secret();
}

struct smtp_secret smtp_secret_of_response(struct smtp_secret_watch *watch, enum smtp_mechanism mechanism, unsigned ordinal,
                                           bool cancelled, struct smtp_span line, const struct smtp_sasl_response *sasl)
{
    watch->auth_seen = true;
    bool user_name = mechanism == SMTP_MECHANISM_LOGIN && ordinal == 0 && !sasl->bad_base64;
    if (cancelled || line.length == 0 || smtp_span_is(line, "=") || user_name)
        return no_secret();
    return hide_from(line, SMTP_SECRET_AUTH, line.octets, sasl->has_secret ? sasl->secret : line);
}

void smtp_secret_auth_ended(struct smtp_secret_watch *watch, bool accepted)
{
    watch->auth_failed = !accepted;
}
