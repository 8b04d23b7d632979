/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "steps.h"

#include <inttypes.h>
#include <string.h>

#include "keyword.h"
#include "language.h"
#include "reference/reference.h"
#include "rows.h"
#include "text.h"
#include "words.h"

static void step_free(void *data)
{
    struct step *step = data;
    g_free(step->line);
    g_free(step->means);
    g_free(step->more);
    g_free(step->next);
    g_free(step);
}

static struct step *add_step(GPtrArray *steps, const struct record *record, const struct item *item,
                             enum speaker speaker)
{
    struct step *step = g_new0(struct step, 1);
    step->speaker = speaker;
    step->frame = item->place.frame;
    step->seconds = (double)(item->place.time - record->connection.start) / 1e9;
    g_ptr_array_add(steps, step);
    return step;
}

static char *visible(struct smtp_span text)
{
    GString *out = g_string_new(NULL);
    text_append_visible(out, text);
    return g_string_free(out, FALSE);
}

/* "MAIL RSET QUIT" as "MAIL, RSET, QUIT". */
static char *listed(const char *words)
{
    char **parts = g_strsplit(words, " ", -1);
    char *list = g_strjoinv(", ", parts);
    g_strfreev(parts);
    return list;
}

static const struct smtp_reference_entry *command_entry(enum smtp_verb verb)
{
    return smtp_reference_find(&smtp_reference_commands, smtp_span_of_text(smtp_verb_name(verb)));
}

static char *description_of(const struct smtp_reference_entry *entry)
{
    return entry != NULL && entry->description != NULL ? g_strdup(_(entry->description)) : NULL;
}

/* ---- what the client says ---- */

/* Which replies may come. */
static char *replies_to(const struct smtp_reference_entry *entry)
{
    GString *out = g_string_new(NULL);
    const struct {
        const char *codes, *text;
    } parts[] = {
        { entry->success, _("%s: done") },
        { entry->intermediate, _("%s: go on") },
        { entry->failure, _("%s: refused") },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].codes == NULL)
            continue;
        char *codes = listed(parts[i].codes);
        g_string_append(out, out->len > 0 ? "; " : "");
        g_string_append_printf(out, parts[i].text, codes);
        g_free(codes);
    }
    char *text = out->len > 0 ? g_strdup_printf(_("the server answers with %s"), out->str) : NULL;
    g_string_free(out, TRUE);
    return text;
}

static void add_command(GPtrArray *steps, const struct record *record, const struct item *item)
{
    struct step *step = add_step(steps, record, item, SPEAKER_CLIENT);
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_commands, item->word);
    GString *text = g_string_new(NULL);
    text_append_visible(text, item->line.before);
    if (item->line.label != 0)
        g_string_append_printf(text, "[secret-%u]", item->line.label);
    step->line = g_string_free(text, FALSE);
    text = g_string_new(NULL);
    rows_meaning(text, item);
    step->means = g_string_free(text, FALSE);
    if (item->kind == ITEM_RESPONSE) {
        step->next = g_strdup(_("a further challenge (334), or the end of the login: 235, or a refusal"));
        return;
    }
    step->more = description_of(entry);
    step->next = entry != NULL ? replies_to(entry) : NULL;
}

static void add_data(GPtrArray *steps, const struct record *record, const struct item *item)
{
    struct step *step = add_step(steps, record, item, SPEAKER_CLIENT);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("[%" PRIu64 " octets of message]"), item->octets);
    if (item->message != NULL && item->message->subject != NULL &&
        (item->last || item->transport == SMTP_TRANSPORT_DATA)) {
        g_string_append(text, " Subject: ");
        text_append_visible(text, smtp_span_of_text(item->message->subject));
    }
    step->line = g_string_free(text, FALSE);
    bool chunk = item->transport == SMTP_TRANSPORT_BDAT;
    step->means = g_strdup(chunk ? _("the octets that BDAT announced")
                                 : _("the message: header, an empty line, body, and a lone dot"));
    step->more = g_strdup(
        chunk
            ? _("Nothing in them is looked at to find their end: it is the count that ends them.")
            : _("Who is named in From: and To: of the header does not decide where the mail goes: MAIL and RCPT do."));
    step->next = g_strdup(_("the server answers: 250 means that it has taken the mail into its care"));
}

/* ---- what the server says ---- */

