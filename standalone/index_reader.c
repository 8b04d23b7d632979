/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index_reader.h"

#include <string.h>

#include "bounded_json.h"
#include "digest.h"

static bool is_record(const json_t *object, const char *name)
{
    const char *record = json_string_value(json_object_get(object, "record"));
    return record != NULL && strcmp(record, name) == 0;
}

static uint64_t number_of(const json_t *object, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(object, key));
    return number > 0 ? (uint64_t)number : 0;
}

/* A name, and nothing else that somebody may have put there. */
static void forget_capture(json_t *object)
{
    if (!json_is_string(json_object_get(object, "capture")))
        return;
    json_object_del(object, "capture");
    if (json_is_string(json_object_get(object, "capture_base64")))
        json_object_del(object, "capture_base64");
}

/* Takes out what may differ by right. */
static void normalise(json_t *object)
{
    forget_capture(object);
    forget_capture(json_object_get(object, "message"));
}

static bool has_paths(const json_t *object)
{
    size_t i;
    json_t *attachment;
    json_array_foreach(json_object_get(json_object_get(object, "message"), "attachments"), i, attachment)
        if (json_is_string(json_object_get(attachment, "path")))
            return true;
    return false;
}

static int add_to_digest(const char *octets, size_t length, void *digest)
{
    digest_add(digest, smtp_span(octets, length));
    return 0;
}

static void digest_of(const json_t *object, char digest[static 65])
{
    struct digest *sha256 = digest_new();
    json_dump_callback(object, add_to_digest, sha256, JSON_COMPACT | JSON_SORT_KEYS);
    char *hex = digest_end(sha256);
    g_strlcpy(digest, hex, 65);
    g_free(hex);
}

static enum index_line read_message(json_t *object, struct index_entry *entry)
{
    entry->session = number_of(object, "session");
    entry->transaction = number_of(object, "transaction");
    if (entry->session == 0 || entry->transaction == 0 || entry->transaction > UINT32_MAX)
        return INDEX_NO_RECORD;
    entry->attachments = has_paths(object);
    normalise(object);
    digest_of(object, entry->digest);
    return INDEX_MESSAGE;
}

enum index_line index_line_read(struct smtp_span line, uint64_t memory, struct index_entry *entry)
{
    json_t *object = bounded_json_read(line, memory);
    enum index_line kind = INDEX_NO_RECORD;
    *entry = (struct index_entry){ .session = 0 };
    if (is_record(object, "message"))
        kind = read_message(object, entry);
    else if (is_record(object, "summary"))
        kind = INDEX_SUMMARY;
    json_decref(object);
    return bounded_json_exceeded() ? INDEX_TOO_LARGE : kind;
}
