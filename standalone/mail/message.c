/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message.h"

#include <gmime/gmime.h>
#include <string.h>

#include "digest.h"
#include "header.h"

/* Fields that people read of a message. */
static const char *const read_names[] = { "Subject", "From", "To", "Date", "Message-ID" };
static const struct header_names read_fields = { read_names, G_N_ELEMENTS(read_names), true };

static struct header_filter *new_header(const struct message_options *options)
{
    return header_filter_new(options->fields ? &header_fields_kept : &read_fields);
}

struct message *message_new(struct arena *arena, struct lazy_arena *common, const struct message_options *options, uint32_t number,
                            enum smtp_transport transport)
{
    struct message *message = arena_take(arena, sizeof *message);
    message->link.data = message;
    message->home = arena;
    message->common = common;
    message->options = options;
    message->number = number;
    message->transport = transport;
    message->header = new_header(options);
    return message;
}

/* No more attachments are looked for. */
static void end_mime(struct message *message, bool whole)
{
    if (message->mime != NULL)
        mime_end(message->mime, whole);
    message->mime = NULL;
    message->mime_over = true;
}

/* Moves a text of g_malloc's to where the worker keeps what it knows. */
static char *keep(struct message *message, char *text)
{
    char *kept = arena_copy_text(lazy_arena_get(message->common), text);
    g_free(text);
    return kept;
}

void message_free(struct message *message)
{
    digest_free(message->digest);
    if (message->header != NULL)
        header_filter_free(message->header);
    end_mime(message, false);
    mime_parts_free(&message->parts);
    if (message->file != NULL)
        outfile_free(message->file);
}

/* ---- the header (worker) ---- */

/* The domain of the first mailbox in a From field; NULL if there is none. */
static char *first_domain(struct smtp_span raw)
{
    char *copy = g_strndup((const char *)raw.octets, raw.length);
    InternetAddressList *list = internet_address_list_parse(NULL, copy);
    char *domain = NULL;
    for (int i = 0; list != NULL && domain == NULL && i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        const char *mailbox = INTERNET_ADDRESS_IS_MAILBOX(address)
                                  ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address))
                                  : NULL;
        const char *at = mailbox != NULL ? strrchr(mailbox, '@') : NULL;
        domain = at != NULL && at[1] != '\0' ? g_strdup(at + 1) : NULL;
    }
    if (list != NULL)
        g_object_unref(list);
    g_free(copy);
    return domain;
}

/* "a@b" or "Name <a@b>" needs no parser of addresses: one '@', and nothing that could hide another. */
static char *simple_domain(struct smtp_span raw)
{
    const uint8_t *at = raw.length > 0 ? memchr(raw.octets, '@', raw.length) : NULL;
    if (at == NULL || !header_is_simple(raw))
        return first_domain(raw);
    struct smtp_span behind = smtp_span_from(raw, (size_t)(at - raw.octets) + 1);
    size_t length = 0;
    while (length < behind.length && (g_ascii_isalnum((char)behind.octets[length]) || behind.octets[length] == '-' || behind.octets[length] == '.'))
        length++;
    struct smtp_span rest = smtp_span_from(behind, length);
    bool plain = length > 0 && (rest.length == 0 || smtp_span_is(rest, ">"));
    for (size_t i = 0; plain && i < raw.length; i++)
        plain = strchr("\"(),:;[\\", raw.octets[i]) == NULL;
    return plain ? g_strndup((const char *)behind.octets, length) : first_domain(raw);
}

