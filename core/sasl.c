/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sasl.h"

#define BEARER_SEPARATOR 0x01 /* between the fields of XOAUTH2 and OAUTHBEARER; shown as ^A */
#define CRAM_DIGEST_OCTETS 32
#define REPLACEMENT_CHARACTER 0xfffdu

/* One response while it is read. */
struct reading {
    struct smtp_sasl_response *response;
    unsigned ordinal;
    uint8_t *spare; /* the caller's buffer behind the decoded octets */
    size_t room;
};

struct mechanism_name {
    const char *name;
    bool is_prefix;
    enum smtp_mechanism mechanism;
};

static const struct mechanism_name mechanism_names[] = {
    { "PLAIN", false, SMTP_MECHANISM_PLAIN },
    { "LOGIN", false, SMTP_MECHANISM_LOGIN },
    { "CRAM-MD5", false, SMTP_MECHANISM_CRAM_MD5 },
    { "DIGEST-MD5", false, SMTP_MECHANISM_DIGEST_MD5 },
    { "SCRAM-", true, SMTP_MECHANISM_SCRAM },
    { "XOAUTH2", false, SMTP_MECHANISM_XOAUTH2 },
    { "OAUTHBEARER", false, SMTP_MECHANISM_OAUTHBEARER },
    { "EXTERNAL", false, SMTP_MECHANISM_EXTERNAL },
    { "ANONYMOUS", false, SMTP_MECHANISM_ANONYMOUS },
    { "NTLM", false, SMTP_MECHANISM_NTLM },
    { "GSSAPI", false, SMTP_MECHANISM_GSSAPI },
    { "GSS-SPNEGO", false, SMTP_MECHANISM_GSSAPI },
    { "GS2-", true, SMTP_MECHANISM_GSSAPI },
};

enum smtp_mechanism smtp_mechanism_of(struct smtp_span word)
{
    for (size_t i = 0; i < sizeof mechanism_names / sizeof mechanism_names[0]; i++) {
        const struct mechanism_name *row = &mechanism_names[i];
        if (row->is_prefix ? smtp_span_starts_with(word, row->name) : smtp_span_is(word, row->name))
            return row->mechanism;
    }
    return SMTP_MECHANISM_OTHER;
}

bool smtp_mechanism_reveals_secret(enum smtp_mechanism mechanism)
{
    return mechanism == SMTP_MECHANISM_PLAIN || mechanism == SMTP_MECHANISM_LOGIN || mechanism == SMTP_MECHANISM_XOAUTH2
        || mechanism == SMTP_MECHANISM_OAUTHBEARER;
}

/* An empty name names nobody. */
static void set_identity(struct reading *reading, struct smtp_span identity)
{
    reading->response->has_identity = identity.length > 0;
    reading->response->identity = identity;
}

static void set_secret(struct reading *reading, struct smtp_span secret)
{
    reading->response->has_secret = true;
    reading->response->secret = secret;
}

/* Takes what stands in front of the next `delimiter`; without one all that is left, and the answer is false. */
static bool take_until(struct smtp_span *rest, uint8_t delimiter, struct smtp_span *head)
{
    const uint8_t *found = rest->length > 0 ? memchr(rest->octets, delimiter, rest->length) : NULL;
    *head = smtp_span_first(*rest, found != NULL ? (size_t)(found - rest->octets) : rest->length);
    *rest = smtp_span_from(*rest, head->length + (found != NULL ? 1 : 0));
    return found != NULL;
}

/* Copies one octet behind the decoded ones. Where no room is left the copy is cut. */
static void copy_octet(struct reading *reading, uint8_t octet)
{
    if (reading->room == 0) {
        reading->response->cut = true;
        return;
    }
    *reading->spare++ = octet;
    reading->room--;
}

