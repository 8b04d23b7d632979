/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include <glib.h>

#include "sasl.h"

/* Octets that are not in the caller's buffer are nobody's: it is as large as the header asks, and not one octet larger. */
static struct smtp_sasl_response decode(enum smtp_mechanism mechanism, unsigned ordinal, struct smtp_span text, uint8_t **buffer)
{
    *buffer = malloc(SMTP_SASL_DECODED_LIMIT);
    assert_non_null(*buffer);
    struct smtp_sasl_response response = smtp_sasl_decode(mechanism, ordinal, text, *buffer);
    struct smtp_span whole = smtp_span(*buffer, SMTP_SASL_DECODED_LIMIT);
    EXPECT(text, is_inside(response.decoded, whole));
    EXPECT(text, is_inside(response.identity, whole));
    EXPECT(text, is_inside(response.secret, whole) || (response.bad_base64 && is_inside(response.secret, text)));
    EXPECT(text, response.has_identity == (response.identity.length > 0));
    EXPECT(text, response.has_secret || response.secret.length == 0);
    EXPECT(text, !response.bad_base64 || (response.decoded.length == 0 && !response.has_identity));
    EXPECT(text, !response.open || !response.has_secret);
    return response;
}

struct row {
    enum smtp_mechanism mechanism;
    unsigned ordinal;
    struct smtp_span decoded; /* the test encodes it */
    const char *identity;     /* NULL: the response tells none */
    const char *secret;       /* NULL: the response tells none */
    bool malformed;
};

#define DIGEST "e9614e5e4b5bb2c9e4a5ef0a5e5a1b2c"

