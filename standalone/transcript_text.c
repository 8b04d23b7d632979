/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transcript_text.h"

#include "annotate.h"
#include "finding_out.h"
#include "refusals_text.h"
#include "text.h"

/* Columns: offset in time, frame, direction, the line, and its annotation where there is room beside it. */
#define LINE_COLUMN 26u
#define ANNOTATION_COLUMN 50u /* or behind the line, if that ends later */
#define LINE_OCTETS_SHOWN ((size_t)400)

/* A line of content that is longer is shown as several. */
#define CONTENT_LINE_LIMIT ((size_t)1024 * 1024)

struct writer {
    struct page *page;
    const struct record *record;
    const struct transcript_options *options;
    unsigned capture; /* file of the frames shown last */
};

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

static void append_line_end(GString *out, enum smtp_line_end end)
{
    if (end == SMTP_LINE_END_LF)
        g_string_append(out, " [bare LF]");
    else if (end == SMTP_LINE_END_CR)
        g_string_append(out, " [bare CR]");
    else if (end == SMTP_LINE_END_NONE)
        g_string_append(out, " [line end not seen]");
}

static void append_cut(const struct writer *writer, GString *out, struct smtp_span text)
{
    bool cut = text.length > LINE_OCTETS_SHOWN && !writer->options->full;
    text_append_visible(out, cut ? smtp_span_first(text, LINE_OCTETS_SHOWN) : text);
    if (cut) {
        g_string_append(out, " [and ");
        text_append_count(out, text.length - LINE_OCTETS_SHOWN);
        g_string_append(out, " octets more]");
    }
}

static void append_guarded(const struct writer *writer, GString *out, const struct guarded *line)
{
    append_cut(writer, out, line->before);
    if (line->label == 0)
        return;
    if (writer->options->show_secrets)
        append_cut(writer, out, line->secret);
    else
        g_string_append_printf(out, "[secret-%u]", line->label);
}

/* ---- holes ---- */

/* What is not in the capture, in its place. `after`: the frame in front of it; 0: none, or it was said. */
static void put_missing(struct writer *writer, enum smtp_role role, uint64_t octets, uint64_t after)
{
    GString *text = g_string_new(NULL);
    text_append_count(text, octets);
    g_string_append_printf(text, octets == 1 ? " octet of the %s is NOT IN THE CAPTURE" : " octets of the %s are NOT IN THE CAPTURE",
                           role == SMTP_CLIENT ? "client" : "server");
    if (after != 0)
        g_string_append_printf(text, " (behind frame %" G_GUINT64_FORMAT ")", after);
    page_rule(writer->page, PAGE_BAD, writer->page->unicode ? "\u254d" : "~", 3, text->str);
    g_string_free(text, TRUE);
}

/* ---- items ---- */

static void put_command(struct writer *writer, const struct item *item)
{
    GString *text = g_string_new(NULL);
    GString *annotation = g_string_new(NULL);
    append_guarded(writer, text, &item->line);
    append_line_end(text, item->line_end);
    if (item->kind == ITEM_RESPONSE)
        annotate_response(annotation, item);
    else
        annotate_command(annotation, item);
    put_line(writer, item, "->", PAGE_CLIENT, true, text->str, annotation->str);
    g_string_free(annotation, TRUE);
    g_string_free(text, TRUE);
}

