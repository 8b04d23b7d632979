/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Facts as a tree. */

#include "fact_words.h"
#include "fields.h"
#include "language.h"
#include "line.h"
#include "path.h"
#include "preferences.h"
#include "proxy.h"
#include "reference/reference.h"
#include "view.h"

struct view_octets view_octets(const struct view *view, const struct fact *fact, const uint8_t *copy, const char *name)
{
    struct view_octets octets = { .tvb = view->tvb };
    if (copy != NULL) {
        octets.length = (int)fact->octets;
        octets.span = smtp_span(copy, fact->octets);
        if (name != NULL) {
            octets.tvb = tvb_new_child_real_data(view->tvb, copy, (unsigned)octets.length, octets.length);
            add_new_data_source(view->pinfo, octets.tvb, name);
        }
        return octets;
    }
    const struct piece *piece = fact->piece;
    int available = (int)tvb_captured_length(view->tvb);
    uint64_t from = fact->offset >= piece->offset ? fact->offset - piece->offset : 0;
    from += piece->skip;
    octets.start = (int)MIN(from, (uint64_t)available);
    octets.length = (int)MIN(fact->octets, (uint32_t)(available - octets.start));
    octets.span = smtp_span(octets.length > 0 ? tvb_get_ptr(view->tvb, octets.start, octets.length) : NULL, (size_t)octets.length);
    return octets;
}

bool view_is_masked(struct masked masked)
{
    return masked.octets != NULL && !esmtp_preferences.show_secrets;
}

struct view_octets view_masked(const struct view *view, struct masked masked, const char *name)
{
    struct view_octets octets = { .tvb = view->tvb,
                                  .length = (int)masked.length,
                                  .span = smtp_span(masked.octets, masked.length) };
    if (name == NULL)
        return octets;
    octets.tvb = tvb_new_child_real_data(view->tvb, masked.octets, masked.length, (int)masked.length);
    add_new_data_source(view->pinfo, octets.tvb, name);
    return octets;
}

/* Octets of a span that points into `octets`, as a field. */
static proto_item *add_span(proto_tree *tree, int field, const struct view_octets *octets, struct smtp_span span)
{
    if (span.octets == NULL || span.octets < octets->span.octets
        || span.octets + span.length > octets->span.octets + octets->span.length)
        return NULL;
    int start = octets->start + (int)(span.octets - octets->span.octets);
    return proto_tree_add_item(tree, field, octets->tvb, start, (int)span.length, ENC_UTF_8);
}

static proto_item *add_text(proto_tree *tree, int field, const struct view_octets *octets, const char *text)
{
    proto_item *item = proto_tree_add_string(tree, field, octets->tvb, octets->start, octets->length, text);
    proto_item_set_generated(item);
    return item;
}

static void add_number(proto_tree *tree, int field, const struct view_octets *octets, uint32_t number)
{
    proto_item_set_generated(proto_tree_add_uint(tree, field, octets->tvb, octets->start, octets->length, number));
}

static void add_number64(proto_tree *tree, int field, const struct view_octets *octets, uint64_t number)
{
    proto_item_set_generated(proto_tree_add_uint64(tree, field, octets->tvb, octets->start, octets->length, number));
}

static void annotate(proto_item *item, const char *words)
{
    if (*words != '\0')
        proto_item_append_text(item, "  \u00b7 %s", words);
}

/* ---- what lines and replies share ---- */

static void add_transaction(proto_tree *tree, const struct view_octets *octets, const struct transaction *transaction)
{
    if (transaction == NULL)
        return;
    proto_item *item =
        proto_tree_add_uint(tree, hf_esmtp_transaction, octets->tvb, octets->start, octets->length, transaction->id);
    proto_item_set_generated(item);
    const char *outcome = transaction->ended ? smtp_outcome_name(transaction->outcome) : NULL;
    if (outcome == NULL)
        return;
    proto_item_append_text(item, " (%s)", outcome);
    proto_tree *subtree = proto_item_add_subtree(item, ett_esmtp_part);
    add_text(subtree, hf_esmtp_transaction_outcome, octets, outcome);
    if (transaction->code != 0)
        add_number(subtree, hf_esmtp_transaction_code, octets, transaction->code);
}

