/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A dialogue as a ladder: the client's line on the left, the server's on the right, an arrow for all that was sent. */

#include <inttypes.h>

#include "annotate.h"
#include "language.h"
#include "line.h"
#include "phrases.h"
#include "report_private.h"
#include "text.h"

struct ladder {
    struct report *report;
    struct html *html;
    const struct record *record;
    const GArray *mails; /* struct report_mail */
    unsigned capture;    /* file of the frames shown last */
    bool login;          /* an AUTH exchange goes on */
    /* What is left out at the moment. */
    uint64_t left_out;
    uint64_t first, last; /* its frames */
};

/* ---- rows ---- */

enum sender {
    FROM_CLIENT,
    FROM_SERVER,
    FROM_SERVER_REFUSING,
    FROM_NOBODY,
};

static void begin_row(struct ladder *ladder, enum sender sender, bool arrow)
{
    static const char *const classes[] = { "c", "s", "s refuse", "n" };
    char *style = g_strdup_printf("%s%s%s", classes[sender], arrow ? " to" : "", ladder->login ? " auth" : "");
    html_mark(ladder->html, "<tr");
    html_attribute(ladder->html, "class", style);
    html_mark(ladder->html, ">");
    g_free(style);
}

/* Seconds and frame, if they are not those of the row above. */
static void put_place(struct ladder *ladder, const struct place *place, bool first)
{
    struct html *html = ladder->html;
    html_mark(html, "<td class=\"t\">");
    if (first && place->frame != 0)
        html_printf(html, "%+.6f", (double)(place->time - ladder->record->connection.start) / 1e9);
    html_mark(html, "</td><td class=\"f\">");
    if (first && place->frame != 0)
        html_number(html, place->frame);
    html_mark(html, "</td>");
}

/* Who speaks, for those who do not see the arrow. */
static void put_sender(struct html *html, enum sender sender)
{
    static const char *const names[] = { N_("client"), N_("server"), N_("server refuses") };
    if (sender == FROM_NOBODY)
        return;
    html_mark(html, "<span class=\"vh\">");
    html_text(html, _(names[sender]));
    html_mark(html, ": </span>");
}

/* One line as sent, and what it means; both visible already. */
static void put_line(struct ladder *ladder, const struct place *place, enum sender sender, bool first, bool last,
                     const char *text, const char *meaning)
{
    struct html *html = ladder->html;
    begin_row(ladder, sender, last);
    put_place(ladder, place, first);
    html_mark(html, "<td class=\"d\"><div>");
    put_sender(html, sender);
    html_mark(html, "<code><bdi>");
    html_text(html, text);
    html_mark(html, "</bdi></code></div></td><td class=\"m\">");
    html_text(html, meaning);
    html_mark(html, "</td></tr>\n");
}

/* A band across the ladder. */
static void begin_band(struct ladder *ladder, const char *kind)
{
    char *style = g_strdup_printf("band %s%s", kind, ladder->login ? " auth" : "");
    html_mark(ladder->html, "<tr");
    html_attribute(ladder->html, "class", style);
    html_mark(ladder->html, "><td colspan=\"4\">");
    g_free(style);
}

static void end_band(struct ladder *ladder)
{
    html_mark(ladder->html, "</td></tr>\n");
}

static void put_band(struct ladder *ladder, const char *kind, const char *text)
{
    begin_band(ladder, kind);
    html_text(ladder->html, text);
    end_band(ladder);
}

/* ---- items ---- */

static void put_command(struct ladder *ladder, const struct item *item)
{
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    phrase_guarded(text, &item->line, PHRASE_LINE_SHOWN, ladder->report->options->show_secrets);
    phrase_line_end(text, item->line_end);
    if (item->kind == ITEM_RESPONSE)
        annotate_response(meaning, item);
    else
        annotate_command(meaning, item);
    put_line(ladder, &item->place, FROM_CLIENT, true, true, text->str, meaning->str);
    g_string_free(meaning, TRUE);
    g_string_free(text, TRUE);
}

static bool lists_extensions(const struct item *item)
{
    return smtp_reply_lists_extensions(&item->reply) && item->lines.length > item->reply.text_lines + 1;
}

