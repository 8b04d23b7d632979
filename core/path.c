/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path.h"

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

/*
 * The octet behind the quoted string that begins at `at` (RFC 5321 section 4.1.2: a backslash quotes the next octet).
 * A quote that is never closed quotes nothing: then it is the octet behind the quote itself.
 */
static size_t behind_quotes(struct smtp_span text, size_t at)
{
    for (size_t i = at + 1; i < text.length; i++) {
        if (text.octets[i] == '\\')
            i++;
        else if (text.octets[i] == '"')
            return i + 1;
    }
    return at + 1;
}

/* The octet behind the comment that begins at `at`; where it is never closed, the octet behind its first. */
static size_t behind_comment(struct smtp_span text, size_t at)
{
    size_t depth = 0;
    for (size_t i = at; i < text.length; i++) {
        if (text.octets[i] == '\\')
            i++;
        else if (text.octets[i] == '(')
            depth++;
        else if (text.octets[i] == ')' && --depth == 0)
            return i + 1;
    }
    return at + 1;
}

/* What was found not to be closed: looking for its end again and again would be quadratic. */
struct hopeless {
    bool quotes, comments;
};

/* Whether a quoted string begins at `at`, and where it ends. */
static bool skip_quotes(struct smtp_span text, size_t *at, struct hopeless *hopeless)
{
    if (text.octets[*at] != '"' || hopeless->quotes)
        return false;
    size_t behind = behind_quotes(text, *at);
    hopeless->quotes = behind == *at + 1; /* no quote closes this one, so none closes those behind it */
    *at = behind;
    return true;
}

/* Whether a comment begins at `at`, and where it ends. Comments stand alone: "a(b)@c" has none. */
static bool skip_comment(struct smtp_span text, size_t *at, struct hopeless *hopeless)
{
    if (text.octets[*at] != '(' || hopeless->comments || (*at > 0 && !is_blank(text.octets[*at - 1])))
        return false;
    size_t behind = behind_comment(text, *at);
    hopeless->comments = behind == *at + 1;
    *at = behind;
    return true;
}

/* Without white space and comments in front. */
static struct smtp_span skip_comments(struct smtp_span text)
{
    struct hopeless hopeless = { .quotes = false };
    size_t at = 0;
    text = smtp_span_trim(text);
    while (text.length > 0 && skip_comment(text, &at, &hopeless) && !hopeless.comments) {
        text = smtp_span_trim(smtp_span_from(text, at));
        at = 0;
    }
    return text;
}

/* Without the comments at its end: "a@b (Foo)". */
static struct smtp_span drop_last_comments(struct smtp_span text)
{
    struct hopeless hopeless = { .quotes = false };
    size_t end = 0; /* of what is no comment */
    size_t at = 0;
    while (at < text.length) {
        if (skip_comment(text, &at, &hopeless)) {
            end = hopeless.comments ? at : end; /* it is none */
            continue;
        }
        bool blank = is_blank(text.octets[at]);
        if (!skip_quotes(text, &at, &hopeless))
            at++;
        end = blank ? end : at;
    }
    return smtp_span_first(text, end);
}

/* The first space outside quotes, or the end. */
static size_t find_blank(struct smtp_span text)
{
    struct hopeless hopeless = { .quotes = false };
    size_t at = 0;
    while (at < text.length) {
        if (skip_quotes(text, &at, &hopeless))
            continue;
        if (is_blank(text.octets[at]))
            return at;
        at++;
    }
    return text.length;
}

/* Where brackets stand, outside quotes and comments. */
struct brackets {
    bool open, closed;
    size_t first, inner; /* the first '<', and the last one in front of the '>' */
    size_t closing;      /* the first '>' behind it */
};

/* The brackets of a value, as in "AUTH=<>", are none, and nothing behind them is. */
static struct brackets find_brackets(struct smtp_span text)
{
    struct brackets brackets = { .open = false };
    struct hopeless hopeless = { .quotes = false };
    size_t at = 0;
    while (at < text.length) {
        if (skip_quotes(text, &at, &hopeless) || skip_comment(text, &at, &hopeless))
            continue;
        if (text.octets[at] == '<') {
            if (at > 0 && text.octets[at - 1] == '=')
                return brackets;
            brackets.first = brackets.open ? brackets.first : at;
            brackets.inner = at;
            brackets.open = true;
        } else if (text.octets[at] == '>' && brackets.open) {
            brackets.closed = true;
            brackets.closing = at;
            return brackets;
        }
        at++;
    }
    return brackets;
}

