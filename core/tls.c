/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls.h"

#include "tls_cursor.h"

#define RECORD_HEADER_OCTETS 5
#define RECORD_BODY_LIMIT ((1u << 14) + 2048u)
#define SSL2_HEADER_OCTETS 2
#define SSL2_LOOK_OCTETS 11 /* header and the fixed part of the ClientHello behind it */
#define SSL2_VERSION 0x0002
#define RANDOM_OCTETS 32

enum { MESSAGE_CLIENT_HELLO = 1, MESSAGE_SERVER_HELLO = 2 };

enum extension {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_ALPN = 16,
    EXTENSION_SUPPORTED_VERSIONS = 43,
};

static const char unknown_alert[] = "unknown alert";

static bool is_version(uint32_t version)
{
    return version >= 0x0300 && version <= 0x0304;
}

/*
 * The fixed part of an SSLv2 ClientHello (RFC 5246 appendix E.2), without its header, in a record body of `octets`.
 * The three lengths must fill the record exactly, so that neither text nor a TLS hello passes.
 */
static bool is_ssl2_hello(struct smtp_span body, size_t octets, uint16_t *version)
{
    struct tls_cursor cursor = { .rest = body };
    uint32_t message = tls_take_number(&cursor, 1);
    uint32_t offered = tls_take_number(&cursor, 2);
    uint32_t ciphers = tls_take_number(&cursor, 2);
    uint32_t identifier = tls_take_number(&cursor, 2);
    uint32_t challenge = tls_take_number(&cursor, 2);
    if (cursor.failed || message != MESSAGE_CLIENT_HELLO || (offered != SSL2_VERSION && !is_version(offered)))
        return false;
    *version = (uint16_t)offered;
    if (ciphers == 0 || ciphers % 3 != 0 || (identifier != 0 && identifier != 16) || challenge < 16 || challenge > 32)
        return false;
    return octets == SSL2_LOOK_OCTETS - SSL2_HEADER_OCTETS + ciphers + identifier + challenge;
}

static enum smtp_tls_look look_at_ssl2(struct smtp_span octets, struct smtp_tls_record *record)
{
    uint16_t version;
    const uint8_t *octet = octets.octets;
    if (octets.length > 2 && octet[2] != MESSAGE_CLIENT_HELLO)
        return SMTP_TLS_NO;
    if (octets.length > 3 && octet[3] != SSL2_VERSION >> 8 && octet[3] != 0x03)
        return SMTP_TLS_NO;
    if (octets.length < SSL2_LOOK_OCTETS)
        return SMTP_TLS_PERHAPS;
    size_t body = (size_t)(octet[0] & 0x7f) << 8 | octet[1];
    if (!is_ssl2_hello(smtp_span_from(octets, SSL2_HEADER_OCTETS), body, &version))
        return SMTP_TLS_NO;
    *record = (struct smtp_tls_record){
        .type = SMTP_TLS_HANDSHAKE,
        .version = SSL2_VERSION,
        .header_octets = SSL2_HEADER_OCTETS,
        .body_octets = body,
    };
    return SMTP_TLS_YES;
}

static enum smtp_tls_look look_at_record(struct smtp_span octets, struct smtp_tls_record *record)
{
    const uint8_t *octet = octets.octets;
    if (octet[0] < SMTP_TLS_CHANGE_CIPHER_SPEC || octet[0] > SMTP_TLS_APPLICATION_DATA)
        return SMTP_TLS_NO;
    if (octets.length > 1 && octet[1] != 0x03)
        return SMTP_TLS_NO;
    if (octets.length > 2 && octet[2] > 0x04)
        return SMTP_TLS_NO;
    if (octets.length > 3 && (uint32_t)octet[3] << 8 > RECORD_BODY_LIMIT)
        return SMTP_TLS_NO;
    if (octets.length < RECORD_HEADER_OCTETS)
        return SMTP_TLS_PERHAPS;
    size_t body = (size_t)octet[3] << 8 | octet[4];
    if (body > RECORD_BODY_LIMIT)
        return SMTP_TLS_NO;
    *record = (struct smtp_tls_record){
        .type = octet[0],
        .version = (uint16_t)(octet[1] << 8 | octet[2]),
        .header_octets = RECORD_HEADER_OCTETS,
        .body_octets = body,
    };
    return SMTP_TLS_YES;
}

