/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What handshakes tell, message by message. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "tls_facts.h"

#define HELLO_OCTETS 40 /* of a ServerHello without extensions: with an empty identifier and its list's length */

/* The types of messages. */
enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    KEY_EXCHANGE = 12,
    HELLO_DONE = 14,
    FINISHED = 20,
    COMPRESSED = 25
};

static struct tls_facts facts;

static int begin(void **state)
{
    (void)state;
    facts = (struct tls_facts){ .group = 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    tls_facts_clear(&facts);
    return 0;
}

static void server_says(uint8_t type, const void *octets, size_t length)
{
    tls_facts_message(&facts, SMTP_SERVER, type, smtp_span(octets, length));
}

/* A ServerHello of TLS 1.2 with these extensions. */
static void server_hello(uint16_t suite, const void *extensions, size_t length, bool retry)
{
    static const uint8_t retry_random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                              0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                              0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
    uint8_t body[HELLO_OCTETS + 64] = { 0x03, 0x03 };
    if (retry)
        memcpy(body + 2, retry_random, sizeof retry_random);
    body[35] = (uint8_t)(suite >> 8);
    body[36] = (uint8_t)suite;
    body[39] = (uint8_t)length;
    memcpy(body + HELLO_OCTETS, extensions, length);
    server_says(SERVER_HELLO, body, HELLO_OCTETS + length);
}

#define TLS_1_3 "\0\x2b\0\2\3\4"
#define KEY_SHARE(group) "\0\x33\0\4" group "\0\0"
#define SPAN(text) (text), sizeof(text) - 1

static void the_group_of_1_3(void **state)
{
    (void)state;
    server_hello(0x1301, SPAN(TLS_1_3 "\0\x33\0\2\0\x17"), true); /* a HelloRetryRequest */
    assert_int_equal(facts.group, 23);
    assert_int_equal(facts.resumed, TLS_RESUMED_UNKNOWN);
    server_hello(0x1301, SPAN(TLS_1_3 KEY_SHARE("\x11\xec")), false);
    assert_string_equal(tls_group_name(facts.group), "X25519MLKEM768");
    assert_int_equal(facts.resumed, TLS_RESUMED_NO);
}

static void resumption_of_1_3(void **state)
{
    (void)state;
    server_hello(0x1301, SPAN(TLS_1_3 "\0\x29\0\2\0\0" KEY_SHARE("\0\x1d")), false);
    assert_int_equal(facts.resumed, TLS_RESUMED_YES);
    assert_string_equal(tls_group_name(facts.group), "x25519");
    assert_null(tls_group_name(12345));
}

static void the_curve_of_1_2(void **state)
{
    (void)state;
    server_hello(0xc02f, SPAN(""), false); /* TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
    server_says(KEY_EXCHANGE, SPAN("\3\0\x1d\0"));
    assert_int_equal(facts.group, 29);
    assert_int_equal(facts.resumed, TLS_RESUMED_UNKNOWN);
    server_says(HELLO_DONE, SPAN(""));
    assert_int_equal(facts.resumed, TLS_RESUMED_NO);
}

static void a_prime_is_no_curve(void **state)
{
    (void)state;
    server_hello(0x009e, SPAN(""), false); /* TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 */
    server_says(KEY_EXCHANGE, SPAN("\3\0\x1d\0"));
    assert_int_equal(facts.group, 0);
}

static void resumption_of_1_2(void **state)
{
    (void)state;
    server_hello(0xc02f, SPAN(""), false);
    tls_facts_change_cipher(&facts, SMTP_CLIENT);
    assert_int_equal(facts.resumed, TLS_RESUMED_UNKNOWN);
    tls_facts_change_cipher(&facts, SMTP_SERVER);
    assert_int_equal(facts.resumed, TLS_RESUMED_YES);
}

static void expect_chain(bool cut)
{
    assert_true(facts.chain_seen);
    assert_int_equal(facts.chain_cut, cut);
    assert_int_equal(facts.chain->len, 2);
    assert_int_equal(g_bytes_get_size(g_ptr_array_index(facts.chain, 0)), 3);
    assert_memory_equal(g_bytes_get_data(g_ptr_array_index(facts.chain, 1), NULL), "de", 2);
}

static void chains(void **state)
{
    (void)state;
    static const char of_1_3[] = "\0\0\0\x0f\0\0\3abc\0\0\0\0\2de\0\0";
    server_says(CERTIFICATE, SPAN("\0\0\x0b\0\0\3abc\0\0\2de"));
    expect_chain(false);
    server_says(CERTIFICATE, SPAN("\0\0\4\0\0\1x")); /* a second one: renegotiation */
    expect_chain(false);

    tls_facts_clear(&facts);
    facts = (struct tls_facts){ .group = 0 };
    server_says(CERTIFICATE, SPAN("\0\0\x0c\0\0\3abc\0\0\2de\0"));
    expect_chain(true);

    tls_facts_clear(&facts);
    facts = (struct tls_facts){ .group = 0 };
    server_hello(0x1301, SPAN(TLS_1_3), false);
    server_says(CERTIFICATE, SPAN(of_1_3));
    expect_chain(false);
}

static void compressed_chains(void **state)
{
    (void)state;
    static const char chain[] = "\0\0\0\x0f\0\0\3abc\0\0\0\0\2de\0\0";
    for (uint8_t algorithm = 1; algorithm <= 3; algorithm++) {
        uint8_t message[256] = { 0, algorithm, 0, 0, sizeof chain - 1 };
        uLongf length = sizeof message - 8;
        if (algorithm == 3)
            length = ZSTD_compress(message + 8, length, chain, sizeof chain - 1, 1);
        else
            compress(message + 8, &length, (const Bytef *)chain, sizeof chain - 1);
        message[7] = (uint8_t)length;
        facts = (struct tls_facts){ .group = 0 };
        server_hello(0x1301, SPAN(TLS_1_3), false);
        server_says(COMPRESSED, message, 8 + length);
        if (algorithm != 2) {
            expect_chain(false);
        } else { /* Brotli */
            assert_true(facts.chain_cut);
            assert_null(facts.chain);
        }
        tls_facts_clear(&facts);
    }
}

static void chains_are_bounded(void **state)
{
    (void)state;
    GByteArray *body = g_byte_array_new();
    static const uint8_t certificate[3 + 8192] = { 0, 0x20, 0 };
    const uint32_t octets = 40 * sizeof certificate;
    g_byte_array_append(body, (const guint8[]){ (guint8)(octets >> 16), (guint8)(octets >> 8), (guint8)octets }, 3);
    for (unsigned i = 0; i < 40; i++)
        g_byte_array_append(body, certificate, sizeof certificate);
    server_says(CERTIFICATE, body->data, body->len);
    assert_true(facts.chain_cut);
    assert_int_equal(facts.chain->len, 8);
    assert_true(tls_facts_memory(&facts) <= TLS_CHAIN_LIMIT);
    g_byte_array_free(body, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_group_of_1_3, begin, end),
        cmocka_unit_test_setup_teardown(resumption_of_1_3, begin, end),
        cmocka_unit_test_setup_teardown(the_curve_of_1_2, begin, end),
        cmocka_unit_test_setup_teardown(a_prime_is_no_curve, begin, end),
        cmocka_unit_test_setup_teardown(resumption_of_1_2, begin, end),
        cmocka_unit_test_setup_teardown(chains, begin, end),
        cmocka_unit_test_setup_teardown(compressed_chains, begin, end),
        cmocka_unit_test_setup_teardown(chains_are_bounded, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
