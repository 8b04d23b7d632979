/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding.h"

#include <stddef.h>

#include "reference/reference.h" /* N_ */

static const struct {
    const char *name;
    enum smtp_severity severity;
} findings[SMTP_FINDING_COUNT] = {
    [SMTP_FINDING_CLEARTEXT_CREDENTIALS] = { "cleartext-credentials", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_AUTH_OFFERED_IN_CLEAR] = { "auth-offered-in-clear", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_STARTTLS_NOT_OFFERED] = { "starttls-not-offered", SMTP_SEVERITY_INFO },
    [SMTP_FINDING_STARTTLS_MASKED] = { "starttls-masked", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_BANNER_MASKED] = { "banner-masked", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_STARTTLS_REFUSED] = { "starttls-refused", SMTP_SEVERITY_MEDIUM },
    [SMTP_FINDING_STARTTLS_FALLBACK_TO_CLEAR] = { "starttls-fallback-to-clear", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_STARTTLS_COMMAND_INJECTION] = { "starttls-command-injection", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_STARTTLS_REPLY_INJECTION] = { "starttls-reply-injection", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_SMTP_SMUGGLING] = { "smtp-smuggling", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_BARE_LINE_FEED] = { "bare-line-feed", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_BARE_CARRIAGE_RETURN] = { "bare-carriage-return", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_OVERLONG_LINE] = { "overlong-line", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_NUL_OCTET] = { "nul-octet", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_AUTH_BRUTE_FORCE] = { "auth-brute-force", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_RECIPIENT_ENUMERATION] = { "recipient-enumeration", SMTP_SEVERITY_MEDIUM },
    [SMTP_FINDING_PIPELINING_VIOLATION] = { "pipelining-violation", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_EARLY_TALKER] = { "early-talker", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_EXTENSION_NOT_OFFERED] = { "extension-not-offered", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_DECLARED_SIZE_MISMATCH] = { "declared-size-mismatch", SMTP_SEVERITY_INFO },
    [SMTP_FINDING_EXTENSIONS_CHANGED_AFTER_TLS] = { "extensions-changed-after-tls", SMTP_SEVERITY_MEDIUM },
    [SMTP_FINDING_REPLY_WITHOUT_COMMAND] = { "reply-without-command", SMTP_SEVERITY_INFO },
    [SMTP_FINDING_REPLY_CODE_MISMATCH] = { "reply-code-mismatch", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_UNKNOWN_COMMAND] = { "unknown-command", SMTP_SEVERITY_INFO },
    [SMTP_FINDING_ENVELOPE_HEADER_MISMATCH] = { "envelope-header-mismatch", SMTP_SEVERITY_INFO },
    [SMTP_FINDING_OVERLAP_CONFLICT] = { "overlap-conflict", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_TCP_CONTRADICTION] = { "tcp-contradiction", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_CHECKSUM_MISMATCH] = { "checksum-mismatch", SMTP_SEVERITY_HIGH },
    [SMTP_FINDING_CAPTURE_GAP] = { "capture-gap", SMTP_SEVERITY_MEDIUM },
    [SMTP_FINDING_NOT_SMTP] = { "not-smtp", SMTP_SEVERITY_LOW },
    [SMTP_FINDING_MALFORMED_REPLY] = { "malformed-reply", SMTP_SEVERITY_LOW },
};

const char *smtp_finding_name(enum smtp_finding finding)
{
    return findings[finding].name;
}

enum smtp_severity smtp_finding_severity(enum smtp_finding finding)
{
    return findings[finding].severity;
}

enum smtp_related smtp_finding_related(enum smtp_finding finding, bool of_offer)
{
    switch (finding) {
    case SMTP_FINDING_STARTTLS_FALLBACK_TO_CLEAR:
        return SMTP_RELATED_STARTTLS_FAILED;
    case SMTP_FINDING_EXTENSIONS_CHANGED_AFTER_TLS:
        return SMTP_RELATED_CLEAR_EHLO;
    case SMTP_FINDING_DECLARED_SIZE_MISMATCH:
        return of_offer ? SMTP_RELATED_GREETING : SMTP_RELATED_MAIL;
    case SMTP_FINDING_AUTH_BRUTE_FORCE:
        return SMTP_RELATED_DENIALS;
    default:
        return SMTP_RELATED_NONE;
    }
}

const char *smtp_severity_name(enum smtp_severity severity)
{
    static const char *const names[] = {
        [SMTP_SEVERITY_INFO] = N_("info"),
        [SMTP_SEVERITY_LOW] = N_("low"),
        [SMTP_SEVERITY_MEDIUM] = N_("medium"),
        [SMTP_SEVERITY_HIGH] = N_("high"),
    };
    return names[severity];
}
