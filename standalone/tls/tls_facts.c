/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_facts.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "tls_cursor.h"
#include "tls_hello.h"
#include "tls_suite.h"

enum message {
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_CERTIFICATE = 11,
    MESSAGE_SERVER_KEY_EXCHANGE = 12,
    MESSAGE_SERVER_HELLO_DONE = 14,
    MESSAGE_FINISHED = 20,
    MESSAGE_COMPRESSED_CERTIFICATE = 25,
};

enum extension {
    EXTENSION_PRE_SHARED_KEY = 41,
    EXTENSION_KEY_SHARE = 51,
};

enum compression { /* RFC 8879 section 7.3 */
    COMPRESSION_ZLIB = 1,
    COMPRESSION_ZSTD = 3,
};

#define TLS_1_3 0x0304
#define NAMED_CURVE 3 /* RFC 8422 section 5.4 */

struct group {
    uint16_t number;
    const char *name;
};

static const struct group groups[] = {
    { 19, "secp192r1" },
    { 21, "secp224r1" },
    { 22, "secp256k1" },
    { 23, "secp256r1" },
    { 24, "secp384r1" },
    { 25, "secp521r1" },
    { 26, "brainpoolP256r1" },
    { 27, "brainpoolP384r1" },
    { 28, "brainpoolP512r1" },
    { 29, "x25519" },
    { 30, "x448" },
    { 31, "brainpoolP256r1tls13" },
    { 32, "brainpoolP384r1tls13" },
    { 33, "brainpoolP512r1tls13" },
    { 41, "curveSM2" },
    { 256, "ffdhe2048" },
    { 257, "ffdhe3072" },
    { 258, "ffdhe4096" },
    { 259, "ffdhe6144" },
    { 260, "ffdhe8192" },
    { 512, "MLKEM512" },
    { 513, "MLKEM768" },
    { 514, "MLKEM1024" },
    { 4587, "SecP256r1MLKEM768" },
    { 4588, "X25519MLKEM768" },
    { 4589, "SecP384r1MLKEM1024" },
    { 4590, "curveSM2MLKEM768" },
    { 25497, "X25519Kyber768Draft00" },
    { 25498, "SecP256r1Kyber768Draft00" },
};

const char *tls_group_name(uint16_t group)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(groups); i++)
        if (groups[i].number == group)
            return groups[i].name;
    return NULL;
}

void tls_facts_clear(struct tls_facts *facts)
{
    if (facts->chain != NULL)
        g_ptr_array_free(facts->chain, TRUE);
    facts->chain = NULL;
}

size_t tls_facts_memory(const struct tls_facts *facts)
{
    size_t octets = 0;
    for (guint i = 0; facts->chain != NULL && i < facts->chain->len; i++)
        octets += g_bytes_get_size(g_ptr_array_index(facts->chain, i));
    return octets;
}

/* ---- hellos ---- */

static void take_client_hello(struct tls_facts *facts, struct smtp_span body)
{
    if (!facts->hello_seen)
        tls_fingerprint_read(body, &facts->fingerprint);
    facts->hello_seen = true;
}

/* The group and the pre-shared key that a server of TLS 1.3 chose. */
static void read_choices(struct tls_facts *facts, struct smtp_span extensions, bool retry)
{
    struct tls_cursor list = { .rest = extensions };
    uint16_t type;
    struct smtp_span data;
    bool resumed = false;
    while (tls_take_extension(&list, &type, &data)) {
        struct tls_cursor cursor = { .rest = data };
        if (type == EXTENSION_KEY_SHARE)
            facts->group = (uint16_t)tls_take_number(&cursor, 2);
        resumed = resumed || type == EXTENSION_PRE_SHARED_KEY;
    }
    if (!retry)
        facts->resumed = resumed ? TLS_RESUMED_YES : TLS_RESUMED_NO;
}

static void take_server_hello(struct tls_facts *facts, struct smtp_span body)
{
    struct tls_hello hello;
    if (facts->server_hello || !tls_hello_read(body, false, &hello))
        return;
    facts->is_1_3 = hello.version == TLS_1_3;
    facts->suite = hello.suite;
    if (facts->is_1_3)
        read_choices(facts, hello.extensions, hello.retry);
    facts->server_hello = !hello.retry;
}

/* RFC 8422 section 5.4: the curve that the server's share is on. */
static void take_key_exchange(struct tls_facts *facts, struct smtp_span body)
{
    struct tls_cursor cursor = { .rest = body };
    const char *suite = tls_suite_name(facts->suite);
    if (suite == NULL || strstr(suite, "_ECDH") == NULL)
        return;
    if (strstr(suite, "_PSK_") != NULL)
        tls_take_vector(&cursor, 2); /* a hint (RFC 5489 section 2) */
    uint32_t kind = tls_take_number(&cursor, 1);
    uint32_t group = tls_take_number(&cursor, 2);
    if (!cursor.failed && kind == NAMED_CURVE)
        facts->group = (uint16_t)group;
}

