/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_timeline.h"

#include <inttypes.h>

#include "finding.h"
#include "language.h"
#include "phrases.h"
#include "text.h"
#include "words.h"

/* ---- stretches of time ---- */

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* As people count it; each is a multiple of the one before. */
static const int64_t stretches[] = {
    MICROSECOND,
    2 * MICROSECOND,
    10 * MICROSECOND,
    20 * MICROSECOND,
    100 * MICROSECOND,
    200 * MICROSECOND,
    MILLISECOND,
    2 * MILLISECOND,
    10 * MILLISECOND,
    20 * MILLISECOND,
    100 * MILLISECOND,
    200 * MILLISECOND,
    SECOND,
    2 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    10 * DAY,
    30 * DAY,
    90 * DAY,
    360 * DAY,
    1800 * DAY,
    3600 * DAY,
    18000 * DAY,
    36000 * DAY,
};

/* How many stretches are counted apart. */
#define BUCKETS 240

/* Findings that are marked on a bar. */
#define MARKS 8u

struct mark {
    int64_t time;
    enum smtp_severity severity;
};

struct bar {
    uint64_t id;
    int64_t start, end;
    int64_t tls; /* where the TLS part begins; `end` without one */
    bool linked;
    char *who;
    unsigned marks;
    struct mark mark[MARKS];
};

struct bucket {
    uint64_t sessions, hidden;              /* that began in it; of them, those that went on under TLS */
    uint64_t found[SMTP_SEVERITY_HIGH + 1]; /* sessions, by their most severe finding */
};

struct timeline {
    uint64_t sessions;
    int64_t first, last; /* times: of a beginning, of an end */
    GArray *bars;        /* struct bar; empty once there were too many */
    unsigned stretch;    /* that of a bucket */
    int64_t base;        /* bucket 0 is the stretch with this number since 1970 */
    unsigned used;       /* buckets, up to the last one with a session */
    struct bucket buckets[BUCKETS];
};

static void clear_bar(gpointer bar)
{
    g_free(((struct bar *)bar)->who);
}

struct timeline *timeline_new(void)
{
    struct timeline *timeline = g_new0(struct timeline, 1);
    timeline->bars = g_array_new(FALSE, TRUE, sizeof(struct bar));
    g_array_set_clear_func(timeline->bars, clear_bar);
    return timeline;
}

void timeline_free(struct timeline *timeline)
{
    g_array_free(timeline->bars, TRUE);
    g_free(timeline);
}

/* ---- buckets ---- */

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* When a stretch begins; the first one may begin before the time that can be told. */
static int64_t beginning_of(int64_t number, int64_t stretch)
{
    return number < INT64_MIN / stretch ? INT64_MIN : number * stretch;
}

static void add_bucket(struct bucket *to, const struct bucket *from)
{
    to->sessions += from->sessions;
    to->hidden += from->hidden;
    for (int severity = SMTP_SEVERITY_INFO; severity <= SMTP_SEVERITY_HIGH; severity++)
        to->found[severity] += from->found[severity];
}

/* Makes the stretches longer: several become one. */
static void widen(struct timeline *timeline)
{
    int64_t factor = stretches[timeline->stretch + 1] / stretches[timeline->stretch];
    int64_t base = floor_divide(timeline->base, factor);
    struct bucket merged[BUCKETS] = { { .sessions = 0 } };
    unsigned used = 0;
    for (unsigned i = 0; i < timeline->used; i++) {
        unsigned at = (unsigned)(floor_divide(timeline->base + i, factor) - base);
        add_bucket(&merged[at], &timeline->buckets[i]);
        used = at + 1;
    }
    memcpy(timeline->buckets, merged, sizeof merged);
    timeline->base = base;
    timeline->used = used;
    timeline->stretch++;
}

static struct bucket *bucket_of(struct timeline *timeline, int64_t time)
{
    int64_t number;
    int64_t first;
    int64_t last;
    for (;; widen(timeline)) {
        number = floor_divide(time, stretches[timeline->stretch]);
        first = timeline->used == 0 ? number : MIN(number, timeline->base);
        last = timeline->used == 0 ? number : MAX(number, timeline->base + timeline->used - 1);
        if (last - first < BUCKETS || timeline->stretch + 1 == G_N_ELEMENTS(stretches))
            break;
    }
    if (timeline->used > 0 && first < timeline->base) {
        size_t shift = (size_t)(timeline->base - first);
        memmove(timeline->buckets + shift, timeline->buckets, timeline->used * sizeof timeline->buckets[0]);
        memset(timeline->buckets, 0, shift * sizeof timeline->buckets[0]);
    }
    timeline->base = first;
    timeline->used = (unsigned)(last - first) + 1;
    return &timeline->buckets[number - first];
}