/* A time between two facts. */
static void add_time(proto_tree *tree, const struct view_octets *octets, const struct fact *from, const struct fact *to)
{
    int64_t nanoseconds = fact_time(to) - fact_time(from);
    nstime_t time = { .secs = (time_t)(nanoseconds / 1000000000), .nsecs = (int)(nanoseconds % 1000000000) };
    proto_item_set_generated(proto_tree_add_time(tree, hf_esmtp_response_time, octets->tvb, octets->start, octets->length, &time));
}

static void add_response(proto_tree *tree, const struct view_octets *octets, const struct fact *request, const struct fact *reply)
{
    if (reply == NULL)
        return;
    add_number(tree, hf_esmtp_response_in, octets, fact_frame(reply));
    add_time(tree, octets, request, reply);
}

static void add_line_end(proto_tree *tree, const struct view_octets *octets, enum smtp_line_end end)
{
    if (end != SMTP_LINE_END_CRLF)
        add_text(tree, hf_esmtp_line_end, octets, smtp_line_end_name(end));
}

static void add_secret(proto_tree *tree, const struct view_octets *octets, const struct line_fact *line)
{
    if (line->extra == NULL)
        return;
    if (line->extra->identity != NULL)
        add_text(tree, hf_esmtp_auth_identity, octets, line->extra->identity);
    if (line->extra->secret != NULL && esmtp_preferences.show_secrets)
        add_text(tree, hf_esmtp_auth_secret, octets, line->extra->secret);
}

/* ---- lines of the client ---- */

struct path_fields {
    int path, address, local_part, domain;
};

static void add_path(proto_tree *tree, const struct view_octets *octets, const struct smtp_path *path,
                     const struct path_fields *fields)
{
    struct smtp_span address = path->null || path->address.octets == NULL ? smtp_span("", 0) : path->address;
    proto_item *item = path->null ? proto_tree_add_string(tree, fields->path, octets->tvb, octets->start, octets->length, "<>")
                                  : add_span(tree, fields->path, octets, address);
    proto_tree *subtree = proto_item_add_subtree(item, ett_esmtp_part);
    GString *words = blank_words();
    words_path(words, path);
    annotate(item, words->str);
    if (path->null) {
        add_text(subtree, fields->address, octets, "");
        return;
    }
    add_span(subtree, fields->address, octets, address);
    add_span(subtree, fields->local_part, octets, path->local_part);
    add_span(subtree, fields->domain, octets, path->domain);
}

static void add_parameters(proto_tree *tree, const struct view_octets *octets, struct smtp_span parameters)
{
    struct smtp_parameter parameter;
    while (smtp_parameter_next(&parameters, &parameter)) {
        struct smtp_span whole = parameter.keyword;
        if (parameter.has_value && parameter.value.octets != NULL)
            whole.length = (size_t)(parameter.value.octets + parameter.value.length - whole.octets);
        proto_item *item = add_span(tree, hf_esmtp_parameter, octets, whole);
        const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_parameters, parameter.keyword);
        annotate(item, entry != NULL ? _(entry->meaning) : "");
        proto_tree *subtree = proto_item_add_subtree(item, ett_esmtp_part);
        add_span(subtree, hf_esmtp_parameter_name, octets, parameter.keyword);
        if (parameter.has_value)
            add_span(subtree, hf_esmtp_parameter_value, octets, parameter.value);
    }
}

static void add_envelope(proto_tree *tree, const struct view_octets *octets, const struct smtp_command *command)
{
    bool sender = smtp_verb_names_sender(command->verb);
    if (!sender && !smtp_verb_names_recipient(command->verb))
        return;
    struct path_fields fields;
    if (sender)
        fields = (struct path_fields){ hf_esmtp_reverse_path, hf_esmtp_reverse_path_address, hf_esmtp_reverse_path_local_part,
                                       hf_esmtp_reverse_path_domain };
    else
        fields = (struct path_fields){ hf_esmtp_forward_path, hf_esmtp_forward_path_address, hf_esmtp_forward_path_local_part,
                                       hf_esmtp_forward_path_domain };
    struct smtp_path path = smtp_path_of(command);
    if (!path.found)
        return;
    add_path(tree, octets, &path, &fields);
    add_parameters(tree, octets, path.parameters);
}

