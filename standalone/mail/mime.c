/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mime_private.h"

#include <string.h>

/* So much room for a field is not given back. */
#define FIELD_KEPT 256

/* A line that begins like a boundary's, and is longer, is none. */
#define CANDIDATE_LIMIT 1024

/* What stands open: a multipart, or a message in a message. */
struct level {
    char *boundary;                   /* NULL: a message */
    bool digest;
    struct attachment_writer *writer; /* of a message that is an attachment; else NULL */
    struct mime_inside *inside;       /* what looks for parts in a multipart that is encoded as a whole; else NULL */
};

struct mime {
    struct mime_place place;

    struct level *levels;
    unsigned depth, room;
    unsigned multiparts;            /* of the levels */
    unsigned takers;                /* those that every octet in them is given to */
    struct attachment_writer *leaf; /* the body that is open; NULL: nobody wants it */
    bool leaf_begins;               /* and no octet of it came yet */
    struct mime_inside *inside;     /* the body that is open is a message, and encoded; else NULL */
    bool idle;                      /* nothing that comes matters */

    bool in_header;
    struct mime_entity entity;      /* whose header it is */
    GString *field;                 /* the field coming in */
    uint64_t left_out;              /* octets of it between its beginning and its ending */
    uint64_t line;                  /* octets of the header's line so far, and its last one */
    uint8_t last;

    bool line_begins;               /* the next octet is the first of a line */
    char held[2];                   /* the line end before, which is the boundary's if one follows (RFC 2046 section 5.1.1) */
    unsigned held_length;
    GString *candidate;             /* a line that may be a boundary's, as far as it came */
    bool in_candidate;
};

struct mime *mime_begin(const struct mime_place *place)
{
    struct mime *mime = g_new0(struct mime, 1);
    mime->place = *place;
    mime->in_header = mime->line_begins = true;
    mime->field = g_string_new(NULL);
    mime->candidate = g_string_new(NULL);
    return mime;
}

struct mime *mime_new(struct mime_parts *parts, struct lazy_arena *arena, struct outdir *directory)
{
    return mime_begin(&(struct mime_place){ .parts = parts, .arena = arena, .directory = directory, .leaves = &parts->leaves });
}

void mime_parts_free(struct mime_parts *parts)
{
    for (const GList *link = parts->attachments.head; link != NULL; link = link->next) {
        struct attachment *attachment = link->data;
        if (attachment->file != NULL)
            outfile_free(attachment->file);
    }
}

/* ---- attachments ---- */

static struct attachment_writer *begin_attachment(struct mime *mime)
{
    struct mime_parts *parts = mime->place.parts;
    if (parts->attachments.length >= MIME_ATTACHMENTS_LIMIT) {
        parts->limits |= MIME_LIMIT_ATTACHMENTS;
        return NULL;
    }
    struct attachment_writer *writer = attachment_begin(lazy_arena_get(mime->place.arena), &mime->entity, mime->place.directory, mime->place.arena->pool);
    g_queue_push_tail_link(&parts->attachments, attachment_link(writer));
    return writer;
}

static void end_attachment(struct mime *mime, struct attachment_writer **writer, bool whole)
{
    if (*writer != NULL && !attachment_end(*writer, whole))
        mime->place.parts->limits |= MIME_LIMIT_ENCODING;
    *writer = NULL;
}

static void end_inside(struct mime_inside **inside, bool whole)
{
    if (*inside != NULL)
        mime_inside_end(*inside, whole);
    *inside = NULL;
}

/* ---- levels ---- */

static bool takes(const struct level *level)
{
    return level->writer != NULL || level->inside != NULL;
}

static void open_level(struct mime *mime, const struct level *level)
{
    if (mime->depth == mime->room) {
        mime->room = MAX(2 * mime->room, 4);
        mime->levels = g_renew(struct level, mime->levels, mime->room);
    }
    mime->levels[mime->depth++] = *level;
    mime->multiparts += level->boundary != NULL ? 1 : 0;
    mime->takers += takes(level) ? 1 : 0;
}

