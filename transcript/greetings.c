/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "greetings.h"

#define WAITING (sizeof((struct greetings *)NULL)->waiting / sizeof(struct greeting))

void greetings_take_command(struct greetings *greetings, const struct sent *sent)
{
    greetings->waiting[1] = greetings->waiting[0];
    greetings->waiting[0] = (struct greeting){ .number = sent->number, .verb = sent->verb, .name = sent->argument };
}

void greetings_take_extension(struct greetings *greetings, const struct keeping *keeping, struct smtp_span text)
{
    struct text_line *line = keeping_take(keeping, sizeof *line);
    line->text = keeping_copy(keeping, text);
    keeping_append(keeping, &greetings->coming, &line->link, line);
}

void greetings_take_banner(struct greetings *greetings, const struct keeping *keeping, struct replies *replies)
{
    bool preliminary = greetings->banner_code != 0 && !smtp_reply_code_decides(greetings->banner_code);
    if (greetings->banner_seen && !preliminary)
        return;
    greetings->banner_seen = true;
    greetings->banner_code = replies->last.code;
    greetings->banner = replies_words(replies, keeping);
}

void greetings_take_answer(struct greetings *greetings, uint32_t number)
{
    for (unsigned i = 0; i < WAITING; i++)
        if (greetings->waiting[i].number == number)
            greetings->waiting[i].number = 0;
}

static bool has_extension(const GQueue *lines, struct smtp_span text)
{
    for (const GList *link = lines->head; link != NULL; link = link->next)
        if (smtp_keyword_line_same(((const struct text_line *)link->data)->text, text))
            return true;
    return false;
}

/* An EHLO reply takes the place of the one before, whose lines go to the earlier ones. */
static void replace(struct greetings *greetings, struct offers *offers)
{
    GQueue *last = &offers->list;
    for (GList *link = g_queue_pop_head_link(last); link != NULL; link = g_queue_pop_head_link(last)) {
        if (has_extension(&offers->earlier, ((const struct text_line *)link->data)->text))
            continue;
        if (offers->earlier.length < EXTENSIONS_KEPT)
            g_queue_push_tail_link(&offers->earlier, link);
        else
            greetings->extensions_beyond++;
    }
    offers->seen = true;
    offers->list = greetings->coming;
    greetings->coming = (GQueue)G_QUEUE_INIT;
}

void greetings_accept(struct greetings *greetings, const struct keeping *keeping, const struct sent *sent,
                      struct offers *offers)
{
    greetings->helo_seen = true;
    greetings->helo_verb = sent->verb;
    greetings->helo = sent->argument;
    if (offers != NULL && keeping->texts)
        replace(greetings, offers);
}

struct smtp_span greetings_name(const struct greetings *greetings, uint32_t command)
{
    for (unsigned i = 0; i < WAITING; i++)
        if (greetings->waiting[i].number != 0 && (command == 0 || greetings->waiting[i].number < command))
            return greetings->waiting[i].name;
    return greetings->helo_seen ? greetings->helo : smtp_span(NULL, 0);
}

void greetings_assume(struct greetings *greetings)
{
    for (unsigned i = 0; i < WAITING && !greetings->helo_seen; i++) {
        const struct greeting *greeting = &greetings->waiting[i];
        if (greeting->number == 0)
            continue;
        greetings->helo_verb = greeting->verb;
        greetings->helo = greeting->name;
        greetings->helo_seen = true;
    }
}
