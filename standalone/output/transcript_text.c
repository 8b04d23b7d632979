/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The annotated transcript of a session. */

#include <inttypes.h>

#include "annotate.h"
#include "face.h"
#include "finding_out.h"
#include "language.h"
#include "line.h"
#include "phrases.h"
#include "refusals_text.h"
#include "text.h"

/* Columns: offset in time, frame, direction, the line, and its annotation where there is room beside it. */
#define LINE_COLUMN 26u
#define ANNOTATION_COLUMN 50u /* or behind the line, if that ends later */

/* A line of content that is longer is shown as several. */
#define CONTENT_LINE_LIMIT ((size_t)1024 * 1024)

struct writer {
    struct page *page;
    const struct record *record;
    const struct face_run *run;
    unsigned capture; /* file of the frames shown last */
};

/* Octets of a line that are shown. */
static size_t line_limit(const struct writer *writer)
{
    return writer->run->options->full ? SIZE_MAX : PHRASE_LINE_SHOWN;
}

/* ---- one line ---- */

static void put_annotation(struct writer *writer, unsigned used, const char *annotation)
{
    struct page *page = writer->page;
    unsigned columns = text_columns(annotation);
    if (columns == 0) {
        g_string_append_c(page->out, '\n');
        return;
    }
    char *marked = g_strdup_printf("%s %s", page_bullet(page), annotation);
    unsigned column = MAX(used + 2, ANNOTATION_COLUMN);
    if (column + 2 + columns <= PAGE_COLUMNS) {
        g_string_append_printf(page->out, "%*s", (int)(column - used), "");
        page_append(page, PAGE_DIM, marked);
        g_string_append_c(page->out, '\n');
    } else {
        g_string_append_printf(page->out, "\n%*s", (int)LINE_COLUMN, "");
        page_wrap(page, PAGE_DIM, LINE_COLUMN, LINE_COLUMN + 2, marked);
    }
    g_free(marked);
}

static void put_margin(struct writer *writer, const struct item *item, const char *arrow, enum page_colour colour, bool first)
{
    struct page *page = writer->page;
    if (first && item->place.frame != 0) {
        char margin[64];
        double seconds = (double)(item->place.time - writer->record->connection.start) / 1e9;
        g_snprintf(margin, sizeof margin, "%+12.6f %8" G_GUINT64_FORMAT "  ", seconds, item->place.frame);
        page_append(page, PAGE_DIM, margin);
    } else {
        g_string_append_printf(page->out, "%23s", "");
    }
    page_printf(page, colour, "%s ", arrow);
}

/* Writes one line of the dialogue with its annotation. `text` is visible already. */
static void put_line(struct writer *writer, const struct item *item, const char *arrow, enum page_colour colour, bool first,
                     const char *text, const char *annotation)
{
    struct page *page = writer->page;
    put_margin(writer, item, arrow, colour, first);
    unsigned columns = text_columns(text);
    if (LINE_COLUMN + columns > PAGE_COLUMNS) {
        page_wrap(page, colour, LINE_COLUMN, LINE_COLUMN, text);
        g_string_truncate(page->out, page->out->len - 1);
        put_annotation(writer, PAGE_COLUMNS, annotation);
        return;
    }
    page_append(page, colour, text);
    put_annotation(writer, LINE_COLUMN + columns, annotation);
}

/* ---- holes ---- */

/* What is not in the capture, in its place. `after`: the frame in front of it; 0: none, or it was said. */
static void put_missing(struct writer *writer, enum smtp_role role, uint64_t octets, uint64_t after)
{
    GString *text = g_string_new(NULL);
    words_missing(text, role, octets, after, WORDS_NOT_CAPTURED);
    page_rule(writer->page, PAGE_BAD, writer->page->unicode ? "\u254d" : "~", 3, text->str);
    g_string_free(text, TRUE);
}

/* ---- items ---- */

/* A session may go on in the next file of a ring: there the frames begin anew. */
static void put_capture(struct writer *writer, const struct place *place)
{
    if (place->frame == 0 || place->file == writer->capture)
        return;
    writer->capture = place->file;
    GString *title = g_string_new(_("from here on frames of "));
    text_append_visible(title, smtp_span_of_text(record_capture(writer->record, place->file)));
    page_rule(writer->page, PAGE_DIM, page_light(writer->page), 3, title->str);
    g_string_free(title, TRUE);
}