static const struct row rows[] = {
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0user\0pass"), "user", "pass", false },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("admin\0user\0pass"), "user", "pass", false },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0j\xc3\xbcrgen\0p\xc3\xa4ss"), "j\xc3\xbcrgen", "p\xc3\xa4ss", false },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0user\0"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 1, TEXT("\0user\0pass"), "user", "pass", false },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("admin\0\0pass"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0\0"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0user\0pass\0"), "user", "pass", true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("a\0b\0c\0d\0e"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("user\0pass"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("alice\0pass\0alice"), "alice", "pass", true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("alice\0alice\0alice"), "alice", "alice", false },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0pass\0alice@example.com"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("\0user\0pass\n"), "user", "pass", false },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("alice\0pass\0"), NULL, NULL, true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT("user"), NULL, "user", true },
    { SMTP_MECHANISM_PLAIN, 0, TEXT(""), NULL, NULL, true },

    { SMTP_MECHANISM_LOGIN, 0, TEXT("user@example.com"), "user@example.com", NULL, false },
    { SMTP_MECHANISM_LOGIN, 1, TEXT("pass word"), NULL, "pass word", false },
    { SMTP_MECHANISM_LOGIN, 1, TEXT(""), NULL, "", false },
    { SMTP_MECHANISM_LOGIN, 0, TEXT(""), NULL, NULL, false },
    { SMTP_MECHANISM_LOGIN, 0, TEXT("alice\n"), "alice", NULL, false },
    { SMTP_MECHANISM_LOGIN, 0, TEXT("\0alice\0pass"), "alice", "pass", true },
    { SMTP_MECHANISM_LOGIN, 0, TEXT("alice:pass"), NULL, "alice:pass", true },
    { SMTP_MECHANISM_LOGIN, 1, TEXT("pass\n"), NULL, "pass", false },
    { SMTP_MECHANISM_LOGIN, 1, TEXT("p\xe4ssword"), NULL, "p\xe4ssword", false }, /* Latin-1 */
    { SMTP_MECHANISM_LOGIN, 2, TEXT("again"), NULL, "again", false },

    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT("tim b913a602c7eda7a495b4e6e7334d3890"), "tim", NULL, false },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT("tim the second b913a602c7eda7a495b4e6e7334d3890"), "tim the second", NULL,
      false },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT("tim B913A602C7EDA7A495B4E6E7334D3890"), "tim", NULL, false },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT("tim b913a602c7eda7a495b4e6e7334d389"), NULL, NULL, true },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT("tim b913a602c7eda7a495b4e6e7334d389x"), NULL, NULL, true },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT(" b913a602c7eda7a495b4e6e7334d3890"), NULL, NULL, true },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT("b913a602c7eda7a495b4e6e7334d3890"), NULL, NULL, true },
    { SMTP_MECHANISM_CRAM_MD5, 0, TEXT(""), NULL, NULL, true },

    { SMTP_MECHANISM_DIGEST_MD5, 0,
      TEXT("charset=utf-8,username=\"chris\",realm=\"elwood.example\",nonce=\"OA6MG9tEQGm2hh\",nc=00000001,"
           "cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"smtp/elwood.example\",response=" DIGEST ",qop=auth"),
      "chris", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("realm=\"username=\\\"x\",username=\"a\""), "a", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("realm=\"a,username=b\", username=\"c\""), "c", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=\"a\\\"b\\\\c\",qop=auth"), "a\"b\\c", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=\"\",authzid=\"boss\""), "boss", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=plain,qop=auth"), "plain", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=\"a\",username=\"b\""), "a", NULL, false },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=\"a"), NULL, NULL, true },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=\"a\\"), NULL, NULL, true },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("username=\"a\",junk"), NULL, NULL, true },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT("realm=\"a\""), NULL, NULL, true },
    { SMTP_MECHANISM_DIGEST_MD5, 0, TEXT(""), NULL, NULL, true },
    { SMTP_MECHANISM_DIGEST_MD5, 1, TEXT(""), NULL, NULL, false },

    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), "user", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("y,,n=user,r=x"), "user", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("p=tls-unique,,n=user,r=x"), "user", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,a=boss,n=user,r=x"), "user", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,m=later,n=user,r=x"), "user", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,n=a=2Cb=3Dc,r=x"), "a,b=c", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,n==3D2C,r=x"), "=2C", NULL, false },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,n=a=2,r=x"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,n=a=,r=x"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,n=user"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,a=boss,n=,r=x"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,,r=x"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,x,n=user,r=x"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT("n,"), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 0, TEXT(""), NULL, NULL, true },
    { SMTP_MECHANISM_SCRAM, 1, TEXT("c=biws,r=x,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="), NULL, NULL, false },
    { SMTP_MECHANISM_SCRAM, 2, TEXT(""), NULL, NULL, false },
    { SMTP_MECHANISM_SCRAM, 1, TEXT("n,,n=user,r=x"), "user", NULL, false },

    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001auth=Bearer ya29.x\001\001"), "a@b", "ya29.x", false },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001auth=bearer ya29.x\001\001"), "a@b", "ya29.x", false },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001auth=Bearer \001\001"), "a@b", "", false },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001auth=Bearer ya29.x\001"), "a@b", "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001auth=Bearer ya29.x"), "a@b", "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001auth=Bearer ya29.x\001\001x"), "a@b", "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("auth=Bearer ya29.x\001\001"), NULL, "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\001\001"), "a@b", NULL, true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b"), NULL, NULL, true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT(""), NULL, NULL, true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\nauth=Bearer ya29.x\n\n"), NULL, "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b^Aauth=Bearer ya29.x^A^A"), NULL, "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("user=a@b\0auth=Bearer ya29.x\0\0"), NULL, "ya29.x", true },
    { SMTP_MECHANISM_XOAUTH2, 0, TEXT("ya29.x y"), NULL, "ya29.x y", true },
    { SMTP_MECHANISM_XOAUTH2, 1, TEXT(""), NULL, NULL, false },

    { SMTP_MECHANISM_OAUTHBEARER, 0,
      TEXT("n,a=user@example.com,\001host=server.example.com\001port=587\001auth=Bearer vF9dft4qmT\001\001"),
      "user@example.com", "vF9dft4qmT", false },
    { SMTP_MECHANISM_OAUTHBEARER, 0, TEXT("n,,\001auth=Bearer x\001\001"), NULL, "x", false },
    { SMTP_MECHANISM_OAUTHBEARER, 0, TEXT("n,a=a=2Cb,\001auth=Bearer x\001\001"), "a,b", "x", false },
    { SMTP_MECHANISM_OAUTHBEARER, 0, TEXT("n,a=a@b,\001\001"), NULL, NULL, true },
    { SMTP_MECHANISM_OAUTHBEARER, 0, TEXT("n,a=a@b\001auth=Bearer x\001\001"), NULL, "x", true },
    { SMTP_MECHANISM_OAUTHBEARER, 0, TEXT("\001"), NULL, NULL, true },
    { SMTP_MECHANISM_OAUTHBEARER, 1, TEXT("\001"), NULL, NULL, false },
    { SMTP_MECHANISM_OAUTHBEARER, 1, TEXT(""), NULL, NULL, false },

    { SMTP_MECHANISM_EXTERNAL, 0, TEXT("a@b"), "a@b", NULL, false },
    { SMTP_MECHANISM_EXTERNAL, 0, TEXT("\0alice\0pass"), NULL, NULL, true },
    { SMTP_MECHANISM_EXTERNAL, 0, TEXT("alice:pass"), NULL, NULL, true },
    { SMTP_MECHANISM_EXTERNAL, 0, TEXT("dn:cn=Alice A,o=example"), "dn:cn=Alice A,o=example", NULL, false },
    { SMTP_MECHANISM_EXTERNAL, 0, TEXT(""), NULL, NULL, false },
    { SMTP_MECHANISM_ANONYMOUS, 0, TEXT("sirhc"), "sirhc", NULL, false },
    { SMTP_MECHANISM_ANONYMOUS, 0, TEXT(""), NULL, NULL, false },

    { SMTP_MECHANISM_GSSAPI, 0, TEXT("\x60\x82\x01"), NULL, NULL, false },
    { SMTP_MECHANISM_OTHER, 0, TEXT("\0user\0pass"), NULL, NULL, false },

    { SMTP_MECHANISM_NTLM, 0, TEXT("NTLMSSP\0\1\0\0\0\7\202\10\242"), NULL, NULL, false },
    { SMTP_MECHANISM_NTLM, 0, TEXT("NTLMSSP\0\2\0\0\0"), NULL, NULL, true },
    { SMTP_MECHANISM_NTLM, 1, TEXT("NTLMSSP\0\3\0\0\0"), NULL, NULL, true },
    { SMTP_MECHANISM_NTLM, 0, TEXT("NTLMSSX\0\1\0\0\0"), NULL, NULL, true },
    { SMTP_MECHANISM_NTLM, 0, TEXT(""), NULL, NULL, true },
};

