/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Handshakes: which keys protect which direction from when on. */

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tls_private.h"

enum message {
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_END_OF_EARLY_DATA = 5,
    MESSAGE_ENCRYPTED_EXTENSIONS = 8,
    MESSAGE_CLIENT_KEY_EXCHANGE = 16,
    MESSAGE_FINISHED = 20,
    MESSAGE_KEY_UPDATE = 24,
};

#define MESSAGE_HEADER_OCTETS 4
#define MESSAGE_LIMIT ((size_t)65536)    /* octets of a message that is looked at; the longer ones are certificates */
#define TRANSCRIPT_LIMIT ((guint)262144) /* octets */
#define SUITE_OCTETS 2
#define KEY_BLOCK_LIMIT 256

static struct smtp_span client_random(const struct tls_connection *connection)
{
    return smtp_span(connection->client_random, TLS_RANDOM_OCTETS);
}

static struct smtp_span server_random(const struct tls_connection *connection)
{
    return smtp_span(connection->server_random, TLS_RANDOM_OCTETS);
}

void tls_give_up(struct tls_connection *connection, enum smtp_role role, enum tls_reason reason)
{
    struct tls_half *half = &connection->half[role];
    half->blind = true;
    half->reason = reason;
}

void tls_protect(struct tls_connection *connection, enum smtp_role role, const struct tls_candidate *candidate,
                 uint64_t sequence)
{
    struct tls_half *half = &connection->half[role];
    tls_cipher_free(half->cipher);
    half->cipher = candidate->cipher;
    half->secret = candidate->secret;
    half->epoch = candidate->epoch;
    half->sequence = sequence;
    half->blind = false;
    half->proven = false;
    half->deaf = false;
    half->failures = 0;
}

/* ---- TLS 1.3 ---- */

/* The hash of a suite makes secrets of its own length. */
static bool fits_secret(const struct tls_protection *protection, const struct tls_secret *secret)
{
    size_t octets = strcmp(protection->hash, "SHA384") == 0 ? 48 : 32;
    return protection->kind == TLS_CIPHER_AEAD && secret->length == octets;
}

static enum tls_label label_of(enum smtp_role role, enum tls_epoch epoch)
{
    if (epoch == TLS_EPOCH_EARLY)
        return TLS_LABEL_CLIENT_EARLY;
    if (epoch == TLS_EPOCH_HANDSHAKE)
        return role == SMTP_CLIENT ? TLS_LABEL_CLIENT_HANDSHAKE : TLS_LABEL_SERVER_HANDSHAKE;
    return role == SMTP_CLIENT ? TLS_LABEL_CLIENT_TRAFFIC : TLS_LABEL_SERVER_TRAFFIC;
}

/* The protection that the secrets of an epoch are for, by number: the one that was chosen, or, where that is not known,
 * each that was offered. */
static const struct tls_protection *protection_at(const struct tls_connection *connection, enum tls_epoch epoch,
                                                  unsigned number)
{
    if (connection->server_hello && epoch != TLS_EPOCH_EARLY)
        return number == 0 ? connection->protection : NULL;
    unsigned at = 0;
    for (unsigned i = 0; i < connection->offers; i++) {
        if (connection->offered[i] >> 8 != 0x13 || tls_suite_protection(connection->offered[i]) == NULL)
            continue;
        if (at++ == number)
            return tls_suite_protection(connection->offered[i]);
    }
    return NULL;
}

/* The next secret of the same direction (RFC 8446 section 7.2). */
static bool update_secret(const struct tls_connection *connection, struct tls_secret *secret)
{
    struct tls_secret next = { .length = secret->length };
    const struct tls_protection *protection = connection->protection;
    bool good = protection != NULL &&
                tls_expand_label(protection->hash, tls_secret_span(secret), "traffic upd", next.octets, next.length);
    *secret = next;
    OPENSSL_cleanse(&next, sizeof next);
    return good;
}

/* Behind a hole keys may have been updated in it: once or twice. */
#define UPDATES_TRIED 2

static bool updated_candidate(struct tls_connection *connection, enum smtp_role role, unsigned number,
                              struct tls_candidate *candidate)
{
    const struct tls_half *half = &connection->half[role];
    if (half->secret.length == 0 || half->cipher == NULL || !half->holed || number >= UPDATES_TRIED)
        return false;
    *candidate = (struct tls_candidate){ .epoch = TLS_EPOCH_TRAFFIC, .secret = half->secret };
    for (unsigned i = 0; i <= number; i++)
        if (!update_secret(connection, &candidate->secret))
            return false;
    candidate->cipher = tls_cipher_of_secret(connection->protection, tls_secret_span(&candidate->secret));
    return candidate->cipher != NULL;
}