static void put_command(struct writer *writer, const struct item *item)
{
    GString *text = g_string_new(NULL);
    GString *annotation = g_string_new(NULL);
    phrase_guarded(text, &item->line, line_limit(writer), writer->run->options->show_secrets);
    phrase_line_end(text, item->line_end);
    if (item->kind == ITEM_RESPONSE)
        annotate_response(annotation, item);
    else
        annotate_command(annotation, item);
    put_line(writer, item, item->encrypted ? "~>" : "->", PAGE_CLIENT, true, text->str, annotation->str);
    g_string_free(annotation, TRUE);
    g_string_free(text, TRUE);
}

/* As swaks has it: a wave under TLS, a star where the server refuses. */
static const char *reply_arrow(const struct item *item)
{
    if (item->reply.code >= 400)
        return item->encrypted ? "~*" : "<*";
    return item->encrypted ? "<~" : "<-";
}

/* Of a reply the lines that stand here: all of them, mostly. */
static void put_reply(struct writer *writer, const struct item *item, const struct item *here)
{
    bool refused = item->reply.code >= 400;
    bool extensions = smtp_reply_lists_extensions(&item->reply) && item->lines.length > item->reply.text_lines + 1;
    GString *text = g_string_new(NULL);
    GString *annotation = g_string_new(NULL);
    struct item part = *item; /* its lines may have come in several frames */
    unsigned number = here->first_line;
    for (const GList *link = here->lines_here; link != NULL && number < here->end_line; link = record_next(writer->record, link)) {
        const struct record_line *line = link->data;
        bool first = number == here->first_line;
        bool moved = line->place->frame != part.place.frame || line->place->file != part.place.file;
        part.place = *line->place;
        put_capture(writer, line->place);
        g_string_truncate(text, 0);
        g_string_truncate(annotation, 0);
        phrase_cut(text, record_line_text(line), line_limit(writer));
        phrase_line_end(text, line->end);
        bool coded = number++ >= item->reply.text_lines;
        bool whole = extensions ? number == item->reply.text_lines + 1 : link->next == NULL;
        if (whole)
            annotate_reply(annotation, item);
        else if (extensions && coded)
            words_keyword(annotation, record_line_words(line));
        put_line(writer, &part, reply_arrow(item), refused ? PAGE_BAD : PAGE_SERVER, first || moved, text->str,
                 annotation->str);
        relief_give(writer->run->relief); /* a reply may have any number of lines */
    }
    g_string_free(annotation, TRUE);
    g_string_free(text, TRUE);
}

static void put_field(struct writer *writer, const struct item *item, const char *name, const char *value)
{
    if (value == NULL)
        return;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s: ", name);
    phrase_cut(text, smtp_span_of_text(value), line_limit(writer));
    put_line(writer, item, " |", PAGE_CLIENT, false, text->str, "");
    g_string_free(text, TRUE);
}

static void put_content_line(struct writer *writer, const struct item *item, struct smtp_span line)
{
    GString *text = g_string_new(NULL);
    phrase_cut(text, line, line_limit(writer));
    put_line(writer, item, " |", PAGE_CLIENT, false, text->str, "");
    g_string_free(text, TRUE);
    relief_give(writer->run->relief);
}

static void put_content(struct writer *writer, const struct item *item)
{
    GString *line = g_string_new(NULL); /* it may go on in the next piece */
    for (const GList *link = item->message->content.head; link != NULL; link = link->next) {
        const struct message_piece *piece = link->data;
        if (piece->missing > 0) {
            if (line->len > 0)
                put_content_line(writer, item, smtp_span(line->str, line->len));
            g_string_assign(line, "");
            put_missing(writer, SMTP_CLIENT, piece->missing, 0);
        }
        struct smtp_span rest = ((const struct message_piece *)link->data)->octets;
        const uint8_t *end;
        while (rest.length > 0 && (end = memchr(rest.octets, '\n', rest.length)) != NULL) {
            size_t length = (size_t)(end - rest.octets);
            g_string_append_len(line, (const char *)rest.octets, (gssize)length);
            if (line->len > 0 && line->str[line->len - 1] == '\r')
                g_string_truncate(line, line->len - 1);
            put_content_line(writer, item, smtp_span(line->str, line->len));
            g_string_truncate(line, 0);
            rest = smtp_span_from(rest, length + 1);
        }
        g_string_append_len(line, (const char *)rest.octets, (gssize)rest.length);
        if (line->len > CONTENT_LINE_LIMIT) {
            put_content_line(writer, item, smtp_span(line->str, line->len));
            g_string_truncate(line, 0);
        }
    }
    if (line->len > 0)
        put_content_line(writer, item, smtp_span(line->str, line->len));
    g_string_free(line, TRUE);
}

