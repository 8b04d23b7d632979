/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verb.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct row {
    const char *name;
    enum smtp_keyword keyword;
    enum smtp_verb_shape shape;
    unsigned traits;
};

enum {
    ANYWHERE = SMTP_TRAIT_ANYWHERE,
    GREETS = SMTP_TRAIT_GREETS,
    EXTENDED = SMTP_TRAIT_EXTENDED,
    SENDER = SMTP_TRAIT_SENDER,
    RECIPIENT = SMTP_TRAIT_RECIPIENT,
    CHUNK = SMTP_TRAIT_CHUNK,
    GOES_AHEAD = SMTP_TRAIT_GOES_AHEAD,
    RESETS = SMTP_TRAIT_RESETS,
    ABORTS = SMTP_TRAIT_ABORTS,
    AUTHENTICATES = SMTP_TRAIT_AUTHENTICATES,
    STARTS_TLS = SMTP_TRAIT_STARTS_TLS,
    GREETED = SMTP_TRAIT_GREETED,
    TURNS = SMTP_TRAIT_TURNS,
    NAMES = SMTP_TRAIT_NAMES,
    KNOWS = SMTP_TRAIT_KNOWS,
    FREE = SMTP_TRAIT_FREE,
    QUOTED = SMTP_TRAIT_QUOTED,
    SMUGGLES = SMTP_TRAIT_SMUGGLES,
};

#define NO_KEYWORD SMTP_KEYWORD_OTHER
#define KEYWORD(name) SMTP_KEYWORD_##name
#define SHAPE(name) SMTP_SHAPE_##name

/* clang-format off */
/* Name, keyword that a server must announce, shape of the argument, traits. */
static const struct row rows[SMTP_VERB_COUNT] = {
    [SMTP_VERB_UNKNOWN] = { NULL, NO_KEYWORD, SHAPE(UNCERTAIN), QUOTED },
    [SMTP_VERB_EHLO] = { "EHLO", NO_KEYWORD, SHAPE(DOMAIN), GREETS | EXTENDED | RESETS | NAMES | SMUGGLES },
    [SMTP_VERB_HELO] = { "HELO", NO_KEYWORD, SHAPE(DOMAIN), GREETS | RESETS | NAMES | SMUGGLES },
    [SMTP_VERB_LHLO] = { "LHLO", NO_KEYWORD, SHAPE(DOMAIN), GREETS | EXTENDED | RESETS | NAMES | SMUGGLES },
    [SMTP_VERB_MAIL] = { "MAIL", NO_KEYWORD, SHAPE(REVERSE_PATH), ANYWHERE | SENDER | NAMES | SMUGGLES },
    [SMTP_VERB_RCPT] = { "RCPT", NO_KEYWORD, SHAPE(FORWARD_PATH), ANYWHERE | RECIPIENT | NAMES | KNOWS | SMUGGLES },
    [SMTP_VERB_DATA] = { "DATA", NO_KEYWORD, SHAPE(NOTHING), GOES_AHEAD | FREE | SMUGGLES },
    [SMTP_VERB_BDAT] = { "BDAT", KEYWORD(CHUNKING), SHAPE(CHUNK), ANYWHERE | CHUNK | SMUGGLES },
    [SMTP_VERB_BURL] = { "BURL", KEYWORD(BURL), SHAPE(IMAP_URL), ANYWHERE | CHUNK },
    [SMTP_VERB_RSET] = { "RSET", NO_KEYWORD, SHAPE(NOTHING), ANYWHERE | RESETS | FREE | SMUGGLES },
    [SMTP_VERB_NOOP] = { "NOOP", NO_KEYWORD, SHAPE(WORD), FREE | QUOTED },
    [SMTP_VERB_QUIT] = { "QUIT", NO_KEYWORD, SHAPE(NOTHING), ABORTS | FREE },
    [SMTP_VERB_VRFY] = { "VRFY", NO_KEYWORD, SHAPE(SOMETHING), NAMES | KNOWS | SMUGGLES },
    [SMTP_VERB_EXPN] = { "EXPN", NO_KEYWORD, SHAPE(SOMETHING), NAMES | KNOWS | SMUGGLES },
    [SMTP_VERB_HELP] = { "HELP", NO_KEYWORD, SHAPE(VERB), FREE | QUOTED },
    [SMTP_VERB_AUTH] = { "AUTH", KEYWORD(AUTH), SHAPE(MECHANISM), AUTHENTICATES | SMUGGLES },
    [SMTP_VERB_STARTTLS] = { "STARTTLS", KEYWORD(STARTTLS), SHAPE(NOTHING), STARTS_TLS | GREETED | RESETS | FREE | SMUGGLES },
    [SMTP_VERB_ETRN] = { "ETRN", KEYWORD(ETRN), SHAPE(DOMAIN), NAMES },
    [SMTP_VERB_ATRN] = { "ATRN", KEYWORD(ATRN), SHAPE(WORD), TURNS | NAMES },
    [SMTP_VERB_TURN] = { "TURN", NO_KEYWORD, SHAPE(NOTHING), TURNS | FREE },
    [SMTP_VERB_SEND] = { "SEND", NO_KEYWORD, SHAPE(REVERSE_PATH), ANYWHERE | SENDER | NAMES | SMUGGLES },
    [SMTP_VERB_SOML] = { "SOML", NO_KEYWORD, SHAPE(REVERSE_PATH), ANYWHERE | SENDER | NAMES | SMUGGLES },
    [SMTP_VERB_SAML] = { "SAML", NO_KEYWORD, SHAPE(REVERSE_PATH), ANYWHERE | SENDER | NAMES | SMUGGLES },
    [SMTP_VERB_XCLIENT] = { "XCLIENT", KEYWORD(XCLIENT), SHAPE(ATTRIBUTES), GREETED | RESETS | SMUGGLES },
    [SMTP_VERB_XFORWARD] = { "XFORWARD", KEYWORD(XFORWARD), SHAPE(ATTRIBUTES), ANYWHERE },
    [SMTP_VERB_X_EXPS] = { "X-EXPS", KEYWORD(X_EXPS), SHAPE(SOMETHING), AUTHENTICATES },
    [SMTP_VERB_X_LINK2STATE] = { "X-LINK2STATE", NO_KEYWORD, SHAPE(SOMETHING), 0 },
    [SMTP_VERB_XEXCH50] = { "XEXCH50", NO_KEYWORD, SHAPE(TWO_NUMBERS), GOES_AHEAD },
    [SMTP_VERB_X_ANONYMOUSTLS] = { "X-ANONYMOUSTLS", KEYWORD(X_ANONYMOUSTLS), SHAPE(NOTHING), STARTS_TLS | GREETED | RESETS | FREE },
    [SMTP_VERB_OTHER] = { NULL, NO_KEYWORD, SHAPE(UNCERTAIN), FREE | QUOTED },
};
/* clang-format on */