/* A session may go on in the next file of a ring: there the frames begin anew. */
static void put_capture(struct ladder *ladder, const struct place *place)
{
    if (place->frame == 0 || place->file == ladder->capture)
        return;
    ladder->capture = place->file;
    begin_band(ladder, "note");
    html_text(ladder->html, _("from here on frames of "));
    html_wire(ladder->html, smtp_span_of_text(record_capture(ladder->record, place->file)));
    end_band(ladder);
}

/* `above`: where the line shown in front of it stands; NULL: it is the first one. `number`: of the line in its reply, from 1. */
static void put_reply_line(struct ladder *ladder, const struct item *item, const struct record_line *line, unsigned number,
                           const struct place *above)
{
    enum sender sender = item->reply.code >= 400 ? FROM_SERVER_REFUSING : FROM_SERVER;
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    bool last = line->link.next == NULL;
    phrase_cut(text, record_line_text(line), PHRASE_LINE_SHOWN);
    phrase_line_end(text, line->end);
    if (lists_extensions(item) ? number == item->reply.text_lines + 1 : last)
        annotate_reply(meaning, item);
    else if (lists_extensions(item) && number > item->reply.text_lines)
        words_keyword(meaning, record_line_words(line));
    bool moved = above == NULL || line->place->frame != above->frame || line->place->file != above->file;
    put_capture(ladder, line->place);
    put_line(ladder, line->place, sender, moved, last, text->str, meaning->str);
    g_string_free(meaning, TRUE);
    g_string_free(text, TRUE);
}

static void say_lines_left_out(struct ladder *ladder, unsigned lines)
{
    char *text = g_strdup_printf(language_plural("%u line of this reply is left out", "%u lines of this reply are left out", lines), lines);
    put_band(ladder, "cut", text);
    g_free(text);
}

/* Of a reply the lines that stand here: all of them, mostly. Of very many, the last one has the arrow and is shown in any case. */
static void put_reply(struct ladder *ladder, const struct item *item, const struct item *here)
{
    unsigned number = here->first_line;
    unsigned count = here->end_line - here->first_line;
    unsigned shown = MIN(count, REPORT_LINES);
    const struct place *above = NULL;
    const GList *link = here->lines_here;
    for (; link != NULL && number + 1 < here->first_line + shown; link = link->next, number++) {
        put_reply_line(ladder, item, link->data, number + 1, above);
        above = ((const struct record_line *)link->data)->place;
    }
    if (count > shown)
        say_lines_left_out(ladder, count - shown);
    if (count == 0)
        return;
    if (here->end_line == item->lines.length) /* which need not be walked to: there may be very many */
        link = item->lines.tail;
    else
        for (; link != NULL && number + 1 < here->end_line; number++)
            link = record_next(ladder->record, link);
    if (link != NULL)
        put_reply_line(ladder, item, link->data, here->end_line, above);
}

static void put_field(struct html *html, const char *name, const char *value)
{
    if (value == NULL)
        return;
    html_mark(html, "<div><span class=\"soft\">");
    html_text(html, name);
    html_mark(html, ":</span> ");
    html_wire(html, smtp_span_of_text(value));
    html_mark(html, "</div>");
}

static const struct report_mail *mail_of(const struct ladder *ladder, const struct message *message)
{
    for (unsigned i = 0; i < ladder->mails->len; i++) {
        const struct report_mail *mail = &g_array_index(ladder->mails, struct report_mail, i);
        if (mail->message == message->number)
            return mail;
    }
    return NULL;
}

static void put_mail_link(struct ladder *ladder, const struct message *message)
{
    struct html *html = ladder->html;
    const struct report_mail *mail = mail_of(ladder, message);
    if (mail == NULL)
        return;
    html_mark(html, "<div><a href=\"#m");
    html_number(html, ladder->record->id);
    html_mark(html, "-");
    html_number(html, mail->transaction);
    html_mark(html, "\">");
    html_printf(html, _("mail %" PRIu64 ".%u"), ladder->record->id, mail->transaction);
    html_mark(html, "</a></div>");
}

