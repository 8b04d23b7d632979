/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rows.h"

#include <inttypes.h>

#include "language.h"
#include "line.h"
#include "path.h"
#include "phrases.h"
#include "reference/reference.h"
#include "text.h"

/* ---- meanings ---- */

static void append_arguments(GString *out, const struct item *item)
{
    const struct smtp_command command = smtp_command_parse(item->line.before);
    const struct smtp_path path = smtp_path_parse(command.argument, item->verb == SMTP_VERB_RCPT ? "TO" : "FROM");
    GString *special = g_string_new(NULL);
    words_path(special, &path);
    if (special->len > 0)
        g_string_append_printf(out, "%s%s", _("; "), special->str);
    g_string_free(special, TRUE);
    struct smtp_span rest = path.parameters;
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&rest, &parameter)) {
        const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_parameters, parameter.keyword);
        if (entry != NULL)
            g_string_append_printf(out, "%s%s: %s", _("; "), entry->name, _(entry->meaning));
    }
}

/* Of a message its end alone can be told, of all else the command, too. */
static uint64_t answered_frame(const struct item *item)
{
    bool message = item->reply.answers == SMTP_ANSWERS_CONTENT && item->reply.verb != SMTP_VERB_BDAT;
    if (!item->has_command || item->answered_frame != 0 || message)
        return item->has_command ? item->answered_frame : 0;
    return item->command_frame;
}

static void append_reply(GString *out, const struct item *item)
{
    words_code(out, &item->reply);
    gsize length = out->len;
    g_string_append(out, ": ");
    if (item->reply.code != 334 || !words_challenge(out, record_line_words(item->lines.tail->data), true))
        g_string_truncate(out, length);
    g_string_append(out, _("; "));
    const struct words_answered answered = {
        .frame = answered_frame(item),
        .delay = item->place.time - item->command_time,
        .recipient = item->recipient != NULL ? item->recipient->address : smtp_span(NULL, 0),
    };
    words_answers(out, &item->reply, &answered, WORDS_NOT_CAPTURED);
}

void rows_meaning(GString *out, const struct item *item)
{
    if (item->kind == ITEM_REPLY)
        append_reply(out, item);
    else if (item->kind == ITEM_RESPONSE)
        words_response(out, item->cancelled, item->malformed, item->decoded);
    else if (item->kind == ITEM_COMMAND)
        words_command(out, item->word, item->line.label != 0 && item->word.length == 0);
    if (item->kind == ITEM_COMMAND && (item->verb == SMTP_VERB_MAIL || item->verb == SMTP_VERB_RCPT))
        append_arguments(out, item);
    if ((item->kind == ITEM_COMMAND || item->kind == ITEM_RESPONSE) && !item->answered)
        g_string_append(out, _("; no reply was seen"));
}

/* ---- rows ---- */

/* A session may go on in the next file of a ring: there the frames begin anew. */
static void put_capture(struct rows *rows, const struct item *item, const struct place *place)
{
    if (place->frame == 0 || place->file == rows->file)
        return;
    rows->file = place->file;
    GString *text = g_string_new(_("from here on frames of "));
    text_append_visible(text, smtp_span_of_text(record_capture(rows->record, place->file)));
    rows->put(rows->context, &(struct row){ .kind = ROW_CAPTURE,
                                            .role = SMTP_SERVER,
                                            .item = item,
                                            .place = place,
                                            .tone = WORDS_NOTE,
                                            .text = text->str,
                                            .meaning = "" });
    g_string_free(text, TRUE);
}

/* A row of an item as it is mostly: the words are given, and freed. */
static void put(const struct rows *rows, const struct item *item, struct row row, GString *text, GString *meaning)
{
    row.item = item;
    row.role = item->role;
    row.place = row.place != NULL ? row.place : &item->place;
    row.encrypted = item->encrypted;
    row.text = text->str;
    row.meaning = meaning != NULL ? meaning->str : row.meaning != NULL ? row.meaning : "";
    rows->put(rows->context, &row);
    g_string_free(text, TRUE);
    if (meaning != NULL)
        g_string_free(meaning, TRUE);
}