/* ---- bars ---- */

/* When a finding was seen: where an item has its frame. */
static void mark_findings(struct bar *bar, const struct record *record, const struct item *item)
{
    for (const GList *link = record->account.findings.list.head; link != NULL && bar->marks < MARKS;
         link = link->next) {
        const struct finding *finding = link->data;
        enum smtp_severity severity = smtp_finding_severity(finding->finding);
        if (severity == SMTP_SEVERITY_INFO || finding->place.frame < item->place.frame ||
            finding->place.frame > item->last_frame || finding->place.file != item->place.file)
            continue;
        unsigned same = 0;
        while (same < bar->marks && !(bar->mark[same].time == item->place.time && bar->mark[same].severity == severity))
            same++;
        if (same == bar->marks)
            bar->mark[bar->marks++] = (struct mark){ .time = item->place.time, .severity = severity };
    }
}

static void add_bar(struct timeline *timeline, const struct record *record, bool linked)
{
    struct bar bar = {
        .id = record->id,
        .start = record->connection.start,
        .end = MAX(record->connection.start, record->connection.end),
        .linked = linked,
    };
    GString *who = g_string_new(NULL);
    bar.tls = bar.end;
    phrase_endpoint(who, record, SMTP_CLIENT);
    g_string_append(who, " → ");
    phrase_endpoint(who, record, SMTP_SERVER);
    bar.who = g_string_free(who, FALSE);
    for (const GList *link = record->items.head; link != NULL; link = record_next(record, link)) {
        const struct item *item = link->data;
        bool tls = item->kind == ITEM_BOUNDARY && item->boundary != SMTP_BOUNDARY_AUTH;
        if (tls && item->step == SMTP_STEP_HANDSHAKE)
            bar.tls = CLAMP(item->place.time, bar.start, bar.end);
        else if (tls && item->step == SMTP_STEP_FAILED)
            bar.tls = bar.end;
        if (record->account.findings.list.length > 0 && item->place.frame != 0 && item->kind != ITEM_REPLY_PART)
            mark_findings(&bar, record, item);
    }
    g_array_append_val(timeline->bars, bar);
}

void timeline_add(struct timeline *timeline, const struct record *record, int worst, bool linked)
{
    int64_t start = record->connection.start;
    int64_t end = MAX(start, record->connection.end);
    timeline->first = timeline->sessions == 0 ? start : MIN(timeline->first, start);
    timeline->last = timeline->sessions == 0 ? end : MAX(timeline->last, end);
    struct bucket *bucket = bucket_of(timeline, start);
    bucket->sessions++;
    bucket->hidden += record_is_hidden(record);
    if (worst >= 0)
        bucket->found[worst]++;
    if (++timeline->sessions <= TIMELINE_SESSIONS)
        add_bar(timeline, record, linked);
    else
        g_array_set_size(timeline->bars, 0);
}

/* ---- the picture ---- */

/* In units of the picture. */
#define WIDTH 1000.0
#define LEFT 56.0
#define RIGHT 16.0
#define TOP 8.0
#define LANE 20.0
#define AXIS 30.0
#define LEAST 3.0 /* width of a bar that takes no time */
#define HEIGHT_OF_COUNTS 160.0
#define TICKS 8u

/* Sessions that have a lane each. */
#define OWN_LANES 40u

struct picture {
    struct html *html;
    int64_t first; /* at LEFT */
    double span;   /* nanoseconds up to the right end */
    double height;
};

static double x_of(const struct picture *picture, int64_t time)
{
    double passed = (double)((uint64_t)time - (uint64_t)picture->first);
    return LEFT + passed / picture->span * (WIDTH - LEFT - RIGHT);
}

static void put_measure(struct html *html, const char *name, double measure)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    html_attribute(html, name, g_ascii_formatd(text, sizeof text, "%.1f", measure));
}

static void put_rectangle(struct html *html, const char *style, double x, double y, double width, double height)
{
    html_mark(html, "<rect");
    html_attribute(html, "class", style);
    put_measure(html, "x", x);
    put_measure(html, "y", y);
    put_measure(html, "width", width);
    put_measure(html, "height", height);
    html_mark(html, "/>");
}

