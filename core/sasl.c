/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reference/reference.h"
#include "sasl_private.h"

#define BEARER_SEPARATOR 0x01 /* between the fields of XOAUTH2 and OAUTHBEARER; shown as ^A */
#define CRAM_DIGEST_OCTETS 32

/* One response while it is read. */
struct reading {
    struct smtp_sasl_response *response;
    unsigned ordinal;
    struct smtp_room room; /* the caller's buffer behind the decoded octets */
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

bool smtp_mechanism_is_name(struct smtp_span word)
{
    if (word.length == 0 || word.length > 20)
        return smtp_reference_find(&smtp_reference_mechanisms, word) != NULL;
    if (smtp_mechanism_of(word) != SMTP_MECHANISM_OTHER)
        return true;
    for (size_t i = 0; i < word.length; i++) {
        uint8_t octet = word.octets[i];
        if (!(octet >= 'A' && octet <= 'Z') && octet != '-' && octet != '_')
            return smtp_reference_find(&smtp_reference_mechanisms, word) != NULL;
    }
    return true;
}

bool smtp_mechanism_reveals_secret(enum smtp_mechanism mechanism)
{
    return mechanism == SMTP_MECHANISM_PLAIN || mechanism == SMTP_MECHANISM_LOGIN || mechanism == SMTP_MECHANISM_XOAUTH2
        || mechanism == SMTP_MECHANISM_OAUTHBEARER;
}

static void set_identity(struct reading *reading, struct smtp_span identity)
{
    smtp_sasl_set_identity(reading->response, identity);
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

/* Not what the mechanism asks for. Where the secret stands in it cannot be told: all of it may be. */
static void read_in_doubt(struct reading *reading, struct smtp_span text)
{
    reading->response->malformed = true;
    if (text.length > 0)
        set_secret(reading, text);
}

/* ---- user names ---- */

static bool is_control(uint8_t octet)
{
    return octet < 0x20 || octet == 0x7f;
}

static bool is_utf8(struct smtp_span text)
{
    for (size_t i = 0; i < text.length;) {
        uint8_t lead = text.octets[i];
        size_t octets = lead < 0x80                   ? 1
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
        if (octets == 0 || octets > text.length - i)
            return false;
        for (size_t j = 1; j < octets; j++)
            if ((text.octets[i + j] & 0xc0) != 0x80)
                return false;
        i += octets;
    }
    return true;
}

/* Text in base64 becomes text when it is decoded. Text that only looks like base64 becomes noise. */
static bool is_noise(struct smtp_span decoded)
{
    size_t high = 0;
    for (size_t i = 0; i < decoded.length; i++) {
        if (is_control(decoded.octets[i]))
            return true;
        high += decoded.octets[i] > 0x7f;
    }
    return high * 3 > decoded.length && !is_utf8(decoded);
}

/* Whether it can be nothing but one name: "alice:secret" and "alice secret" may be more. */
static bool is_user_name(struct smtp_span name)
{
    for (size_t i = 0; i < name.length; i++)
        if (is_control(name.octets[i]) || name.octets[i] == ' ' || name.octets[i] == ':')
            return false;
    return name.length > 0 && !is_noise(name);
}

/* ---- PLAIN and LOGIN ---- */

/* "alice@example.com", where the password should stand, and none where the user name should: they may be the wrong way
 * round. */
static bool is_swapped(struct smtp_span authcid, struct smtp_span passwd)
{
    const uint8_t *at = memchr(passwd.octets, '@', passwd.length);
    if (at == NULL || at == passwd.octets || memchr(authcid.octets, '@', authcid.length) != NULL)
        return false;
    struct smtp_span domain = smtp_span_from(passwd, (size_t)(at - passwd.octets) + 1);
    const uint8_t *dot = domain.length > 0 ? memchr(domain.octets, '.', domain.length) : NULL;
    for (size_t i = 0; i < domain.length; i++)
        if (!smtp_ascii_is_letter(domain.octets[i]) && !smtp_ascii_is_digit(domain.octets[i]) &&
            domain.octets[i] != '.' && domain.octets[i] != '-')
            return false;
    return dot != NULL && dot != domain.octets;
}

/* `echo secret | base64` encodes the line's end, too. */
static struct smtp_span without_line_end(struct smtp_span text)
{
    while (text.length > 0 && (text.octets[text.length - 1] == '\n' || text.octets[text.length - 1] == '\r'))
        text.length--;
    return text;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. Some end it with a NUL. */
static void read_plain(struct reading *reading, struct smtp_span text)
{
    struct smtp_span rest = text;
    struct smtp_span authzid;
    struct smtp_span authcid;
    struct smtp_span passwd;
    bool parts = take_until(&rest, '\0', &authzid) && take_until(&rest, '\0', &authcid);
    bool ended = parts && take_until(&rest, '\0', &passwd);
    if (!parts || authcid.length == 0 || passwd.length == 0 || rest.length > 0) {
        read_in_doubt(reading, text);
    } else if (authzid.length > 0 && smtp_span_same(authzid, passwd) && !smtp_span_same(authzid, authcid)) {
        reading->response->malformed = true;
        set_identity(reading,
                     passwd); /* it says twice who logs in, and where the password should stand is one of the two */
        set_secret(reading, authcid);
    } else if (is_swapped(authcid, passwd)) {
        read_in_doubt(reading, text);
    } else {
        reading->response->malformed = ended;
        set_identity(reading, authcid);
        set_secret(reading, without_line_end(passwd));
    }
}

static void read_login(struct reading *reading, struct smtp_span decoded)
{
    if (decoded.length > 1 && decoded.octets[decoded.length - 1] == '\0' &&
        memchr(decoded.octets, '\0', decoded.length - 1) == NULL)
        decoded.length--;
    if (decoded.length > 0 && memchr(decoded.octets, '\0', decoded.length) != NULL) {
        read_plain(reading, decoded); /* a client that takes it for PLAIN */
        reading->response->malformed = true;
    } else if (reading->ordinal > 0) {
        set_secret(reading, decoded);
    } else if (decoded.length == 0 || is_user_name(decoded)) {
        set_identity(reading, decoded);
        reading->response->open = true;
    } else {
        read_in_doubt(reading, decoded);
    }
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
    const uint8_t *begin = reading->room.next;
    for (size_t i = 0; i < quoted.length; i++) {
        if (quoted.octets[i] == '\\' && i + 1 < quoted.length)
            i++;
        smtp_room_add(&reading->room, quoted.octets[i]);
    }
    return smtp_room_since(&reading->room, begin);
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
    const uint8_t *begin = reading->room.next;
    for (size_t i = 0; i < name.length; i++) {
        struct smtp_span here = smtp_span_from(name, i);
        bool comma = smtp_span_starts_with(here, "=2C");
        bool equals = smtp_span_starts_with(here, "=3D");
        smtp_room_add(&reading->room, comma ? ',' : name.octets[i]);
        if (comma || equals)
            i += 2;
        else if (name.octets[i] == '=')
            reading->response->malformed = true;
    }
    return smtp_room_since(&reading->room, begin);
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
    reading->response->open = !reading->response->malformed && !is_noise(reading->response->decoded);
}

/* RFC 6750 section 2.1: what a token is made of. */
static bool is_token_octet(uint8_t octet)
{
    return smtp_ascii_is_letter(octet) || smtp_ascii_is_digit(octet) ||
           (octet != 0 && strchr("-._~+/=", octet) != NULL);
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

/* Fields that something else separates: the token is what stands behind "Bearer"; without that word all may be it. */
static void read_bearer_in_doubt(struct reading *reading, struct smtp_span text)
{
    static const char word[] = "Bearer ";
    reading->response->malformed = true;
    for (size_t i = 0; i < text.length; i++) {
        struct smtp_span rest = smtp_span_from(text, i);
        if (!smtp_span_starts_with(rest, word))
            continue;
        struct smtp_span token = smtp_span_from(rest, strlen(word));
        size_t length = 0;
        while (length < token.length && is_token_octet(token.octets[length]))
            length++;
        set_secret(reading, smtp_span_first(token, length));
        return;
    }
    set_secret(reading, text);
}

/* Whether nothing stands in the fields but names: "user=alice^A^A", "n,a=alice,^A". */
static bool names_only(struct smtp_span text)
{
    struct smtp_span rest = text;
    struct smtp_span field;
    while (rest.length > 0) {
        take_until(&rest, BEARER_SEPARATOR, &field);
        bool named = smtp_span_starts_with(field, "user=") || smtp_span_starts_with(field, "n,") ||
                     smtp_span_starts_with(field, "y,");
        if (field.length > 0 && (!named || !is_user_name(field)))
            return false;
    }
    return true;
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
    struct smtp_span name = smtp_span_from(user, strlen("user="));
    if (named && set_off && is_user_name(name))
        set_identity(reading, name);
    bool ended = read_bearer_fields(reading, rest);
    reading->response->malformed = !named || !ended || !reading->response->has_secret;
    if (!reading->response->has_secret && !names_only(reading->response->decoded))
        read_bearer_in_doubt(reading, reading->response->decoded);
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
    if (!reading->response->has_secret && !names_only(reading->response->decoded))
        read_bearer_in_doubt(reading, reading->response->decoded);
    else if (good)
        set_identity(reading, decode_saslname(reading, authzid));
}

/* RFC 4422 appendix A, "u:alice" and "dn:cn=alice,o=example" of RFC 4513 among them; RFC 4505 allows any words. */
static void read_authzid(struct reading *reading, bool words)
{
    struct smtp_span name = reading->response->decoded;
    bool distinguished = smtp_span_starts_with(name, "dn:");
    struct smtp_span rest = smtp_span_from(name, smtp_span_starts_with(name, "u:") ? 2 : distinguished ? 3 : 0);
    bool good =
        words || distinguished ? !is_noise(rest) && memchr(rest.octets, ':', rest.length) == NULL : is_user_name(rest);
    if (name.length > 0 && !good)
        reading->response->malformed = true;
    else
        set_identity(reading, name);
}

static void read_response(struct reading *reading, enum smtp_mechanism mechanism)
{
    switch (mechanism) {
    case SMTP_MECHANISM_PLAIN:
        if (reading->response->decoded.length > 0)
            read_plain(reading, reading->response->decoded);
        else
            reading->response->malformed = true;
        break;
    case SMTP_MECHANISM_LOGIN:
        read_login(reading, without_line_end(reading->response->decoded));
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
        read_authzid(reading, mechanism == SMTP_MECHANISM_ANONYMOUS);
        break;
    case SMTP_MECHANISM_NTLM:
        smtp_ntlm_read(reading->response, &reading->room);
        break;
    case SMTP_MECHANISM_GSSAPI:
    case SMTP_MECHANISM_OTHER:
        break;
    }
}

/* What is no base64 was typed, or built by a program that knows no better: readable to everybody, without decoding. */
static void read_plain_text(struct reading *reading, enum smtp_mechanism mechanism, struct smtp_span text)
{
    struct smtp_sasl_response *response = reading->response;
    response->bad_base64 = true;
    response->decoded = smtp_span_first(response->decoded, 0);
    bool user_name = mechanism == SMTP_MECHANISM_LOGIN && reading->ordinal == 0 && is_user_name(text);
    if (text.length == 0 || user_name || !smtp_mechanism_reveals_secret(mechanism))
        return;
    if (mechanism == SMTP_MECHANISM_XOAUTH2 || mechanism == SMTP_MECHANISM_OAUTHBEARER)
        read_bearer_in_doubt(reading, text);
    else if (mechanism == SMTP_MECHANISM_PLAIN || memchr(text.octets, '\0', text.length) != NULL)
        read_plain(reading, text);
    else
        set_secret(reading, text);
    smtp_sasl_set_identity(response, smtp_span(NULL, 0));
    response->malformed = false;
}

struct smtp_sasl_response smtp_sasl_decode(enum smtp_mechanism mechanism, unsigned ordinal, struct smtp_span text,
                                           uint8_t buffer[static SMTP_SASL_DECODED_LIMIT])
{
    struct smtp_sasl_response response = { .bad_base64 = false };
    struct smtp_span encoded = smtp_span_is(text, "=") ? smtp_span_first(text, 0) : text;
    response.decoded =
        smtp_base64_decode(encoded, buffer, SMTP_SASL_DECODED_LIMIT, &response.bad_base64, &response.cut);
    struct reading reading = {
        .response = &response,
        .ordinal = ordinal,
        .room = { .next = buffer + response.decoded.length, .left = SMTP_SASL_DECODED_LIMIT - response.decoded.length },
    };
    struct smtp_span login =
        mechanism == SMTP_MECHANISM_LOGIN ? without_line_end(response.decoded) : smtp_span(NULL, 0);
    bool typed = login.length > 0 && memchr(login.octets, '\0', login.length) == NULL && is_noise(login);
    if (response.bad_base64 || typed) {
        read_plain_text(&reading, mechanism, text);
        return response;
    }
    read_response(&reading, mechanism);
    response.cut = response.cut || reading.room.exceeded;
    /* Where the parts cannot be told apart, what was taken for the name may hold the secret. */
    bool set_off =
        mechanism == SMTP_MECHANISM_PLAIN || mechanism == SMTP_MECHANISM_XOAUTH2 || mechanism == SMTP_MECHANISM_LOGIN;
    if (response.malformed && !set_off) {
        response.has_identity = false;
        response.identity = smtp_span(NULL, 0);
    }
    return response;
}
