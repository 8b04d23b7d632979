/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "learn.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "capture_source.h"
#include "keys.h"
#include "language.h"
#include "lessons.h"
#include "output.h"
#include "page.h"
#include "sessions_read.h"
#include "share.h"
#include "steps.h"
#include "text.h"
#include "usage.h"

#define LABEL_COLUMN 2u
#define TEXT_COLUMN 16u
#define CLEAR_SCREEN "\033[H\033[2J"

struct walk {
    const struct lesson *lesson;
    char *path; /* of its capture */
    GPtrArray *steps;
    struct page page;
};

/* ---- parts of a page ---- */

static void put_field(struct page *page, enum page_colour colour, const char *label, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    unsigned columns = LABEL_COLUMN + text_columns(label);
    g_string_append_printf(page->out, "%*s", (int)LABEL_COLUMN, "");
    page_append(page, PAGE_DIM, label);
    g_string_append_printf(page->out, "%*s", (int)(columns < TEXT_COLUMN ? TEXT_COLUMN - columns : 1), "");
    page_wrap(page, colour, TEXT_COLUMN, TEXT_COLUMN, text);
}

/* What the client sends, so that it can be typed. */
static void put_typed(struct walk *walk)
{
    const char *label = _("Type");
    for (guint i = 0; i < walk->steps->len; i++) {
        const struct step *step = walk->steps->pdata[i];
        if (step->speaker != SPEAKER_CLIENT)
            continue;
        put_field(&walk->page, PAGE_CLIENT, label, step->line);
        label = "";
    }
}

static void put_opening(struct walk *walk)
{
    struct page *page = &walk->page;
    const struct lesson *lesson = walk->lesson;
    char *title = g_strdup_printf("%s: %s", lesson->name, _(lesson->title));
    page_rule(page, PAGE_BOLD, page_heavy(page), 2, title);
    g_free(title);
    put_field(page, PAGE_PLAIN, _("About"), _(lesson->about));
    put_field(page, PAGE_PLAIN, _("Capture"), walk->path);
    put_field(page, PAGE_BOLD, _("By hand"), lesson->connect);
    if (lesson->unseen == NULL)
        put_typed(walk);
    put_field(page, PAGE_PLAIN, _("Hint"), lesson->hint != NULL ? _(lesson->hint) : NULL);
    g_string_append_c(page->out, '\n');
}

static void put_step(struct walk *walk, guint number)
{
    static const char *const arrows[] = { "->", "<-", "--" };
    static const char *const who[] = { N_("client"), N_("server"), N_("(both)") };
    static const enum page_colour colours[] = { PAGE_CLIENT, PAGE_SERVER, PAGE_WARNING };
    struct page *page = &walk->page;
    const struct step *step = walk->steps->pdata[number];
    char *title = g_strdup_printf(_("%u of %u, frame %" PRIu64 ", %+.6f s"), number + 1, walk->steps->len, step->frame,
                                  step->seconds);
    char *line = g_strdup_printf("%s %s", arrows[step->speaker], step->line);
    page_rule(page, PAGE_DIM, page_light(page), 2, title);
    put_field(page, colours[step->speaker], _(who[step->speaker]), line);
    put_field(page, PAGE_BOLD, _("Means"), step->means);
    put_field(page, PAGE_PLAIN, "", step->more);
    put_field(page, PAGE_PLAIN, _("Next"), step->next);
    g_string_append_c(page->out, '\n');
    g_free(line);
    g_free(title);
}

static void put_closing(struct walk *walk)
{
    struct page *page = &walk->page;
    page_rule(page, PAGE_BOLD, page_heavy(page), 2, _("the end of the capture"));
    put_field(page, PAGE_PLAIN, _("Not seen"), walk->lesson->unseen != NULL ? _(walk->lesson->unseen) : NULL);
    char *command = g_strdup_printf("smtpscope %s", walk->path);
    put_field(page, PAGE_PLAIN, _("The whole"), command);
    g_string_append_c(page->out, '\n');
    g_free(command);
}

