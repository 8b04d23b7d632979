/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Certificates made with OpenSSL, and read. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "certificate.h"

struct example {
    const char *common_name;
    const char *names; /* as OpenSSL's configuration has them; NULL: none */
    const char *not_before, *not_after;
    EVP_PKEY *key;
};

static void add_names(X509 *x509, const char *names)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static struct certificate *read_example(const struct example *example)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 0x1fab);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Exámple, Inc.", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)example->common_name, -1, -1, 0);
    X509_set_issuer_name(x509, name);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), example->not_before);
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), example->not_after);
    X509_set_pubkey(x509, example->key);
    if (example->names != NULL)
        add_names(x509, example->names);
    assert_true(X509_sign(x509, example->key, EVP_sha256()) > 0);
    unsigned char *octets = NULL;
    int length = i2d_X509(x509, &octets);
    struct certificate *certificate = certificate_read(smtp_span(octets, (size_t)length));
    for (int cut = 0; cut < length; cut++) {
        unsigned char *exact = g_memdup2(octets, (gsize)cut);
        assert_null(certificate_read(smtp_span(exact, (size_t)cut)));
        g_free(exact);
    }
    OPENSSL_free(octets);
    X509_free(x509);
    return certificate;
}

static bool is_for(const struct certificate *certificate, const char *name)
{
    return certificate_is_for(certificate, smtp_span_of_text(name));
}

static void what_it_says(void **state)
{
    (void)state;
    const struct example example = {
        "mx", "DNS:mx.example.com,DNS:*.mail.example.com,IP:192.0.2.1,IP:2001:db8::1,email:a@example.com",
        "20260101000000Z", "20260401000000Z", EVP_EC_gen("P-256")
    };
    struct certificate *certificate = read_example(&example);
    assert_non_null(certificate);
    assert_string_equal(certificate->subject, "CN=mx,O=Exámple\\, Inc.");
    assert_string_equal(certificate->issuer, certificate->subject);
    assert_string_equal(certificate->serial, "1fab");
    assert_string_equal(certificate->key, "EC P-256");
    assert_true(certificate->self_signed);
    assert_true(certificate->has_validity);
    assert_int_equal(certificate->not_before, 1767225600);
    assert_int_equal(certificate->not_after, 1775001600);
    assert_int_equal(strlen(certificate->sha256), 64);
    assert_int_equal(strlen(certificate->key_sha256), 64);
    assert_int_equal(certificate->names->len, 4);
    assert_string_equal(g_ptr_array_index(certificate->names, 3), "2001:db8::1");
    assert_true(is_for(certificate, "MX.example.com"));
    assert_true(is_for(certificate, "mx.example.com."));
    assert_true(is_for(certificate, "a.mail.example.com"));
    assert_false(is_for(certificate, "a.b.mail.example.com"));
    assert_false(is_for(certificate, ".mail.example.com"));
    assert_false(is_for(certificate, "mail.example.com"));
    assert_false(is_for(certificate, "example.com"));
    assert_false(is_for(certificate, "mx"));
    assert_false(is_for(certificate, ""));
    certificate_free(certificate);
    EVP_PKEY_free(example.key);
}

static void without_other_names_the_common_name_counts(void **state)
{
    (void)state;
    const struct example example = { "mx.example.com", NULL, "19990101000000Z", "20600101000000Z", EVP_RSA_gen(1024) };
    struct certificate *certificate = read_example(&example);
    assert_non_null(certificate);
    assert_string_equal(certificate->key, "RSA 1024");
    assert_true(is_for(certificate, "mx.example.com"));
    assert_int_equal(certificate->not_after, INT64_C(2840140800));
    certificate_free(certificate);
    EVP_PKEY_free(example.key);
}

static void what_is_none(void **state)
{
    (void)state;
    assert_null(certificate_read(smtp_span(NULL, 0)));
    assert_null(certificate_read(smtp_span_of_text("-----BEGIN CERTIFICATE-----")));
    certificate_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_it_says),
                                        cmocka_unit_test(without_other_names_the_common_name_counts),
                                        cmocka_unit_test(what_is_none) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
