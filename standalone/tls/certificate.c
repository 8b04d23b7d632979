/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "certificate.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define NAME_FLAGS ((unsigned long)(XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB))

/* ---- names ---- */

static char *words_of(const X509_NAME *name)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *octets = NULL;
    X509_NAME_print_ex(out, name, 0, NAME_FLAGS);
    long length = BIO_get_mem_data(out, &octets);
    char *words = length > 0 ? g_utf8_make_valid(octets, length) : g_strdup("");
    BIO_free(out);
    return words;
}

static void add_name(struct certificate *certificate, const char *octets, size_t length)
{
    if (certificate->names->len >= CERTIFICATE_NAMES)
        certificate->names_cut = true;
    else if (memchr(octets, 0, length) == NULL) /* a name with NUL in it is nobody's */
        g_ptr_array_add(certificate->names, g_utf8_make_valid(octets, (gssize)length));
}

static void add_address(struct certificate *certificate, const ASN1_OCTET_STRING *octets)
{
    char text[INET6_ADDRSTRLEN];
    int length = ASN1_STRING_length(octets);
    int family = length == 4 ? AF_INET : AF_INET6;
    if ((length == 4 || length == 16) && inet_ntop(family, ASN1_STRING_get0_data(octets), text, sizeof text) != NULL)
        add_name(certificate, text, strlen(text));
}

static void read_alternative_names(struct certificate *certificate, const X509 *x509)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            add_name(certificate, (const char *)ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
        else if (name->type == GEN_IPADD)
            add_address(certificate, name->d.iPAddress);
    }
    GENERAL_NAMES_free(names);
}

/* RFC 6125 section 6.4.4: it counts where there is no other name. */
static void read_common_name(struct certificate *certificate, const X509_NAME *subject)
{
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const ASN1_STRING *name = at >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)) : NULL;
    unsigned char *octets = NULL;
    int length = name != NULL ? ASN1_STRING_to_UTF8(&octets, name) : -1;
    if (length > 0)
        add_name(certificate, (const char *)octets, (size_t)length);
    OPENSSL_free(octets);
}

/* ---- times, keys, digests ---- */

static bool seconds_of(const ASN1_TIME *time, int64_t *seconds)
{
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *seconds = timegm(&parts);
    return true;
}

static char *words_of_key(X509 *x509)
{
    EVP_PKEY *key = X509_get0_pubkey(x509);
    char group[80];
    size_t length = 0;
    if (key == NULL)
        return g_strdup("unknown");
    const char *type = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1) {
        const char *nist = EC_curve_nid2nist(OBJ_sn2nid(group));
        return g_strdup_printf("EC %s", nist != NULL ? nist : group);
    }
    if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
        return g_strdup(type);
    return g_strdup_printf("%s %d", type != NULL ? type : "unknown", EVP_PKEY_get_bits(key));
}

static void digest_of(const uint8_t *octets, size_t length, char *hexadecimal)
{
    char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, octets, length);
    g_strlcpy(hexadecimal, digest, CERTIFICATE_DIGEST_SIZE);
    g_free(digest);
}

static void digest_key(const X509 *x509, char *hexadecimal)
{
    unsigned char *octets = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &octets);
    if (length > 0)
        digest_of(octets, (size_t)length, hexadecimal);
    OPENSSL_free(octets);
}

static char *serial_of(const X509 *x509)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
    char *digits = number != NULL ? BN_bn2hex(number) : NULL;
    char *serial = g_ascii_strdown(digits != NULL ? digits : "", -1);
    OPENSSL_free(digits);
    BN_free(number);
    return serial;
}

struct certificate *certificate_read(struct smtp_span der)
{
    const unsigned char *octets = der.octets;
    X509 *x509 = der.length > 0 && der.length <= G_MAXINT32 ? d2i_X509(NULL, &octets, (long)der.length) : NULL;
    if (x509 == NULL)
        return NULL;
    struct certificate *certificate = g_new0(struct certificate, 1);
    const X509_NAME *subject = X509_get_subject_name(x509);
    certificate->subject = words_of(subject);
    certificate->issuer = words_of(X509_get_issuer_name(x509));
    certificate->serial = serial_of(x509);
    certificate->names = g_ptr_array_new_with_free_func(g_free);
    read_alternative_names(certificate, x509);
    if (certificate->names->len == 0)
        read_common_name(certificate, subject);
    certificate->has_validity = seconds_of(X509_get0_notBefore(x509), &certificate->not_before) &&
                                seconds_of(X509_get0_notAfter(x509), &certificate->not_after);
    certificate->key = words_of_key(x509);
    digest_of(der.octets, der.length, certificate->sha256);
    digest_key(x509, certificate->key_sha256);
    certificate->self_signed = X509_self_signed(x509, 1) == 1;
    X509_free(x509);
    return certificate;
}

void certificate_free(struct certificate *certificate)
{
    if (certificate == NULL)
        return;
    g_free(certificate->subject);
    g_free(certificate->issuer);
    g_free(certificate->serial);
    g_free(certificate->key);
    g_ptr_array_free(certificate->names, TRUE);
    g_free(certificate);
}

/* ---- whom it is for ---- */

static struct smtp_span without_last_dot(struct smtp_span name)
{
    return name.length > 0 && name.octets[name.length - 1] == '.' ? smtp_span_first(name, name.length - 1) : name;
}

static bool matches(struct smtp_span pattern, struct smtp_span name)
{
    if (pattern.length > 2 && pattern.octets[0] == '*' && pattern.octets[1] == '.') {
        const uint8_t *dot = name.length > 0 ? memchr(name.octets, '.', name.length) : NULL;
        if (dot == NULL || dot == name.octets)
            return false;
        pattern = smtp_span_from(pattern, 1);
        name = smtp_span_from(name, (size_t)(dot - name.octets));
    }
    return pattern.length == name.length && g_ascii_strncasecmp((const char *)pattern.octets, (const char *)name.octets, name.length) == 0;
}

bool certificate_is_for(const struct certificate *certificate, struct smtp_span name)
{
    name = without_last_dot(name);
    for (guint i = 0; i < certificate->names->len && name.length > 0; i++) {
        const char *pattern = g_ptr_array_index(certificate->names, i);
        if (matches(without_last_dot(smtp_span(pattern, strlen(pattern))), name))
            return true;
    }
    return false;
}
