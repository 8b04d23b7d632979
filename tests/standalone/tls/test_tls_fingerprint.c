/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Fingerprints of clients, over hellos built from lists. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "tls_fingerprint.h"

static void put_number(GByteArray *to, unsigned octets, uint32_t number)
{
    for (unsigned i = octets; i > 0; i--)
        g_byte_array_append(to, (const guint8[]){ (guint8)(number >> (8 * (i - 1))) }, 1);
}

static void put_vector(GByteArray *to, unsigned octets, GByteArray *vector)
{
    put_number(to, octets, vector->len);
    g_byte_array_append(to, vector->data, vector->len);
    g_byte_array_free(vector, TRUE);
}

/* "1301 c02b" as numbers of two octets each. */
static GByteArray *numbers(const char *words)
{
    GByteArray *list = g_byte_array_new();
    char **parts = g_strsplit(words, " ", -1);
    for (char **part = parts; *part != NULL && **part != '\0'; part++)
        put_number(list, 2, (uint32_t)g_ascii_strtoull(*part, NULL, 16));
    g_strfreev(parts);
    return list;
}

struct hello {
    unsigned version;
    const char *suites, *extensions; /* the extensions in their order */
    const char *versions, *groups, *signatures, *protocol;
    const char *ja3, *ja4;
};

static GByteArray *extension_of(const struct hello *hello, unsigned type)
{
    GByteArray *data = g_byte_array_new();
    if (type == 10)
        put_vector(data, 2, numbers(hello->groups));
    else if (type == 13)
        put_vector(data, 2, numbers(hello->signatures));
    else if (type == 43)
        put_vector(data, 1, numbers(hello->versions));
    else if (type == 11)
        g_byte_array_append(data, (const guint8[]){ 1, 0 }, 2);
    else if (type == 16) {
        GByteArray *list = g_byte_array_new();
        put_number(list, 1, (uint32_t)strlen(hello->protocol));
        g_byte_array_append(list, (const guint8 *)hello->protocol, (guint)strlen(hello->protocol));
        put_vector(data, 2, list);
    }
    return data;
}

static GByteArray *body_of(const struct hello *hello)
{
    GByteArray *body = g_byte_array_new();
    put_number(body, 2, hello->version);
    for (unsigned i = 0; i < 8; i++)
        put_number(body, 4, i);
    put_number(body, 1, 0);
    put_vector(body, 2, numbers(hello->suites));
    put_number(body, 2, 0x0100); /* no compression */
    if (hello->extensions == NULL)
        return body;
    GByteArray *list = g_byte_array_new();
    char **types = g_strsplit(hello->extensions, " ", -1);
    for (char **type = types; *type != NULL; type++) {
        unsigned number = (unsigned)g_ascii_strtoull(*type, NULL, 16);
        put_number(list, 2, number);
        put_vector(list, 2, extension_of(hello, number));
    }
    g_strfreev(types);
    put_vector(body, 2, list);
    return body;
}

/* The first JA4 is the example of its specification. The digests were made with md5sum and sha256sum of the texts
 * beside them. */
static const struct hello hellos[] = {
    { 0x0303, "0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035",
      "1a1a 0000 0017 ff01 000a 000b 0023 0010 0005 000d 0012 0033 002d 002b 001b 4469 fafa 0015", "2a2a 0304 0303",
      "3a3a 001d 0017 0018", "0403 0804 0401 0503 0805 0501 0806 0601", "h2",
      /* 771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-13-18-51-45-43-27-17513-21,29-23-24,0
       */
      "cd08e31494f9531f560d64c695473da9", "t13d1516h2_8daaf6152771_e5627efa2ab1" },
    /* 769,47,,, and 002f */
    { 0x0301, "002f", NULL, .ja3 = "b02be259814e870a469a20ce9b2a7900", .ja4 = "t10i010000_ba72b8082249_000000000000" },
    /* a protocol's name with a last octet that is neither letter nor digit: 771,49199,16,, and c02f */
    { 0x0303, "c02f", "0010", .protocol = "a\xff", .ja3 = "38aeeaa970bcdc0ef4899099378813fe",
      .ja4 = "t12i01016f_f06271c2b022_000000000000" },
};

static void offers_have_their_digests(void **state)
{
    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(hellos); i++) {
        GByteArray *body = body_of(&hellos[i]);
        struct tls_fingerprint fingerprint;
        assert_true(tls_fingerprint_read(smtp_span(body->data, body->len), &fingerprint));
        assert_string_equal(fingerprint.ja3, hellos[i].ja3);
        assert_string_equal(fingerprint.ja4, hellos[i].ja4);
        g_byte_array_free(body, TRUE);
    }
}

static void a_cut_hello_has_none(void **state)
{
    (void)state;
    GByteArray *body = body_of(&hellos[0]);
    struct tls_fingerprint fingerprint;
    guint whole_without_extensions = body->len;
    for (guint length = 0; length < body->len; length++) {
        guint8 *exact = g_memdup2(body->data, length); /* so that a sanitizer sees what is read beyond it */
        bool good = tls_fingerprint_read(smtp_span(exact, length), &fingerprint);
        whole_without_extensions = good ? length : whole_without_extensions;
        assert_true(good || (fingerprint.ja3[0] == '\0' && fingerprint.ja4[0] == '\0'));
        g_free(exact);
    }
    assert_int_equal(whole_without_extensions, 2 + 32 + 1 + 2 + 32 + 2);
    g_byte_array_free(body, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(offers_have_their_digests),
                                        cmocka_unit_test(a_cut_hello_has_none) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
