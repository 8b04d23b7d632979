/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index_summary.h"

#include <string.h>

#include "bounded_json.h"

/* The keys of `options` that say which sessions were looked at. */
static const char *const choices[] = { "command", "session", "shard" };

/* What depends on the sessions that were asked for. */
static const char *const counts[] = { "sessions", "messages", "findings" };

/* Why something was dropped, where that depends on --memory-limit. */
static const char *const of_memory[] = { "memory-limit", "reassembly-limit" };

static bool equal_at(const json_t *one, const json_t *other, const char *key)
{
    const json_t *a = json_object_get(one, key);
    const json_t *b = json_object_get(other, key);
    return a != NULL && b != NULL ? json_equal(a, b) : a == b;
}

static void delete_keys(json_t *object, const char *const *keys, size_t length)
{
    for (size_t i = 0; i < length; i++)
        json_object_del(object, keys[i]);
}

/* ---- inputs ---- */

/* The digests of one record's inputs. */
struct inputs {
    GHashTable *digests; /* how often each is there */
    GHashTable *pairs;   /* "digest name" */
    GHashTable *names;   /* of those with a digest */
    size_t with, without; /* a digest */
    bool malformed;
};

/* Its text; NULL if it is none, or hides something behind a NUL. */
static const char *text_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static void take_input(struct inputs *inputs, const json_t *input)
{
    const char *name = text_at(input, "capture");
    const char *hex = text_at(input, "sha256");
    bool none = json_is_null(json_object_get(input, "sha256"));
    size_t keys = text_at(input, "capture_base64") != NULL ? 3 : 2;
    inputs->malformed = inputs->malformed || name == NULL || (hex == NULL && !none) || json_object_size(input) != keys;
    if (inputs->malformed)
        return;
    if (none) {
        inputs->without++;
        return;
    }
    gpointer before = g_hash_table_lookup(inputs->digests, hex);
    inputs->with++;
    g_hash_table_replace(inputs->digests, g_strdup(hex), GUINT_TO_POINTER(GPOINTER_TO_UINT(before) + 1));
    g_hash_table_add(inputs->names, g_strdup(name));
    g_hash_table_add(inputs->pairs, g_strconcat(hex, " ", name, NULL));
}

static struct inputs inputs_of(const json_t *summary)
{
    const json_t *array = json_object_get(summary, "inputs");
    struct inputs inputs = {
        .digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .malformed = !json_is_array(array),
    };
    size_t i;
    json_t *input;
    json_array_foreach(array, i, input)
        take_input(&inputs, input);
    return inputs;
}

static void free_inputs(struct inputs *inputs)
{
    g_hash_table_destroy(inputs->digests);
    g_hash_table_destroy(inputs->pairs);
    g_hash_table_destroy(inputs->names);
}

/* Digests that both have. */
static size_t matched(const struct inputs *one, const struct inputs *other)
{
    GHashTableIter iterator;
    gpointer digest, times;
    size_t both = 0;
    g_hash_table_iter_init(&iterator, one->digests);
    while (g_hash_table_iter_next(&iterator, &digest, &times))
        both += MIN(GPOINTER_TO_UINT(times), GPOINTER_TO_UINT(g_hash_table_lookup(other->digests, digest)));
    return both;
}

/* Whether a capture that both name, and have a digest of, is another one: names may have been changed, but not only exchanged. */
static bool exchanged(const struct inputs *found, const struct inputs *now)
{
    GHashTableIter iterator;
    gpointer pair, ignored;
    g_hash_table_iter_init(&iterator, found->pairs);
    while (g_hash_table_iter_next(&iterator, &pair, &ignored)) {
        const char *name = strchr(pair, ' ') + 1;
        if (g_hash_table_contains(now->names, name) && !g_hash_table_contains(now->pairs, pair))
            return true;
    }
    return false;
}

/* A digest that the other record lacks may be that of a capture for which it has none. */
static bool inputs_agree(const json_t *found, const json_t *now, bool *digests_unused)
{
    struct inputs then = inputs_of(found);
    struct inputs today = inputs_of(now);
    size_t both = matched(&then, &today);
    bool agree = !then.malformed && then.with + then.without == today.with + today.without && then.with - both <= today.without
                 && today.with - both <= then.without && !exchanged(&then, &today);
    *digests_unused = then.with > both;
    free_inputs(&then);
    free_inputs(&today);
    return agree;
}