static void put_line(struct html *html, const char *style, double x1, double y1, double x2, double y2)
{
    html_mark(html, "<line");
    html_attribute(html, "class", style);
    put_measure(html, "x1", x1);
    put_measure(html, "y1", y1);
    put_measure(html, "x2", x2);
    put_measure(html, "y2", y2);
    html_mark(html, "/>");
}

static void put_words(struct html *html, const char *anchor, double x, double y, const char *text)
{
    html_mark(html, "<text");
    put_measure(html, "x", x);
    put_measure(html, "y", y);
    html_attribute(html, "text-anchor", anchor);
    html_mark(html, ">");
    html_text(html, text);
    html_mark(html, "</text>");
}

/* Each severity has a shape of its own, too. */
static void put_mark(struct html *html, enum smtp_severity severity, double x, double y)
{
    static const char *const shapes[] = {
        [SMTP_SEVERITY_INFO] = "M-2 0h4",
        [SMTP_SEVERITY_LOW] = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        [SMTP_SEVERITY_MEDIUM] = "M0 -5.5L5.5 0L0 5.5L-5.5 0z",
        [SMTP_SEVERITY_HIGH] = "M0 -6L6 5H-6z",
    };
    char *style = g_strdup_printf("mark %s", smtp_severity_name(severity));
    char x_text[G_ASCII_DTOSTR_BUF_SIZE];
    char y_text[G_ASCII_DTOSTR_BUF_SIZE];
    char *place = g_strdup_printf("translate(%s %s)", g_ascii_formatd(x_text, sizeof x_text, "%.1f", x),
                                  g_ascii_formatd(y_text, sizeof y_text, "%.1f", y));
    html_mark(html, "<path");
    html_attribute(html, "class", style);
    html_attribute(html, "transform", place);
    html_attribute(html, "d", shapes[severity]);
    html_mark(html, "/>");
    g_free(place);
    g_free(style);
}

/* A time as short as the distance between two ticks allows. */
static void put_tick_text(struct picture *picture, double x, int64_t time, int64_t stretch)
{
    GString *text = g_string_new(NULL);
    text_append_time(text, time, 6);
    size_t from = stretch >= DAY ? 0 : stretch >= HOUR ? 5 : 11;
    size_t to = stretch >= DAY           ? 10
                : stretch >= MINUTE      ? 16
                : stretch >= SECOND      ? 19
                : stretch >= MILLISECOND ? 23
                                         : 26;
    char *part = g_strndup(text->str + from, to - from);
    g_strdelimit(part, "T", ' ');
    put_words(picture->html, x > WIDTH - 4 * RIGHT ? "end" : "middle", x, picture->height - 8, part);
    g_free(part);
    g_string_free(text, TRUE);
}

static void put_axis(struct picture *picture)
{
    double bottom = picture->height - AXIS;
    size_t which = 0;
    while (which + 1 < G_N_ELEMENTS(stretches) && picture->span / (double)stretches[which] > TICKS)
        which++;
    int64_t stretch = stretches[which];
    int64_t number = floor_divide(picture->first, stretch) + 1;
    put_line(picture->html, "axis", LEFT, bottom, WIDTH - RIGHT, bottom);
    for (unsigned i = 0; i < TICKS + 1 && number <= INT64_MAX / stretch; i++, number++) {
        double x = x_of(picture, number * stretch);
        if (x > WIDTH - RIGHT)
            break;
        put_line(picture->html, "grid", x, TOP, x, bottom + 5);
        put_tick_text(picture, x, number * stretch, stretch);
    }
    html_mark(picture->html, "\n");
}