/* A line of the client, as it may be shown. */
static struct view_octets octets_of_line(const struct view *view, const struct line_fact *line, struct smtp_span *text)
{
    bool command = line->fact.kind == FACT_COMMAND;
    struct view_octets octets;
    if (view_is_masked(line_masked(line))) {
        octets = view_masked(view, line_masked(line),
                             command ? "Command with its secrets hidden" : "Response with its secrets hidden");
        *text = octets.span;
    } else {
        octets =
            view_octets(view, &line->fact, line_copy(line), command ? "Reassembled command" : "Reassembled response");
        *text = smtp_span_first(octets.span, line->text);
    }
    return octets;
}

/* The verb, or as much of it as may be shown. */
static void add_verb(const struct view *view, proto_tree *tree, const struct view_octets *octets, struct smtp_span word)
{
    const uint8_t *hidden = word.length > 0 ? memchr(word.octets, '[', word.length) : NULL;
    if (hidden != NULL && smtp_span_starts_with(smtp_span_from(word, (size_t)(hidden - word.octets)), "[secret"))
        word.length = (size_t)(hidden - word.octets);
    if (word.length == 0)
        return;
    char *verb = g_ascii_strup((const char *)word.octets, (gssize)word.length);
    proto_tree_add_string(tree, hf_esmtp_command_verb, octets->tvb,
                          octets->start + (int)(word.octets - octets->span.octets), (int)word.length,
                          esmtp_format_text(view->pinfo->pool, (const uint8_t *)verb, strlen(verb)));
    g_free(verb);
}

static proto_item *show_command(const struct view *view, const struct line_fact *line)
{
    struct smtp_span text;
    struct view_octets octets = octets_of_line(view, line, &text);
    struct smtp_command command = smtp_command_parse(text);
    wmem_strbuf_t *words = wmem_strbuf_new(view->pinfo->pool, "");
    append_visible(words, text);
    proto_item *item = proto_tree_add_string(view->tree, hf_esmtp_command, octets.tvb, octets.start, octets.length,
                                             wmem_strbuf_get_str(words));
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    add_verb(view, tree, &octets, command.word);
    if (command.argument.length > 0)
        add_span(tree, hf_esmtp_command_argument, &octets, command.argument);
    GString *meaning = blank_words();
    words_command(meaning, command.word, line_hidden(line).kind == SMTP_SECRET_STRAY);
    add_text(tree, hf_esmtp_command_meaning, &octets, meaning->str);
    annotate(item, meaning->str);
    add_envelope(tree, &octets, &command);
    add_secret(tree, &octets, line);
    add_text(tree, hf_esmtp_command_phase, &octets, smtp_phase_name(line->phase));
    add_number(tree, hf_esmtp_command_number, &octets, line->number);
    add_line_end(tree, &octets, line->line_end);
    add_transaction(tree, &octets, line->transaction);
    add_response(tree, &octets, &line->fact, line->reply);
    return item;
}

static proto_item *show_response(const struct view *view, const struct line_fact *line)
{
    struct smtp_span text;
    struct view_octets octets = octets_of_line(view, line, &text);
    wmem_strbuf_t *words = wmem_strbuf_new(view->pinfo->pool, "");
    append_visible(words, text);
    proto_item *item = proto_tree_add_string(view->tree, hf_esmtp_auth_response, octets.tvb, octets.start, octets.length,
                                             wmem_strbuf_get_str(words));
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    GString *meaning = blank_words();
    fact_words_response(meaning, line);
    annotate(item, meaning->str);
    add_secret(tree, &octets, line);
    add_number(tree, hf_esmtp_command_number, &octets, line->number);
    add_line_end(tree, &octets, line->line_end);
    add_response(tree, &octets, &line->fact, line->reply);
    return item;
}

/* ---- replies ---- */

static void add_reply_line(proto_tree *tree, const struct view_octets *octets, const struct reply_fact *reply,
                           const struct smtp_line *line, unsigned index)
{
    struct smtp_reply_line parsed = smtp_reply_line_read(line->text);
    proto_item *item = add_span(tree, hf_esmtp_reply_line, octets, line->text);
    proto_tree *subtree = proto_item_add_subtree(item, ett_esmtp_part);
    add_span(subtree, hf_esmtp_reply_text, octets, parsed.text);
    GString *words = blank_words();
    if (reply->extensions && index > reply->text_lines) {
        struct smtp_keyword_line keyword = smtp_keyword_line_parse(parsed.text);
        add_span(subtree, hf_esmtp_keyword, octets, keyword.word);
        if (keyword.parameters.length > 0)
            add_span(subtree, hf_esmtp_keyword_parameters, octets, keyword.parameters);
        words_keyword(words, parsed.text);
        annotate(item, words->str);
    }
    words = blank_words();
    if (!reply->challenge || !words_challenge(words, parsed.text, false))
        return;
    add_text(subtree, hf_esmtp_auth_challenge, octets, words->str);
    proto_item_append_text(item, "  \u00b7 \"%s\"", words->str);
}

