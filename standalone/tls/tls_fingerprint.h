/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TLS_FINGERPRINT_H
#define SMTPSCOPE_TLS_FINGERPRINT_H

/*
 * What kind of client says hello: digests over what it offers. JA3 is MD5 over the offers in their order, JA4 is readable in its first part
 * and sorts the offers, so that clients that shuffle their extensions have one. Values of GREASE (RFC 8701) are in neither.
 */

#include "span.h"

#define TLS_JA3_SIZE 33 /* with NUL */
#define TLS_JA4_SIZE 37

struct tls_fingerprint {
    char ja3[TLS_JA3_SIZE];
    char ja4[TLS_JA4_SIZE];
};

/* Reads the body of a ClientHello message, behind its header of four octets. False, and empty strings, where it is cut or malformed. */
bool tls_fingerprint_read(struct smtp_span body, struct tls_fingerprint *fingerprint);

#endif
