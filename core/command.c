/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"

#include "path.h"
#include "sasl.h"

struct smtp_command smtp_command_parse(struct smtp_span line)
{
    struct smtp_span rest = line;
    struct smtp_span word = smtp_span_next_word(&rest);
    return (struct smtp_command){ .verb = smtp_verb_of(word), .word = word, .argument = smtp_span_trim(rest) };
}

/* A decimal number below 2^63, and nothing but digits. */
static bool read_number(struct smtp_span digits, uint64_t *number)
{
    uint64_t value = 0;
    if (digits.length == 0)
        return false;
    for (size_t i = 0; i < digits.length; i++) {
        if (!smtp_ascii_is_digit(digits.octets[i]))
            return false;
        uint64_t digit = (uint64_t)(digits.octets[i] - '0');
        if (value > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

struct smtp_bdat smtp_bdat_parse(struct smtp_span argument)
{
    struct smtp_bdat bdat = { .valid = false };
    struct smtp_span rest = argument;
    uint64_t octets = 0;
    if (!read_number(smtp_span_next_word(&rest), &octets))
        return bdat;
    struct smtp_span word = smtp_span_next_word(&rest);
    bool last = smtp_span_is(word, "LAST");
    if ((word.length > 0 && !last) || smtp_span_next_word(&rest).length > 0)
        return bdat;
    return (struct smtp_bdat){ .valid = true, .octets = octets, .last = last };
}

static bool is_one_word(struct smtp_span argument)
{
    struct smtp_span rest = argument;
    return smtp_span_next_word(&rest).length > 0 && rest.length == 0;
}

/* A word of printable octets; UTF-8 may stand in it (RFC 6531). */
static bool is_domain(struct smtp_span argument)
{
    for (size_t i = 0; i < argument.length; i++)
        if (argument.octets[i] <= ' ' || argument.octets[i] == 0x7f || argument.octets[i] == ',')
            return false;
    return argument.length > 0;
}

/* "KEY=value", or one of the parameters that have no value: other words are prose. */
static bool are_parameters(struct smtp_span parameters)
{
    static const char *const without_value[] = { "SMTPUTF8", "REQUIRETLS", "CONPERM", "CONNEG", "XVERP" };
    struct smtp_span rest = parameters;
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&rest, &parameter)) {
        bool known = parameter.has_value && parameter.keyword.length > 0;
        for (size_t i = 0; i < sizeof without_value / sizeof without_value[0]; i++)
            known = known || smtp_span_is(parameter.keyword, without_value[i]);
        if (!known)
            return false;
    }
    return true;
}

static bool is_path(struct smtp_span argument, const char *keyword)
{
    struct smtp_path path = smtp_path_parse(argument, keyword);
    if (!path.found || path.unclosed || !are_parameters(path.parameters))
        return false;
    /* Where not only brackets stand, the @ tells an address from the words of a sentence. */
    return path.null || (path.no_brackets || path.wrapped ? path.domain.length > 0 : path.address.length > 0);
}

/* Base64 of whole groups. An English word of four small letters is that too, so something else must stand in it. */
static bool is_initial_response(struct smtp_span word)
{
    bool telling = false;
    if (smtp_span_is(word, "="))
        return true;
    for (size_t i = 0; i < word.length; i++) {
        uint8_t octet = word.octets[i];
        bool small = octet >= 'a' && octet <= 'z';
        bool capital = octet >= 'A' && octet <= 'Z';
        bool sign = octet == '=' || octet == '+' || octet == '/';
        if (!small && !capital && !sign && !smtp_ascii_is_digit(octet))
            return false;
        telling = telling || !small;
    }
    return telling && word.length % 4 == 0;
}

static bool is_authentication(struct smtp_span argument)
{
    struct smtp_span rest = argument;
    if (smtp_mechanism_of(smtp_span_next_word(&rest)) == SMTP_MECHANISM_OTHER)
        return false;
    struct smtp_span initial = smtp_span_next_word(&rest);
    return initial.length == 0 || (is_initial_response(initial) && rest.length == 0);
}

/* "NAME=value" words, as XCLIENT and XFORWARD have them. */
static bool are_attributes(struct smtp_span argument)
{
    struct smtp_span rest = argument;
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&rest, &parameter))
        if (!parameter.has_value || parameter.keyword.length == 0)
            return false;
    return argument.length > 0;
}

/* XEXCH50: the number of octets that follow, and the number of recipients. */
static bool are_two_numbers(struct smtp_span argument)
{
    struct smtp_span rest = argument;
    uint64_t number;
    return read_number(smtp_span_next_word(&rest), &number) && read_number(smtp_span_next_word(&rest), &number)
        && rest.length == 0;
}

static bool is_help(const struct smtp_command *command)
{
    if (command->argument.length == 0)
        return smtp_ascii_is_of_one_case(command->word);
    enum smtp_verb about = smtp_verb_of(command->argument);
    return about != SMTP_VERB_UNKNOWN && about != SMTP_VERB_OTHER;
}

static bool has_its_shape(const struct smtp_command *command)
{
    struct smtp_span argument = command->argument;
    switch (command->verb) {
    case SMTP_VERB_MAIL:
    case SMTP_VERB_SEND:
    case SMTP_VERB_SOML:
    case SMTP_VERB_SAML:
        return is_path(argument, "FROM");
    case SMTP_VERB_RCPT:
        return is_path(argument, "TO");
    case SMTP_VERB_EHLO:
    case SMTP_VERB_HELO:
    case SMTP_VERB_LHLO:
    case SMTP_VERB_ETRN:
        return is_domain(argument);
    case SMTP_VERB_DATA:
    case SMTP_VERB_RSET:
    case SMTP_VERB_QUIT:
    case SMTP_VERB_TURN:
    case SMTP_VERB_STARTTLS:
    case SMTP_VERB_X_ANONYMOUSTLS:
        return argument.length == 0 && smtp_ascii_is_of_one_case(command->word);
    case SMTP_VERB_NOOP:
    case SMTP_VERB_ATRN:
        return argument.length == 0 ? smtp_ascii_is_of_one_case(command->word) : is_one_word(argument);
    case SMTP_VERB_BDAT:
        return smtp_bdat_parse(argument).valid;
    case SMTP_VERB_BURL:
        return smtp_span_starts_with(argument, "imap:") || smtp_span_starts_with(argument, "imaps:");
    case SMTP_VERB_AUTH:
        return is_authentication(argument);
    case SMTP_VERB_HELP:
        return is_help(command);
    case SMTP_VERB_VRFY:
    case SMTP_VERB_EXPN:
    case SMTP_VERB_X_EXPS:
    case SMTP_VERB_X_LINK2STATE:
        return argument.length > 0;
    case SMTP_VERB_XCLIENT:
    case SMTP_VERB_XFORWARD:
        return are_attributes(argument);
    case SMTP_VERB_XEXCH50:
        return are_two_numbers(argument);
    case SMTP_VERB_NONE:
    case SMTP_VERB_UNKNOWN:
    case SMTP_VERB_OTHER:
    case SMTP_VERB_COUNT:
        break;
    }
    return false;
}

bool smtp_command_is_certain(struct smtp_span line)
{
    struct smtp_command command = smtp_command_parse(line);
    /* Programs do not indent their commands; people who quote them do. */
    if (command.word.length == 0 || command.word.octets != line.octets)
        return false;
    return has_its_shape(&command);
}