enum smtp_tls_look smtp_tls_look(struct smtp_span octets, struct smtp_tls_record *record)
{
    struct smtp_tls_record found;
    if (octets.length == 0)
        return SMTP_TLS_PERHAPS;
    bool ssl2 = (octets.octets[0] & 0x80) != 0;
    enum smtp_tls_look look = ssl2 ? look_at_ssl2(octets, &found) : look_at_record(octets, &found);
    if (look == SMTP_TLS_YES && record != NULL)
        *record = found;
    return look;
}

/* The begin of a handshake message in a record body of `octets`: its type, its length in three octets, a version. */
static enum smtp_tls_look look_at_hello(struct smtp_span body, size_t octets)
{
    size_t needed = octets < 6 ? octets : 6;
    const uint8_t *octet = body.octets;
    if (octets == 0)
        return SMTP_TLS_NO;
    if (body.length > 0 && octet[0] != MESSAGE_CLIENT_HELLO && octet[0] != MESSAGE_SERVER_HELLO)
        return SMTP_TLS_NO;
    if (body.length > 1 && needed > 1 && octet[1] != 0)
        return SMTP_TLS_NO;
    if (body.length > 4 && needed > 5 && octet[4] != 0x03)
        return SMTP_TLS_NO;
    if (body.length > 5 && needed > 5 && octet[5] > 0x04)
        return SMTP_TLS_NO;
    return body.length < needed ? SMTP_TLS_PERHAPS : SMTP_TLS_YES;
}

static enum smtp_tls_look look_at_alert(struct smtp_span body, size_t octets)
{
    bool fatal;
    if (octets != 2 || (body.length > 0 && (body.octets[0] == 0 || body.octets[0] > 2)))
        return SMTP_TLS_NO;
    if (body.length < 2)
        return SMTP_TLS_PERHAPS;
    return smtp_tls_alert_name(smtp_span_first(body, 2), &fatal) != unknown_alert ? SMTP_TLS_YES : SMTP_TLS_NO;
}

enum smtp_tls_look smtp_tls_look_for_hello(struct smtp_span octets)
{
    struct smtp_tls_record record;
    enum smtp_tls_look look = smtp_tls_look(octets, &record);
    bool other = octets.length > 0 && (octets.octets[0] == SMTP_TLS_CHANGE_CIPHER_SPEC || octets.octets[0] == SMTP_TLS_APPLICATION_DATA);
    if (look == SMTP_TLS_NO || other)
        return SMTP_TLS_NO;
    if (look == SMTP_TLS_PERHAPS || record.version == SSL2_VERSION)
        return look;
    struct smtp_span body = smtp_span_from(octets, record.header_octets);
    return record.type == SMTP_TLS_HANDSHAKE ? look_at_hello(body, record.body_octets) : look_at_alert(body, record.body_octets);
}

/* SSLv2 hellos are short: the first octet of their length says little. */
static bool may_begin_hello(uint8_t octet)
{
    return octet == SMTP_TLS_HANDSHAKE || octet == SMTP_TLS_ALERT || (octet & 0xfc) == 0x80;
}

enum smtp_tls_look smtp_tls_find_hello(struct smtp_span octets, size_t from, size_t to, size_t *at)
{
    for (*at = from; *at < to; ++*at) {
        enum smtp_tls_look look = SMTP_TLS_NO;
        if (may_begin_hello(octets.octets[*at]))
            look = smtp_tls_look_for_hello(smtp_span_from(octets, *at));
        if (look != SMTP_TLS_NO)
            return look;
    }
    return SMTP_TLS_NO;
}

