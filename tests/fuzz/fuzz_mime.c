/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Attachments and header fields of arbitrary messages. The first octet says how large the pieces are in which the rest comes: what is found
 * must be the same as in one piece. Names of files must come out safe.
 */

#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address_list.h"
#include "addresses_in.h"
#include "header.h"
#include "header_filter.h"
#include "mime.h"
#include "mime_parameter.h"
#include "safe_name.h"
#include "text.h"

static void check_name(struct smtp_span name)
{
    char *safe = safe_name(name);
    size_t length = strlen(safe);
    if (length == 0 || length > SAFE_NAME_LIMIT || strpbrk(safe, "/\\:") != NULL || safe[0] == '.' || !text_is_utf8(smtp_span_of_text(safe)))
        abort();
    g_free(safe);
}

static GString *find(struct smtp_span message, size_t piece)
{
    struct arena_pool *pool = arena_pool_new(1 << 20);
    struct lazy_arena arena = { .pool = pool };
    struct mime_parts parts = { .limits = 0 };
    struct mime *mime = mime_new(&parts, &arena, NULL);
    GString *found = g_string_new(NULL);
    while (message.length > 0) {
        size_t length = MIN(message.length, piece);
        uint8_t *copy = malloc(length); /* of exactly its length: reading too far is seen */
        memcpy(copy, message.octets, length);
        mime_add(mime, smtp_span(copy, length));
        free(copy);
        message = smtp_span_from(message, length);
    }
    mime_end(mime, true);
    for (const GList *link = parts.attachments.head; link != NULL; link = link->next) {
        const struct attachment *attachment = link->data;
        check_name(attachment->filename);
        g_string_append_printf(found, "%" G_GUINT64_FORMAT " %s ", attachment->octets, attachment->sha256);
        g_string_append_len(found, (const char *)attachment->filename.octets, (gssize)attachment->filename.length);
        g_string_append_len(found, (const char *)attachment->content_type.octets, (gssize)attachment->content_type.length);
    }
    g_string_append_printf(found, "%u %" G_GUINT64_FORMAT, parts.limits, parts.leaves);
    mime_parts_free(&parts);
    lazy_arena_free(&arena);
    arena_pool_free(pool);
    return found;
}

static const char *const names[] = { "Subject", "From", "To" };

/* What is kept of a header is the same, however it was cut. */
static GString *filter(struct smtp_span message, size_t piece, bool first_only)
{
    const struct header_names wanted = { names, G_N_ELEMENTS(names), first_only };
    struct header_filter *headers = header_filter_new(&wanted);
    bool ended = false;
    while (message.length > 0 && !ended) {
        size_t length = MIN(message.length, piece);
        ended = header_filter_add(headers, smtp_span_first(message, length));
        message = smtp_span_from(message, length);
    }
    GString *kept = g_string_new_len(headers->kept->str, (gssize)headers->kept->len);
    header_filter_free(headers);
    return kept;
}

static void compare_filters(struct smtp_span message, size_t piece, bool first_only)
{
    GString *whole = filter(message, SIZE_MAX, first_only);
    GString *cut = filter(message, piece, first_only);
    if (!g_string_equal(whole, cut))
        abort();
    g_string_free(whole, TRUE);
    g_string_free(cut, TRUE);
}

static void read_parameters(struct smtp_span field)
{
    static const char *const parameters[] = { "name", "filename" };
    for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
        GString *name = mime_parameter_name(field, parameters[i]);
        GString *plain = mime_parameter_plain(field, parameters[i]);
        if (plain != NULL)
            g_string_free(plain, TRUE);
        if (name == NULL)
            continue;
        check_name(smtp_span(name->str, name->len));
        g_string_free(name, TRUE);
    }
}

/* All that is found lies in the value, and there is an end to it. */
static void read_addresses(struct smtp_span value)
{
    struct address_list list = address_list_of(value);
    struct smtp_span rest = value;
    struct smtp_span mailbox;
    struct packet_address address;
    while (address_list_next(&list, &mailbox))
        if (mailbox.length == 0 || mailbox.octets < value.octets || mailbox.octets + mailbox.length > value.octets + value.length)
            abort();
    while (addresses_in_any(&rest, &address))
        continue;
    addresses_in_received(value, &address);
}

static void read_text(void *context, struct smtp_span name, struct smtp_span value)
{
    (void)context;
    (void)name;
    read_addresses(value);
    read_parameters(value);
    GString *shown = g_string_new_len((const char *)value.octets, (gssize)value.length);
    header_show_nuls(shown);
    g_free(header_text(smtp_span(shown->str, shown->len)));
    g_string_free(shown, TRUE);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    g_mime_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct smtp_span message = smtp_span(data + 1, size - 1);
    GString *whole = find(message, SIZE_MAX);
    GString *cut = find(message, (size_t)data[0] + 1);
    if (!g_string_equal(whole, cut))
        abort();
    g_string_free(whole, TRUE);
    g_string_free(cut, TRUE);
    header_read(message, read_text, NULL);
    compare_filters(message, (size_t)data[0] + 1, true);
    compare_filters(message, (size_t)data[0] + 1, false);
    return 0;
}
