/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fact_words.h"

#include "language.h"
#include "preferences.h"

GString *blank_words(void)
{
    static GString *words;
    words = words != NULL ? words : g_string_new(NULL);
    return g_string_truncate(words, 0);
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

void fact_words_response(GString *out, const struct line_fact *line)
{
    words_response(out, line->cancelled, line->malformed,
                   span_or_none(line->extra != NULL ? line->extra->identity : NULL));
}

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

void fact_words_code(GString *out, const struct reply_fact *fact)
{
    const struct smtp_reply reply = reply_of(fact);
    words_code(out, &reply);
}

/* Of a message its end alone can be told, of all else the command, too. */
static bool tells_request(const struct reply_fact *fact)
{
    if (fact->request == NULL)
        return false;
    return fact->request->kind == FACT_END || fact->answers != SMTP_ANSWERS_CONTENT || fact->verb == SMTP_VERB_BDAT;
}

void fact_words_answers(GString *out, const struct reply_fact *fact)
{
    const struct smtp_reply reply = reply_of(fact);
    struct words_answered answered = { .frame = 0 };
    if (tells_request(fact)) {
        answered.frame = fact_frame(fact->request);
        answered.delay = fact_time(&fact->fact) - fact_time(fact->request);
    }
    words_answers(out, &reply, &answered, WORDS_NOT_HANDED_OVER);
}

bool fact_words_boundary(GString *out, const struct boundary_fact *fact)
{
    const struct words_boundary boundary = {
        .boundary = (enum smtp_boundary)fact->boundary,
        .step = (enum smtp_step)fact->step,
        .alert = span_or_none(fact->note),
        .mechanism = span_or_none(fact->mechanism),
        .identity = span_or_none(fact->identity),
        .encrypted = fact->fact.encrypted,
    };
    return words_boundary(out, &boundary) != WORDS_SILENT;
}

void fact_words_content(GString *out, const struct content_fact *fact)
{
    const struct words_content content = { .octets = fact->stored, .complete = true };
    words_content(out, &content);
}

void fact_words_end(GString *out, const struct end_fact *end)
{
    const struct words_content content = {
        .transport = (enum smtp_transport)end->message->transport,
        .mark = (enum smtp_end_mark)end->mark,
        .octets = end->message->octets,
        .last = end->last,
        .complete = !end->message->broken,
        .sum = true,
    };
    words_content(out, &content);
    const char *note = words_content_note(&content, WORDS_NOT_HANDED_OVER);
    if (*note != '\0')
        g_string_append_printf(out, "%s%s", _("; "), note);
}
