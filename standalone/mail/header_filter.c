/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "header_filter.h"

#include <string.h>

/* Most of what is wanted is not longer. */
#define ROOM_AT_FIRST 500

/* Octets of a line that may be a field's name. */
#define NAME_LIMIT 64

/* What becomes of a line. */
enum mode {
    MODE_DROP,
    MODE_NAME, /* that is not known yet: its name is coming in */
    MODE_KEEP,
};

struct header_filter *header_filter_new(const struct header_names *wanted)
{
    struct header_filter *filter = g_new0(struct header_filter, 1);
    filter->wanted = wanted;
    filter->kept = g_string_sized_new(ROOM_AT_FIRST);
    return filter;
}

void header_filter_free(struct header_filter *filter)
{
    g_string_free(filter->kept, TRUE);
    g_free(filter);
}

static void drop_field(struct header_filter *filter)
{
    g_string_truncate(filter->kept, filter->field);
    filter->mode = MODE_DROP;
}

/* The name came whole: is it one of those? */
static void judge_name(struct header_filter *filter)
{
    const struct header_names *wanted = filter->wanted;
    struct smtp_span name = smtp_span(filter->kept->str + filter->field, filter->kept->len - filter->field);
    unsigned unseen = 0;
    bool keep = false;
    name = smtp_span_trim(smtp_span_first(name, name.length - 1));
    for (unsigned i = 0; i < wanted->count; i++) {
        uint32_t bit = UINT32_C(1) << i;
        if (smtp_span_is(name, wanted->names[i])) {
            keep = !(wanted->first_only && (filter->seen & bit));
            filter->seen |= bit;
        }
        unseen += filter->seen & bit ? 0 : 1;
    }
    filter->room = HEADER_FILTER_LIMIT - unseen * HEADER_FILTER_RESERVED;
    filter->mode = MODE_KEEP;
    if (keep && filter->kept->len < filter->room)
        return;
    filter->cut = filter->cut || keep;
    drop_field(filter);
}

/* Octets of one line, perhaps its last ones. */
static void take_name(struct header_filter *filter, struct smtp_span *octets)
{
    while (octets->length > 0 && filter->mode == MODE_NAME) {
        uint8_t octet = octets->octets[0];
        g_string_append_c(filter->kept, (char)octet);
        *octets = smtp_span_from(*octets, 1);
        if (octet == ':')
            judge_name(filter);
        else if (octet == '\n' || filter->kept->len - filter->field > NAME_LIMIT)
            drop_field(filter);
    }
}

static void take_value(struct header_filter *filter, struct smtp_span octets)
{
    size_t room = filter->room - filter->kept->len;
    g_string_append_len(filter->kept, (const char *)octets.octets, (gssize)MIN(room, octets.length));
    if (octets.length <= room)
        return;
    g_string_append_c(filter->kept, '\n');
    filter->cut = true;
    filter->mode = MODE_DROP;
}

static void take_line(struct header_filter *filter, struct smtp_span octets)
{
    if (filter->line == 0 && octets.octets[0] != ' ' && octets.octets[0] != '\t') { /* it goes on with no field */
        filter->field = filter->kept->len;
        filter->mode = MODE_NAME;
    }
    take_name(filter, &octets);
    if (filter->mode == MODE_KEEP && octets.length > 0)
        take_value(filter, octets);
}

bool header_filter_add(struct header_filter *filter, struct smtp_span octets)
{
    while (octets.length > 0) {
        const uint8_t *lf = memchr(octets.octets, '\n', octets.length);
        size_t length = lf != NULL ? (size_t)(lf - octets.octets) + 1 : octets.length;
        uint8_t before = length > 1 ? octets.octets[length - 2] : filter->last;
        take_line(filter, smtp_span_first(octets, length));
        filter->line += length;
        filter->last = octets.octets[length - 1];
        octets = smtp_span_from(octets, length);
        if (lf == NULL)
            return false;
        if (filter->line == 1 || (filter->line == 2 && before == '\r'))
            return true;
        filter->line = 0;
    }
    return false;
}

void header_filter_gap(struct header_filter *filter)
{
    const char *last = memrchr(filter->kept->str, '\n', filter->kept->len);
    g_string_truncate(filter->kept, last != NULL ? (size_t)(last - filter->kept->str) + 1 : 0);
}