static void add_enhanced(const struct view *view, proto_tree *tree, const struct view_octets *octets,
                         struct smtp_enhanced_status enhanced)
{
    if (!enhanced.present)
        return;
    char *status = wmem_strdup_printf(view->pinfo->pool, "%u.%u.%u", enhanced.class_digit, enhanced.subject, enhanced.detail);
    proto_item *item = add_text(tree, hf_esmtp_enhanced_status, octets, status);
    const char *meaning = words_status_meaning(&enhanced);
    if (meaning != NULL)
        add_text(proto_item_add_subtree(item, ett_esmtp_part), hf_esmtp_enhanced_status_meaning, octets, meaning);
}

static proto_item *show_reply(const struct view *view, const struct reply_fact *reply)
{
    struct view_octets octets = view_is_masked(reply->masked)
                                    ? view_masked(view, reply->masked, "Reply with its secrets hidden")
                                    : view_octets(view, &reply->fact, reply->copy, "Reassembled reply");
    wmem_strbuf_t *words = wmem_strbuf_new(view->pinfo->pool, "");
    struct smtp_span rest = octets.span;
    struct smtp_line line;
    for (unsigned i = 0; smtp_line_find(rest, true, &line); i++, rest = smtp_span_from(rest, line.octets)) {
        if (i > 0)
            wmem_strbuf_append(words, "\\n");
        append_visible(words, line.text);
    }
    proto_item *item = proto_tree_add_string(view->tree, hf_esmtp_reply, octets.tvb, octets.start, octets.length,
                                             wmem_strbuf_get_str(words));
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    if (reply->code != 0) {
        add_number(tree, hf_esmtp_reply_code, &octets, reply->code);
        add_number(tree, hf_esmtp_reply_class, &octets, reply->code / 100u);
    }
    GString *said = blank_words();
    fact_words_code(said, reply);
    const char *meaning = wmem_strdup(view->pinfo->pool, said->str);
    add_text(tree, hf_esmtp_reply_meaning, &octets, meaning);
    add_enhanced(view, tree, &octets, reply_enhanced(reply));
    rest = octets.span;
    for (unsigned i = 0; smtp_line_find(rest, true, &line); i++, rest = smtp_span_from(rest, line.octets))
        add_reply_line(tree, &octets, reply, &line, i);
    said = blank_words();
    fact_words_answers(said, reply);
    add_text(tree, hf_esmtp_reply_answers, &octets, said->str);
    annotate(item, wmem_strdup_printf(view->pinfo->pool, "%s%s%s", meaning, _("; "), said->str));
    if (reply->recipient > 0)
        add_number(tree, hf_esmtp_reply_recipient, &octets, reply->recipient);
    if (reply->partial)
        proto_item_set_generated(
            proto_tree_add_boolean(tree, hf_esmtp_reply_partial, octets.tvb, octets.start, octets.length, TRUE));
    add_number(tree, hf_esmtp_reply_number, &octets, reply->ordinal);
    if (reply->number > 0)
        add_number(tree, hf_esmtp_command_number, &octets, reply->number);
    add_line_end(tree, &octets, reply->line_end);
    add_transaction(tree, &octets, reply->transaction);
    if (reply->request != NULL) {
        add_number(tree, hf_esmtp_request_in, &octets, fact_frame(reply->request));
        add_time(tree, &octets, reply->request, &reply->fact);
    }
    return item;
}

/* ---- content ---- */

static proto_item *show_content(const struct view *view, const struct content_fact *content)
{
    struct view_octets octets = view_octets(view, &content->fact, NULL, NULL);
    const struct message *message = content->message;
    proto_item *item = proto_tree_add_item(view->tree, hf_esmtp_content, octets.tvb, octets.start, octets.length, ENC_NA);
    proto_item_set_text(item, "Message content: %u octets", content->stored);
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    add_number64(tree, hf_esmtp_content_octets, &octets, content->stored);
    add_number(tree, hf_esmtp_message, &octets, message->number);
    if (message->ended)
        add_number(tree, hf_esmtp_message_last, &octets, message->last_frame);
    add_transaction(tree, &octets, message->transaction);
    return item;
}