static void put_data(struct ladder *ladder, const struct item *item)
{
    struct html *html = ladder->html;
    const struct message *message = item->message;
    bool chunk = item->transport == SMTP_TRANSPORT_BDAT && !item->last;
    begin_row(ladder, FROM_CLIENT, true);
    put_place(ladder, &item->place, true);
    html_mark(html, "<td class=\"d\"><div><div class=\"content");
    if (!item->complete)
        html_mark(html, " broken");
    html_mark(html, "\">");
    put_sender(html, FROM_CLIENT);
    html_mark(html, "<strong>");
    phrase_data(html_phrase(html), item);
    html_give(html);
    html_mark(html, "</strong>");
    if (item->transport != SMTP_TRANSPORT_XEXCH50 && !chunk && message != NULL) {
        put_field(html, "From", message->from);
        put_field(html, "To", message->to);
        put_field(html, "Subject", message->subject);
        put_mail_link(ladder, message);
    }
    html_mark(html, "</div></div></td><td class=\"m\">");
    html_text(html, phrase_data_note(item));
    html_mark(html, "</td></tr>\n");
}

static void put_tls(struct ladder *ladder)
{
    struct html *html = ladder->html;
    html_mark(html, "<tr class=\"tls\"><td class=\"t\"></td><td class=\"f\"></td><td class=\"d\"><div>");
    phrase_tls(html_phrase(html), ladder->record);
    html_give(html);
    html_mark(html, "</div></td><td class=\"m\"></td></tr>\n");
}

static void put_boundary(struct ladder *ladder, const struct item *item)
{
    static const char *const kinds[] = {
        [WORDS_NOTE] = "note", [WORDS_TURN] = "turn", [WORDS_GOOD] = "good", [WORDS_BAD] = "bad"
    };
    bool auth = item->boundary == SMTP_BOUNDARY_AUTH;
    GString *text = g_string_new(NULL);
    enum words_tone tone = phrase_boundary(text, ladder->record, item);
    if (auth && item->step == SMTP_STEP_STARTED)
        ladder->login = true;
    if (tone != WORDS_SILENT)
        put_band(ladder, kinds[tone], text->str);
    if (*phrase_boundary_note(item) != '\0')
        put_band(ladder, "note", phrase_boundary_note(item));
    if (auth && item->step != SMTP_STEP_STARTED && item->step != SMTP_STEP_CHALLENGE &&
        item->step != SMTP_STEP_RESPONSE)
        ladder->login = false;
    if (!auth && item->step == SMTP_STEP_HANDSHAKE)
        put_tls(ladder);
    g_string_free(text, TRUE);
}

static void put_gap(struct ladder *ladder, const struct item *item)
{
    GString *text = g_string_new(NULL);
    words_missing(text, item->role, item->octets, item->last_frame, WORDS_NOT_CAPTURED);
    put_band(ladder, "gap", text->str);
    g_string_free(text, TRUE);
}

static void put_skipped(struct ladder *ladder, const struct item *item)
{
    GString *text = g_string_new(NULL);
    words_skipped(text, item->role, item->octets);
    put_band(ladder, "gap", text->str);
    GString *octets = g_string_new(NULL);
    phrase_skipped_octets(octets, item, ladder->report->options->show_secrets);
    struct smtp_span rest = smtp_span(octets->str, octets->len);
    enum sender sender = item->role == SMTP_CLIENT ? FROM_CLIENT : FROM_SERVER;
    struct smtp_line line;
    for (unsigned i = 0; i < PHRASE_SKIPPED_LINES && smtp_line_find(rest, true, &line); i++) {
        g_string_truncate(text, 0);
        phrase_cut(text, line.text, PHRASE_LINE_SHOWN);
        rest = smtp_span_from(rest, line.octets);
        put_line(ladder, &item->place, sender, i == 0, false, text->str, _("cannot be placed"));
    }
    if (rest.length > 0)
        put_line(ladder, &item->place, sender, false, false, "[...]", _("cannot be placed"));
    g_string_free(octets, TRUE);
    g_string_free(text, TRUE);
}

static void put_proxy(struct ladder *ladder, const struct item *item)
{
    GString *text = g_string_new(NULL);
    GString *meaning = g_string_new(NULL);
    phrase_proxy_header(text, meaning, item->text, PHRASE_LINE_SHOWN);
    put_line(ladder, &item->place, FROM_CLIENT, true, true, text->str, meaning->str);
    g_string_free(meaning, TRUE);
    g_string_free(text, TRUE);
}