/* Every secret, of this epoch and the later ones, with every protection that it may be for. */
static bool candidate_1_3(struct tls_connection *connection, enum smtp_role role, unsigned number,
                          struct tls_candidate *candidate)
{
    const struct tls_half *half = &connection->half[role];
    bool in_epoch = half->epoch == TLS_EPOCH_TRAFFIC && half->proven;
    if (in_epoch)
        return updated_candidate(connection, role, number, candidate);
    enum tls_epoch first = half->epoch == TLS_EPOCH_CLEAR ? TLS_EPOCH_EARLY : half->epoch;
    unsigned at = 0;
    for (enum tls_epoch epoch = first; epoch <= TLS_EPOCH_TRAFFIC; epoch++) {
        if (epoch == TLS_EPOCH_EARLY && role == SMTP_SERVER)
            continue;
        size_t count = 0;
        const struct tls_secret *secrets =
            tls_keys_find(connection->keys, label_of(role, epoch), client_random(connection), &count);
        for (size_t i = 0; i < count; i++) {
            const struct tls_protection *protection;
            for (unsigned j = 0; (protection = protection_at(connection, epoch, j)) != NULL; j++) {
                if (!fits_secret(protection, &secrets[i]) || at++ != number)
                    continue;
                *candidate = (struct tls_candidate){ .epoch = epoch, .secret = secrets[i] };
                candidate->cipher = tls_cipher_of_secret(protection, tls_secret_span(&secrets[i]));
                if (candidate->cipher != NULL && !connection->server_hello)
                    connection->protection = protection; /* believed if it opens something */
                return candidate->cipher != NULL;
            }
        }
    }
    return false;
}

/* From the next record on `role` is in `epoch`, or, without its secret, in a later one. */
static void enter(struct tls_connection *connection, enum smtp_role role, enum tls_epoch epoch)
{
    struct tls_half *half = &connection->half[role];
    struct tls_candidate candidate = { .cipher = NULL };
    half->epoch = epoch;
    half->proven = false;
    if (tls_candidate(connection, role, 0, &candidate)) {
        tls_protect(connection, role, &candidate, 0);
    } else {
        tls_cipher_free(half->cipher);
        half->cipher = NULL;
        half->sequence = 0;
        tls_give_up(connection, role,
                    connection->protection == NULL && connection->server_hello ? TLS_REASON_SUITE : TLS_REASON_NO_KEY);
    }
    OPENSSL_cleanse(&candidate, sizeof candidate);
}

static void key_update(struct tls_connection *connection, enum smtp_role role)
{
    struct tls_half *half = &connection->half[role];
    struct tls_candidate candidate = { .epoch = TLS_EPOCH_TRAFFIC, .secret = half->secret };
    if (half->epoch != TLS_EPOCH_TRAFFIC || half->cipher == NULL || !update_secret(connection, &candidate.secret))
        return;
    candidate.cipher = tls_cipher_of_secret(connection->protection, tls_secret_span(&candidate.secret));
    if (candidate.cipher != NULL) {
        tls_protect(connection, role, &candidate, 0);
        half->proven = true; /* its secret follows from one that was */
    }
    OPENSSL_cleanse(&candidate, sizeof candidate);
}

/* What the client sent early was taken by the server, or not. */
static void settle_early(struct tls_connection *connection, bool accepted)
{
    size_t at = 0;
    connection->early_settled = true;
    connection->early_accepted = accepted;
    for (guint i = 0; connection->early_records != NULL && i < connection->early_records->len && accepted; i++) {
        const struct tls_early *record = &g_array_index(connection->early_records, struct tls_early, i);
        connection->consumer->plain(connection->context, SMTP_CLIENT, record->offset, record->octets,
                                    smtp_span(connection->early->data + at, record->length));
        at += record->length;
    }
    if (connection->early != NULL)
        g_byte_array_free(connection->early, TRUE);
    if (connection->early_records != NULL)
        g_array_free(connection->early_records, TRUE);
    connection->early = NULL;
    connection->early_records = NULL;
}

/* ---- up to TLS 1.2 ---- */

/* The digest of the PRF, and of the hash over the handshake. */
static const char *prf_hash(const struct tls_connection *connection)
{
    return connection->version < TLS_1_2 ? "MD5-SHA1" : connection->protection->hash;
}

