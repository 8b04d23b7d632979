/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timing_out.h"

#include "annotate.h"

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

/* How often, in the mean, and at the longest: three columns. */
static void put_sum(struct page *page, const struct timing_sum *sum, enum timing_phase phase, enum smtp_role role)
{
    bool exceeds = timing_exceeds(sum, phase, role);
    if (sum->count == 0) {
        g_string_append_printf(page->out, "%33s", "");
        return;
    }
    GString *text = g_string_new(NULL);
    annotate_duration(text, sum->total / (int64_t)sum->count);
    g_string_append_printf(page->out, "%7" G_GUINT64_FORMAT " %11s", sum->count, text->str);
    g_string_truncate(text, 0);
    annotate_duration(text, sum->longest);
    if (exceeds)
        g_string_append(text, " !");
    page_printf(page, exceeds ? PAGE_BAD : sum->longest >= SLOW ? PAGE_WARNING : PAGE_PLAIN, " %13s", text->str);
    g_string_free(text, TRUE);
}

static void put_phase(struct page *page, const struct timing *timing, enum timing_phase phase)
{
    g_string_append_printf(page->out, "      %-9s", timing_phase_name(phase));
    put_sum(page, &timing->server[phase], phase, SMTP_SERVER);
    put_sum(page, &timing->client[phase], phase, SMTP_CLIENT);
    if (timing->pipelined[phase] > 0)
        g_string_append_printf(page->out, " %10" G_GUINT64_FORMAT, timing->pipelined[phase]);
    while (page->out->str[page->out->len - 1] == ' ')
        g_string_truncate(page->out, page->out->len - 1);
    g_string_append_c(page->out, '\n');
}

static void append_longest(GString *out, const struct timing_sum *sums, const char *who)
{
    const struct timing_sum *longest = NULL;
    int phase = 0;
    for (int i = 0; i < TIMING_PHASES; i++)
        if (i != TIMING_CONTENT && sums[i].count > 0 && (longest == NULL || sums[i].longest > longest->longest)) {
            longest = &sums[i];
            phase = i;
        }
    if (longest == NULL)
        return;
    g_string_append_printf(out, "%s%s: ", out->len > 0 ? "; " : "longest: ", who);
    annotate_duration(out, longest->longest);
    g_string_append_printf(out, " at %s (frame %" G_GUINT64_FORMAT ")", timing_phase_name((enum timing_phase)phase),
                           longest->frame);
}

void timing_text(struct page *page, const struct timing *timing)
{
    bool exceeded = false;
    GString *text = g_string_new(NULL);
    append_longest(text, timing->server, "server");
    append_longest(text, timing->client, "client");
    if (text->len == 0) {
        g_string_free(text, TRUE);
        return;
    }
    page_append(page, PAGE_DIM,
                "      phase    answers of the server            turns of the client\n"
                "                 count        mean       longest  count        mean       longest  pipelined\n");
    for (int i = 0; i < TIMING_PHASES; i++) {
        enum timing_phase phase = (enum timing_phase)i;
        if (!is_empty(timing, i))
            put_phase(page, timing, phase);
        exceeded = exceeded || timing_exceeds(&timing->server[i], phase, SMTP_SERVER) ||
                   timing_exceeds(&timing->client[i], phase, SMTP_CLIENT);
    }
    if (exceeded)
        g_string_append(text, "; !: longer than the other side has to wait by RFC 5321 section 4.5.3.2");
    g_string_append(page->out, "      ");
    page_wrap(page, PAGE_PLAIN, 6, 6, text->str);
    g_string_free(text, TRUE);
}