/* ---- the record ---- */

/* Whether the options are the same ones, whatever they are set to: `shard` may be none. */
static bool same_options(json_t *then, json_t *today)
{
    const char *key;
    json_t *value;
    bool same = json_object_size(then) == json_object_size(today);
    json_object_foreach(today, key, value) {
        const json_t *other = json_object_get(then, key);
        bool boolean = json_is_boolean(value) && json_is_boolean(other);
        bool shard = strcmp(key, "shard") == 0 && (json_is_null(other) || json_is_string(other));
        same = same && other != NULL && (boolean || shard || json_typeof(value) == json_typeof(other));
    }
    return same;
}

static bool options_agree(json_t *found, json_t *now, bool part, bool other_version)
{
    json_t *then = json_object_get(found, "options");
    json_t *today = json_object_get(now, "options");
    if (!other_version && !same_options(then, today))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(choices); i++)
        if (!(part && strcmp(choices[i], "session") == 0) && !equal_at(then, today, choices[i]))
            return false;
    return true;
}

/* Only some sessions were asked for now, and not the same ones before. */
static bool is_part(const json_t *found, const json_t *now)
{
    const json_t *today = json_object_get(json_object_get(now, "options"), "session");
    return json_array_size(today) > 0 && !equal_at(json_object_get(found, "options"), json_object_get(now, "options"), "session");
}

static void note_key(struct index_summary *result, const char *key)
{
    g_ptr_array_add(result->keys, g_strdup(key));
}

/* Takes out of both what is not to be compared. */
static void leave_out(json_t *found, json_t *now, bool part, bool other_version)
{
    json_t *records[] = { found, now };
    bool other_limit = !equal_at(json_object_get(found, "options"), json_object_get(now, "options"), "memory_limit");
    json_object_del(now, "verified");
    for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
        if (part)
            delete_keys(records[i], counts, G_N_ELEMENTS(counts));
        if (other_limit)
            delete_keys(json_object_get(records[i], "dropped"), of_memory, G_N_ELEMENTS(of_memory));
        if (other_version) {
            json_object_del(records[i], "findings");
            json_object_del(records[i], "dropped");
        }
    }
}

static void compare(json_t *found, json_t *now, struct index_summary *result)
{
    static const char *const apart[] = { "version", "options", "inputs" };
    const char *key;
    json_t *value;
    bool part = is_part(found, now);
    result->other_version = !equal_at(found, now, "version");
    leave_out(found, now, part, result->other_version);
    if (!json_is_string(json_object_get(found, "version")))
        note_key(result, "version");
    if (!options_agree(found, now, part, result->other_version))
        note_key(result, "options");
    if (!inputs_agree(found, now, &result->digests_unused))
        note_key(result, "inputs");
    delete_keys(found, apart, G_N_ELEMENTS(apart));
    delete_keys(now, apart, G_N_ELEMENTS(apart));
    json_object_foreach(now, key, value)
        if (!equal_at(found, now, key))
            note_key(result, key);
    size_t ours = json_object_size(now);
    json_object_update_missing(now, found);
    if (json_object_size(now) > ours)
        note_key(result, "others"); /* whatever somebody has called them */
}

enum index_summary_result index_summary_compare(struct smtp_span found, struct smtp_span now, uint64_t memory,
                                                struct index_summary *compared)
{
    *compared = (struct index_summary){ .keys = g_ptr_array_new_with_free_func(g_free) };
    json_t *then = bounded_json_read(found, memory);
    if (then == NULL)
        return bounded_json_exceeded() ? INDEX_SUMMARY_TOO_LARGE : INDEX_SUMMARY_NO_RECORD;
    json_t *today = bounded_json_read(now, UINT64_MAX); /* our own */
    compare(then, today, compared);
    json_decref(then);
    json_decref(today);
    return INDEX_SUMMARY_COMPARED;
}