/* The hash over the handshake up to ClientKeyExchange (RFC 7627 section 3). */
static void hash_session(struct tls_connection *connection)
{
    const EVP_MD *digest = connection->protection != NULL ? EVP_get_digestbyname(prf_hash(connection)) : NULL;
    unsigned octets = 0;
    GByteArray *transcript = connection->transcript;
    if (digest != NULL && transcript != NULL &&
        EVP_Digest(transcript->data, transcript->len, connection->session_hash, &octets, digest, NULL) > 0)
        connection->session_hash_octets = octets;
}

static bool master_of_premaster(struct tls_connection *connection, const struct tls_secret *premaster,
                                struct tls_secret *master)
{
    master->length = TLS_MASTER_OCTETS;
    struct smtp_span secret = tls_secret_span(premaster);
    if (!connection->extended_master_secret)
        return tls_prf(prf_hash(connection), secret, "master secret", client_random(connection),
                       server_random(connection), master->octets, master->length);
    return connection->session_hash_octets > 0 &&
           tls_prf(prf_hash(connection), secret, "extended master secret",
                   smtp_span(connection->session_hash, connection->session_hash_octets), smtp_span(NULL, 0),
                   master->octets, master->length);
}

/* The master secret by number, from 0: of the key log, of a premaster secret, of the session that is resumed. */
static bool master_at(struct tls_connection *connection, unsigned number, struct tls_secret *master)
{
    size_t count = 0;
    const struct tls_secret *found =
        tls_keys_find(connection->keys, TLS_LABEL_MASTER, client_random(connection), &count);
    if (number < count) {
        *master = found[number];
        return true;
    }
    number -= (unsigned)count;
    struct smtp_span session = smtp_span(connection->session, connection->session_octets);
    if (connection->premaster.length > 0 && number-- == 0) {
        if (!master_of_premaster(connection, &connection->premaster, master))
            return false;
        if (session.length > 0)
            tls_keys_keep(connection->keys, TLS_LABEL_SESSION_MASTER, session, master);
        return true;
    }
    found = session.length > 0 ? tls_keys_find(connection->keys, TLS_LABEL_SESSION_MASTER, session, &count) : NULL;
    if (found == NULL || number >= count)
        return false;
    *master = found[number];
    return true;
}

/* The cipher of one direction, out of the key block (RFC 5246 section 6.3). */
static struct tls_cipher *cipher_of_master(const struct tls_connection *connection, enum smtp_role role,
                                           const struct tls_secret *master)
{
    const struct tls_protection *protection = connection->protection;
    size_t mac = protection->mac != NULL ? protection->tag : 0;
    size_t key = protection->key;
    size_t iv = protection->fixed_iv;
    uint8_t block[KEY_BLOCK_LIMIT];
    size_t octets = 2 * (mac + key + iv);
    if (octets > sizeof block || connection->version < TLS_1_0 ||
        !tls_prf(prf_hash(connection), tls_secret_span(master), "key expansion", server_random(connection),
                 client_random(connection), block, octets))
        return NULL;
    size_t second = role == SMTP_SERVER ? 1 : 0;
    const struct tls_keys_of_half keys = {
        .mac = smtp_span(block + second * mac, mac),
        .key = smtp_span(block + 2 * mac + second * key, key),
        .iv = smtp_span(block + 2 * (mac + key) + second * iv, iv),
    };
    struct tls_cipher *cipher = tls_cipher_new(protection, connection->version, connection->encrypt_then_mac, &keys);
    OPENSSL_cleanse(block, sizeof block);
    return cipher;
}

static bool candidate_1_2(struct tls_connection *connection, enum smtp_role role, unsigned number,
                          struct tls_candidate *candidate)
{
    struct tls_secret master;
    if (connection->half[role].epoch == TLS_EPOCH_TRAFFIC && connection->half[role].proven)
        return false;
    if (!connection->server_hello || connection->protection == NULL || !master_at(connection, number, &master))
        return false;
    *candidate =
        (struct tls_candidate){ .epoch = TLS_EPOCH_TRAFFIC, .cipher = cipher_of_master(connection, role, &master) };
    OPENSSL_cleanse(&master, sizeof master);
    return candidate->cipher != NULL;
}

bool tls_candidate(struct tls_connection *connection, enum smtp_role role, unsigned number,
                   struct tls_candidate *candidate)
{
    if (!connection->client_hello)
        return false;
    if (connection->server_hello && connection->version != TLS_1_3)
        return candidate_1_2(connection, role, number, candidate);
    return candidate_1_3(connection, role, number, candidate);
}

