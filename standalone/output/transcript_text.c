/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The annotated transcript of a session. */

#include <inttypes.h>

#include "face.h"
#include "finding_out.h"
#include "language.h"
#include "phrases.h"
#include "refusals_text.h"
#include "rows.h"
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

/* `place`: where the line stands; NULL: where the one above does. */
static void put_margin(struct writer *writer, const struct place *place, const char *arrow, enum page_colour colour)
{
    struct page *page = writer->page;
    if (place != NULL && place->frame != 0) {
        char margin[64];
        double seconds = (double)(place->time - writer->record->connection.start) / 1e9;
        g_snprintf(margin, sizeof margin, "%+12.6f %8" G_GUINT64_FORMAT "  ", seconds, place->frame);
        page_append(page, PAGE_DIM, margin);
    } else {
        g_string_append_printf(page->out, "%23s", "");
    }
    page_printf(page, colour, "%s ", arrow);
}

/* Writes one line of the dialogue with its annotation. `text` is visible already. */
static void put_line(struct writer *writer, const struct place *place, const char *arrow, enum page_colour colour,
                     const char *text, const char *annotation)
{
    struct page *page = writer->page;
    put_margin(writer, place, arrow, colour);
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

static void put_hole(struct writer *writer, const char *text)
{
    page_rule(writer->page, PAGE_BAD, writer->page->unicode ? "\u254d" : "~", 3, text);
}

/* ---- content ---- */

static void put_field(struct writer *writer, const char *name, const char *value)
{
    if (value == NULL)
        return;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s: ", name);
    phrase_cut(text, smtp_span_of_text(value), line_limit(writer));
    put_line(writer, NULL, " |", PAGE_CLIENT, text->str, "");
    g_string_free(text, TRUE);
}

static void put_content_line(struct writer *writer, struct smtp_span line)
{
    GString *text = g_string_new(NULL);
    phrase_cut(text, line, line_limit(writer));
    put_line(writer, NULL, " |", PAGE_CLIENT, text->str, "");
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
                put_content_line(writer, smtp_span(line->str, line->len));
            g_string_assign(line, "");
            GString *missing = g_string_new(NULL);
            words_missing(missing, SMTP_CLIENT, piece->missing, 0, WORDS_NOT_CAPTURED);
            put_hole(writer, missing->str);
            g_string_free(missing, TRUE);
        }
        struct smtp_span rest = ((const struct message_piece *)link->data)->octets;
        const uint8_t *end;
        while (rest.length > 0 && (end = memchr(rest.octets, '\n', rest.length)) != NULL) {
            size_t length = (size_t)(end - rest.octets);
            g_string_append_len(line, (const char *)rest.octets, (gssize)length);
            if (line->len > 0 && line->str[line->len - 1] == '\r')
                g_string_truncate(line, line->len - 1);
            put_content_line(writer, smtp_span(line->str, line->len));
            g_string_truncate(line, 0);
            rest = smtp_span_from(rest, length + 1);
        }
        g_string_append_len(line, (const char *)rest.octets, (gssize)rest.length);
        if (line->len > CONTENT_LINE_LIMIT) {
            put_content_line(writer, smtp_span(line->str, line->len));
            g_string_truncate(line, 0);
        }
    }
    if (line->len > 0)
        put_content_line(writer, smtp_span(line->str, line->len));
    g_string_free(line, TRUE);
}

static void put_data(struct writer *writer, const struct row *row)
{
    const struct item *item = row->item;
    const struct message *message = item->message;
    bool chunk = item->transport == SMTP_TRANSPORT_BDAT;
    char *text = g_strdup_printf("[%s]", row->text);
    put_line(writer, row->place, " |", row->tone == WORDS_BAD ? PAGE_BAD : PAGE_CLIENT, text, row->meaning);
    g_free(text);
    if (item->transport == SMTP_TRANSPORT_XEXCH50 || (chunk && !item->last))
        return;
    if (writer->run->options->full && message->options->content) {
        put_content(writer, item);
        return;
    }
    if (chunk && item->octets < message->octets)
        put_line(writer, NULL, " |", PAGE_DIM, _("of all chunks together:"), "");
    put_field(writer, "From", message->from);
    put_field(writer, "To", message->to);
    put_field(writer, "Subject", message->subject);
    put_field(writer, "Date", message->date);
    put_field(writer, "Message-ID", message->message_id);
}