/* server_name (RFC 6066 section 3): the host name among the names; there is only one kind. */
static bool read_server_name(struct tls_cursor extension, struct smtp_tls_hello *hello)
{
    struct tls_cursor names = { .rest = tls_take_vector(&extension, 2), .failed = extension.failed };
    if (!hello->client)
        return true; /* the server's is empty: it only says that the name was heard */
    while (!names.failed && names.rest.length > 0) {
        uint32_t type = tls_take_number(&names, 1);
        struct smtp_span name = tls_take_vector(&names, 2);
        if (!names.failed && type == 0 && hello->sni.length == 0)
            hello->sni = name;
    }
    return !names.failed;
}

static bool read_alpn(struct tls_cursor extension, struct smtp_tls_hello *hello)
{
    struct tls_cursor protocols = { .rest = tls_take_vector(&extension, 2), .failed = extension.failed };
    struct smtp_span first = tls_take_vector(&protocols, 1);
    if (protocols.failed)
        return false;
    hello->alpn = first;
    return true;
}

/* supported_versions (RFC 8446 section 4.2.1). Drafts, DTLS and GREASE (RFC 8701) are no versions to choose from. */
static bool read_supported_versions(struct tls_cursor extension, struct smtp_tls_hello *hello)
{
    if (!hello->client) {
        uint32_t chosen = tls_take_number(&extension, 2);
        if (!extension.failed)
            hello->version = (uint16_t)chosen;
        return !extension.failed;
    }
    uint32_t highest = 0;
    struct tls_cursor versions = { .rest = tls_take_vector(&extension, 1), .failed = extension.failed };
    while (!versions.failed && versions.rest.length > 0) {
        uint32_t version = tls_take_number(&versions, 2);
        if (is_version(version) && version > highest)
            highest = version;
    }
    if (highest != 0)
        hello->version = (uint16_t)highest;
    return !versions.failed;
}

static bool read_extension(uint16_t type, struct smtp_span data, struct smtp_tls_hello *hello)
{
    struct tls_cursor extension = { .rest = data };
    switch (type) {
    case EXTENSION_SERVER_NAME:
        return read_server_name(extension, hello);
    case EXTENSION_ALPN:
        return read_alpn(extension, hello);
    case EXTENSION_SUPPORTED_VERSIONS:
        return read_supported_versions(extension, hello);
    default:
        return true;
    }
}

/* Extensions are optional up to TLS 1.2. Those that are there in full are read even where the list is cut. */
static bool read_extensions(struct tls_cursor *message, struct smtp_tls_hello *hello)
{
    if (message->failed || message->rest.length == 0)
        return !message->failed;
    uint32_t octets = tls_take_number(message, 2);
    if (message->failed)
        return false;
    bool good = octets <= message->rest.length;
    struct tls_cursor list = { .rest = smtp_span_first(message->rest, octets) };
    uint16_t type;
    struct smtp_span data;
    while (tls_take_extension(&list, &type, &data))
        good = read_extension(type, data, hello) && good;
    return good && !list.failed;
}

static void read_choices(struct tls_cursor *message, struct smtp_tls_hello *hello)
{
    hello->version = (uint16_t)tls_take_number(message, 2);
    tls_take(message, RANDOM_OCTETS);
    tls_take_vector(message, 1); /* session identifier */
    if (hello->client) {
        tls_take_vector(message, 2); /* cipher suites */
        tls_take_vector(message, 1); /* compression methods */
    } else {
        hello->cipher = (uint16_t)tls_take_number(message, 2);
        tls_take(message, 1); /* compression method */
    }
}

