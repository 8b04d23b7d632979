/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_fingerprint.h"

#include <glib.h>
#include <string.h>

#include "tls_cursor.h"
#include "tls_derive.h" /* TLS_RANDOM_OCTETS */

enum extension {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_GROUPS = 10,
    EXTENSION_POINT_FORMATS = 11,
    EXTENSION_SIGNATURE_ALGORITHMS = 13,
    EXTENSION_ALPN = 16,
    EXTENSION_SUPPORTED_VERSIONS = 43,
};

#define JA4_DIGEST_OCTETS 12 /* of the hexadecimal digits */
#define JA4_COUNT_LIMIT 99u

/* What a client offers: lists of numbers, without GREASE. */
struct offer {
    uint16_t version;         /* of the message itself */
    uint16_t highest_version; /* with supported_versions */
    GArray *suites, *extensions, *groups, *signatures; /* uint16_t */
    struct smtp_span point_formats;
    struct smtp_span protocol; /* the first of ALPN */
};

/* RFC 8701: both octets are alike, and end in 0xa. */
static bool is_grease(uint16_t number)
{
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

static void append(GArray *numbers, uint16_t number)
{
    if (!is_grease(number))
        g_array_append_val(numbers, number);
}

static void read_numbers(struct smtp_span list, GArray *numbers)
{
    struct tls_cursor cursor = { .rest = list };
    while (cursor.rest.length >= 2)
        append(numbers, (uint16_t)tls_take_number(&cursor, 2));
}

static void read_versions(struct smtp_span list, struct offer *offer)
{
    struct tls_cursor cursor = { .rest = list };
    uint16_t highest = 0;
    while (cursor.rest.length >= 2) {
        uint16_t version = (uint16_t)tls_take_number(&cursor, 2);
        highest = !is_grease(version) && version > highest ? version : highest;
    }
    if (highest != 0)
        offer->highest_version = highest;
}

static void read_extension(uint16_t type, struct smtp_span data, struct offer *offer)
{
    struct tls_cursor cursor = { .rest = data };
    append(offer->extensions, type);
    switch ((enum extension)type) {
    case EXTENSION_GROUPS:
        read_numbers(tls_take_vector(&cursor, 2), offer->groups);
        break;
    case EXTENSION_SIGNATURE_ALGORITHMS:
        read_numbers(tls_take_vector(&cursor, 2), offer->signatures);
        break;
    case EXTENSION_SUPPORTED_VERSIONS:
        read_versions(tls_take_vector(&cursor, 1), offer);
        break;
    case EXTENSION_POINT_FORMATS:
        offer->point_formats = tls_take_vector(&cursor, 1);
        break;
    case EXTENSION_ALPN:
        cursor.rest = tls_take_vector(&cursor, 2);
        offer->protocol = tls_take_vector(&cursor, 1);
        break;
    case EXTENSION_SERVER_NAME:
    default:
        break;
    }
}

static bool read_offer(struct smtp_span body, struct offer *offer)
{
    struct tls_cursor cursor = { .rest = body };
    offer->version = offer->highest_version = (uint16_t)tls_take_number(&cursor, 2);
    tls_take(&cursor, TLS_RANDOM_OCTETS);
    tls_take_vector(&cursor, 1); /* session identifier */
    read_numbers(tls_take_vector(&cursor, 2), offer->suites);
    tls_take_vector(&cursor, 1); /* compression methods */
    if (cursor.failed || cursor.rest.length == 0)
        return !cursor.failed;
    struct tls_cursor list = { .rest = tls_take_vector(&cursor, 2), .failed = cursor.failed };
    uint16_t type;
    struct smtp_span data;
    while (tls_take_extension(&list, &type, &data))
        read_extension(type, data, offer);
    return !list.failed;
}

/* ---- JA3 ---- */

static void append_decimal(GString *text, const GArray *numbers)
{
    for (guint i = 0; i < numbers->len; i++)
        g_string_append_printf(text, i == 0 ? "%u" : "-%u", g_array_index(numbers, uint16_t, i));
}

static void make_ja3(const struct offer *offer, char *ja3)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%u,", offer->version);
    const GArray *const lists[] = { offer->suites, offer->extensions, offer->groups };
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++) {
        append_decimal(text, lists[i]);
        g_string_append_c(text, ',');
    }
    for (size_t i = 0; i < offer->point_formats.length; i++)
        g_string_append_printf(text, i == 0 ? "%u" : "-%u", offer->point_formats.octets[i]);
    char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text->str, (gssize)text->len);
    g_strlcpy(ja3, digest, TLS_JA3_SIZE);
    g_free(digest);
    g_string_free(text, TRUE);
}

