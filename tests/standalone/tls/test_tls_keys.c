/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "tls_derive.h"
#include "tls_keys.h"
#include "tls_suite.h"

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_RANDOM "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_32 "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define SECRET_48 SECRET_32 "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"

struct row {
    struct smtp_span text;
    size_t taken;
    int label; /* of the secret that is found by `RANDOM`; -1: none */
};

/* RFC 9850 section 2, and what is written in the field. */
static const struct row rows[] = {
    { TEXT("CLIENT_RANDOM " RANDOM " " SECRET_48), 1, TLS_LABEL_MASTER },
    { TEXT("CLIENT_RANDOM " RANDOM " " SECRET_48 "\r\n"), 1, TLS_LABEL_MASTER },
    { TEXT("# a comment\n\n  \nCLIENT_RANDOM " RANDOM " " SECRET_48 "\n"), 1, TLS_LABEL_MASTER },
    { TEXT("CLIENT_RANDOM\t" RANDOM "  " SECRET_48 " # behind it\n"), 1, TLS_LABEL_MASTER },
    { TEXT("CLIENT_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " SECRET_32 "\n"), 1, TLS_LABEL_CLIENT_HANDSHAKE },
    { TEXT("SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " SECRET_48 "\n"), 1, TLS_LABEL_SERVER_HANDSHAKE },
    { TEXT("CLIENT_TRAFFIC_SECRET_0 " RANDOM " " SECRET_32 "\n"), 1, TLS_LABEL_CLIENT_TRAFFIC },
    { TEXT("SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET_32 "\n"), 1, TLS_LABEL_SERVER_TRAFFIC },
    { TEXT("CLIENT_EARLY_TRAFFIC_SECRET " RANDOM " " SECRET_32 "\n"), 1, TLS_LABEL_CLIENT_EARLY },
    { TEXT("EXPORTER_SECRET " RANDOM " " SECRET_32 "\n"), 0, -1 },
    { TEXT("ECH_SECRET " RANDOM " " SECRET_32 "\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM " RANDOM " " SECRET_32 "\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM " RANDOM " " SECRET_48 "c\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM " RANDOM " x" SECRET_48 "\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM 00" RANDOM " " SECRET_48 "\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM " RANDOM "\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM\n"), 0, -1 },
    { TEXT("SERVER_TRAFFIC_SECRET_0 " RANDOM " a0a1\n"), 0, -1 },
    { TEXT("220 mail.example.com ESMTP\r\n"), 0, -1 },
    { TEXT("CLIENT_RANDOM " OTHER_RANDOM " " SECRET_48 "\n"), 1, -1 },
};

static struct smtp_span octets_of(const char *hex, uint8_t *out)
{
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length; i++)
        out[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    return smtp_span(out, length);
}

static void reads_lines(void **state)
{
    (void)state;
    uint8_t random[TLS_RANDOM_OCTETS];
    uint8_t expected[TLS_SECRET_LIMIT];
    octets_of(RANDOM, random);
    octets_of(SECRET_48, expected);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_keys *keys = tls_keys_new();
        EXPECT(rows[i].text, tls_keys_add(keys, rows[i].text) == rows[i].taken);
        EXPECT(rows[i].text, tls_keys_any(keys) == (rows[i].taken > 0));
        for (int label = TLS_LABEL_MASTER; label <= TLS_LABEL_SERVER_TRAFFIC; label++) {
            size_t count = 0;
            const struct tls_secret *found =
                tls_keys_find(keys, (enum tls_label)label, smtp_span(random, sizeof random), &count);
            EXPECT(rows[i].text, count == (label == rows[i].label ? 1u : 0u));
            EXPECT(rows[i].text, (found != NULL) == (count == 1));
            EXPECT(rows[i].text, found == NULL || memcmp(found->octets, expected, found->length) == 0);
        }
        tls_keys_free(keys);
    }
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t length = 0; length <= rows[i].text.length; length++) {
            struct tls_keys *keys = tls_keys_new();
            uint8_t *copy = g_memdup2(rows[i].text.octets, length);
            tls_keys_add(keys, smtp_span(copy, length));
            g_free(copy);
            tls_keys_free(keys);
        }
}

/* The older lines: a premaster secret by the first octets of what encrypts it, a master secret by the session. */
static void reads_rsa_lines(void **state)
{
    (void)state;
    static const uint8_t name[] = { 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4 };
    struct tls_keys *keys = tls_keys_new();
    size_t count = 0;
    assert_int_equal(tls_keys_add(keys, smtp_span_of_text("RSA deadbeef01020304 " SECRET_48 "\n"
                                                          "RSA Session-ID:DEADBEEF01020304 Master-Key:" SECRET_48 "\n"
                                                          "RSA deadbeef0102030405 " SECRET_48 "\n")),
                     2);
    assert_non_null(tls_keys_find(keys, TLS_LABEL_PREMASTER, smtp_span(name, sizeof name), &count));
    assert_int_equal(count, 1);
    assert_non_null(tls_keys_find(keys, TLS_LABEL_SESSION_MASTER, smtp_span(name, sizeof name), &count));
    assert_null(tls_keys_find(keys, TLS_LABEL_SESSION_MASTER, smtp_span(name, 4), &count));
    tls_keys_free(keys);
}