static void put_reply(struct writer *writer, const struct item *item)
{
    bool refused = item->reply.code >= 400;
    bool extensions = item->reply.code == 250 && item->lines.length > 1
                      && (item->reply.verb == SMTP_VERB_EHLO || item->reply.verb == SMTP_VERB_LHLO);
    GString *text = g_string_new(NULL);
    GString *annotation = g_string_new(NULL);
    for (const GList *link = item->lines.head; link != NULL; link = link->next) {
        const struct record_line *line = link->data;
        bool first = link->prev == NULL;
        g_string_truncate(text, 0);
        g_string_truncate(annotation, 0);
        append_cut(writer, text, line->text);
        append_line_end(text, line->end);
        bool whole = extensions ? first : link->next == NULL;
        if (whole)
            annotate_reply(annotation, writer->record, item);
        else if (extensions)
            annotate_keyword(annotation, line->reply.text);
        put_line(writer, item, refused ? "<*" : "<-", refused ? PAGE_BAD : PAGE_SERVER, first, text->str, annotation->str);
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
    text_append_visible(text, smtp_span_of_text(value));
    put_line(writer, item, " |", PAGE_CLIENT, false, text->str, "");
    g_string_free(text, TRUE);
}

static void put_content_line(struct writer *writer, const struct item *item, struct smtp_span line)
{
    GString *text = g_string_new(NULL);
    append_cut(writer, text, line);
    put_line(writer, item, " |", PAGE_CLIENT, false, text->str, "");
    g_string_free(text, TRUE);
    relief_give(writer->options->relief);
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
    text_append_count(text, item->octets);
    g_string_append(text, item->octets == 1 ? " octet" : " octets");
    if (item->transport == SMTP_TRANSPORT_XEXCH50)
        g_string_append(text, " of XEXCH50");
    else
        g_string_append(text, chunk ? item->last ? " of message, the last chunk" : " of message, a chunk" : " of message");
    if (item->place.last_frame != item->place.frame)
        g_string_append_printf(text, ", up to frame %" G_GUINT64_FORMAT, item->place.last_frame);
    g_string_append(text, item->complete ? "]" : ", NOT COMPLETE]");
    const char *annotation = "";
    if (item->end_mark == SMTP_END_VARIANT)
        annotation = "ended by a mark that only some receivers honour; this server answered it";
    else if (!item->complete && item->end_mark == SMTP_END_NONE)
        annotation = "its end was not seen";
    else if (!item->complete)
        annotation = "part of it is not in the capture";
    put_line(writer, item, " |", item->complete ? PAGE_CLIENT : PAGE_BAD, true, text->str, annotation);
    g_string_free(text, TRUE);
    if (item->transport == SMTP_TRANSPORT_XEXCH50 || (chunk && !item->last))
        return;
    if (writer->options->full && message->options->content) {
        put_content(writer, item);
        return;
    }
    put_field(writer, item, "From", message->from);
    put_field(writer, item, "To", message->to);
    put_field(writer, item, "Subject", message->subject);
    put_field(writer, item, "Date", message->date);
    put_field(writer, item, "Message-ID", message->message_id);
}

/* ---- boundaries ---- */

static void append_identity(GString *out, const struct auth *auth)
{
    if (auth->identity.octets == NULL)
        return;
    g_string_append(out, " for ");
    if (auth->identity.length == 0)
        g_string_append(out, "an empty user name");
    text_append_visible(out, auth->identity);
}

static void put_auth_boundary(struct writer *writer, const struct item *item)
{
    const struct auth *auth = item->auth;
    bool begins = item->step == SMTP_STEP_STARTED;
    if (auth == NULL || item->step == SMTP_STEP_CHALLENGE)
        return;
    GString *title = g_string_new(NULL);
    g_string_append(title, begins ? "AUTH begins: " : "AUTH ends, ");
    if (!begins) {
        char *result = g_ascii_strup(smtp_step_name(item->step), -1);
        g_string_append_printf(title, "%s: ", result);
        g_free(result);
    }
    annotate_mechanism(title, auth);
    if (!begins)
        append_identity(title, auth);
    g_string_append_printf(title, ", in clear (frame %" G_GUINT64_FORMAT ")", item->place.frame);
    enum page_colour colour = begins                                ? PAGE_WARNING
                              : item->step == SMTP_STEP_ACCEPTED ? PAGE_GOOD
                                                                    : PAGE_BAD;
    page_rule(writer->page, colour, page_heavy(writer->page), 3, title->str);
    g_string_free(title, TRUE);
}

static const char *version_range(const struct tls *tls)
{
    const char *chosen = smtp_tls_version_name(tls->server_version);
    return tls->server_version != 0 && chosen != NULL ? chosen : NULL;
}

static void put_tls_summary(struct writer *writer)
{
    struct page *page = writer->page;
    const struct tls *tls = &writer->record->tls;
    GString *text = g_string_new(NULL);
    const char *version = version_range(tls);
    const char *offered = tls->client_version != 0 ? smtp_tls_version_name(tls->client_version) : NULL;
    if (version != NULL)
        g_string_append_printf(text, "%s", version);
    else if (offered != NULL)
        g_string_append_printf(text, "the client offers up to %s, the server's choice was not seen", offered);
    if (tls->sni.octets != NULL) {
        g_string_append(text, text->len > 0 ? ", server name " : "server name ");
        text_append_visible(text, tls->sni);
    }
    if (tls->alpn.octets != NULL) {
        g_string_append(text, ", ALPN ");
        text_append_visible(text, tls->alpn);
    }
    g_string_append(text, text->len > 0 ? "; " : "");
    g_string_append(text, "the client sent ");
    text_append_count(text, tls->octets[SMTP_CLIENT]);
    g_string_append(text, " octets, the server ");
    text_append_count(text, tls->octets[SMTP_SERVER]);
    g_string_append(text, ", not readable without the keys");
    g_string_append_printf(page->out, "%*s", (int)LINE_COLUMN, "");
    page_wrap(page, PAGE_DIM, LINE_COLUMN, LINE_COLUMN, text->str);
    g_string_free(text, TRUE);
}

static void put_tls_boundary(struct writer *writer, const struct item *item)
{
    struct page *page = writer->page;
    const char *name = item->boundary == SMTP_BOUNDARY_STARTTLS ? "STARTTLS" : "Implicit TLS";
    enum page_colour colour = PAGE_WARNING;
    const char *dash = page_heavy(page);
    GString *title = g_string_new(name);
    switch (item->step) {
    case SMTP_STEP_OFFERED:
        dash = page_light(page);
        g_string_append(title, " is offered");
        break;
    case SMTP_STEP_REQUESTED:
        dash = page_light(page);
        g_string_append(title, " is asked for");
        break;
    case SMTP_STEP_ACCEPTED:
        colour = PAGE_GOOD;
        g_string_append(title, " ACCEPTED: the clear text ends here");
        break;
    case SMTP_STEP_REFUSED:
        colour = PAGE_BAD;
        g_string_append(title, " REFUSED: the dialogue stays in clear");
        break;
    case SMTP_STEP_HANDSHAKE:
        g_string_append(title, ": TLS handshake begins");
        break;
    case SMTP_STEP_ESTABLISHED:
        colour = PAGE_GOOD;
        g_string_append(title, ": TLS established, all that follows is encrypted");
        break;
    case SMTP_STEP_FAILED:
        colour = PAGE_BAD;
        g_string_append(title, ": TLS handshake FAILED, alert ");
        text_append_visible(title, item->note);
        break;
    default:
        break;
    }
    g_string_append_printf(title, " (frame %" G_GUINT64_FORMAT ")", item->place.frame);
    page_rule(page, colour, dash, 3, title->str);
    g_string_free(title, TRUE);
    if (item->step == SMTP_STEP_HANDSHAKE)
        put_tls_summary(writer);
}

static void put_skipped(struct writer *writer, const struct item *item)
{
    GString *text = g_string_new("[");
    text_append_count(text, item->octets);
    g_string_append_printf(text, " octets of the %s that cannot be placed in the dialogue]",
                           item->role == SMTP_CLIENT ? "client" : "server");
    put_line(writer, item, " ?", PAGE_BAD, true, text->str, "");
    g_string_free(text, TRUE);
}

static void put_proxy(struct writer *writer, const struct item *item)
{
    GString *text = g_string_new(NULL);
    struct smtp_span line = item->text;
    while (line.length > 0 && (line.octets[line.length - 1] == '\n' || line.octets[line.length - 1] == '\r'))
        line.length--;
    append_cut(writer, text, line);
    put_line(writer, item, "->", PAGE_CLIENT, true, text->str, "PROXY protocol header, from a load balancer");
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
        put_reply(writer, item);
        break;
    case ITEM_DATA:
        put_data(writer, item);
        break;
    case ITEM_BOUNDARY:
        if (item->boundary == SMTP_BOUNDARY_AUTH)
            put_auth_boundary(writer, item);
        else
            put_tls_boundary(writer, item);
        break;
    case ITEM_GAP:
        if (!(item->in_content && writer->options->full))
            put_missing(writer, item->role, item->octets, item->place.last_frame);
        break;
    case ITEM_SKIPPED:
        put_skipped(writer, item);
        break;
    case ITEM_PROXY:
        put_proxy(writer, item);
        break;
    case ITEM_TURNED:
        page_rule(writer->page, PAGE_WARNING, page_heavy(writer->page), 3, "client and server change roles");
        break;
    }
}