static void check_row(const struct row *row)
{
    uint8_t *buffer;
    char *encoded = g_base64_encode(row->decoded.octets, row->decoded.length);
    struct smtp_sasl_response response = decode(row->mechanism, row->ordinal, smtp_span_of_text(encoded), &buffer);
    EXPECT(row->decoded, !response.bad_base64 && !response.cut);
    EXPECT(row->decoded, smtp_span_same(response.decoded, row->decoded));
    EXPECT(row->decoded, response.has_identity == (row->identity != NULL));
    EXPECT(row->decoded, row->identity == NULL || is_text(response.identity, row->identity));
    EXPECT(row->decoded, row->secret == NULL || (response.has_secret && is_text(response.secret, row->secret)));
    EXPECT(row->decoded, response.malformed == row->malformed);
    /* A malformed PLAIN still gives away what stands where the password does; only its extent is open. */
    if (row->secret == NULL && row->mechanism != SMTP_MECHANISM_PLAIN)
        EXPECT(row->decoded, !response.has_secret);
    g_free(encoded);
    free(buffer);
}

static void decodes_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(&rows[i]);
}

struct text_row {
    struct smtp_span text;
    bool bad;
};

static const struct text_row text_rows[] = {
    { TEXT(""), false },      { TEXT("="), false },        { TEXT("AGEAYg=="), false }, { TEXT("*"), true },
    { TEXT("=="), true },     { TEXT("AGEAYg"), true },    { TEXT("AGEAYg="), true },   { TEXT("AGEAYg== "), true },
    { TEXT("user"), false },  { TEXT("user:pass"), true }, { TEXT("QUIT"), false },     { TEXT("\0\0\0\0"), true },
    { TEXT("AGE=AYg="), true }, { TEXT("A\xc3\xa4g="), true },
};