static void read_field(void *context, struct smtp_span name, struct smtp_span raw)
{
    struct message *message = context;
    const struct {
        const char *name;
        char **value;
    } fields[] = {
        { "Subject", &message->subject }, { "From", &message->from },
        { "To", &message->to },           { "Date", &message->date },
        { "Message-ID", &message->message_id },
    };
    if (message->options->fields) {
        header_fields_keep(&message->fields, lazy_arena_get(message->common), name, raw);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (*fields[i].value == NULL && smtp_span_is(name, fields[i].name))
            *fields[i].value = keep(message, header_text(raw));
    if (message->from_domain == NULL && smtp_span_is(name, "From"))
        message->from_domain = keep(message, simple_domain(raw));
}

/* Job. `octets`: the header, or all that there is of it. */
static void read_header(void *target, struct smtp_span octets)
{
    header_read(octets, read_field, target);
}

/* ---- digest and content (worker) ---- */

static struct message_piece *add_piece(struct message *message)
{
    struct message_piece *piece = arena_take(lazy_arena_get(message->common), sizeof *piece);
    piece->link.data = piece;
    g_queue_push_tail_link(&message->content, &piece->link);
    return piece;
}

static void add_to_file(struct message *message, struct smtp_span octets)
{
    if (message->file == NULL)
        message->file = outfile_new(lazy_arena_get(message->common), message->options->directory, message->options->pool);
    outfile_add(message->file, octets);
}

static void add_to_mime(struct message *message, struct smtp_span octets)
{
    const struct message_options *options = message->options;
    if (message->mime_over)
        return;
    if (message->mime == NULL)
        message->mime = mime_new(&message->parts, message->common, options->parts ? options->directory : NULL);
    mime_add(message->mime, octets);
}

/* What the worker has of a message that is coming in, but for its parts. */
#define MESSAGE_HEAP ((size_t)512)

static void count_heap(struct message *message)
{
    size_t parts = message->mime != NULL ? mime_memory(message->mime) : 0;
    atomic_store_explicit(&message->heap, MESSAGE_HEAP + 2 * parts, memory_order_relaxed); /* texts that grew leave holes */
}

/* Job: octets of the content came. */
static void take_octets(void *target, struct smtp_span octets)
{
    struct message *message = target;
    if (message->options->digest && message->digest == NULL)
        message->digest = digest_new();
    if (message->digest != NULL)
        digest_add(message->digest, octets);
    if (message->options->content) {
        struct message_piece *piece = add_piece(message);
        piece->octets = arena_copy(message->common->arena, octets);
    }
    if (message->options->directory != NULL)
        add_to_file(message, octets);
    if (message->options->attachments)
        add_to_mime(message, octets);
    count_heap(message);
}

/* Job: `octets` is the size of a hole. */
static void take_hole(void *target, struct smtp_span octets)
{
    struct message *message = target;
    if (message->options->content)
        memcpy(&add_piece(message)->missing, octets.octets, sizeof(uint64_t));
    end_mime(message, false); /* a boundary may be in the hole: what is behind it may be any part's */
}

/* Job: the content does not begin where the message does. */
static void take_late_beginning(void *target, struct smtp_span octets)
{
    (void)octets;
    end_mime(target, false);
}

/* Job: what comes is a message of its own. */
static void take_beginning(void *target, struct smtp_span octets)
{
    struct message *message = target;
    (void)octets;
    end_mime(message, false);
    message->mime_over = false;
}

/* Job: no more octets will come. */
static void take_end(void *target, struct smtp_span octets)
{
    struct message *message = target;
    take_octets(message, octets); /* none, but a message may be empty */
    end_mime(message, message->complete);
    if (message->file != NULL)
        outfile_end(message->file);
    if (message->digest != NULL)
        message->sha256 = keep(message, digest_end(message->digest));
    message->digest = NULL;
    atomic_store_explicit(&message->heap, 0, memory_order_relaxed);
}

/* ---- the reader's side ---- */

static void hand_header_over(struct message *message)
{
    GString *kept = message->header->kept;
    message->header_cut = message->header_cut || message->header->cut;
    header_show_nuls(kept);
    worker_post(message->options->worker, read_header, message, smtp_span(kept->str, kept->len));
    header_filter_free(message->header);
    message->header = NULL;
}

/* Until the header's empty line was seen. */
static void keep_header(struct message *message, struct smtp_span octets)
{
    message->header_ended = header_filter_add(message->header, octets);
    if (message->header_ended)
        hand_header_over(message);
}

static bool octets_matter(const struct message_options *options)
{
    return options->digest || options->attachments || options->content || options->directory != NULL;
}

void message_add(struct message *message, struct smtp_span octets)
{
    if (message->finished)
        return;
    message->octets += octets.length;
    if (octets_matter(message->options))
        worker_post(message->options->worker, take_octets, message, octets);
    if (message->header != NULL)
        keep_header(message, octets);
}

static void note_missing(struct message *message, uint64_t offset, uint64_t octets)
{
    struct message_hole *hole = arena_take(message->home, sizeof *hole);
    *hole = (struct message_hole){ .link.data = hole, .offset = offset, .octets = octets };
    g_queue_push_tail_link(&message->missing, &hole->link);
}

/* A hole: the field that it is in may be any other field behind it. */
static void hand_whole_fields_over(struct message *message)
{
    header_filter_gap(message->header);
    hand_header_over(message);
}

void message_gap(struct message *message, uint64_t octets, bool more)
{
    if (message->finished)
        return;
    if (message->header != NULL)
        hand_whole_fields_over(message);
    note_missing(message, message->octets, octets);
    if (more)
        note_missing(message, message->octets, MESSAGE_UNKNOWN);
    if (octets_matter(message->options))
        worker_post(message->options->worker, take_hole, message, smtp_span(&octets, sizeof octets));
}

void message_lost_beginning(struct message *message)
{
    if (message->header == NULL || message->octets > 0)
        return;
    header_filter_free(message->header);
    message->header = NULL;
    note_missing(message, 0, MESSAGE_UNKNOWN);
    worker_post(message->options->worker, take_late_beginning, message, smtp_span(NULL, 0));
}

void message_begin_again(struct message *message)
{
    if (message->finished)
        return;
    if (message->header != NULL)
        hand_whole_fields_over(message);
    message->header = new_header(message->options);
    message->header_ended = false;
    worker_post(message->options->worker, take_beginning, message, smtp_span(NULL, 0));
}

uint64_t message_missing(const struct message *message)
{
    uint64_t octets = 0;
    for (const GList *link = message->missing.head; link != NULL; link = link->next) {
        arena_pool_looked(message->options->pool);
        const struct message_hole *hole = link->data;
        if (hole->octets == MESSAGE_UNKNOWN)
            return MESSAGE_UNKNOWN;
        octets += hole->octets;
    }
    return octets;
}

size_t message_memory(const struct message *message)
{
    return (message->header != NULL ? sizeof *message->header + message->header->kept->allocated_len : 0)
           + atomic_load_explicit(&message->heap, memory_order_relaxed);
}

bool message_header_is_whole(const struct message *message)
{
    return message->header_ended || (message->complete && !message->header_cut);
}

/* Its end was not seen: what is missing there has no size. A hole that reaches up to there says it already. */
static void note_missing_end(struct message *message)
{
    const struct message_hole *last = g_queue_peek_tail(&message->missing);
    if (!message->ended && (last == NULL || last->offset != message->octets))
        note_missing(message, message->octets, MESSAGE_UNKNOWN);
    else if (last == NULL)
        note_missing(message, MESSAGE_UNKNOWN, MESSAGE_UNKNOWN);
}

void message_finish(struct message *message, bool complete)
{
    if (message->finished)
        return;
    message->finished = true;
    message->complete = complete;
    if (!complete)
        note_missing_end(message);
    if (message->header != NULL)
        hand_header_over(message);
    if (octets_matter(message->options))
        worker_post(message->options->worker, take_end, message, smtp_span(NULL, 0));
}
