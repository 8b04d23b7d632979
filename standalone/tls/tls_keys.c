/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "language.h"

#define NAME_LIMIT 255
#define LINE_LIMIT 4096 /* octets: a longer one holds no key */
#define READ_OCTETS 65536
#define SHA256_OCTETS 32 /* of a secret of TLS 1.3, if not TLS_MASTER_OCTETS, those of SHA-384 */

/* The labels of lines, and what their names and secrets have to be. */
struct label {
    const char *word;
    enum tls_label label;
    size_t name_octets;
};

static const struct label labels[] = {
    { "CLIENT_RANDOM", TLS_LABEL_MASTER, TLS_RANDOM_OCTETS },
    { "CLIENT_EARLY_TRAFFIC_SECRET", TLS_LABEL_CLIENT_EARLY, TLS_RANDOM_OCTETS },
    { "CLIENT_HANDSHAKE_TRAFFIC_SECRET", TLS_LABEL_CLIENT_HANDSHAKE, TLS_RANDOM_OCTETS },
    { "SERVER_HANDSHAKE_TRAFFIC_SECRET", TLS_LABEL_SERVER_HANDSHAKE, TLS_RANDOM_OCTETS },
    { "CLIENT_TRAFFIC_SECRET_0", TLS_LABEL_CLIENT_TRAFFIC, TLS_RANDOM_OCTETS },
    { "SERVER_TRAFFIC_SECRET_0", TLS_LABEL_SERVER_TRAFFIC, TLS_RANDOM_OCTETS },
    { "RSA", TLS_LABEL_PREMASTER, TLS_PREMASTER_NAME_OCTETS },
};

struct name {
    uint8_t label;
    uint8_t length;
    uint8_t octets[NAME_LIMIT];
};

struct entry {
    GArray *secrets; /* struct tls_secret */
    bool used;
};

struct key_file {
    char *path;
    off_t read; /* octets, up to the end of the last whole line */
};

struct tls_keys {
    GHashTable *entries; /* struct name -> struct entry */
    GArray *files;       /* struct key_file */
    GPtrArray *private;  /* EVP_PKEY */
    bool (*more)(void *context); /* NULL: nobody is asked for more */
    void *context;
};

static guint name_hash(gconstpointer key)
{
    const struct name *name = key;
    guint hash = name->label;
    for (size_t i = 0; i < name->length; i++)
        hash = hash * 33 + name->octets[i];
    return hash;
}

static gboolean name_equal(gconstpointer a, gconstpointer b)
{
    const struct name *one = a, *other = b;
    return one->label == other->label && one->length == other->length &&
           memcmp(one->octets, other->octets, one->length) == 0;
}

static struct name name_of(enum tls_label label, struct smtp_span octets)
{
    struct name name = { .label = (uint8_t)label };
    name.length = (uint8_t)(octets.length < NAME_LIMIT ? octets.length : NAME_LIMIT);
    if (name.length > 0)
        memcpy(name.octets, octets.octets, name.length);
    return name;
}

static void free_entry(gpointer data)
{
    struct entry *entry = data;
    OPENSSL_cleanse(entry->secrets->data, entry->secrets->len * sizeof(struct tls_secret));
    g_array_free(entry->secrets, TRUE);
    g_free(entry);
}

static void free_private(gpointer key)
{
    EVP_PKEY_free(key);
}

struct tls_keys *tls_keys_new(void)
{
    struct tls_keys *keys = g_new0(struct tls_keys, 1);
    keys->entries = g_hash_table_new_full(name_hash, name_equal, g_free, free_entry);
    keys->files = g_array_new(FALSE, FALSE, sizeof(struct key_file));
    keys->private = g_ptr_array_new_with_free_func(free_private);
    return keys;
}

void tls_keys_free(struct tls_keys *keys)
{
    if (keys == NULL)
        return;
    for (unsigned i = 0; i < keys->files->len; i++)
        g_free(g_array_index(keys->files, struct key_file, i).path);
    g_array_free(keys->files, TRUE);
    g_ptr_array_free(keys->private, TRUE);
    g_hash_table_destroy(keys->entries);
    g_free(keys);
}

/* An array that is wiped where it moves: GArray leaves the old octets behind, so it is made anew. */
static void append_secret(struct entry *entry, const struct tls_secret *secret)
{
    GArray *more = g_array_sized_new(FALSE, FALSE, sizeof *secret, entry->secrets->len + 1);
    if (entry->secrets->len > 0)
        g_array_append_vals(more, entry->secrets->data, entry->secrets->len);
    g_array_append_vals(more, secret, 1);
    OPENSSL_cleanse(entry->secrets->data, entry->secrets->len * sizeof *secret);
    g_array_free(entry->secrets, TRUE);
    entry->secrets = more;
}

/* So many secrets of one name are kept: more contradict each other than anybody can want. */
#define SECRETS_OF_A_NAME 8