/* Netscape's, sendmail's and Exchange's own: they take an argument and a reply like any other verb. */
static const char *const others[] = {
    "XADR", "XSTA",    "XCIR",           "XGEN",      "VERB",   "ONEX",       "XUSR",     "XQUE",
    "XTRN", "XSHADOW", "XSHADOWREQUEST", "XQDISCARD", "XPROXY", "XPROXYFROM", "XPROXYTO", "XSESSIONPARAMS",
};

static bool spells(struct smtp_span word, const char *name)
{
    return smtp_ascii_upper(word.octets[0]) == (uint8_t)name[0] && smtp_span_is(word, name);
}

enum smtp_verb smtp_verb_of(struct smtp_span word)
{
    if (word.length == 0)
        return SMTP_VERB_NONE;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].name != NULL && spells(word, rows[i].name))
            return (enum smtp_verb)i;
    for (size_t i = 0; i < COUNT(others); i++)
        if (spells(word, others[i]))
            return SMTP_VERB_OTHER;
    return SMTP_VERB_UNKNOWN;
}

static const struct row *row_of(enum smtp_verb verb)
{
    return (size_t)verb < COUNT(rows) ? &rows[verb] : &rows[SMTP_VERB_NONE];
}

const char *smtp_verb_name(enum smtp_verb verb)
{
    const char *name = row_of(verb)->name;
    return name != NULL ? name : "";
}

bool smtp_verb_has(enum smtp_verb verb, enum smtp_verb_trait trait)
{
    return (row_of(verb)->traits & (unsigned)trait) != 0;
}

enum smtp_verb_shape smtp_verb_shape(enum smtp_verb verb)
{
    return row_of(verb)->shape;
}

enum smtp_keyword smtp_verb_keyword(enum smtp_verb verb)
{
    return row_of(verb)->keyword;
}