void tls_change_cipher(struct tls_connection *connection, enum smtp_role role)
{
    struct tls_half *half = &connection->half[role];
    if (tls_is_1_3(connection) || connection->retried)
        return; /* it means nothing there (RFC 8446 appendix D.4) */
    if (!connection->server_hello) {
        half->changed = true;
        return;
    }
    half->proven = false;
    half->epoch = TLS_EPOCH_TRAFFIC;
    if (!half->deaf)
        tls_facts_change_cipher(&connection->facts, role);
    if (!connection->client_hello) {
        tls_give_up(connection, role, TLS_REASON_NO_HANDSHAKE);
        return;
    }
    enter(connection, role, TLS_EPOCH_TRAFFIC);
}

/* ---- messages ---- */

/* A handshake begins, the first one or another inside the session (renegotiation). */
static void take_client_hello(struct tls_connection *connection, struct smtp_span body)
{
    struct tls_hello hello;
    if (!tls_hello_read(body, true, &hello))
        return;
    memcpy(connection->client_random, hello.random.octets, TLS_RANDOM_OCTETS);
    connection->client_hello = true;
    connection->server_hello = false;
    connection->premaster.length = 0;
    connection->session_hash_octets = 0;
    connection->offers = 0;
    for (size_t i = 0;
         i + SUITE_OCTETS <= hello.suites.length && connection->offers < G_N_ELEMENTS(connection->offered);
         i += SUITE_OCTETS)
        connection->offered[connection->offers++] =
            (uint16_t)(hello.suites.octets[i] << 8 | hello.suites.octets[i + 1]);
    struct tls_half *client = &connection->half[SMTP_CLIENT];
    size_t count = 0;
    if (hello.early_data && client->epoch == TLS_EPOCH_CLEAR && hello.version == TLS_1_3 && !connection->early_settled)
        tls_keys_find(connection->keys, TLS_LABEL_CLIENT_EARLY, client_random(connection), &count);
    if (count > 0)
        enter(connection, SMTP_CLIENT, TLS_EPOCH_EARLY);
}

static void take_server_hello(struct tls_connection *connection, struct smtp_span body)
{
    struct tls_hello hello;
    struct tls_half *client = &connection->half[SMTP_CLIENT];
    if (!tls_hello_read(body, false, &hello))
        return;
    connection->retried = hello.retry;
    if (hello.retry) {
        settle_early(connection, false);
        return; /* the client says hello once more, in clear */
    }
    memcpy(connection->server_random, hello.random.octets, TLS_RANDOM_OCTETS);
    connection->server_hello = true;
    connection->version = hello.version;
    connection->suite = hello.suite;
    connection->protection = tls_suite_protection(hello.suite);
    connection->extended_master_secret = hello.extended_master_secret;
    connection->encrypt_then_mac = hello.encrypt_then_mac;
    connection->session_octets =
        (uint8_t)(hello.session.length <= sizeof connection->session ? hello.session.length : 0);
    if (connection->session_octets > 0)
        memcpy(connection->session, hello.session.octets, connection->session_octets);
    if (hello.version == TLS_1_3) {
        enter(connection, SMTP_SERVER, TLS_EPOCH_HANDSHAKE);
        if (client->epoch != TLS_EPOCH_EARLY)
            enter(connection, SMTP_CLIENT, TLS_EPOCH_HANDSHAKE);
    }
}

/* RFC 5246 section 7.4.7.1: the premaster secret under the server's RSA key. */
static void take_key_exchange(struct tls_connection *connection, struct smtp_span body)
{
    if (body.length < 2 + TLS_PREMASTER_NAME_OCTETS ||
        (size_t)(body.octets[0] << 8 | body.octets[1]) != body.length - 2)
        return;
    struct smtp_span encrypted = smtp_span_from(body, 2);
    size_t count = 0;
    const struct tls_secret *found = tls_keys_find(connection->keys, TLS_LABEL_PREMASTER,
                                                   smtp_span_first(encrypted, TLS_PREMASTER_NAME_OCTETS), &count);
    if (found != NULL)
        connection->premaster = found[0];
    else if (!tls_keys_decrypt_premaster(connection->keys, encrypted, &connection->premaster))
        connection->premaster.length = 0;
    hash_session(connection);
}

