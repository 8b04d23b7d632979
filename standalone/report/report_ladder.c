/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A dialogue as a ladder: the client's line on the left, the server's on the right, an arrow for all that was sent. */

#include <inttypes.h>

#include "language.h"
#include "phrases.h"
#include "report_private.h"
#include "rows.h"
#include "text.h"

struct ladder {
    struct report *report;
    struct html *html;
    const struct record *record;
    const GArray *mails; /* struct report_mail */
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

/* ---- content ---- */

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

static void put_data(struct ladder *ladder, const struct row *row)
{
    struct html *html = ladder->html;
    const struct item *item = row->item;
    const struct message *message = item->message;
    bool chunk = item->transport == SMTP_TRANSPORT_BDAT && !item->last;
    begin_row(ladder, FROM_CLIENT, true);
    put_place(ladder, row->place, true);
    html_mark(html, "<td class=\"d\"><div><div class=\"content");
    if (row->tone == WORDS_BAD)
        html_mark(html, " broken");
    html_mark(html, "\">");
    put_sender(html, FROM_CLIENT);
    html_mark(html, "<strong>");
    html_text(html, row->text);
    html_mark(html, "</strong>");
    if (item->transport != SMTP_TRANSPORT_XEXCH50 && !chunk && message != NULL) {
        put_field(html, "From", message->from);
        put_field(html, "To", message->to);
        put_field(html, "Subject", message->subject);
        put_mail_link(ladder, message);
    }
    html_mark(html, "</div></div></td><td class=\"m\">");
    html_text(html, row->meaning);
    html_mark(html, "</td></tr>\n");
}

/* ---- rows of all kinds ---- */

static void put_tls(struct ladder *ladder, const char *text)
{
    struct html *html = ladder->html;
    html_mark(html, "<tr class=\"tls\"><td class=\"t\"></td><td class=\"f\"></td><td class=\"d\"><div>");
    html_text(html, text);
    html_mark(html, "</div></td><td class=\"m\"></td></tr>\n");
}

/* What stands between beginning and end of a login is marked; of what is silent, nothing is shown. */
static void put_boundary(struct ladder *ladder, const struct row *row)
{
    static const char *const kinds[] = {
        [WORDS_NOTE] = "note", [WORDS_TURN] = "turn", [WORDS_GOOD] = "good", [WORDS_BAD] = "bad"
    };
    const struct item *item = row->item;
    bool login = item->kind == ITEM_BOUNDARY && item->boundary == SMTP_BOUNDARY_AUTH;
    if (login && item->step == SMTP_STEP_STARTED)
        ladder->login = true;
    if (row->tone != WORDS_SILENT)
        put_band(ladder, kinds[row->tone], row->text);
    if (login && item->step != SMTP_STEP_STARTED && item->step != SMTP_STEP_CHALLENGE)
        ladder->login = false;
}

static enum sender sender_of(const struct row *row)
{
    return row->role == SMTP_CLIENT ? FROM_CLIENT : row->refused ? FROM_SERVER_REFUSING : FROM_SERVER;
}

static void put_row(void *context, const struct row *row)
{
    struct ladder *ladder = context;
    switch (row->kind) {
    case ROW_LINE:
    case ROW_STRAY_LINE:
        put_line(ladder, row->place, sender_of(row), row->first, row->last, row->text, row->meaning);
        break;
    case ROW_CONTENT:
        put_data(ladder, row);
        break;
    case ROW_BOUNDARY:
        put_boundary(ladder, row);
        break;
    case ROW_NOTE:
    case ROW_CAPTURE:
        put_band(ladder, "note", row->text);
        break;
    case ROW_TLS:
        put_tls(ladder, row->text);
        break;
    case ROW_HOLE:
    case ROW_STRAY:
        put_band(ladder, "gap", row->text);
        break;
    case ROW_LEFT_OUT:
        put_band(ladder, "cut", row->text);
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

static void put_items(struct ladder *ladder, struct rows *rows)
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
        rows_of(rows, item);
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
    struct ladder ladder = { .report = report, .html = html, .record = record, .mails = mails };
    struct rows rows = {
        .record = record,
        .put = put_row,
        .context = &ladder,
        .show_secrets = report->options->show_secrets,
        .line_octets = PHRASE_LINE_SHOWN,
        .reply_lines = REPORT_LINES,
        .stray_lines = PHRASE_SKIPPED_LINES,
        .file = record->connection.capture,
    };
    html_mark(html, "<table class=\"ladder\">\n");
    put_headings(html);
    put_items(&ladder, &rows);
    html_mark(html, "</tbody></table>\n");
}
