/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verb.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct row {
    const char *name;
    bool anywhere; /* in a pipelined group, not only as its last command */
};

static const struct row rows[SMTP_VERB_COUNT] = {
    [SMTP_VERB_EHLO] = { "EHLO", false },
    [SMTP_VERB_HELO] = { "HELO", false },
    [SMTP_VERB_LHLO] = { "LHLO", false },
    [SMTP_VERB_MAIL] = { "MAIL", true },
    [SMTP_VERB_RCPT] = { "RCPT", true },
    [SMTP_VERB_DATA] = { "DATA", false },
    [SMTP_VERB_BDAT] = { "BDAT", true },
    [SMTP_VERB_BURL] = { "BURL", true },
    [SMTP_VERB_RSET] = { "RSET", true },
    [SMTP_VERB_NOOP] = { "NOOP", false },
    [SMTP_VERB_QUIT] = { "QUIT", false },
    [SMTP_VERB_VRFY] = { "VRFY", false },
    [SMTP_VERB_EXPN] = { "EXPN", false },
    [SMTP_VERB_HELP] = { "HELP", false },
    [SMTP_VERB_AUTH] = { "AUTH", false },
    [SMTP_VERB_STARTTLS] = { "STARTTLS", false },
    [SMTP_VERB_ETRN] = { "ETRN", false },
    [SMTP_VERB_ATRN] = { "ATRN", false },
    [SMTP_VERB_TURN] = { "TURN", false },
    [SMTP_VERB_SEND] = { "SEND", true },
    [SMTP_VERB_SOML] = { "SOML", true },
    [SMTP_VERB_SAML] = { "SAML", true },
    [SMTP_VERB_XCLIENT] = { "XCLIENT", false },
    [SMTP_VERB_XFORWARD] = { "XFORWARD", true },
    [SMTP_VERB_X_EXPS] = { "X-EXPS", false },
    [SMTP_VERB_X_LINK2STATE] = { "X-LINK2STATE", false },
    [SMTP_VERB_XEXCH50] = { "XEXCH50", false },
    [SMTP_VERB_X_ANONYMOUSTLS] = { "X-ANONYMOUSTLS", false },
};

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

bool smtp_verb_may_be_followed(enum smtp_verb verb)
{
    return row_of(verb)->anywhere;
}

bool smtp_verb_names_sender(enum smtp_verb verb)
{
    return verb == SMTP_VERB_MAIL || verb == SMTP_VERB_SEND || verb == SMTP_VERB_SOML || verb == SMTP_VERB_SAML;
}

bool smtp_verb_names_recipient(enum smtp_verb verb)
{
    return verb == SMTP_VERB_RCPT;
}
