/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fact_words.h"

#include "language.h"
#include "preferences.h"
#include "words.h"

/* What was said, in the packet's memory: nothing of it is lost if Wireshark leaves the dissector where it is shown. */
static const char *in_packet(const struct view *view, GString *words)
{
    const char *text = wmem_strdup(view->pinfo->pool, words->str);
    g_string_free(words, TRUE);
    return text;
}

static struct smtp_span span_or_none(const char *text)
{
    return text != NULL ? smtp_span_of_text(text) : smtp_span(NULL, 0);
}

void append_visible(wmem_strbuf_t *out, struct smtp_span span)
{
    if (span.length == 0)
        return;
    char *text = esmtp_format_text(NULL, span.octets, span.length);
    wmem_strbuf_append(out, text);
    wmem_free(NULL, text);
}

void append_skipped(wmem_strbuf_t *out, const struct fact *fact, struct smtp_span octets)
{
    struct smtp_line line;
    bool hidden = fact->hidden && !esmtp_preferences.show_secrets;
    if (hidden && !fact->opaque)
        wmem_strbuf_append(out, _("[may be a secret]"));
    for (bool first = true; !fact->opaque && !hidden && smtp_line_find(octets, true, &line); first = false) {
        wmem_strbuf_append(out, first ? "" : "\\n");
        append_visible(out, line.text);
        octets = smtp_span_from(octets, line.octets);
    }
}

/* ---- lines of the client ---- */

const char *fact_words_command(const struct view *view, const struct line_fact *line, struct smtp_span word)
{
    GString *words = g_string_new(NULL);
    words_command(words, word, line_hidden(line).kind == SMTP_SECRET_STRAY);
    return in_packet(view, words);
}

const char *fact_words_response(const struct view *view, const struct line_fact *line)
{
    GString *words = g_string_new(NULL);
    words_response(words, line->cancelled, line->malformed,
                   span_or_none(line->extra != NULL ? line->extra->identity : NULL));
    return in_packet(view, words);
}

const char *fact_words_path(const struct view *view, const struct smtp_path *path)
{
    GString *words = g_string_new(NULL);
    words_path(words, path);
    return in_packet(view, words);
}

/* ---- replies ---- */

static struct smtp_reply reply_of(const struct reply_fact *fact)
{
    return (struct smtp_reply){
        .code = fact->code,
        .enhanced = reply_enhanced(fact),
        .answers = (enum smtp_answers)fact->answers,
        .verb = (enum smtp_verb)fact->verb,
        .recipient = fact->recipient,
        .partial = fact->partial,
        .codes_differ = fact->codes_differ,
        .of_token = fact->of_token,
        .token_status = fact->token_status,
        .disorder = fact->disorder,
    };
}

const char *fact_words_code(const struct view *view, const struct reply_fact *fact)
{
    const struct smtp_reply reply = reply_of(fact);
    GString *words = g_string_new(NULL);
    words_code(words, &reply);
    return in_packet(view, words);
}

/* Of a message its end alone can be told, of all else the command, too. */
static bool tells_request(const struct reply_fact *fact)
{
    if (fact->request == NULL)
        return false;
    return fact->request->kind == FACT_END || fact->answers != SMTP_ANSWERS_CONTENT || fact->verb == SMTP_VERB_BDAT;
}

const char *fact_words_answers(const struct view *view, const struct reply_fact *fact)
{
    const struct smtp_reply reply = reply_of(fact);
    struct words_answered answered = { .frame = 0 };
    if (tells_request(fact)) {
        answered.frame = fact_frame(fact->request);
        answered.delay = fact_time(&fact->fact) - fact_time(fact->request);
    }
    GString *words = g_string_new(NULL);
    words_answers(words, &reply, &answered, WORDS_NOT_HANDED_OVER);
    return in_packet(view, words);
}

const char *fact_words_keyword(const struct view *view, struct smtp_span text)
{
    GString *words = g_string_new(NULL);
    words_keyword(words, text);
    return in_packet(view, words);
}

const char *fact_words_challenge(const struct view *view, struct smtp_span text)
{
    GString *words = g_string_new(NULL);
    bool said = words_challenge(words, text, false);
    const char *challenge = in_packet(view, words);
    return said ? challenge : NULL;
}

/* ---- the rest ---- */

const char *fact_words_boundary(const struct view *view, const struct boundary_fact *fact, bool *silent)
{
    const struct words_boundary boundary = {
        .boundary = (enum smtp_boundary)fact->boundary,
        .step = (enum smtp_step)fact->step,
        .alert = span_or_none(fact->note),
        .mechanism = span_or_none(fact->mechanism),
        .identity = span_or_none(fact->identity),
        .encrypted = fact->fact.encrypted,
    };
    GString *words = g_string_new(NULL);
    *silent = words_boundary(words, &boundary) == WORDS_SILENT;
    return in_packet(view, words);
}

const char *fact_words_content(const struct view *view, const struct content_fact *fact)
{
    const struct words_content content = { .octets = fact->stored, .complete = true };
    GString *words = g_string_new(NULL);
    words_content(words, &content);
    return in_packet(view, words);
}

const char *fact_words_end(const struct view *view, const struct end_fact *end)
{
    const struct words_content content = {
        .transport = (enum smtp_transport)end->message->transport,
        .mark = (enum smtp_end_mark)end->mark,
        .octets = end->message->octets,
        .last = end->last,
        .complete = !end->message->broken,
        .sum = true,
    };
    GString *words = g_string_new(NULL);
    words_content(words, &content);
    const char *note = words_content_note(&content, WORDS_NOT_HANDED_OVER);
    if (*note != '\0')
        g_string_append_printf(words, "%s%s", _("; "), note);
    return in_packet(view, words);
}

const char *fact_words_gap(const struct view *view, const struct gap_fact *gap)
{
    GString *words = g_string_new(NULL);
    words_missing(words, gap->fact.role, gap->missing, 0, WORDS_NOT_HANDED_OVER);
    return in_packet(view, words);
}

const char *fact_words_skipped(const struct view *view, const struct fact *fact)
{
    GString *words = g_string_new(NULL);
    words_skipped(words, fact->role, fact->octets);
    return in_packet(view, words);
}

const char *fact_words_proxy(const struct view *view, struct smtp_span octets)
{
    const struct smtp_proxy_header header = smtp_proxy_parse(octets);
    GString *words = g_string_new(NULL);
    words_proxy(words, &header);
    return in_packet(view, words);
}

const char *fact_words_finding(const struct view *view, enum smtp_finding finding, const char *detail)
{
    GString *words = g_string_new(NULL);
    words_finding(words, finding, smtp_span_of_text(detail));
    return in_packet(view, words);
}