static void add_digest(const struct view *view, proto_tree *tree, const struct view_octets *octets, const struct message *message)
{
    if (!proto_field_is_referenced(view->tree, hf_esmtp_message_sha256))
        return;
    GChecksum *digest = g_checksum_new(G_CHECKSUM_SHA256);
    for (const struct stretch *stretch = message->first; stretch != NULL; stretch = stretch->next)
        g_checksum_update(digest, stretch->content, (gssize)stretch->octets);
    add_text(tree, hf_esmtp_message_sha256, octets, g_checksum_get_string(digest));
    g_checksum_free(digest);
}

static proto_item *show_end(const struct view *view, const struct end_fact *end)
{
    static const char *const marks[] = { "not seen", "strict", "variant" };
    struct view_octets octets = view_octets(view, &end->fact, NULL, NULL);
    const struct message *message = end->message;
    proto_item *item = proto_tree_add_string(view->tree, hf_esmtp_message_end, octets.tvb, octets.start, octets.length,
                                             marks[end->mark]);
    proto_item_set_text(item, "%s", end->last ? "End of the message" : "End of the chunk");
    GString *words = blank_words();
    fact_words_end(words, end);
    annotate(item, words->str);
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    add_number(tree, hf_esmtp_message, &octets, message->number);
    add_number(tree, hf_esmtp_command_number, &octets, end->number);
    if (end == message->end) {
        add_number64(tree, hf_esmtp_message_octets, &octets, message->octets);
        proto_item_set_generated(proto_tree_add_boolean(tree, hf_esmtp_message_complete, octets.tvb, octets.start, octets.length,
                                                        message_is_whole(message)));
        if (message->missing > 0)
            add_number64(tree, hf_esmtp_message_missing, &octets, message->missing);
        if (message_is_whole(message))
            add_digest(view, tree, &octets, message);
        if (message->first_frame != 0)
            add_number(tree, hf_esmtp_message_first, &octets, message->first_frame);
    }
    if (end->last && message->broken)
        expert_add_info(view->pinfo, item, &ei_esmtp_incomplete);
    add_transaction(tree, &octets, message->transaction);
    add_response(tree, &octets, &end->fact, end->reply);
    return item;
}

/* ---- the rest ---- */

static struct masked masked_of(const struct fact *fact)
{
    if (fact->kind == FACT_COMMAND || fact->kind == FACT_RESPONSE)
        return line_masked((const struct line_fact *)fact);
    return fact->kind == FACT_REPLY ? ((const struct reply_fact *)fact)->masked : (struct masked){ .octets = NULL };
}

static proto_item *show_part(const struct view *view, const struct part_fact *part)
{
    static const char *const names[] = { [FACT_COMMAND] = "command", [FACT_RESPONSE] = "AUTH response", [FACT_REPLY] = "reply", [FACT_PROXY] = "PROXY header" };
    struct view_octets octets = view_octets(view, &part->fact, NULL, NULL);
    uint32_t frame = fact_frame(part->whole);
    if (view_is_masked(masked_of(part->whole)))
        octets.length = 0;
    const char *name = part->whole->kind < array_length(names) && names[part->whole->kind] != NULL ? names[part->whole->kind] : "unit";
    proto_item *item = proto_tree_add_item(view->tree, hf_esmtp_part, octets.tvb, octets.start, octets.length, ENC_NA);
    proto_item_set_text(item, "Part of a %s, completed in frame %u", name, frame);
    add_number(proto_item_add_subtree(item, ett_esmtp_unit), hf_esmtp_completed_in, &octets, frame);
    return item;
}

static bool is_result(enum smtp_step step)
{
    return step == SMTP_STEP_ACCEPTED || step == SMTP_STEP_REJECTED || step == SMTP_STEP_CANCELLED;
}