static void flags_bad_base64(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(text_rows); i++) {
        uint8_t *buffer;
        struct smtp_sasl_response response = decode(SMTP_MECHANISM_OTHER, 0, text_rows[i].text, &buffer);
        EXPECT(text_rows[i].text, response.bad_base64 == text_rows[i].bad);
        free(buffer);
    }
}

/* A type 3 message of MS-NLMP whose user field is whatever the row says. */
struct ntlm_row {
    const char *what;
    struct smtp_span payload; /* begins at octet 64, or at 52 where there are no flags */
    bool unicode;
    bool no_flags;
    uint16_t length;
    uint32_t offset;
    const char *identity;
    bool malformed;
};

static const struct ntlm_row ntlm_rows[] = {
    { "unicode", TEXT("u\0s\0e\0r\0"), true, false, 8, 64, "user", false },
    { "unicode, behind a domain", TEXT("D\0u\0"), true, false, 2, 66, "u", false },
    { "unicode beyond ASCII", TEXT("\xfc\0\xac\x20"), true, false, 4, 64, "\xc3\xbc\xe2\x82\xac", false },
    { "a surrogate pair", TEXT("\x3d\xd8\x00\xde"), true, false, 4, 64, "\xf0\x9f\x98\x80", false },
    { "half a pair, then a letter", TEXT("\x3d\xd8" "a\0"), true, false, 4, 64, "\xef\xbf\xbd" "a", false },
    { "half a pair at the end", TEXT("a\0\x3d\xd8"), true, false, 4, 64, "a\xef\xbf\xbd", false },
    { "the second half alone", TEXT("\x00\xde"), true, false, 2, 64, "\xef\xbf\xbd", false },
    { "an odd length", TEXT("u\0s\0"), true, false, 3, 64, NULL, true },
    { "OEM", TEXT("user"), false, false, 4, 64, "user", false },
    { "OEM of an old client", TEXT("user"), false, true, 4, 52, "user", false },
    { "an old client's long message", TEXT("user0123456789abcdef"), false, true, 4, 52, "user", false },
    { "anonymous", TEXT(""), true, false, 0, 64, NULL, false },
    { "anonymous, offset astray", TEXT(""), true, false, 0, UINT32_MAX, NULL, false },
    { "one octet too long", TEXT("user"), false, false, 5, 64, NULL, true },
    { "length at its greatest", TEXT("user"), false, false, UINT16_MAX, 64, NULL, true },
    { "offset at its greatest", TEXT("user"), false, false, 4, UINT32_MAX, NULL, true },
    { "sum wraps around", TEXT("user"), false, false, 8, UINT32_MAX - 3, NULL, true },
    { "offset at the end", TEXT("user"), false, false, 2, 68, NULL, true },
    { "offset behind the end", TEXT("user"), false, false, 2, 69, NULL, true },
    { "offset in the signature", TEXT("user"), false, false, 4, 0, "NTLM", false },
};