static struct smtp_span copied_since(const struct reading *reading, const uint8_t *begin)
{
    return smtp_span(begin, (size_t)(reading->spare - begin));
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static void read_plain(struct reading *reading)
{
    struct smtp_span rest = reading->response->decoded;
    struct smtp_span authzid;
    struct smtp_span authcid;
    if (!take_until(&rest, '\0', &authzid) || !take_until(&rest, '\0', &authcid)) {
        reading->response->malformed = true;
        return;
    }
    set_identity(reading, authcid.length > 0 ? authcid : authzid);
    set_secret(reading, rest);
    bool more = rest.length > 0 && memchr(rest.octets, '\0', rest.length) != NULL;
    reading->response->malformed = more || authcid.length == 0;
}

static void read_login(struct reading *reading)
{
    if (reading->ordinal == 0)
        set_identity(reading, reading->response->decoded);
    else if (reading->ordinal == 1)
        set_secret(reading, reading->response->decoded);
    else
        reading->response->malformed = true;
}

static bool is_hexadecimal(struct smtp_span text)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t upper = smtp_ascii_upper(text.octets[i]);
        if (!smtp_ascii_is_digit(upper) && (upper < 'A' || upper > 'F'))
            return false;
    }
    return true;
}

/* RFC 2195: the user name may hold spaces, the digest cannot. */
static void read_cram_md5(struct reading *reading)
{
    struct smtp_span decoded = reading->response->decoded;
    size_t digest = decoded.length;
    while (digest > 0 && decoded.octets[digest - 1] != ' ')
        digest--;
    reading->response->malformed = digest <= 1 || decoded.length - digest != CRAM_DIGEST_OCTETS
        || !is_hexadecimal(smtp_span_from(decoded, digest));
    if (digest > 0)
        set_identity(reading, smtp_span_first(decoded, digest - 1));
}

/* One directive of RFC 2831, `name=value` or `name="value"`. The quotes are taken off, the backslashes are not. */
static bool next_directive(struct smtp_span *rest, struct smtp_span *name, struct smtp_span *value)
{
    while (rest->length > 0 && (rest->octets[0] == ',' || rest->octets[0] == ' '))
        *rest = smtp_span_from(*rest, 1);
    if (!take_until(rest, '=', name))
        return false;
    *name = smtp_span_trim(*name);
    if (rest->length == 0 || rest->octets[0] != '"') {
        take_until(rest, ',', value); /* a token: neither space nor '=' stands in it (padding aside) */
        return value->length == 0 || memchr(value->octets, ' ', value->length) == NULL;
    }
    for (size_t i = 1; i < rest->length; i++) {
        if (rest->octets[i] == '\\') {
            i++;
        } else if (rest->octets[i] == '"') {
            *value = smtp_span_from(smtp_span_first(*rest, i), 1);
            *rest = smtp_span_from(*rest, i + 1);
            return true;
        }
    }
    return false;
}

static struct smtp_span without_backslashes(struct reading *reading, struct smtp_span quoted)
{
    if (quoted.length == 0 || memchr(quoted.octets, '\\', quoted.length) == NULL)
        return quoted;
    const uint8_t *begin = reading->spare;
    for (size_t i = 0; i < quoted.length; i++) {
        if (quoted.octets[i] == '\\' && i + 1 < quoted.length)
            i++;
        copy_octet(reading, quoted.octets[i]);
    }
    return copied_since(reading, begin);
}

/* RFC 2831 section 2.1.2. The answer to the server's rspauth is empty. */
static void read_digest_md5(struct reading *reading)
{
    struct smtp_span rest = reading->response->decoded;
    if (rest.length == 0 && reading->ordinal > 0)
        return;
    bool found = false;
    struct smtp_span user = { .length = 0 };
    struct smtp_span authzid = { .length = 0 };
    struct smtp_span name = { .length = 0 };
    struct smtp_span value;
    while (next_directive(&rest, &name, &value)) {
        if (smtp_span_is(name, "username") && !found) {
            found = true;
            user = value;
        } else if (smtp_span_is(name, "authzid")) {
            authzid = value;
        }
    }
    set_identity(reading, without_backslashes(reading, user.length > 0 ? user : authzid));
    reading->response->malformed = !found || name.length > 0; /* a name is left that has no value */
}