static gint by_start(gconstpointer one, gconstpointer other)
{
    const struct bar *a = one;
    const struct bar *b = other;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void put_bar(struct picture *picture, const struct bar *bar, unsigned lane, bool labelled)
{
    struct html *html = picture->html;
    double y = TOP + LANE * lane;
    double start = x_of(picture, bar->start);
    double end = MAX(x_of(picture, bar->end), start + LEAST);
    double tls = bar->tls < bar->end ? x_of(picture, bar->tls) : end;
    char number[32];
    g_snprintf(number, sizeof number, "%" PRIu64, bar->id);
    if (bar->linked) {
        html_mark(html, "<a tabindex=\"-1\" href=\"#s");
        html_number(html, bar->id);
        html_mark(html, "\">");
    } else {
        html_mark(html, "<g>");
    }
    html_mark(html, "<title>");
    html_printf(html, _("session %" PRIu64 ": %s"), bar->id, bar->who);
    html_mark(html, "</title>");
    if (labelled)
        put_words(html, "end", LEFT - 8, y + 14, number);
    put_rectangle(html, "clear", start, y + 4, tls - start, LANE - 8);
    if (tls < end)
        put_rectangle(html, "tls", tls, y + 4, MAX(end - tls, 1), LANE - 8);
    for (int severity = SMTP_SEVERITY_INFO; severity <= SMTP_SEVERITY_HIGH; severity++) /* the worst in front of the others */
        for (unsigned i = 0; i < bar->marks; i++)
            if ((int)bar->mark[i].severity == severity)
                put_mark(html, bar->mark[i].severity,
                         CLAMP(x_of(picture, CLAMP(bar->mark[i].time, bar->start, bar->end)), start, end), y + LANE / 2);
    if (bar->linked)
        html_mark(html, "</a>\n");
    else
        html_mark(html, "</g>\n");
}

/* The lane of each bar: its own, or the first that is free. `lanes`: so many, by bar. Returns how many lanes there are.
 */
static unsigned find_lanes(const struct picture *picture, const GArray *bars, unsigned *lanes)
{
    double ends[TIMELINE_SESSIONS];
    unsigned count = 0;
    for (unsigned i = 0; i < bars->len; i++) {
        const struct bar *bar = &g_array_index(bars, struct bar, i);
        double start = x_of(picture, bar->start);
        unsigned lane = 0;
        while (lane < count && (bars->len <= OWN_LANES || ends[lane] > start))
            lane++;
        lanes[i] = lane;
        ends[lane] = MAX(x_of(picture, bar->end), start + LEAST) + 3 * LEAST;
        count = MAX(count, lane + 1);
    }
    return count;
}

static void begin_picture(struct picture *picture)
{
    struct html *html = picture->html;
    char *box = g_strdup_printf("0 0 %d %d", (int)WIDTH, (int)picture->height);
    html_mark(html, "<div class=\"wide\" tabindex=\"0\" role=\"region\"");
    html_attribute(html, "aria-label", _("Time line"));
    html_mark(html, "><svg role=\"img\" aria-labelledby=\"timeline-caption\"");
    html_attribute(html, "viewBox", box);
    html_mark(html, ">\n<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
                    "patternTransform=\"rotate(45)\"><rect class=\"under\" width=\"5\" height=\"5\"/>"
                    "<rect class=\"over\" width=\"2\" height=\"5\"/></pattern></defs>\n");
    g_free(box);
}

static void end_picture(struct picture *picture)
{
    html_mark(picture->html, "</svg></div>\n");
}

static void put_bars(const struct timeline *timeline, struct picture *picture)
{
    unsigned lanes[TIMELINE_SESSIONS];
    GArray *bars = timeline->bars;
    g_array_sort(bars, by_start);
    picture->height = TOP + LANE * find_lanes(picture, bars, lanes) + AXIS;
    begin_picture(picture);
    put_axis(picture);
    for (unsigned i = 0; i < bars->len; i++)
        put_bar(picture, &g_array_index(bars, struct bar, i), lanes[i], bars->len <= OWN_LANES);
    end_picture(picture);
}

static void put_bucket(struct picture *picture, const struct timeline *timeline, unsigned index, uint64_t most)
{
    const struct bucket *bucket = &timeline->buckets[index];
    struct html *html = picture->html;
    int64_t stretch = stretches[timeline->stretch];
    double width = (WIDTH - LEFT - RIGHT) / timeline->used;
    double x = LEFT + width * index;
    double bottom = picture->height - AXIS;
    double unit = HEIGHT_OF_COUNTS / (double)most;
    double clear = (double)(bucket->sessions - bucket->hidden) * unit;
    double hidden = (double)bucket->hidden * unit;
    double gap = width > 4 ? 1 : 0;
    html_mark(html, "<g><title>");
    text_append_time(html_phrase(html), beginning_of(timeline->base + index, stretch), 6);
    html_give(html);
    html_printf(html, language_plural(": %" PRIu64 " session", ": %" PRIu64 " sessions", bucket->sessions),
                bucket->sessions);
    html_mark(html, "</title>");
    put_rectangle(html, "clear", x, bottom - clear, width - gap, clear);
    if (hidden > 0)
        put_rectangle(html, "tls", x, bottom - clear - hidden, width - gap, hidden);
    for (int severity = SMTP_SEVERITY_HIGH; severity >= SMTP_SEVERITY_MEDIUM; severity--) {
        if (bucket->found[severity] == 0)
            continue;
        put_mark(html, (enum smtp_severity)severity, x + width / 2, MAX(bottom - clear - hidden - 9, TOP + 7));
        break;
    }
    html_mark(html, "</g>\n");
}

static void put_counts(const struct timeline *timeline, struct picture *picture)
{
    uint64_t most = 1;
    for (unsigned i = 0; i < timeline->used; i++)
        most = MAX(most, timeline->buckets[i].sessions);
    picture->height = TOP + HEIGHT_OF_COUNTS + 16 + AXIS;
    picture->first = beginning_of(timeline->base, stretches[timeline->stretch]);
    picture->span = (double)timeline->used * (double)stretches[timeline->stretch];
    begin_picture(picture);
    put_axis(picture);
    GString *count = g_string_new(NULL);
    text_append_count(count, most);
    put_words(picture->html, "end", LEFT - 8, picture->height - AXIS - HEIGHT_OF_COUNTS + 5, count->str);
    put_words(picture->html, "end", LEFT - 8, picture->height - AXIS + 4, "0");
    g_string_free(count, TRUE);
    for (unsigned i = 0; i < timeline->used; i++)
        if (timeline->buckets[i].sessions > 0)
            put_bucket(picture, timeline, i, most);
    end_picture(picture);
}

static void put_key_picture(struct html *html)
{
    html_mark(html, "<svg class=\"key\" viewBox=\"0 0 18 12\" aria-hidden=\"true\">");
}

static void put_bar_key(struct html *html, const char *style, const char *text)
{
    html_mark(html, "<li>");
    put_key_picture(html);
    put_rectangle(html, style, 0, 0, 18, 12);
    html_mark(html, "</svg>");
    html_text(html, text);
    html_mark(html, "</li>\n");
}

static void put_mark_key(struct html *html, enum smtp_severity severity, const char *text)
{
    html_mark(html, "<li>");
    put_key_picture(html);
    put_mark(html, severity, 9, 6);
    html_mark(html, "</svg>");
    html_text(html, text);
    html_mark(html, "</li>\n");
}

static void put_caption(const struct timeline *timeline, struct html *html)
{
    GString *stretch = g_string_new(NULL);
    html_mark(html, "<figcaption id=\"timeline-caption\">");
    html_time(html, timeline->first, 6);
    html_mark(html, " – ");
    html_time(html, timeline->last, 6);
    html_mark(html, ". ");
    words_duration(stretch, stretches[timeline->stretch]);
    if (timeline->sessions > TIMELINE_SESSIONS)
        html_printf(html,
                    _("Too many sessions for a bar each: a column is how many began within %s, a mark the most severe "
                      "finding among "
                      "them. The table of sessions says the same in words."),
                    stretch->str);
    else
        html_text(html, _("A bar is a session from its first packet to its last one. The table of sessions says the "
                          "same in words."));
    html_mark(html, "</figcaption>\n");
    g_string_free(stretch, TRUE);
}

void timeline_write(const struct timeline *timeline, struct html *html)
{
    if (timeline->sessions == 0) {
        html_mark(html, "<p>");
        html_text(html, _("No session was seen."));
        html_mark(html, "</p>\n");
        return;
    }
    double span = (double)((uint64_t)timeline->last - (uint64_t)timeline->first);
    struct picture picture = { .html = html, .first = timeline->first, .span = MAX(span, (double)MILLISECOND) };
    html_mark(html, "<figure>\n");
    if (timeline->sessions > TIMELINE_SESSIONS)
        put_counts(timeline, &picture);
    else
        put_bars(timeline, &picture);
    html_mark(html, "<ul class=\"keys\">\n");
    put_bar_key(html, "clear", _("in clear"));
    put_bar_key(html, "tls", _("under TLS, not readable"));
    put_mark_key(html, SMTP_SEVERITY_HIGH, _("finding: high"));
    put_mark_key(html, SMTP_SEVERITY_MEDIUM, _("finding: medium"));
    if (timeline->sessions <= TIMELINE_SESSIONS)
        put_mark_key(html, SMTP_SEVERITY_LOW, _("finding: low"));
    html_mark(html, "</ul>\n");
    put_caption(timeline, html);
    html_mark(html, "</figure>\n");
}
