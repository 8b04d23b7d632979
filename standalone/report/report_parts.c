/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Parts of the page that wait until all is read: where text goes meanwhile. */

#include <errno.h>

#include "report_private.h"

/* Text is handed on in pieces of about this many octets. */
#define PIECE 65536u

void report_note(struct report *report, bool good)
{
    if (!good && report->problem == 0)
        report->problem = errno != 0 ? errno : EIO;
}

static void keep_in_strip(struct report *report, unsigned part, struct smtp_span text)
{
    if (report->strips[part] == NULL)
        report->strips[part] = strip_new();
    report_note(report, strip_add(report->strips[part], text));
}

/* In the spool, a session is one text of pieces: this, and so many octets for that part. */
struct piece {
    uint32_t part, octets;
};

/* At once: the file is flushed for each text that is added. */
static void keep_in_spool(struct report *report, unsigned part, GString *text)
{
    const struct piece piece = { .part = part, .octets = (uint32_t)text->len };
    g_string_prepend_len(text, (const char *)&piece, sizeof piece);
    report_note(report, spool_add(report->spool, smtp_span(text->str, text->len)));
}

/* Hands on what is written so far of the part. */
static void hand_on(struct report *report)
{
    GString *out = report->html.out;
    if (report->problem == 0 && out->len > 0 && report->early)
        keep_in_spool(report, report->part, out);
    else if (report->problem == 0 && out->len > 0)
        keep_in_strip(report, report->part, smtp_span(out->str, out->len));
    g_string_truncate(out, 0);
}

void report_relieve(void *context)
{
    struct report *report = context;
    if (report->html.out->len < PIECE)
        return;
    hand_on(report);
    arena_pool_cool(report->pool);
}

void report_begin(struct report *report, unsigned part)
{
    report->part = part;
}

void report_end(struct report *report)
{
    hand_on(report);
}

/* A session on its way from the spool to the strips. */
struct move {
    struct report *report;
    struct piece piece;
    size_t known;  /* octets of `piece` that came */
    uint32_t left; /* of its text */
};

static bool take_moved(void *context, struct smtp_span text)
{
    struct move *move = context;
    while (text.length > 0 && move->report->problem == 0) {
        struct smtp_span taken = smtp_span_first(text, move->left > 0 ? move->left : sizeof move->piece - move->known);
        text = smtp_span_from(text, taken.length);
        if (move->left > 0) {
            keep_in_strip(move->report, move->piece.part, taken);
            move->left -= (uint32_t)taken.length;
            continue;
        }
        memcpy((char *)&move->piece + move->known, taken.octets, taken.length);
        move->known += taken.length;
        if (move->known < sizeof move->piece)
            continue;
        move->left = move->piece.octets;
        move->known = 0;
    }
    return move->report->problem == 0;
}

void report_turn(struct report *report, uint64_t session)
{
    struct move move = { .report = report };
    if (report->problem == 0)
        report_note(report, spool_move(report->spool, session, take_moved, &move));
}

bool report_give(struct report *report, FILE *out)
{
    GString *text = report->html.out;
    bool good = fwrite(text->str, 1, text->len, out) == text->len;
    g_string_truncate(text, 0);
    return good;
}

bool report_give_part(struct report *report, unsigned part, FILE *out)
{
    return report_give(report, out) && (report->strips[part] == NULL || strip_give(report->strips[part], out));
}
