/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mime_entity.h"

#include <string.h>

#include "header.h"
#include "mime_parameter.h"

/* A boundary has 70 characters at the most (RFC 2046 section 5.1.1). Much longer ones are taken for none. */
#define BOUNDARY_LIMIT 500

/*
 * Octets that are no UTF-8 would be guessed at, or lost. On their way through GMime they are characters of their own, U+10FF80 and
 * following, which nobody uses; those that somebody does use are taken for such octets, too.
 */
#define SHIELD 0x10ff00u

static char *shield(struct smtp_span text)
{
    GString *shielded = g_string_sized_new(text.length);
    while (text.length > 0) {
        gunichar character = g_utf8_get_char_validated((const char *)text.octets, (gssize)MIN(text.length, 6));
        bool valid = character <= 0x10ffff && (character & ~0xffu) != SHIELD;
        size_t length = valid ? (size_t)g_unichar_to_utf8(character, NULL) : 1;
        if (valid)
            g_string_append_len(shielded, (const char *)text.octets, (gssize)length);
        else
            g_string_append_unichar(shielded, SHIELD + text.octets[0]);
        text = smtp_span_from(text, length);
    }
    return g_string_free(shielded, FALSE);
}

/* NULL of NULL. */
static char *unshield(const char *text)
{
    GString *octets = g_string_new(NULL);
    if (text == NULL)
        return g_string_free(octets, TRUE);
    while (*text != '\0') {
        gunichar character = g_utf8_get_char_validated(text, -1);
        bool valid = character <= 0x10ffff;
        size_t length = valid ? (size_t)g_unichar_to_utf8(character, NULL) : 1;
        if (valid && (character & ~0xffu) == SHIELD)
            g_string_append_c(octets, (char)(character & 0xff));
        else
            g_string_append_len(octets, text, (gssize)length);
        text += length;
    }
    return g_string_free(octets, FALSE);
}

void mime_entity_field(struct mime_entity *entity, struct smtp_span name, struct smtp_span value)
{
    const struct {
        const char *name;
        GString **value;
    } fields[] = {
        { "Content-Type", &entity->type_field },
        { "Content-Disposition", &entity->disposition_field },
        { "Content-Transfer-Encoding", &entity->encoding_field },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (*fields[i].value != NULL || !smtp_span_is(name, fields[i].name))
            continue;
        *fields[i].value = header_unfold(value);
    }
}

static struct smtp_span span_of(const GString *field)
{
    return field != NULL ? smtp_span(field->str, field->len) : smtp_span(NULL, 0);
}

/* The front of a field for GMime, which reads C strings. */
static char *front_of(const GString *field)
{
    struct smtp_span front = mime_parameter_front(span_of(field));
    GString *text = g_string_new_len((const char *)front.octets, (gssize)front.length);
    header_show_nuls(text);
    char *shielded = shield(smtp_span(text->str, text->len));
    g_string_free(text, TRUE);
    return shielded;
}

bool mime_entity_is_encoded(const struct mime_entity *entity)
{
    return entity->encoding == GMIME_CONTENT_ENCODING_BASE64 || entity->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

static void read_boundary(struct mime_entity *entity)
{
    GString *boundary = mime_parameter_plain(span_of(entity->type_field), "boundary");
    if (boundary == NULL)
        return;
    header_show_nuls(boundary); /* no line has the boundary then */
    entity->boundary = g_strchomp(g_string_free(boundary, FALSE)); /* white space behind it is not of it */
    size_t length = strlen(entity->boundary);
    if (length > 0 && length <= BOUNDARY_LIMIT)
        entity->body = MIME_BODY_MULTIPART;
}

/* A name that is empty gives way to another one. */
static void read_name(struct mime_entity *entity, const GString *field, const char *parameter)
{
    GString *name = field != NULL ? mime_parameter_name(span_of(field), parameter) : NULL;
    bool better = name != NULL && (name->len > 0 || entity->filename == NULL);
    if (better && entity->filename != NULL)
        g_string_free(entity->filename, TRUE);
    if (better)
        entity->filename = name;
    else if (name != NULL)
        g_string_free(name, TRUE);
}

static void read_type(struct mime_entity *entity, bool in_digest)
{
    const char *otherwise = in_digest ? "message/rfc822" : "text/plain"; /* RFC 2046 section 5.1.5, RFC 2045 section 5.2 */
    char *front = entity->type_field != NULL ? front_of(entity->type_field) : g_strdup(otherwise);
    GMimeContentType *type = g_mime_content_type_parse(NULL, front);
    char *name = g_mime_content_type_get_mime_type(type);
    char *lower = g_ascii_strdown(name, -1);
    entity->type = unshield(lower);
    g_free(lower);
    g_free(name);
    g_free(front);
    if (g_mime_content_type_is_type(type, "multipart", "*"))
        read_boundary(entity);
    entity->digest = g_mime_content_type_is_type(type, "multipart", "digest");
    if (g_mime_content_type_is_type(type, "message", "rfc822") || g_mime_content_type_is_type(type, "message", "global"))
        entity->body = MIME_BODY_MESSAGE;
    bool text = g_mime_content_type_is_type(type, "text", "*") || g_mime_content_type_is_type(type, "message", "*")
                || g_mime_content_type_is_type(type, "multipart", "*");
    entity->attachment = !text;
    g_object_unref(type);
}

static void read_disposition(struct mime_entity *entity)
{
    if (entity->disposition_field == NULL)
        return;
    char *front = front_of(entity->disposition_field);
    GMimeContentDisposition *disposition = g_mime_content_disposition_parse(NULL, front);
    entity->attachment = entity->attachment || g_mime_content_disposition_is_attachment(disposition);
    g_object_unref(disposition);
    g_free(front);
}

void mime_entity_read(struct mime_entity *entity, bool in_digest)
{
    entity->body = MIME_BODY_LEAF;
    if (entity->type_field == NULL && entity->disposition_field == NULL && !in_digest)
        return; /* plain text: most parts without a word on what they are, and messages of old */
    read_type(entity, in_digest);
    read_disposition(entity);
    read_name(entity, entity->type_field, "name");
    read_name(entity, entity->disposition_field, "filename");
    if (entity->encoding_field != NULL)
        entity->encoding = g_mime_content_encoding_from_string(entity->encoding_field->str);
    entity->attachment = entity->attachment || entity->filename != NULL;
    if (entity->body == MIME_BODY_MULTIPART)
        entity->attachment = false;
}

static void free_text(GString *text)
{
    if (text != NULL)
        g_string_free(text, TRUE);
}

size_t mime_entity_memory(const struct mime_entity *entity)
{
    const GString *const fields[] = { entity->type_field, entity->disposition_field, entity->encoding_field };
    size_t memory = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        memory += fields[i] != NULL ? sizeof *fields[i] + fields[i]->allocated_len : 0;
    return memory;
}

void mime_entity_clear(struct mime_entity *entity)
{
    free_text(entity->type_field);
    free_text(entity->disposition_field);
    free_text(entity->encoding_field);
    free_text(entity->filename);
    g_free(entity->type);
    g_free(entity->boundary);
    *entity = (struct mime_entity){ .body = MIME_BODY_LEAF };
}