bool smtp_tls_hello_parse(struct smtp_span body, struct smtp_tls_hello *hello)
{
    uint16_t version;
    *hello = (struct smtp_tls_hello){ .client = false };
    if (is_ssl2_hello(body, body.length, &version)) {
        *hello = (struct smtp_tls_hello){ .client = true, .version = version };
        return true;
    }
    struct tls_cursor cursor = { .rest = body };
    uint32_t message_type = tls_take_number(&cursor, 1);
    uint32_t octets = tls_take_number(&cursor, 3);
    if (cursor.failed || (message_type != MESSAGE_CLIENT_HELLO && message_type != MESSAGE_SERVER_HELLO))
        return false;
    hello->client = message_type == MESSAGE_CLIENT_HELLO;
    bool whole = octets <= cursor.rest.length;
    struct tls_cursor message = { .rest = smtp_span_first(cursor.rest, octets) };
    read_choices(&message, hello);
    return read_extensions(&message, hello) && whole;
}

const char *smtp_tls_version_name(uint16_t version)
{
    switch (version) {
    case 0x0304:
        return "TLS 1.3";
    case 0x0303:
        return "TLS 1.2";
    case 0x0302:
        return "TLS 1.1";
    case 0x0301:
        return "TLS 1.0";
    case 0x0300:
        return "SSL 3.0";
    case SSL2_VERSION:
        return "SSL 2.0";
    default:
        return NULL;
    }
}

struct alert {
    uint8_t description;
    bool may_warn; /* sent at level "warning" it ends nothing */
    const char *name;
};

#define ALERT_LEVEL_WARNING 1

/* RFC 8446 section 6; the reserved ones are of RFC 5246 section 7.2 and RFC 2246. */
static const struct alert alerts[] = {
    { 0, false, "close notify (0)" },
    { 10, false, "unexpected message (10)" },
    { 20, false, "bad record MAC (20)" },
    { 21, false, "decryption failed (21)" },
    { 22, false, "record overflow (22)" },
    { 30, false, "decompression failure (30)" },
    { 40, false, "handshake failure (40)" },
    { 41, true, "no certificate (41)" },
    { 42, false, "bad certificate (42)" },
    { 43, false, "unsupported certificate (43)" },
    { 44, false, "certificate revoked (44)" },
    { 45, false, "certificate expired (45)" },
    { 46, false, "certificate unknown (46)" },
    { 47, false, "illegal parameter (47)" },
    { 48, false, "unknown CA (48)" },
    { 49, false, "access denied (49)" },
    { 50, false, "decode error (50)" },
    { 51, false, "decrypt error (51)" },
    { 60, false, "export restriction (60)" },
    { 70, false, "protocol version (70)" },
    { 71, false, "insufficient security (71)" },
    { 80, false, "internal error (80)" },
    { 86, false, "inappropriate fallback (86)" },
    { 90, false, "user canceled (90)" },
    { 100, true, "no renegotiation (100)" },
    { 109, false, "missing extension (109)" },
    { 110, false, "unsupported extension (110)" },
    { 111, false, "certificate unobtainable (111)" },
    { 112, true, "unrecognized name (112)" },
    { 113, false, "bad certificate status response (113)" },
    { 114, false, "bad certificate hash value (114)" },
    { 115, false, "unknown PSK identity (115)" },
    { 116, false, "certificate required (116)" },
    { 120, false, "no application protocol (120)" },
};

enum { ALERT_CLOSE_NOTIFY = 0, ALERT_USER_CANCELED = 90 };

const char *smtp_tls_alert_name(struct smtp_span body, bool *fatal)
{
    *fatal = false;
    if (body.length != 2)
        return NULL;
    uint8_t level = body.octets[0];
    uint8_t description = body.octets[1];
    *fatal = description != ALERT_CLOSE_NOTIFY && description != ALERT_USER_CANCELED;
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].description != description)
            continue;
        *fatal = *fatal && !(alerts[i].may_warn && level == ALERT_LEVEL_WARNING);
        return alerts[i].name;
    }
    return unknown_alert;
}