/* A saslname of RFC 5802: "=2C" is a comma, "=3D" an equals sign, and '=' stands nowhere else. */
static struct smtp_span decode_saslname(struct reading *reading, struct smtp_span name)
{
    if (name.length == 0 || memchr(name.octets, '=', name.length) == NULL)
        return name;
    const uint8_t *begin = reading->spare;
    for (size_t i = 0; i < name.length; i++) {
        struct smtp_span here = smtp_span_from(name, i);
        bool comma = smtp_span_starts_with(here, "=2C");
        bool equals = smtp_span_starts_with(here, "=3D");
        copy_octet(reading, comma ? ',' : name.octets[i]);
        if (comma || equals)
            i += 2;
        else if (name.octets[i] == '=')
            reading->response->malformed = true;
    }
    return copied_since(reading, begin);
}

/* The header of RFC 5801 section 4: a flag ("n", "y" or "p=..."), a comma, "a=" and a name or nothing, a comma. */
static bool take_gs2_header(struct smtp_span *rest, struct smtp_span *authzid)
{
    struct smtp_span flag;
    struct smtp_span name;
    if (!take_until(rest, ',', &flag) || !take_until(rest, ',', &name))
        return false;
    bool known = smtp_span_is(flag, "n") || smtp_span_is(flag, "y") || smtp_span_starts_with(flag, "p=");
    if (!known || (name.length > 0 && !smtp_span_starts_with(name, "a=")))
        return false;
    *authzid = smtp_span_from(name, 2);
    return true;
}

/* RFC 5802 section 7: the client's first message names the user, its last one begins with "c=". */
static void read_scram(struct reading *reading)
{
    struct smtp_span rest = reading->response->decoded;
    if (reading->ordinal > 0 && (rest.length == 0 || smtp_span_starts_with(rest, "c=")))
        return;
    struct smtp_span authzid;
    struct smtp_span user;
    bool good = take_gs2_header(&rest, &authzid);
    if (good && smtp_span_starts_with(rest, "m=")) {
        struct smtp_span extension;
        good = take_until(&rest, ',', &extension);
    }
    if (!good || !smtp_span_starts_with(rest, "n=")) {
        reading->response->malformed = true;
        return;
    }
    rest = smtp_span_from(rest, 2);
    bool ended = take_until(&rest, ',', &user);
    reading->response->malformed = !ended || user.length == 0 || !smtp_span_starts_with(rest, "r=");
    set_identity(reading, decode_saslname(reading, user.length > 0 ? user : authzid));
}

/* The fields behind the user's; true if they end as they must, in an empty one. */
static bool read_bearer_fields(struct reading *reading, struct smtp_span rest)
{
    static const char authorization[] = "auth=Bearer ";
    struct smtp_span field;
    while (rest.length > 0) {
        bool ended = take_until(&rest, BEARER_SEPARATOR, &field);
        if (field.length == 0)
            return rest.length == 0;
        if (smtp_span_starts_with(field, authorization))
            set_secret(reading, smtp_span_from(field, strlen(authorization)));
        if (!ended)
            return false;
    }
    return false;
}

/* To an error the client answers with nothing, or with one separator (RFC 7628 section 3.2.3). */
static bool acknowledges_error(const struct reading *reading)
{
    struct smtp_span decoded = reading->response->decoded;
    if (reading->ordinal == 0)
        return false;
    return decoded.length == 0 || (decoded.length == 1 && decoded.octets[0] == BEARER_SEPARATOR);
}

