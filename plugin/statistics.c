/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "statistics.h"

#include "dialogue.h"
#include "fields.h"
#include "reference/reference.h"

static int tap = -1;

bool statistics_wanted(void)
{
    return have_tap_listener(tap);
}

void statistics_take(packet_info *pinfo, const struct fact *fact)
{
    tap_queue_packet(tap, pinfo, fact);
}

/* The verb's name; of those that the core treats alike, a common one. */
static const char *verb_name(enum smtp_verb verb)
{
    const char *name = smtp_verb_name(verb);
    if (*name != '\0')
        return name;
    return verb == SMTP_VERB_OTHER ? "other commands" : "no known command";
}

/* ---- Statistics > ESMTP ---- */

static int commands_node, replies_node, mechanisms_node, boundaries_node;

static const char commands_title[] = "Commands";
static const char replies_title[] = "Replies";
static const char mechanisms_title[] = "AUTH mechanisms";
static const char boundaries_title[] = "Boundaries";

static void begin_tree(stats_tree *tree)
{
    commands_node = stats_tree_create_node(tree, commands_title, 0, STAT_DT_INT, TRUE);
    replies_node = stats_tree_create_node(tree, replies_title, 0, STAT_DT_INT, TRUE);
    mechanisms_node = stats_tree_create_node(tree, mechanisms_title, 0, STAT_DT_INT, TRUE);
    boundaries_node = stats_tree_create_node(tree, boundaries_title, 0, STAT_DT_INT, TRUE);
}

static void count_reply(stats_tree *tree, const struct reply_fact *reply)
{
    unsigned code = reply->code;
    const char *class_text = smtp_reference_class(code);
    const struct smtp_reference_entry *entry = smtp_reference_reply(code);
    char class_name[96];
    char code_name[96];
    g_snprintf(class_name, sizeof class_name, "%uxx %s", code / 100, class_text != NULL ? class_text : "no class");
    g_snprintf(code_name, sizeof code_name, "%u %s", code, entry != NULL ? entry->meaning : "");
    tick_stat_node(tree, replies_title, 0, TRUE);
    int class_node = tick_stat_node(tree, class_name, replies_node, TRUE);
    tick_stat_node(tree, code_name, class_node, FALSE);
}

static void count_boundary(stats_tree *tree, const struct boundary_fact *boundary)
{
    char name[64];
    g_snprintf(name, sizeof name, "%s %s", smtp_boundary_name(boundary->boundary), smtp_step_name(boundary->step));
    tick_stat_node(tree, boundaries_title, 0, TRUE);
    tick_stat_node(tree, name, boundaries_node, FALSE);
    if (boundary->boundary != SMTP_BOUNDARY_AUTH || boundary->step != SMTP_STEP_STARTED)
        return;
    tick_stat_node(tree, mechanisms_title, 0, TRUE);
    tick_stat_node(tree, boundary->mechanism != NULL ? boundary->mechanism : "not seen", mechanisms_node, FALSE);
}

static tap_packet_status count(stats_tree *tree, packet_info *pinfo, epan_dissect_t *dissection, const void *data, tap_flags_t flags)
{
    const struct fact *fact = data;
    (void)pinfo;
    (void)dissection;
    (void)flags;
    switch ((enum fact_kind)fact->kind) {
    case FACT_COMMAND:
        tick_stat_node(tree, commands_title, 0, TRUE);
        tick_stat_node(tree, verb_name(((const struct line_fact *)fact)->verb), commands_node, FALSE);
        return TAP_PACKET_REDRAW;
    case FACT_REPLY:
        count_reply(tree, (const struct reply_fact *)fact);
        return TAP_PACKET_REDRAW;
    case FACT_BOUNDARY:
        count_boundary(tree, (const struct boundary_fact *)fact);
        return TAP_PACKET_REDRAW;
    default:
        return TAP_PACKET_DONT_REDRAW;
    }
}

/* ---- response times ---- */

static void begin_times(struct register_srt *srt, GArray *tables)
{
    (void)srt;
    srt_stat_table *table = init_srt_table("ESMTP", NULL, tables, SMTP_VERB_COUNT, "Command", NULL, NULL);
    for (int verb = 0; verb < SMTP_VERB_COUNT; verb++)
        init_srt_table_row(table, verb, verb_name((enum smtp_verb)verb));
}

static tap_packet_status time_reply(void *context, packet_info *pinfo, epan_dissect_t *dissection, const void *data, tap_flags_t flags)
{
    const struct fact *fact = data;
    const struct reply_fact *reply = data;
    srt_data_t *srt = context;
    (void)dissection;
    (void)flags;
    if (fact->kind != FACT_REPLY || reply->request == NULL || fact_frame(fact) != pinfo->num)
        return TAP_PACKET_DONT_REDRAW;
    int64_t time = fact_time(reply->request);
    nstime_t asked = { .secs = (time_t)(time / 1000000000), .nsecs = (int)(time % 1000000000) };
    add_srt_table_data(g_array_index(srt->srt_array, srt_stat_table *, 0), reply->verb, &asked, pinfo);
    return TAP_PACKET_REDRAW;
}

/* ---- one session ---- */

static esmtp_boolean has_session(ESMTP_FILTER_PARAMETERS)
{
    ESMTP_FILTER_UNUSED;
    const struct dialogue *dialogue = dialogue_of(pinfo);
    return dialogue != NULL && dialogue->number > 0;
}

static char *session_filter(ESMTP_FILTER_PARAMETERS)
{
    ESMTP_FILTER_UNUSED;
    const struct dialogue *dialogue = dialogue_of(pinfo);
    const struct tcp_analysis *analysis = dialogue != NULL ? get_tcp_conversation_data(dialogue->conversation, pinfo) : NULL;
    if (analysis == NULL)
        return NULL;
    return g_strdup_printf("esmtp.session == %u or tcp.stream == %u", dialogue->number, analysis->stream);
}

void statistics_register(void)
{
    tap = register_tap("esmtp");
    stats_tree_register_plugin("esmtp", "esmtp", "ESMTP", 0, count, begin_tree, NULL);
    register_srt_table(proto_esmtp, NULL, 1, time_reply, begin_times, NULL);
    register_conversation_filter("esmtp", "SMTP session", has_session, session_filter ESMTP_FILTER_CONTEXT);
}