/* Cuts a source route, "@a,@b:", off the front (RFC 5321 appendix C). The colons of "[IPv6:...]" do not end it. */
static struct smtp_span take_route(struct smtp_span *mailbox)
{
    bool literal = false;
    if (mailbox->length == 0 || mailbox->octets[0] != '@')
        return smtp_span(mailbox->octets, 0);
    for (size_t i = 0; i < mailbox->length; i++) {
        uint8_t octet = mailbox->octets[i];
        if (octet == '[' || octet == ']')
            literal = octet == '[';
        if (octet != ':' || literal)
            continue;
        struct smtp_span route = smtp_span_first(*mailbox, i);
        *mailbox = smtp_span_from(*mailbox, i + 1);
        return route;
    }
    return smtp_span(mailbox->octets, 0);
}

static void split_address(struct smtp_path *path)
{
    struct hopeless hopeless = { .quotes = false };
    bool found = false;
    size_t last = 0;
    size_t at = 0;
    while (at < path->address.length) {
        if (skip_quotes(path->address, &at, &hopeless))
            continue;
        if (path->address.octets[at] == '@') {
            found = true;
            last = at;
        }
        at++;
    }
    path->local_part = found ? smtp_span_first(path->address, last) : path->address;
    path->domain = smtp_span_from(path->address, found ? last + 1 : path->address.length);
}

/* What stands between the brackets, or would. */
static void read_mailbox(struct smtp_path *path, struct smtp_span mailbox)
{
    path->address = drop_last_comments(smtp_span_trim(mailbox));
    path->route = take_route(&path->address);
    path->address = smtp_span_trim(path->address);
    split_address(path);
}

static void read_unbracketed(struct smtp_path *path, struct smtp_span text)
{
    size_t end = find_blank(text);
    path->parameters = skip_comments(smtp_span_from(text, end));
    if (path->no_brackets && end > 0 && text.octets[end - 1] == '>')
        end--; /* "a@b>": the other bracket is missing */
    read_mailbox(path, smtp_span_first(text, end));
}

static void read_bracketed(struct smtp_path *path, struct smtp_span text, const struct brackets *brackets)
{
    struct smtp_span rest = smtp_span_from(text, brackets->closing + 1);
    while (rest.length > 0 && rest.octets[0] == '>')
        rest = smtp_span_from(rest, 1);
    path->wrapped = brackets->inner > 0;
    read_mailbox(path,
                 smtp_span_first(smtp_span_from(text, brackets->inner + 1), brackets->closing - brackets->inner - 1));
    path->parameters = skip_comments(rest);
    path->null = path->address.length == 0 && path->route.length == 0;
}

struct smtp_path smtp_path_parse(struct smtp_span argument, const char *keyword)
{
    struct smtp_path path = { .found = false };
    struct smtp_span rest = smtp_span_trim(argument);
    if (!smtp_span_starts_with(rest, keyword))
        return path;
    rest = smtp_span_trim(smtp_span_from(rest, strlen(keyword)));
    if (rest.length == 0 || rest.octets[0] != ':')
        return path;
    struct smtp_span behind_colon = smtp_span_from(rest, 1);
    rest = smtp_span_trim(behind_colon);
    if (rest.length == 0)
        return path;

    struct brackets brackets = find_brackets(rest);
    path.found = true;
    path.space_after_colon = is_blank(behind_colon.octets[0]);
    path.no_brackets = !brackets.closed && rest.octets[0] != '<';
    path.unclosed = !brackets.closed && rest.octets[0] == '<';
    if (brackets.closed)
        read_bracketed(&path, rest, &brackets);
    else
        read_unbracketed(&path, skip_comments(smtp_span_from(rest, path.unclosed ? 1 : 0)));
    return path;
}

bool smtp_parameter_next(struct smtp_span *rest, struct smtp_parameter *parameter)
{
    struct smtp_span word = smtp_span_next_word(rest);
    if (word.length == 0)
        return false;
    const uint8_t *equals = memchr(word.octets, '=', word.length);
    size_t length = equals != NULL ? (size_t)(equals - word.octets) : word.length;
    *parameter = (struct smtp_parameter){
        .keyword = smtp_span_first(word, length),
        .value = smtp_span_from(word, length + 1),
        .has_value = equals != NULL,
    };
    return true;
}

struct smtp_path smtp_path_of(const struct smtp_command *command)
{
    if (smtp_verb_names_sender(command->verb))
        return smtp_path_parse(command->argument, "FROM");
    if (smtp_verb_names_recipient(command->verb))
        return smtp_path_parse(command->argument, "TO");
    return (struct smtp_path){ .found = false };
}