static void read_xoauth2(struct reading *reading)
{
    struct smtp_span rest = reading->response->decoded;
    struct smtp_span user;
    if (acknowledges_error(reading))
        return;
    bool set_off = take_until(&rest, BEARER_SEPARATOR, &user);
    bool named = smtp_span_starts_with(user, "user=");
    if (named && set_off)
        set_identity(reading, smtp_span_from(user, strlen("user=")));
    bool ended = read_bearer_fields(reading, rest);
    reading->response->malformed = !named || !ended || !reading->response->has_secret;
}

static void read_oauthbearer(struct reading *reading)
{
    struct smtp_span rest = reading->response->decoded;
    struct smtp_span header;
    struct smtp_span authzid;
    if (acknowledges_error(reading))
        return;
    take_until(&rest, BEARER_SEPARATOR, &header);
    bool good = take_gs2_header(&header, &authzid) && header.length == 0;
    bool ended = read_bearer_fields(reading, rest);
    reading->response->malformed = !good || !ended || !reading->response->has_secret;
    if (good)
        set_identity(reading, decode_saslname(reading, authzid));
}

/* Offsets into the messages of MS-NLMP section 2.2.1. */
enum {
    NTLM_TYPE = 8,
    NTLM_TYPE_END = 12,
    NTLM_FIRST_FIELD = 12, /* the LM response; each field is eight octets */
    NTLM_FIELD_OCTETS = 8,
    NTLM_USER = 36,
    NTLM_FIELDS_END = 52,
    NTLM_FLAGS = 60,
    NTLM_FLAGS_END = 64,
};
#define NTLM_FLAG_UNICODE 0x1u
#define NTLM_NEGOTIATE 1u
#define NTLM_AUTHENTICATE 3u

struct ntlm_field {
    size_t length;
    size_t offset; /* in the message */
};

/* Numbers in NTLM are little-endian. The caller has seen that the octets are there. */
static uint32_t ntlm_number(struct smtp_span message, size_t at, size_t octets)
{
    uint32_t number = 0;
    for (size_t i = octets; i > 0; i--)
        number = number << 8 | message.octets[at + i - 1];
    return number;
}

static struct ntlm_field ntlm_field(struct smtp_span message, size_t at)
{
    return (struct ntlm_field){ .length = ntlm_number(message, at, 2), .offset = ntlm_number(message, at + 4, 4) };
}

/* Old clients send no flags: then what the fields point to begins where the flags would stand. */
static bool ntlm_is_unicode(struct smtp_span message)
{
    if (message.length < NTLM_FLAGS_END)
        return false;
    for (size_t at = NTLM_FIRST_FIELD; at < NTLM_FIELDS_END; at += NTLM_FIELD_OCTETS) {
        struct ntlm_field field = ntlm_field(message, at);
        if (field.length > 0 && field.offset < NTLM_FLAGS_END)
            return false;
    }
    return (ntlm_number(message, NTLM_FLAGS, 4) & NTLM_FLAG_UNICODE) != 0;
}

static void copy_utf8(struct reading *reading, uint32_t character)
{
    size_t octets = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    if (reading->room < octets) {
        reading->room = 0; /* half a character is none, and nothing may follow the gap */
        reading->response->cut = true;
        return;
    }
    for (size_t left = octets; left > 0; left--) {
        uint32_t bits = character >> (6 * (left - 1));
        copy_octet(reading, (uint8_t)(left == octets ? lead[octets] | bits : 0x80u | (bits & 0x3fu)));
    }
}

