/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "labels.h"

#include "key_table.h"

/* There may be a great many, and they are kept to the end. */
struct labels {
    struct key_table *numbers;
    guint32 count;
};

struct labels *labels_new(struct arena_pool *pool)
{
    struct labels *labels = g_new0(struct labels, 1);
    labels->numbers = key_table_new(pool);
    return labels;
}

void labels_free(struct labels *labels)
{
    key_table_free(labels->numbers);
    g_free(labels);
}

unsigned labels_number(struct labels *labels, struct smtp_span secret)
{
    const struct key key = key_of(secret);
    guint32 label = key_table_find(labels->numbers, &key);
    if (label != 0)
        return label;
    key_table_set(labels->numbers, &key, ++labels->count);
    return labels->count;
}