/* Closes what is inside of the first `depth` levels. */
static void close_levels(struct mime *mime, unsigned depth, bool whole)
{
    end_attachment(mime, &mime->leaf, whole);
    end_inside(&mime->inside, whole);
    mime->leaf_begins = false;
    while (mime->depth > depth) {
        struct level *level = &mime->levels[--mime->depth];
        mime->takers -= takes(level) ? 1 : 0;
        end_attachment(mime, &level->writer, whole);
        end_inside(&level->inside, whole);
        mime->multiparts -= level->boundary != NULL ? 1 : 0;
        g_free(level->boundary);
    }
}

static void clear_field(struct mime *mime)
{
    if (mime->field->allocated_len > FIELD_KEPT) { /* most are short; with what one long one took thousands of messages would have much */
        g_string_free(mime->field, TRUE);
        mime->field = g_string_new(NULL);
    }
    g_string_truncate(mime->field, 0);
    mime->left_out = 0;
}

static void begin_header(struct mime *mime)
{
    mime_entity_clear(&mime->entity);
    clear_field(mime);
    mime->in_header = true;
    mime->line = 0;
}

/* ---- octets on their way out ---- */

static void give(struct mime *mime, struct smtp_span octets)
{
    if (octets.length == 0)
        return;
    if (mime->leaf_begins) {
        (*mime->place.leaves)++;
        mime->leaf_begins = false;
        mime->idle = mime->depth == 0 && mime->leaf == NULL;
    }
    for (unsigned i = 0; i < mime->depth; i++) {
        if (mime->levels[i].writer != NULL)
            attachment_add(mime->levels[i].writer, octets);
        if (mime->levels[i].inside != NULL)
            mime_inside_add(mime->levels[i].inside, octets);
    }
    if (mime->leaf != NULL)
        attachment_add(mime->leaf, octets);
    if (mime->inside != NULL)
        mime_inside_add(mime->inside, octets);
}

static void give_held(struct mime *mime)
{
    give(mime, smtp_span(mime->held, mime->held_length));
    mime->held_length = 0;
}

/*
 * Gives out octets up to the end of a line behind which a boundary may stand - of the next line, where `each` - or of all there are; the
 * line end itself is held. Returns how many it took.
 */
static size_t give_lines(struct mime *mime, struct smtp_span octets, bool each)
{
    if (mime->held_length == 1 && mime->held[0] == '\r' && octets.octets[0] == '\n') {
        mime->held[mime->held_length++] = '\n';
        mime->line_begins = true;
        return 1;
    }
    give_held(mime);
    const uint8_t *end = octets.octets + octets.length;
    const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
    while (lf != NULL && !each && lf + 1 < end && lf[1] != '-')
        lf = memchr(lf + 1, '\n', (size_t)(end - lf - 1));
    size_t length = lf != NULL ? (size_t)(lf - octets.octets) + 1 : octets.length;
    size_t plain = lf != NULL ? length - 1 : length;
    if (plain > 0 && octets.octets[plain - 1] == '\r')
        plain--;
    give(mime, smtp_span_first(octets, plain));
    mime->held_length = (unsigned)(length - plain);
    memcpy(mime->held, octets.octets + plain, mime->held_length);
    mime->line_begins = lf != NULL;
    return length;
}

/* ---- bodies ---- */

static struct mime_inside *look_inside(const struct mime *mime)
{
    return mime_inside_new(&mime->place, mime->depth, mime->takers, &mime->entity);
}

static void open_message(struct mime *mime)
{
    struct attachment_writer *writer = mime->entity.attachment ? begin_attachment(mime) : NULL;
    if (mime_entity_is_encoded(&mime->entity)) {
        mime->leaf = writer;
        mime->inside = look_inside(mime);
        return;
    }
    open_level(mime, &(struct level){ .writer = writer });
    begin_header(mime);
}

static void open_multipart(struct mime *mime)
{
    struct level level = { .boundary = g_strdup(mime->entity.boundary), .digest = mime->entity.digest };
    if (mime->entity.encoding == GMIME_CONTENT_ENCODING_BASE64)
        level.inside = look_inside(mime);
    open_level(mime, &level);
}

void mime_begin_multipart(struct mime *mime, const char *boundary, bool digest)
{
    mime->in_header = false;
    open_level(mime, &(struct level){ .boundary = g_strdup(boundary), .digest = digest });
}