/* ---- JA4 ---- */

static const char *ja4_version(uint16_t version)
{
    switch (version) {
    case 0x0304:
        return "13";
    case 0x0303:
        return "12";
    case 0x0302:
        return "11";
    case 0x0301:
        return "10";
    case 0x0300:
        return "s3";
    case 0x0002:
        return "s2";
    default:
        return "00";
    }
}

/* The first and the last octet of a protocol's name; where one of them is no letter or digit, of its hexadecimal digits. */
static void append_protocol(GString *text, struct smtp_span name)
{
    static const char digits[] = "0123456789abcdef";
    if (name.length == 0) {
        g_string_append(text, "00");
        return;
    }
    uint8_t first = name.octets[0], last = name.octets[name.length - 1];
    bool plain = g_ascii_isalnum((char)first) && g_ascii_isalnum((char)last);
    g_string_append_c(text, plain ? (char)first : digits[first >> 4]);
    g_string_append_c(text, plain ? (char)last : digits[last & 0xf]);
}

static void append_hexadecimal(GString *text, const GArray *numbers)
{
    for (guint i = 0; i < numbers->len; i++)
        g_string_append_printf(text, i == 0 ? "%04x" : ",%04x", g_array_index(numbers, uint16_t, i));
}

static void append_digest(GString *text, const GString *of)
{
    if (of->len == 0) {
        g_string_append(text, "000000000000");
        return;
    }
    char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, of->str, (gssize)of->len);
    g_string_append_len(text, digest, JA4_DIGEST_OCTETS);
    g_free(digest);
}

static gint by_number(gconstpointer left, gconstpointer right)
{
    return *(const uint16_t *)left - *(const uint16_t *)right;
}

static bool has(const GArray *numbers, uint16_t number)
{
    for (guint i = 0; i < numbers->len; i++)
        if (g_array_index(numbers, uint16_t, i) == number)
            return true;
    return false;
}

static void drop(GArray *numbers, uint16_t number)
{
    guint kept = 0;
    for (guint i = 0; i < numbers->len; i++) {
        g_array_index(numbers, uint16_t, kept) = g_array_index(numbers, uint16_t, i);
        kept += g_array_index(numbers, uint16_t, i) != number ? 1 : 0;
    }
    g_array_set_size(numbers, kept);
}

/* Sorts the lists. */
static void make_ja4(struct offer *offer, char *ja4)
{
    GString *text = g_string_new("t");
    GString *list = g_string_new(NULL);
    g_string_append(text, ja4_version(offer->highest_version));
    g_string_append_c(text, has(offer->extensions, EXTENSION_SERVER_NAME) ? 'd' : 'i');
    g_string_append_printf(text, "%02u%02u", MIN(offer->suites->len, JA4_COUNT_LIMIT),
                           MIN(offer->extensions->len, JA4_COUNT_LIMIT));
    append_protocol(text, offer->protocol);
    g_array_sort(offer->suites, by_number);
    append_hexadecimal(list, offer->suites);
    g_string_append_c(text, '_');
    append_digest(text, list);

    drop(offer->extensions, EXTENSION_SERVER_NAME);
    drop(offer->extensions, EXTENSION_ALPN);
    g_array_sort(offer->extensions, by_number);
    g_string_truncate(list, 0);
    append_hexadecimal(list, offer->extensions);
    if (offer->signatures->len > 0 && list->len > 0)
        g_string_append_c(list, '_');
    append_hexadecimal(list, offer->signatures);
    g_string_append_c(text, '_');
    append_digest(text, list);
    g_strlcpy(ja4, text->str, TLS_JA4_SIZE);
    g_string_free(text, TRUE);
    g_string_free(list, TRUE);
}

bool tls_fingerprint_read(struct smtp_span body, struct tls_fingerprint *fingerprint)
{
    struct offer offer = { .version = 0 };
    GArray **const lists[] = { &offer.suites, &offer.extensions, &offer.groups, &offer.signatures };
    *fingerprint = (struct tls_fingerprint){ .ja3 = "" };
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        *lists[i] = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    bool good = read_offer(body, &offer);
    if (good) {
        make_ja3(&offer, fingerprint->ja3);
        make_ja4(&offer, fingerprint->ja4);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        g_array_free(*lists[i], TRUE);
    return good;
}