static void show_boundary(const struct view *view, const struct boundary_fact *boundary)
{
    struct view_octets octets = { .tvb = view->tvb };
    bool auth = boundary->boundary == SMTP_BOUNDARY_AUTH;
    proto_item *item = proto_tree_add_string(view->tree, hf_esmtp_boundary, view->tvb, 0, 0, smtp_boundary_name(boundary->boundary));
    GString *words = blank_words();
    fact_words_boundary(words, boundary);
    proto_item_set_text(item, "\u2501\u2501 %s \u2501\u2501", words->str);
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    add_text(tree, hf_esmtp_boundary_event, &octets, smtp_step_name(boundary->step));
    if (boundary->number > 0)
        add_number(tree, hf_esmtp_command_number, &octets, boundary->number);
    if (!auth)
        return;
    if (boundary->mechanism != NULL)
        add_text(tree, hf_esmtp_auth_mechanism, &octets, boundary->mechanism);
    if (boundary->identity != NULL)
        add_text(tree, hf_esmtp_auth_identity, &octets, boundary->identity);
    if (is_result(boundary->step))
        add_text(tree, hf_esmtp_auth_result, &octets, smtp_step_name(boundary->step));
}

static void show_hello(const struct view *view, const struct hello_fact *hello)
{
    struct view_octets octets = view_octets(view, &hello->fact, NULL, NULL);
    const char *version = smtp_tls_version_name(hello->version);
    if (version != NULL)
        add_text(view->tree, hf_esmtp_tls_version, &octets, version);
    if (hello->name != NULL)
        add_text(view->tree, hf_esmtp_tls_name, &octets, hello->name);
    if (hello->alpn != NULL)
        add_text(view->tree, hf_esmtp_tls_alpn, &octets, hello->alpn);
}

static void show_gap(const struct view *view, const struct gap_fact *gap)
{
    struct view_octets octets = { .tvb = view->tvb };
    proto_item *item = proto_tree_add_item(view->tree, hf_esmtp_gap, view->tvb, 0, 0, ENC_NA);
    GString *words = blank_words();
    words_missing(words, gap->fact.role, gap->missing, 0, WORDS_NOT_HANDED_OVER);
    proto_item_set_text(item, "%s", words->str);
    add_number64(proto_item_add_subtree(item, ett_esmtp_unit), hf_esmtp_gap_octets, &octets, gap->missing);
}

static proto_item *show_octets(const struct view *view, const struct fact *fact, int field)
{
    struct view_octets octets = view_octets(view, fact, NULL, NULL);
    return proto_tree_add_item(view->tree, field, octets.tvb, octets.start, octets.length, fact->kind == FACT_PROXY ? ENC_UTF_8 : ENC_NA);
}

static void add_proxy_endpoint(proto_tree *tree, int field, const struct view_octets *octets, const struct smtp_proxy_header *header,
                               const struct smtp_proxy_endpoint *endpoint)
{
    char address[SMTP_PROXY_ADDRESS_TEXT], text[SMTP_PROXY_ADDRESS_TEXT + 8];
    if (header->family == SMTP_PROXY_NO_ADDRESS)
        return;
    smtp_proxy_address(header->family, endpoint, address);
    snprintf(text, sizeof text, header->family == SMTP_PROXY_IPV6 ? "[%s]:%u" : "%s:%u", address, endpoint->port);
    add_text(tree, field, octets, text);
}

static proto_item *show_proxy(const struct view *view, const struct fact *fact)
{
    proto_item *item = show_octets(view, fact, hf_esmtp_proxy);
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    struct view_octets octets = view_octets(view, fact, NULL, NULL);
    const struct smtp_proxy_header header = smtp_proxy_parse(octets.span);
    GString *words = blank_words();
    words_proxy(words, octets.span);
    annotate(item, words->str);
    add_proxy_endpoint(tree, hf_esmtp_proxy_source, &octets, &header, &header.source);
    add_proxy_endpoint(tree, hf_esmtp_proxy_target, &octets, &header, &header.target);
    return item;
}

static proto_item *show_skipped(const struct view *view, const struct fact *fact)
{
    GString *said = blank_words();
    words_skipped(said, fact->role, fact->octets);
    if (fact->hidden && !esmtp_preferences.show_secrets) {
        proto_item *hidden = proto_tree_add_item(view->tree, hf_esmtp_skipped, view->tvb, 0, 0, ENC_NA);
        proto_item_set_text(hidden, "%s: hidden because a secret may stand in them", said->str);
        return hidden;
    }
    proto_item *item = show_octets(view, fact, hf_esmtp_skipped);
    struct view_octets octets = view_octets(view, fact, NULL, NULL);
    wmem_strbuf_t *words = wmem_strbuf_new(view->pinfo->pool, "");
    append_skipped(words, fact, octets.span);
    proto_item_set_text(item, "%s", said->str);
    if (wmem_strbuf_get_len(words) == 0)
        return item;
    proto_item_append_text(item, ": %s", wmem_strbuf_get_str(words));
    add_text(proto_item_add_subtree(item, ett_esmtp_unit), hf_esmtp_skipped_text, &octets, wmem_strbuf_get_str(words));
    return item;
}