/* ---- certificates ---- */

static void take_certificate(struct tls_facts *facts, struct smtp_span der)
{
    if (facts->chain == NULL)
        facts->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (facts->chain->len >= TLS_CHAIN_CERTIFICATES || tls_facts_memory(facts) + der.length > TLS_CHAIN_LIMIT) {
        facts->chain_cut = true;
        return;
    }
    g_ptr_array_add(facts->chain, g_bytes_new(der.octets, der.length));
}

/* The Certificate message of RFC 5246 section 7.4.2, and of RFC 8446 section 4.4.2. */
static void take_chain(struct tls_facts *facts, struct smtp_span body)
{
    struct tls_cursor message = { .rest = body };
    if (facts->chain_seen)
        return;
    facts->chain_seen = true;
    if (facts->is_1_3)
        tls_take_vector(&message, 1); /* request context: empty */
    struct tls_cursor list = { .rest = tls_take_vector(&message, 3), .failed = message.failed };
    while (!list.failed && list.rest.length > 0) {
        struct smtp_span der = tls_take_vector(&list, 3);
        if (facts->is_1_3)
            tls_take_vector(&list, 2); /* extensions */
        if (!list.failed)
            take_certificate(facts, der);
    }
    facts->chain_cut = facts->chain_cut || list.failed;
}

/* Octets that came out; 0: it is damaged, or not what it says. */
static size_t decompress(uint32_t algorithm, struct smtp_span packed, uint8_t *octets, size_t size)
{
    if (algorithm == COMPRESSION_ZLIB) {
        uLongf length = size;
        return uncompress(octets, &length, packed.octets, (uLong)packed.length) == Z_OK ? length : 0;
    }
    size_t length = algorithm == COMPRESSION_ZSTD ? ZSTD_decompress(octets, size, packed.octets, packed.length) : 0;
    return ZSTD_isError(length) ? 0 : length;
}

/* RFC 8879 section 4. */
static void take_compressed_chain(struct tls_facts *facts, struct smtp_span body)
{
    struct tls_cursor cursor = { .rest = body };
    uint32_t algorithm = tls_take_number(&cursor, 2);
    uint32_t size = tls_take_number(&cursor, 3);
    struct smtp_span packed = tls_take_vector(&cursor, 3);
    if (cursor.failed || size == 0 || size > TLS_CHAIN_LIMIT || facts->chain_seen) {
        facts->chain_cut = facts->chain_cut || !facts->chain_seen;
        return;
    }
    uint8_t *octets = g_malloc(size);
    size_t length = decompress(algorithm, packed, octets, size);
    if (length == size)
        take_chain(facts, smtp_span(octets, length));
    else
        facts->chain_cut = true;
    facts->chain_seen = true;
    g_free(octets);
}

/* ---- messages ---- */

void tls_facts_message(struct tls_facts *facts, enum smtp_role role, uint8_t type, struct smtp_span body)
{
    if (facts->hello_done)
        return;
    bool server = role == SMTP_SERVER;
    switch ((enum message)type) {
    case MESSAGE_CLIENT_HELLO:
        if (!server)
            take_client_hello(facts, body);
        break;
    case MESSAGE_SERVER_HELLO:
        if (server)
            take_server_hello(facts, body);
        break;
    case MESSAGE_CERTIFICATE:
        if (server)
            take_chain(facts, body);
        break;
    case MESSAGE_COMPRESSED_CERTIFICATE:
        if (server)
            take_compressed_chain(facts, body);
        break;
    case MESSAGE_SERVER_KEY_EXCHANGE:
        if (server && facts->server_hello)
            take_key_exchange(facts, body);
        break;
    case MESSAGE_SERVER_HELLO_DONE:
        if (server && facts->server_hello && !facts->is_1_3)
            facts->resumed = TLS_RESUMED_NO;
        break;
    case MESSAGE_FINISHED:
        facts->hello_done = server;
        break;
    }
}

void tls_facts_unread(struct tls_facts *facts, enum smtp_role role, uint8_t type)
{
    bool chain = type == MESSAGE_CERTIFICATE || type == MESSAGE_COMPRESSED_CERTIFICATE;
    if (role == SMTP_SERVER && chain && !facts->chain_seen)
        facts->chain_seen = facts->chain_cut = true;
}

void tls_facts_change_cipher(struct tls_facts *facts, enum smtp_role role)
{
    if (role == SMTP_SERVER && facts->server_hello && !facts->is_1_3 && facts->resumed == TLS_RESUMED_UNKNOWN)
        facts->resumed = TLS_RESUMED_YES; /* no certificate and no key exchange came (RFC 5246 section 7.3) */
    if (role == SMTP_SERVER && facts->server_hello && !facts->is_1_3)
        facts->hello_done = true;
}
