/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "tls.h"

struct look_row {
    struct smtp_span octets;
    enum smtp_tls_look look;
    uint16_t version;
    size_t body;
};

static const struct look_row looks[] = {
    { TEXT("\x16\x03\x01\x02\x00"), SMTP_TLS_YES, 0x0301, 512 },
    { TEXT("\x16\x03\x03\x00\x00"), SMTP_TLS_YES, 0x0303, 0 },
    { TEXT("\x17\x03\x03\x48\x00"), SMTP_TLS_YES, 0x0303, 18432 },
    { TEXT("\x17\x03\x03\x48\x01"), SMTP_TLS_NO, 0, 0 },
    { TEXT("\x15\x03\x01\x00\x02\x02\x28"), SMTP_TLS_YES, 0x0301, 2 },
    { TEXT("\x13\x03\x01\x00\x02"), SMTP_TLS_NO, 0, 0 },
    { TEXT("\x18\x03\x01\x00\x02"), SMTP_TLS_NO, 0, 0 },
    { TEXT("\x16\x02\x01\x00\x02"), SMTP_TLS_NO, 0, 0 },
    { TEXT("\x16\x03\x05\x00\x02"), SMTP_TLS_NO, 0, 0 },
    { TEXT("\x16\x03\x01"), SMTP_TLS_PERHAPS, 0, 0 },
    { TEXT("\x16"), SMTP_TLS_PERHAPS, 0, 0 },
    { TEXT("\x16\x02"), SMTP_TLS_NO, 0, 0 },
    { TEXT("EHLO client.example.com\r\n"), SMTP_TLS_NO, 0, 0 },
    { TEXT("220 mail.example.com\r\n"), SMTP_TLS_NO, 0, 0 },
    { TEXT(""), SMTP_TLS_PERHAPS, 0, 0 },
    /* SSLv2 hello: 3 octets of ciphers, no session, 16 of challenge; then with lengths that do not fill the record */
    { TEXT("\x80\x1c\x01\x03\x01\x00\x03\x00\x00\x00\x10\x00\x00\x35"), SMTP_TLS_YES, 0x0002, 28 },
    { TEXT("\x80\x1d\x01\x03\x01\x00\x03\x00\x00\x00\x10\x00\x00\x35"), SMTP_TLS_NO, 0, 0 },
    { TEXT("\x80\x1c\x01\x03"), SMTP_TLS_PERHAPS, 0, 0 },
    { TEXT("\x80\x1c\x02"), SMTP_TLS_NO, 0, 0 },
};

static void looks_at_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct smtp_tls_record record = { .version = 0 };
        EXPECT(looks[i].octets, smtp_tls_look(looks[i].octets, &record) == looks[i].look);
        EXPECT(looks[i].octets, record.version == looks[i].version);
        EXPECT(looks[i].octets, record.body_octets == looks[i].body);
        EXPECT(looks[i].octets, smtp_tls_look(looks[i].octets, NULL) == looks[i].look);
    }
}

#define RANDOM "0123456789abcdef0123456789abcdef"
#define SNI "\x00\x00\x00\x15\x00\x13\x00\x00\x10mail.example.com"
#define ALPN "\x00\x10\x00\x07\x00\x05\x04smtp"
#define VERSIONS "\x00\x2b\x00\x07\x06\x4a\x4a\x03\x04\x03\x03" /* GREASE, 1.3, 1.2 */

/* 2 version, 32 random, 1 session, 4 ciphers, 2 compression, 2 + 47 extensions = 90 */
static const struct smtp_span client_hello = TEXT("\x01\x00\x00\x5a\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00\x00\x2f" SNI ALPN VERSIONS);
/* 2 + 32 + 1 + 2 + 1 + 2 + 6 = 46 */
static const struct smtp_span server_hello = TEXT("\x02\x00\x00\x2e\x03\x03" RANDOM "\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04");
/* no extensions: 2 + 32 + 1 + 4 + 2 = 41 */
static const struct smtp_span old_hello = TEXT("\x01\x00\x00\x29\x03\x01" RANDOM "\x00\x00\x02\x00\x2f\x01\x00");

static void reads_hellos(void **state)
{
    (void)state;
    struct smtp_tls_hello hello;
    assert_true(smtp_tls_hello_parse(client_hello, &hello));
    assert_true(hello.client);
    assert_int_equal(hello.version, 0x0304);
    assert_true(is_text(hello.sni, "mail.example.com"));
    assert_true(is_text(hello.alpn, "smtp"));
    assert_true(smtp_tls_hello_parse(server_hello, &hello));
    assert_false(hello.client);
    assert_int_equal(hello.version, 0x0304);
    assert_int_equal(hello.cipher, 0x1301);
    assert_true(smtp_tls_hello_parse(old_hello, &hello));
    assert_int_equal(hello.version, 0x0301);
    assert_int_equal(hello.sni.length, 0);
}

static void parse_prefix(struct smtp_span prefix)
{
    struct smtp_tls_hello hello;
    bool whole = smtp_tls_hello_parse(prefix, &hello);
    assert_true(is_inside(hello.sni, prefix) && is_inside(hello.alpn, prefix));
    assert_true(!whole || prefix.length == client_hello.length || prefix.length == server_hello.length);
    smtp_tls_look(prefix, NULL);
}

static void a_cut_hello_is_not_whole(void **state)
{
    (void)state;
    for_each_prefix(client_hello, parse_prefix);
    for_each_prefix(server_hello, parse_prefix);
}

/* Every octet of a hello changed, one at a time: whatever it says, nothing outside of it is read. */
static void survives_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < client_hello.length; i++) {
        for (unsigned value = 0; value < 256; value += 17) {
            uint8_t *copy = malloc(client_hello.length);
            assert_non_null(copy);
            memcpy(copy, client_hello.octets, client_hello.length);
            copy[i] = (uint8_t)value;
            struct smtp_span octets = smtp_span(copy, client_hello.length);
            struct smtp_tls_hello hello;
            smtp_tls_hello_parse(octets, &hello);
            assert_true(is_inside(hello.sni, octets) && is_inside(hello.alpn, octets));
            free(copy);
        }
    }
}

struct alert_row {
    struct smtp_span body;
    const char *name;
    bool fatal;
};

static const struct alert_row alerts[] = {
    { TEXT("\x02\x28"), "handshake failure (40)", true },
    { TEXT("\x01\x00"), "close notify (0)", false },
    { TEXT("\x01\x70"), "unrecognized name (112)", false },
    { TEXT("\x02\x70"), "unrecognized name (112)", true },
    { TEXT("\x01\x30"), "unknown CA (48)", true },
    { TEXT("\x02\xee"), "unknown alert", true },
    { TEXT("\x02"), NULL, false },
    { TEXT("\x02\x28\x00"), NULL, false },
};

static void names_alerts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(alerts); i++) {
        bool fatal = false;
        const char *name = smtp_tls_alert_name(alerts[i].body, &fatal);
        EXPECT(alerts[i].body, (name == NULL) == (alerts[i].name == NULL));
        EXPECT(alerts[i].body, name == NULL || strcmp(name, alerts[i].name) == 0);
        EXPECT(alerts[i].body, fatal == alerts[i].fatal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_at_records), cmocka_unit_test(reads_hellos), cmocka_unit_test(a_cut_hello_is_not_whole),
        cmocka_unit_test(survives_lies),    cmocka_unit_test(names_alerts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