static void show_finding(const struct view *view, const struct finding_fact *finding, proto_item *on)
{
    struct view_octets octets = { .tvb = view->tvb };
    enum smtp_finding name = finding->finding->finding;
    proto_item *item = add_text(view->tree, hf_esmtp_finding, &octets, smtp_finding_name(name));
    GString *detail = blank_words();
    words_finding(detail, name, smtp_span_of_text(finding->detail));
    proto_item_append_text(item, ": %s", detail->str);
    proto_tree *tree = proto_item_add_subtree(item, ett_esmtp_unit);
    add_text(tree, hf_esmtp_finding_severity, &octets, smtp_severity_name(smtp_finding_severity(name)));
    for (const GList *link = finding->finding->proofs.head; link != NULL; link = link->next)
        add_number(tree, hf_esmtp_finding_related, &octets, (uint32_t)((const struct proof *)link->data)->place.frame);
    expert_add_info_format(view->pinfo, on != NULL ? on : item, fields_finding(name), "%s: %s", smtp_finding_name(name),
                           detail->str);
}

static void show_proof(const struct view *view, const struct proof_fact *proof)
{
    struct view_octets octets = { .tvb = view->tvb };
    proto_item *item = add_text(view->tree, hf_esmtp_proof, &octets, smtp_finding_name(proof->finding->finding));
    proto_item_append_text(item, " of frame %u: %s", (uint32_t)proof->finding->place.frame, proof->detail);
    add_number(proto_item_add_subtree(item, ett_esmtp_unit), hf_esmtp_proof_of, &octets,
               (uint32_t)proof->finding->place.frame);
}

/* Shows a fact. Returns the item that findings on it belong to, or `last` if it has none. */
static proto_item *show_fact(const struct view *view, const struct fact *fact, proto_item *last)
{
    switch ((enum fact_kind)fact->kind) {
    case FACT_COMMAND:
        return show_command(view, (const struct line_fact *)fact);
    case FACT_RESPONSE:
        return show_response(view, (const struct line_fact *)fact);
    case FACT_REPLY:
        return show_reply(view, (const struct reply_fact *)fact);
    case FACT_CONTENT:
        return show_content(view, (const struct content_fact *)fact);
    case FACT_END:
        return show_end(view, (const struct end_fact *)fact);
    case FACT_PART:
        return show_part(view, (const struct part_fact *)fact);
    case FACT_BOUNDARY:
        show_boundary(view, (const struct boundary_fact *)fact);
        break;
    case FACT_HELLO:
        show_hello(view, (const struct hello_fact *)fact);
        break;
    case FACT_TLS:
        return show_octets(view, fact, hf_esmtp_tls_octets);
    case FACT_GAP:
        show_gap(view, (const struct gap_fact *)fact);
        break;
    case FACT_SKIPPED:
        return show_skipped(view, fact);
    case FACT_PROXY:
        return show_proxy(view, fact);
    case FACT_TURNED:
        proto_item_set_generated(proto_tree_add_item(view->tree, hf_esmtp_turned, view->tvb, 0, 0, ENC_NA));
        break;
    case FACT_FINDING:
        show_finding(view, (const struct finding_fact *)fact, last);
        break;
    case FACT_PROOF:
        show_proof(view, (const struct proof_fact *)fact);
        break;
    }
    return last;
}

void view_tree(const struct view *view)
{
    proto_item *last = NULL;
    for (const struct piece *piece = call_pieces(view->call); piece != NULL; piece = piece->next)
        for (const struct fact *fact = piece->first; fact != NULL; fact = fact->next)
            last = show_fact(view, fact, last);
    if (!view->call->any)
        proto_item_set_generated(proto_tree_add_item(view->tree, hf_esmtp_repeated, view->tvb, 0, -1, ENC_NA));
}