/* Lines that contradict each other are all kept; the records tell which is true. */
static void keeps_contradictions(void **state)
{
    (void)state;
    uint8_t random[TLS_RANDOM_OCTETS];
    size_t count = 0;
    octets_of(RANDOM, random);
    struct tls_keys *keys = tls_keys_new();
    for (int i = 0; i < 20; i++) {
        char *line = g_strdup_printf("CLIENT_RANDOM " RANDOM " %02x%s\n", i % 3, &SECRET_48[2]);
        tls_keys_add(keys, smtp_span_of_text(line));
        g_free(line);
    }
    assert_non_null(tls_keys_find(keys, TLS_LABEL_MASTER, smtp_span(random, sizeof random), &count));
    assert_int_equal(count, 3);
    tls_keys_free(keys);
}

static void write_file(const char *path, const char *text, int flags)
{
    int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
}

/* A log that grows is read again when a secret is missed; a line is taken when it is whole. */
static void follows_a_file(void **state)
{
    (void)state;
    uint8_t random[TLS_RANDOM_OCTETS];
    size_t count = 0;
    octets_of(RANDOM, random);
    char *folder = g_dir_make_tmp("smtpscope-keys-XXXXXX", NULL);
    char *path = g_build_filename(folder, "keys", NULL);
    struct tls_keys *keys = tls_keys_new();
    write_file(path, "CLIENT_RANDOM " OTHER_RANDOM " " SECRET_48 "\nCLIENT_RANDOM " RANDOM " a0", O_TRUNC);
    assert_null(tls_keys_add_file(keys, path));
    assert_null(tls_keys_find(keys, TLS_LABEL_MASTER, smtp_span(random, sizeof random), &count));
    write_file(path, SECRET_48, O_APPEND);
    assert_null(tls_keys_find(keys, TLS_LABEL_MASTER, smtp_span(random, sizeof random), &count));
    write_file(path, "\nCLIENT_RANDOM " RANDOM " " SECRET_48, O_APPEND);
    assert_non_null(tls_keys_find(keys, TLS_LABEL_MASTER, smtp_span(random, sizeof random), &count));
    tls_keys_free(keys);
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct tls_keys *keys = tls_keys_new();
    char *problem = tls_keys_add_file(keys, "/nowhere/keys");
    assert_non_null(problem);
    assert_non_null(strstr(problem, "/nowhere/keys: cannot be read"));
    g_free(problem);
    problem = tls_keys_add_private(keys, "/dev/null");
    assert_non_null(problem);
    g_free(problem);
    problem = tls_keys_add_file(keys, "/dev/null");
    assert_non_null(strstr(problem, "holds no line of a key log"));
    g_free(problem);
    tls_keys_free(keys);
}

/* What was found is written as lines that find it again; what nobody asked for is not. */
static void gives_what_was_used(void **state)
{
    (void)state;
    uint8_t random[TLS_RANDOM_OCTETS];
    size_t count = 0;
    octets_of(RANDOM, random);
    struct tls_keys *keys = tls_keys_new();
    tls_keys_add(keys, smtp_span_of_text("CLIENT_RANDOM " OTHER_RANDOM " " SECRET_48 "\nSERVER_TRAFFIC_SECRET_0 " RANDOM
                                         " " SECRET_32 "\n"));
    char *used = tls_keys_used(keys);
    assert_string_equal(used, "");
    g_free(used);
    tls_keys_find(keys, TLS_LABEL_SERVER_TRAFFIC, smtp_span(random, sizeof random), &count);
    used = tls_keys_used(keys);
    assert_string_equal(used, "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET_32 "\n");
    g_free(used);
    tls_keys_free(keys);
}

/* RFC 8448 section 3: the server's handshake secret, and the key and nonce that come of it. */
static void expands_labels(void **state)
{
    (void)state;
    uint8_t secret[32], out[32], expected[32];
    struct smtp_span span = octets_of("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", secret);
    assert_true(tls_expand_label("SHA256", span, "key", out, 16));
    octets_of("3fce516009c21727d0f2e4e86ee403bc", expected);
    assert_memory_equal(out, expected, 16);
    assert_true(tls_expand_label("SHA256", span, "iv", out, 12));
    octets_of("5d313eb2671276ee13000b30", expected);
    assert_memory_equal(out, expected, 12);
    assert_false(tls_expand_label("NO-SUCH-HASH", span, "iv", out, 12));
}

static void knows_suites(void **state)
{
    (void)state;
    assert_string_equal(tls_suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(tls_suite_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_null(tls_suite_name(0x0a0a));
    assert_string_equal(tls_suite_protection(0x1305)->cipher, "AES-128-CCM");
    assert_int_equal(tls_suite_protection(0x1305)->tag, 8);
    assert_string_equal(tls_suite_protection(0xc028)->mac, "SHA384");
    assert_null(tls_suite_protection(0x0005)); /* RC4 */
    assert_null(tls_suite_protection(0x0a0a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines),         cmocka_unit_test(survives_every_prefix),
        cmocka_unit_test(reads_rsa_lines),     cmocka_unit_test(keeps_contradictions),
        cmocka_unit_test(follows_a_file),      cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(gives_what_was_used), cmocka_unit_test(expands_labels),
        cmocka_unit_test(knows_suites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
