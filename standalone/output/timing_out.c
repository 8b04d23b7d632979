/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timing_out.h"

#include <inttypes.h>

#include "language.h"
#include "phrases.h"
#include "text.h"
#include "words.h"

/* From here on a delay catches the eye. */
#define SLOW INT64_C(10000000000)

/* ---- JSON ---- */

static void write_sum(struct json *json, const char *key, const struct timing_sum *sum, enum timing_phase phase,
                      enum smtp_role role, unsigned precision)
{
    unsigned limit = timing_limit(phase, role);
    if (sum->count == 0) {
        json_null(json, key);
        return;
    }
    json_begin_object(json, key);
    json_number(json, "count", sum->count);
    json_seconds(json, "total", sum->total, precision);
    json_seconds(json, "longest", sum->longest, precision);
    json_number(json, "frame", sum->frame);
    if (limit == 0)
        json_null(json, "timeout");
    else
        json_number(json, "timeout", limit);
    json_bool(json, "exceeded", timing_exceeds(sum, phase, role));
    json_end_object(json);
}

static bool is_empty(const struct timing *timing, int phase)
{
    return timing->server[phase].count == 0 && timing->client[phase].count == 0 && timing->pipelined[phase] == 0;
}

void timing_json(struct json *json, const struct timing *timing, unsigned precision)
{
    json_begin_array(json, "timing");
    for (int i = 0; i < TIMING_PHASES; i++) {
        enum timing_phase phase = (enum timing_phase)i;
        if (is_empty(timing, i))
            continue;
        json_begin_object(json, NULL);
        json_text(json, "phase", timing_phase_name(phase));
        write_sum(json, "server", &timing->server[i], phase, SMTP_SERVER, precision);
        write_sum(json, "client", &timing->client[i], phase, SMTP_CLIENT, precision);
        json_number(json, "pipelined", timing->pipelined[i]);
        json_end_object(json);
    }
    json_end_array(json);
}

/* ---- text ---- */

/* In the language of the user. */
static const char *phase_text(enum timing_phase phase)
{
    return _(timing_phase_name(phase));
}

/* Columns, each with what parts it from the one before. */
#define COUNT_COLUMNS 7
#define MEAN_COLUMNS 12
#define LONGEST_COLUMNS 14
#define SUM_COLUMNS (COUNT_COLUMNS + MEAN_COLUMNS + LONGEST_COLUMNS)

static int phase_columns(void)
{
    unsigned columns = text_columns(_("phase"));
    for (int i = 0; i < TIMING_PHASES; i++)
        columns = MAX(columns, text_columns(phase_text((enum timing_phase)i)));
    return (int)columns + 1;
}

static int pipelined_columns(void)
{
    return MAX(11, (int)text_columns(_("pipelined")) + 1);
}

static void put_heading(struct page *page)
{
    GString *text = g_string_new("      ");
    text_append_padded(text, -phase_columns(), _("phase"));
    text_append_padded(text, -SUM_COLUMNS, _("answers of the server"));
    g_string_append_printf(text, "%s\n      ", _("turns of the client"));
    text_append_padded(text, -phase_columns(), "");
    for (int role = SMTP_CLIENT; role <= SMTP_SERVER; role++) {
        text_append_padded(text, COUNT_COLUMNS, _("count"));
        text_append_padded(text, MEAN_COLUMNS, _("mean"));
        text_append_padded(text, LONGEST_COLUMNS, _("longest"));
    }
    text_append_padded(text, pipelined_columns(), _("pipelined"));
    g_string_append_c(text, '\n');
    page_append(page, PAGE_DIM, text->str);
    g_string_free(text, TRUE);
}

/* How often, in the mean, and at the longest: three columns. */
static void put_sum(struct page *page, const struct timing_sum *sum, enum timing_phase phase, enum smtp_role role)
{
    bool exceeds = timing_exceeds(sum, phase, role);
    if (sum->count == 0) {
        text_append_padded(page->out, SUM_COLUMNS, "");
        return;
    }
    GString *text = g_string_new(NULL);
    GString *padded = g_string_new(NULL);
    words_duration(text, sum->total / (int64_t)sum->count);
    g_string_append_printf(page->out, "%*" PRIu64, COUNT_COLUMNS, sum->count);
    text_append_padded(page->out, MEAN_COLUMNS, text->str);
    g_string_truncate(text, 0);
    words_duration(text, sum->longest);
    g_string_append(text, exceeds ? " !" : "");
    text_append_padded(padded, LONGEST_COLUMNS, text->str);
    page_append(page, exceeds ? PAGE_BAD : sum->longest >= SLOW ? PAGE_WARNING : PAGE_PLAIN, padded->str);
    g_string_free(padded, TRUE);
    g_string_free(text, TRUE);
}

static void put_phase(struct page *page, const struct timing *timing, enum timing_phase phase)
{
    g_string_append(page->out, "      ");
    text_append_padded(page->out, -phase_columns(), phase_text(phase));
    put_sum(page, &timing->server[phase], phase, SMTP_SERVER);
    put_sum(page, &timing->client[phase], phase, SMTP_CLIENT);
    if (timing->pipelined[phase] > 0)
        g_string_append_printf(page->out, "%*" PRIu64, pipelined_columns(), timing->pipelined[phase]);
    while (page->out->str[page->out->len - 1] == ' ')
        g_string_truncate(page->out, page->out->len - 1);
    g_string_append_c(page->out, '\n');
}

/* `format`: of the duration, the phase and the frame. */
static void append_longest(GString *out, const struct timing_sum *sums, const char *format)
{
    const struct timing_sum *longest = NULL;
    enum timing_phase phase = TIMING_GREETING;
    for (int i = 0; i < TIMING_PHASES; i++)
        if (i != TIMING_CONTENT && sums[i].count > 0 && (longest == NULL || sums[i].longest > longest->longest)) {
            longest = &sums[i];
            phase = (enum timing_phase)i;
        }
    if (longest == NULL)
        return;
    GString *duration = g_string_new(NULL);
    words_duration(duration, longest->longest);
    g_string_append(out, out->len > 0 ? _("; ") : "");
    g_string_append_printf(out, format, duration->str, phase_text(phase), longest->frame);
    g_string_free(duration, TRUE);
}

void timing_text(struct page *page, const struct timing *timing)
{
    bool exceeded = false;
    GString *list = g_string_new(NULL);
    append_longest(list, timing->server, _("server: %s at %s (frame %" PRIu64 ")"));
    append_longest(list, timing->client, _("client: %s at %s (frame %" PRIu64 ")"));
    if (list->len == 0) {
        g_string_free(list, TRUE);
        return;
    }
    put_heading(page);
    for (int i = 0; i < TIMING_PHASES; i++) {
        enum timing_phase phase = (enum timing_phase)i;
        if (!is_empty(timing, i))
            put_phase(page, timing, phase);
        exceeded = exceeded || timing_exceeds(&timing->server[i], phase, SMTP_SERVER) ||
                   timing_exceeds(&timing->client[i], phase, SMTP_CLIENT);
    }
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("longest: %s"), list->str);
    if (exceeded)
        g_string_append(text, _("; !: longer than the other side has to wait by RFC 5321 section 4.5.3.2"));
    g_string_append(page->out, "      ");
    page_wrap(page, PAGE_PLAIN, 6, 6, text->str);
    g_string_free(text, TRUE);
    g_string_free(list, TRUE);
}
