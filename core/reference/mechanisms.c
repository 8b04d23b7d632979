/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reference.h"

static const struct smtp_reference_entry entries[] = {
    { "PLAIN", "user name and password, readable", "RFC 4616" },
    { "LOGIN", "user name and password in two answers, readable", "seen in practice" },
    { "CRAM-MD5", "challenge and keyed digest; the password is not sent", "RFC 2195" },
    { "DIGEST-MD5", "challenge and digest; historic", "RFC 2831" },
    { "SCRAM-SHA-1", "salted challenge; the password is not sent", "RFC 5802" },
    { "SCRAM-SHA-1-PLUS", "salted challenge bound to the TLS channel", "RFC 5802" },
    { "SCRAM-SHA-256", "salted challenge; the password is not sent", "RFC 7677" },
    { "SCRAM-SHA-256-PLUS", "salted challenge bound to the TLS channel", "RFC 7677" },
    { "SCRAM-SHA-512", "salted challenge; the password is not sent", "seen in practice" },
    { "XOAUTH2", "a bearer token, readable", "Google, private" },
    { "OAUTHBEARER", "a bearer token, readable", "RFC 7628" },
    { "OAUTH10A", "a signed OAuth 1.0a request", "RFC 7628" },
    { "EXTERNAL", "identity from elsewhere, such as a TLS certificate", "RFC 4422" },
    { "ANONYMOUS", "no identity; a trace text at most", "RFC 4505" },
    { "NTLM", "Windows challenge and response; names user and host", "MS-SMTPNTLM" },
    { "GSSAPI", "Kerberos tickets; opaque to a reader", "RFC 4752" },
    { "GSS-SPNEGO", "negotiates Kerberos or NTLM; opaque to a reader", "RFC 4178" },
    { "GS2-KRB5", "Kerberos tickets; opaque to a reader", "RFC 5801" },
    { "GS2-KRB5-PLUS", "Kerberos tickets bound to the TLS channel", "RFC 5801" },
    { "KERBEROS_V4", "Kerberos 4 tickets; obsolete", "RFC 2222" },
    { "SKEY", "one-time passwords; obsolete", "RFC 2222" },
    { "OTP", "one-time passwords", "RFC 2444" },
    { "SECURID", "SecurID token codes", "RFC 2808" },
    { "SRP", "secure remote password; the password is not sent", "seen in practice" },
    { "9798-U-RSA-SHA1-ENC", "one-sided RSA signature", "RFC 3163" },
    { "ECDSA-NIST256P-CHALLENGE", "elliptic-curve signature of a challenge", "seen in practice" },
    { "SAML20", "login at a SAML identity provider", "RFC 6595" },
    { "OPENID20", "login at an OpenID provider", "RFC 6616" },
    { "XYMCOOKIE", "a Yahoo cookie in place of a password", "Yahoo, private" },
    { "XAOL-UAS-MB", "a login of AOL's own", "AOL, private" },
    { "MSN", "a login of Microsoft's own", "Microsoft, private" },
};

const struct smtp_reference_table smtp_reference_mechanisms = { .entries = entries, .count = sizeof entries / sizeof entries[0] };
