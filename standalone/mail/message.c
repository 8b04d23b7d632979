/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message.h"

#include <gmime/gmime.h>
#include <string.h>

#include "digest.h"
#include "header.h"

/* Most headers are not larger. */
#define HEADER_AT_FIRST 1000

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
    message->header = g_string_sized_new(HEADER_AT_FIRST);
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
        g_string_free(message->header, TRUE);
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
        message->file = outfile_new(message->options->directory, message->options->pool);
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
}

/* ---- the reader's side ---- */

static void hand_header_over(struct message *message)
{
    if (memchr(message->header->str, '\0', message->header->len) != NULL)
        header_show_nuls(message->header);
    worker_post(message->options->worker, read_header, message, smtp_span(message->header->str, message->header->len));
    g_string_free(message->header, TRUE);
    message->header = NULL;
}

/* Keeps octets until the header's empty line was seen, wherever the pieces are cut. */
static void keep_header(struct message *message, struct smtp_span octets)
{
    size_t before = message->header->len;
    size_t room = MESSAGE_HEADER_LIMIT - before;
    g_string_append_len(message->header, (const char *)octets.octets, (gssize)MIN(room, octets.length));
    const char *text = message->header->str;
    size_t length = message->header->len;
    for (size_t at = before > 3 ? before - 3 : 0; at < length; at++) {
        const char *lf = memchr(text + at, '\n', length - at);
        if (lf == NULL)
            break;
        at = (size_t)(lf - text);
        bool first = at == 0 || (at == 1 && text[0] == '\r');
        bool empty = first || text[at - 1] == '\n' || (at > 1 && text[at - 1] == '\r' && text[at - 2] == '\n');
        if (!empty)
            continue;
        g_string_truncate(message->header, at + 1);
        message->header_ended = true;
        hand_header_over(message);
        return;
    }
    if (length == MESSAGE_HEADER_LIMIT) {
        message->header_cut = true;
        hand_header_over(message);
    }
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

void message_gap(struct message *message, uint64_t octets)
{
    if (message->finished)
        return;
    if (message->header != NULL) { /* the field that the hole is in may be any other field behind it */
        const char *last = memrchr(message->header->str, '\n', message->header->len);
        g_string_truncate(message->header, last != NULL ? (size_t)(last - message->header->str) + 1 : 0);
        hand_header_over(message);
    }
    note_missing(message, message->octets, octets);
    if (octets_matter(message->options))
        worker_post(message->options->worker, take_hole, message, smtp_span(&octets, sizeof octets));
}

void message_lost_beginning(struct message *message)
{
    if (message->header == NULL || message->octets > 0)
        return;
    g_string_free(message->header, TRUE);
    message->header = NULL;
    note_missing(message, 0, MESSAGE_UNKNOWN);
    worker_post(message->options->worker, take_late_beginning, message, smtp_span(NULL, 0));
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
