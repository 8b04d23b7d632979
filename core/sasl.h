/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

/*
 * What a SASL exchange says about who logs in (RFC 4422, carried by AUTH of RFC 4954). The functions decode
 * one base64 response into a buffer of the caller's; they keep no state, the session counts the responses.
 */

#include "base64.h"
#include "span.h"

enum smtp_mechanism {
    SMTP_MECHANISM_OTHER, /* any other word: framed, named as sent, not decoded */
    SMTP_MECHANISM_PLAIN,
    SMTP_MECHANISM_LOGIN,
    SMTP_MECHANISM_CRAM_MD5,
    SMTP_MECHANISM_DIGEST_MD5,
    SMTP_MECHANISM_SCRAM, /* every SCRAM-*, -PLUS or not */
    SMTP_MECHANISM_XOAUTH2,
    SMTP_MECHANISM_OAUTHBEARER,
    SMTP_MECHANISM_EXTERNAL,
    SMTP_MECHANISM_ANONYMOUS,
    SMTP_MECHANISM_NTLM,
    SMTP_MECHANISM_GSSAPI, /* GSSAPI, GSS-SPNEGO, GS2-* */
};

enum smtp_mechanism smtp_mechanism_of(struct smtp_span word);

/*
 * Whether a passive reader of the exchange learns a secret that can be used again (PLAIN, LOGIN, XOAUTH2,
 * OAUTHBEARER).
 */
bool smtp_mechanism_reveals_secret(enum smtp_mechanism mechanism);

/* Octets of decoded response that are looked at; what is longer is cut and `cut` is set. */
#define SMTP_SASL_DECODED_LIMIT 12288

struct smtp_sasl_response {
    bool bad_base64;           /* not base64, or typed as plain text; then `decoded` is empty */
    bool cut;                  /* longer than SMTP_SASL_DECODED_LIMIT */
    bool malformed;            /* base64, but not what the mechanism asks for */
    bool open;                 /* nothing in it is a secret: a user name, or the first message of SCRAM or NTLM */
    struct smtp_span decoded;  /* the decoded octets, in the caller's buffer */
    bool has_identity;
    struct smtp_span identity; /* authcid (authzid where authcid is empty), in the caller's buffer; UTF-8 or what was sent */
    bool has_secret;
    struct smtp_span secret;   /* password or token, in the caller's buffer; in `text` itself where that is no base64 */
};

/*
 * Decodes response number `ordinal` (0 is the initial response or, without one, the first answer) of `mechanism`.
 * `text` is the base64 as sent; a lone "=" is the empty response of RFC 4954 section 4.
 * `buffer` takes the decoded octets (and for NTLM a UTF-8 copy of the user name); the spans point into it, so it
 * must live as long as they are used.
 *
 * PLAIN: authzid NUL authcid NUL passwd (RFC 4616); identity is authcid. LOGIN: ordinal 0 is the user name, others the password:
 * the caller says what was asked for. CRAM-MD5: user SP 32 hex digits, split at the last space (RFC 2195).
 * DIGEST-MD5: username="..." (RFC 2831). SCRAM: "n=user" of the first message, =2C and =3D decoded (RFC 5802).
 * XOAUTH2: user=..^Aauth=Bearer token^A^A. OAUTHBEARER: a= of the GS2 header, auth=Bearer token (RFC 7628).
 * EXTERNAL: the authzid. ANONYMOUS: the trace (RFC 4505). NTLM: the user name of a type 3 message (UTF-16LE or OEM).
 * Mechanisms that reveal no identity in this response give has_identity false. What does not parse is no identity; and where the
 * mechanism reveals a secret, one is in it all the same: the part that can be told, or all of it.
 */
struct smtp_sasl_response smtp_sasl_decode(enum smtp_mechanism mechanism, unsigned ordinal, struct smtp_span text,
                                           uint8_t buffer[static SMTP_SASL_DECODED_LIMIT]);

/* What a challenge of LOGIN asks for: its words say, in whatever language, and no count does. */
enum smtp_asked {
    SMTP_ASKED_NOTHING,  /* an empty one, or it was not seen */
    SMTP_ASKED_USER,
    SMTP_ASKED_PASSWORD,
    SMTP_ASKED_UNKNOWN,  /* words that tell neither */
};

/* `text`: what stands behind the 334, base64 or not. */
enum smtp_asked smtp_sasl_asked(struct smtp_span text);

/* The challenge of RFC 7628 section 3.2.2 that refuses a token, {"status":"401"}: its status; 0: it is none, or has no number. */
unsigned smtp_sasl_token_status(struct smtp_span text);

/* What an NTLM challenge (MS-NLMP section 2.2.1.2) says of the server. Spans into the caller's buffer, UTF-8; empty: not said. */
struct smtp_ntlm_server {
    struct smtp_span domain, host, dns_domain, dns_host;
};

/* False: `text` is no such challenge. */
bool smtp_sasl_ntlm_server(struct smtp_span text, uint8_t buffer[static SMTP_SASL_DECODED_LIMIT], struct smtp_ntlm_server *server);

/*
 * Whether a word behind AUTH is the name of a mechanism: one of the reference's, or at most 20 capitals, hyphens and
 * underscores (RFC 4422 section 3.1). What looks otherwise may be a response out of place.
 */
bool smtp_mechanism_is_name(struct smtp_span word);

#endif
