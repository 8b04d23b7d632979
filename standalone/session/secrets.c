/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrets.h"

#include "key_table.h"

/* There may be a great many, and they are kept to the end. */
struct secrets {
    struct key_table *labels;
    guint32 count;
};

struct secrets *secrets_new(struct arena_pool *pool)
{
    struct secrets *secrets = g_new0(struct secrets, 1);
    secrets->labels = key_table_new(pool);
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    key_table_free(secrets->labels);
    g_free(secrets);
}

unsigned secrets_label(struct secrets *secrets, struct smtp_span secret)
{
    const struct key key = key_of(secret);
    guint32 label = key_table_find(secrets->labels, &key);
    if (label != 0)
        return label;
    key_table_set(secrets->labels, &key, ++secrets->count);
    return secrets->count;
}
