/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a server asks for in a challenge (334), and what it says there of a token. */

#include "sasl.h"

/* Octets of a challenge that are looked at: a prompt is short. */
#define PROMPT_OCTETS ((size_t)512)

/* Parts of words for a password, and for a user name, in the languages of mail servers, UTF-8. */
static const char *const password_words[] = {
    "pass",
    "pwd",
    "pasw",
    "psw",
    "kennwort",
    "secret",
    "geheim",
    "contrase",
    "clave",
    "senha",
    "segreta",
    "wachtwoord",
    "losen",
    "l\xc3\xb6sen",
    "adgang",
    "has\xc5\x82o",
    "haslo",
    "heslo",
    "jelsz",
    "salasana",
    "parol",
    "\xc5\x9fifre",
    "sifre",
    "lozink",
    "token",
    "passcode",
    "pin:",
    "pin code",
    "one-time",
    "otp",
    "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb",
    "\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb",
    "\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89",
    "\xe5\xaf\x86\xe7\xa0\x81",
    "\xe5\xaf\x86\xe7\xa2\xbc",
    "\xe5\x8f\xa3\xe4\xbb\xa4",
    "\xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8",
    "\xec\x95\x94\xed\x98\xb8",
};
static const char *const user_words[] = {
    "user",
    "login",
    "log in",
    "name",
    "account",
    "ident",
    "mail",
    "benutzer",
    "usuario",
    "usu\xc3\xa1rio",
    "utente",
    "utilisateur",
    "compte",
    "nom",
    "konto",
    "anv\xc3\xa4nd",
    "bruger",
    "gebruiker",
    "kullan",
    "\xd0\xbf\xd0\xbe\xd0\xbb\xd1\x8c\xd0\xb7\xd0\xbe\xd0\xb2\xd0\xb0\xd1\x82",
    "\xd0\xbb\xd0\xbe\xd0\xb3\xd0\xb8\xd0\xbd",
    "\xd0\xb8\xd0\xbc\xd1\x8f",
    "\xe3\x83\xa6\xe3\x83\xbc\xe3\x82\xb6",
    "\xe7\x94\xa8\xe6\x88\xb7",
    "\xe7\x94\xa8\xe6\x88\xb6",
    "\xe5\xb8\x90",
    "\xec\x82\xac\xec\x9a\xa9\xec\x9e\x90",
    "\xec\x95\x84\xec\x9d\xb4\xeb\x94\x94",
};

static bool holds(struct smtp_span text, const char *word)
{
    for (size_t i = 0; i < text.length; i++)
        if (smtp_span_starts_with(smtp_span_from(text, i), word))
            return true;
    return false;
}

static bool holds_any(struct smtp_span text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (holds(text, words[i]))
            return true;
    return false;
}

/* The words of a challenge: some servers forget to encode them, and some encode a NUL behind them. */
static struct smtp_span words_of(struct smtp_span text, uint8_t buffer[static PROMPT_OCTETS])
{
    bool bad = false;
    bool cut = false;
    text = smtp_span_trim(text);
    struct smtp_span decoded = smtp_base64_decode(text, buffer, PROMPT_OCTETS, &bad, &cut);
    return bad ? smtp_span_first(text, PROMPT_OCTETS) : decoded;
}

enum smtp_asked smtp_sasl_asked(struct smtp_span text)
{
    uint8_t buffer[PROMPT_OCTETS];
    struct smtp_span words = words_of(text, buffer);
    struct smtp_span as_sent =
        smtp_span_first(smtp_span_trim(text), PROMPT_OCTETS); /* "password" is good base64, too */
    if (words.length == 0)
        return SMTP_ASKED_NOTHING;
    if (holds_any(words, password_words, sizeof password_words / sizeof password_words[0]) ||
        holds_any(as_sent, password_words, 2))
        return SMTP_ASKED_PASSWORD;
    if (holds_any(words, user_words, sizeof user_words / sizeof user_words[0]) || holds_any(as_sent, user_words, 2))
        return SMTP_ASKED_USER;
    return SMTP_ASKED_UNKNOWN;
}

unsigned smtp_sasl_token_status(struct smtp_span text)
{
    static const char key[] = "\"status\"";
    uint8_t buffer[PROMPT_OCTETS];
    struct smtp_span words = words_of(text, buffer);
    if (words.length == 0 || words.octets[0] != '{')
        return 0;
    for (size_t i = 0; i < words.length; i++) {
        if (!smtp_span_starts_with(smtp_span_from(words, i), key))
            continue;
        size_t at = i + strlen(key);
        while (at < words.length && memchr(" \t:\"", words.octets[at], 4) != NULL)
            at++;
        unsigned status = 0;
        for (; at < words.length && smtp_ascii_is_digit(words.octets[at]) && status < 1000; at++)
            status = status * 10 + (unsigned)(words.octets[at] - '0');
        return status >= 100 && status < 1000 ? status : 0;
    }
    return 0;
}