static bool is_too_deep(const struct mime *mime)
{
    const struct mime_entity *entity = &mime->entity;
    bool taker = entity->body == MIME_BODY_MESSAGE ? entity->attachment || mime_entity_is_encoded(entity)
                                                   : entity->encoding == GMIME_CONTENT_ENCODING_BASE64;
    return mime->place.above + mime->depth >= MIME_DEPTH_LIMIT || (taker && mime->place.takers + mime->takers >= MIME_TAKERS_LIMIT);
}

/* The header is over: what begins here? */
static void open_body(struct mime *mime)
{
    bool in_digest = mime->depth > 0 && mime->levels[mime->depth - 1].digest;
    give_held(mime); /* the line end of the empty line is no content */
    mime->in_header = false;
    mime_entity_read(&mime->entity, in_digest);
    bool container = mime->entity.body != MIME_BODY_LEAF;
    if (container && is_too_deep(mime)) {
        mime->place.parts->limits |= MIME_LIMIT_DEPTH;
        container = false;
    }
    mime->leaf_begins = !container;
    if (!container && mime->entity.attachment)
        mime->leaf = begin_attachment(mime);
    else if (container && mime->entity.body == MIME_BODY_MESSAGE)
        open_message(mime);
    else if (container)
        open_multipart(mime);
    if (!mime->in_header)
        mime_entity_clear(&mime->entity);
    mime->idle = mime->depth == 0 && mime->leaf == NULL && mime->inside == NULL && !mime->leaf_begins;
}

/* ---- headers ---- */

/* Of a field that is too long the octets in front of its ending make room for others. */
static void add_to_field(struct mime *mime, struct smtp_span octets)
{
    const size_t ending = MIME_FIELD_LIMIT - MIME_FIELD_ENDING;
    size_t room = MIME_FIELD_LIMIT - mime->field->len;
    g_string_append_len(mime->field, (const char *)octets.octets, (gssize)MIN(room, octets.length));
    octets = smtp_span_from(octets, room);
    if (octets.length == 0)
        return;
    size_t erased = MIN(octets.length, MIME_FIELD_ENDING);
    mime->left_out += octets.length;
    g_string_erase(mime->field, (gssize)ending, (gssize)erased);
    octets = smtp_span_from(octets, octets.length - erased);
    g_string_append_len(mime->field, (const char *)octets.octets, (gssize)octets.length);
}

/* What is lost of a field is shown in its place. */
static void show_what_is_left_out(struct mime *mime)
{
    if (mime->left_out == 0)
        return;
    char *words = g_strdup_printf("[%" G_GUINT64_FORMAT " octets left out]", mime->left_out);
    g_string_insert(mime->field, (gssize)(MIME_FIELD_LIMIT - MIME_FIELD_ENDING), words);
    g_free(words);
    mime->place.parts->limits |= MIME_LIMIT_FIELD;
}

static void end_field(struct mime *mime)
{
    bool content = smtp_span_starts_with(smtp_span(mime->field->str, mime->field->len), "Content-");
    if (content)
        show_what_is_left_out(mime);
    struct smtp_span field = smtp_span(mime->field->str, mime->field->len);
    const uint8_t *colon = field.length > 0 ? memchr(field.octets, ':', field.length) : NULL;
    if (colon != NULL && content) {
        size_t name = (size_t)(colon - field.octets);
        mime_entity_field(&mime->entity, smtp_span_trim(smtp_span_first(field, name)), smtp_span_trim(smtp_span_from(field, name + 1)));
    }
    clear_field(mime);
}

/* Octets of one line of the header, perhaps its last ones. */
static void take_header(struct mime *mime, struct smtp_span octets)
{
    uint8_t before = octets.length > 1 ? octets.octets[octets.length - 2] : mime->last;
    bool folded = octets.octets[0] == ' ' || octets.octets[0] == '\t';
    if (mime->line == 0 && !folded)
        end_field(mime);
    add_to_field(mime, octets);
    mime->line += octets.length;
    mime->last = octets.octets[octets.length - 1];
    if (mime->last != '\n')
        return;
    bool empty = mime->line == 1 || (mime->line == 2 && before == '\r');
    mime->line = 0;
    if (!empty)
        return;
    end_field(mime);
    open_body(mime);
}

/* ---- boundaries ---- */

