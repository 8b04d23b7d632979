/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTP_FINDING_H
#define SMTP_FINDING_H

#include <stdbool.h>

/* What somebody who looks into a capture should look at. Names and severities are stable. */

enum smtp_severity {
    SMTP_SEVERITY_INFO,
    SMTP_SEVERITY_LOW,
    SMTP_SEVERITY_MEDIUM,
    SMTP_SEVERITY_HIGH,
};

enum smtp_finding {
    SMTP_FINDING_CLEARTEXT_CREDENTIALS,
    SMTP_FINDING_AUTH_OFFERED_IN_CLEAR,
    SMTP_FINDING_STARTTLS_NOT_OFFERED,
    SMTP_FINDING_STARTTLS_MASKED,
    SMTP_FINDING_BANNER_MASKED,
    SMTP_FINDING_STARTTLS_REFUSED,
    SMTP_FINDING_STARTTLS_FALLBACK_TO_CLEAR,
    SMTP_FINDING_STARTTLS_COMMAND_INJECTION,
    SMTP_FINDING_STARTTLS_REPLY_INJECTION,
    SMTP_FINDING_SMTP_SMUGGLING,
    SMTP_FINDING_BARE_LINE_FEED,
    SMTP_FINDING_BARE_CARRIAGE_RETURN,
    SMTP_FINDING_OVERLONG_LINE,
    SMTP_FINDING_NUL_OCTET,
    SMTP_FINDING_AUTH_BRUTE_FORCE,
    SMTP_FINDING_RECIPIENT_ENUMERATION,
    SMTP_FINDING_PIPELINING_VIOLATION,
    SMTP_FINDING_EARLY_TALKER,
    SMTP_FINDING_EXTENSION_NOT_OFFERED,
    SMTP_FINDING_DECLARED_SIZE_MISMATCH,
    SMTP_FINDING_EXTENSIONS_CHANGED_AFTER_TLS,
    SMTP_FINDING_REPLY_WITHOUT_COMMAND,
    SMTP_FINDING_REPLY_CODE_MISMATCH,
    SMTP_FINDING_UNKNOWN_COMMAND,
    SMTP_FINDING_ENVELOPE_HEADER_MISMATCH,
    SMTP_FINDING_OVERLAP_CONFLICT,
    SMTP_FINDING_TCP_CONTRADICTION,
    SMTP_FINDING_CHECKSUM_MISMATCH,
    SMTP_FINDING_CAPTURE_GAP,
    SMTP_FINDING_NOT_SMTP,
    SMTP_FINDING_MALFORMED_REPLY,
    SMTP_FINDING_COUNT
};

/* What came before a finding and proves it, too. The core does not remember where that was: a shell does. */
enum smtp_related {
    SMTP_RELATED_NONE,
    SMTP_RELATED_STARTTLS_FAILED, /* the last reply that refused STARTTLS, or what ended the handshake */
    SMTP_RELATED_CLEAR_EHLO,      /* the last reply in clear, before TLS, that accepted an EHLO */
    SMTP_RELATED_MAIL,            /* the last command that named a sender */
    SMTP_RELATED_GREETING,        /* the last reply that accepted a greeting */
    SMTP_RELATED_DENIALS,         /* the replies that denied logins, the last ones */
    SMTP_RELATED_COUNT
};

/* Frames that are kept of what is related to one finding, and said of it later. */
#define SMTP_RELATED_KEPT 7

/* `of_offer`: what the server announced proves it. */
enum smtp_related smtp_finding_related(enum smtp_finding finding, bool of_offer);

/* Its stable name, "starttls-masked". Static memory. */
const char *smtp_finding_name(enum smtp_finding finding);

enum smtp_severity smtp_finding_severity(enum smtp_finding finding);

/* "high", "medium", "low", "info". Static memory. */
const char *smtp_severity_name(enum smtp_severity severity);

#endif