static void put_data(struct writer *writer, const struct item *item)
{
    const struct message *message = item->message;
    bool chunk = item->transport == SMTP_TRANSPORT_BDAT;
    GString *text = g_string_new("[");
    phrase_data(text, item);
    g_string_append_c(text, ']');
    put_line(writer, item, " |", item->complete ? PAGE_CLIENT : PAGE_BAD, true, text->str, phrase_data_note(item));
    g_string_free(text, TRUE);
    if (item->transport == SMTP_TRANSPORT_XEXCH50 || (chunk && !item->last))
        return;
    if (writer->run->options->full && message->options->content) {
        put_content(writer, item);
        return;
    }
    if (chunk && item->octets < message->octets)
        put_line(writer, item, " |", PAGE_DIM, false, _("of all chunks together:"), "");
    put_field(writer, item, "From", message->from);
    put_field(writer, item, "To", message->to);
    put_field(writer, item, "Subject", message->subject);
    put_field(writer, item, "Date", message->date);
    put_field(writer, item, "Message-ID", message->message_id);
}

/* ---- boundaries ---- */

static void put_boundary(struct writer *writer, const struct item *item)
{
    static const enum page_colour colours[] = {
        [WORDS_NOTE] = PAGE_WARNING,
        [WORDS_TURN] = PAGE_WARNING,
        [WORDS_GOOD] = PAGE_GOOD,
        [WORDS_BAD] = PAGE_BAD,
    };
    struct page *page = writer->page;
    GString *text = g_string_new(NULL);
    enum words_tone tone = phrase_boundary(text, writer->record, item);
    if (tone != WORDS_SILENT)
        page_rule(page, colours[tone], tone == WORDS_NOTE ? page_light(page) : page_heavy(page), 3, text->str);
    const char *note = phrase_boundary_note(item);
    if (*note != '\0') {
        g_string_append_printf(page->out, "%*s", (int)LINE_COLUMN, "");
        page_wrap(page, PAGE_DIM, LINE_COLUMN, LINE_COLUMN, note);
    }
    if (item->boundary != SMTP_BOUNDARY_AUTH && item->step == SMTP_STEP_HANDSHAKE) {
        g_string_truncate(text, 0);
        phrase_tls(text, writer->record);
        g_string_append_printf(page->out, "%*s", (int)LINE_COLUMN, "");
        page_wrap(page, PAGE_DIM, LINE_COLUMN, LINE_COLUMN, text->str);
    }
    g_string_free(text, TRUE);
}

static void put_skipped(struct writer *writer, const struct item *item)
{
    GString *text = g_string_new(NULL);
    words_skipped(text, item->role, item->octets);
    put_line(writer, item, " ?", PAGE_BAD, true, text->str, "");
    GString *octets = g_string_new(NULL);
    phrase_skipped_octets(octets, item, writer->run->options->show_secrets);
    struct smtp_span rest = smtp_span(octets->str, octets->len);
    unsigned lines = writer->run->options->full ? UINT_MAX : PHRASE_SKIPPED_LINES;
    struct smtp_line line;
    while (lines-- > 0 && smtp_line_find(rest, true, &line)) {
        g_string_truncate(text, 0);
        phrase_cut(text, line.text, line_limit(writer));
        put_line(writer, item, " ?", PAGE_BAD, false, text->str, "");
        rest = smtp_span_from(rest, line.octets);
    }
    if (rest.length > 0)
        put_line(writer, item, " ?", PAGE_BAD, false, "[...]", "");
    g_string_free(octets, TRUE);
    g_string_free(text, TRUE);
}

static void put_proxy(struct writer *writer, const struct item *item)
{
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    phrase_proxy_header(text, meaning, item->text, line_limit(writer));
    put_line(writer, item, "->", PAGE_CLIENT, true, text->str, meaning->str);
    g_string_free(meaning, TRUE);
    g_string_free(text, TRUE);
}

static void put_item(struct writer *writer, const struct item *item)
{
    switch (item->kind) {
    case ITEM_COMMAND:
    case ITEM_RESPONSE:
        put_command(writer, item);
        break;
    case ITEM_REPLY:
        put_reply(writer, item, item);
        break;
    case ITEM_REPLY_PART:
        put_reply(writer, item->whole, item);
        break;
    case ITEM_DATA:
        put_data(writer, item);
        break;
    case ITEM_BOUNDARY:
        put_boundary(writer, item);
        break;
    case ITEM_GAP:
        if (!(item->in_content && writer->run->options->full))
            put_missing(writer, item->role, item->octets, item->last_frame);
        break;
    case ITEM_SKIPPED:
        put_skipped(writer, item);
        break;
    case ITEM_PROXY:
        put_proxy(writer, item);
        break;
    case ITEM_TURNED:
        page_rule(writer->page, PAGE_WARNING, page_heavy(writer->page), 3, words_turned());
        break;
    }
}