/* The level whose boundary a line is; the depth: none's. `closes`: it is the last one. */
static unsigned level_of(const struct mime *mime, struct smtp_span line, bool *closes)
{
    while (line.length > 0 && g_ascii_isspace((char)line.octets[line.length - 1]))
        line.length--;
    if (line.length < 3 || line.octets[1] != '-')
        return mime->depth;
    line = smtp_span_from(line, 2);
    for (unsigned i = mime->depth; i-- > 0;) {
        size_t length = mime->levels[i].boundary != NULL ? strlen(mime->levels[i].boundary) : SIZE_MAX;
        if (line.length < length || memcmp(line.octets, mime->levels[i].boundary, length) != 0)
            continue;
        *closes = line.length == length + 2 && memcmp(line.octets + length, "--", 2) == 0;
        if (line.length == length || *closes)
            return i;
    }
    return mime->depth;
}

/* A line that began like a boundary's came to its end, or grew too long for one. */
static void judge_candidate(struct mime *mime)
{
    struct smtp_span line = smtp_span(mime->candidate->str, mime->candidate->len);
    bool closes = false;
    unsigned level = level_of(mime, line, &closes);
    mime->in_candidate = false;
    if (level == mime->depth) {
        while (line.length > 0) {
            size_t length = give_lines(mime, line, true);
            if (mime->in_header)
                take_header(mime, smtp_span_first(line, length));
            line = smtp_span_from(line, length);
        }
    } else {
        close_levels(mime, closes ? level : level + 1, true);
        give_held(mime); /* to the messages around it */
        give(mime, line);
        mime->line_begins = true;
        mime->in_header = false;
        if (!closes)
            begin_header(mime);
        mime->idle = mime->depth == 0;
    }
    g_string_truncate(mime->candidate, 0);
}

/* Returns how many octets it took. */
static size_t take_candidate(struct mime *mime, struct smtp_span octets)
{
    size_t room = CANDIDATE_LIMIT - mime->candidate->len;
    const uint8_t *lf = memchr(octets.octets, '\n', MIN(octets.length, room));
    size_t length = lf != NULL ? (size_t)(lf - octets.octets) + 1 : MIN(octets.length, room);
    g_string_append_len(mime->candidate, (const char *)octets.octets, (gssize)length);
    if (lf != NULL || mime->candidate->len == CANDIDATE_LIMIT)
        judge_candidate(mime);
    return length;
}

/* ---- the message ---- */

void mime_add(struct mime *mime, struct smtp_span octets)
{
    while (octets.length > 0 && !mime->idle) {
        size_t taken;
        if (mime->line_begins && mime->multiparts > 0 && octets.octets[0] == '-')
            mime->in_candidate = true;
        mime->line_begins = mime->line_begins && !mime->in_candidate;
        if (mime->in_candidate) {
            taken = take_candidate(mime, octets);
        } else {
            taken = give_lines(mime, octets, mime->in_header);
            if (mime->in_header)
                take_header(mime, smtp_span_first(octets, taken));
        }
        octets = smtp_span_from(octets, taken);
    }
}

/* Octets that a level takes; of a leaf, too. */
static size_t level_memory(const char *boundary, const struct attachment_writer *writer, const struct mime_inside *inside)
{
    return (boundary != NULL ? strlen(boundary) + 1 : 0) + (writer != NULL ? attachment_memory(writer) : 0)
           + (inside != NULL ? mime_inside_memory(inside) : 0);
}

size_t mime_memory(const struct mime *mime)
{
    size_t memory = sizeof *mime + mime->room * sizeof *mime->levels + mime_entity_memory(&mime->entity) + 2 * sizeof *mime->field
                    + mime->field->allocated_len + mime->candidate->allocated_len + level_memory(NULL, mime->leaf, mime->inside);
    for (unsigned i = 0; i < mime->depth; i++)
        memory += level_memory(mime->levels[i].boundary, mime->levels[i].writer, mime->levels[i].inside);
    return memory;
}

void mime_end(struct mime *mime, bool whole)
{
    if (mime->in_candidate && whole)
        judge_candidate(mime);
    give_held(mime);
    give(mime, smtp_span(mime->candidate->str, mime->candidate->len)); /* cut by a hole: nothing says that it is a boundary's */
    close_levels(mime, 0, whole);
    mime_entity_clear(&mime->entity);
    g_string_free(mime->field, TRUE);
    g_string_free(mime->candidate, TRUE);
    g_free(mime->levels);
    g_free(mime);
}
