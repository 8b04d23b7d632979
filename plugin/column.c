/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The packet list's Info column: it reads like the transcript. */

#include "fact_words.h"
#include "language.h"
#include "line.h"
#include "view.h"

#define LINE_OCTETS_SHOWN ((size_t)160)

static void append_reply(wmem_strbuf_t *out, const struct reply_fact *reply, struct smtp_span octets)
{
    struct smtp_line line;
    bool refused = reply->code >= 400;
    wmem_strbuf_append(out, refused ? "<* " : "<- ");
    if (smtp_line_find(octets, true, &line))
        append_visible(out, smtp_span_first(line.text, LINE_OCTETS_SHOWN));
    if (reply->lines > 1)
        wmem_strbuf_append_printf(out, _(" (%u lines)"), reply->lines);
}

static void append_line(wmem_strbuf_t *out, const struct view *view, const struct line_fact *line)
{
    bool masked = view_is_masked(line_masked(line));
    struct smtp_span text =
        masked ? view_masked(view, line_masked(line), NULL).span
               : smtp_span_first(view_octets(view, &line->fact, line_copy(line), NULL).span, line->text);
    wmem_strbuf_append(out, "-> ");
    append_visible(out, smtp_span_first(text, LINE_OCTETS_SHOWN));
}

static void append_fact(wmem_strbuf_t *out, const struct view *view, const struct fact *fact)
{
    GString *words = blank_words();
    switch ((enum fact_kind)fact->kind) {
    case FACT_COMMAND:
    case FACT_RESPONSE:
        append_line(out, view, (const struct line_fact *)fact);
        break;
    case FACT_REPLY: {
        const struct reply_fact *reply = (const struct reply_fact *)fact;
        append_reply(out, reply,
                     view_is_masked(reply->masked) ? view_masked(view, reply->masked, NULL).span
                                                   : view_octets(view, fact, reply->copy, NULL).span);
        break;
    }
    case FACT_CONTENT:
        fact_words_content(words, (const struct content_fact *)fact);
        wmem_strbuf_append_printf(out, "| %s", words->str);
        break;
    case FACT_END:
        fact_words_end(words, (const struct end_fact *)fact);
        wmem_strbuf_append_printf(out, _("| end: %s"), words->str);
        break;
    case FACT_PART:
        wmem_strbuf_append_printf(out, _("[part of what frame %u completes]"),
                                  fact_frame(((const struct part_fact *)fact)->whole));
        break;
    case FACT_BOUNDARY:
        if (!fact_words_boundary(words, (const struct boundary_fact *)fact))
            return;
        wmem_strbuf_append_printf(out, "\u2501\u2501 %s \u2501\u2501", words->str);
        break;
    case FACT_GAP:
        words_missing(words, fact->role, ((const struct gap_fact *)fact)->missing, 0, WORDS_NOT_HANDED_OVER);
        wmem_strbuf_append_printf(out, "[%s]", words->str);
        break;
    case FACT_SKIPPED:
        words_skipped(words, fact->role, fact->octets);
        wmem_strbuf_append_printf(out, "? %s ", words->str);
        append_skipped(out, fact, smtp_span_first(view_octets(view, fact, NULL, NULL).span, LINE_OCTETS_SHOWN));
        break;
    case FACT_PROXY:
        words_proxy(words, view_octets(view, fact, NULL, NULL).span);
        wmem_strbuf_append_printf(out, "-> %s", words->str);
        break;
    case FACT_TURNED:
        wmem_strbuf_append_printf(out, "\u2501\u2501 %s \u2501\u2501", words_turned());
        break;
    case FACT_TLS:
        wmem_strbuf_append_printf(out, _("%u octets of TLS"), fact->octets);
        break;
    case FACT_HELLO:
    case FACT_FINDING:
    case FACT_PROOF:
        return;
    }
    wmem_strbuf_append(out, "  ");
}

void view_column(const struct view *view)
{
    packet_info *pinfo = view->pinfo;
    wmem_strbuf_t *out = wmem_strbuf_new(pinfo->pool, "");
    for (const struct piece *piece = call_pieces(view->call); piece != NULL; piece = piece->next)
        for (const struct fact *fact = piece->first; fact != NULL; fact = fact->next)
            append_fact(out, view, fact);
    if (!view->call->any)
        wmem_strbuf_append(out, _("[sent again]"));
    char *text = g_strchomp(wmem_strbuf_finalize(out));
    col_append_sep_str(pinfo->cinfo, COL_INFO, "  ", text);
}