/* ---- header and summary ---- */

/* The widest name of a fact, in the language of the user. */
static unsigned fact_columns(void)
{
    const char *const names[] = { _("client"), _("server"), _("begins"), _("frames") };
    unsigned columns = 9;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        columns = MAX(columns, text_columns(names[i]));
    return columns;
}

static void put_fact(struct page *page, const char *name, const char *value)
{
    unsigned columns = fact_columns();
    GString *padded = g_string_new("  ");
    text_append_padded(padded, -(int)columns - 1, name);
    page_append(page, PAGE_DIM, padded->str);
    g_string_free(padded, TRUE);
    page_wrap(page, PAGE_PLAIN, columns + 3, columns + 3, value);
}

static void put_header(struct writer *writer)
{
    struct page *page = writer->page;
    const struct record *record = writer->record;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("%s session %" PRIu64), record->account.lmtp ? "LMTP" : "SMTP", record->id);
    page_rule(page, PAGE_BOLD, page_heavy(page), 2, text->str);

    g_string_truncate(text, 0);
    annotate_endpoint(text, record, SMTP_CLIENT);
    if (record->account.greetings.helo_seen && record->account.greetings.helo.length > 0) {
        g_string_append(text, _("  calls itself "));
        text_append_visible(text, smtp_span_first(record->account.greetings.helo, 120));
    }
    put_fact(page, _("client"), text->str);

    g_string_truncate(text, 0);
    annotate_endpoint(text, record, SMTP_SERVER);
    if (!record->account.greetings.banner_seen)
        g_string_append(text, _("  no banner was seen"));
    put_fact(page, _("server"), text->str);
    if (record->proxy != NULL || record->balancer.version != 0) {
        g_string_truncate(text, 0);
        phrase_proxy(text, record);
        put_fact(page, "", text->str);
    }

    g_string_truncate(text, 0);
    text_append_time(text, record->connection.start, record->precision);
    g_string_append(text, _("  lasts "));
    words_duration(text, record->connection.end - record->connection.start);
    put_fact(page, _("begins"), text->str);

    g_string_truncate(text, 0);
    phrase_frames(text, record);
    put_fact(page, _("frames"), text->str);
    page_rule(page, PAGE_DIM, page_light(page), 0, "");
    page_append(page, PAGE_DIM, _("     seconds    frame\n"));
    g_string_free(text, TRUE);
}

static void put_findings(struct writer *writer)
{
    struct page *page = writer->page;
    const struct record *record = writer->record;
    if (record->account.findings.list.length == 0)
        return;
    page_rule(page, PAGE_DIM, page_light(page), 2, _("findings"));
    for (const GList *link = record->account.findings.list.head; link != NULL; link = link->next) {
        const struct finding *finding = link->data;
        enum smtp_severity severity = smtp_finding_severity(finding->finding);
        GString *text = g_string_new(NULL);
        text_append_padded(text, -6, finding_severity(severity));
        page_printf(page, finding_colour(severity), "  %s  %s", text->str, smtp_finding_name(finding->finding));
        if (finding->place.frame != 0)
            page_printf(page, PAGE_DIM, _("  frame %" PRIu64), finding->place.frame);
        g_string_append(page->out, "\n          ");
        g_string_truncate(text, 0);
        words_finding(text, finding->finding, finding->detail);
        finding_append_proofs(text, record, finding);
        page_wrap(page, PAGE_PLAIN, 10, 10, text->str);
        g_string_free(text, TRUE);
    }
}

static void put_summary(struct writer *writer)
{
    GString *text = g_string_new(NULL);
    phrase_session(text, writer->record);
    struct page *page = writer->page;
    page_rule(page, PAGE_DIM, page_light(page), 0, "");
    page_append(page, PAGE_BOLD, "  ");
    page_wrap(page, PAGE_BOLD, 2, 2, text->str);
    g_string_append_c(page->out, '\n');
    g_string_free(text, TRUE);
}

static void write_session(struct face_run *run, const struct record *record)
{
    struct page *page = run->page;
    struct writer writer = { .page = page, .record = record, .run = run, .capture = record->connection.capture };
    put_header(&writer);
    for (const GList *link = record->items.head; link != NULL; link = record_next(record, link)) {
        put_capture(&writer, &((const struct item *)link->data)->place);
        put_item(&writer, link->data);
        relief_give(run->relief);
    }
    refusals_text(page, record);
    put_findings(&writer);
    put_summary(&writer);
}

const struct face_writer transcript_text_face = { .session = write_session };