/* Surrogates without their other half become U+FFFD. */
static struct smtp_span copy_utf16(struct reading *reading, struct smtp_span name)
{
    const uint8_t *begin = reading->spare;
    for (size_t i = 0; i + 1 < name.length; i += 2) {
        uint32_t unit = ntlm_number(name, i, 2);
        uint32_t next = i + 3 < name.length ? ntlm_number(name, i + 2, 2) : 0;
        if (unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
            copy_utf8(reading, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
            i += 2;
        } else {
            copy_utf8(reading, unit >= 0xd800 && unit <= 0xdfff ? REPLACEMENT_CHARACTER : unit);
        }
    }
    return copied_since(reading, begin);
}

static void read_ntlm_user(struct reading *reading)
{
    struct smtp_span message = reading->response->decoded;
    struct ntlm_field field = ntlm_field(message, NTLM_USER);
    if (field.length == 0)
        return;
    bool unicode = ntlm_is_unicode(message);
    bool inside = field.offset <= message.length && field.length <= message.length - field.offset;
    if (!inside || (unicode && field.length % 2 != 0)) {
        reading->response->malformed = true;
        return;
    }
    struct smtp_span name = smtp_span_first(smtp_span_from(message, field.offset), field.length);
    set_identity(reading, unicode ? copy_utf16(reading, name) : name);
}

/* MS-NLMP: the client sends NEGOTIATE (type 1), then AUTHENTICATE (type 3), which alone names the user. */
static void read_ntlm(struct reading *reading)
{
    static const uint8_t signature[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0 };
    struct smtp_span message = reading->response->decoded;
    uint32_t type = 0;
    if (message.length >= NTLM_TYPE_END && memcmp(message.octets, signature, sizeof signature) == 0)
        type = ntlm_number(message, NTLM_TYPE, 4);
    if (type == NTLM_AUTHENTICATE && message.length >= NTLM_FIELDS_END)
        read_ntlm_user(reading);
    else
        reading->response->malformed = type != NTLM_NEGOTIATE;
}

static void read_response(struct reading *reading, enum smtp_mechanism mechanism)
{
    switch (mechanism) {
    case SMTP_MECHANISM_PLAIN:
        read_plain(reading);
        break;
    case SMTP_MECHANISM_LOGIN:
        read_login(reading);
        break;
    case SMTP_MECHANISM_CRAM_MD5:
        read_cram_md5(reading);
        break;
    case SMTP_MECHANISM_DIGEST_MD5:
        read_digest_md5(reading);
        break;
    case SMTP_MECHANISM_SCRAM:
        read_scram(reading);
        break;
    case SMTP_MECHANISM_XOAUTH2:
        read_xoauth2(reading);
        break;
    case SMTP_MECHANISM_OAUTHBEARER:
        read_oauthbearer(reading);
        break;
    case SMTP_MECHANISM_EXTERNAL:
    case SMTP_MECHANISM_ANONYMOUS:
        set_identity(reading, reading->response->decoded);
        break;
    case SMTP_MECHANISM_NTLM:
        read_ntlm(reading);
        break;
    case SMTP_MECHANISM_GSSAPI:
    case SMTP_MECHANISM_OTHER:
        break;
    }
}

struct smtp_sasl_response smtp_sasl_decode(enum smtp_mechanism mechanism, unsigned ordinal, struct smtp_span text,
                                           uint8_t buffer[static SMTP_SASL_DECODED_LIMIT])
{
    struct smtp_sasl_response response = { .bad_base64 = false };
    struct smtp_span encoded = smtp_span_is(text, "=") ? smtp_span_first(text, 0) : text;
    response.decoded =
        smtp_base64_decode(encoded, buffer, SMTP_SASL_DECODED_LIMIT, &response.bad_base64, &response.cut);
    if (response.bad_base64)
        return response;
    struct reading reading = {
        .response = &response,
        .ordinal = ordinal,
        .spare = buffer + response.decoded.length,
        .room = SMTP_SASL_DECODED_LIMIT - response.decoded.length,
    };
    read_response(&reading, mechanism);
    /* Where the parts cannot be told apart, what was taken for the name may hold the secret. */
    bool set_off = mechanism == SMTP_MECHANISM_PLAIN || mechanism == SMTP_MECHANISM_XOAUTH2;
    if (response.malformed && !set_off) {
        response.has_identity = false;
        response.identity = smtp_span(NULL, 0);
    }
    return response;
}