static void put_client_line(const struct rows *rows, const struct item *item)
{
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    phrase_guarded(text, &item->line, rows->line_octets, rows->show_secrets);
    phrase_line_end(text, item->line_end);
    rows_meaning(meaning, item);
    put(rows, item, (struct row){ .kind = ROW_LINE, .first = true, .last = true }, text, meaning);
}

static bool lists_extensions(const struct item *item)
{
    return smtp_reply_lists_extensions(&item->reply) && item->lines.length > item->reply.text_lines + 1;
}

/* `number`: of the line in its reply, from 1. `above`: where the line shown in front of it stands; NULL: it is the
 * first one. */
static void put_reply_line(struct rows *rows, const struct item *item, const struct record_line *line, unsigned number,
                           const struct place *above)
{
    bool extensions = lists_extensions(item);
    bool last = line->link.next == NULL;
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    phrase_cut(text, record_line_text(line), rows->line_octets);
    phrase_line_end(text, line->end);
    if (extensions ? number == item->reply.text_lines + 1 : last)
        rows_meaning(meaning, item);
    else if (extensions && number > item->reply.text_lines)
        words_keyword(meaning, record_line_words(line));
    put_capture(rows, item, line->place);
    put(rows, item,
        (struct row){ .kind = ROW_LINE,
                      .place = line->place,
                      .last = last,
                      .refused = item->reply.code >= 400,
                      .first = above == NULL || !place_same_frame(line->place, above) },
        text, meaning);
}

static void put_left_out(const struct rows *rows, const struct item *item, unsigned lines)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(
        text, language_plural("%u line of this reply is left out", "%u lines of this reply are left out", lines),
        lines);
    put(rows, item, (struct row){ .kind = ROW_LEFT_OUT }, text, NULL);
}

/* Of a reply the lines that stand here: all of them, mostly. Of very many, the last one is shown in any case. */
static void put_reply(struct rows *rows, const struct item *item, const struct item *here)
{
    unsigned number = here->first_line;
    unsigned count = here->end_line - here->first_line;
    unsigned shown = MIN(count, rows->reply_lines);
    const struct place *above = NULL;
    const GList *link = here->lines_here;
    for (; link != NULL && number + 1 < here->first_line + shown; link = record_next(rows->record, link), number++) {
        const struct record_line *line = link->data;
        put_reply_line(rows, item, line, number + 1, above);
        above = line->place;
    }
    if (count > shown)
        put_left_out(rows, item, count - shown);
    if (count == 0)
        return;
    if (here->end_line == item->lines.length) /* which need not be walked to: there may be very many */
        link = item->lines.tail;
    else
        for (; link != NULL && number + 1 < here->end_line; number++)
            link = record_next(rows->record, link);
    if (link != NULL)
        put_reply_line(rows, item, link->data, here->end_line, above);
}

static void put_content(const struct rows *rows, const struct item *item)
{
    const struct words_content content = {
        .transport = item->transport,
        .mark = item->end_mark,
        .octets = item->octets,
        .last = item->last,
        .complete = item->complete,
        .last_frame = item->last_frame != item->place.frame ? item->last_frame : 0,
    };
    GString *text = g_string_new(NULL);
    words_content(text, &content);
    put(rows, item,
        (struct row){ .kind = ROW_CONTENT,
                      .first = true,
                      .last = true,
                      .tone = item->complete ? WORDS_NOTE : WORDS_BAD,
                      .meaning = words_content_note(&content, WORDS_NOT_CAPTURED) },
        text, NULL);
}

static enum words_tone append_boundary(GString *out, const struct rows *rows, const struct item *item)
{
    const struct login *login = item->login;
    if (item->boundary == SMTP_BOUNDARY_AUTH && login == NULL)
        return WORDS_SILENT;
    struct words_boundary boundary = {
        .boundary = item->boundary,
        .step = item->step,
        .frame = item->place.frame,
        .alert = item->note,
        .decrypted = rows->record->tls_read.decrypted,
        .clear_behind = item->clear_behind,
    };
    if (login != NULL) {
        boundary.mechanism = login->mechanism;
        boundary.identity = login->identity;
        boundary.encrypted = login->encrypted;
    }
    return words_boundary(out, &boundary);
}