static void take_finished(struct tls_connection *connection, enum smtp_role role)
{
    if (tls_is_1_3(connection) && connection->half[role].epoch == TLS_EPOCH_HANDSHAKE)
        enter(connection, role, TLS_EPOCH_TRAFFIC);
}

static void take_message(struct tls_connection *connection, enum smtp_role role, uint8_t type, struct smtp_span body)
{
    switch ((enum message)type) {
    case MESSAGE_CLIENT_HELLO:
        if (role == SMTP_CLIENT)
            take_client_hello(connection, body);
        break;
    case MESSAGE_SERVER_HELLO:
        if (role == SMTP_SERVER)
            take_server_hello(connection, body);
        break;
    case MESSAGE_END_OF_EARLY_DATA:
        if (role == SMTP_CLIENT && connection->half[role].epoch == TLS_EPOCH_EARLY)
            enter(connection, role, TLS_EPOCH_HANDSHAKE);
        break;
    case MESSAGE_ENCRYPTED_EXTENSIONS:
        if (role == SMTP_SERVER && !connection->early_settled)
            settle_early(connection, tls_extensions_accept_early_data(body));
        break;
    case MESSAGE_CLIENT_KEY_EXCHANGE:
        if (role == SMTP_CLIENT && !tls_is_1_3(connection))
            take_key_exchange(connection, body);
        break;
    case MESSAGE_FINISHED:
        take_finished(connection, role);
        break;
    case MESSAGE_KEY_UPDATE:
        if (tls_is_1_3(connection))
            key_update(connection, role);
        break;
    }
}

/* What the session hash is over. A hello begins it anew, but for the one behind a HelloRetryRequest, which no version
 * has that needs the hash. */
static void note_message(struct tls_connection *connection, uint8_t type, struct smtp_span message)
{
    if (type == MESSAGE_CLIENT_HELLO && connection->transcript != NULL)
        g_byte_array_set_size(connection->transcript, 0);
    if (connection->transcript == NULL && type == MESSAGE_CLIENT_HELLO && tls_keys_private(connection->keys))
        connection->transcript = g_byte_array_new();
    if (connection->transcript != NULL && connection->transcript->len + message.length <= TRANSCRIPT_LIMIT)
        g_byte_array_append(connection->transcript, message.octets, (guint)message.length);
}

/* Takes the whole messages off the front of `octets`; returns how many octets those are. */
static size_t take_whole(struct tls_connection *connection, enum smtp_role role, struct smtp_span octets)
{
    struct tls_half *half = &connection->half[role];
    size_t used = 0;
    while (octets.length - used >= MESSAGE_HEADER_OCTETS) {
        const uint8_t *header = octets.octets + used;
        size_t length = (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
        size_t whole = MESSAGE_HEADER_OCTETS + length;
        if (length > MESSAGE_LIMIT) {
            tls_facts_unread(&connection->facts, role, header[0]);
            half->message_left = whole;
            return used;
        }
        if (octets.length - used < whole)
            return used;
        struct smtp_span message = smtp_span(header, whole);
        note_message(connection, header[0], message);
        take_message(connection, role, header[0], smtp_span_from(message, MESSAGE_HEADER_OCTETS));
        tls_facts_message(&connection->facts, role, header[0], smtp_span_from(message, MESSAGE_HEADER_OCTETS));
        used += whole;
    }
    return used;
}

void tls_take_messages(struct tls_connection *connection, enum smtp_role role, struct smtp_span octets)
{
    struct tls_half *half = &connection->half[role];
    while (octets.length > 0) {
        if (half->message_left > 0) {
            size_t passed = half->message_left < octets.length ? half->message_left : octets.length;
            half->message_left -= passed;
            octets = smtp_span_from(octets, passed);
            continue;
        }
        struct smtp_span all = octets;
        GByteArray *kept = half->messages;
        half->messages = NULL;
        if (kept != NULL) {
            g_byte_array_append(kept, octets.octets, (guint)octets.length);
            all = smtp_span(kept->data, kept->len);
        }
        size_t used = take_whole(connection, role, all);
        struct smtp_span rest = smtp_span_from(all, used);
        octets = smtp_span(NULL, 0);
        if (half->message_left > 0) {
            tls_take_messages(connection, role, rest);
        } else if (rest.length > 0) {
            half->messages = g_byte_array_sized_new((guint)rest.length);
            g_byte_array_append(half->messages, rest.octets, (guint)rest.length);
        }
        if (kept != NULL)
            g_byte_array_free(kept, TRUE);
    }
}
