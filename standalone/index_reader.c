/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index_reader.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

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

static void forget_capture(json_t *object)
{
    json_object_del(object, "capture");
    json_object_del(object, "capture_base64");
}

/* Takes out what may differ by right. Returns whether attachments have paths. */
static bool normalise(json_t *object)
{
    json_t *message = json_object_get(object, "message");
    bool paths = false;
    size_t i;
    json_t *attachment;
    forget_capture(object);
    if (!json_is_object(message))
        return false;
    forget_capture(message);
    json_array_foreach(json_object_get(message, "attachments"), i, attachment) {
        paths = json_is_string(json_object_get(attachment, "path")) || paths;
        json_object_del(attachment, "path");
    }
    return paths;
}

static void digest_of(const json_t *object, char digest[static 65])
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    struct digest *sha256 = digest_new();
    if (text != NULL)
        digest_add(sha256, smtp_span_of_text(text));
    char *hex = digest_end(sha256);
    g_strlcpy(digest, hex, 65);
    g_free(hex);
    free(text);
}

bool index_entry_read(struct smtp_span line, struct index_entry *entry)
{
    json_t *object = json_loadb((const char *)line.octets, line.length, JSON_ALLOW_NUL, NULL);
    *entry = (struct index_entry){ .session = 0 };
    bool good = json_is_object(object);
    if (good && is_record(object, "message")) {
        entry->session = number_of(object, "session");
        entry->transaction = number_of(object, "transaction");
        good = entry->session > 0 && entry->transaction > 0;
        entry->attachments = normalise(object);
        digest_of(object, entry->digest);
    }
    json_decref(object);
    return good;
}