static void put_item(struct ladder *ladder, const struct item *item)
{
    switch (item->kind) {
    case ITEM_COMMAND:
    case ITEM_RESPONSE:
        put_command(ladder, item);
        break;
    case ITEM_REPLY:
        put_reply(ladder, item, item);
        break;
    case ITEM_REPLY_PART:
        put_reply(ladder, item->whole, item);
        break;
    case ITEM_DATA:
        put_data(ladder, item);
        break;
    case ITEM_BOUNDARY:
        put_boundary(ladder, item);
        break;
    case ITEM_GAP:
        put_gap(ladder, item);
        break;
    case ITEM_SKIPPED:
        put_skipped(ladder, item);
        break;
    case ITEM_PROXY:
        put_proxy(ladder, item);
        break;
    case ITEM_TURNED:
        put_band(ladder, "turn", words_turned());
        break;
    }
}

/* ---- what is left out ---- */

static void leave_out(struct ladder *ladder, const struct item *item)
{
    ladder->left_out++;
    if (item->place.frame == 0)
        return;
    ladder->first = ladder->first != 0 ? ladder->first : item->place.frame;
    ladder->last = item->last_frame;
}

static void say_left_out(struct ladder *ladder)
{
    if (ladder->left_out == 0)
        return;
    GString *count = g_string_new(NULL);
    text_append_count(count, ladder->left_out);
    begin_band(ladder, "cut");
    html_printf(ladder->html,
                language_plural("%s step is left out here", "%s steps are left out here", ladder->left_out),
                count->str);
    if (ladder->first != 0)
        html_printf(ladder->html, _(" (frames %" PRIu64 " to %" PRIu64 ")"), ladder->first, ladder->last);
    html_printf(ladder->html, _("; smtpscope --session %" PRIu64 " prints all"), ladder->record->id);
    end_band(ladder);
    g_string_free(count, TRUE);
    ladder->left_out = ladder->first = ladder->last = 0;
}

/* Where another part of a session begins, or some of it is missing, is shown even between what is left out. */
static bool is_turn(const struct item *item)
{
    return item->kind == ITEM_BOUNDARY || item->kind == ITEM_GAP || item->kind == ITEM_SKIPPED ||
           item->kind == ITEM_TURNED;
}

static void put_items(struct ladder *ladder)
{
    const struct record *record = ladder->record;
    unsigned count = record->items.length;
    unsigned turns = 0;
    unsigned number = 0;
    for (const GList *link = record->items.head; link != NULL; link = record_next(record, link), number++) {
        const struct item *item = link->data;
        bool outside = number < REPORT_ITEMS || number + REPORT_ITEMS >= count;
        if (!outside && (!is_turn(item) || turns++ >= REPORT_TURNS)) {
            leave_out(ladder, item);
            continue;
        }
        say_left_out(ladder);
        put_capture(ladder, &item->place);
        put_item(ladder, item);
        relief_give(&ladder->report->relief);
    }
}

static void put_headings(struct html *html)
{
    html_mark(html, "<thead><tr><th scope=\"col\" class=\"t\">");
    html_text(html, _("Seconds"));
    html_mark(html, "</th><th scope=\"col\" class=\"f\">");
    html_text(html, _("Frame"));
    html_mark(html, "</th><th scope=\"col\" class=\"d\"><span>");
    html_text(html, _("Client"));
    html_mark(html, "</span> <span>");
    html_text(html, _("Server"));
    html_mark(html, "</span></th><th scope=\"col\" class=\"m\">");
    html_text(html, _("Meaning"));
    html_mark(html, "</th></tr></thead>\n<tbody>\n");
}

void report_ladder(struct report *report, const struct record *record, const GArray *mails)
{
    struct html *html = &report->html;
    struct ladder ladder = {
        .report = report, .html = html, .record = record, .mails = mails, .capture = record->connection.capture
    };
    html_mark(html, "<table class=\"ladder\">\n");
    put_headings(html);
    put_items(&ladder);
    html_mark(html, "</tbody></table>\n");
}
