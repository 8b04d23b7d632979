/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyword.h"

#define STARTTLS_OCTETS 8

static const char *const names[SMTP_KEYWORD_COUNT] = {
    [SMTP_KEYWORD_SIZE] = "SIZE",
    [SMTP_KEYWORD_8BITMIME] = "8BITMIME",
    [SMTP_KEYWORD_PIPELINING] = "PIPELINING",
    [SMTP_KEYWORD_CHUNKING] = "CHUNKING",
    [SMTP_KEYWORD_BINARYMIME] = "BINARYMIME",
    [SMTP_KEYWORD_DSN] = "DSN",
    [SMTP_KEYWORD_ENHANCEDSTATUSCODES] = "ENHANCEDSTATUSCODES",
    [SMTP_KEYWORD_STARTTLS] = "STARTTLS",
    [SMTP_KEYWORD_AUTH] = "AUTH",
    [SMTP_KEYWORD_SMTPUTF8] = "SMTPUTF8",
    [SMTP_KEYWORD_DELIVERBY] = "DELIVERBY",
    [SMTP_KEYWORD_FUTURERELEASE] = "FUTURERELEASE",
    [SMTP_KEYWORD_MT_PRIORITY] = "MT-PRIORITY",
    [SMTP_KEYWORD_REQUIRETLS] = "REQUIRETLS",
    [SMTP_KEYWORD_LIMITS] = "LIMITS",
    [SMTP_KEYWORD_ETRN] = "ETRN",
    [SMTP_KEYWORD_ATRN] = "ATRN",
    [SMTP_KEYWORD_BURL] = "BURL",
    [SMTP_KEYWORD_CONPERM] = "CONPERM",
    [SMTP_KEYWORD_CONNEG] = "CONNEG",
    [SMTP_KEYWORD_MTRK] = "MTRK",
    [SMTP_KEYWORD_NO_SOLICITING] = "NO-SOLICITING",
    [SMTP_KEYWORD_SUBMITTER] = "SUBMITTER",
    [SMTP_KEYWORD_RRVS] = "RRVS",
    [SMTP_KEYWORD_CHECKPOINT] = "CHECKPOINT",
    [SMTP_KEYWORD_VERP] = "VERP",
    [SMTP_KEYWORD_XCLIENT] = "XCLIENT",
    [SMTP_KEYWORD_XFORWARD] = "XFORWARD",
    [SMTP_KEYWORD_X_EXPS] = "X-EXPS",
    [SMTP_KEYWORD_X_ANONYMOUSTLS] = "X-ANONYMOUSTLS",
    [SMTP_KEYWORD_XRDST] = "XRDST",
    [SMTP_KEYWORD_HELP] = "HELP",
    [SMTP_KEYWORD_EXPN] = "EXPN",
    [SMTP_KEYWORD_VRFY] = "VRFY",
};

_Static_assert(SMTP_KEYWORD_COUNT <= 64, "a set of keywords is a uint64_t");

const char *smtp_keyword_name(enum smtp_keyword keyword)
{
    return keyword < SMTP_KEYWORD_COUNT && names[keyword] != NULL ? names[keyword] : "";
}

static enum smtp_keyword keyword_of(struct smtp_span word)
{
    for (size_t i = 0; i < SMTP_KEYWORD_COUNT; i++)
        if (names[i] != NULL && smtp_span_is(word, names[i]))
            return (enum smtp_keyword)i;
    return SMTP_KEYWORD_OTHER;
}

/* Cisco's inspection writes XXXXXXXA over what it hides; others leave no letter standing. */
static bool is_masked(struct smtp_span word)
{
    if (word.length != STARTTLS_OCTETS)
        return false;
    for (size_t i = 0; i + 1 < word.length; i++)
        if (smtp_ascii_upper(word.octets[i]) != 'X')
            return false;
    uint8_t last = smtp_ascii_upper(word.octets[word.length - 1]);
    return last >= 'A' && last <= 'Z';
}

/* "AUTH=LOGIN" and Exchange's "X-EXPS=LOGIN": the word ends at the sign. Other words keep theirs. */
static size_t word_octets(struct smtp_span word)
{
    const uint8_t *equals = word.length > 0 ? memchr(word.octets, '=', word.length) : NULL;
    if (equals == NULL)
        return word.length;
    size_t length = (size_t)(equals - word.octets);
    enum smtp_keyword keyword = keyword_of(smtp_span_first(word, length));
    return keyword == SMTP_KEYWORD_AUTH || keyword == SMTP_KEYWORD_X_EXPS ? length : word.length;
}

struct smtp_keyword_line smtp_keyword_line_parse(struct smtp_span text)
{
    struct smtp_span trimmed = smtp_span_trim(text);
    struct smtp_span rest = trimmed;
    struct smtp_span word = smtp_span_next_word(&rest);
    size_t length = word_octets(word);
    if (length < word.length)
        rest = smtp_span_from(trimmed, length + 1);
    word = smtp_span_first(word, length);
    return (struct smtp_keyword_line){
        .keyword = keyword_of(word),
        .word = word,
        .parameters = smtp_span_trim(rest),
        .masked = is_masked(word),
    };
}

bool smtp_keyword_line_same(struct smtp_span one, struct smtp_span other)
{
    if (!smtp_span_same_letters(one, other))
        return false;
    if (smtp_span_same(one, other))
        return true;
    struct smtp_keyword_line line = smtp_keyword_line_parse(one);
    return line.keyword != SMTP_KEYWORD_OTHER || smtp_span_same(line.parameters, smtp_keyword_line_parse(other).parameters);
}
