/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_hello.h"

#include "tls_cursor.h"
#include "tls_derive.h"

enum extension {
    EXTENSION_ENCRYPT_THEN_MAC = 22,
    EXTENSION_EXTENDED_MASTER_SECRET = 23,
    EXTENSION_EARLY_DATA = 42,
    EXTENSION_SUPPORTED_VERSIONS = 43,
};

/* RFC 8446 section 4.1.3: the random of a HelloRetryRequest. */
static const uint8_t retry_random[TLS_RANDOM_OCTETS] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* The highest version of a client's list that is one of TLS; the server's choice. */
static void read_versions(struct smtp_span data, bool client, struct tls_hello *hello)
{
    struct tls_cursor extension = { .rest = data };
    struct tls_cursor list = { .rest = client ? tls_take_vector(&extension, 1) : data };
    uint32_t highest = 0;
    while (!list.failed && list.rest.length >= 2) {
        uint32_t version = tls_take_number(&list, 2);
        if (version > highest && version >= 0x0300 && version <= 0x0304)
            highest = version;
    }
    if (highest != 0)
        hello->version = (uint16_t)highest;
}

bool tls_hello_read(struct smtp_span body, bool client, struct tls_hello *hello)
{
    struct tls_cursor cursor = { .rest = body };
    *hello = (struct tls_hello){ .version = (uint16_t)tls_take_number(&cursor, 2) };
    hello->random = tls_take(&cursor, TLS_RANDOM_OCTETS);
    hello->session = tls_take_vector(&cursor, 1);
    if (client) {
        hello->suites = tls_take_vector(&cursor, 2);
        tls_take_vector(&cursor, 1); /* compression methods */
    } else {
        hello->suite = (uint16_t)tls_take_number(&cursor, 2);
        tls_take(&cursor, 1);
        hello->retry = !cursor.failed && memcmp(hello->random.octets, retry_random, sizeof retry_random) == 0;
    }
    if (cursor.failed)
        return false;
    if (cursor.rest.length == 0)
        return true;
    hello->extensions = tls_take_vector(&cursor, 2);
    struct tls_cursor list = { .rest = hello->extensions, .failed = cursor.failed };
    uint16_t type;
    struct smtp_span data;
    while (tls_take_extension(&list, &type, &data)) {
        if (type == EXTENSION_SUPPORTED_VERSIONS)
            read_versions(data, client, hello);
        hello->encrypt_then_mac = hello->encrypt_then_mac || type == EXTENSION_ENCRYPT_THEN_MAC;
        hello->extended_master_secret = hello->extended_master_secret || type == EXTENSION_EXTENDED_MASTER_SECRET;
        hello->early_data = hello->early_data || type == EXTENSION_EARLY_DATA;
    }
    return !list.failed;
}

bool tls_extensions_accept_early_data(struct smtp_span body)
{
    struct tls_cursor cursor = { .rest = body };
    struct tls_cursor list = { .rest = tls_take_vector(&cursor, 2) };
    uint16_t type;
    struct smtp_span data;
    while (tls_take_extension(&list, &type, &data))
        if (type == EXTENSION_EARLY_DATA)
            return true;
    return false;
}