/* ---- header and summary ---- */

static void put_fact(struct page *page, const char *name, const char *value)
{
    page_printf(page, PAGE_DIM, "  %-9s ", name);
    page_wrap(page, PAGE_PLAIN, 12, 12, value);
}

static void put_header(struct writer *writer)
{
    struct page *page = writer->page;
    const struct record *record = writer->record;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s session %" G_GUINT64_FORMAT, record->lmtp ? "LMTP" : "SMTP", record->id);
    page_rule(page, PAGE_BOLD, page_heavy(page), 2, text->str);

    g_string_truncate(text, 0);
    annotate_endpoint(text, record, SMTP_CLIENT);
    if (record->helo_seen && record->helo.length > 0) {
        g_string_append(text, "  calls itself ");
        append_cut(writer, text, smtp_span_first(record->helo, 120));
    }
    put_fact(page, "client", text->str);

    g_string_truncate(text, 0);
    annotate_endpoint(text, record, SMTP_SERVER);
    if (!record->banner_seen)
        g_string_append(text, "  no greeting was seen");
    put_fact(page, "server", text->str);

    g_string_truncate(text, 0);
    text_append_time(text, record->connection.start, record->precision);
    g_string_append(text, "  lasts ");
    annotate_duration(text, record->connection.end - record->connection.start);
    put_fact(page, "begins", text->str);

    g_string_truncate(text, 0);
    const struct tcp_connection *connection = &record->connection;
    g_string_append_printf(text, "%" G_GUINT64_FORMAT, connection->first_frame);
    if (connection->capture != connection->last_capture) {
        g_string_append(text, " of ");
        text_append_visible(text, smtp_span_of_text(record_capture(record, connection->capture)));
    }
    g_string_append_printf(text, " to %" G_GUINT64_FORMAT " of ", connection->last_frame);
    text_append_visible(text, smtp_span_of_text(record_capture(record, connection->last_capture)));
    put_fact(page, "frames", text->str);
    page_rule(page, PAGE_DIM, page_light(page), 0, "");
    page_append(page, PAGE_DIM, "     seconds    frame\n");
    g_string_free(text, TRUE);
}