static void put_number(uint8_t *at, uint32_t number, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

static size_t build_ntlm(const struct ntlm_row *row, uint8_t message[static 256])
{
    size_t header = row->no_flags ? 52 : 64;
    memset(message, 0, 256);
    memcpy(message, "NTLMSSP\0\3", 9);
    put_number(message + 36, row->length, 2);
    put_number(message + 38, row->length, 2);
    put_number(message + 40, row->offset, 4);
    if (!row->no_flags)
        put_number(message + 60, row->unicode ? 1 : 2, 4);
    memcpy(message + header, row->payload.octets, row->payload.length);
    return header + row->payload.length;
}

static void decodes_ntlm_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ntlm_rows); i++) {
        const struct ntlm_row *row = &ntlm_rows[i];
        struct smtp_span what = smtp_span_of_text(row->what);
        uint8_t message[256];
        uint8_t *buffer;
        char *encoded = g_base64_encode(message, build_ntlm(row, message));
        struct smtp_sasl_response response = decode(SMTP_MECHANISM_NTLM, 1, smtp_span_of_text(encoded), &buffer);
        EXPECT(what, response.has_identity == (row->identity != NULL));
        EXPECT(what, row->identity == NULL || is_text(response.identity, row->identity));
        EXPECT(what, response.malformed == row->malformed);
        EXPECT(what, !response.has_secret && !response.cut);
        g_free(encoded);
        free(buffer);
    }
}

/* All lengths and offsets of all fields at once, at their worst. */
static void survives_ntlm_of_ones(void **state)
{
    (void)state;
    for (size_t length = 12; length <= 80; length++) {
        uint8_t message[80];
        uint8_t *buffer;
        memset(message, 0xff, sizeof message);
        memcpy(message, "NTLMSSP\0\3\0\0", 12);
        char *encoded = g_base64_encode(message, length);
        struct smtp_sasl_response response = decode(SMTP_MECHANISM_NTLM, 1, smtp_span_of_text(encoded), &buffer);
        assert_true(response.malformed && !response.has_identity);
        g_free(encoded);
        free(buffer);
    }
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    static const size_t lengths[] = { SMTP_SASL_DECODED_LIMIT - 1, SMTP_SASL_DECODED_LIMIT, SMTP_SASL_DECODED_LIMIT + 1, 40000 };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint8_t *name = malloc(lengths[i]);
        uint8_t *buffer;
        memset(name, 'a', lengths[i]);
        char *encoded = g_base64_encode(name, lengths[i]);
        struct smtp_sasl_response response = decode(SMTP_MECHANISM_LOGIN, 0, smtp_span_of_text(encoded), &buffer);
        assert_int_equal(response.cut, lengths[i] > SMTP_SASL_DECODED_LIMIT);
        assert_int_equal(response.identity.length, response.cut ? SMTP_SASL_DECODED_LIMIT : lengths[i]);
        g_free(encoded);
        free(buffer);
        free(name);
    }
}

/* A decoded copy that finds no room behind the decoded octets is cut, and nothing is written past the buffer. */
static void cuts_copies_that_find_no_room(void **state)
{
    (void)state;
    uint8_t decoded[SMTP_SASL_DECODED_LIMIT - 5];
    uint8_t *buffer;
    memset(decoded, 'a', sizeof decoded);
    memcpy(decoded, "n,,n==2C", 8);
    memcpy(decoded + sizeof decoded - 4, ",r=x", 4);
    char *encoded = g_base64_encode(decoded, sizeof decoded);
    struct smtp_sasl_response scram = decode(SMTP_MECHANISM_SCRAM, 0, smtp_span_of_text(encoded), &buffer);
    assert_true(scram.cut && !scram.malformed && is_text(scram.identity, ",aaaa"));
    g_free(encoded);
    free(buffer);

    memset(decoded, 0x20, sizeof decoded); /* U+2020: three octets of UTF-8, and there is room for five */
    struct ntlm_row row = { "", TEXT(""), true, false, 8000, 64, NULL, false };
    uint8_t header[256];
    memcpy(decoded, header, build_ntlm(&row, header));
    encoded = g_base64_encode(decoded, sizeof decoded);
    struct smtp_sasl_response ntlm = decode(SMTP_MECHANISM_NTLM, 1, smtp_span_of_text(encoded), &buffer);
    assert_true(ntlm.cut && !ntlm.malformed && is_text(ntlm.identity, "\xe2\x80\xa0"));
    g_free(encoded);
    free(buffer);
}

static enum smtp_mechanism prefix_mechanism;
static unsigned prefix_ordinal;