static char *next_behind(const struct item *item)
{
    const struct smtp_reference_entry *entry = command_entry(item->reply.verb);
    unsigned code = item->reply.code;
    if (item->reply.answers == SMTP_ANSWERS_GREETING)
        return g_strdup(code / 100 == 2 ? _("the client greets: EHLO, or HELO")
                                        : _("the client has nothing to do here but QUIT"));
    if (code == 334)
        return g_strdup(_("the client answers in base64, or cancels with *"));
    if (code == 354)
        return g_strdup(_("the client sends the message"));
    if (code / 100 != 2)
        return g_strdup(_("nothing has changed: the client may go on with the next command, RSET, or QUIT"));
    if (item->reply.verb == SMTP_VERB_STARTTLS)
        return g_strdup(_("the client begins the TLS handshake, and under TLS sends EHLO again"));
    if (item->reply.verb == SMTP_VERB_QUIT)
        return g_strdup(_("both close the connection"));
    if (entry == NULL || entry->next == NULL)
        return NULL;
    char *list = listed(entry->next);
    char *text = g_strdup_printf(_("the client may send %s"), list);
    g_free(list);
    return text;
}

/* A line of an EHLO reply behind its first. */
static void add_extension(GPtrArray *steps, const struct record *record, const struct item *item,
                          const struct record_line *line)
{
    struct step *step = add_step(steps, record, item, SPEAKER_SERVER);
    struct smtp_keyword_line keyword = smtp_keyword_line_parse(record_line_words(line));
    GString *means = g_string_new(NULL);
    words_keyword(means, record_line_words(line));
    step->line = visible(record_line_text(line));
    step->means = g_string_free(means, FALSE);
    step->more = description_of(smtp_reference_find(&smtp_reference_keywords, keyword.word));
    step->next = g_strdup(smtp_reply_line_read(record_line_text(line)).last ? _("the list ends here: no hyphen behind the code")
                                           : _("the list goes on: a hyphen behind the code"));
}

static void add_reply(GPtrArray *steps, const struct record *record, const struct item *item)
{
    bool extensions = smtp_reply_lists_extensions(&item->reply);
    unsigned number = 0;
    for (const GList *link = item->lines.head; link != NULL; link = link->next) {
        const struct record_line *line = link->data;
        if (extensions && number++ > item->reply.text_lines) {
            add_extension(steps, record, item, line);
            continue;
        }
        struct step *step = add_step(steps, record, item, SPEAKER_SERVER);
        GString *means = g_string_new(NULL);
        const struct smtp_reference_entry *entry = smtp_reference_reply(item->reply.code);
        rows_meaning(means, item);
        step->line = visible(record_line_text(line));
        step->means = g_string_free(means, FALSE);
        step->more = entry == NULL                 ? NULL
                     : item->reply.code / 100 >= 4 ? g_strdup(entry->action != NULL ? _(entry->action) : NULL)
                                                   : description_of(entry);
        step->next = extensions && link->next != NULL ? g_strdup(_("the list goes on: a hyphen behind the code"))
                                                      : next_behind(item);
    }
}

/* ---- between the lines ---- */

static void add_boundary(GPtrArray *steps, const struct record *record, const struct item *item)
{
    static const struct {
        enum smtp_boundary boundary;
        enum smtp_step step;
        const char *line, *means;
    } rows[] = {
        { SMTP_BOUNDARY_STARTTLS, SMTP_STEP_ACCEPTED, "STARTTLS",
          N_("the clear text ends here, with the line end of the 220") },
        { SMTP_BOUNDARY_STARTTLS, SMTP_STEP_HANDSHAKE, "TLS", N_("the TLS handshake begins") },
        { SMTP_BOUNDARY_STARTTLS, SMTP_STEP_ESTABLISHED, "TLS",
          N_("TLS is established: all that follows is encrypted") },
        { SMTP_BOUNDARY_STARTTLS, SMTP_STEP_REFUSED, "STARTTLS", N_("refused: the dialogue stays in clear") },
        { SMTP_BOUNDARY_AUTH, SMTP_STEP_STARTED, "AUTH",
          N_("the login begins: the client's lines are answers now, not commands") },
        { SMTP_BOUNDARY_AUTH, SMTP_STEP_ACCEPTED, "AUTH", N_("the login ends: accepted") },
        { SMTP_BOUNDARY_AUTH, SMTP_STEP_REJECTED, "AUTH", N_("the login ends: rejected") },
        { SMTP_BOUNDARY_AUTH, SMTP_STEP_CANCELLED, "AUTH", N_("the login ends: cancelled by the client") },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].boundary == item->boundary && rows[i].step == item->step) {
            struct step *step = add_step(steps, record, item, SPEAKER_NOBODY);
            step->line = g_strdup(rows[i].line);
            step->means = g_strdup(_(rows[i].means));
        }
}

GPtrArray *steps_of(const struct record *record)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);
    for (const GList *link = record->items.head; link != NULL; link = link->next) {
        const struct item *item = link->data;
        if (item->kind == ITEM_COMMAND || item->kind == ITEM_RESPONSE)
            add_command(steps, record, item);
        else if (item->kind == ITEM_REPLY)
            add_reply(steps, record, item);
        else if (item->kind == ITEM_DATA)
            add_data(steps, record, item);
        else if (item->kind == ITEM_BOUNDARY)
            add_boundary(steps, record, item);
    }
    return steps;
}
