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

struct smtp_bdat smtp_bdat_parse(struct smtp_span argument)
{
    struct smtp_bdat bdat = { .valid = false };
    struct smtp_span rest = argument;
    uint64_t octets = 0;
    if (!smtp_span_number(smtp_span_next_word(&rest), &octets))
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
    if (smtp_span_is(word, "="))
        return true;
    bool telling = false;
    for (size_t i = 0; i < word.length; i++)
        telling = telling || word.octets[i] < 'a' || word.octets[i] > 'z';
    return telling && word.length % 4 == 0 && smtp_base64_is_made_of(word);
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
    return smtp_span_number(smtp_span_next_word(&rest), &number) &&
           smtp_span_number(smtp_span_next_word(&rest), &number) && rest.length == 0;
}

static bool is_nothing(struct smtp_span argument)
{
    return argument.length == 0;
}

static bool is_something(struct smtp_span argument)
{
    return argument.length > 0;
}

static bool is_reverse_path(struct smtp_span argument)
{
    return is_path(argument, "FROM");
}

static bool is_forward_path(struct smtp_span argument)
{
    return is_path(argument, "TO");
}

static bool is_chunk(struct smtp_span argument)
{
    return smtp_bdat_parse(argument).valid;
}

static bool is_imap_url(struct smtp_span argument)
{
    return smtp_span_starts_with(argument, "imap:") || smtp_span_starts_with(argument, "imaps:");
}

static bool is_verb(struct smtp_span argument)
{
    enum smtp_verb verb = smtp_verb_of(argument);
    return verb != SMTP_VERB_UNKNOWN && verb != SMTP_VERB_OTHER;
}

/* The check of each shape; `alone`: the verb may also stand without an argument. */
struct shape {
    bool (*check)(struct smtp_span argument);
    bool alone;
};

static const struct shape shapes[SMTP_SHAPE_COUNT] = {
    [SMTP_SHAPE_NOTHING] = { is_nothing, true },
    [SMTP_SHAPE_SOMETHING] = { is_something, false },
    [SMTP_SHAPE_WORD] = { is_one_word, true },
    [SMTP_SHAPE_DOMAIN] = { is_domain, false },
    [SMTP_SHAPE_REVERSE_PATH] = { is_reverse_path, false },
    [SMTP_SHAPE_FORWARD_PATH] = { is_forward_path, false },
    [SMTP_SHAPE_CHUNK] = { is_chunk, false },
    [SMTP_SHAPE_IMAP_URL] = { is_imap_url, false },
    [SMTP_SHAPE_MECHANISM] = { is_authentication, false },
    [SMTP_SHAPE_VERB] = { is_verb, true },
    [SMTP_SHAPE_ATTRIBUTES] = { are_attributes, false },
    [SMTP_SHAPE_TWO_NUMBERS] = { are_two_numbers, false },
};

static bool has_its_shape(const struct smtp_command *command)
{
    const struct shape *shape = &shapes[smtp_verb_shape(command->verb)];
    if (command->argument.length == 0 && shape->alone)
        return smtp_ascii_is_of_one_case(command->word);
    return shape->check != NULL && shape->check(command->argument);
}

bool smtp_command_is_certain(struct smtp_span line)
{
    struct smtp_command command = smtp_command_parse(line);
    /* Programs do not indent their commands; people who quote them do. */
    if (command.word.length == 0 || command.word.octets != line.octets)
        return false;
    return has_its_shape(&command);
}