static void put_findings(struct writer *writer)
{
    struct page *page = writer->page;
    const struct record *record = writer->record;
    if (record->findings.length == 0)
        return;
    page_rule(page, PAGE_DIM, page_light(page), 2, "findings");
    for (const GList *link = record->findings.head; link != NULL; link = link->next) {
        const struct finding *finding = link->data;
        enum smtp_severity severity = smtp_finding_severity(finding->finding);
        page_printf(page, finding_colour(severity), "  %-6s  %s", smtp_severity_name(severity), smtp_finding_name(finding->finding));
        if (finding->frame != 0)
            page_printf(page, PAGE_DIM, "  frame %" G_GUINT64_FORMAT, finding->frame);
        g_string_append(page->out, "\n          ");
        GString *detail = g_string_new(NULL);
        text_append_visible(detail, finding->detail);
        page_wrap(page, PAGE_PLAIN, 10, 10, detail->str);
        g_string_free(detail, TRUE);
    }
}

static void append_outcomes(GString *out, const struct record *record)
{
    static const char *const names[] = { "of unknown outcome", "accepted", "rejected", "aborted", "unfinished" };
    unsigned counts[G_N_ELEMENTS(names)] = { 0 };
    for (const GList *link = record->transactions.head; link != NULL; link = link->next)
        counts[((const struct transaction *)link->data)->outcome]++;
    g_string_append_printf(out, ", %u mail%s", record->transactions.length, record->transactions.length == 1 ? "" : "s");
    const char *comma = " (";
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (counts[i] == 0)
            continue;
        if (record->transactions.length == 1)
            g_string_append_printf(out, " %s", names[i]);
        else
            g_string_append_printf(out, "%s%u %s", comma, counts[i], names[i]);
        comma = ", ";
    }
    if (record->transactions.length > 1)
        g_string_append_c(out, ')');
}

static void put_summary(struct writer *writer)
{
    const struct record *record = writer->record;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%" G_GUINT64_FORMAT " command%s, %" G_GUINT64_FORMAT " repl%s", record->commands,
                           record->commands == 1 ? "" : "s", record->replies, record->replies == 1 ? "y" : "ies");
    append_outcomes(text, record);
    g_string_append(text, ", ");
    annotate_starttls(text, record);
    unsigned shown = 0;
    for (const GList *link = record->auths.head; link != NULL && shown < 3; link = link->next, shown++) {
        const struct auth *auth = link->data;
        g_string_append(text, ", AUTH ");
        annotate_mechanism(text, auth);
        g_string_append_printf(text, " %s", record_auth_result(auth));
    }
    g_string_append(text, "; ");
    annotate_ending(text, record);
    struct page *page = writer->page;
    page_rule(page, PAGE_DIM, page_light(page), 0, "");
    page_append(page, PAGE_BOLD, "  ");
    page_wrap(page, PAGE_BOLD, 2, 2, text->str);
    g_string_append_c(page->out, '\n');
    g_string_free(text, TRUE);
}

/* A session may go on in the next file of a ring: there the frames begin anew. */
static void put_capture(struct writer *writer, const struct item *item)
{
    if (item->place.frame == 0 || item->place.capture == writer->capture)
        return;
    writer->capture = item->place.capture;
    GString *title = g_string_new("from here on frames of ");
    text_append_visible(title, smtp_span_of_text(record_capture(writer->record, item->place.capture)));
    page_rule(writer->page, PAGE_DIM, page_light(writer->page), 3, title->str);
    g_string_free(title, TRUE);
}

void transcript_text(struct page *page, const struct record *record, const struct transcript_options *options)
{
    struct writer writer = { .page = page, .record = record, .options = options, .capture = record->connection.capture };
    put_header(&writer);
    for (const GList *link = record->items.head; link != NULL; link = link->next) {
        put_capture(&writer, link->data);
        put_item(&writer, link->data);
        relief_give(options->relief);
    }
    refusals_text(page, record);
    put_findings(&writer);
    put_summary(&writer);
}
