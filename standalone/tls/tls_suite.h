/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_SUITE_H
#define SMTPSCOPE_TLS_SUITE_H

/* Cipher suites of TLS by number (IANA's registry "TLS Cipher Suites"), and what protects the records of each. */

#include <stdint.h>

enum tls_cipher_kind {
    TLS_CIPHER_AEAD, /* RFC 5246 section 6.2.3.3, RFC 8446 section 5.2 */
    TLS_CIPHER_CBC,  /* with a MAC, RFC 5246 section 6.2.3.2 and RFC 7366 */
    TLS_CIPHER_NULL, /* a MAC only */
};

struct tls_protection {
    const char *words;  /* as they stand in a suite's name, behind "_WITH_" or, in TLS 1.3, "TLS_" */
    const char *cipher; /* OpenSSL's name; NULL: none */
    enum tls_cipher_kind kind;
    uint8_t key;      /* octets of the key */
    uint8_t fixed_iv; /* octets of the nonce that come from the handshake; of CBC: of a block */
    uint8_t sent_iv;  /* AEAD: octets of the nonce that each record of TLS 1.2 begins with */
    uint8_t tag;      /* octets of the tag, or of the MAC */
    const char *mac;  /* OpenSSL's name of its digest; NULL: none */
    const char *hash; /* of the PRF of TLS 1.2, or of HKDF */
};

/* "TLS_AES_128_GCM_SHA256"; NULL for a number that IANA has not given away. Static memory. */
const char *tls_suite_name(uint16_t suite);

/* What protects its records; NULL where this is not supported here. Static memory. */
const struct tls_protection *tls_suite_protection(uint16_t suite);

#endif