static bool flush(struct page *page)
{
    bool good = fwrite(page->out->str, 1, page->out->len, stdout) == page->out->len && fflush(stdout) == 0;
    if (!good)
        output_say_failed(NULL);
    g_string_truncate(page->out, 0);
    return good;
}

/* ---- the walk ---- */

/* Page 0 is the opening, then the steps, then the closing. */
static void put_page(struct walk *walk, guint number)
{
    if (number == 0)
        put_opening(walk);
    else if (number <= walk->steps->len)
        put_step(walk, number - 1);
    else
        put_closing(walk);
}

static bool walk_by_keys(struct walk *walk)
{
    guint last = walk->steps->len + 1;
    guint number = 0;
    for (;;) {
        g_string_append(walk->page.out, CLEAR_SCREEN);
        put_page(walk, number);
        page_append(&walk->page, PAGE_DIM, _("Return or n: next   b: back   q: quit"));
        g_string_append_c(walk->page.out, '\n');
        if (!flush(&walk->page))
            return false;
        enum key key = keys_read();
        if (key == KEY_QUIT || (key == KEY_NEXT && number == last))
            return true;
        if (key == KEY_NEXT)
            number++;
        else if (key == KEY_BACK && number > 0)
            number--;
    }
}

static bool list_all(struct walk *walk)
{
    for (guint number = 0; number <= walk->steps->len + 1; number++)
        put_page(walk, number);
    return flush(&walk->page);
}

static void take_session(void *context, const struct record *record)
{
    struct walk *walk = context;
    if (record->id == walk->lesson->session)
        walk->steps = steps_of(record);
}

static int walk_through(struct walk *walk)
{
    char *name = g_build_filename("smtpscope", "captures", walk->lesson->capture, NULL);
    struct summary summary = { .sessions = 0 };
    walk->path = share_path(name);
    int status = sessions_read(&walk->path, 1, CAPTURE_MEMORY_LIMIT, take_session, walk, &summary);
    bool good = walk->steps != NULL;
    if (good) {
        good = keys_possible() ? walk_by_keys(walk) : list_all(walk);
        g_ptr_array_unref(walk->steps);
    }
    g_free(walk->path);
    g_free(name);
    if (status != EXIT_STATUS_OK)
        return status;
    return good ? EXIT_STATUS_OK : EXIT_STATUS_INPUT;
}

static int list_lessons(struct page *page)
{
    page_append(page, PAGE_BOLD, _("Lessons"));
    g_string_append_c(page->out, '\n');
    for (size_t i = 0; i < lesson_count; i++)
        put_field(page, PAGE_PLAIN, lessons[i].name, _(lessons[i].title));
    g_string_append_printf(page->out, _("Begin one with: smtpscope learn %s\n"), lessons[0].name);
    return flush(page) ? EXIT_STATUS_OK : EXIT_STATUS_INPUT;
}

bool learn_operands(const struct options *options, int *status)
{
    return options->count <= 1 || usage_wrong(status, "%s", _("learn takes one lesson at a time"));
}

int learn_run(const struct options *options)
{
    struct walk walk = { .page = {
                             .out = g_string_new(NULL),
                             .colour = options->colour,
                             .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
                         } };
    int status = EXIT_STATUS_OK;
    walk.lesson = options->count > 0 ? lesson_find(options->captures[0]) : NULL;
    if (options->count == 0) {
        status = list_lessons(&walk.page);
    } else if (walk.lesson == NULL) {
        GString *visible = g_string_new(NULL);
        text_append_diagnostic(visible, smtp_span_of_text(options->captures[0]));
        fprintf(stderr, "smtpscope: ");
        fprintf(stderr, _("no lesson '%s': see smtpscope learn"), visible->str);
        fputc('\n', stderr);
        g_string_free(visible, TRUE);
        status = EXIT_STATUS_USAGE;
    } else {
        status = walk_through(&walk);
    }
    g_string_free(walk.page.out, TRUE);
    return status;
}
