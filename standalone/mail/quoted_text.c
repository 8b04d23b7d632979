/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quoted_text.h"

size_t quoted_text_string(struct smtp_span text)
{
    for (size_t i = 1; i < text.length; i++) {
        if (text.octets[i] == '\\')
            i++;
        else if (text.octets[i] == '"')
            return i + 1;
    }
    return 0;
}

size_t quoted_text_comment(struct smtp_span text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.octets[i] == '\\')
            i++;
        else if (text.octets[i] == '(')
            depth++;
        else if (text.octets[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

size_t quoted_text_up_to(struct quoted_text *state, struct smtp_span text, char end)
{
    size_t at = 0;
    while (at < text.length && text.octets[at] != (uint8_t)end) {
        size_t step = 0;
        if (text.octets[at] == '"' && !state->no_strings) {
            step = quoted_text_string(smtp_span_from(text, at));
            state->no_strings = step == 0;
        } else if (text.octets[at] == '(' && !state->no_comments) {
            step = quoted_text_comment(smtp_span_from(text, at));
            state->no_comments = step == 0;
        } else if (text.octets[at] == '\\') {
            step = 2;
        }
        at += step > 0 ? step : 1;
    }
    return at < text.length ? at : text.length;
}

void quoted_text_append(GString *out, struct smtp_span string)
{
    for (size_t i = 1; i + 1 < string.length; i++) {
        if (string.octets[i] == '\\' && i + 2 < string.length)
            i++;
        g_string_append_c(out, (char)string.octets[i]);
    }
}