static void decode_encoded_prefix(struct smtp_span prefix)
{
    uint8_t *buffer;
    char *encoded = g_base64_encode(prefix.octets, prefix.length);
    struct smtp_sasl_response response = decode(prefix_mechanism, prefix_ordinal, smtp_span_of_text(encoded), &buffer);
    EXPECT(prefix,
           response.bad_base64 || smtp_span_same(response.decoded, prefix)); /* half a letter of UTF-8 is noise */
    g_free(encoded);
    free(buffer);
    decode(prefix_mechanism, prefix_ordinal, prefix, &buffer); /* mostly bad base64, and read where it stands */
    free(buffer);
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        prefix_mechanism = rows[i].mechanism;
        prefix_ordinal = rows[i].ordinal;
        for_each_prefix(rows[i].decoded, decode_encoded_prefix);
    }
    prefix_mechanism = SMTP_MECHANISM_NTLM;
    for (size_t i = 0; i < COUNT(ntlm_rows); i++) {
        uint8_t message[256];
        size_t length = build_ntlm(&ntlm_rows[i], message);
        for_each_prefix(smtp_span(message, length), decode_encoded_prefix);
    }
    for (size_t i = 0; i < COUNT(text_rows); i++)
        for_each_prefix(text_rows[i].text, decode_encoded_prefix);
}

struct name_row {
    struct smtp_span word;
    enum smtp_mechanism mechanism;
    bool reveals;
};

static const struct name_row name_rows[] = {
    { TEXT("PLAIN"), SMTP_MECHANISM_PLAIN, true },
    { TEXT("plain"), SMTP_MECHANISM_PLAIN, true },
    { TEXT("LOGIN"), SMTP_MECHANISM_LOGIN, true },
    { TEXT("XOAUTH2"), SMTP_MECHANISM_XOAUTH2, true },
    { TEXT("OAUTHBEARER"), SMTP_MECHANISM_OAUTHBEARER, true },
    { TEXT("CRAM-MD5"), SMTP_MECHANISM_CRAM_MD5, false },
    { TEXT("DIGEST-MD5"), SMTP_MECHANISM_DIGEST_MD5, false },
    { TEXT("SCRAM-SHA-1"), SMTP_MECHANISM_SCRAM, false },
    { TEXT("scram-sha-256-plus"), SMTP_MECHANISM_SCRAM, false },
    { TEXT("EXTERNAL"), SMTP_MECHANISM_EXTERNAL, false },
    { TEXT("ANONYMOUS"), SMTP_MECHANISM_ANONYMOUS, false },
    { TEXT("NTLM"), SMTP_MECHANISM_NTLM, false },
    { TEXT("GSSAPI"), SMTP_MECHANISM_GSSAPI, false },
    { TEXT("GSS-SPNEGO"), SMTP_MECHANISM_GSSAPI, false },
    { TEXT("GS2-KRB5"), SMTP_MECHANISM_GSSAPI, false },
    { TEXT(""), SMTP_MECHANISM_OTHER, false },
    { TEXT("PLAI"), SMTP_MECHANISM_OTHER, false },
    { TEXT("PLAIN-CLIENTTOKEN"), SMTP_MECHANISM_OTHER, false },
    { TEXT("SCRAM"), SMTP_MECHANISM_OTHER, false },
    { TEXT("KERBEROS_V4"), SMTP_MECHANISM_OTHER, false },
};

static void tells_mechanisms_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(name_rows); i++) {
        enum smtp_mechanism mechanism = smtp_mechanism_of(name_rows[i].word);
        EXPECT(name_rows[i].word, mechanism == name_rows[i].mechanism);
        EXPECT(name_rows[i].word, smtp_mechanism_reveals_secret(mechanism) == name_rows[i].reveals);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_responses),
        cmocka_unit_test(flags_bad_base64),
        cmocka_unit_test(decodes_ntlm_users),
        cmocka_unit_test(survives_ntlm_of_ones),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(cuts_copies_that_find_no_room),
        cmocka_unit_test(survives_every_prefix),
        cmocka_unit_test(tells_mechanisms_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
