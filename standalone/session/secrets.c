/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrets.h"

struct secrets {
    GHashTable *labels; /* hex digest -> number */
};

struct secrets *secrets_new(void)
{
    struct secrets *secrets = g_new0(struct secrets, 1);
    secrets->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    g_hash_table_destroy(secrets->labels);
    g_free(secrets);
}

unsigned secrets_label(struct secrets *secrets, struct smtp_span secret)
{
    static const guchar none[1];
    char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, secret.length > 0 ? secret.octets : none, secret.length);
    gpointer found = g_hash_table_lookup(secrets->labels, digest);
    if (found != NULL) {
        g_free(digest);
        return GPOINTER_TO_UINT(found);
    }
    unsigned label = g_hash_table_size(secrets->labels) + 1;
    g_hash_table_insert(secrets->labels, digest, GUINT_TO_POINTER(label));
    return label;
}