void tls_keys_keep(struct tls_keys *keys, enum tls_label label, struct smtp_span octets,
                   const struct tls_secret *secret)
{
    struct name name = name_of(label, octets);
    struct entry *entry = g_hash_table_lookup(keys->entries, &name);
    if (entry == NULL) {
        entry = g_new0(struct entry, 1);
        entry->secrets = g_array_new(FALSE, FALSE, sizeof *secret);
        g_hash_table_insert(keys->entries, g_memdup2(&name, sizeof name), entry);
    }
    for (unsigned i = 0; i < entry->secrets->len; i++)
        if (smtp_span_same(tls_secret_span(&g_array_index(entry->secrets, struct tls_secret, i)),
                           tls_secret_span(secret)))
            return;
    if (entry->secrets->len < SECRETS_OF_A_NAME)
        append_secret(entry, secret);
}

/* ---- lines ---- */

static int digit_value(uint8_t octet)
{
    return g_ascii_xdigit_value((char)octet);
}

/* Reads pairs of hexadecimal digits. Returns how many octets they are; 0 where it is something else, or more than
 * `limit`. */
static size_t read_hex(struct smtp_span text, uint8_t *out, size_t limit)
{
    if (text.length % 2 != 0 || text.length / 2 > limit)
        return 0;
    for (size_t i = 0; i < text.length; i += 2) {
        int high = digit_value(text.octets[i]), low = digit_value(text.octets[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return text.length / 2;
}

/* The text behind `prefix`; an empty span where it does not begin with it. */
static struct smtp_span behind(struct smtp_span word, const char *prefix)
{
    return smtp_span_starts_with(word, prefix) ? smtp_span_from(word, strlen(prefix)) : smtp_span(NULL, 0);
}

static bool keep_line(struct tls_keys *keys, enum tls_label label, struct smtp_span name_text,
                      struct smtp_span secret_text, size_t name_octets)
{
    uint8_t name[NAME_LIMIT];
    struct tls_secret secret = { .length = 0 };
    size_t length = read_hex(name_text, name, sizeof name);
    secret.length = read_hex(secret_text, secret.octets, sizeof secret.octets);
    bool good = length > 0 && secret.length > 0 && (name_octets == 0 || length == name_octets);
    bool old = label == TLS_LABEL_MASTER || label == TLS_LABEL_PREMASTER || label == TLS_LABEL_SESSION_MASTER;
    good = good && (secret.length == TLS_MASTER_OCTETS || (!old && secret.length == SHA256_OCTETS));
    if (good)
        tls_keys_keep(keys, label, smtp_span(name, length), &secret);
    OPENSSL_cleanse(&secret, sizeof secret);
    return good;
}

static bool take_line(struct tls_keys *keys, struct smtp_span line)
{
    if (line.length > 0 && line.octets[line.length - 1] == '\r')
        line.length--;
    struct smtp_span word = smtp_span_next_word(&line);
    struct smtp_span name = smtp_span_next_word(&line);
    struct smtp_span secret = smtp_span_next_word(&line);
    if (smtp_span_is(word, "RSA") && smtp_span_starts_with(name, "Session-ID:"))
        return keep_line(keys, TLS_LABEL_SESSION_MASTER, behind(name, "Session-ID:"), behind(secret, "Master-Key:"), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
        if (smtp_span_is(word, labels[i].word))
            return keep_line(keys, labels[i].label, name, secret, labels[i].name_octets);
    return false;
}

size_t tls_keys_add(struct tls_keys *keys, struct smtp_span text)
{
    size_t taken = 0;
    while (text.length > 0) {
        const uint8_t *end = memchr(text.octets, '\n', text.length);
        size_t length = end != NULL ? (size_t)(end - text.octets) : text.length;
        if (length <= LINE_LIMIT)
            taken += take_line(keys, smtp_span_first(text, length));
        text = smtp_span_from(text, length + 1);
    }
    return taken;
}

/* ---- files ---- */

/*
 * Takes what was not read of it yet. A last line without its end is taken, too, and read again if it grows. Returns how
 * many lines; -1, and errno, where it cannot be read.
 */
static int64_t read_file(struct tls_keys *keys, struct key_file *file)
{
    int64_t taken = 0;
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return -1;
    uint8_t *octets = g_malloc(READ_OCTETS);
    ssize_t length;
    while ((length = pread(descriptor, octets, READ_OCTETS, file->read)) > 0) {
        size_t whole = (size_t)length;
        while (whole > 0 && octets[whole - 1] != '\n')
            whole--;
        bool unended = whole == 0;
        if (unended)
            whole = (size_t)length;
        taken += (int64_t)tls_keys_add(keys, smtp_span(octets, whole));
        if (unended && length < READ_OCTETS)
            break;
        file->read += (off_t)whole;
    }
    int error = errno;
    close(descriptor);
    OPENSSL_cleanse(octets, READ_OCTETS);
    g_free(octets);
    errno = error;
    return length < 0 ? -1 : taken;
}

char *tls_keys_add_file(struct tls_keys *keys, const char *path)
{
    struct key_file file = { .path = g_strdup(path) };
    int64_t taken = read_file(keys, &file);
    char *problem = NULL;
    if (taken < 0)
        problem = g_strdup_printf(_("%s: cannot be read: %s"), path, g_strerror(errno));
    else if (taken == 0)
        problem = g_strdup_printf(
            _("%s: holds no line of a key log, such as CLIENT_RANDOM and two numbers in hexadecimal"), path);
    g_array_append_val(keys->files, file);
    return problem;
}

/* What was written to the files since. Returns whether anything was taken. */
static bool read_again(struct tls_keys *keys)
{
    bool more = false;
    for (unsigned i = 0; i < keys->files->len; i++) {
        struct key_file *file = &g_array_index(keys->files, struct key_file, i);
        struct stat status;
        if (stat(file->path, &status) == 0 && status.st_size > file->read)
            more = read_file(keys, file) > 0 || more;
    }
    return more;
}

char *tls_keys_add_private(struct tls_keys *keys, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return g_strdup_printf(_("%s: cannot be read: %s"), path, g_strerror(errno));
    static char nothing[] = "";
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, nothing); /* an empty passphrase: nobody is asked */
    fclose(file);
    if (key == NULL)
        return g_strdup_printf(_("%s: holds no private key in PEM that can be read without a passphrase"), path);
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return g_strdup_printf(
            _("%s: is no RSA key: with others, a private key does not open a session; a key log does"), path);
    }
    g_ptr_array_add(keys->private, key);
    return NULL;
}

/* ---- finding ---- */

void tls_keys_ask(struct tls_keys *keys, bool (*more)(void *context), void *context)
{
    keys->more = more;
    keys->context = context;
}

static bool ask(const struct tls_keys *keys)
{
    return keys->more != NULL && keys->more(keys->context);
}

const struct tls_secret *tls_keys_find(struct tls_keys *keys, enum tls_label label, struct smtp_span octets,
                                       size_t *count)
{
    struct name name = name_of(label, octets);
    struct entry *entry = g_hash_table_lookup(keys->entries, &name);
    if (entry == NULL && (read_again(keys) || ask(keys)))
        entry = g_hash_table_lookup(keys->entries, &name);
    *count = entry != NULL ? entry->secrets->len : 0;
    if (entry == NULL)
        return NULL;
    entry->used = true;
    return (const struct tls_secret *)(const void *)entry->secrets->data;
}

bool tls_keys_any(const struct tls_keys *keys)
{
    return keys->files->len > 0 || keys->private->len > 0 || g_hash_table_size(keys->entries) > 0 || ask(keys);
}

bool tls_keys_private(const struct tls_keys *keys)
{
    return keys->private->len > 0;
}

static bool decrypt(EVP_PKEY *key, struct smtp_span encrypted, struct tls_secret *premaster)
{
    size_t octets = (size_t)EVP_PKEY_get_size(key);
    uint8_t *out = g_malloc0(octets);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool good = context != NULL && EVP_PKEY_decrypt_init(context) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
                EVP_PKEY_decrypt(context, out, &octets, encrypted.octets, encrypted.length) > 0 &&
                octets == TLS_MASTER_OCTETS;
    if (good) {
        memcpy(premaster->octets, out, octets);
        premaster->length = octets;
    }
    EVP_PKEY_CTX_free(context);
    OPENSSL_cleanse(out, (size_t)EVP_PKEY_get_size(key));
    g_free(out);
    return good;
}

bool tls_keys_decrypt_premaster(const struct tls_keys *keys, struct smtp_span encrypted, struct tls_secret *premaster)
{
    for (unsigned i = 0; i < keys->private->len; i++)
        if (decrypt(g_ptr_array_index(keys->private, i), encrypted, premaster))
            return true;
    return false;
}

/* ---- what was used ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
    const struct name *one = a, *other = b;
    if (one->label != other->label)
        return one->label - other->label;
    int difference = memcmp(one->octets, other->octets, MIN(one->length, other->length));
    return difference != 0 ? difference : one->length - other->length;
}

static void append_hex(GString *text, struct smtp_span octets)
{
    for (size_t i = 0; i < octets.length; i++)
        g_string_append_printf(text, "%02x", octets.octets[i]);
}

char *tls_keys_used(const struct tls_keys *keys)
{
    GString *text = g_string_new(NULL);
    GList *names = g_list_sort(g_hash_table_get_keys(keys->entries), by_name);
    for (const GList *link = names; link != NULL; link = link->next) {
        const struct name *name = link->data;
        const struct entry *entry = g_hash_table_lookup(keys->entries, name);
        for (unsigned i = 0; i < entry->secrets->len && entry->used; i++) {
            bool session = name->label == TLS_LABEL_SESSION_MASTER;
            for (size_t row = 0; row < G_N_ELEMENTS(labels); row++)
                if (labels[row].label == name->label)
                    g_string_append(text, labels[row].word);
            g_string_append(text, session ? "RSA Session-ID:" : " ");
            append_hex(text, smtp_span(name->octets, name->length));
            g_string_append(text, session ? " Master-Key:" : " ");
            append_hex(text, tls_secret_span(&g_array_index(entry->secrets, struct tls_secret, i)));
            g_string_append_c(text, '\n');
        }
    }
    g_list_free(names);
    return g_string_free(text, FALSE);
}
