/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options_json.h"

static void write_shard(struct json *json, const struct options *options)
{
    if (options->shards == 0) {
        json_null(json, "shard");
        return;
    }
    char *shard = g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, options->shard, options->shards);
    json_text(json, "shard", shard);
    g_free(shard);
}

/* A number, or a range as text. */
static void write_sessions(struct json *json, const struct session_range *range)
{
    if (range->first == range->last) {
        json_number(json, NULL, range->first);
        return;
    }
    char *text = g_strdup_printf("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, range->first, range->last);
    json_text(json, NULL, text);
    g_free(text);
}

void options_json(struct json *json, const struct options *options)
{
    json_begin_object(json, "options");
    json_text(json, "command", options->command);
    json_begin_array(json, "session");
    for (unsigned i = 0; options->sessions != NULL && i < options->sessions->len; i++)
        write_sessions(json, &g_array_index(options->sessions, struct session_range, i));
    json_end_array(json);
    json_bool(json, "show_secrets", options->show_secrets);
    json_text(json, "sort", options->by_start ? "start" : "end");
    json_number(json, "memory_limit", options->memory_limit);
    json_text(json, "checksum", options_checksums_name(options->checksums));
    write_shard(json, options);
    json_bool(json, "hash_input", options->hash_input);
    json_bool(json, "timing", options->timing);
    json_bool(json, "attachments", options->attachments);
    json_end_object(json);
}
