/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "body_decoder.h"
#include "mime_private.h"

/* So much of a body is waited for, at the most, until it is judged what it is. */
#define HEAD_LIMIT ((size_t)4096)

struct mime_inside {
    struct mime_place outer;
    GMimeContentEncoding encoding;
    char *boundary; /* of a multipart; NULL: a message */
    bool digest;

    GString *head;                /* its first octets; NULL: they were judged */
    struct body_decoder *decoder; /* NULL: it is not decoded */
    struct mime *decoded;         /* what reads what the decoder gives */
    bool twice;                   /* it is decoded, and read as it stands as well */
    struct mime *plain;           /* what reads the octets as they stand; NULL: nobody does */
    uint64_t leaves_decoded, leaves_plain;
};

struct mime_inside *mime_inside_new(const struct mime_place *outer, unsigned depth, unsigned takers, const struct mime_entity *entity)
{
    struct mime_inside *inside = g_new0(struct mime_inside, 1);
    inside->outer = *outer;
    inside->outer.above += depth + 1;
    inside->outer.takers += takers + 1;
    inside->encoding = entity->encoding;
    inside->boundary = entity->body == MIME_BODY_MULTIPART ? g_strdup(entity->boundary) : NULL;
    inside->digest = entity->digest;
    inside->head = g_string_new(NULL);
    return inside;
}

/* ---- what it is ---- */

/* Whether all of the header is in the head: an empty line stands behind something. */
static bool header_ends(const GString *head)
{
    const char *lf = head->str;
    while ((lf = memchr(lf, '\n', (size_t)(head->str + head->len - lf))) != NULL) {
        lf++;
        size_t left = (size_t)(head->str + head->len - lf);
        if (left > 0 && (lf[0] == '\n' || (left > 1 && lf[0] == '\r' && lf[1] == '\n')))
            return true;
    }
    return false;
}

/* In quoted-printable the sign behind a parameter's name is "=3D". */
static bool names_parameter(const GString *head)
{
    static const char *const names[] = { "boundary=", "name=", "charset=" };
    for (size_t at = 0; at < head->len; at++) {
        struct smtp_span rest = smtp_span_from(smtp_span(head->str, head->len), at);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
            struct smtp_span behind = smtp_span_from(rest, strlen(names[i]));
            bool line_ends = behind.length > 0 && (behind.octets[0] == '\r' || behind.octets[0] == '\n');
            if (smtp_span_starts_with(rest, names[i]) && behind.length > 0 && !line_ends &&
                !smtp_span_starts_with(behind, "3D"))
                return true;
        }
    }
    return false;
}

/* The fields of a header in base64 have no colon. Where one stands there, both may be true. */
static bool may_be_plain(const struct mime_inside *inside)
{
    if (inside->boundary != NULL)
        return false; /* what reads the message around it sees it as it stands */
    if (inside->encoding == GMIME_CONTENT_ENCODING_BASE64)
        return memchr(inside->head->str, ':', inside->head->len) != NULL;
    return names_parameter(inside->head);
}

static void take_decoded(void *context, struct smtp_span octets)
{
    mime_add(context, octets);
}

static struct mime *begin(const struct mime_inside *inside, uint64_t *leaves)
{
    struct mime_place place = inside->outer;
    place.leaves = leaves;
    return mime_begin(&place);
}

static void feed(struct mime_inside *inside, struct smtp_span octets)
{
    if (inside->decoder != NULL)
        body_decoder_add(inside->decoder, octets);
    if (inside->plain != NULL)
        mime_add(inside->plain, octets);
}

/* Whether the body can be read in two ways, as it might. Returns false if it might, and cannot. */
static bool begin_twice(struct mime_inside *inside, bool wanted)
{
    struct mime_parts *parts = inside->outer.parts;
    inside->twice = wanted && parts->twice < MIME_TWICE_LIMIT;
    parts->twice += inside->twice ? 1 : 0;
    if (wanted && !inside->twice)
        parts->limits |= MIME_LIMIT_DEPTH;
    return inside->twice || !wanted;
}

/* Enough came, or all. */
static void judge(struct mime_inside *inside)
{
    bool plain = may_be_plain(inside);
    bool ambiguous = inside->boundary != NULL || (plain && inside->encoding == GMIME_CONTENT_ENCODING_BASE64);
    bool allowed = begin_twice(inside, ambiguous);
    if (plain)
        inside->plain = begin(inside, &inside->leaves_plain);
    if (allowed && (ambiguous || !plain)) {
        inside->decoded = begin(inside, &inside->leaves_decoded);
        if (inside->boundary != NULL)
            mime_begin_multipart(inside->decoded, inside->boundary, inside->digest);
        inside->decoder = body_decoder_new(inside->encoding, take_decoded, inside->decoded);
    }
    GString *head = inside->head;
    inside->head = NULL;
    feed(inside, smtp_span(head->str, head->len));
    g_string_free(head, TRUE);
}

/* ---- octets ---- */

void mime_inside_add(struct mime_inside *inside, struct smtp_span octets)
{
    while (inside->head != NULL && octets.length > 0) { /* line by line: how they are cut does not matter */
        const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
        size_t line = lf != NULL ? (size_t)(lf - octets.octets) + 1 : octets.length;
        size_t length = MIN(line, HEAD_LIMIT - inside->head->len);
        g_string_append_len(inside->head, (const char *)octets.octets, (gssize)length);
        octets = smtp_span_from(octets, length);
        if (inside->head->len == HEAD_LIMIT || (lf != NULL && length == line && header_ends(inside->head)))
            judge(inside);
    }
    if (octets.length > 0)
        feed(inside, octets);
}

size_t mime_inside_memory(const struct mime_inside *inside)
{
    return sizeof *inside + (inside->boundary != NULL ? strlen(inside->boundary) + 1 : 0)
           + (inside->head != NULL ? sizeof *inside->head + inside->head->allocated_len : 0)
           + (inside->decoder != NULL ? body_decoder_memory(inside->decoder) : 0)
           + (inside->decoded != NULL ? mime_memory(inside->decoded) : 0) + (inside->plain != NULL ? mime_memory(inside->plain) : 0);
}

void mime_inside_end(struct mime_inside *inside, bool whole)
{
    if (inside->head != NULL)
        judge(inside);
    unsigned losses = inside->decoder != NULL ? body_decoder_end(inside->decoder, whole) : 0;
    if (inside->decoded != NULL)
        mime_end(inside->decoded, whole && losses == 0);
    if (inside->plain != NULL)
        mime_end(inside->plain, whole);
    else if (inside->boundary == NULL && whole && losses != 0)
        inside->outer.parts->limits |= MIME_LIMIT_ENCODING;
    inside->outer.parts->twice -= inside->twice ? 1 : 0;
    *inside->outer.leaves += inside->plain != NULL ? inside->leaves_plain : inside->leaves_decoded;
    g_free(inside->boundary);
    g_free(inside);
}