static void put_boundary(const struct rows *rows, const struct item *item)
{
    GString *text = g_string_new(NULL);
    enum words_tone tone = append_boundary(text, rows, item);
    put(rows, item, (struct row){ .kind = ROW_BOUNDARY, .tone = tone }, text, NULL);
    if (item->clear_behind)
        put(rows, item, (struct row){ .kind = ROW_NOTE },
            g_string_new(_(
                "No TLS is in the capture: who wrote it had the keys and decrypted what follows, or TLS never began.")),
            NULL);
    if (item->boundary == SMTP_BOUNDARY_AUTH || item->step != SMTP_STEP_HANDSHAKE)
        return;
    text = g_string_new(NULL);
    phrase_tls(text, rows->record);
    put(rows, item, (struct row){ .kind = ROW_TLS }, text, NULL);
}

static void put_hole(const struct rows *rows, const struct item *item)
{
    if (item->in_content && rows->full)
        return;
    GString *text = g_string_new(NULL);
    words_missing(text, item->role, item->octets, item->last_frame, WORDS_NOT_CAPTURED);
    put(rows, item, (struct row){ .kind = ROW_HOLE, .tone = WORDS_BAD }, text, NULL);
}

static void put_stray(const struct rows *rows, const struct item *item)
{
    GString *text = g_string_new(NULL);
    words_skipped(text, item->role, item->octets);
    put(rows, item, (struct row){ .kind = ROW_STRAY, .first = true, .tone = WORDS_BAD }, text, NULL);
    GString *octets = g_string_new(NULL);
    phrase_skipped_octets(octets, item, rows->show_secrets);
    struct row row = { .kind = ROW_STRAY_LINE, .first = true, .meaning = _("cannot be placed") };
    struct smtp_span rest = smtp_span(octets->str, octets->len);
    struct smtp_line line;
    for (unsigned i = 0; i < rows->stray_lines && smtp_line_find(rest, true, &line); i++, row.first = false) {
        text = g_string_new(NULL);
        phrase_cut(text, line.text, rows->line_octets);
        put(rows, item, row, text, NULL);
        rest = smtp_span_from(rest, line.octets);
    }
    row.first = false;
    if (rest.length > 0)
        put(rows, item, row, g_string_new("[...]"), NULL);
    g_string_free(octets, TRUE);
}

static void put_proxy(const struct rows *rows, const struct item *item)
{
    const struct smtp_proxy_header header = smtp_proxy_parse(item->text);
    struct smtp_span line = item->text;
    while (header.version == 1 && line.length > 0 &&
           (line.octets[line.length - 1] == '\n' || line.octets[line.length - 1] == '\r'))
        line.length--;
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    phrase_cut(text, line, rows->line_octets);
    words_proxy(meaning, item->text);
    put(rows, item, (struct row){ .kind = ROW_LINE, .first = true, .last = true }, text, meaning);
}

void rows_of(struct rows *rows, const struct item *item)
{
    put_capture(rows, item, &item->place);
    switch (item->kind) {
    case ITEM_COMMAND:
    case ITEM_RESPONSE:
        put_client_line(rows, item);
        break;
    case ITEM_REPLY:
        put_reply(rows, item, item);
        break;
    case ITEM_REPLY_PART:
        put_reply(rows, item->whole, item);
        break;
    case ITEM_DATA:
        put_content(rows, item);
        break;
    case ITEM_BOUNDARY:
        put_boundary(rows, item);
        break;
    case ITEM_GAP:
        put_hole(rows, item);
        break;
    case ITEM_SKIPPED:
        put_stray(rows, item);
        break;
    case ITEM_PROXY:
        put_proxy(rows, item);
        break;
    case ITEM_TURNED:
        put(rows, item, (struct row){ .kind = ROW_BOUNDARY, .tone = WORDS_TURN }, g_string_new(words_turned()), NULL);
        break;
    }
}