/* ---- rows ---- */

/* As swaks has it: a wave under TLS, a star where the server refuses. */
static const char *arrow_of(const struct row *row)
{
    if (row->role == SMTP_CLIENT)
        return row->encrypted ? "~>" : "->";
    if (row->refused)
        return row->encrypted ? "~*" : "<*";
    return row->encrypted ? "<~" : "<-";
}

static void put_boundary(struct page *page, const struct row *row)
{
    static const enum page_colour colours[] = {
        [WORDS_NOTE] = PAGE_WARNING,
        [WORDS_TURN] = PAGE_WARNING,
        [WORDS_GOOD] = PAGE_GOOD,
        [WORDS_BAD] = PAGE_BAD,
    };
    if (row->tone != WORDS_SILENT)
        page_rule(page, colours[row->tone], row->tone == WORDS_NOTE ? page_light(page) : page_heavy(page), 3,
                  row->text);
}

static void put_row(void *context, const struct row *row)
{
    struct writer *writer = context;
    struct page *page = writer->page;
    switch (row->kind) {
    case ROW_LINE:
        put_line(writer, row->first ? row->place : NULL, arrow_of(row),
                 row->role == SMTP_CLIENT ? PAGE_CLIENT
                 : row->refused           ? PAGE_BAD
                                          : PAGE_SERVER,
                 row->text, row->meaning);
        relief_give(writer->run->relief); /* a reply may have any number of lines */
        break;
    case ROW_CONTENT:
        put_data(writer, row);
        break;
    case ROW_BOUNDARY:
        put_boundary(page, row);
        break;
    case ROW_NOTE:
    case ROW_TLS:
        g_string_append_printf(page->out, "%*s", (int)LINE_COLUMN, "");
        page_wrap(page, PAGE_DIM, LINE_COLUMN, LINE_COLUMN, row->text);
        break;
    case ROW_CAPTURE:
    case ROW_LEFT_OUT:
        page_rule(page, PAGE_DIM, page_light(page), 3, row->text);
        break;
    case ROW_HOLE:
        put_hole(writer, row->text);
        break;
    case ROW_STRAY:
        put_line(writer, row->place, " ?", PAGE_BAD, row->text, "");
        break;
    case ROW_STRAY_LINE:
        put_line(writer, NULL, " ?", PAGE_BAD, row->text, "");
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
    phrase_endpoint(text, record, SMTP_CLIENT);
    if (record->account.greetings.helo_seen && record->account.greetings.helo.length > 0) {
        g_string_append(text, _("  calls itself "));
        text_append_visible(text, smtp_span_first(record->account.greetings.helo, 120));
    }
    put_fact(page, _("client"), text->str);

    g_string_truncate(text, 0);
    phrase_endpoint(text, record, SMTP_SERVER);
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
    struct writer writer = { .page = page, .record = record, .run = run };
    struct rows rows = {
        .record = record,
        .put = put_row,
        .context = &writer,
        .show_secrets = run->options->show_secrets,
        .full = run->options->full,
        .line_octets = line_limit(&writer),
        .reply_lines = UINT_MAX,
        .file = record->connection.capture,
        .stray_lines = run->options->full ? UINT_MAX : PHRASE_SKIPPED_LINES,
    };
    put_header(&writer);
    for (const GList *link = record->items.head; link != NULL; link = record_next(record, link)) {
        rows_of(&rows, link->data);
        relief_give(run->relief);
    }
    refusals_text(page, record);
    put_findings(&writer);
    put_summary(&writer);
}

const struct face_writer transcript_text_face = { .session = write_session };
